"""Robust prior: features far more variable than the rest keep their own variance (Phipson et al. 2016).

Equal to limma's `eBayes(robust=TRUE)`; the plain prior and the test itself are in `moderated`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize, stats

from tumint.response.models.linear import Floats
from tumint.response.models.moderated import Prior, fit_prior

_TAILS = (0.05, 0.1)  # shares of the smallest and largest variances that are drawn in
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(128)


def fit_prior_robust(variance: Floats, df: Floats) -> Prior:
    """Prior from winsorised log variances, with fewer degrees of freedom for features that stand out.

    Parameters
    ----------
    variance, df
        Residual variances and their degrees of freedom, shape (F,), all finite with df > 0.
    """
    plain = fit_prior(variance, df)
    m = len(variance)
    if m < 3:
        return plain
    x = np.maximum(variance, 1e-12 * np.median(variance))
    d1 = float(df.max())
    x = _to_equal_df(x, df, d1, plain)
    z = np.log(x)
    centre = stats.trim_mean(z, _TAILS[1])
    drawn = np.clip(z - centre, *np.quantile(z - centre, [_TAILS[0], 1 - _TAILS[1]]))
    mean, spread = drawn.mean(), drawn.var(ddof=1)
    d2 = _match(spread, d1, float(plain.df[0]))
    scale = np.exp(centre + mean - _winsorised(d1, d2)[0])
    return Prior(np.full(m, scale), _shrunk_df(x / scale, d1, d2))


def _to_equal_df(x: Floats, df: Floats, d1: float, plain: Prior) -> Floats:
    """Variances on fewer degrees of freedom moved to the same quantile of the F law that has the most."""
    d2 = plain.df[0]
    less = df < d1 - 1e-14
    out = x.copy()
    if less.any():
        f = x[less] / plain.variance[less]
        upper, lower = _f(df[less], d2).logsf(f), _f(df[less], d2).logcdf(f)
        law = _f(d1, d2)
        out[less] = plain.variance[less] * np.where(upper < lower, law.isf(np.exp(upper)), law.ppf(np.exp(lower)))
    return out


def _f(d1: float | Floats, d2: float) -> Any:
    """The F law; with infinite d2 it is χ²/d1."""
    return stats.chi2(d1, scale=1 / np.asarray(d1)) if np.isinf(d2) else stats.f(d1, d2)


def _winsorised(d1: float, d2: float) -> tuple[float, float]:
    """Mean and variance of the logarithm of an F variate with its tails drawn in, by Gauss quadrature on f/(1+f)."""
    law = _f(d1, d2)
    ends = law.ppf([_TAILS[0], 1 - _TAILS[1]])
    low, high = ends / (1 + ends)
    nodes = low + (high - low) * (_NODES + 1) / 2
    f = nodes / (1 - nodes)
    mass = (high - low) * _WEIGHTS / 2 * law.pdf(f) / (1 - nodes) ** 2
    logs, tails = np.log(ends), np.array(_TAILS)
    mean = float(mass @ np.log(f) + logs @ tails)
    return mean, float(mass @ np.square(np.log(f) - mean) + np.square(logs - mean) @ tails)


def _match(spread: float, d1: float, least: float) -> float:
    """The prior degrees of freedom whose winsorised variance is `spread`; at least those of the plain fit."""

    def excess(x: float) -> float:
        return float(np.log(spread / _winsorised(d1, x / (1 - x) if x < 1 else np.inf)[1]))

    if np.isinf(least) or spread <= 0 or excess(1.0) <= 0:
        return np.inf
    low = least / (1 + least)
    if excess(low) >= 0:
        return least
    x = float(optimize.brentq(excess, low, 1.0, xtol=1e-12))
    return x / (1 - x)


def _shrunk_df(f: Floats, d1: float, d2: float) -> Floats:
    """Prior degrees of freedom of each feature: fewer, the less its variance fits the F law of the others."""
    m = len(f)
    log_tail = _f(d1, d2).logsf(f)
    tail = np.exp(log_tail)
    empirical = (m - stats.rankdata(f) + 0.5) / m
    fits = np.minimum(tail / empirical, 1.0)
    df = np.full(m, d2)
    if (fits >= 1).all():
        return df
    order = np.argsort(tail, kind="stable")
    if np.isinf(d2):
        df[fits < 1] = fits[fits < 1] * m * d1
        df[order] = np.maximum.accumulate(df[order])
        return df
    # degrees of freedom at which the largest variance would be the median of its kind, after one refinement
    outlier = np.log(0.5) / log_tail.min() * d2
    outlier = np.log(0.5) / _f(d1, outlier).logsf(f.max()) * outlier
    ordered = (fits * d2 + (1 - fits) * outlier)[order]
    means = np.cumsum(ordered) / np.arange(1, m + 1)
    lowest = int(means.argmin())
    ordered[: lowest + 1] = means[lowest]
    df[order] = np.maximum.accumulate(ordered)
    return df
