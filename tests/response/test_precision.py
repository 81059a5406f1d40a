"""Weights from standard errors against meta-analysis (statsmodels) and a root found by SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.optimize import brentq
from statsmodels.stats.meta_analysis import combine_effects

from tumint.response.models.precision import between_variance, precision_weights


def test_the_variance_between_animals_is_that_of_paule_and_mandel() -> None:
    rng = np.random.default_rng(0)
    for between in (0.2, 1.0, 3.0):
        errors = rng.uniform(0.2, 1.5, 12)
        Y = rng.normal(0.7, np.sqrt(between + errors**2))
        peer = combine_effects(Y, errors**2, method_re="iterated")
        weights = precision_weights(Y[None], errors[None], np.ones((12, 1)))
        assert peer.tau2 > 0
        assert weights == pytest.approx(1 / (peer.tau2 + errors[None] ** 2), rel=1e-4)


def test_one_variance_for_a_family_of_two_groups_with_missing_values() -> None:
    rng = np.random.default_rng(1)
    F, S = 5, 10
    X = np.column_stack([np.ones(S), np.arange(S) < 4])
    errors = rng.uniform(0.3, 1.0, (F, S))
    Y = rng.normal(X[:, 1] * 2.0, np.sqrt(0.5 + errors**2))
    Y[0, 3] = Y[2, :2] = np.nan

    def excess(between: float) -> float:
        total = 0.0
        for y, s in zip(Y, errors, strict=True):
            there = np.isfinite(y)
            fit = sm.WLS(y[there], X[there], 1 / (between + s[there] ** 2)).fit()
            total += float((fit.wresid**2).sum()) - fit.df_resid
        return total

    expected = brentq(excess, 0, 10, xtol=1e-12)
    assert between_variance(np.nan_to_num(Y), np.where(np.isfinite(Y), errors**2, np.inf), X) == pytest.approx(expected)
    weights = precision_weights(Y, errors, X)
    assert weights is not None
    assert weights[0, 3] == 0
    assert weights[1] == pytest.approx(1 / (expected + errors[1] ** 2))


def test_errors_that_explain_all_leave_no_variance_between_animals() -> None:
    Y, errors = np.array([[0.1, -0.1, 0.0, 0.05]]), np.full((1, 4), 2.0)
    assert precision_weights(Y, errors, np.ones((4, 1))) == pytest.approx(np.full((1, 4), 0.25))


def test_a_missing_error_counts_as_those_of_its_feature() -> None:
    Y, errors = np.array([[0.0, 4.0, 0.0, 4.0]]), np.array([[1.0, 1.0, 1.0, np.nan]])
    weights = precision_weights(Y, errors, np.ones((4, 1)))
    assert weights is not None
    assert np.ptp(weights) == 0


def test_without_a_degree_of_freedom_there_are_no_weights() -> None:
    assert precision_weights(np.array([[1.0, 2.0]]), np.ones((1, 2)), np.eye(2)) is None
