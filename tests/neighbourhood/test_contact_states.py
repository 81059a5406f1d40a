"""States by contact: slopes against least squares, hypergeometric counts by enumeration, spillover, a planted rise."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from tumint import keys as k
from tumint.io.contracts import FEATURES
from tumint.io.tables import check
from tumint.neighbourhood.contact_states import (
    Contacts,
    _Positive,
    _slopes,
    _within,
    contact_features,
    spilled,
)

_spec = importlib.util.spec_from_file_location("states", Path(__file__).parents[2] / "benchmarks" / "states.py")
assert _spec is not None
assert _spec.loader is not None
made = importlib.util.module_from_spec(_spec)
sys.modules["states"] = made
_spec.loader.exec_module(made)

RISE = "PD1|CD8 T cells|Tumour cells"


def contacts(plan: object, seed: int = 0, cells: int = 1200) -> tuple[Contacts, object]:
    rng = np.random.default_rng(seed)
    image = made.image(rng, plan, treated=True, animal=made.animals(rng, 1)[0], cells=cells)
    strata = (image.domains == "tumour").astype(np.int64)
    return Contacts("s", image.labels, strata, image.graph, made.TYPES), image


def table(plan: object, **kwargs: int) -> pd.DataFrame:
    cells, image = contacts(plan, **kwargs)
    return contact_features(cells, image.columns(made.STATES), image.columns(made.LINEAGE), made.GATES)


def test_a_slope_is_that_of_least_squares_with_domains() -> None:
    rng = np.random.default_rng(1)
    n = 200
    strata, beside = rng.integers(0, 3, n), rng.random((n, 2))
    contact = (rng.random(n) < 0.3).astype(float)
    y = rng.random((n, 2)) + contact[:, None] * [0.0, 0.5] + strata[:, None]
    slope, se = _slopes(contact, beside, _within(y, strata), strata)
    X = np.column_stack([np.eye(3)[strata], beside, contact])
    for j in range(2):
        fit = sm.OLS(y[:, j], X).fit(cov_type="HC0")
        assert (slope[j], se[j]) == pytest.approx((fit.params[-1], fit.bse[-1]))
    assert np.isnan(
        _slopes(strata == 1, beside, _within(y, strata), strata)[0]
    ).all()  # the contact says nothing but the domain


def test_positive_cells_by_contact_are_counted_as_all_labellings_say() -> None:
    contact = np.array([1, 1, 0, 0, 1, 0, 0], dtype=bool)
    strata = np.array([0, 0, 0, 0, 1, 1, 1])
    up = {0: 2, 1: 1}  # positive cells in each domain
    seen = []
    for first in itertools.combinations(range(4), up[0]):
        for second in itertools.combinations(range(4, 7), up[1]):
            seen.append(contact[[*first, *second]].sum())
    positive = np.array([1, 1, 0, 0, 0, 0, 1], dtype=bool)
    touching = np.bincount(strata, weights=contact)
    found = _Positive.of(positive, strata).on_contact("m", ("a", "b"), contact, touching)
    [(*_, value, se, expected, n, status)] = found
    assert expected == pytest.approx(np.mean(seen))
    assert se * (expected + 0.5) * np.log(2) == pytest.approx(np.std(seen))
    assert value == pytest.approx(np.log2(2.5 / (expected + 0.5)))
    assert (n, status) == (7, k.TESTED)
    assert _Positive.of(np.zeros(7, dtype=bool), strata).on_contact("m", ("a", "b"), contact, touching) == []


@pytest.mark.parametrize(("how", "per_mean"), [("mean", True), ("each", False)])
def test_the_share_of_the_neighbours_signal_is_measured(how: str, per_mean: bool) -> None:
    cells, image = contacts(made.Plan(spill=0.1, how=how), cells=3000)
    found = spilled(cells, image.values[:, len(made.STATES) :])
    by_sum, by_mean = found[0] * 6, found[1]
    assert (by_mean if per_mean else by_sum) == pytest.approx(0.1, abs=0.02)
    assert abs(by_sum if per_mean else by_mean) < 0.02
    clean, image = contacts(made.Plan(), cells=3000)
    assert np.abs(spilled(clean, image.values[:, len(made.STATES) :])).max() < 0.02


def test_a_planted_rise_is_found_and_spillover_is_none() -> None:
    plain, risen, spilt = (
        table(plan, cells=3000)
        for plan in (made.Plan(), made.Plan(rise={("PD1", "CD8 T cells", "Tumour cells"): 0.25}), made.Plan(spill=0.2))
    )
    for found in (plain, risen, spilt):
        check(found, FEATURES, "here")
    rows = risen[risen[k.FAMILY] == k.FAMILY_STATE].set_index(k.FEATURE)
    row = rows.loc[RISE]
    assert abs(row[k.VALUE] - 0.25) < 2.5 * row[k.SE]
    assert row[k.VALUE] > 4 * row[k.SE]
    for found in (plain, spilt):
        mine = found[(found[k.FAMILY] == k.FAMILY_STATE) & (found[k.STATUS] == k.TESTED)]
        assert (mine[k.VALUE].abs() > 4 * mine[k.SE]).sum() == 0
    controls = spilt[spilt[k.FAMILY] == k.FAMILY_SPILLOVER]
    assert controls[k.FEATURE].str.match(r"EPCAM\|.*\|Tumour cells").any()
    assert controls[k.VALUE].abs().max() < 0.05  # of 0.2 most is taken out


def test_without_lineage_markers_nothing_is_said_and_told_types_are_left_out() -> None:
    cells, image = contacts(made.Plan())
    states, lineage = image.columns(made.STATES), image.columns(made.LINEAGE)
    assert contact_features(cells, states, {}, made.GATES).empty
    told = contact_features(cells, states, lineage, {}, told_by={"CD8 T cells": ["PD1"]})
    assert not told[k.FEATURE].str.startswith("PD1|CD8 T cells|").any()
    assert told[k.FEATURE].str.startswith("PD1|Tumour cells|").any()
