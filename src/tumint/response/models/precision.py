"""Weights of subjects from the standard errors of their values, beside the variance between animals.

A value with standard error s has variance τ² + s², τ² between animals. With few animals τ² of one feature is hardly
known, so it is one for the family (the moment of Paule & Mandel 1982, over all features): what then is left of a
feature's own variance is a multiple of 1, which is what a prior over the family takes it to be.
"""

from __future__ import annotations

import numpy as np

from tumint.response.models.linear import Floats

_STEPS = 60


def precision_weights(Y: Floats, errors: Floats, X: Floats) -> Floats | None:
    """Weights 1 / (τ² + s²) of every value (F, S); None where no feature has a degree of freedom.

    Parameters
    ----------
    Y, errors
        Values of subjects and their standard errors, shape (F, S); NaN is missing. A missing error counts as the
        feature's root mean square.
    X
        Design, shape (S, p).
    """
    there = np.isfinite(Y)
    square = np.where(there & np.isfinite(errors), np.square(errors), np.nan)
    known = np.isfinite(square)
    mean = np.where(known, square, 0.0).sum(axis=1, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1)
    square = np.where(known, square, np.where(mean > 0, mean, 1.0))
    between = between_variance(np.where(there, Y, 0.0), np.where(there, square, np.inf), X)
    return None if between is None else np.where(there, 1.0 / (between + square), 0.0)


def between_variance(Y: Floats, square: Floats, X: Floats) -> float | None:
    """τ² at which weighted residual squares add up to their degrees of freedom; 0 where errors alone are too many.

    `square` (F, S) are squared errors, infinite where a value is missing.
    """
    ranks = np.array([np.linalg.matrix_rank(X[np.isfinite(s)]) for s in square])
    df = np.isfinite(square).sum(axis=1) - ranks
    usable = df > 0
    if not usable.any():
        return None
    Y, square, target = Y[usable], square[usable], float(df[usable].sum())
    finite = square[np.isfinite(square)]
    low, high = 0.0, float(np.square(Y).max() + finite.max()) + 1e-12

    def excess(between: float) -> float:
        return float(_residual_squares(Y, 1.0 / (between + square), X).sum()) - target

    if excess(low) <= 0:
        return 0.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return (low + high) / 2


def _residual_squares(Y: Floats, weights: Floats, X: Floats) -> Floats:
    """Weighted residual sum of squares of every row of `Y` on `X` (F,)."""
    normal = np.einsum("fs,si,sj->fij", weights, X, X)
    right = np.einsum("fs,si,fs->fi", weights, X, Y)
    beta = np.einsum("fij,fj->fi", np.linalg.pinv(normal, hermitian=True), right)
    return np.asarray((weights * np.square(Y - beta @ X.T)).sum(axis=1))
