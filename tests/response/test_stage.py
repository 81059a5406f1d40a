"""The stage and `tumint compare` from file to file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumint import cli
from tumint import keys as k
from tumint.config.model import StageParams
from tumint.errors import DataError, SheetError
from tumint.io.contracts import EFFECTS, EFFECTS_ALL, FEATURES, INFLUENCE, MIXED, POWER, SCORES, SUBJECTS
from tumint.io.tables import read_meta, read_table, write_table
from tumint.response import stage
from tumint.response.inputs import from_scores, is_symmetric, read_features

PARTS = (k.FAMILY_SHARED_DOMAIN, k.FAMILY_SHARED_REGION, k.FAMILY_CONTACT)


def _params(**contrast: object) -> StageParams:
    values = {"name": "t_vs_v", "column": "arm", "reference": "v", "group": "t", **contrast}
    return StageParams.model_validate({"response": {"contrasts": [values]}, "seed": 7})


@pytest.fixture
def files(cohort, tmp_path: Path) -> tuple[Path, Path]:
    sheet, features = cohort({"v": 4, "t": 4}, shift=4.0)
    sheet.to_csv(tmp_path / "samples.tsv", sep="\t", index=False)
    write_table(features, tmp_path / "features.parquet", FEATURES)
    return tmp_path / "features.parquet", tmp_path / "samples.tsv"


def test_stage_writes_three_files_the_same_bytes_each_time(files, tmp_path: Path) -> None:
    for name in ("one", "two"):
        stage.run(_params(), *files, tmp_path / name)
    for file in ("effects.parquet", "subjects.parquet", "effects.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    effects = read_table(tmp_path / "one" / "effects.parquet", EFFECTS_ALL)
    subjects = read_table(tmp_path / "one" / "subjects.parquet", SUBJECTS)
    assert list(effects.columns) == list(EFFECTS_ALL.columns)
    assert len(subjects) == 8 * 12
    assert read_meta(tmp_path / "one" / "effects.parquet")["params"]["seed"] == 7
    summary = json.loads((tmp_path / "one" / "effects.json").read_text(encoding="utf-8"))
    (contrast,) = summary["contrasts"]
    assert contrast["subjects"] == {"v": ["v0", "v1", "v2", "v3"], "t": ["t0", "t1", "t2", "t3"]}
    assert contrast["permutation"]["smallest_p"] == pytest.approx(2 / 70)
    (family,) = contrast["families"]
    assert (family["n_features"], family["n_tested"]) == (12, 12)
    assert family["n_significant"] == (effects["q"] < 0.1).sum() == len(contrast["findings"])
    assert contrast["findings"][0]["q"] == effects["q"].min()
    assert contrast["findings"][0]["sign_kept"] is True
    for contract in (MIXED, POWER, INFLUENCE):
        assert len(read_table(tmp_path / "one" / f"{contract.name}.parquet", contract)) == 12
    assert family["detectable"] < family["detectable_alone"]


def test_contrasts_with_and_without_a_test_stand_in_one_table(cohort, tmp_path: Path) -> None:
    sheet, features = cohort({"v": 3, "t": 3, "one": 1})
    sheet.to_csv(tmp_path / "s.tsv", sep="\t", index=False)
    write_table(features, tmp_path / "f.parquet", FEATURES)
    common = {"column": "arm", "reference": "v"}
    contrasts = [{"name": "few", "group": "one", **common}, {"name": "enough", "group": "t", **common}]
    params = StageParams.model_validate({"response": {"contrasts": contrasts}})
    stage.run(params, tmp_path / "f.parquet", tmp_path / "s.tsv", tmp_path)
    effects = read_table(tmp_path / "effects.parquet", EFFECTS)
    assert effects.groupby("contrast")["p"].count().to_dict() == {"enough": 12, "few": 0}
    assert set(read_table(tmp_path / "power.parquet", POWER)["contrast"]) == {"enough"}
    few, enough = json.loads((tmp_path / "effects.json").read_text())["contrasts"]
    assert few["families"][0]["reasons"] == {few["reason"]: 12}
    assert few["families"][0]["detectable"] is None
    assert enough["reason"] == ""


def test_sheet_and_features_must_belong_together(files, tmp_path: Path) -> None:
    features, sheet = files
    lines = sheet.read_text().splitlines()
    sheet.write_text("\n".join(lines[:-2]) + "\n")
    with pytest.raises(DataError, match=r"expected only samples of .*, found t3_R1 and t3_R2\."):
        stage.run(_params(), features, sheet, tmp_path)
    sheet.write_text("\n".join([*lines, "extra\tt9\tt"]) + "\n")
    stage.run(_params(), features, sheet, tmp_path)
    assert json.loads((tmp_path / "effects.json").read_text())["samples_without_features"] == ["extra"]
    with pytest.raises(SheetError, match=r"expected a column of .*, found `age`"):
        stage.run(_params(adjust=["age"]), features, sheet, tmp_path)


def _scores(symmetric: bool) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = []
    for sample in (f"{arm}{i}" for arm in "vt" for i in range(3)):
        counts: dict[tuple[str, str], float] = {}
        for a in "AB":
            for b in "AB":
                mirror = counts.get((b, a)) if symmetric else None
                counts[a, b] = rng.integers(20, 60) if mirror is None else mirror
                enrichment = np.log2((counts[a, b] + 0.5) / 30.5)
                rows.append((sample, a, b, 50, 50, counts[a, b], 30.0, 5.0, 0.0, enrichment, 0.2, 0.5, 0.5, "normal"))
    columns = list(SCORES.columns)
    table = pd.DataFrame(rows, columns=columns[: columns.index("status")])
    odds = table["log2_enrichment"] * 0.7
    return table.assign(
        **{"status": "tested", "log_odds": odds, "log_odds_se": 0.2, "information": 30.0},
        **{"direct_log_odds": odds, "direct_se": 0.2, "direct_information": 25.0, "expected_global": 20.0},
        **{"log2_domain": 0.0, "log2_region": np.log2(30.5 / 20.5), "log2_contact": table["log2_enrichment"]},
    )


def test_scores_become_features_and_mirrors_count_once() -> None:
    assert is_symmetric(_scores(True))
    both = from_scores(_scores(True), "scores")
    assert sorted(both[k.FEATURE].unique()) == ["A|A", "A|B", "B|B"]
    odds = {k.FAMILY_INTERACTION, k.FAMILY_PAIRWISE}
    assert set(both[k.FAMILY]) == {*odds, k.FAMILY_TOTAL, *PARTS}
    weights = {k.FAMILY_INTERACTION: 25, k.FAMILY_PAIRWISE: 30, k.FAMILY_TOTAL: 20, k.FAMILY_CONTACT: 30}
    for family, weight in weights.items():
        assert both.loc[both[k.FAMILY] == family, k.WEIGHT].to_numpy() == pytest.approx(weight)
    directed = from_scores(_scores(False), "scores")
    counts = directed[directed[k.FAMILY] == k.FAMILY_CONTACT]
    assert sorted(counts[k.FEATURE].unique()) == ["A|A", "A|B", "B|A", "B|B"]
    # an odds ratio is of two types, whichever is called the source
    assert sorted(directed.loc[directed[k.FAMILY] == k.FAMILY_INTERACTION, k.FEATURE].unique()) == ["A|A", "A|B", "B|B"]
    rates = _scores(True).assign(observed=lambda t: t["observed"] / 50, expected=0.6)
    assert set(from_scores(rates, "scores")[k.FAMILY]) == {*odds, "interaction_mean"}


def test_compare_on_scores_in_csv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _scores(True).to_csv(tmp_path / "scores.csv", index=False)
    sheet = pd.DataFrame({"sample": [f"{a}{i}" for a in "vt" for i in range(3)]})
    sheet = sheet.assign(mouse="m" + sheet["sample"], arm=sheet["sample"].str[0])
    sheet.to_csv(tmp_path / "sheet.csv", index=False)
    common = ["compare", str(tmp_path / "scores.csv"), "--samples", str(tmp_path / "sheet.csv")]
    common += ["--subject", "mouse", "--group", "arm"]
    assert cli.main([*common, "--reference", "v", "-o", str(tmp_path / "out.csv")]) == 0
    assert capsys.readouterr().out.startswith("t_vs_v: 18 features, 12 tested, ")
    assert cli.main([*common, "--reference", "v", "-o", str(tmp_path / "out.parquet")]) == 0
    csv, parquet = pd.read_csv(tmp_path / "out.csv"), read_table(tmp_path / "out.parquet", EFFECTS)
    assert list(csv.columns) == list(EFFECTS.columns)
    np.testing.assert_allclose(csv["p"], parquet["p"])
    assert parquet["p_permutation"].min() >= 0.1
    by_permutation = [*common, "--reference", "v", "--method", "permutation", "-o", str(tmp_path / "perm.parquet")]
    assert cli.main(by_permutation) == 0
    permuted = read_table(tmp_path / "perm.parquet", EFFECTS)
    np.testing.assert_array_equal(permuted["p"], parquet["p_permutation"])


def test_compare_takes_every_level_against_the_reference(cohort, tmp_path: Path) -> None:
    sheet, features = cohort({"v": 3, "t": 3, "c d": 3}, n_features=4)
    sheet["sample"] = sheet["sample"].str.replace(" ", "")
    features["sample"] = features["sample"].str.replace(" ", "")
    sheet.to_csv(tmp_path / "s.csv", index=False)
    features.to_csv(tmp_path / "f.csv", index=False)
    arguments = ["compare", str(tmp_path / "f.csv"), "--samples", str(tmp_path / "s.csv"), "--subject", "subject"]
    arguments += ["--group", "arm", "--reference", "v", "-o", str(tmp_path / "o.parquet")]
    assert cli.main(arguments) == 0
    assert read_table(tmp_path / "o.parquet", EFFECTS)["contrast"].unique().tolist() == ["t_vs_v", "c_d_vs_v"]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (["--group", "drug"], "--group: expected a column of {sheet}, found `drug`."),
        (["--subject", "mouse"], "{sheet} header: expected a column `mouse`, found sample, subject, arm."),
        (["--reference", "x"], "--reference: expected one of v, t, found `x`."),
        (["--family", "niche"], "--family: expected one of density, found niche."),
        (["--out", "x.xlsx"], "--out: expected a name that ends in .parquet or .csv, found `x.xlsx`."),
        (["--min-subjects", "1"], "command line: key `min_subjects`: expected greater than or equal to 2, found `1`."),
        (["--group", "subject"], "--reference: expected one of v0"),
    ],
)
def test_compare_says_what_is_wrong_in_one_line(
    files, tmp_path: Path, change: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    features, sheet = files
    options = {"--subject": "subject", "--group": "arm", "--reference": "v", "--out": str(tmp_path / "o.csv")}
    options.update({change[0]: change[1]})
    flat = [word for pair in options.items() for word in pair]
    assert cli.main(["compare", str(features), "--samples", str(sheet), *flat]) == 2
    error = capsys.readouterr().err
    assert error.startswith("tumint: " + line.format(sheet=sheet))
    assert error.count("\n") == 1
    assert not (tmp_path / "o.csv").exists()


@pytest.mark.parametrize(
    ("options", "contrast", "response"),
    [
        (["--adjust", "age", "batch"], {"adjust": ["age", "batch"]}, {}),
        (["--paired", "litter"], {"paired": "litter"}, {}),
        (["--method", "mixed"], {}, {"method": "mixed"}),
        (["--min-subjects", "5"], {}, {"min_subjects": 5}),
    ],
)
def test_options_of_compare_mean_what_keys_of_the_config_mean(
    files, tmp_path: Path, options: list[str], contrast: dict[str, object], response: dict[str, object]
) -> None:
    features, sheet = files
    table = pd.read_csv(sheet, sep="\t", dtype=str)
    order = pd.factorize(table["subject"])[0]
    table = table.assign(age=(order * 7 % 5 + 6).astype(str), batch=order % 2, litter=order % 4)
    table.to_csv(sheet, sep="\t", index=False)
    common = ["compare", str(features), "--samples", str(sheet), "--subject", "subject", "--group", "arm"]
    assert cli.main([*common, "--reference", "v", *options, "-o", str(tmp_path / "o.parquet")]) == 0
    params = StageParams.model_validate(
        {"response": {"contrasts": [{**_params(**contrast).response.contrasts[0].model_dump()}], **response}}
    )
    stage.run(params, features, sheet, tmp_path)
    got, want = read_table(tmp_path / "o.parquet"), read_table(tmp_path / "effects.parquet")
    assert list(got.columns) == list(EFFECTS.columns)
    pd.testing.assert_frame_equal(got, want[list(EFFECTS.columns)])
    assert (got["p"].notna().all()) == ("--min-subjects" not in options)


def test_the_seed_of_compare_draws_the_permutations(cohort, tmp_path: Path) -> None:
    sheet, features = cohort({"v": 9, "t": 9}, n_features=3, rois=1)  # 48,620 assignments: a sample of them
    sheet.to_csv(tmp_path / "s.csv", index=False)
    write_table(features, tmp_path / "f.parquet", FEATURES)
    common = ["compare", str(tmp_path / "f.parquet"), "--samples", str(tmp_path / "s.csv"), "--subject", "subject"]
    common += ["--group", "arm", "--reference", "v"]
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert cli.main([*common, "--seed", seed, "-o", str(tmp_path / f"{name}.parquet")]) == 0
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    first, other = read_table(tmp_path / "a.parquet"), read_table(tmp_path / "c.parquet")
    assert (first["p_permutation"] != other["p_permutation"]).any()
    np.testing.assert_array_equal(first["p"], other["p"])


def test_text_in_a_number_column_is_named_with_its_row(tmp_path: Path, files) -> None:
    table = read_table(files[0]).astype({k.VALUE: object})
    table.loc[2, k.VALUE] = "high"
    table.to_csv(tmp_path / "f.csv", index=False)
    with pytest.raises(DataError, match=r"f.csv row 4 column `value`: expected a number, found `high`"):
        read_features(tmp_path / "f.csv")
