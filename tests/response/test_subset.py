"""Conditions on the samples of a contrast, and what is said of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tumint import keys as k
from tumint.config.model import StageParams
from tumint.io.contracts import EFFECTS_ALL, FEATURES, SUBJECTS
from tumint.io.tables import read_table, write_table
from tumint.response import stage


def _run(cohort, folder: Path, *conditions: object):
    sheet, features = cohort({"v": 4, "t": 4, "other": 2}, n_features=4)
    sheet["region"] = np.resize(["core", "rim", "core"], len(sheet))
    sheet.to_csv(folder / "s.tsv", sep="\t", index=False)
    write_table(features, folder / "f.parquet", FEATURES)
    contrast = {"name": "c", "column": "arm", "reference": "v", "group": "t", "subset": list(conditions)}
    params = StageParams.model_validate({"response": {"contrasts": [contrast]}})
    stage.run(params, folder / "f.parquet", folder / "s.tsv", folder)
    said = json.loads((folder / "effects.json").read_text())["contrasts"][0]["subset"]
    return sheet, features, read_table(folder / "effects.parquet", EFFECTS_ALL).set_index(k.FEATURE), said


def test_only_some_values_of_a_column(cohort, tmp_path: Path) -> None:
    _, _, effects, said = _run(cohort, tmp_path, {"column": "region", "values": ["core"]})
    assert set(effects["n_samples"]) == {16}
    assert said[0]["samples"] == {"v": 8, "t": 8}
    assert said[0]["subjects"] == {"v": 4, "t": 4}


def test_subjects_of_a_subset_have_values_of_their_own(cohort, tmp_path: Path) -> None:
    sheet, features, effects, _ = _run(cohort, tmp_path, {"column": "region", "values": ["core"]})
    values = read_table(tmp_path / "subjects.parquet", SUBJECTS)
    assert values.groupby("contrast")[k.SUBJECT].nunique().to_dict() == {"": 10, "c": 8}
    kept = set(sheet.loc[(sheet["region"] == "core") & (sheet[k.SUBJECT] == "t0"), k.SAMPLE])
    mine = features[(features[k.FEATURE] == "a|t0") & features[k.SAMPLE].isin(kept)]
    of_t0 = values[(values[k.SUBJECT] == "t0") & (values[k.FEATURE] == "a|t0")].set_index("contrast")[k.VALUE]
    assert of_t0["c"] == pytest.approx(mine[k.VALUE].mean())
    assert of_t0["c"] != pytest.approx(of_t0[""])
    own = values[(values["contrast"] == "c") & (values[k.FEATURE] == "a|t0")].set_index(k.SUBJECT)[k.VALUE]
    difference = own[own.index.str[0] == "t"].mean() - own[own.index.str[0] == "v"].mean()
    assert effects.loc["a|t0", "effect"] == pytest.approx(difference)
    said = json.loads((tmp_path / "effects.json").read_text())["contrasts"][0]["unit_of_sample"]
    assert kept <= set(said)
    assert len(said) == ((sheet["region"] == "core") & (sheet["arm"] != "other")).sum()


def test_only_samples_rich_in_something(cohort, tmp_path: Path) -> None:
    condition = {"feature": "a|t3", "family": k.FAMILY_DENSITY, "quantile": 0.75}
    sheet, features, effects, said = _run(cohort, tmp_path, condition)
    compared = set(sheet.loc[sheet["arm"] != "other", k.SAMPLE])
    mine = features[(features[k.FEATURE] == "a|t3") & features[k.SAMPLE].isin(compared)]
    bound = np.quantile(mine[k.VALUE], 0.75)
    kept = mine[mine[k.VALUE] >= bound]
    assert said[0]["bound"] == pytest.approx(bound)
    assert sum(said[0]["samples"].values()) == len(kept) == 6 == effects.loc["a|t0", "n_samples"]
    assert sum(said[0]["subjects"].values()) == kept[k.SAMPLE].str[:2].nunique()


def test_a_condition_that_cannot_be_met_is_named(cohort, tmp_path: Path) -> None:
    def reason(*conditions: dict[str, object]) -> str:
        _run(cohort, tmp_path, *conditions)
        return json.loads((tmp_path / "effects.json").read_text())["contrasts"][0]["reason"]

    assert "contrast c: `subset.0`: expected a feature of the family `composition`" in reason({"feature": "CD8"})
    left = reason({"column": "region", "values": ["edge"]})
    assert "expected a condition that some sample meets, found no sample left" in left
    drug = reason({"column": "region", "values": ["rim"]}, {"column": "drug", "values": ["x"]})
    assert "`subset.1`: expected a column of" in drug
    assert drug.endswith("found `drug`")
