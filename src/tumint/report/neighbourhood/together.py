"""A band that holds a whole mean curve of few subjects, all distances together: the 95 % point of max |t|."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

LEAST = 3  # subjects
_LEVEL, _DRAWS, _SEED = 0.95, 4_000, 0
_PRIOR = 3.0  # curves that go together in nothing, added to those that are there


def bands(table: pd.DataFrame, by: list[str], at: str, value: str) -> pd.DataFrame:
    """Mean of the subjects at every point of every curve, with `low` and `high`, which hold all of it in 95 of 100.

    Half of the width is c · s / √n; s² is half the variance at the point and half the mean of those of the curve,
    because of the variances of few subjects the smallest would decide c. c is the 95 % point of the largest such ratio
    over the points, for so many subjects whose deviations are normal and go together as those of all curves do.

    Parameters
    ----------
    table
        A row per subject and point; `by` names the curve, `at` the point.

    Returns
    -------
    `by, at, mean, sd, n, low, high`; points with fewer than three subjects have no row.
    """
    points = np.sort(table[at].unique())
    curves = [(key, _wide(one, at, value, points)) for key, one in table.groupby(by, sort=False)]
    correlation = _correlation([wide for _, wide in curves])
    known: dict[bytes, float] = {}
    parts = []
    for key, wide in curves:
        n = (~np.isnan(wide)).sum(axis=0)
        shown = n >= LEAST
        if not shown.any():
            continue
        there = ~np.isnan(wide[:, shown])
        name = there.tobytes() + bytes(shown)
        if name not in known:
            known[name] = _critical(there, correlation[np.ix_(shown, shown)])
        mean, sd = np.nanmean(wide[:, shown], axis=0), np.nanstd(wide[:, shown], axis=0, ddof=1)
        half = known[name] * np.sqrt(_steadied(sd**2) / n[shown])
        rows = dict(zip(by, key, strict=True)) | {at: points[shown], "mean": mean, "sd": sd, "n": n[shown]}
        parts.append(pd.DataFrame(rows | {"low": mean - half, "high": mean + half}))
    columns = [*by, at, "mean", "sd", "n", "low", "high"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _wide(one: pd.DataFrame, at: str, value: str, points: np.ndarray) -> np.ndarray:
    """Subjects × points."""
    table = one.pivot_table(index="subject", columns=at, values=value, observed=True, sort=True)
    return table.reindex(columns=points).to_numpy(float)


def _correlation(curves: list[np.ndarray]) -> np.ndarray:
    """How deviations go together from point to point, over all curves, drawn towards not at all where they are few."""
    off = np.concatenate(list(_deviations(curves)))
    found = pd.DataFrame(off).corr(min_periods=LEAST).to_numpy(float)
    found = np.where(np.isnan(found), 0.0, found)
    np.fill_diagonal(found, 1.0)
    weight = len(off) / (len(off) + _PRIOR)
    values, vectors = np.linalg.eigh(weight * found + (1 - weight) * np.eye(len(found)))
    square = (vectors * np.maximum(values, 1e-6)) @ vectors.T
    scale = np.sqrt(square.diagonal())
    return np.asarray(square / np.outer(scale, scale))


def _deviations(curves: list[np.ndarray]) -> Iterator[np.ndarray]:
    for wide in curves:
        n = (~np.isnan(wide)).sum(axis=0)
        mean = np.where(n > 0, np.nansum(wide, axis=0) / np.maximum(n, 1), np.nan)
        off = np.where(n > 1, wide - mean, np.nan)
        spread = np.sqrt(np.nansum(off**2, axis=0) / np.maximum(n - 1, 1))
        yield np.where(spread > 0, off / np.where(spread > 0, spread, 1.0), np.nan)


def _critical(there: np.ndarray, correlation: np.ndarray) -> float:
    """The 95 % point of max |t| over the points, of as many normal curves, known where `there` (subjects × points)."""
    rng = np.random.default_rng(_SEED)
    root = np.linalg.cholesky(correlation + 1e-9 * np.eye(len(correlation)))
    drawn = np.where(there, rng.standard_normal((_DRAWS, *there.shape)) @ root.T, 0.0)
    n = there.sum(axis=0)
    mean = drawn.sum(axis=1) / n
    square = np.where(there, np.square(drawn - mean[:, None]), 0.0).sum(axis=1) / (n - 1)
    return float(np.quantile((np.abs(mean) / np.sqrt(_steadied(square) / n)).max(axis=1), _LEVEL))


def _steadied(variance: np.ndarray) -> np.ndarray:
    """Variances (… × points), each drawn half way to the mean of its curve."""
    return np.asarray((variance + variance.mean(axis=-1, keepdims=True)) / 2)
