"""The correlation of repeats against limma's duplicateCorrelation, and the weights that follow from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from tumint import keys as k
from tumint.config.response import Contrast, ResponseConfig
from tumint.response.compare import compare
from tumint.response.design import groups as design
from tumint.response.models.linear import fit
from tumint.response.models.moderated import fit_prior, moderated_t
from tumint.response.models.roi_weights import consensus_correlation, subject_weights

ORACLES = Path(__file__).parents[1] / "data" / "oracles"


def test_equals_duplicate_correlation() -> None:
    Y = pd.read_csv(ORACLES / "limma_expr.csv").set_index("marker").to_numpy(dtype=float)
    samples, want = pd.read_csv(ORACLES / "limma_samples.csv"), pd.read_csv(ORACLES / "limma_dupcor.csv")
    batch = samples["batch"].to_numpy()
    columns = [np.ones(len(samples)), samples["arm"] == "trt", batch == "b2", batch == "b3"]
    X, patient = np.column_stack(columns).astype(float), pd.factorize(samples["patient"])[0]
    rho = consensus_correlation(Y, X, patient)
    assert rho == pytest.approx(want["consensus"].iloc[0], abs=1e-5)
    whiten = np.linalg.inv(
        np.linalg.cholesky(np.where(patient[:, None] == patient, rho, 0) + (1 - rho) * np.eye(len(X)))
    )
    result = fit(Y @ whiten.T, whiten @ X, np.array([0.0, 1, 0, 0]))
    test = moderated_t(result, fit_prior(result.variance, result.df))
    np.testing.assert_allclose(result.effect, want["logFC"], atol=1e-6)
    np.testing.assert_allclose(test.t, want["t"], rtol=1e-4)
    np.testing.assert_allclose(test.p, want["P.Value"], rtol=1e-4)


def test_weighted_fit_equals_statsmodels() -> None:
    rng = np.random.default_rng(0)
    Y, X = rng.normal(size=(3, 9)), np.column_stack([np.ones(9), np.arange(9) > 3]).astype(float)
    weights = rng.uniform(0.5, 2, size=(3, 9))
    Y[1, 2] = np.nan
    got = fit(Y, X, np.array([0.0, 1]), weights)
    for i in range(3):
        there = np.isfinite(Y[i])
        peer = sm.WLS(Y[i, there], X[there], weights=weights[i, there]).fit()
        np.testing.assert_allclose(
            [got.effect[i], got.variance[i], got.df[i]], [peer.params[1], peer.scale, peer.df_resid]
        )


def test_weights_follow_the_number_of_rois() -> None:
    rng, subject = np.random.default_rng(1), np.repeat(np.arange(8), [1, 5, 1, 5, 1, 5, 1, 5])
    X = np.column_stack([np.ones(8), np.arange(8) > 3]).astype(float)
    noise = rng.normal(size=(300, len(subject)))
    free = subject_weights(noise, X, subject)
    assert free is not None
    assert free[0, 1] / free[0, 0] == pytest.approx(5, rel=0.1)  # ROIs that share nothing count one by one
    alike = subject_weights(noise * 0.05 + rng.normal(size=(300, 8))[:, subject], X, subject)
    assert alike is not None
    assert alike[0, 1] / alike[0, 0] == pytest.approx(1, abs=0.02)
    assert subject_weights(noise[:, [0, 1, 6, 7, 12, 13, 18, 19]], X, np.arange(8)) is None


def test_weights_follow_the_precision_of_the_rois() -> None:
    rng, subject = np.random.default_rng(2), np.repeat(np.arange(8), [1, 5, 2, 5, 1, 5, 3, 5])
    X = np.column_stack([np.ones(8), np.arange(8) > 3]).astype(float)
    rois = 0.8 * rng.normal(size=(200, 8))[:, subject] + rng.normal(size=(200, len(subject)))
    rois[3, 4] = np.nan
    plain = subject_weights(rois, X, subject)
    np.testing.assert_allclose(subject_weights(rois, X, subject, np.zeros_like(rois)), plain)
    errors = np.where(subject == 7, 0.9, 0.3) * np.ones_like(rois)
    got = subject_weights(rois, X, subject, errors)
    assert (got[:, 7] < got[:, 5]).all()  # as many ROIs, known less well
    # one feature by the formula
    i, rho = 5, max(consensus_correlation(rois, X[subject], subject), 0.0)
    v = sm.OLS(rois[i], X[subject]).fit().mse_resid
    within = (1 - rho) * v - np.mean(errors[i] ** 2)
    of = [1 / (rho * v + 1 / np.sum(1 / (within + errors[i, subject == s] ** 2))) for s in range(8)]
    np.testing.assert_allclose(got[i], np.array(of) / np.mean(of), rtol=1e-10)
    unknown = np.where(subject == 7, np.nan, errors)
    filled = np.where(subject == 7, 0.3, errors)  # the root mean square of those that are known
    np.testing.assert_allclose(subject_weights(rois, X, subject, unknown), subject_weights(rois, X, subject, filled))


def test_equal_numbers_of_rois_change_nothing(cohort) -> None:
    sheet, features = cohort({"v": 4, "t": 4})
    contrast = Contrast(name="c", column="arm", reference="v", group="t")
    found = []
    for weights in ("equal", "rois", "precision"):
        config = ResponseConfig(contrasts=[contrast], weights=weights)
        found.append(compare(features, design.build(sheet, contrast, "sheet"), config, 0))
    np.testing.assert_allclose(found[0].effects["p"], found[1].effects["p"])
    np.testing.assert_allclose(found[0].effects["p"], found[2].effects["p"])  # of equal errors too
    one = compare(features[features[k.SAMPLE] != "v0_R0"], found[1].design, config, 0)
    assert not np.allclose(one.effects["p"], found[1].effects["p"])
