"""Functions of distance and barriers: speed beside squidpy on the same cells.

Run by `make bench`; the figures go to `benchmarks/functions.md`, before those of `validate_bands.py`.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from tumint.neighbourhood.barriers import barrier_features
from tumint.neighbourhood.functions import co_occurrence, function_table, pair_curves, radii_of
from tumint.neighbourhood.graph import delaunay

REPORT = Path(__file__).with_name("functions.md")
TYPES, RADII = [f"t{i}" for i in range(10)], radii_of(100, 5)
BANDS = "## Does the band hold the whole curve"  # of validate_bands.py
SPEED = f"""# Functions of distance

Up to 100 µm, 10 types, squidpy {version("squidpy")}. CPU seconds: of tumint the best of three, of squidpy of one call.

| cells | K, g, their mean and sd, 55 pairs | squidpy `ripley`, 10 types | ratio | co-occurrence | squidpy's | ratio |
|---:|---:|---:|---:|---:|---:|---:|
"""
FAIR = """
squidpy's `ripley` takes each type by itself, without edge correction, and compares it with cells placed at random (100
draws, its default); it has no function of two types. Its `co_occurrence` has no null and no edge correction.
"""
BARRIER = """
A barrier between two types of 20,000 cells, triangulation and exact null included: {:.2f} s.
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


def _barrier(xy: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    return barrier_features("s", delaunay(xy, 50.0), labels, TYPES, [("t0", "t1")])


def test_speed_beside_squidpy() -> None:
    """K and g of all pairs with exact mean and sd, against squidpy's L (one type at a time) and co-occurrence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import squidpy as sq
    edges = np.append(0, RADII).astype(np.float32)
    ripley = partial(sq.gr.ripley, cluster_key="type", mode="L", max_dist=100, n_steps=20)
    together = partial(sq.gr.co_occurrence, cluster_key="type", interval=edges, n_splits=1, show_progress_bar=False)
    _, title, bands = REPORT.read_text(encoding="utf-8").partition(f"\n{BANDS}")
    others, rows, barrier = title + bands, [], np.inf
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
        if n == 20_000:
            _barrier(xy[:500], labels[:500])  # compiled
            barrier = _seconds(partial(_barrier, xy, labels))
        standing = BARRIER.format(barrier)
        REPORT.write_text(SPEED + "\n".join(rows) + "\n" + FAIR + standing + others, encoding="utf-8")
        assert barrier < 5
        assert peers[0] > 20 * ours[0]
        assert peers[1] > 20 * ours[1]
