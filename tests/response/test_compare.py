"""A whole contrast: values against independent least squares, and a reason wherever there is no p."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

from tumint import keys as k
from tumint.config.response import Contrast, ResponseConfig
from tumint.errors import SheetError
from tumint.response import family_tests
from tumint.response.compare import Result, compare
from tumint.response.design import groups as design
from tumint.response.design.subjects import subject_values
from tumint.response.family_tests import BESIDE

CONTRAST = {"name": "c", "column": "arm", "reference": "v", "group": "t"}


def _run(
    features: pd.DataFrame,
    sheet: pd.DataFrame,
    *,
    min_subjects: int = 2,
    beside: tuple[str, ...] = (),
    **contrast: object,
) -> Result:
    values = {**CONTRAST, **contrast}
    config = ResponseConfig(contrasts=[Contrast.model_validate(values)], min_subjects=min_subjects)
    return compare(features, design.build(sheet, config.contrasts[0], "sheet"), config, 0, beside=beside)


def test_power_and_influence_are_there_where_they_are_asked_for(cohort) -> None:
    sheet, features = cohort({"v": 3, "t": 3}, n_features=4)
    alone, both = _run(features, sheet), _run(features, sheet, beside=BESIDE)
    assert [len(alone.power), len(alone.influence), len(both.power), len(both.influence)] == [0, 0, 4, 4]
    pd.testing.assert_frame_equal(alone.effects, both.effects)


@pytest.mark.parametrize("method", ["moderated", "mixed", "permutation"])
def test_a_test_that_is_not_asked_for_is_not_computed(cohort, monkeypatch, method: str) -> None:
    sheet, features = cohort({"v": 4, "t": 4}, n_features=4)
    config = ResponseConfig(contrasts=[Contrast.model_validate(CONTRAST)], method=method)
    built = design.build(sheet, config.contrasts[0], "sheet")
    whole = compare(features, built, config, 0, beside=()).effects
    others = {"mixed": ["p_mixed"], "permutation": ["p_permutation", "p_maxt"]}
    assert whole[[name for names in others.values() for name in names]].notna().all(axis=None)
    others.pop(method, None)

    def never(*_: object) -> None:
        raise AssertionError("computed")

    for other, name in (("mixed", "fit_mixed"), ("permutation", "permute")):
        if other in others:
            monkeypatch.setattr(family_tests, name, never)
    alone = compare(features, built, config, 0, beside=(), tests=())
    empty = [name for names in others.values() for name in names]
    assert alone.effects[empty].isna().all(axis=None)
    assert len(alone.mixed) == (4 if method == "mixed" else 0)
    pd.testing.assert_frame_equal(alone.effects.drop(columns=empty), whole.drop(columns=empty))


def test_planted_effects_are_found_and_rows_say_how_many(cohort) -> None:
    sheet, features = cohort({"v": 5, "t": 5}, shift=4.0)
    features = features[~((features[k.FEATURE] == "a|t1") & features[k.SAMPLE].str.startswith("v0"))]
    effects = _run(features, sheet).effects.set_index(k.FEATURE)
    assert set(effects.index[effects["q"] < 0.05]) >= {"a|t0", "a|t1", "a|t2"}
    for name in ("a|t0", "a|t1"):
        mine = features[features[k.FEATURE] == name]
        means = mine.groupby(mine[k.SAMPLE].str[:2])[k.VALUE].mean()
        by_hand = means[means.index.str.startswith("t")].mean() - means[means.index.str.startswith("v")].mean()
        assert effects.loc[name, "effect"] == pytest.approx(by_hand)
    assert (effects["ci_low"] < effects["effect"]).all()
    assert (effects["ci_high"] > effects["effect"]).all()
    columns = ["n_subjects_reference", "n_subjects_group", "n_samples"]
    assert effects.loc["a|t0", columns].tolist() == [5, 5, 30]
    assert effects.loc["a|t1", columns].tolist() == [4, 5, 27]
    assert effects.loc["a|t0", [k.SOURCE, k.TARGET, k.STATUS]].tolist() == ["a", "t0", "tested"]
    assert effects.loc["a|t0", "p_permutation"] == pytest.approx(2 / 252)


def test_covariates_equal_statsmodels(cohort) -> None:
    sheet, features = cohort({"v": 6, "t": 5}, n_features=2)  # two features: the prior has no weight
    subjects = sheet[k.SUBJECT].unique()
    rng = np.random.default_rng(1)
    age = dict(zip(subjects, rng.normal(10, 2, len(subjects)), strict=True))
    batch = dict(zip(subjects, np.resize(["x", "y", "z"], len(subjects)), strict=True))
    sheet = sheet.assign(age=sheet[k.SUBJECT].map(age).map(str), batch=sheet[k.SUBJECT].map(batch))
    result = _run(features, sheet, adjust=["age", "batch"])
    values = subject_values(features, sheet.set_index(k.SAMPLE)[k.SUBJECT])
    for row in result.effects.to_dict("records"):
        mine = values[values[k.FEATURE] == row[k.FEATURE]].assign(
            age=lambda t: t[k.SUBJECT].map(age),
            batch=lambda t: t[k.SUBJECT].map(batch),
            arm=lambda t: t[k.SUBJECT].str[0],
        )
        ols = smf.ols("value ~ C(arm, Treatment('v')) + age + batch", mine).fit()
        name = "C(arm, Treatment('v'))[T.t]"
        np.testing.assert_allclose(
            [row["effect"], row[k.SE], row["p"], row["df"]],
            [ols.params[name], ols.bse[name], ols.pvalues[name], ols.df_resid],
            rtol=1e-9,
        )
    assert "number" in result.no_permutation
    assert result.effects["p_permutation"].isna().all()


def test_one_subject_in_a_group_gives_effects_and_no_p(cohort) -> None:
    sheet, features = cohort({"v": 1, "t": 1, "other": 2}, n_features=3, rois=1)
    result = _run(features, sheet)
    effects = result.effects.set_index(k.FEATURE)
    value = features.set_index([k.SAMPLE, k.FEATURE])[k.VALUE]
    assert effects.loc["a|t0", "effect"] == pytest.approx(value["t0_R0", "a|t0"] - value["v0_R0", "a|t0"])
    assert effects[["p", "q", "ci_low", "p_permutation", k.SE]].isna().all(axis=None)
    assert set(effects[k.STATUS]) == {"no_p"}
    reason = "1 subject in group `v` and 1 subject in group `t`: no between-subject variance, so no p"
    assert set(effects[k.REASON]) == {result.reason} == {reason}
    assert result.design.left_out == {"other0": "`arm` is `other`", "other1": "`arm` is `other`"}


def test_one_against_three_has_a_standard_error_and_no_p(cohort) -> None:
    sheet, features = cohort({"v": 3, "t": 1}, n_features=4)
    effects = _run(features, sheet).effects
    assert effects["p"].isna().all()
    means = features.assign(subject=features[k.SAMPLE].str[:2]).pivot_table(k.VALUE, k.FEATURE, "subject", "mean")
    by_hand = means[["v0", "v1", "v2"]].std(axis=1, ddof=1) * np.sqrt(1 / 3 + 1)  # all the variance is that of v
    assert effects.set_index(k.FEATURE)[k.SE].to_numpy() == pytest.approx(by_hand[effects[k.FEATURE]].to_numpy())
    assert set(effects[k.REASON]) == {"1 subject in group `t`: no between-subject variance, so no p"}


def test_each_feature_says_why_it_has_no_p(cohort) -> None:
    sheet, features = cohort({"v": 3, "t": 3}, n_features=6)
    name, sample = features[k.FEATURE], features[k.SAMPLE]
    features.loc[(name == "a|t1") & sample.str.match("t[12]"), k.STATUS] = k.TOO_FEW
    features.loc[(name == "a|t2") & sample.str.startswith("v"), k.STATUS] = k.ABSENT
    features.loc[name == "a|t3", k.VALUE] = 0.1
    result = _run(features, sheet)
    effects = result.effects.set_index(k.FEATURE)
    assert effects[k.STATUS].to_dict() == {
        "a|t0": "tested",
        "a|t1": "no_p",
        "a|t2": "absent",
        "a|t3": "no_p",
        "a|t4": "tested",
        "a|t5": "tested",
    }
    assert effects.loc["a|t1", k.REASON] == "1 subject in group `t`: no between-subject variance, so no p"
    assert effects.loc["a|t2", k.REASON] == "in no subject of group `v`"
    assert effects.loc["a|t3", k.REASON] == "no variance within the groups, so no p"
    assert effects["p"].notna().tolist() == [True, False, False, False, True, True]
    assert np.isnan(effects.loc["a|t2", "effect"])
    kept = _run(features[name.isin(["a|t0", "a|t4", "a|t5"])], sheet).effects.set_index(k.FEATURE)
    for column in ("p", "q", "p_permutation", "p_maxt"):  # what is not tested changes nothing for what is
        pd.testing.assert_series_equal(effects.loc[kept.index, column], kept[column], check_exact=True)


def test_more_subjects_can_be_asked_for(cohort) -> None:
    sheet, features = cohort({"v": 3, "t": 4}, n_features=3)
    result = _run(features, sheet, min_subjects=4)
    assert result.reason == "3 subjects in group `v`: fewer than the 4 that the config asks for, so no p"
    assert result.effects["p"].isna().all()


def test_order_of_features_and_sheet_changes_no_bit(cohort) -> None:
    sheet, features = cohort({"v": 4, "t": 5})
    shuffled = features.sample(frac=1, random_state=1), sheet.sample(frac=1, random_state=2)
    pd.testing.assert_frame_equal(_run(features, sheet).effects, _run(*shuffled).effects, check_exact=True)


def test_pairs_of_one_animal_before_and_after(cohort) -> None:
    sheet, features = cohort({"v": 4, "t": 4}, n_features=2, rois=1)
    sheet["subject"] = "m" + sheet["subject"].str[1:]
    alone = sheet["sample"] != "t3_R0"  # the fourth animal was seen only before
    result = _run(features, sheet[alone], paired="subject")
    value = features.set_index([k.FEATURE, k.SAMPLE])[k.VALUE]
    d = np.array([value["a|t0", f"t{i}_R0"] - value["a|t0", f"v{i}_R0"] for i in range(3)])
    row = result.effects.iloc[0]
    assert row["effect"] == pytest.approx(d.mean())
    assert row[k.SE] == pytest.approx(d.std(ddof=1) / np.sqrt(3))
    assert row["df"] == 2
    assert [row["n_subjects_reference"], row["n_subjects_group"]] == [3, 3]
    assert result.design.left_out == {"m3 [v]": "no partner of its `subject`"}
    assert result.ways is not None
    assert result.ways.total == 8


def test_a_covariate_that_is_the_group_is_refused(cohort) -> None:
    sheet, features = cohort({"v": 3, "t": 3}, n_features=3)
    with pytest.raises(SheetError, match="covariates that differ within `arm`, found `batch`"):
        _run(features, sheet.assign(batch=sheet["arm"]), adjust=["batch"])
    empty = sheet.assign(batch=np.where(sheet["subject"] == "v0", "", "b"))
    with pytest.raises(SheetError, match=r"subject v0\): expected a value of `batch`"):
        _run(features, empty, adjust=["batch"])


def test_no_effect_gives_uniform_p(cohort) -> None:
    p = []
    for seed in range(12):
        sheet, features = cohort({"v": 4, "t": 4}, n_features=100, seed=seed)
        p.append(_run(features, sheet).effects["p"])
    assert 0.03 < (pd.concat(p) < 0.05).mean() < 0.07


def test_mixed_model_stands_beside_and_can_lead(cohort) -> None:
    sheet, features = cohort({"v": 5, "t": 5}, shift=4.0, rois=4)
    first = _run(features, sheet).effects.set_index(k.FEATURE)
    config = ResponseConfig(
        contrasts=[Contrast(name="c", column="arm", reference="v", group="t")], method="mixed", min_subjects=2
    )
    led = compare(features, design.build(sheet, config.contrasts[0], "sheet"), config, 0)
    effects, mixed = led.effects.set_index(k.FEATURE), led.mixed.set_index(k.FEATURE)
    pd.testing.assert_series_equal(effects["p"], first["p_mixed"], check_names=False)
    pd.testing.assert_series_equal(effects["df"], mixed["df"], check_names=False)
    # all subjects have four ROIs: both tests see the same difference of means
    np.testing.assert_allclose(effects["effect"], first["effect"], rtol=1e-8)
    half = stats.t.ppf(0.975, mixed["df"]) * mixed["se"]
    np.testing.assert_allclose(effects["ci_high"] - effects["effect"], half, rtol=1e-10)
    single = features[features[k.SAMPLE].str.endswith("R0")]
    alone = compare(single, design.build(sheet, config.contrasts[0], "sheet"), config, 0).effects
    assert set(alone[k.REASON]) == {"too few ROIs for a mixed model: one per subject, so no p"}
    assert _run(single, sheet).effects["p"].notna().all()


def test_q_all_is_over_the_families_together(cohort) -> None:
    sheet, first = cohort({"v": 5, "t": 5}, shift=3.0, n_shifted=2)
    _, second = cohort({"v": 5, "t": 5}, seed=1, n_features=20, family=k.FAMILY_COMPOSITION)
    effects = _run(pd.concat([first, second], ignore_index=True), sheet).effects
    for column, parts in (("q", effects.groupby(k.FAMILY)), ("q_all", [("", effects)])):
        for _, part in parts:
            np.testing.assert_allclose(part[column], stats.false_discovery_control(part["p"]), rtol=1e-12)
    assert not np.allclose(effects["q"], effects["q_all"])


@pytest.mark.parametrize("how", [{}, {"formula": "~ arm"}])
def test_subjects_without_a_pair_are_no_pair(cohort, how) -> None:
    sheet, features = cohort({"v": 5, "t": 5}, n_features=3)
    sheet["litter"] = sheet[k.SUBJECT].str[-1].where(~sheet[k.SUBJECT].isin(["v3", "v4", "t3", "t4"]), "")
    all_of_them = design.build(sheet, Contrast.model_validate({**CONTRAST, "paired": "litter", **how}), "sheet")
    assert sorted(all_of_them.units) == ["t0", "t1", "t2", "v0", "v1", "v2"]
    assert all_of_them.left_out == dict.fromkeys(["t3", "t4", "v3", "v4"], "`litter` is empty")
    without = sheet[sheet["litter"] != ""]
    pd.testing.assert_frame_equal(
        _run(features, sheet, paired="litter", **how).effects,
        _run(features[features[k.SAMPLE].isin(without[k.SAMPLE])], without, paired="litter", **how).effects,
    )
    with_none = _run(features, sheet.assign(litter=""), paired="litter", **how).effects if not how else None
    assert with_none is None or with_none["p"].isna().all()
