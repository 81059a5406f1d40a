"""How well a value tells patients apart, and how much it follows abundance: arrays in, numbers out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
FEWEST = 3  # patients with at least two images, or images, below which nothing is said


def icc(values: Floats, groups: NDArray[np.intp], weights: Floats | None = None) -> float:
    """ICC(1): share of the variance that is between groups, by one-way random effects; missing where it cannot be had.

    (MSB − MSW) / (MSB + (n0 − 1) MSW) with n0 = (N − Σ n_i² / N) / (k − 1) for groups of unequal sizes; Shrout &
    Fleiss (1979), Donner (1986). It is not cut at 0, so that it is centred on 0 where groups do not differ.

    Parameters
    ----------
    values, groups
        (N) value and group (codes from 0) of each image.
    weights
        (N) of which the variance within groups is the inverse, up to a factor; only their ratios matter. The sizes n_i
        are sums of weights then, and the ICC is that of an image with the mean weight. None: all images count alike.
    """
    weights = np.ones(len(values)) if weights is None else weights / weights.mean()
    used = np.unique(groups, return_inverse=True)[1]
    count, size = np.bincount(used), np.bincount(used, weights)
    N, k = len(values), len(count)
    if (count > 1).sum() < FEWEST:
        return float("nan")
    means = np.bincount(used, weights * values) / size
    centre = float(size @ means / size.sum())
    within = float(weights @ np.square(values - means[used])) / (N - k)
    between = float(size @ np.square(means - centre)) / (k - 1)
    n0 = float(size.sum() - np.square(size).sum() / size.sum()) / (k - 1)
    whole = between + (n0 - 1) * within
    return (between - within) / whole if whole > 0 else float("nan")


def rank_correlation(values: Floats, abundance: Floats) -> float:
    """Spearman's, missing where either does not vary or images are too few."""
    if len(values) < FEWEST or np.ptp(values) == 0 or np.ptp(abundance) == 0:
        return float("nan")
    return float(stats.spearmanr(values, abundance).statistic)


def resampled(groups: NDArray[np.intp], rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Groups drawn with replacement: the rows taken, and a new group for every draw."""
    codes = np.unique(groups)
    drawn = rng.choice(codes, len(codes))
    rows = [np.flatnonzero(groups == code) for code in drawn]
    return np.concatenate(rows), np.repeat(np.arange(len(drawn)), [len(part) for part in rows])
