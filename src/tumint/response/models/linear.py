"""Least squares of many features on one design, each feature on the subjects it has.

Plain numbers only: what the variances are squeezed towards lives in `moderated`, what a row means in `compare`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# a residual sum of squares below this share of the squared values is rounding, not variance
_ROUNDING = 1e-24
_ESTIMABLE = 1e-8


@dataclass(frozen=True)
class LinearFit:
    """One contrast of every feature; all arrays of shape (F,), NaN where the contrast cannot be estimated."""

    effect: Floats
    unscaled: Floats  # sd of the effect where the residual variance is 1
    variance: Floats  # residual variance; NaN where no degree of freedom is left
    df: Floats
    mean: Floats  # mean of the feature over its subjects

    def take(self, rows: NDArray[np.intp]) -> LinearFit:
        """The fit of some features."""
        return LinearFit(*(getattr(self, name)[rows] for name in LinearFit.__dataclass_fields__))


def patterns(present: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.intp]]]:
    """`(subjects, features)` of every distinct row of `present` (F, S): the features that share their subjects."""
    if not present.size:
        return
    if present.all():
        yield np.ones(present.shape[1], dtype=np.bool_), np.arange(len(present))
        return
    for rows in _alike(np.packbits(present, axis=1)):
        yield present[rows[0]], rows


def _alike(table: NDArray[np.generic]) -> list[NDArray[np.intp]]:
    """The numbers of equal rows together; whole rows are one value each, which is quick to sort."""
    joined = np.ascontiguousarray(table)
    values = joined.view(np.dtype((np.void, joined.shape[1] * joined.itemsize))).ravel()
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    bounds = np.cumsum(np.bincount(inverse.ravel(), minlength=len(first)))[:-1]
    return np.split(np.argsort(inverse.ravel(), kind="stable"), bounds)


def fit(Y: Floats, X: Floats, contrast: Floats, weights: Floats | None = None) -> LinearFit:
    """Fit every row of `Y` on `X` by least squares, leaving out the subjects whose value is missing.

    Parameters
    ----------
    Y
        Values, shape (F, S); NaN is missing.
    X
        Design, shape (S, p). Columns that depend on others are no fault as long as the contrast can be estimated.
    contrast
        Weights of the coefficients, shape (p,).
    weights
        Of the values, shape (F, S), above 0 where there is one: their precision relative to each other. None: equal.
    """
    n_features = len(Y)
    effect, unscaled, variance = (np.full(n_features, np.nan) for _ in range(3))
    mean, df = np.full(n_features, np.nan), np.zeros(n_features)
    there = np.isfinite(Y)
    alike = patterns(there) if weights is None else _alike_weighted(there, weights)
    for subjects, rows in alike:
        if not subjects.any():
            continue
        y, x = Y[np.ix_(rows, subjects)], X[subjects]
        mean[rows] = y.mean(axis=1)
        if weights is not None:
            root = np.sqrt(weights[rows[0], subjects])
            y, x = y * root, x * root[:, None]
        inverse = np.linalg.pinv(x)
        if np.abs(contrast - contrast @ inverse @ x).max() > _ESTIMABLE:
            continue
        coefficients = y @ inverse.T
        rss = np.square(y - coefficients @ x.T).sum(axis=1)
        rss[rss <= _ROUNDING * np.square(y).sum(axis=1)] = 0.0
        effect[rows] = coefficients @ contrast
        unscaled[rows] = np.linalg.norm(contrast @ inverse)
        df[rows] = left = subjects.sum() - np.linalg.matrix_rank(x)
        if left > 0:
            variance[rows] = rss / left
    return LinearFit(effect, unscaled, variance, df, mean)


def _alike_weighted(
    present: NDArray[np.bool_], weights: Floats
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.intp]]]:
    for rows in _alike(np.where(present, weights, 0.0)) if present.size else []:
        yield present[rows[0]], rows


def orthonormal(columns: Floats) -> Floats:
    """Orthonormal basis of the span of `columns` (n, q), whatever their rank."""
    left, singular, _ = np.linalg.svd(columns, full_matrices=False)
    return left[:, singular > _ESTIMABLE * singular.max(initial=0.0)]
