"""How alike the ROIs of a subject are, over a family, and the weight that gives a subject with many or few of them.

The correlation is that of limma's `duplicateCorrelation` (Smyth, Michaud & Scott 2005).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.linalg import null_space

from tumint.response.linear import Floats, patterns

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


def subject_weights(rois: Floats, X: Floats, subject: NDArray[np.intp]) -> Floats | None:
    """Weight of every subject in every feature (F, S): of n alike ROIs n/(1 + (n − 1)ρ), mean 1 over its subjects.

    Parameters
    ----------
    rois
        Values of samples, shape (F, N).
    X
        Design of the subjects, shape (S, p).
    subject
        Subject of each sample, shape (N,).

    Returns
    -------
    None where no feature has a correlation: then all subjects weigh the same. ρ below 0 counts as 0.
    """
    rho = consensus_correlation(rois, X[subject], subject)
    if np.isnan(rho):
        return None
    n = np.isfinite(rois).astype(np.float64) @ np.eye(len(X))[subject]
    weights = n / (1 + (n - 1) * max(rho, 0.0))
    total = np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    return np.asarray(weights / total * np.maximum((n > 0).sum(axis=1, keepdims=True), 1), dtype=np.float64)
