"""Moderated t against limma's own output and against ordinary least squares."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import special

from tumint.fdr import benjamini_hochberg
from tumint.response.models.linear import LinearFit, fit
from tumint.response.models.moderated import Prior, fit_prior, moderated_t, squeeze, trigamma_inverse
from tumint.response.models.robust_prior import fit_prior_robust

ORACLES = Path(__file__).parents[1] / "data" / "oracles"


def _limma_input() -> tuple[np.ndarray, np.ndarray]:
    expression = pd.read_csv(ORACLES / "limma_expr.csv", index_col=0)
    samples = pd.read_csv(ORACLES / "limma_samples.csv", index_col=0).loc[expression.columns]
    X = np.column_stack(
        [np.ones(len(samples)), *(samples["batch"] == b for b in ("b2", "b3")), samples["arm"] == "trt"]
    ).astype(float)
    return expression.to_numpy(), X


def _plain(result: LinearFit) -> Prior:
    return fit_prior(result.variance, result.df)


def _trended(result: LinearFit) -> Prior:
    return fit_prior(result.variance, result.df, result.mean)


def _robust(result: LinearFit) -> Prior:
    return fit_prior_robust(result.variance, result.df)


@pytest.mark.parametrize(
    ("name", "prior_of"),
    [
        ("ebayes", _plain),
        ("ebayes_trend", _trended),
        ("missing", _plain),
        ("robust", _robust),
        ("robust_wild", _robust),
        ("missing_robust", _robust),
    ],
)
def test_equals_limma(name: str, prior_of: Callable[[LinearFit], Prior]) -> None:
    Y, X = _limma_input()
    if "missing" in name:  # the holes that make_more.R makes
        Y[np.repeat(np.arange(40), 2), np.arange(1, 81) * 7 % 18] = np.nan
    if "wild" in name:
        Y[:2] *= 6
    want = pd.read_csv(ORACLES / f"limma_{name}.csv")
    result = fit(Y, X, np.array([0.0, 0, 0, 1]))
    got = moderated_t(result, prior_of(result))
    pairs = {
        "logFC": result.effect,
        "CI.L": got.ci_low,
        "CI.R": got.ci_high,
        "t": got.t,
        "P.Value": got.p,
        "adj.P.Val": benjamini_hochberg(got.p),
        "df_prior": got.prior.df,
        "s2_prior": got.prior.variance,
        "s2_post": got.variance,
        "df_total": got.df,
    }
    for column, values in pairs.items():
        np.testing.assert_allclose(values, want[column], rtol=1e-8, atol=1e-12, err_msg=column)


def test_a_family_without_common_variance_is_ordinary_least_squares_and_missing_subjects_are_left_out() -> None:
    rng = np.random.default_rng(1)
    X = np.column_stack([np.ones(12), rng.normal(size=12), np.repeat([0.0, 1], 6)])
    Y = rng.normal(size=(2, 12))  # two features: too few to learn a prior from
    Y[1, [0, 7]] = np.nan
    result = fit(Y, X, np.array([0.0, 0, 1]))
    got = moderated_t(result, _plain(result))
    for row in range(2):
        there = np.isfinite(Y[row])
        ols = sm.OLS(Y[row][there], X[there]).fit()
        np.testing.assert_allclose(result.effect[row], ols.params[2], rtol=1e-10)
        np.testing.assert_allclose([got.se[row], got.p[row]], [ols.bse[2], ols.pvalues[2]], rtol=1e-10)
        np.testing.assert_allclose([got.ci_low[row], got.ci_high[row]], ols.conf_int()[2], rtol=1e-10)
        assert got.df[row] == ols.df_resid


def test_missing_values_change_the_degrees_of_freedom_of_their_feature_alone() -> None:
    Y, X = _limma_input()
    Y[3, :4] = np.nan
    result = fit(Y, X, np.array([0.0, 0, 0, 1]))
    assert result.df[3] == 10
    assert set(np.delete(result.df, 3)) == {14.0}
    got = moderated_t(result, _plain(result))
    d0, s0 = got.prior.df[0], got.prior.variance[0]
    np.testing.assert_allclose(got.variance[3], (10 * result.variance[3] + d0 * s0) / (10 + d0), rtol=1e-12)
    np.testing.assert_allclose(got.df[3], 10 + d0, rtol=1e-12)


def test_prior_recovers_the_distribution_that_made_the_variances() -> None:
    rng = np.random.default_rng(2)
    true_df, true_variance, df = 6.0, 0.25, 8
    sigma2 = true_df * true_variance / rng.chisquare(true_df, 20_000)
    prior = fit_prior(sigma2 * rng.chisquare(df, 20_000) / df, np.full(20_000, df))
    assert prior.df[0] == pytest.approx(true_df, rel=0.05)
    assert prior.variance[0] == pytest.approx(true_variance, rel=0.02)


def test_equal_variances_give_a_certain_prior() -> None:
    variance = np.array([0.9, 1.0, 1.1, 1.0])
    prior = fit_prior(variance, np.full(4, 3.0))
    assert np.isinf(prior.df).all()
    np.testing.assert_allclose(squeeze(variance, np.full(4, 3.0), prior), 1.0)
    mixed = squeeze(np.array([4.0]), np.array([2.0]), Prior(np.array([1.0]), np.array([6.0])))
    assert mixed[0] == pytest.approx((2 * 4 + 6) / 8)


def test_trigamma_inverse_over_fourteen_orders_of_magnitude() -> None:
    x = np.logspace(-5, 6, 50)
    np.testing.assert_allclose(special.polygamma(1, trigamma_inverse(x)), x, rtol=1e-9)


def test_a_zero_variance_or_an_inestimable_contrast_divides_by_nothing() -> None:
    X = np.column_stack([np.ones(4), [0.0, 0, 1, 1]])
    Y = np.array([[2.0, 2, 2, 2], [1.1, 1.1, 3.3, 3.3], [1, 2, np.nan, np.nan], [np.nan, 1, 2, np.nan]])
    result = fit(Y, X, np.array([0.0, 1]))
    np.testing.assert_array_equal(result.variance[:2], 0.0)
    assert result.effect[1] == pytest.approx(2.2)
    assert np.isnan(result.effect[2])
    assert result.effect[3] == pytest.approx(1.0)
    assert result.df[3] == 0
    assert np.isnan(result.variance[3])


def test_one_wild_feature_does_not_cost_the_others_their_prior() -> None:
    rng = np.random.default_rng(3)
    variance, df = rng.chisquare(6, 40) / 6, np.full(40, 6.0)
    wild = np.append(variance, 500.0)
    plain, robust = fit_prior(wild, np.full(41, 6.0)), fit_prior_robust(wild, np.full(41, 6.0))
    calm = fit_prior_robust(variance, df)
    assert plain.df[0] < 10 < robust.df[0]
    assert robust.df[-1] < 0.5
    np.testing.assert_allclose(robust.variance[0], calm.variance[0], rtol=0.1)


def test_degrees_of_freedom_are_the_features_own_and_the_priors_but_no_more_than_all_of_the_family() -> None:
    rng = np.random.default_rng(6)
    X = np.column_stack([np.ones(8), np.repeat([0.0, 1.0], 4)])
    result = fit(rng.normal(size=(5, 8)), X, np.array([0.0, 1.0]))
    mean = np.full(5, result.variance.mean())
    for own, wanted in ((4.0, 10.0), (23.9, 29.9), (24.1, 30.0), (np.inf, 30.0)):
        test = moderated_t(result, Prior(mean, np.full(5, own)))
        assert test.df == pytest.approx(np.full(5, wanted)), own
        assert test.p == pytest.approx(2 * special.stdtr(wanted, -np.abs(test.t)))
