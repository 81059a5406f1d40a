"""The mixed model against lmerTest, statsmodels and the exact result of a balanced design."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from tumint.response.models import mixed
from tumint.response.models.mixed import fit_mixed

ORACLES = Path(__file__).parents[1] / "data" / "oracles"
COLUMNS = ["Estimate", "Std. Error", "df", "t value", "Pr(>|t|)"]


def _oracle() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    data = pd.read_csv(ORACLES / "mixed.csv")
    a, b, m = (data["arm"] == "drugA"), (data["arm"] == "drugB"), (data["region"] == "margin")
    X = np.column_stack([np.ones(len(data)), a, b, m, a & m, b & m]).astype(float)
    return data["y"].to_numpy()[None, :], X, pd.factorize(data["patient"])[0].astype(np.intp)


def test_equals_lmertest() -> None:
    Y, X, subject = _oracle()
    want = pd.read_csv(ORACLES / "mixed_fixed.csv")
    want = want[want["ddf"] == "Satterthwaite"].reset_index(drop=True)
    for term in range(6):
        got = fit_mixed(Y, X, subject, np.eye(6)[term])
        values = [got.effect[0], got.se[0], got.df[0], got.t[0], got.p[0]]
        np.testing.assert_allclose(values, want.loc[term, COLUMNS].to_numpy(dtype=float), rtol=1e-4)
    variances = pd.read_csv(ORACLES / "mixed_varcomp.csv").set_index("grp")["vcov"]
    np.testing.assert_allclose(
        [got.subject_variance[0], got.residual_variance[0]], variances[["patient", "Residual"]], rtol=1e-4
    )


def test_missing_rois_equal_statsmodels_without_them() -> None:
    Y, X, subject = _oracle()
    rng = np.random.default_rng(0)
    many = np.vstack([Y, rng.normal(size=(4, Y.shape[1])) + rng.normal(size=(4, 24))[:, subject]])
    many[rng.uniform(size=many.shape) < 0.2] = np.nan
    got = fit_mixed(many, X, subject, np.eye(6)[2])
    for row, y in enumerate(many):
        there = np.isfinite(y)
        peer = sm.MixedLM(y[there], X[there], groups=subject[there]).fit(reml=True, method="powell", ftol=1e-12)
        np.testing.assert_allclose([got.effect[row], got.se[row]], [peer.params[2], peer.bse[2]], rtol=2e-3)
        assert got.residual_variance[row] == pytest.approx(peer.scale, rel=2e-3)


def test_balanced_cohort_is_the_t_test_of_subject_means() -> None:
    rng = np.random.default_rng(1)
    subject = np.repeat(np.arange(8), 4).astype(np.intp)
    group = (subject >= 4).astype(float)
    Y = rng.normal(size=(50, 8))[:, subject] + 0.5 * rng.normal(size=(50, 32))
    got = fit_mixed(Y, np.column_stack([np.ones(32), group]), subject, np.array([0.0, 1]))
    means = Y.reshape(50, 8, 4).mean(axis=2)
    want = stats.ttest_ind(means[:, 4:], means[:, :4], axis=1)
    inside = got.subject_variance > 0
    assert inside.mean() > 0.9
    np.testing.assert_allclose(got.t[inside], want.statistic[inside], rtol=1e-7)
    np.testing.assert_allclose(got.p[inside], want.pvalue[inside], rtol=1e-5)
    np.testing.assert_allclose(got.df[inside], 6, rtol=1e-5)


def test_subjects_that_differ_no_more_than_their_rois_leave_least_squares() -> None:
    subject = np.repeat(np.arange(6), 3).astype(np.intp)
    y = np.tile([1.0, 2.0, 3.1], 6) + 0.4 * (subject >= 3)
    X = np.column_stack([np.ones(18), subject >= 3]).astype(float)
    got = fit_mixed(y[None], X, subject, np.array([0.0, 1]))
    ols = sm.OLS(y, X).fit()
    assert got.subject_variance[0] == 0
    assert got.df[0] == 16
    np.testing.assert_allclose([got.effect[0], got.se[0], got.p[0]], [ols.params[1], ols.bse[1], ols.pvalues[1]])


def test_what_cannot_be_fitted_is_missing() -> None:
    subject = np.repeat(np.arange(4), 2).astype(np.intp)
    X = np.column_stack([np.ones(8), subject >= 2]).astype(float)
    Y = np.tile(np.random.default_rng(2).normal(size=8), (4, 1))
    Y[0, ::2] = np.nan  # one ROI per subject
    Y[1, 4:] = np.nan  # one group
    Y[2] = 5.0  # no variance
    got = fit_mixed(Y, X, subject, np.array([0.0, 1]))
    assert np.isfinite(got.p).tolist() == [False, False, False, True]


def test_blocks_of_features_change_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    subject = np.repeat(np.arange(8), 3)
    X = np.column_stack([np.ones(24), subject >= 4]).astype(float)
    Y = rng.normal(size=(50, 8))[:, subject] + rng.normal(size=(50, 24))
    Y[rng.random(Y.shape) < 0.1] = np.nan
    whole = mixed.fit_mixed(Y, X, subject, np.array([0.0, 1.0]))
    monkeypatch.setattr(mixed, "_BLOCK", 8 * 7)
    blocks = mixed.fit_mixed(Y, X, subject, np.array([0.0, 1.0]))
    for name in mixed.MixedFit.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(blocks, name), getattr(whole, name))
