"""Families of domains and margin on simulated cohorts: is what was planted found, and nothing where nothing was?

`python tests/drill/placed.py planted` (5 seeds) and `... null [COHORTS [FILE]]` (200; it goes on with what FILE holds).
The tissue is made here, by none of the code that measures it: a round tumour, five types whose shares depend on the
distance to its edge, animals and ROIs that differ in all of it. Domains are inferred from the cells alone.
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.config.margin import MarginConfig
from tumint.config.response import Contrast, ResponseConfig
from tumint.io import contracts
from tumint.neighbourhood.place import place
from tumint.neighbourhood.place_features import place_features
from tumint.neighbourhood.roles import roles
from tumint.response.compare import compare
from tumint.response.design import groups

TYPES = ["B cells", "CD8 T cells", "Fibroblasts", "Macrophages", "Tumour cells"]
INSIDE = np.array([0.05, 0.12, 0.08, 0.20, 0.55])
OUTSIDE = np.array([0.12, 0.08, 0.44, 0.34, 0.02])
SIDE_UM, RADIUS_UM, LENGTH_UM = 560.0, 190.0, 25.0  # of a ROI, its tumour, and over which CD8 fade inside
SUBJECTS, ROIS, CELLS = 8, 2, 1800
NULL_SUBJECTS = 4  # of an arm, where nothing is planted
CONFIG = MarginConfig(interface_um=30.0)
SEEDS = (1, 2, 3, 4, 5)
FAMILIES = (
    *(k.FAMILY_DOMAIN, k.FAMILY_IN_DOMAIN, k.FAMILY_OF_TYPE, k.FAMILY_PREFERENCE),
    *(k.FAMILY_INFILTRATION, k.FAMILY_INSIDE, k.FAMILY_DEPTH),
)


@dataclass(frozen=True)
class Arm:
    """What differs by design: factor on the tumour's area, on CD8 inside, and on the length over which they fade."""

    area: float = 1.0
    inside: float = 1.0
    length: float = 1.0


PLANTED = {
    "area": (Arm(area=0.5), (k.FAMILY_DOMAIN, k.TUMOUR)),
    "share": (Arm(inside=3.0), (k.FAMILY_OF_TYPE, f"CD8 T cells|{k.TUMOUR}")),
    "depth": (Arm(length=10.0), (k.FAMILY_DEPTH, "CD8 T cells|depth of the deepest quarter")),
}


def roi(
    rng: np.random.Generator, arm: Arm, log_types: np.ndarray, log_area: float, n: int = CELLS
) -> tuple[np.ndarray, ...]:
    """`xy`, `labels` and true distance of the cells of a ROI."""
    centre = SIDE_UM * rng.uniform(0.42, 0.58, 2)
    xy = rng.uniform(0, SIDE_UM, (n, 2))
    angle = np.arctan2(*(xy - centre).T)
    lobes = 1 + 0.08 * np.sin(3 * angle + rng.uniform(0, 7))
    true = np.hypot(*(xy - centre).T) - RADIUS_UM * math.sqrt(arm.area * math.exp(log_area)) * lobes
    within = (true < 0)[:, None]
    weights = np.where(within, INSIDE, OUTSIDE) * np.exp(log_types)
    fade = 0.25 + 0.75 * np.exp(np.minimum(true, 0) / (LENGTH_UM * arm.length))
    weights[:, 1] *= np.where(true < 0, fade * arm.inside, 1.0)
    labels = (weights.cumsum(axis=1) / weights.sum(axis=1)[:, None] < rng.random((n, 1))).sum(axis=1)
    return xy, labels, true


