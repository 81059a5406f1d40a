"""What becomes of moderated t where the features of a family move together from animal to animal.

Used by `validate_response.py --part correlated`, which writes what comes out of it.
"""

from __future__ import annotations

import numpy as np
from scipy import stats
from validation_run import DESIGNS, Run, mean

from tumint.response.models.linear import fit
from tumint.response.models.moderated import fit_prior, moderated_t

FEATURES = (14, 100)  # composition of 14 types; interactions
CORRELATIONS = (0.0, 0.3, 0.6)
SPREAD = 0.3  # standard deviation of the log of the features' own standard deviations
COHORTS = 4  # cohorts for one of the other sections: each takes a millisecond


def rates_of(n: int, seed: int, i: int) -> dict[str, float]:
    """Share of p < 0.05 of moderated and of plain t in cohorts of n against n animals without a difference."""
    design = np.column_stack([np.ones(2 * n), np.arange(2 * n) >= n]).astype(float)
    found = {}
    for m in FEATURES:
        for rho in CORRELATIONS:
            rng = np.random.default_rng([seed, n, i, 8, m, round(10 * rho)])
            shared, own = rng.normal(size=(1, 2 * n)), rng.normal(size=(m, 2 * n))
            values = (np.sqrt(rho) * shared + np.sqrt(1 - rho) * own) * np.exp(SPREAD * rng.normal(size=(m, 1)))
            each = fit(values, design, np.array([0.0, 1.0]))
            moderated = moderated_t(each, fit_prior(each.variance, each.df)).p
            plain = 2 * stats.t.sf(np.abs(each.effect / np.sqrt(each.variance) / each.unscaled), each.df)
            found[f"moderated|{m}|{rho}"] = float((moderated < 0.05).mean())
            found[f"plain|{m}|{rho}"] = float((plain < 0.05).mean())
    return found


def section(run: Run) -> str:
    """The table of both tests, by design, size of the family and correlation."""
    cohorts = COHORTS * run.cohorts
    lines = [_HEAD.format(cohorts=cohorts, spread=SPREAD)]
    for n in DESIGNS:
        table = run.each("correlated", rates_of, n, cohorts)
        for m in FEATURES:
            rates = [mean(table[f"{test}|{m}|{rho}"]) for test in ("moderated", "plain") for rho in CORRELATIONS]
            lines.append(f"| {n} v {n} | {m} | {' | '.join(rates)} |")
    return "\n".join(lines)


_HEAD = """The prior of moderated t takes the features of a family for independent, as limma's does. Densities of one
tissue are not: they rise and fall together. {cohorts} cohorts of each design without effect, whose features are normal
with the same correlation between any two and standard deviations that vary (log-normal, {spread}). Share of p < 0.05 of
moderated t, and of the plain t of each feature alone. Where features move together and animals are few, moderated t
claims more than it says; the interval and p of the mixed model, and the permutation of subjects, do not use the prior.

| design | features | moderated t, correlation 0 | 0.3 | 0.6 | plain t, correlation 0 | 0.3 | 0.6 |
|---|---|---|---|---|---|---|---|"""
