"""Values of subjects, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.errors import DataError
from tumint.response.design.subjects import Least, check_values, subject_values


def _features(*rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[k.SAMPLE, k.FAMILY, k.FEATURE, k.VALUE, k.SE, k.WEIGHT, k.N, k.STATUS])


SUBJECT = pd.Series({"r1": "m1", "r2": "m1", "r3": "m1", "r4": "m2"})


def _ratio(sample: str, count: float, expected: float, sd: float, status: str = k.TESTED) -> tuple[object, ...]:
    value, se = np.log2((count + 0.5) / (expected + 0.5)), sd / ((expected + 0.5) * np.log(2))
    return sample, k.FAMILY_CONTACT, "a|b", value, se, expected, 10, status


def test_ratio_is_of_sums_not_a_mean_of_logs() -> None:
    features = _features(
        _ratio("r1", 30, 10, 3), _ratio("r2", 0, 5, 2), _ratio("r3", 99, 99, 9, k.TOO_FEW), _ratio("r4", 8, 4, 1)
    )
    got = subject_values(features, SUBJECT, Least(information=1.0)).set_index(k.SUBJECT)
    assert got.loc["m1", k.VALUE] == pytest.approx(np.log2(30.5 / 15.5), rel=1e-12)
    assert got.loc["m1", k.SE] == pytest.approx(np.sqrt(3**2 + 2**2) / (15.5 * np.log(2)), rel=1e-12)
    assert got.loc["m2", k.VALUE] == pytest.approx(np.log2(8.5 / 4.5), rel=1e-12)
    assert got["n_samples"].to_dict() == {"m1": 2, "m2": 1}


def test_other_families_take_the_mean_weighted_by_n() -> None:
    features = _features(
        ("r1", k.FAMILY_DENSITY, "a", 1.0, 0.2, np.nan, 30, k.TESTED),
        ("r2", k.FAMILY_DENSITY, "a", 3.0, 0.4, np.nan, 10, k.TESTED),
        ("r3", k.FAMILY_DENSITY, "a", np.nan, np.nan, np.nan, 50, k.ABSENT),
        ("r4", k.FAMILY_DENSITY, "a", 7.0, np.nan, np.nan, 0, k.TESTED),
    )
    got = subject_values(features, SUBJECT).set_index(k.SUBJECT)
    assert got.loc["m1", k.VALUE] == pytest.approx((30 * 1 + 10 * 3) / 40)
    assert got.loc["m1", k.SE] == pytest.approx(np.hypot(30 * 0.2, 10 * 0.4) / 40)
    assert got.loc["m2", k.VALUE] == 7.0
    assert np.isnan(got.loc["m2", k.SE])


def test_order_of_rows_changes_no_bit() -> None:
    rng = np.random.default_rng(0)
    rows = [_ratio(f"r{1 + i % 3}", rng.uniform(0, 50), rng.uniform(1, 50), 2) for i in range(3)]
    features = _features(*rows)
    pd.testing.assert_frame_equal(
        subject_values(features, SUBJECT), subject_values(features.iloc[::-1], SUBJECT), check_exact=True
    )


def test_a_tested_row_needs_a_value_and_a_ratio_its_expectation() -> None:
    features = _features(
        ("r1", k.FAMILY_DENSITY, "a", np.inf, 0.2, np.nan, 30, k.TESTED),
        ("r1", k.FAMILY_CONTACT, "a|b", 1.0, 0.2, np.nan, 30, k.TESTED),
        ("r2", k.FAMILY_CONTACT, "a|b", np.nan, 0.2, np.nan, 30, k.ABSENT),
        ("r2", k.FAMILY_INTERACTION, "a|b", 1.0, 0.2, 0.0, 30, k.TESTED),
    )
    with pytest.raises(DataError) as caught:
        check_values(features, "features.parquet")
    assert [str(fault) for fault in caught.value.faults] == [
        "features.parquet (r1, density, a): expected a finite `value`, found `inf`.",
        "features.parquet (r1, contact_excess, a|b): expected `weight` to be the expected count, found `nan`.",
        "features.parquet (r2, interaction, a|b): expected `weight` to be the information, found `0.0`.",
    ]


def test_odds_take_the_mean_weighted_by_information_and_no_roi_is_too_sparse() -> None:
    rows = [
        ("r1", k.FAMILY_INTERACTION, "a|b", 0.5, 0.4, 6.0, 3, k.TESTED),
        ("r2", k.FAMILY_INTERACTION, "a|b", -9.0, 3.0, 0.1, 2, k.TESTED),
        ("r3", k.FAMILY_INTERACTION, "a|b", np.nan, np.nan, 0.0, 0, k.ABSENT),
        ("r4", k.FAMILY_INTERACTION, "a|b", 1.0, 0.9, 1.5, 9, k.TESTED),
    ]
    got = subject_values(_features(*rows), SUBJECT).set_index(k.SUBJECT)
    assert got.loc["m1", k.VALUE] == pytest.approx((6 * 0.5 + 0.1 * -9) / 6.1)
    assert got.loc["m1", k.SE] == pytest.approx(np.hypot(6 * 0.4, 0.1 * 3) / 6.1)
    assert got.loc["m1", "n_samples"] == 2
    # a subject says too little where all of its ROIs together do
    assert got[k.STATUS].to_dict() == {"m1": k.TESTED, "m2": k.TOO_FEW}
    assert np.isnan(got.loc["m2", k.VALUE])
    lower = subject_values(_features(*rows), SUBJECT, Least(information=1.5)).set_index(k.SUBJECT)
    assert lower.loc["m2", k.VALUE] == 1.0
    # a ROI where nothing can vary adds nothing and harms nothing
    more = [*rows, ("r5", k.FAMILY_INTERACTION, "a|b", np.nan, np.nan, 0.0, 500, k.NO_VARIATION)]
    again = subject_values(_features(*more), pd.concat([SUBJECT, pd.Series({"r5": "m1"})]))
    pd.testing.assert_frame_equal(again.set_index(k.SUBJECT), got, check_exact=True)


def test_a_subject_without_a_value_says_why() -> None:
    kinds = ((k.ABSENT, k.NO_VARIATION), (k.ABSENT, k.ABSENT), (k.TOO_FEW, k.ABSENT), (k.NO_COORDINATES,) * 2)
    subject = pd.Series({f"r{i}{j}": f"m{i}" for i in range(4) for j in range(2)})
    rows = [
        (f"r{i}{j}", k.FAMILY_DISTANCE, "a|b", np.nan, np.nan, 0.0, 0, status)
        for i, pair in enumerate(kinds)
        for j, status in enumerate(pair)
    ]
    got = subject_values(_features(*rows), subject)
    assert got[k.STATUS].tolist() == [k.NO_VARIATION, k.ABSENT, k.TOO_FEW, k.NO_COORDINATES]
    few = _features(*((f"r0{j}", k.FAMILY_DISTANCE, "a|b", 3.0, 0.2, 4.0, 4, k.TESTED) for j in range(2)))
    assert subject_values(few, subject)[k.STATUS].tolist() == [k.TOO_FEW]
    assert subject_values(few, subject, Least(cells=8))[k.VALUE].tolist() == [3.0]


def test_a_ratio_of_one_in_every_roi_is_exactly_one() -> None:
    rows = [("r1", k.FAMILY_CONTACT, "a|b", 0.0, 0.1, 173.3, 9, k.TESTED)]
    rows += [("r2", k.FAMILY_CONTACT, "a|b", 0.0, 0.1, 0.7, 9, k.TESTED)]
    assert subject_values(_features(*rows), SUBJECT)[k.VALUE].tolist() == [0.0]
