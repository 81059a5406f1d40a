"""Moderated t: the variances of a family are squeezed towards what they have in common (Smyth 2004).

Equal to Bioconductor's limma (`lmFit`, `eBayes`, with and without `trend`); which features form a family is the
caller's choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from tumint.response.models.linear import Floats, LinearFit

# fewer variances than this say nothing about their distribution (as limma's squeezeVar)
_MIN_FEATURES = 3


@dataclass(frozen=True)
class Prior:
    """Scaled F prior of the variances, both (F,); `df` 0: there is none, infinite: all are equal to it."""

    variance: Floats
    df: Floats


@dataclass(frozen=True)
class Moderated:
    """Moderated t of every feature; arrays of shape (F,), NaN where there is no variance to divide by."""

    se: Floats
    t: Floats
    df: Floats
    p: Floats
    ci_low: Floats
    ci_high: Floats
    prior: Prior
    variance: Floats  # posterior residual variance


def trigamma_inverse(x: Floats) -> Floats:
    """Solve trigamma(y) = x for x > 0 by Newton's method on 1/trigamma (Smyth 2004, appendix)."""
    x = np.asarray(x, dtype=np.float64)
    y = 0.5 + 1.0 / x
    for _ in range(50):
        trigamma = special.polygamma(1, y)
        step = trigamma * (1.0 - trigamma / x) / special.polygamma(2, y)
        y = y + step
        if np.all(-step / y < 1e-10):
            break
    return np.where(x > 1e7, 1.0 / np.sqrt(x), np.where(x < 1e-6, 1.0 / x, y))


def log_bias(df: Floats) -> Floats:
    """Expectation of log(s²/σ²) of a variance on `df` degrees of freedom."""
    half = np.asarray(df, dtype=np.float64) / 2
    return special.digamma(half) - np.log(half)


def offset_zeros(variance: Floats) -> Floats:
    """Variances with zeros lifted to 1e-5 of the median, so that they have a logarithm (as limma)."""
    median = np.median(variance)
    return np.maximum(variance, 1e-5 * (median if median > 0 else 1.0))


def fit_prior(variance: Floats, df: Floats, covariate: Floats | None = None) -> Prior:
    """Prior of the variances by matching the moments of log s² (limma's `fitFDist`).

    Parameters
    ----------
    variance, df
        Residual variances and their degrees of freedom, shape (F,), all finite with df > 0.
    covariate
        Mean of each feature, shape (F,): the prior variance may follow it along a natural spline (`trend`).
    """
    m = len(variance)
    if m < _MIN_FEATURES:
        return Prior(np.array(variance, dtype=np.float64), np.zeros(m))
    x = offset_zeros(variance)
    e = np.log(x) - log_bias(df)
    trend = None if covariate is None else _spline_basis(covariate)
    if trend is None:
        centre, spread = np.full(m, e.mean()), e.var(ddof=1)
    else:
        centre = trend @ np.linalg.lstsq(trend, e, rcond=None)[0]
        spread = np.square(e - centre).sum() / (m - np.linalg.matrix_rank(trend))
    spread -= special.polygamma(1, np.asarray(df) / 2).mean()
    if spread > 0:
        d0 = np.full(m, 2 * float(trigamma_inverse(np.array(spread))))
        return Prior(np.exp(centre + log_bias(d0)), d0)
    return Prior(np.exp(centre) if trend is not None else np.full(m, x.mean()), np.full(m, np.inf))


def _spline_basis(x: Floats) -> Floats | None:
    """Natural cubic splines with limma's number of knots for this many features; None where a line is too much."""
    n = len(x)
    size = min(1 + (n >= 3) + (n >= 6) + (n >= 30), len(np.unique(x)))
    if size < 2:
        return None
    z = (x - x.mean()) / x.std()
    knots = np.quantile(z, np.linspace(0, 1, size))
    cubes = np.maximum(z[:, None] - knots, 0) ** 3
    curves = (cubes[:, :-1] - cubes[:, -1:]) / (knots[-1] - knots[:-1])
    return np.column_stack([np.ones(n), z, *(curves[:, j] - curves[:, -1] for j in range(size - 2))])


def squeeze(variance: Floats, df: Floats, prior: Prior) -> Floats:
    """Posterior variance: the mean of the feature's own and the prior's, weighted by their degrees of freedom."""
    certain = np.isinf(prior.df)
    d0 = np.where(certain, 0.0, prior.df)
    return np.where(certain, prior.variance, (df * variance + d0 * prior.variance) / (df + d0))


def moderated_t(fit: LinearFit, prior: Prior, *, level: float = 0.95) -> Moderated:
    """Moderated t, p and interval of every feature of one family.

    Parameters
    ----------
    fit
        Features with a variance each (df > 0); others belong to no family of tests.
    prior
        From `fit_prior` or `robust.fit_prior_robust`, on the same features.
    level
        Coverage of the intervals.
    """
    posterior = squeeze(fit.variance, fit.df, prior)
    df = np.minimum(fit.df + prior.df, fit.df.sum())
    se = np.sqrt(posterior) * fit.unscaled
    t = np.divide(fit.effect, se, out=np.full(len(se), np.nan), where=se > 0)
    margin = stats.t.ppf(0.5 + level / 2, df) * se
    p = 2 * stats.t.sf(np.abs(t), df)
    return Moderated(se, t, df, p, fit.effect - margin, fit.effect + margin, prior, posterior)
