"""What this cohort could have seen, and how many subjects an effect would take: from the moderated variance.

Noncentral t throughout; a test that a feature passes alone, not a promise about the number of findings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tumint.response.linear import Floats, LinearFit
from tumint.response.moderated import Moderated

MAX_SUBJECTS = 1000


@dataclass(frozen=True)
class Power:
    """Per feature, shape (F,)."""

    detectable: Floats  # smallest |effect| found at p < alpha with the asked power
    detectable_alone: Floats  # the same where it must pass the FDR of its family as the only finding
    needed: Floats  # subjects per group (or pairs) that find the effect seen; NaN: more than MAX_SUBJECTS


def power_of(effect_over_se: Floats, df: Floats, alpha: float) -> Floats:
    """Power of a two-sided t test at `alpha`."""
    critical = stats.t.isf(alpha / 2, df)
    shift = np.minimum(effect_over_se, 4 * critical + 10)  # the power is 1 there
    # the other tail holds less than 1e-8 beyond 5, where scipy's value may be NaN
    other = np.where(shift < 5, stats.nct.cdf(-critical, df, np.minimum(shift, 5.0)), 0.0)
    return stats.nct.sf(critical, df, shift) + other


def noncentrality(df: Floats, alpha: float, power: float) -> Floats:
    """Effect in standard errors that a test on `df` degrees of freedom finds with `power`."""
    unique, inverse = np.unique(df, return_inverse=True)
    finite = np.minimum(unique, 1e6)  # beyond, t is normal
    critical = stats.t.isf(alpha / 2, finite)
    low, high = np.zeros(len(finite)), 4 * critical + 10
    for _ in range(60):
        middle = (low + high) / 2
        enough = stats.nct.sf(critical, finite, middle) >= power  # the other tail holds nothing at such powers
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    return high[inverse]


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
    detectable = noncentrality(test.df, alpha, power) * test.se
    alone = noncentrality(test.df, fdr / max(m, 1), power) * test.se
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
