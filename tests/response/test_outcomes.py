"""Features against numbers and survival times, against single models of statsmodels."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.duration.hazard_regression import PHReg

from tumint import keys as k
from tumint.config.response import Contrast, Outcome, ResponseConfig
from tumint.errors import SheetError
from tumint.response.design.subjects import subject_values
from tumint.response.outcomes import relate
from tumint.sheet_design import check_design


def _config(**outcome: object) -> ResponseConfig:
    contrast = Contrast(name="c", column="arm", reference="v", group="t")
    return ResponseConfig(contrasts=[contrast], outcomes=[Outcome.model_validate({"name": "o", **outcome})])


def _with(sheet: pd.DataFrame, **columns: np.ndarray) -> pd.DataFrame:
    subjects = sorted(sheet[k.SUBJECT].unique())
    for name, values in columns.items():
        text = dict(zip(subjects, map(str, values), strict=True))
        sheet = sheet.assign(**{name: sheet[k.SUBJECT].map(text)})
    return sheet


def _values(features: pd.DataFrame, sheet: pd.DataFrame, feature: str) -> np.ndarray:
    table = subject_values(features, sheet.set_index(k.SAMPLE)[k.SUBJECT])
    return table[table[k.FEATURE] == feature].sort_values(k.SUBJECT)[k.VALUE].to_numpy()


def test_a_number_is_regressed_on_per_standard_deviation(cohort) -> None:
    sheet, features = cohort({"v": 3, "t": 3}, n_features=2)  # too few features for a prior
    growth = np.array([-40.0, 10, 35, 5, 80, -12])
    sheet = _with(sheet, growth=growth)
    config = _config(column="growth")
    assert check_design(sheet, config, "s", "c") == []
    row = relate(features, sheet, config.outcomes[0], config, 0, "s").iloc[0]
    y = _values(features, sheet, "a|t0")
    z = (growth - growth.mean()) / growth.std(ddof=1)
    ols = sm.OLS(y, sm.add_constant(z)).fit()
    np.testing.assert_allclose(
        [row["effect"], row[k.SE], row["p"], row["ci_low"], row["ci_high"]],
        [ols.params[1], ols.bse[1], ols.pvalues[1], *ols.conf_int()[1]],
        rtol=1e-9,
    )
    r = [abs(stats.pearsonr(y, order).statistic) for order in itertools.permutations(growth)]
    observed = abs(stats.pearsonr(y, growth).statistic)
    assert row["p_permutation"] == pytest.approx(np.mean(np.array(r) >= observed * (1 - 1e-9)))
    assert row[["n_subjects", "n_events", "n_samples"]].tolist() == [6, 0, 18]


def test_survival_is_cox_per_standard_deviation_of_the_feature(cohort) -> None:
    sheet, features = cohort({"v": 7, "t": 7}, n_features=4)
    rng = np.random.default_rng(3)
    time, event, age = rng.integers(5, 60, 14), (rng.uniform(size=14) < 0.8).astype(int), rng.normal(60, 5, 14)
    sheet = _with(sheet, days=time, dead=event, age=age)
    config = _config(column="days", event="dead", adjust=["age"])
    got = relate(features, sheet, config.outcomes[0], config, 0, "s").set_index(k.FEATURE)
    for feature in got.index:
        y = _values(features, sheet, feature)
        peer = PHReg(time, np.column_stack([y / y.std(ddof=1), age]), status=event, ties="efron").fit()
        row = got.loc[feature]
        np.testing.assert_allclose(
            [row["effect"], row[k.SE], row["p"]], [peer.params[0], peer.bse[0], peer.pvalues[0]], rtol=1e-5
        )
        np.testing.assert_allclose([row["ci_low"], row["ci_high"]], peer.conf_int()[0], rtol=1e-4)
    assert set(got["kind"]) == {"survival"}
    assert set(got["n_events"]) == {event.sum()}


def test_too_few_subjects_or_events_are_said(cohort) -> None:
    sheet, features = cohort({"v": 4, "t": 4}, n_features=3)
    sheet = _with(sheet, days=np.arange(1, 9), dead=np.array([1, 0, 1, 0, 1, 0, 1, 0]))
    features.loc[(features[k.FEATURE] == "a|t1") & features[k.SAMPLE].str.match("v|t0|t1"), k.STATUS] = k.ABSENT
    survival = _config(column="days", event="dead")
    got = relate(features, sheet, survival.outcomes[0], survival, 0, "s").set_index(k.FEATURE)
    assert got["p"].isna().all()
    assert got.loc["a|t0", [k.STATUS, k.REASON]].tolist() == ["no_p", "fewer than 5 events, so no p"]
    number = _config(column="days")
    got = relate(features, sheet, number.outcomes[0], number, 0, "s").set_index(k.FEATURE)
    assert got.loc["a|t1", [k.STATUS, k.REASON]].tolist() == ["no_p", "in fewer than 4 subjects, so no p"]
    assert got["p"].notna().tolist() == [True, False, True]


def test_subjects_without_a_number_are_left_out_and_text_is_a_fault(cohort) -> None:
    sheet, features = cohort({"v": 4, "t": 4}, n_features=3)
    sheet = _with(sheet, growth=np.array([1.0, 2, 3, 4, 5, 6, 7, 9]))
    config = _config(column="growth")
    sheet.loc[sheet[k.SUBJECT] == "v0", "growth"] = ""
    got = relate(features, sheet, config.outcomes[0], config, 0, "s")
    assert set(got["n_subjects"]) == {7}
    sheet.loc[sheet[k.SUBJECT] == "v1", "growth"] = "big"
    assert [str(f) for f in check_design(sheet, config, "s", "c")] == [
        "s (subject v1): expected `growth` to be a number, or empty, found `big`."
    ]
    missing = _config(column="growth", event="dead")
    assert "a column of s, found `dead`" in str(check_design(sheet, missing, "s", "c")[-1])
    with pytest.raises(SheetError, match="numbers that differ"):
        relate(features, sheet.assign(growth="1"), config.outcomes[0], config, 0, "s")
