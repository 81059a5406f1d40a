"""A contrast that cannot be computed on the features there are is reported; the others stand, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tumint import keys as k
from tumint.config.model import StageParams
from tumint.io.contracts import EFFECTS, FEATURES
from tumint.io.tables import read_table, write_table
from tumint.response import stage

GOOD = {"name": "good", "column": "arm", "reference": "v", "group": "t"}
# known only once there are features: preflight cannot refuse these
BAD = {
    "no such feature": {"subset": [{"feature": "a|nowhere", "family": "density", "quantile": 0.5, "keep": "high"}]},
    "a level that the features leave out": {
        "formula": "~ arm + batch",
        "subset": [{"feature": "a|t0", "family": "density", "quantile": 0.5, "keep": "high"}],
    },
}


@pytest.fixture
def written(cohort, tmp_path: Path) -> Path:
    """Features and sheet; above the median of `a|t0` only the arm `t` is left."""
    sheet, features = cohort({"v": 4, "t": 4}, n_features=4)
    subjects = {name: i for i, name in enumerate(sheet[k.SUBJECT].unique())}
    sheet = sheet.assign(batch=[str(subjects[s] % 2) for s in sheet[k.SUBJECT]])
    high = features[k.SAMPLE].map(sheet.set_index(k.SAMPLE)["arm"]) == "t"
    first = features[k.FEATURE] == "a|t0"
    features.loc[first, k.VALUE] += 100.0 * high[first]
    sheet.to_csv(tmp_path / "s.tsv", sep="\t", index=False)
    write_table(features, tmp_path / "f.parquet", FEATURES)
    return tmp_path


def _run(folder: Path, name: str, *contrasts: dict[str, object]) -> Path:
    params = StageParams.model_validate({"response": {"contrasts": list(contrasts)}})
    stage.run(params, folder / "f.parquet", folder / "s.tsv", folder / name)
    return folder / name


@pytest.mark.parametrize("what", BAD)
def test_the_others_stand_and_the_bad_one_has_its_reason(
    written: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = read_table(_run(written, "alone", GOOD) / "effects.parquet", EFFECTS)
    bad = {**GOOD, "name": "bad", **BAD[what]}
    both = _run(written, "both", bad, GOOD)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("tumint: bad is not compared, the others are: contrast bad: ")
    pd.testing.assert_frame_equal(read_table(both / "effects.parquet", EFFECTS), alone)
    facts = json.loads((both / "effects.json").read_text(encoding="utf-8"))["contrasts"]
    assert [one["name"] for one in facts] == ["bad", "good"]
    assert facts[0]["reason"].startswith("contrast bad: ")
    assert facts[0]["findings"] == []
    assert facts[0]["prediction"]["reason"] == facts[0]["reason"]
    assert facts[1]["reason"] == ""


def test_a_bad_contrast_alone_still_leaves_tables_for_the_reports(written: Path) -> None:
    out = _run(written, "bad", {**GOOD, "name": "bad", **BAD["no such feature"]})
    assert read_table(out / "effects.parquet", EFFECTS).empty
    assert len(read_table(out / "subjects.parquet")) > 0
