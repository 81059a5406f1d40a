"""The ready-made designs of docs/designs.md on a cohort with planted differences; contrasts of features; exclusions."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tumint import keys as k
from tumint.config.response import Difference, Named, Outcome, ResponseConfig
from tumint.errors import DataError
from tumint.response.derived import values_of, with_differences
from tumint.response.outcomes import relate
from tumint.response.stage import run_contrasts
from tumint.samples import check_excluded, without

PAGE = Path(__file__).parents[2] / "docs" / "designs.md"
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)]
RESPONSES = [block["response"] for block in BLOCKS if "response" in block]
CD8 = (k.FAMILY_COMPOSITION, "CD8 T cells")
NAMED = {
    CD8: (0.0, 2.0),  # effect of treatment; more of it in treated responders
    (k.FAMILY_INTERACTION, "CD8 T cells|Regulatory T cells"): (-2.0, 0.0),
    (k.FAMILY_INTERACTION, "CD8 T cells|Macrophages type 1"): (2.0, 0.0),
    (k.FAMILY_INTERACTION, "CD8 T cells|Macrophages type 2"): (0.0, 0.0),
    (k.FAMILY_MARKER, "Ki67 of Tumour cells"): (-2.0, 0.0),
    **{(k.FAMILY_MARKER, f"other {i}"): (0.0, 0.0) for i in range(10)},
}


@pytest.fixture(scope="module")
def cohort() -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(3)
    sheet, rows = [], []
    for arm in ("vehicle", "treated"):
        for i, response in enumerate(["responder", "non_responder"] * 5):
            mouse = f"{arm}{i}"
            both = arm == "treated" and response == "responder"
            animal = {key: rng.normal(0, 0.5) + (arm == "treated") * a + both * b for key, (a, b) in NAMED.items()}
            for roi in range(2):
                sheet.append((f"{mouse}_{roi}", mouse, arm, response, str(40 + i)))
                rows += [
                    (f"{mouse}_{roi}", *key, value + rng.normal(0, 0.3), 0.2, 50.0, 100, k.TESTED)
                    for key, value in animal.items()
                ]
    names = [k.SAMPLE, k.FAMILY, k.FEATURE, k.VALUE, k.SE, k.WEIGHT, k.N, k.STATUS]
    return (
        pd.DataFrame(sheet, columns=[k.SAMPLE, k.SUBJECT, "arm", "response", "age"], dtype=object),
        pd.DataFrame(rows, columns=names),
    )


def run(cohort: tuple[pd.DataFrame, pd.DataFrame], section: dict[str, object]) -> pd.DataFrame:
    sheet, features = cohort
    config = ResponseConfig(**section)
    features = with_differences(features, config)
    (result,) = run_contrasts(features, sheet, config, 0, features="f", sheet="s", beside=())
    assert not result.faults
    return result.effects.set_index([k.FAMILY, k.FEATURE])


def by_hand(cohort: tuple[pd.DataFrame, pd.DataFrame], key: tuple[str, str]) -> pd.DataFrame:
    sheet, features = cohort
    mine = features[(features[k.FAMILY] == key[0]) & (features[k.FEATURE] == key[1])]
    values = mine.merge(sheet, on=k.SAMPLE).groupby([k.SUBJECT, "arm", "response"])[k.VALUE].mean().reset_index()
    return values.pivot_table(index="arm", columns="response", values=k.VALUE)


def test_every_block_is_a_config_and_finds_what_was_planted(cohort) -> None:
    means = by_hand(cohort, CD8)
    among = means.loc["treated", "responder"] - means.loc["treated", "non_responder"]
    alike = means.loc["vehicle", "responder"] - means.loc["vehicle", "non_responder"]
    found = {i: run(cohort, section) for i, section in enumerate(RESPONSES) if section["contrasts"]}
    assert len(found) == 6
    assert [found[i].loc[CD8, "effect"] for i in (1, 2, 3)] == pytest.approx([among, among, among - alike])
    assert found[1].loc[CD8, "df"] < found[2].loc[CD8, "df"]  # all animals tell the variance
    assert (found[1].loc[CD8, ["n_subjects_group", "n_subjects_reference"]] == 5).all()
    assert all(found[i].loc[CD8, "q"] < 0.05 for i in (1, 2, 3))
    named = found[4]["q_primary"].dropna()
    assert len(named) == 3
    assert named[(k.FAMILY_MARKER, "Ki67 of Tumour cells")] < 0.01


def test_a_contrast_of_features_is_that_of_the_values_of_subjects(cohort) -> None:
    section = next(section for section in RESPONSES if "differences" in section)
    effects = run(cohort, section)
    row = effects.loc[(k.FAMILY_FEATURES, section["differences"][0]["name"])]
    keys = [(k.FAMILY_INTERACTION, f"CD8 T cells|Macrophages type {i}") for i in (1, 2)]
    one, two = (by_hand(cohort, key).mean(axis=1) for key in keys)
    assert row["effect"] == pytest.approx((one - two)["treated"] - (one - two)["vehicle"])
    assert row["p"] < 0.01


def test_units_of_both_features_are_natural_logarithms(cohort) -> None:
    sheet, features = cohort
    rows = features[features[k.FEATURE].isin(["CD8 T cells", "Ki67 of Tumour cells"])]
    rows = rows.assign(**{k.FAMILY: rows[k.FAMILY].replace(k.FAMILY_MARKER, k.FAMILY_POSITIVITY)})
    minus = Named(family=k.FAMILY_POSITIVITY, feature="Ki67 of Tumour cells")
    one = Difference(name="d", plus=Named(family=CD8[0], feature=CD8[1]), minus=minus)
    config = ResponseConfig(contrasts=[], differences=[one])
    values = values_of(with_differences(rows, config), sheet.set_index(k.SAMPLE)[k.SUBJECT], config)
    table = values.pivot_table(index=k.SUBJECT, columns=k.FAMILY, values=k.VALUE)
    np.testing.assert_allclose(
        table[k.FAMILY_FEATURES], table[k.FAMILY_COMPOSITION] - np.log(2) * table[k.FAMILY_POSITIVITY]
    )
    with pytest.raises(DataError, match=r"`response.differences.0.plus`: expected a feature of the family"):
        with_differences(rows[rows[k.FAMILY] != k.FAMILY_COMPOSITION], config)
    mixed = ResponseConfig(
        contrasts=[], differences=[one.model_copy(update={"minus": Named(family="distance", feature="x")})]
    )
    there = pd.concat([rows, rows.head(1).assign(family="distance", feature="x")])
    with pytest.raises(DataError, match=r"expected two ratios, or two that are none"):
        with_differences(there, mixed)


def test_a_feature_is_an_outcome_of_the_others(cohort) -> None:
    sheet, features = cohort
    outcome = Outcome(name="o", feature=CD8[1], family=CD8[0], adjust=["arm"])
    config = ResponseConfig(contrasts=[], outcomes=[outcome])
    table = relate(features, sheet, outcome, config, 0, "s").set_index([k.FAMILY, k.FEATURE])
    assert CD8 not in table.index  # a feature goes with itself
    subject = sheet.set_index(k.SAMPLE)[k.SUBJECT]
    values = values_of(features, subject, config).pivot_table(
        index=k.SUBJECT, columns=[k.FAMILY, k.FEATURE], values=k.VALUE
    )
    arm = (sheet.drop_duplicates(k.SUBJECT).set_index(k.SUBJECT)["arm"] == "treated").reindex(values.index)
    x = (values[CD8] - values[CD8].mean()) / values[CD8].std()
    X = np.column_stack([np.ones(len(x)), arm.astype(float), x])
    key = (k.FAMILY_MARKER, "Ki67 of Tumour cells")
    slope = np.linalg.lstsq(X, values[key].to_numpy(), rcond=None)[0][2]
    assert table.loc[key, "effect"] == pytest.approx(slope)
    with pytest.raises(DataError, match="outcome o: `feature`: expected a feature of the family `composition`"):
        relate(features, sheet, outcome.model_copy(update={"feature": "CD8"}), config, 0, "s")


def test_what_is_excluded_is_a_sample_or_a_subject_with_a_reason(cohort) -> None:
    sheet, _ = cohort
    left = without(sheet, {"treated0": "wrong dose", "vehicle1_0": "folded tissue"})
    assert len(left) == len(sheet) - 3
    assert not left[k.SUBJECT].eq("treated0").any()
    assert check_excluded(sheet, ["treated0"], "s.tsv", "c") == []
    (fault,) = check_excluded(sheet, ["treatd0"], "s.tsv", "c")
    assert "c: key `exclude`: expected samples or subjects of s.tsv, found `treatd0`" in str(fault)
    (fault,) = check_excluded(sheet, sheet[k.SUBJECT].unique(), "s.tsv", "c")
    assert "all excluded" in str(fault)
