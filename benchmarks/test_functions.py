"""Functions of distance: speed beside squidpy on the same cells, and how often the bands hold on simulated cohorts.

Run by `make bench`; the figures go to `benchmarks/functions.md`.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.config.response import Contrast, ResponseConfig
from tumint.neighbourhood.functions import co_occurrence, function_table, pair_curves, radii_of
from tumint.response.compare import compare
from tumint.response.curves import curve_table
from tumint.response.design.groups import build

REPORT = Path(__file__).with_name("functions.md")
ARMS = Contrast(name="arms", column="arm", reference="vehicle", group="treated")
COHORTS = int(os.environ.get("TUMINT_COHORTS", "500"))
TYPES, RADII = [f"t{i}" for i in range(10)], radii_of(100, 5)
SPEED = f"""# Functions of distance

Up to 100 µm, 10 types, squidpy {version("squidpy")}. CPU seconds: of tumint the best of three, of squidpy of one call.

| cells | K, g, their mean and sd, 55 pairs | squidpy `ripley`, 10 types | ratio | co-occurrence | squidpy's | ratio |
|---:|---:|---:|---:|---:|---:|---:|
"""
FAIR = """
squidpy's `ripley` takes each type by itself, without edge correction, and compares it with cells placed at random (100
draws, its default); it has no function of two types. Its `co_occurrence` has no null and no edge correction.
"""


def _seconds(call: Callable[[], object], repeats: int = 3) -> float:
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        call()
        best = min(best, time.process_time() - start)
    return best


def _cells(n: int) -> anndata.AnnData:
    rng = np.random.default_rng(0)
    types = pd.Categorical.from_codes(rng.integers(0, len(TYPES), n), TYPES)
    obs = pd.DataFrame({"type": types}, index=np.arange(n).astype(str))
    return anndata.AnnData(
        np.zeros((n, 1), np.float32), obs=obs, obsm={"spatial": rng.random((n, 2)) * np.sqrt(n) * 15}
    )


def _co_occurrence(xy: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return co_occurrence(pair_curves(xy, labels, len(TYPES), RADII), np.bincount(labels, minlength=len(TYPES)))


def test_speed_beside_squidpy() -> None:
    """K and g of all pairs with exact mean and sd, against squidpy's L (one type at a time) and co-occurrence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import squidpy as sq
    edges = np.append(0, RADII).astype(np.float32)
    ripley = partial(sq.gr.ripley, cluster_key="type", mode="L", max_dist=100, n_steps=20)
    together = partial(sq.gr.co_occurrence, cluster_key="type", interval=edges, n_splits=1, show_progress_bar=False)
    rows = []
    for n in (20_000, 50_000):
        cells = _cells(n)
        xy, labels = cells.obsm["spatial"], cells.obs["type"].cat.codes.to_numpy().astype(np.int64)
        function_table("s", xy[:500], labels[:500], TYPES, RADII, 5.0)  # compiled
        ours = [
            _seconds(partial(function_table, "s", xy, labels, TYPES, RADII, 5.0)),
            _seconds(partial(_co_occurrence, xy, labels)),
        ]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            peers = [_seconds(partial(call, cells), 1) for call in (ripley, together)]
        pairs = [f"{a:.2f} | {b:.1f} | {b / a:.0f}" for a, b in zip(ours, peers, strict=True)]
        rows.append(f"| {n:,} | " + " | ".join(pairs) + " |")
        print("\n" + rows[-1])
        REPORT.write_text(SPEED + "\n".join(rows) + "\n" + FAIR, encoding="utf-8")
        assert peers[0] > 20 * ours[0]
        assert peers[1] > 20 * ours[1]


def _cohort(rng: np.random.Generator, n: int, shift: float) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Curves of subjects: smooth noise of heavy tails over distance; the first of three pairs differs near contact."""
    smooth = np.exp(-(np.subtract.outer(RADII, RADII) ** 2) / 800)
    root = np.linalg.cholesky(smooth + 1e-6 * np.eye(len(RADII)))
    truth = np.outer([shift, 0, 0], np.exp(-RADII / 20))
    rows, sheet = [], []
    for i in range(n):
        own = (root @ rng.standard_t(5, (len(RADII), 3))).T * 0.25 + truth * (i % 2)
        sheet.append({k.SAMPLE: f"s{i}", k.SUBJECT: f"m{i}", "arm": "treated" if i % 2 else "vehicle"})
        for p in range(3):
            one = {k.SAMPLE: f"s{i}", k.SOURCE: "a", k.TARGET: f"b{p}", "r_um": RADII, "within": 4000 * 2 ** own[p]}
            rows.append(pd.DataFrame({**one, "within_expected": 4000.0, "around": 0.0, "around_expected": 0.0}))
    return pd.concat(rows, ignore_index=True), pd.DataFrame(sheet), truth


def _compared(table: pd.DataFrame, sheet: pd.DataFrame) -> pd.DataFrame:
    design = build(sheet, ARMS, "sheet")
    features = pd.DataFrame({k.SAMPLE: sheet[k.SAMPLE], k.FAMILY: "composition", k.FEATURE: "a", k.VALUE: 0.0})
    features = features.assign(se=1.0, weight=1.0, n=9, status=k.TESTED)
    return curve_table(table, [compare(features, design, ResponseConfig(contrasts=[ARMS]), 0, beside=())])


def test_the_band_holds_over_all_distances() -> None:
    """Coverage of the whole true curve, with and without a difference, at 4 v 4 and 6 v 6."""
    said = [
        "",
        f"How often the band holds the whole true curve, and p < 0.05 without a difference: {COHORTS} simulated",
        "cohorts of 3 pairs, whose curves are smooth noise with heavy tails (t of 5 degrees of freedom).",
        "",
        "| subjects | true difference | band holds | p < 0.05 |",
        "|---|---|---:|---:|",
    ]
    for n in (8, 12):
        for shift in (0.0, 1.0):
            rng, held, called = np.random.default_rng(n), [], []
            for _ in range(COHORTS):
                table, sheet, truth = _cohort(rng, n, shift)
                for p, (_, rows) in enumerate(_compared(table, sheet).groupby(k.TARGET, observed=True, sort=True)):
                    held.append(((rows["band_low"] <= truth[p]) & (truth[p] <= rows["band_high"])).all())
                    if p or not shift:
                        called.append(rows["p"].iloc[0] < 0.05)
            what = "2× at contact, in one pair" if shift else "none"
            said.append(f"| {n // 2} v {n // 2} | {what} | {np.mean(held):.3f} | {np.mean(called):.3f} |")
            print(said[-1])
            assert 0.93 <= np.mean(held) <= 0.975
            assert np.mean(called) <= 0.07
    with REPORT.open("a", encoding="utf-8") as file:
        file.write("\n".join(said) + "\n")
