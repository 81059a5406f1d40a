"""Power against statsmodels where there is no prior, and against simulation where there is one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestIndPower, TTestPower

from tumint.response.models.linear import LinearFit, fit
from tumint.response.models.moderated import Moderated, Prior, fit_prior, moderated_t
from tumint.response.models.power import Power, noncentrality, power_of, power_table, predictive_noncentrality


def _table(result: LinearFit, test: Moderated, n0: float, n1: float, *, paired: bool = False) -> Power:
    m = len(result.effect)
    sizes = np.full(m, n0), np.full(m, n1)
    return power_table(result, test, sizes, alpha=0.05, fdr=0.1, power=0.8, paired=paired)


def _two_groups(Y: np.ndarray, n0: int) -> LinearFit:
    X = np.column_stack([np.ones(Y.shape[1]), np.arange(Y.shape[1]) >= n0]).astype(float)
    return fit(Y, X, np.array([0.0, 1]))


def test_without_a_prior_it_is_the_power_of_the_t_test() -> None:
    Y = np.random.default_rng(0).normal(size=(2, 11))
    Y[:, 5:] += [[1.5], [0.6]]
    result = _two_groups(Y, 5)
    test = moderated_t(result, fit_prior(result.variance, result.df))
    known = [noncentrality(test.df, level, 0.8) * test.se for level in (0.05, 0.1 / 2)]
    got = _table(result, test, 5, 6)
    sd, peer = np.sqrt(result.variance), TTestIndPower()
    for i in range(2):
        want = peer.solve_power(nobs1=5, ratio=6 / 5, alpha=0.05, power=0.8)
        assert known[0][i] / sd[i] == pytest.approx(want, rel=1e-4)
        alone = peer.solve_power(nobs1=5, ratio=6 / 5, alpha=0.1 / 2, power=0.8)
        assert known[1][i] / sd[i] == pytest.approx(alone, rel=1e-4)
        needed = peer.solve_power(effect_size=abs(result.effect[i]) / sd[i], alpha=0.05, power=0.8)
        assert got.needed[i] == np.ceil(needed)


def test_pairs_are_counted_in_pairs() -> None:
    rng = np.random.default_rng(1)
    difference = rng.normal(0.8, 1, size=6)
    Y = np.column_stack([np.zeros(6), difference]).reshape(1, 12)
    pair = np.repeat(np.arange(6), 2)
    X = np.column_stack([np.ones(12), pair[:, None] == np.arange(1, 6), np.tile([0, 1], 6)]).astype(float)
    result = fit(Y, X, np.append(np.zeros(6), 1.0))
    got = _table(result, moderated_t(result, fit_prior(result.variance, result.df)), 6, 6, paired=True)
    size = abs(difference.mean()) / difference.std(ddof=1)
    assert got.needed[0] == np.ceil(TTestPower().solve_power(effect_size=size, alpha=0.05, power=0.8))


def test_an_effect_of_nothing_needs_more_than_can_be_named() -> None:
    result = LinearFit(*(np.array([v]) for v in (1e-9, np.sqrt(0.5), 1.0, 6.0, 0.0)))
    test = moderated_t(result, Prior(np.array([1.0]), np.array([4.0])))
    assert np.isnan(_table(result, test, 4, 4).needed[0])
    # the power of no effect is the level of the test
    assert power_of(np.array([0.0]), np.array([5.0]), 0.05)[0] == pytest.approx(0.05)
    assert noncentrality(np.array([np.inf]), 0.05, 0.8)[0] == pytest.approx(1.959964 + 0.841621, abs=1e-4)


def test_the_detectable_effect_is_detected_four_times_in_five() -> None:
    rng = np.random.default_rng(2)
    features, n = 400, 4
    sigma = np.sqrt(8 * 0.3 / rng.chisquare(8, features))

    def cohort(effect: np.ndarray) -> tuple[LinearFit, Moderated]:
        Y = sigma[:, None] * rng.normal(size=(features, 2 * n)) + effect[:, None] * (np.arange(2 * n) >= n)
        result = _two_groups(Y, n)
        return result, moderated_t(result, fit_prior(result.variance, result.df))

    detected = []
    for _ in range(20):
        before, test = cohort(np.zeros(features))
        stated = predictive_noncentrality(before, test, 0.05, 0.8) * test.se
        detected.append((cohort(stated)[1].p < 0.05).mean())
    assert np.mean(detected) == pytest.approx(0.8, abs=0.02)


def test_the_detectable_effect_allows_for_the_variance_being_an_estimate() -> None:
    rng, draws = np.random.default_rng(4), 400_000
    for df, prior_df, prior_variance in ((4.0, 0.0, 1.0), (10.0, 0.0, 1.0), (4.0, 8.0, 0.6), (6.0, np.inf, 1.0)):
        result = LinearFit(*(np.array([v]) for v in (0.0, 1.0, 1.0, df, 0.0)))
        prior = Prior(np.array([prior_variance]), np.array([prior_df]))
        test = moderated_t(result, prior)
        test = replace(test, df=result.df + prior_df)  # the cap by the family is for families of one
        c = predictive_noncentrality(result, test, 0.05, 0.8)[0]
        known, total = min(prior_df, 1e6), min(prior_df, 1e6) + df
        variance = test.variance[0] * total / rng.chisquare(total, draws)  # the true one
        new = (known * prior_variance + variance * rng.chisquare(df, draws)) / total
        z = rng.normal(size=draws) * np.sqrt(variance) + c * np.sqrt(test.variance[0])
        assert (z / np.sqrt(new) > stats.t.isf(0.025, total)).mean() == pytest.approx(0.8, abs=0.004)
