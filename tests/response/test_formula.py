"""Formulas: the same matrices as formulaic, the same contrasts as emmeans, and nothing that could run."""

from __future__ import annotations

from pathlib import Path

import formulaic
import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from tumint import keys as k
from tumint.config.response import Contrast, ResponseConfig
from tumint.errors import SheetError
from tumint.response.compare import Result, compare
from tumint.response.design import groups as design
from tumint.response.design.formula import model
from tumint.response.design.grammar import columns_of, parse
from tumint.response.design.subjects import subject_values
from tumint.response.models.mixed import fit_mixed

ORACLES = Path(__file__).parents[1] / "data" / "oracles"


def _sheet() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    columns = {name: rng.choice(list(levels), 30) for name, levels in (("arm", "abc"), ("time", "xy"), ("site", "pq"))}
    return pd.DataFrame({**columns, "age": [f"{v:.3f}" for v in rng.uniform(5, 9, 30)]}, dtype=object)


FORMULAS = ("~ arm", "arm + age", "~ arm*time", "~ arm:time", "~ arm + arm:time", "~ arm*time*site", "~ arm*age")
FORMULAS += ("~arm:age", "~ 1 + log(age) + arm", "~ center(age):arm + arm", "~ C(time) + arm:C(time)")


@pytest.mark.parametrize("formula", FORMULAS)
def test_matrices_equal_formulaic(formula: str) -> None:
    sheet = _sheet()
    peer = formulaic.model_matrix(formula, sheet.astype({"age": float}), context={"log": np.log})
    mine = model(sheet, formula, "arm", "a", "sheet").matrix
    peer = np.asarray(peer, dtype=float)
    ranks = [np.linalg.matrix_rank(m) for m in (mine, peer, np.hstack([mine, peer]))]
    assert ranks[0] == ranks[1] == ranks[2]
    if mine.shape == peer.shape:  # R and this module keep the intercept beside all cells of `arm:time`
        want, got = (sorted(map(tuple, np.round(m.T, 9))) for m in (peer, mine))
        np.testing.assert_allclose(got, want, atol=1e-8)


REFUSED = ("__import__('os')", "~ arm + __import__(os)", "exec(arm)", "~ arm.__class__()", "~ arm - 1", "arm; os", "")
REFUSED += ("~ {arm}", "~ log(log(age))", "~ arm +", "~ (arm)", "~ arm[0]", "~ arm ** 2", "lambda: arm", "~ I(arm)")


@pytest.mark.parametrize("formula", REFUSED)
def test_anything_but_columns_and_listed_functions_is_refused_in_one_line(cohort, formula: str) -> None:
    sheet, _ = cohort({"v": 2, "t": 2})
    contrast = Contrast(name="c", column="arm", reference="v", group="t", formula=formula)
    with pytest.raises(SheetError, match=r"^contrast c: `formula`: expected ") as error:
        design.build(sheet, contrast, "sheet")
    assert "\n" not in str(error.value)


def test_columns_are_named_by_their_levels() -> None:
    names = model(_sheet(), "~ time * arm", "arm", "b", "sheet").names
    assert names == ["(Intercept)", "time[y]", "arm[a]", "arm[c]", "time[y]:arm[a]", "time[y]:arm[c]"]


def test_what_a_formula_names() -> None:
    assert columns_of("~ a * `the age` + log(b):a") == ["a", "the age", "b"]
    assert [len(term) for term in parse("~ a*b*c")] == [1, 1, 1, 2, 2, 2, 3]


def test_contrasts_equal_emmeans() -> None:
    data = pd.read_csv(ORACLES / "mixed.csv", dtype=str)
    fitted = model(data, "~ arm * region", "arm", "ctrl", "data")
    Y, patient = data["y"].to_numpy(dtype=float)[None], pd.factorize(data["patient"])[0]
    pairs = pd.read_csv(ORACLES / "emmeans_pairs.csv")
    pairs = pairs[(pairs["df_method"] == "satterthwaite") & (pairs["adjust"] == "none")]
    for row in pairs.to_dict("records"):
        group, reference = row["contrast"].split(" - ")
        got = fit_mixed(Y, fitted.matrix, patient, fitted.weights("arm", group, reference, {}))
        numbers = [got.effect[0], got.se[0], got.df[0], got.t[0], got.p[0]]
        np.testing.assert_allclose(numbers, [row[c] for c in ("estimate", "SE", "df", "t.ratio", "p.value")], rtol=1e-4)
    # their errors and degrees of freedom are Kenward and Roger's: only the estimates are of one method
    for row in pd.read_csv(ORACLES / "emmeans_trt_vs_ctrl_by_region.csv").to_dict("records"):
        group, reference = row["contrast"].split(" - ")
        got = fit_mixed(Y, fitted.matrix, patient, fitted.weights("arm", group, reference, {"region": row["region"]}))
        assert got.effect[0] == pytest.approx(row["estimate"], rel=1e-4)


