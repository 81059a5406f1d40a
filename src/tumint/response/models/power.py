"""What this cohort could have seen, and how many subjects an effect would take: from the moderated variance.

Noncentral t; a test that a feature passes alone, not a promise about the number of findings. The variance that an
effect is measured by is an estimate: a detectable effect is found with the asked power on average over what the true
variance may be (posterior of Smyth 2004), which takes it a little above the textbook's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from tumint.response.models.linear import Floats, LinearFit
from tumint.response.models.moderated import Moderated

MAX_SUBJECTS = 1000
_CERTAIN = 1e6  # degrees of freedom beyond which a variance is known
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)
_STEPS = 34


@dataclass(frozen=True)
class Power:
    """Per feature, shape (F,)."""

    detectable: Floats  # smallest |effect| that a new cohort of these subjects finds at p < alpha with the asked power
    detectable_alone: Floats  # the same where it must pass the FDR of its family as the only finding
    needed: Floats  # subjects per group (or pairs) that find the effect seen; NaN: more than MAX_SUBJECTS


def power_of(effect_over_se: Floats, df: Floats, alpha: float | Floats) -> Floats:
    """Power of a two-sided t test at `alpha`, one level or one of each test."""
    critical = stats.t.isf(alpha / 2, df)
    shift = np.minimum(effect_over_se, 4 * critical + 10)  # the power is 1 there
    # the other tail by symmetry: scipy's cdf of it is NaN at many values where α is small; beyond 5 it holds nothing
    other = np.where(shift < 5, stats.nct.sf(critical, df, -np.minimum(shift, 5.0)), 0.0)
    return stats.nct.sf(critical, df, shift) + other


def noncentrality(df: Floats, alpha: float, power: float) -> Floats:
    """Effect in standard errors that a test on `df` degrees of freedom finds with `power`."""
    unique, inverse = np.unique(df, return_inverse=True)
    finite = np.minimum(unique, 1e6)  # beyond, t is normal
    critical = stats.t.isf(alpha / 2, finite)
    low, high = np.zeros(len(finite)), 4 * critical + 10
    for _ in range(60):
        middle = (low + high) / 2
        enough = power_of(middle, finite, alpha) >= power
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    return high[inverse]


def predictive_noncentrality(fit: LinearFit, test: Moderated, alpha: float, power: float) -> Floats:
    """Effect in estimated standard errors that a new cohort finds, averaged over what the true error may be.

    With s² the posterior variance on d₀ + d degrees of freedom, the true variance is s²(d₀ + d)/W, W ~ χ² on d₀ + d.
    The new cohort's posterior variance takes its share r = d₀s₀²/((d₀ + d)s²) from the same prior and the rest from
    new residuals V ~ χ² on d, so that the power at c·s is E Φ(c√(W/(d₀ + d)) − t√((rW + V)/(d₀ + d))).
    """
    prior = np.minimum(test.prior.df, _CERTAIN)
    total = prior + fit.df
    critical = stats.t.isf(alpha / 2, np.minimum(test.df, _CERTAIN))
    share = np.minimum(prior * test.prior.variance / (total * test.variance), 1.0)
    nodes = (_NODES + 1) / 2
    w, v = (_quantiles(df, nodes) for df in (total, fit.df))
    ratio = np.sqrt(w / total[:, None])
    bound = np.sqrt(((share[:, None] * w)[:, :, None] + v[:, None, :]) / total[:, None, None])
    bound *= critical[:, None, None]
    low, high = np.full(len(total), -3.0), np.full(len(total), 12.0)  # logarithms
    for _ in range(_STEPS):
        middle = (low + high) / 2
        passed = special.ndtr((np.exp(middle)[:, None] * ratio)[:, :, None] - bound)
        enough = (passed @ _WEIGHTS) @ _WEIGHTS / 4 >= power
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    return np.exp(high)


def _quantiles(df: Floats, nodes: Floats) -> Floats:
    """Quantiles of χ² for every feature; few features have degrees of freedom of their own."""
    unique, inverse = np.unique(df, return_inverse=True)
    return np.asarray(stats.chi2.ppf(nodes, unique[:, None])[inverse.ravel()], dtype=np.float64)


def power_table(
    fit: LinearFit,
    test: Moderated,
    sizes: tuple[Floats, Floats],
    *,
    alpha: float,
    fdr: float,
    power: float,
    paired: bool,
) -> Power:
    """Detectable effects and subjects needed.

    Parameters
    ----------
    fit, test
        Of the tested features of one family.
    sizes
        Subjects of each feature in the reference and in the group, shape (F,) each.
    alpha, fdr
        Level of p, and of q: of m features, one alone is a finding at p < fdr / m.
    paired
        A subject more is a pair more, which costs a block of its own.
    """
    m = len(fit.effect)
    detectable = predictive_noncentrality(fit, test, alpha, power) * test.se
    alone = predictive_noncentrality(fit, test, fdr / max(m, 1), power) * test.se
    n0, n1 = sizes
    # what covariates cost now they are taken to cost then
    cost = fit.unscaled**2 / (1 / n0 + 1 / n1)
    used = n0 + n1 - fit.df

    def enough(n: Floats) -> NDArray[np.bool_]:
        residual = n - 1 if paired else 2 * n - used
        df = np.maximum(residual, 1) + test.prior.df
        se = np.sqrt(test.variance * cost * 2 / n)
        found = power_of(np.abs(fit.effect) / se, np.minimum(df, 1e6), alpha)
        return np.logical_and(found >= power, residual >= 1)

    low, high = np.full(m, 1.0), np.full(m, float(MAX_SUBJECTS))
    reachable = enough(high)
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        yes = enough(middle)
        high, low = np.where(yes, middle, high), np.where(yes, low, middle)
    return Power(detectable, alone, np.where(reachable, high, np.nan))