def features(seed: int, arms: tuple[Arm, Arm], subjects: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Features of a cohort, and its sheet."""
    rng = np.random.default_rng([seed, 7])
    meant, sheet, found = roles(CONFIG, [], TYPES), [], []
    for which, arm in enumerate(arms):
        for i in range(subjects):
            own, area = rng.normal(0, 0.25, len(TYPES)), rng.normal(0, 0.15)
            for j in range(ROIS):
                name = f"{'vt'[which]}{i}_{j}"
                one, more = own + rng.normal(0, 0.15, len(TYPES)), area + rng.normal(0, 0.15)
                xy, labels, _ = roi(rng, arm, one, more)
                nothing = np.full(len(xy), k.NO_DOMAIN, dtype=object)
                found.append(place(name, xy, labels, nothing, TYPES, meant, CONFIG))
                sheet.append((name, f"{'vt'[which]}{i}", ("vehicle", "treated")[which]))
    rows = pd.DataFrame(sheet, columns=[k.SAMPLE, k.SUBJECT, "arm"])
    tables = [pd.concat([getattr(one, name) for one in found]) for name in ("domains", "margins", "phenotypes")]
    where = place_features(*tables, list(rows[k.SAMPLE]), CONFIG.bins_um)
    return contracts.joined([where, *(one.features for one in found)], contracts.FEATURES), rows


def effects(seed: int, arms: tuple[Arm, Arm], subjects: int = SUBJECTS) -> pd.DataFrame:
    """The comparison of the two arms of a cohort."""
    table, rows = features(seed, arms, subjects)
    contrast = Contrast(name="arms", column="arm", reference="vehicle", group="treated")
    design = groups.build(rows, contrast, "sheet")
    return compare(table, design, ResponseConfig(contrasts=[contrast]), 0, beside=()).effects


def truth(name: str, n: int = 60) -> float:
    """The planted difference, from true distances in many large ROIs of animals without deviations."""
    values = []
    for arm in (Arm(), PLANTED[name][0]):
        rng = np.random.default_rng(99)
        parts = [roi(rng, arm, np.zeros(len(TYPES)), 0.0, 20_000) for _ in range(n)]
        labels, true = (np.concatenate([part[i] for part in parts]) for i in (1, 2))
        cd8, core = true[labels == 1], -CONFIG.interface_um
        share = float((cd8 < core).mean())
        at = {
            "area": math.log2((true < core).mean()),  # cells lie evenly
            "share": math.log(share / (1 - share)),
            "depth": float(np.quantile(cd8, 0.25)),
        }
        values.append(at[name])
    return values[1] - values[0]


def planted() -> int:
    """Every planted difference on every seed: sign, q and interval."""
    missed = 0
    for name, (arm, key) in PLANTED.items():
        expected, said = truth(name), []
        for seed in SEEDS:
            row = effects(seed, (Arm(), arm)).set_index([k.FAMILY, k.FEATURE]).loc[key]
            covered, sign = row["ci_low"] <= expected <= row["ci_high"], row["effect"] * expected > 0
            missed += not (sign and covered and row["q"] < 0.1)
            said.append(
                f"{row['effect']:.2f} ({row['ci_low']:.2f} to {row['ci_high']:.2f}) q={row['q']:.2g}"
                + ("" if covered else " MISSED")
            )
        print(f"{name}: planted {expected:.2f}; {'; '.join(said)}", flush=True)
    return int(missed > 1)  # an interval of 95 % misses now and then


def null(cohorts: int, known: Path | None = None) -> int:
    """Share of p < 0.05 by family over cohorts without a difference; its error is that of cohorts, not of features.

    What `known` holds of cohorts is not made again, and it is added to: what was stopped goes on.
    """
    lines = known.read_text(encoding="utf-8").splitlines() if known is not None and known.exists() else []
    rows = {row["cohort"]: row for row in map(json.loads, lines) if row["cohort"] < cohorts}
    for i in sorted(set(range(cohorts)) - set(rows)):
        rows[i] = {"cohort": i, **_said(effects(1000 + i, (Arm(), Arm()), NULL_SUBJECTS))}
        if known is not None:
            with known.open("a", encoding="utf-8") as out:
                print(json.dumps(rows[i]), file=out)
    bad = False
    for family in FAMILIES:
        shares, any_q = np.array([row[family] for _, row in sorted(rows.items())]).T
        share, error = float(np.mean(shares)), float(np.std(shares) / math.sqrt(cohorts))
        bad |= not 0.03 <= share <= 0.07
        print(
            f"{family}: {share:.3f} ± {error:.3f} at p < 0.05; any q < 0.1 in {any_q.mean():.2f} of {cohorts} cohorts",
            flush=True,
        )
    return int(bad)


def _said(t: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Of a cohort by family: share of p < 0.05, and whether any q is below 0.1."""
    of = {family: t[t[k.FAMILY] == family] for family in FAMILIES}
    return {
        family: (float((mine["p"].dropna() < 0.05).mean()), float((mine["q"] < 0.1).any()))
        for family, mine in of.items()
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["planted"]:
        sys.exit(planted())
    sys.exit(null(int((sys.argv[2:3] or ["200"])[0]), Path(sys.argv[3]) if sys.argv[3:] else None))
