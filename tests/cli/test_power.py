"""`tumint power` says what `tumint.power` gives, of numbers, of a pilot and of a folder of results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tumint
from tumint.cli import main
from tumint.config.model import StageParams
from tumint.config.response import ResponseConfig
from tumint.io.contracts import FEATURES
from tumint.io.tables import write_table
from tumint.response import stage


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Features of eight mice with three ROIs in two families, and their sheet, as files of the working folder."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    rows = [(f"S{m}{i}", f"M{m}", "vt"[m % 2]) for m in range(8) for i in range(3)]
    sheet = pd.DataFrame(rows, columns=["sample", "subject", "arm"])
    sheet.to_csv("sheet.tsv", sep="\t", index=False)
    animal = np.repeat(rng.normal(0, 0.4, (8, 6)), 3, axis=0)
    values = pd.DataFrame(animal + rng.normal(0, 0.3, (24, 6)), columns=list("abcdef")).assign(sample=sheet["sample"])
    long = values.melt("sample", var_name="feature").assign(se=np.nan, weight=1.0, n=50, status="tested")
    long["family"] = np.where(long["feature"].isin(["a", "b"]), "composition", "marker")
    table = long[list(FEATURES.columns)].assign(n=long["n"].astype(np.int64))
    table.to_csv("features.csv", index=False)
    return table, sheet


@pytest.fixture
def results(study) -> Path:
    """What the response stage writes of them."""
    folder = Path("results")
    (folder / "neighbourhood").mkdir(parents=True)
    write_table(study[0], folder / "neighbourhood" / "features.parquet", FEATURES)
    contrast = {"name": "t_vs_v", "column": "arm", "reference": "v", "group": "t"}
    config = ResponseConfig.model_validate({"contrasts": [contrast], "prediction": {"enabled": False}})
    params = StageParams.model_construct(response=config, seed=0, exclude={})
    stage.run(params, folder / "neighbourhood" / "features.parquet", Path("sheet.tsv"), folder / "response")
    return folder


def said(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert main(["power", *words]) == 0
    return capsys.readouterr().out.replace("\xa0", " ").splitlines()


def test_numbers_are_a_sentence(capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    numbers = ["--sd-between", "0.4", "--sd-within", "0.3"]
    assert said(capsys, "--effect", "0.5", *numbers, "--rois", "4") == [
        "13 animals per arm with 4 ROIs each find an effect of 0.5 with a power of 80.0 % "
        "(sd of an animal's mean 0.427).",
        "Where an animal costs as much as 10 ROIs, 2 ROIs per animal cost least for the same power.",
    ]
    assert said(capsys, "--subjects", "8", "16", "--sd-between", "0.4", "--tests", "100") == [
        "8 animals of the reference and 16 of the group find an effect of 0.869 with a power of 80.0 % "
        "(sd of an animal's mean 0.400).",
        "Each of 100 tests is held to p < 0.0005 (Bonferroni): enough under Benjamini-Hochberg too.",
    ]
    lines = said(capsys, "--effect", "0.5", *numbers, "--rois", "1", "4", "--correlation", "0.5", "-o", "o.csv")
    assert [line.split(" find")[0] for line in lines[:2]] == ["13 pairs with 1 ROI each", "9 pairs with 4 ROIs each"]
    assert lines[-1] == "power: the table is o.csv"
    written = pd.read_csv("o.csv")
    ours = tumint.power(effect=0.5, sd_between=0.4, sd_within=0.3, n_rois=[1, 4], correlation=0.5)
    pd.testing.assert_frame_equal(written[["sd", "n_reference"]], ours[["sd", "n_reference"]])
    shared = said(
        capsys, "--effect", "1", "--sd-between", "1", "--tests", "200", "--true-share", "0.1", "--alpha", "0.1"
    )
    assert shared[-1].startswith(
        "Benjamini-Hochberg at 0.1: where 10.0 % of 200 tests have such an effect, each is held"
    )


def test_a_pilot_is_a_line_for_each_family(study, capsys) -> None:
    pilot = ["features.csv", "--samples", "sheet.tsv", "--subject", "subject", "--group", "arm"]
    lines = said(capsys, *pilot, "--effect", "0.7", "--rois", "2", "6", "-o", "o.parquet")
    assert (
        lines[0] == "Pilot: 8 animals, 24 ROIs. Animals per arm for an effect of 0.7 with a power of 80.0 %, p < 0.05:"
    )
    assert [line.split(":")[0] for line in lines[1:5]] == [
        "  composition, 2 features, a ratio of 2.01, 2 ROIs each",
        "  composition, 2 features, a ratio of 2.01, 6 ROIs each",
        "  marker, 4 features, a ratio of 2.01, 2 ROIs each",
        "  marker, 4 features, a ratio of 2.01, 6 ROIs each",
    ]
    ours = tumint.power(study[0], study[1], effect=0.7, n_rois=[2, 6], subject="subject", group="arm")
    written = pd.read_parquet("o.parquet")
    pd.testing.assert_frame_equal(written, ours, check_dtype=False)
    half = ours[(ours["kind"] == "median") & (ours["family"] == "marker")].iloc[0]
    assert f": {int(half['n_reference'])} for half of them," in lines[3]
    effects = said(capsys, *pilot, "--subjects", "6", "--family", "composition")
    assert effects[0].endswith("Effect that 6 animals per arm find with a power of 80.0 %, p < 0.05:")
    assert "×) for half of them" in effects[1]  # log odds are also told as a ratio
    both = said(capsys, *pilot, "--subjects", "6", "--effect", "1", "--family", "marker")
    assert both[0].endswith("Power of 6 animals per arm for an effect of 1:")
    assert len(both) == 2


def test_finished_results_say_what_their_features_say(study, results, capsys) -> None:
    of_features = tumint.power(study[0], study[1], effect=0.7, n_rois=2, subject="subject", group="arm")
    of_results = tumint.power(results, effect=0.7, n_rois=2)
    pd.testing.assert_frame_equal(of_results, of_features, check_dtype=False, rtol=1e-6)
    by_table = said(capsys, str(results), "--effect", "0.7", "--rois", "2")
    sheet = ["--samples", "sheet.tsv", "--subject", "subject", "--group", "arm"]
    assert said(capsys, str(results), *sheet, "--effect", "0.7", "--rois", "2") == by_table


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ([], "--effect, --subjects, --power: expected --effect or --subjects, or both, found neither of the two."),
        (["--effect", "1"], "--sd-between: expected the sd between animals, or a pilot that says it, found neither."),
        (["features.csv", "--effect", "1"], "--samples: expected the sheet of features.csv, found none."),
        (["no.csv", "--effect", "1", "--samples", "sheet.tsv", "--subject", "subject"], "no.csv"),
        ([".", "--effect", "1"], ".: expected results of a finished run, found no response/mixed.parquet in it."),
        (["results", "--effect", "1", "--group", "arm"], "--group: expected --samples beside it, found none."),
        (["results", "--effect", "1", "--contrast", "x"], "--contrast: expected one of t_vs_v, found `x`."),
        (["--effect", "1", "--sd-between", "1", "-o", "o.txt"], "--out: expected a name that ends in .parquet or .csv"),
        (["--effect", "1", "--sd-between", "1", "-o", "sheet.csv"], "-o: expected a new file, or --overwrite, found"),
    ],
)
def test_what_is_wrong_is_one_line(results, capsys, words, fault) -> None:
    Path("sheet.csv").write_text("mine\n")
    assert main(["power", *words]) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith(f"tumint: {fault}")
    assert len(told) == (2 if words[:1] in ([], ["features.csv"]) else 1)  # nor any sd; neither sheet nor subject
