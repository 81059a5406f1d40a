"""Prediction: found where there is something, nothing where there is not, refused where groups are small."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tumint import keys as k
from tumint.config.model import StageParams
from tumint.io.contracts import FEATURES, PREDICTION
from tumint.io.tables import read_table, write_table
from tumint.response import stage
from tumint.response.models.discriminant import _leave_one_out, auc, predict

RNG = np.random.default_rng


def test_auc_equals_sklearn_with_ties() -> None:
    scores, group = np.round(RNG(0).normal(size=(3, 30)), 1), RNG(1).uniform(size=30) < 0.4
    want = [roc_auc_score(group, row) for row in scores]
    got = auc(scores[None], group[None].astype(float), 1.0 - group[None])
    np.testing.assert_allclose(got[0], want)


def test_a_strong_difference_is_foretold_and_named() -> None:
    group = np.arange(14) < 7
    Y = RNG(2).normal(size=(40, 14))
    Y[5, group] += 5
    Y[6, 0] = np.nan
    got = predict(Y, group, 30, RNG(0))
    assert got.auc == 1.0
    assert got.p == pytest.approx(1 / 31)
    assert got.n_features == 39
    assert got.chosen[5] == 14
    assert (got.scores[group] > 0).all()
    again = predict(Y, group, 30, RNG(0))
    np.testing.assert_array_equal(got.scores, again.scores)


def test_no_difference_gives_no_prediction_although_features_outnumber_subjects() -> None:
    group = np.arange(12) < 6
    p = [predict(RNG(seed).normal(size=(30, 12)), group, 20, RNG(seed)).p for seed in range(10)]
    assert np.mean(p) == pytest.approx(0.5, abs=0.2)
    assert np.mean(np.array(p) < 0.1) < 0.3


def test_the_left_out_subject_teaches_nothing() -> None:
    group = np.arange(12) < 6
    Y = RNG(3).normal(size=(20, 12))
    first = predict(Y, group, 20, RNG(0)).scores
    changed = Y.copy()
    changed[:, 4] = 0.0  # its own score changes; what the others would say of it cannot depend on its group
    other = group.copy()
    other[4] = False
    rest = np.arange(12) != 4
    assert not np.allclose(first[rest], predict(changed, group, 20, RNG(0)).scores[rest])
    scores, _ = _leave_one_out(Y.T, np.vstack([group, other]))
    assert scores[0, 4] == scores[1, 4]
    assert scores[0, 5] != scores[1, 5]


def test_groupings_are_scored_one_by_one() -> None:
    Y, groups = RNG(5).normal(size=(45, 13)), np.stack([RNG(s).permutation(np.arange(13) < 6) for s in range(4)])
    together, _ = _leave_one_out(Y.T, groups)
    for row, group in zip(together, groups, strict=True):
        np.testing.assert_allclose(_leave_one_out(Y.T, group[None])[0][0], row, rtol=1e-9)


def test_small_groups_are_refused() -> None:
    got = predict(RNG(4).normal(size=(5, 13)), np.arange(13) < 5, 20, RNG(0))
    assert got.reason == "5 subjects in the smaller group: prediction asks for at least 6 in each"
    assert np.isnan(got.auc)


def test_stage_writes_scores_and_says_why_not(cohort, tmp_path: Path) -> None:
    sheet, features = cohort({"v": 6, "t": 6}, shift=5.0, rois=1)
    sheet["age"] = [str(10 + i) for i in range(12)]
    sheet.to_csv(tmp_path / "s.tsv", sep="\t", index=False)
    write_table(features, tmp_path / "f.parquet", FEATURES)
    common = {"column": "arm", "reference": "v", "group": "t"}
    contrasts = [{"name": "plain", **common}, {"name": "adjusted", "adjust": ["age"], **common}]
    response = {"contrasts": contrasts, "prediction": {"permutations": 20}}
    stage.run(StageParams(response=response), tmp_path / "f.parquet", tmp_path / "s.tsv", tmp_path)  # type: ignore[arg-type]
    scores = read_table(tmp_path / "prediction.parquet", PREDICTION)
    assert set(scores["contrast"]) == {"plain"}
    assert scores.groupby("is_group")["score"].mean().diff().iloc[-1] > 1
    plain, adjusted = (c["prediction"] for c in json.loads((tmp_path / "effects.json").read_text())["contrasts"])
    assert plain["auc"] == 1.0
    assert plain["chosen"][0][k.FEATURE] in {"a|t0", "a|t1", "a|t2"}
    assert adjusted["auc"] is None
    assert adjusted["reason"] == "a prediction neither adjusts for covariates nor knows pairs"
