"""Cox's model against R's survival."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.hazard_regression import PHReg

from tumint.response.models.cox import fit_cox

ORACLES = Path(__file__).parents[1] / "data" / "oracles"


def _data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    data = pd.read_csv(ORACLES / "cox_data.csv")
    return tuple(data[c].to_numpy(dtype=float) for c in ("x", "age", "time", "event"))  # type: ignore[return-value]


def test_equals_coxph_with_ties() -> None:
    x, age, time, event = _data()
    want = pd.read_csv(ORACLES / "cox.csv")
    assert len(np.unique(time)) < len(time)
    for row, covariates in enumerate((np.empty((40, 0)), age[:, None])):
        got = fit_cox(x[None], covariates, time, event == 1)
        np.testing.assert_allclose(
            [got.effect[0], got.se[0], got.p[0]], want.loc[row, ["coef", "se", "p"]].to_numpy(dtype=float), rtol=1e-7
        )


def test_missing_subjects_are_left_out_of_their_feature_alone() -> None:
    x, age, time, event = _data()
    Y = np.vstack([x, np.random.default_rng(0).normal(size=(3, 40))])
    Y[2, :15:2] = np.nan
    got = fit_cox(Y, age[:, None], time, event == 1)
    for row, y in enumerate(Y):
        there = np.isfinite(y)
        exog = np.column_stack([y, age])[there]
        peer = PHReg(time[there], exog, status=event[there], ties="efron").fit()
        np.testing.assert_allclose([got.effect[row], got.se[row]], [peer.params[0], peer.bse[0]], rtol=1e-5)


def test_a_perfect_order_has_no_estimate() -> None:
    time = np.arange(1.0, 9.0)
    Y = np.vstack([-time, np.random.default_rng(1).normal(size=8), np.ones(8)])
    got = fit_cox(Y, np.empty((8, 0)), time, np.ones(8, dtype=bool))
    assert np.isfinite(got.effect).tolist() == [False, True, False]
    assert got.p[1] == pytest.approx(PHReg(time, Y[1][:, None]).fit().pvalues[0], rel=1e-6)
