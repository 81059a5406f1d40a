"""Was the planted truth found? `python tests/drill/planted.py RESULTS DATA [...]` says so for finished runs.

RESULTS is `results/<cohort>` of the workflow, DATA the folder that `tumint simulate` wrote. Exit code 1 where not.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

import pandas as pd

FDR = 0.1
LEAST_ARI = 0.9


@dataclass(frozen=True)
class Verdict:
    """What a run made of what was planted."""

    found: dict[str, float]  # planted pair → q
    wrong_sign: list[str]
    outside: list[str]  # planted pairs whose interval does not cover the planted ratio of odds ratios
    decoys: dict[str, float]  # decoy pair → q
    n_significant: int
    n_tested: int
    ari: float
    markers: dict[str, float]  # planted marker of a type → q
    unnamed: list[str]  # planted markers that changed the other way, or that the findings of the overview do not name

    @property
    def good(self) -> bool:
        """Every planted pair significant in its direction, no decoy among the significant, types as simulated.

        An interval of 95 % misses now and then: of few planted pairs, one may.
        """
        q = [*self.found.values(), *self.markers.values()]
        planted = all(value < FDR for value in q) and not self.wrong_sign and not self.unnamed
        covered = len(self.outside) <= 1
        return planted and covered and all(q >= FDR for q in self.decoys.values()) and self.ari >= LEAST_ARI

    def __str__(self) -> str:
        q = {name: ", ".join(f"{pair} q={q:.2g}" for pair, q in part.items()) for name, part in self._parts()}
        return (
            f"{'good' if self.good else 'NOT GOOD'}: planted {q['planted']}; "
            f"markers {q['markers']}; not named on the overview: {', '.join(self.unnamed) or 'none'}; "
            f"intervals that miss the planted odds ratio: {', '.join(self.outside) or 'none'}; decoys {q['decoys']}; "
            f"{self.n_significant} of {self.n_tested} pairs at q<{FDR}; ARI {self.ari:.3f}"
        )

    def _parts(self) -> list[tuple[str, dict[str, float]]]:
        return [("planted", self.found), ("decoys", self.decoys), ("markers", self.markers)]


def judge(results: Path, data: Path) -> Verdict:
    """Compare a finished run with the truth of its simulated cohort."""
    truth = json.loads((data / "truth.json").read_text())
    effects = pd.read_parquet(results / "response" / "effects.parquet")
    markers, unnamed = _markers(results, truth["markers"], effects)
    pairs = effects[(effects["family"] == "interaction") & (effects["status"] == "tested")].set_index("feature")

    def q(rows: list[dict[str, str]]) -> dict[str, float]:
        names = {"|".join(sorted((row["source"], row["target"]))): row for row in rows}
        # a pair that was not tested was not found
        return {name: float(pairs["q"].get(name, float("nan"))) for name in names}

    wrong, outside = [], []
    for row in truth["interactions"]:
        name, planted = "|".join(sorted((row["source"], row["target"]))), log(row["ratio_of_odds_ratios"])
        if name not in pairs.index:
            continue
        if planted * pairs["effect"][name] <= 0:
            wrong.append(name)
        if not pairs["ci_low"][name] <= planted <= pairs["ci_high"][name]:
            outside.append(name)
    return Verdict(
        found=q(truth["interactions"]),
        wrong_sign=wrong,
        outside=outside,
        decoys=q(truth["decoys"]),
        n_significant=int((pairs["q"] < FDR).sum()),
        n_tested=len(pairs),
        ari=typing_ari(results, data),
        markers=markers,
        unnamed=unnamed,
    )


def _markers(results: Path, planted: list[dict[str, Any]], effects: pd.DataFrame) -> tuple[dict[str, float], list[str]]:
    """q of every planted marker in the whole ROI, and those that are lower where they are to be higher, or not named.

    Background is part of every mean, so a ratio of means lies between 1 and the planted factor: no interval is asked.
    """
    rows = effects[(effects["family"] == "marker") & (effects["status"] == "tested")].set_index("feature")
    overview = results / "reports" / "index.html"
    page = overview.read_text(encoding="utf-8") if overview.exists() else None
    said = page.partition('class="findings"')[2].partition("</ul>")[0] if page is not None else None
    # the simulated treatment shrinks tumours, whatever else is planted
    found, unnamed = {}, [] if said is None or "tumour domain takes up 0." in said else ["tumour area"]
    for row in planted:
        name = f"{row['marker']} of {row['cell_type']}"
        found[name] = float(rows["q"].get(name, float("nan")))
        turned = name in rows.index and rows["effect"][name] * log(row["fold"]) <= 0
        if turned or (said is not None and not _named(row, said)):
            unnamed.append(name)
    return found, unnamed


def _named(planted: dict[str, Any], said: str) -> bool:
    """Whether a marker of a type is among what was said, as its mean or its share of positive cells."""
    return any(f"{planted['marker']}{way} {planted['cell_type']}" in said for way in (" of", "+ among"))


def typing_ari(results: Path, data: Path) -> float:
    """Adjusted Rand index of the types given against the simulated ones, over the cells that passed qc."""
    from sklearn.metrics import adjusted_rand_score

    key = ["sample", "cell_id"]
    given = pd.read_parquet(results / "cluster" / "cells.parquet", columns=[*key, "cell_type"])
    simulated = pd.read_csv(data / "truth_cells.csv.gz").rename(columns={"cell_type": "truth"})
    both = given.merge(simulated[[*key, "truth"]], on=key, validate="one_to_one")
    assert len(both) == len(given), "a cell that was never simulated"
    return float(adjusted_rand_score(both["truth"].astype(str), both["cell_type"].astype(str)))


if __name__ == "__main__":
    verdicts = [judge(Path(r), Path(d)) for r, d in zip(sys.argv[1::2], sys.argv[2::2], strict=True)]
    print(*verdicts, sep="\n")
    sys.exit(not all(verdict.good for verdict in verdicts))
