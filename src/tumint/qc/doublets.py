"""Cells of an image that look like two taken for one. Pure arrays; RNA counts are in `counts`."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

_FEWEST = 50  # cells, and artificial doublets, that a sample needs
_NEAR = 3  # nearest cells that may be merged with a cell
_TOUCH = 1.3  # times the sum of the radii of two cells: further apart they are not taken for one
_SHOWN = 97.0  # percentile of a marker that counts as shown in full
_SELDOM = 0.5  # markers shown together this much less often than by chance exclude each other
_RIDGE = 1e-3


def doublet_scores(
    X: np.ndarray, dna: np.ndarray, area_um2: np.ndarray, spatial: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """How much each cell looks like two touching cells taken for one, 0 to 1, shape `(cells,)`; NaN: cannot be said.

    Parameters
    ----------
    X
        Raw intensities of the markers that tell cell types apart, cells × markers.
    dna
        Mean of the DNA channels, `(cells,)`, NaN where there are none.
    area_um2, spatial
        Area and centre of each cell; without areas nothing can be said.

    Notes
    -----
    The idea is that of Scrublet (Wolock et al. 2019, Cell Syst 8:281) and scDblFinder (Germain et al. 2021): artificial
    doublets are made from the sample's own cells, here by merging cells that touch, and a classifier tells them from
    the cells as they are. It is a logistic regression on five numbers that a person would look at: area, area against
    what is usual for a cell with these markers, DNA summed over the cell, how far two markers are shown together that
    exclude each other in this sample, and the product of size and the last. Both classes have equal weight, so 0.5
    means "as like a merged pair as like a cell". A pair of small cells of the same type is a large cell of that type to
    this score, and a cell above another, whose area is that of one, shows by its markers alone.
    """
    scores = np.full(len(X), np.nan)
    usable = _usable(X, dna, area_um2, spatial)
    if usable.sum() < _FEWEST:
        return scores
    X, area, xy = X[usable].astype(np.float64), area_um2[usable], spatial[usable]
    nuclear = dna[usable]
    first, second = _pairs(xy, area, rng)
    if first.size < _FEWEST:
        return scores
    share = (area[first] / (area[first] + area[second]))[:, None]
    levels = np.percentile(X, _SHOWN, axis=0)
    X, levels = X[:, levels > 0], levels[levels > 0]
    shown = np.sqrt(np.maximum(X, 0) / levels)
    pairs = exclusive_pairs(shown)
    size = np.linalg.lstsq(_with_one(shown), np.log(area), rcond=None)[0]
    real = _features(shown, nuclear, area, pairs, size)
    merged = np.sqrt(np.maximum(share * X[first] + (1 - share) * X[second], 0) / levels)
    both = share[:, 0] * nuclear[first] + (1 - share[:, 0]) * nuclear[second]
    scores[usable] = _classified(real, _features(merged, both, area[first] + area[second], pairs, size))
    return scores


def _usable(X: np.ndarray, dna: np.ndarray, area_um2: np.ndarray, spatial: np.ndarray) -> np.ndarray:
    """Cells that are whole: no debris, whose merges would look like single cells."""
    usable = np.isfinite(spatial).all(axis=1) & np.isfinite(area_um2) & (area_um2 > 0) & np.isfinite(X).all(axis=1)
    if usable.any():
        usable &= area_um2 > 0.25 * np.median(area_um2[usable])
    if np.isfinite(dna).any():
        usable &= np.nan_to_num(dna) > 0.25 * np.nanmedian(dna)
    return usable


def _pairs(xy: np.ndarray, area: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """At most as many pairs of touching cells as there are cells, drawn without replacement."""
    n = len(xy)
    distance, index = cKDTree(xy).query(xy, k=min(_NEAR + 1, n))
    first, second = np.repeat(np.arange(n), index.shape[1] - 1), index[:, 1:].ravel()
    reach = _TOUCH * (np.sqrt(area[first] / np.pi) + np.sqrt(area[second] / np.pi))
    kept = (first < second) & (distance[:, 1:].ravel() <= reach)
    first, second = first[kept], second[kept]
    drawn = np.sort(rng.permutation(first.size)[:n])
    return first[drawn], second[drawn]


def exclusive_pairs(shown: np.ndarray) -> np.ndarray:
    """Pairs of markers that cells of this sample show together less than half as often as by chance, `(pairs, 2)`.

    `shown` are levels, cells × markers, 1 in full; from half on a marker counts as shown.
    """
    positive = (shown > 0.5).astype(np.float64)
    share = positive.mean(axis=0)
    together = positive.T @ positive / len(shown)
    return np.argwhere(np.triu(together < _SELDOM * np.outer(share, share), k=1))


def _with_one(values: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(values)), values])


def _features(shown: np.ndarray, dna: np.ndarray, area: np.ndarray, pairs: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The five numbers of each cell; a sample without DNA has 0 for it."""
    capped = np.minimum(shown, 1.5)
    together = np.zeros(len(shown))
    for a, b in pairs:
        np.maximum(together, np.minimum(capped[:, a], capped[:, b]), out=together)
    logs = np.log(area)
    unusual = logs - _with_one(shown) @ size
    summed = np.nan_to_num(np.log(np.maximum(dna * area, 1e-6)))
    return np.column_stack([logs, unusual, summed, together, unusual * together])


def _classified(real: np.ndarray, merged: np.ndarray) -> np.ndarray:
    """Probability of `merged` for each row of `real`, by logistic regression with equal weight of the two classes.

    Newton's method on standardised features with a small ridge: five numbers need no library, whose import would take
    longer than everything else here.
    """
    X = np.vstack([real, merged])
    is_merged = np.repeat([0.0, 1.0], [len(real), len(merged)])
    weight = np.repeat([0.5 / len(real), 0.5 / len(merged)], [len(real), len(merged)]) * len(X)
    spread = X.std(axis=0)
    X = _with_one((X - X.mean(axis=0)) / np.where(spread > 0, spread, 1.0))
    beta = np.zeros(X.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(X @ beta, -30, 30)))
        gradient = X.T @ (weight * (is_merged - p)) - _RIDGE * beta
        curvature = X.T @ (X * (weight * p * (1 - p))[:, None]) + _RIDGE * np.eye(beta.size)
        step = np.linalg.solve(curvature, gradient)
        beta += step
        if np.abs(step).max() < 1e-8:
            break
    return np.asarray(1 / (1 + np.exp(-np.clip(X[: len(real)] @ beta, -30, 30))))
