"""`tumint.power`: of numbers, and of pilots simulated from components that are known."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.mixed_linear_model import MixedLM

import tumint
from tumint.response.pilot import variance_of_mean

BETWEEN, WITHIN = 0.5, 0.8


def pilot(rng: np.random.Generator, features: int, animals: int, rois: int, heavy: bool = False) -> pd.DataFrame:
    """Wide: `features` of one law in so many animals of two arms that differ."""

    def draw(*shape: int) -> np.ndarray:
        return rng.standard_t(5, shape) / np.sqrt(5 / 3) if heavy else rng.normal(size=shape)

    value = BETWEEN * draw(animals, 1, features) + WITHIN * draw(animals, rois, features)
    value += 3.0 * (np.arange(animals) % 2)[:, None, None]
    table = pd.DataFrame(value.reshape(-1, features), columns=[f"f{i}" for i in range(features)])
    return table.assign(sample=[f"s{i}" for i in range(animals * rois)])


def sheet(animals: int, rois: int) -> pd.DataFrame:
    mouse = np.repeat(np.arange(animals), rois)
    return pd.DataFrame(
        {
            "sample": [f"s{i}" for i in range(animals * rois)],
            "mouse": [f"m{i}" for i in mouse],
            "arm": np.where(mouse % 2, "treated", "vehicle"),
            "litter": [f"l{i // 2}" for i in mouse],
        }
    )


def of(table: pd.DataFrame, kind: str = "feature") -> pd.DataFrame:
    return table[table["kind"] == kind]


def test_numbers_solve_for_what_is_left_out() -> None:
    found = tumint.power(effect=0.5, sd_between=0.4, sd_within=0.3, n_rois=[1, 4])
    np.testing.assert_allclose(found["sd"], [0.5, np.sqrt(0.16 + 0.09 / 4)])
    assert list(found["n_reference"]) == list(found["n_group"]) == [17, 13]
    assert set(found["power"]) == {0.8}
    sd = found["sd"].iloc[1]
    back = tumint.power(effect=0.5, sd_between=sd, n_subjects=13)["power"].item()
    assert back >= 0.8
    assert tumint.power(sd_between=sd, n_subjects=13, power=back)["effect"].item() == pytest.approx(0.5, rel=1e-6)
    arms = tumint.power(effect=0.5, sd_between=sd, n_subjects=(10, 30))
    assert (arms["n_reference"].item(), arms["n_group"].item()) == (10, 30)
    assert tumint.power(effect=-0.5, sd_between=sd)["n_reference"].item() == 13


def test_pairs_leave_out_what_they_share() -> None:
    """Simulated differences within animals, of which the error of ROIs is no part that is shared."""
    rng, n = np.random.default_rng(0), 200_000
    shared, own = np.sqrt(0.7), np.sqrt(0.3)
    level = rng.normal(size=n)
    sides = [0.4 * (shared * level + own * rng.normal(size=n)) + 0.3 * rng.normal(size=n) / 2 for _ in range(2)]
    found = tumint.power(effect=0.3, sd_between=0.4, sd_within=0.3, n_rois=4, correlation=0.7)
    assert found["sd"].item() * np.sqrt(2) == pytest.approx((sides[0] - sides[1]).std(), rel=0.01)
    assert found["n_reference"].item() < tumint.power(effect=0.3, sd_between=0.4)["n_reference"].item()


def test_components_are_those_of_another_mixed_model() -> None:
    features, design = pilot(np.random.default_rng(2), 3, 10, 4), sheet(10, 4)
    found = of(tumint.power(features, design, effect=1.0, subject="mouse", group="arm")).set_index("feature")
    arm = (design["arm"] == "treated").to_numpy(float)
    for name in ("f0", "f1", "f2"):
        theirs = MixedLM(features[name], np.column_stack([np.ones(40), arm]), groups=design["mouse"]).fit(reml=True)
        assert found.loc[name, "sd_between"] == pytest.approx(np.sqrt(theirs.cov_re.iloc[0, 0]), rel=2e-3, abs=0.02)
        assert found.loc[name, "sd_within"] == pytest.approx(np.sqrt(theirs.scale), rel=2e-3)
        assert found.loc[name, "n_rois"] == 4
    # of one group alone, as a pilot of untreated animals is, the arms' difference is taken for variance
    lone = of(tumint.power(features, design, effect=1.0, subject="mouse")).set_index("feature")
    assert (lone["sd"] > found["sd"] + 0.5).all()


@pytest.mark.parametrize(("rois", "heavy"), [(3, False), (1, False), (8, False), (3, True)])
def test_the_interval_of_a_small_pilot_covers_what_is_true(rois: int, heavy: bool) -> None:
    """6 animals with 3 ROIs each, for studies of as many ROIs, of fewer and of more; a feature is a pilot."""
    features, design = pilot(np.random.default_rng(4 + rois), 400, 6, 3, heavy), sheet(6, 3)
    n_rois = None if rois == 3 else rois
    found = of(tumint.power(features, design, effect=1.0, subject="mouse", group="arm", n_rois=n_rois))
    true = np.sqrt(BETWEEN**2 + WITHIN**2 / rois)
    needed = tumint.power(effect=1.0, sd_between=true)["n_reference"].item()
    low, high = (found["sd_low"] <= true).mean(), (found["sd_high"] >= true).mean()
    enough = (found["n_reference_at_high"].fillna(np.inf) >= needed).mean()
    slack = 0.06 if heavy else 0.025  # a chi-square interval of a variance is for normal values
    assert high > 0.975 - slack
    assert low > 0.975 - slack - 0.02
    assert enough >= high
    # right on average or, where animals seem not to differ, too large; and too small in about half of the pilots
    assert 0.9 < np.square(found["sd"]).mean() / true**2 < 1.2
    assert 0.3 < (found["n_reference"] >= needed).mean() < 0.75


def test_families_are_told_by_half_and_by_four_fifths_of_their_features() -> None:
    features, design = pilot(np.random.default_rng(5), 20, 8, 3), sheet(8, 3)
    features = features.melt("sample", var_name="feature")
    features["family"] = np.where(features["feature"].isin(["f1", "f2"]), "few", "many")
    for asked, column in ({"effect": 1.2}, "n_reference"), ({"n_subjects": 7}, "effect"):
        found = tumint.power(features, design, subject="mouse", group="arm", n_rois=[2, 5], **asked)
        assert len(found) == 2 * (2 * 2 + 20)
        many = found[(found["family"] == "many") & (found["n_rois"] == 5)].set_index("kind")
        values = many.loc["feature", column].to_numpy()
        for kind, share in (("quantile_80", 0.8), ("median", 0.5)):
            assert (values <= many.loc[kind, column]).mean() >= share > (values < many.loc[kind, column]).mean()
    found = tumint.power(features, design, subject="mouse", group="arm", n_subjects=7, effect=1.2, family=["many"])
    power = of(found)["power"].to_numpy()
    assert (power >= of(found, "quantile_80")["power"].item()).mean() >= 0.8
    assert (of(found)["power_at_high"] <= power).all()


def test_one_roi_per_animal_says_nothing_of_several() -> None:
    features, design = pilot(np.random.default_rng(6), 2, 8, 1), sheet(8, 1)
    options = {"subject": "mouse", "group": "arm", "effect": 1.0}
    found = of(tumint.power(features, design, **options)).set_index("feature")
    arms = [features.loc[design["arm"] == arm, "f0"].var() for arm in ("vehicle", "treated")]
    assert found.loc["f0", "sd"] == pytest.approx(np.sqrt(np.mean(arms)))
    assert found["sd_between"].isna().all()
    more = tumint.power(features, design, n_rois=[1, 4], **options)
    assert of(more).groupby("n_rois")["sd"].count().to_dict() == {1.0: 2, 4.0: 0}
    assert set(more.loc[more["n_rois"] == 4, "reason"]) == {
        "no animal with two usable ROIs: animals and ROIs cannot be told apart"
    }


def test_a_paired_pilot_is_of_what_its_pairs_leave() -> None:
    rng, features = np.random.default_rng(8), 200
    table, design = pilot(rng, features, 12, 3), sheet(12, 3)
    litter = rng.normal(0, 4, (6, features))[design["litter"].str[1:].astype(int)]
    table[[f"f{i}" for i in range(features)]] += litter
    found = of(tumint.power(table, design, effect=1.0, subject="mouse", group="arm", paired="litter"))
    true = BETWEEN**2 + WITHIN**2 / 3
    assert np.square(found["sd"]).mean() == pytest.approx(true, rel=0.12)
    assert found["n_reference"].median() == pytest.approx(
        tumint.power(effect=1.0, sd_between=np.sqrt(true), correlation=0.0)["n_reference"].item(), abs=2
    )


def test_a_feature_that_says_nothing_has_its_reason() -> None:
    features, design = pilot(np.random.default_rng(9), 3, 4, 2), sheet(4, 2)
    features["f0"] = 1.0
    features.loc[features.index > 2, "f1"] = np.nan
    found = of(tumint.power(features, design, effect=1.0, subject="mouse", group="arm")).set_index("feature")
    assert found.loc["f0", "reason"] == "the same value in all animals"
    assert found.loc["f1", "reason"] == "too few animals in the pilot"
    assert found.loc["f2", "reason"] == ""
    tiny = tumint.power(features, design, effect=1e-9, subject="mouse", group="arm")
    assert of(tiny).set_index("feature").loc["f2", "reason"] == "more than 100,000 animals per arm"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "effect, n_subjects, power: expected effect or n_subjects, or both, found neither of the two."),
        ({"effect": 1, "n_subjects": 4, "power": 0.8}, "effect, n_subjects, power: expected one of them left out"),
        ({"effect": 0}, "effect: expected a number other than 0, found `0`."),
        ({"effect": "1"}, "effect: expected a number other than 0, found `1`."),
        ({"effect": float("nan")}, "effect: expected a number other than 0, found `nan`."),
        ({"n_subjects": 1}, "n_subjects: expected a whole number from 2 to 100,000, found `1`."),
        ({"n_subjects": 4.5}, "n_subjects: expected a whole number from 2 to 100,000, found `4.5`."),
        ({"n_subjects": (4, 5, 6)}, "n_subjects: expected one number, or one for each of two arms, found 3 numbers."),
        ({"effect": 1, "sd_between": None}, "sd_between: expected the sd between animals, or a pilot"),
        ({"effect": 1, "sd_within": 1}, "n_rois: expected ROIs per animal, beside sd_within, found none."),
        (
            {"effect": 1, "n_rois": 3},
            "sd_within: expected the sd between ROIs of an animal, beside n_rois, found none.",
        ),
        ({"effect": 1, "sd_between": 0}, "sd_between: expected an sd above 0, here or in sd_within, found 0."),
        ({"effect": 1, "power": 0.04}, "power: expected above 0.05, which chance alone gives, found 0.04."),
        (
            {"effect": 1, "n_rois": [2, 0], "sd_within": 1},
            "n_rois: expected a whole number from 1 to 10,000, found `0`",
        ),
        ({"n_subjects": 4, "ratio": 2}, "ratio: expected no n_subjects beside it, which says it, found 4."),
        ({"effect": 1, "ratio": 2, "correlation": 0.5}, "ratio: expected 1: pairs have as many in both groups"),
        ({"n_subjects": (4, 5), "correlation": 0.5}, "n_subjects: expected one number of pairs, found (4, 5)."),
        ({"effect": 1, "tests": 4, "true_share": 0.1}, "true_share: expected at least 1 of tests 4 with an effect"),
        ({"effect": 1, "group": "arm"}, "group: expected a pilot beside it, found none."),
        ({"effect": 1, "pilot": "nowhere", "sd_between": None}, "nowhere: expected results of a finished run"),
        ({"effect": 1, "pilot": "."}, "sd_between: expected no sd_between beside a pilot, which says it"),
    ],
)
def test_what_is_wrong_is_one_line(options, words) -> None:
    with pytest.raises(tumint.TumintError, match=f"^{re.escape(words)}") as raised:
        tumint.power(**{"sd_between": 0.5, **options})
    assert len(str(raised.value).splitlines()) == 1


def test_what_is_wrong_with_a_pilot_is_one_line(tmp_path: Path) -> None:
    features, design = pilot(np.random.default_rng(1), 1, 4, 2), sheet(4, 2)
    for options, words in (
        ({"subject": "mouse", "group": "armm"}, "design: expected a column `armm`, found none."),
        ({}, "subject: expected the column of the animal, found none."),
        ({"subject": "litter", "group": "arm"}, "design (subject l0): expected one value of `arm` per subject"),
        ({"subject": "mouse", "family": ["x"]}, "family: expected one of feature, found x."),
        ({"subject": "mouse", "contrast": "x"}, "contrast: expected a folder of results beside it, found none."),
    ):
        with pytest.raises(tumint.TumintError, match=f"^{re.escape(words)}"):
            tumint.power(features, design, effect=1.0, **options)
    with pytest.raises(tumint.TumintError, match="pilot: expected only samples of design, found s6 and s7"):
        tumint.power(features, design[:6], effect=1.0, subject="mouse")
    with pytest.raises(tumint.TumintError, match="design: expected samples with a value of `arm`, found none"):
        tumint.power(features, design.assign(arm=""), effect=1.0, subject="mouse", group="arm")
    with pytest.raises(tumint.TumintError, match="pilot"):
        tumint.power(features[:0], design, effect=1.0, subject="mouse")
    with pytest.raises(tumint.TumintError, match="design: expected a pandas DataFrame, found NoneType"):
        tumint.power(features, effect=1.0, subject="mouse")


def test_the_variance_of_more_rois_than_the_pilot_has_is_a_difference() -> None:
    row = {"family": "f", "feature": "f", "subject_variance": 1.0, "residual_variance": 4.0, "variance": 3.0}
    table = pd.DataFrame([{**row, "df": 4.0, "n_subjects": 6, "n_samples": 12, "reason": ""}])
    variance, low, high = variance_of_mean(table, None)
    assert variance[0] == 3.0
    np.testing.assert_allclose([low[0], high[0]], [3 * 4 / 11.143287, 3 * 4 / 0.484419], rtol=1e-6)
    assert variance_of_mean(table, 8)[0][0] == 1.5
