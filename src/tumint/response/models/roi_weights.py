"""How alike the ROIs of a subject are, over a family, and the weight that gives a subject with many or few of them.

The correlation is that of limma's `duplicateCorrelation` (Smyth, Michaud & Scott 2005).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.linalg import null_space

from tumint.response.models.linear import Floats, fit, patterns

_TRIM = 0.15
_HIGHEST = 0.99
_GRID = 40
_STEPS = 40
_GOLDEN = (np.sqrt(5) - 1) / 2


def consensus_correlation(Y: Floats, X: Floats, subject: NDArray[np.intp]) -> float:
    """Trimmed mean of Fisher's z of the features' correlations between samples of one subject; NaN where none has one.

    Parameters
    ----------
    Y
        Values of samples, shape (F, N); NaN is missing.
    X
        Design, shape (N, p).
    subject
        Subject of each sample, shape (N,).
    """
    found = []
    for samples, rows in patterns(np.isfinite(Y)):
        basis = null_space(X[samples].T)
        names, mine, sizes = np.unique(subject[samples], return_inverse=True, return_counts=True)
        if basis.shape[1] <= 2 or not 1 < len(names) < samples.sum() - 1:
            continue
        # in the space that the design leaves, directions u vary by residual + between·d²
        u, d, _ = np.linalg.svd(basis.T @ np.eye(len(names))[mine])
        share = np.zeros(basis.shape[1])
        share[: len(d)] = np.square(d)
        squares = np.square(Y[np.ix_(rows, samples)] @ basis @ u)
        found.append(_correlations(squares[squares.sum(axis=1) > 0], share, 1 / (1 - sizes.max()) + 0.01))
    correlations = np.concatenate(found) if found else np.zeros(0)
    return float(np.tanh(stats.trim_mean(np.arctanh(correlations), _TRIM))) if correlations.size else np.nan


def _correlations(squares: Floats, share: Floats, lowest: float) -> Floats:
    """REML correlation of every feature between `lowest` and 0.99: the best of a grid, then by golden section."""

    def deviance(rho: Floats) -> Floats:
        scale = np.maximum((1 - rho)[:, None] + rho[:, None] * share, 1e-12)
        return len(share) * np.log((squares / scale).mean(axis=1)) + np.log(scale).sum(axis=1)

    grid = np.linspace(lowest, _HIGHEST, _GRID)
    best = np.stack([deviance(np.full(len(squares), rho)) for rho in grid]).argmin(axis=0)
    low, high = grid[np.maximum(best - 1, 0)], grid[np.minimum(best + 1, _GRID - 1)]
    for _ in range(_STEPS):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        smaller = deviance(left) < deviance(right)
        low, high = np.where(smaller, low, left), np.where(smaller, right, high)
    return np.asarray((low + high) / 2, dtype=np.float64)


def subject_weights(rois: Floats, X: Floats, subject: NDArray[np.intp], errors: Floats | None = None) -> Floats | None:
    """Weight of every subject in every feature (F, S), mean 1 over its subjects.

    Of n alike ROIs it is n/(1 + (n − 1)ρ), ρ the consensus correlation. With `errors` it is one over the variance
    b + 1/Σ 1/(w + e²) of the subject's precision-weighted mean: e the error of each ROI, b = ρv the variance between
    subjects, w = (1 − ρ)v − mean e² what else differs between ROIs, v the residual variance of the ROIs of the feature.
    Without error the two are the same.

    Parameters
    ----------
    rois
        Values of samples, shape (F, N).
    X
        Design of the subjects, shape (S, p).
    subject
        Subject of each sample, shape (N,).
    errors
        Standard errors of the values, shape (F, N); a missing one counts as the feature's root mean square.

    Returns
    -------
    None where no feature has a correlation: then all subjects weigh the same. ρ below 0 counts as 0.
    """
    rho = consensus_correlation(rois, X[subject], subject)
    if np.isnan(rho):
        return None
    rho, member = max(rho, 0.0), np.eye(len(X))[subject]
    n = np.isfinite(rois).astype(np.float64) @ member
    weights = n / (1 + (n - 1) * rho)
    if errors is not None:
        weights = _by_precision(rois, X[subject], member, errors, rho, weights)
    total = np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    return np.asarray(weights / total * np.maximum((n > 0).sum(axis=1, keepdims=True), 1), dtype=np.float64)


def _by_precision(rois: Floats, X: Floats, member: Floats, errors: Floats, rho: float, plain: Floats) -> Floats:
    """Weights of features with a residual variance; the others keep the plain ones."""
    there = np.isfinite(rois)
    variance = fit(rois, X, np.zeros(X.shape[1])).variance
    square = np.where(there & np.isfinite(errors), np.square(errors), np.nan)
    known = np.isfinite(square)
    mean = np.where(known, square, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    square = np.where(known, square, mean[:, None])
    usable = np.isfinite(variance) & (variance > 0)
    v = np.where(usable, variance, 1.0)
    # what is left for ROIs beyond their errors; never less than a hundredth, so that no single ROI counts for all
    within = np.maximum((1 - rho) * v - mean, 0.01 * v)
    information = np.where(there, 1 / (within[:, None] + square), 0.0) @ member
    inside = information > 0
    precise = np.where(inside, 1 / (rho * v[:, None] + 1 / np.where(inside, information, 1.0)), 0.0)
    return np.where(usable[:, None], precise, plain)