def _run(features: pd.DataFrame, sheet: pd.DataFrame, **contrast: object) -> Result:
    values = {"name": "c", "column": "arm", "reference": "v", "group": "t", **contrast}
    config = ResponseConfig(contrasts=[Contrast.model_validate(values)])
    return compare(features, design.build(sheet, config.contrasts[0], "sheet"), config, 0)


def test_several_arms_share_a_fit(cohort) -> None:
    sheet, features = cohort({"v": 4, "t": 5, "w": 4}, n_features=2)  # two features: the prior has no weight
    subjects = sheet[k.SUBJECT].unique()
    batch = dict(zip(subjects, np.resize(["x", "y"], len(subjects)), strict=True))
    sheet = sheet.assign(batch=sheet[k.SUBJECT].map(batch))
    result = _run(features, sheet, formula="~ arm + batch")
    values = subject_values(features, sheet.set_index(k.SAMPLE)[k.SUBJECT])
    for row in result.effects.to_dict("records"):
        mine = values[values[k.FEATURE] == row[k.FEATURE]].assign(
            batch=lambda t: t[k.SUBJECT].map(batch), arm=lambda t: t[k.SUBJECT].str[0]
        )
        ols = smf.ols("value ~ C(arm, Treatment('v')) + batch", mine).fit()
        name = "C(arm, Treatment('v'))[T.t]"
        want = [ols.params[name], ols.bse[name], ols.pvalues[name], ols.df_resid]
        np.testing.assert_allclose([row["effect"], row[k.SE], row["p"], row["df"]], want, rtol=1e-9)
    assert result.effects.loc[0, ["n_subjects_reference", "n_subjects_group"]].tolist() == [4, 5]
    # 2 + 2 against 2 + 3 or 3 + 2 subjects by batch; those of the third arm stay where they are
    assert result.ways is not None
    assert result.ways.total == 6 * 10
    assert not result.ways.groups[~(result.design.group | result.design.reference)].any()
    other = _run(features, sheet, formula="~ arm + batch", group="w").effects
    np.testing.assert_allclose(other["df"], result.effects["df"])


def test_a_formula_of_two_groups_is_the_plain_contrast(cohort) -> None:
    sheet, features = cohort({"v": 4, "t": 4})
    plain, same = _run(features, sheet).effects, _run(features, sheet, formula="~ arm").effects
    for column in ("effect", "se", "df", "p", "p_permutation", "p_maxt", "p_mixed"):
        np.testing.assert_allclose(same[column], plain[column], rtol=1e-7)


def test_interaction_of_arm_and_time_within_animals(cohort) -> None:
    sheet, features = cohort({"v": 4, "t": 4}, n_features=2, rois=2)
    sheet["time"] = np.where(sheet[k.SAMPLE].str.endswith("R0"), "before", "later")
    name = "arm[t]:time[later]"
    result = _run(features, sheet, formula="~ arm * time", paired="subject", coefficient=name)
    value = features.set_index([k.FEATURE, k.SAMPLE])[k.VALUE]
    change = {a: np.array([value["a|t0", f"{a}{i}_R1"] - value["a|t0", f"{a}{i}_R0"] for i in range(4)]) for a in "vt"}
    row = result.effects.iloc[0]
    assert row["effect"] == pytest.approx(change["t"].mean() - change["v"].mean())
    # the residual variance of the changes is twice that of the values
    assert row[k.SE] == pytest.approx(np.sqrt((change["t"].var(ddof=1) + change["v"].var(ddof=1)) / 4))
    assert row["df"] == 6
    assert row[["n_subjects_reference", "n_subjects_group"]].tolist() == [4, 4]
    with pytest.raises(SheetError, match=r"expected covariates that differ within `arm`, found `~ arm \* time`"):
        _run(features, sheet, formula="~ arm * time", paired="subject")  # arms differ between blocks only
    with pytest.raises(SheetError, match="or `paired: subject`, found several of `time`"):
        _run(features, sheet, formula="~ arm * time")
    with pytest.raises(SheetError, match=r"expected one of arm\[t\], time"):
        _run(features, sheet, formula="~ arm * time", paired="subject", coefficient="arm[x]")
