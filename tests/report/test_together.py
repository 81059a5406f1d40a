"""A band that holds a whole curve: as often as it says, also of curves that are not made as it supposes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tumint.report.neighbourhood.together import bands


def table(values: np.ndarray, group: str = "g") -> pd.DataFrame:
    """Curves (subjects × points) as rows."""
    n, B = values.shape
    rows = {"subject": np.repeat([f"{group}{i}" for i in range(n)], B), "group": group, "type": "T"}
    return pd.DataFrame(rows | {"at": np.tile(np.arange(B, dtype=float), n), "y": values.ravel()})


def found(*parts: pd.DataFrame) -> pd.DataFrame:
    return bands(pd.concat(parts), ["group", "type"], "at", "y")


@pytest.mark.parametrize("n", [4, 7])
def test_one_point_is_the_interval_of_t(n):
    values = np.random.default_rng(0).normal(size=(n, 1))
    half = stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n)
    assert found(table(values))["high"][0] - values.mean() == pytest.approx(half, rel=0.06)


def test_points_that_say_the_same_cost_little():
    """Of many curves that rise and fall as one, the band is hardly wider than at one point."""
    rng = np.random.default_rng(1)
    parts = [table(np.repeat(rng.normal(size=(5, 1)), 12, axis=1) + rng.normal(0, 0.01, (5, 12)), g) for g in "abcdef"]
    tied = width(found(*parts).query("group == 'a'"))
    assert tied == pytest.approx(stats.t.ppf(0.975, 4), rel=0.25)
    loose = width(found(*(table(rng.normal(size=(5, 12)), g) for g in "abcdef")).query("group == 'a'"))
    assert loose > stats.t.ppf(0.975, 4)


def width(one: pd.DataFrame) -> float:
    """Half of the band of a curve of five subjects in standard errors, of variances half way to their mean."""
    se = np.sqrt((one["sd"] ** 2 + (one["sd"] ** 2).mean()) / 2 / 5)
    return float(((one["high"] - one["mean"]) / se).mean())


def test_too_few_subjects_have_no_band_and_missing_points_are_left_out():
    values = np.random.default_rng(2).normal(size=(4, 6))
    values[:2, 5] = np.nan
    assert found(table(values[:2])).empty
    assert list(found(table(values).dropna())["at"]) == [0, 1, 2, 3, 4]


@pytest.mark.slow
@pytest.mark.parametrize("tails", ["normal", "skewed"])
def test_holds_the_whole_curve_as_often_as_it_says(tails):
    """Curves that wander (a random walk with steps of its own), of two groups of 4 with other spreads."""
    rng, held = np.random.default_rng(7), []
    for _ in range(300):
        parts = []
        for group, spread in (("a", 1.0), ("b", 2.5)):
            step = rng.normal(size=(4, 15)) if tails == "normal" else rng.gamma(4.0, 0.5, (4, 15)) - 2.0
            parts.append(table(spread * (step.cumsum(axis=1) / 3 + rng.normal(0, 0.7, (4, 1))), group))
        rows = found(*parts)
        held += [((one["low"] <= 0) & (one["high"] >= 0)).all() for _, one in rows.groupby("group")]
    print(f"{tails}: {np.mean(held):.3f} of {len(held)} bands hold their curve")
    assert np.mean(held) > 0.93
