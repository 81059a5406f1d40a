"""Does the band hold the whole true curve? `python benchmarks/validate_bands.py [500]`: figures into functions.md.

Cohorts of 4 against 4 and 6 against 6 animals, without a difference and with one, of two generators:

curves
    Curves of subjects themselves, three pairs of types: smooth noise with heavy tails (t of 5 degrees of freedom).
tissue
    Cells: tumour in discs, T cells among stroma and tumour, and macrophages of which some stand beside a T cell; how
    many differs from animal to animal, and by arm where there is a difference. It knows nothing of curves, and arms
    with a difference do not vary alike.

What is true is what was put in, or, of tissue with a difference, the mean of the estimate over all cohorts.
What is finished is kept in `benchmarks/out/bands`, by 50 cohorts, so that a run goes on where it was stopped.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree
from threadpoolctl import threadpool_limits

from tumint import keys as k
from tumint.config.response import Contrast, ResponseConfig
from tumint.io.atomic import write_text
from tumint.neighbourhood.functions import pair_curves, radii_of
from tumint.response.compare import Result, compare
from tumint.response.curves import curve_table
from tumint.response.design.groups import build

HERE = Path(__file__).parent
KEPT, REPORT = HERE / "out" / "bands", HERE / "functions.md"
TITLE = "## Does the band hold the whole curve"
ARMS = Contrast(name="arms", column="arm", reference="vehicle", group="treated")
AT_ONCE = 50
RADII = radii_of(100, 10)
ROOT = np.linalg.cholesky(np.exp(-(np.subtract.outer(RADII, RADII) ** 2) / 800) + 1e-6 * np.eye(len(RADII)))
TYPES = ["Macrophages", "Stroma", "T cells", "Tumour cells"]
SIDE = 450.0


def _of_curves(rng: np.random.Generator, treated: bool, shift: bool) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of cells (3, R) of a subject, seen and expected; the first of three pairs of types differs near contact."""
    own = (ROOT @ rng.standard_t(5, (len(RADII), 3))).T * 0.25
    own[0] += np.exp(-RADII / 20) * (treated and shift)
    return 4000 * 2**own, np.full(own.shape, 4000.0)


def _of_tissue(rng: np.random.Generator, treated: bool, shift: bool) -> tuple[np.ndarray, np.ndarray]:
    """The same of an animal's tissue, labels permuted within tumour and stroma; macrophages and T cells differ."""
    n = 700
    xy = rng.random((n, 2)) * SIDE
    inside = cKDTree(rng.random((5, 2)) * SIDE).query(xy)[0] < 90
    labels = np.where(inside, 3, 1)
    labels[rng.random(n) < np.where(inside, 0.06, 0.18)] = 2
    beside = min(0.10 * rng.gamma(4, 1 / 4) * (2.5 if treated and shift else 1.0), 0.8)
    chosen = rng.choice(np.flatnonzero(labels != 2), int(0.12 * n), replace=False)
    labels[chosen] = 0
    moved = chosen[rng.random(len(chosen)) < beside]
    near = rng.choice(np.flatnonzero(labels == 2), len(moved))
    xy[moved] = np.clip(xy[near] + rng.normal(0, 7, (len(moved), 2)), 0, SIDE)
    inside[moved] = inside[near]
    found = pair_curves(xy, labels, len(TYPES), RADII, strata=inside.astype(np.int64))
    a, b, once = [0, 0, 2], [2, 0, 3], np.array([[1.0], [0.5], [1.0]])
    return found.observed[a, b] * once, found.expected[a, b] * once


GENERATORS = {"curves": _of_curves, "tissue": _of_tissue}


@cache
def _result(n: int) -> Result:
    """Contrast of n subjects, and the ways to exchange them: the same in all cohorts."""
    sheet = pd.DataFrame({k.SAMPLE: [f"s{i}" for i in range(n)], k.SUBJECT: [f"m{i}" for i in range(n)]})
    sheet["arm"] = np.where(np.arange(n) % 2, "treated", "vehicle")
    features = pd.DataFrame({k.SAMPLE: sheet[k.SAMPLE], k.FAMILY: "composition", k.FEATURE: "a", k.VALUE: 0.0})
    features = features.assign(se=1.0, weight=1.0, n=9, status=k.TESTED)
    return compare(features, build(sheet, ARMS, "sheet"), ResponseConfig(contrasts=[ARMS]), 0, beside=())


