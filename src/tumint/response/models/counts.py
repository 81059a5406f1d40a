"""Counts of many places on one design, with offsets: log ratios by Poisson regression, and a quasi-likelihood F test.

Equal to edgeR's `glmFit` and `glmQLFTest` at dispersion 0, without a trend (3.40; Lun, Chen & Smyth 2016). Variance in
proportion to the mean is enough here: every place holds the same number of windows, so places do not differ in their
mean, and what animals differ by is in the dispersion of the quasi-likelihood, squeezed like variances of moderated t.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import xlogy

from tumint.response.models.linear import Floats
from tumint.response.models.moderated import fit_prior

PRIOR_COUNT = 0.125  # of the log ratios that are reported, as edgeR: none is infinite
_ITERATIONS = 50
_CLOSE = 1e-12


@dataclass(frozen=True)
class CountTest:
    """Of every place (F): log ratio (natural), F, denominator degrees of freedom, p."""

    effect: Floats
    f: Floats
    df: Floats
    p: Floats


def poisson_fit(counts: Floats, X: Floats, size: Floats) -> tuple[Floats, Floats]:
    """Coefficients (F × p) and fitted counts (F × S) of Poisson regression with log `size` as offset, by scoring.

    A step that makes the fit worse is halved. Fitted counts that go to 0 end at 1e-300, where the deviance stands.
    """
    beta = np.zeros((len(counts), X.shape[1]))
    start = np.log((counts.sum(axis=1) + 1e-8) / size.sum())
    beta += start[:, None] * np.linalg.lstsq(X, np.ones(len(X)), rcond=None)[0][None]
    offset = np.log(size)
    mu = np.exp(np.clip(beta @ X.T + offset, -690, 690))
    deviance = poisson_deviance(counts, mu)
    for _ in range(_ITERATIONS):
        score = (counts - mu) @ X
        information = np.einsum("fs,sp,sq->fpq", mu, X, X)
        ridge = 1e-12 * np.maximum(np.trace(information, axis1=1, axis2=2), 1e-300)[:, None, None]
        step = np.linalg.solve(information + ridge * np.eye(X.shape[1]), score[:, :, None])[:, :, 0]
        step = np.clip(step, -5, 5)
        scale = np.ones(len(counts))
        for _ in range(20):
            new = np.exp(np.clip((beta + scale[:, None] * step) @ X.T + offset, -690, 690))
            worse = poisson_deviance(counts, new) > deviance * (1 + 1e-12) + 1e-12
            if not worse.any():
                break
            scale[worse] /= 2
        beta, mu = beta + scale[:, None] * step, new
        before, deviance = deviance, poisson_deviance(counts, new)
        if (np.abs(before - deviance) <= _CLOSE * (1 + deviance)).all():
            break
    return beta, mu


def poisson_deviance(counts: Floats, mu: Floats) -> Floats:
    """Deviance of every row (F)."""
    return np.asarray(2 * (xlogy(counts, counts / mu) - counts + mu).sum(axis=1))


def count_test(counts: Floats, X: Floats, size: Floats) -> CountTest:
    """Test the last column of the design `X` (S × p) in every row of `counts` (F × S); `size`: windows drawn (S)."""
    full = _basis(X)
    mu = poisson_fit(counts, full, size)[1]
    deviance = poisson_deviance(counts, mu)
    null = poisson_deviance(counts, poisson_fit(counts, _basis(X[:, :-1]), size)[1])
    df = _degrees(counts, mu, full)
    some = df > 0
    variance = np.divide(deviance, df, out=np.zeros(len(df)), where=some)
    prior = fit_prior(variance[some], df[some])
    level, prior_df = np.full(len(df), np.median(prior.variance)), np.full(len(df), np.max(prior.df, initial=0.0))
    level[some], prior_df[some] = prior.variance, prior.df
    bounded = np.minimum(prior_df, 1e9)
    posterior = (df * variance + bounded * level) / np.maximum(df + bounded, 1e-300)
    # no more than all places have together
    total = np.minimum(df + prior_df, df.sum())
    drop = np.maximum(null - deviance, 0.0)
    f = drop / np.maximum(posterior, 1e-300)
    p = np.asarray(stats.f.sf(f, 1, total))
    # animals never differ less than counts do by themselves
    p = np.where(posterior < 1, np.maximum(p, stats.chi2.sf(drop, 1)), p)
    prior_size = PRIOR_COUNT * size / size.mean()
    shrunk = poisson_fit(counts + prior_size, X, size + 2 * prior_size)[0][:, -1]
    return CountTest(shrunk, f, total, p)


def _degrees(counts: Floats, mu: Floats, X: Floats) -> Floats:
    """Residual degrees of freedom (F): subjects that have no window where none is expected say nothing."""
    silent = (counts < 1e-4) & (mu < 1e-4)
    df = np.full(len(counts), float(len(X) - X.shape[1]))
    for i in np.flatnonzero(silent.any(axis=1)):
        kept = ~silent[i]
        df[i] = kept.sum() - (np.linalg.matrix_rank(X[kept]) if kept.any() else 0)
    return df


def _basis(X: Floats) -> Floats:
    """Columns that span those of `X`, of full rank."""
    left, singular, _ = np.linalg.svd(X, full_matrices=False)
    return np.asarray(left[:, singular > 1e-8 * singular.max(initial=0.0)])
