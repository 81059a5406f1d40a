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
    packed = np.packbits(present, axis=1)  # whole rows as one value each: sorting them is quick
    rows = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
    order = np.argsort(inverse.ravel(), kind="stable")
    bounds = np.cumsum(np.bincount(inverse.ravel(), minlength=len(first)))[:-1]
    yield from zip(present[first], np.split(order, bounds), strict=True)


def fit(Y: Floats, X: Floats, contrast: Floats) -> LinearFit:
    """Fit every row of `Y` on `X` by least squares, leaving out the subjects whose value is missing.

    Parameters
    ----------
    Y
        Values, shape (F, S); NaN is missing.
    X
        Design, shape (S, p). Columns that depend on others are no fault as long as the contrast can be estimated.
    contrast
        Weights of the coefficients, shape (p,).
    """
    n_features = len(Y)
    effect, unscaled, variance = (np.full(n_features, np.nan) for _ in range(3))
    mean, df = np.full(n_features, np.nan), np.zeros(n_features)
    for subjects, rows in patterns(np.isfinite(Y)):
        if not subjects.any():
            continue
        y, x = Y[np.ix_(rows, subjects)], X[subjects]
        mean[rows] = y.mean(axis=1)
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


def orthonormal(columns: Floats) -> Floats:
    """Orthonormal basis of the span of `columns` (n, q), whatever their rank."""
    left, singular, _ = np.linalg.svd(columns, full_matrices=False)
    return left[:, singular > _ESTIMABLE * singular.max(initial=0.0)]
