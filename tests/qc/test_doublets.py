"""Doublet scores: merges of cells stand out, single cells do not, and nothing depends on other samples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from tumint.qc.counts import count_doublets, count_metrics
from tumint.qc.doublets import doublet_scores, exclusive_pairs


def _cells(seed: int, n: int = 900) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Cells of three types on a jittered grid: X with a marker per type, DNA, area, centres."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, n)
    X = rng.gamma(2, 0.1, (n, 3))
    X[np.arange(n), kind] += rng.lognormal(1, 0.3, n)
    area = np.array([60.0, 90.0, 120.0])[kind] * rng.lognormal(0, 0.15, n)
    side = int(np.ceil(np.sqrt(n)))
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)[:n] * 10.0
    return X.astype(np.float32), rng.lognormal(2, 0.15, n), area, grid + rng.uniform(-1, 1, (n, 2))


def _with_merges(seed: int, n_merged: int = 40):
    """The cells with some pairs of neighbours merged, and which those are."""
    X, dna, area, xy = _cells(seed)
    a = np.random.default_rng(seed).choice(len(X) // 2 - 1, n_merged, replace=False) * 2
    b = a + 1
    w = (area[a] / (area[a] + area[b]))[:, None]
    X[a] = w * X[a] + (1 - w) * X[b]
    dna[a] = w[:, 0] * dna[a] + (1 - w[:, 0]) * dna[b]
    area[a] += area[b]
    kept = np.setdiff1d(np.arange(len(X)), b)
    return X[kept], dna[kept], area[kept], xy[kept], np.isin(kept, a)


@pytest.mark.parametrize("seed", range(3))
def test_merges_score_high_and_cells_low(seed):
    X, dna, area, xy, merged = _with_merges(seed)
    scores = doublet_scores(X, dna, area, xy, np.random.default_rng(0))
    assert np.isfinite(scores).all()
    assert (scores[merged] > 0.85).mean() > 0.8
    assert (scores[~merged] > 0.85).mean() < 0.02


def test_without_dna_markers_and_area_still_tell():
    X, dna, area, xy, merged = _with_merges(1)
    scores = doublet_scores(X, np.full_like(dna, np.nan), area, xy, np.random.default_rng(0))
    assert (scores[merged] > 0.85).mean() > 0.8


def test_markers_that_exclude_each_other():
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 2, 500)
    shown = np.column_stack([kind == 0, kind == 1, kind == 1, rng.random(500) < 0.5]).astype(float)
    assert exclusive_pairs(shown).tolist() == [[0, 1], [0, 2]]


def test_scores_need_areas_places_and_enough_cells():
    X, dna, area, xy = _cells(0)
    for change in ({"area": area * np.nan}, {"xy": xy * np.nan}):
        given = {"area": area, "xy": xy} | change
        assert np.isnan(doublet_scores(X, dna, given["area"], given["xy"], np.random.default_rng(0))).all()
    assert np.isnan(doublet_scores(X[:30], dna[:30], area[:30], xy[:30], np.random.default_rng(0))).all()
    # far apart, no two cells can have been taken for one
    assert np.isnan(doublet_scores(X, dna, area, xy * 10, np.random.default_rng(0))).all()


def test_debris_has_no_score_and_does_not_move_the_others():
    X, dna, area, xy = _cells(2)
    area[:20], dna[:20] = 5.0, 0.1
    scores = doublet_scores(X, dna, area, xy, np.random.default_rng(0))
    assert np.isnan(scores[:20]).all()
    without = doublet_scores(X[20:], dna[20:], area[20:], xy[20:], np.random.default_rng(0))
    np.testing.assert_array_equal(scores[20:], without)


def _counts() -> np.ndarray:
    """Two types of 150 cells with genes of their own, then 20 sums of one of each."""
    rng = np.random.default_rng(3)
    level = np.where(np.arange(200) < 100, 4.0, 0.2)
    a, b = rng.poisson(level, (150, 200)), rng.poisson(level[::-1], (150, 200))
    return np.vstack([a, b, a[:20] + b[:20]]).astype(np.float32)


@pytest.mark.long
def test_counts_are_measured_as_by_hand():
    dense = _counts()
    genes = [f"mt-{i}" if i < 3 else f"Gene{i}" for i in range(200)]
    found = count_metrics(sparse.csr_matrix(dense), genes, ["mt-"])
    np.testing.assert_array_equal(found["n_genes"], (dense > 0).sum(axis=1))
    np.testing.assert_array_equal(found["n_counts"], dense.sum(axis=1))
    np.testing.assert_allclose(found["mito_share"], dense[:, :3].sum(axis=1) / dense.sum(axis=1), rtol=1e-6)
    assert np.isnan(count_metrics(sparse.csr_matrix(dense), genes, ["MT-"])["mito_share"]).all()


@pytest.mark.slow  # scrublet compiles for half a minute
def test_scrublet_finds_summed_cells():
    X = sparse.csr_matrix(_counts())
    scores = count_doublets(X, 0)
    np.testing.assert_array_equal(scores, count_doublets(X, 0))
    # the chance that a sum scores above a cell
    above = (scores[300:, None] > scores[None, :300]) + 0.5 * (scores[300:, None] == scores[None, :300])
    assert above.mean() > 0.95
    assert np.isnan(count_doublets(X[:20], 0)).all()