def cohort(generator: str, seed: int, n: int, shift: bool) -> pd.DataFrame:
    """`contracts.CURVES` of one cohort of n subjects, of pairs within a distance."""
    rng = np.random.default_rng([seed, n, int(shift)])
    seen, expected = zip(*(GENERATORS[generator](rng, bool(i % 2), shift) for i in range(n)), strict=True)
    R = len(RADII)
    table = pd.DataFrame(
        {
            k.SAMPLE: np.repeat([f"s{i}" for i in range(n)], 3 * R),
            k.SOURCE: "a",
            k.TARGET: np.tile(np.repeat(["b0", "b1", "b2"], R), n),
            "r_um": np.tile(RADII, 3 * n),
            "within": np.concatenate(seen).reshape(-1),
            "within_expected": np.concatenate(expected).reshape(-1),
            "around": 0.0,
            "around_expected": 0.0,  # not compared
        }
    )
    columns = [k.TARGET, "r_um", "effect", "band_low", "band_high", "p"]
    return curve_table(table, [_result(n)])[columns].assign(cohort=seed)


def cohorts(generator: str, n: int, shift: bool, number: int) -> pd.DataFrame:
    """All cohorts of a design, those of former runs from their files."""
    parts = []
    for first in range(0, number, AT_ONCE):
        path = KEPT / f"{generator}_{n}_{'shift' if shift else 'none'}_{first}.csv"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            rows = pd.concat([cohort(generator, seed, n, shift) for seed in range(first, first + AT_ONCE)])
            write_text(path, rows.to_csv(index=False))
        parts.append(pd.read_csv(path))
    table = pd.concat(parts)
    return table[table["cohort"] < number]


def judged(table: pd.DataFrame, shift: bool) -> pd.DataFrame:
    """Of every cohort and pair, whether its band holds the truth everywhere, and its p."""
    truth = table.groupby([k.TARGET, "r_um"])["effect"].transform("mean") if shift else 0.0
    held = (table["band_low"] <= truth) & (truth <= table["band_high"])
    return (
        table.assign(held=held).groupby([k.TARGET, "cohort"]).agg(held=("held", "all"), p=("p", "first")).reset_index()
    )


def main(number: int) -> None:
    """Simulate what is not there yet, and write the section of the report."""
    said = [
        TITLE,
        "",
        f"`python benchmarks/validate_bands.py {number}`: how often a band of 95 % holds the whole true curve, and how",
        f"often p is below 0.05 without a difference, in {number} simulated cohorts of three pairs of types each.",
        "*Curves*: smooth noise with heavy tails (t of 5 degrees of freedom). *Tissue*: cells in tumour and stroma,",
        "some macrophages beside T cells, how many differs by animal; with a difference, arms do not vary alike.",
        "",
        "| generator | subjects | difference | band holds, 3 pairs | the pair that differs | p < 0.05 |",
        "|---|---|---|---:|---:|---:|",
    ]
    for generator in GENERATORS:
        for n in (8, 12):
            for shift in (False, True):
                found = judged(cohorts(generator, n, shift, number), shift)
                one = found[found[k.TARGET] == "b0"]
                rate = f"{(one if shift else found)['p'].lt(0.05).mean():.3f}"
                cells = [generator, f"{n // 2} v {n // 2}", "yes" if shift else "none", f"{found['held'].mean():.3f}"]
                cells += [f"{one['held'].mean():.3f}" if shift else "", f"called {rate}" if shift else rate]
                said.append("| " + " | ".join(cells) + " |")
                print(said[-1], flush=True)
    text = REPORT.read_text(encoding="utf-8").split(TITLE)[0].rstrip()
    write_text(REPORT, text + "\n\n" + "\n".join(said) + "\n")


if __name__ == "__main__":
    with threadpool_limits(1):
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
