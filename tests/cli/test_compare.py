"""`tumint compare` on tables as users have them, long and wide; what it says at its end and where it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tumint.cli import main


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Twelve mice of two samples each, in `sheet.csv`; the features of every sample, wide."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    rows = [(f"S{m}{i}", f"M{m}", "vt"[m % 2], f"T{m // 2}", 8 + m) for m in range(12) for i in range(2)]
    sheet = pd.DataFrame(rows, columns=["sample", "mouse", "arm", "litter", "weeks"])
    sheet.to_csv("sheet.csv", index=False)
    wide = sheet[["sample", "weeks"]].copy()
    wide["CD8 density"] = rng.normal(10, 1, 24) + 6 * (sheet["arm"] == "t")
    wide["tumour share"] = rng.normal(0, 1, 24)
    wide["slide"] = "a"
    return wide


def _compare(*more: str, features: str = "f.csv", out: str = "o.csv", sheet: str = "sheet.csv") -> int:
    asked = ["--samples", sheet, "--subject", "mouse", "--group", "arm", "--reference", "v", "-o", out]
    return main(["compare", features, *asked, "--overwrite", *more])


def test_wide_and_long_give_the_t_test_of_the_means_of_mice(study, capsys) -> None:
    study.to_csv("f.csv", index=False)
    assert _compare() == 0
    said = capsys.readouterr()
    assert said.err == "tumint: f.csv: no numbers, so no features: slide\n"
    table = pd.read_csv("o.csv").set_index("feature")
    assert set(table.index) == {"CD8 density", "tumour share"}  # `weeks` is a column of the sheet
    means = study.groupby(study["sample"].str[:-1])["CD8 density"].mean()
    arm = means.index.str[1:].astype(int) % 2
    assert table.loc["CD8 density", "effect"] == pytest.approx(means[arm == 1].mean() - means[arm == 0].mean())
    assert table.loc["CD8 density", "q"] < 1e-4
    last = said.out.splitlines()[-1]
    assert last.startswith(
        "compare: 2 rows in o.csv; 12 subjects used, none lost; strongest of 1: CD8 density (feature)"
    )
    long = study.drop(columns=["slide", "weeks"]).melt("sample", var_name="feature")
    long.to_csv("long.csv", index=False)
    assert _compare(features="long.csv", out="l.csv") == 0
    pd.testing.assert_frame_equal(pd.read_csv("l.csv").set_index("feature").loc[table.index], table)
    long.rename(columns={"sample": "image"}).to_parquet("long.parquet")
    assert _compare("--sample", "image", features="long.parquet", out="p.csv") == 0
    pd.testing.assert_frame_equal(pd.read_csv("p.csv"), pd.read_csv("l.csv"))


def test_without_a_prior_it_is_students_t(study) -> None:
    study[["sample", "tumour share"]].to_csv("f.csv", index=False)
    assert _compare() == 0
    row = pd.read_csv("o.csv").iloc[0]
    means = study.groupby(study["sample"].str[:-1])["tumour share"].mean()
    arm = means.index.str[1:].astype(int) % 2
    assert row["p"] == pytest.approx(stats.ttest_ind(means[arm == 1], means[arm == 0]).pvalue, rel=1e-6)


def test_families_weights_and_empty_values_of_a_long_table(study) -> None:
    long = study.drop(columns=["slide", "weeks"]).melt("sample", var_name="feature")
    long["family"] = np.where(long["feature"] == "CD8 density", "density", "share")
    long["n"] = np.where(long["sample"].str.endswith("1"), 3, 1)
    long.loc[(long["sample"] == "S00") & (long["family"] == "share"), "value"] = np.nan
    long.to_csv("f.csv", index=False)
    assert _compare() == 0
    table = pd.read_csv("o.csv").set_index("feature")
    assert table["n_samples"].to_dict() == {"CD8 density": 24, "tumour share": 23}
    part = long[long["feature"] == "CD8 density"]
    means = (part["value"] * part["n"]).groupby(part["sample"].str[:-1]).sum() / 4
    arm = means.index.str[1:].astype(int) % 2
    assert table.loc["CD8 density", "effect"] == pytest.approx(means[arm == 1].mean() - means[arm == 0].mean())
    table = table.reset_index().set_index("family")
    assert (table["q"] == table["p"]).all()  # each alone in its family


def test_what_is_lost_is_said_with_its_reason(study, capsys) -> None:
    sheet = pd.read_csv("sheet.csv")
    sheet.loc[sheet["mouse"] == "M0", "arm"] = ""
    sheet.to_csv("sheet.csv", index=False)
    study.loc[
        study["sample"].str.startswith("S1") & (study["sample"].str.len() == 3), ["CD8 density", "tumour share"]
    ] = np.nan
    study[~study["sample"].isin(["S20", "S21"])].to_csv("f.csv", index=False)
    assert _compare() == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert (
        "9 subjects used, 3 lost (M0: `arm` is empty; M1: no value in any feature; M2: no row in the features)" in last
    )


def test_nothing_found_and_no_p_are_said(study, capsys) -> None:
    study[["sample", "tumour share"]].to_csv("f.csv", index=False)
    assert _compare() == 0
    assert "nothing differs at q < 0.1 among 1 tested (smallest q = " in capsys.readouterr().out.splitlines()[-1]
    assert _compare("--min-subjects", "7") == 0
    assert "; no p: 6 subjects in group `v` and 6 subjects in group `t`: fewer than the 7" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            pd.DataFrame({"image": ["S00"], "x": [1.0]}),
            "expected `sample` (`--sample COL` names it) with a numeric column",
        ),
        (pd.DataFrame({"sample": ["S00"], "slide": ["a"]}), "f.csv header: expected `sample` (`--sample COL`"),
        (
            pd.DataFrame({"sample": ["S00", "S00"], "x": [1.0, 2]}),
            "expected one row per `sample`, or the columns `sample`",
        ),
        (pd.DataFrame({"sample": ["Q1"], "x": [1.0]}), "f.csv: expected only samples of sheet.csv, found Q1."),
        (pd.DataFrame({"sample": ["S00"], "value": [1.0]}), "expected `sample` (`--sample COL` names it)"),
        (pd.DataFrame({"sample": ["S00"], "feature": ["a"], "value": ["high"]}), "column `value`: expected a number"),
    ],
)
def test_what_is_no_feature_table_is_one_line(study, table: pd.DataFrame, said: str, capsys) -> None:
    table.to_csv("f.csv", index=False)
    assert _compare() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_subjects_in_both_groups_are_one_line_that_names_paired(study, capsys) -> None:
    sheet = pd.read_csv("sheet.csv").assign(arm=lambda t: ["v", "t"] * 12)
    sheet.to_csv("sheet.csv", index=False)
    study.to_csv("f.csv", index=False)
    assert _compare() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        "tumint: sheet.csv: expected one value of `arm` per subject, or `--paired` with the subject's column where "
        "subjects are in both groups, found v, t in 12 subjects (M0, M1, M2 and 9 more)."
    )
    assert _compare("--paired", "mouse") == 0
    assert pd.read_csv("o.csv")["n_subjects_group"].tolist() == [12, 12]


def test_one_contrast_that_cannot_be_made_leaves_the_others(study, capsys) -> None:
    """Weeks cannot be told from the group where the third arm is at one age alone."""
    sheet = pd.read_csv("sheet.csv").astype({"weeks": str})
    sheet.loc[sheet["mouse"].isin(["M8", "M9", "M10", "M11"]), ["arm", "weeks"]] = ["c", "old"]
    sheet["weeks"] = np.where(
        sheet["weeks"] == "old", "old", np.where(sheet["mouse"].isin(["M0", "M1", "M2"]), "a", "b")
    )
    sheet.to_csv("sheet.csv", index=False)
    study.to_csv("f.csv", index=False)
    assert _compare("--adjust", "weeks") == 0
    out = capsys.readouterr().out
    assert "c_vs_v: not compared; contrast c_vs_v: expected covariates that differ within `arm`" in out
    assert set(pd.read_csv("o.csv")["contrast"]) == {"t_vs_v"}


def test_help_states_the_contract(capsys) -> None:
    with pytest.raises(SystemExit):
        main(["compare", "--help"])
    said = capsys.readouterr().out
    for words in (
        "wide    a row per sample",
        "`sample`, `feature`, `value`",
        "what `tumint score` wrote",
        "--paired",
        "ci_low",
    ):
        assert words in said


def test_only_the_tests_that_are_asked_for_fill_their_columns(study) -> None:
    study.to_csv("f.csv", index=False)
    columns = {"mixed": ["p_mixed"], "permutation": ["p_permutation", "p_maxt"]}
    assert _compare(out="all.csv") == 0
    whole = pd.read_csv("all.csv")
    for beside, filled in (("none", []), ("mixed", ["mixed"]), ("permutation", ["permutation"]), ("both", [*columns])):
        assert _compare("--beside", beside, out="o.csv") == 0
        table = pd.read_csv("o.csv")
        empty = [name for test, names in columns.items() if test not in filled for name in names]
        assert table[empty].isna().all(axis=None)
        pd.testing.assert_frame_equal(table.drop(columns=empty), whole.drop(columns=empty))
    assert _compare("--method", "mixed", "--beside", "none") == 0
    table = pd.read_csv("o.csv")
    pd.testing.assert_series_equal(table["p"], whole["p_mixed"], check_names=False)
    assert table["p_permutation"].isna().all()
