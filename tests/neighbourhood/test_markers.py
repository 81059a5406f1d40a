"""Levels and positivity of markers by type and domain, against loops over cells; which markers are compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.errors import ConfigError
from tumint.io.by_sample import BySample
from tumint.io.contracts import FEATURES
from tumint.io.tables import check
from tumint.neighbourhood.markers import LEAST, against_cohort, marker_features
from tumint.neighbourhood.measured import measured

TYPES = ["A", "B", "C", k.UNCLASSIFIED]


def made(n: int = 400) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    rng = np.random.default_rng(1)
    labels = rng.choice([0, 1, 3], n)  # no cell of C
    domains = rng.choice(np.array(["tumour", "normal", k.NO_DOMAIN], dtype=object), n)
    values = {"Ki67": rng.exponential(size=n), "PD1": rng.exponential(size=n)}
    values["PD1"][:30] = np.nan
    return labels, domains, values


def test_means_and_odds_equal_those_of_a_loop() -> None:
    labels, domains, values = made()
    table = against_cohort(marker_features("s", labels, TYPES, domains, values, {"PD1": 0.8}))
    check(table, FEATURES, "here")
    rows = table.set_index([k.FAMILY, k.FEATURE])
    for marker, column in values.items():
        for i, kind in enumerate("AB"):
            for place in ("", "tumour", "normal"):
                mine = column[(labels == i) & ((domains == place) if place else True)]
                mine = mine[~np.isnan(mine)]
                where = f" in {place}" if place else ""
                row = rows.loc[(k.FAMILY_MARKER, f"{marker} of {kind}{where}")]
                assert row[k.VALUE] == pytest.approx(np.log(mine.mean() + LEAST))
                assert row[k.SE] == pytest.approx(mine.std(ddof=1) / np.sqrt(mine.size) / (mine.mean() + LEAST))
                assert (row[k.N], row[k.WEIGHT]) == (mine.size, mine.size)
                if marker == "PD1":
                    row = rows.loc[(k.FAMILY_POSITIVITY, f"PD1+ among {kind}{where}")]
                    # of one sample: as many as expected
                    assert (row[k.VALUE], row[k.WEIGHT]) == pytest.approx((0.0, (mine >= 0.8).sum()))
    absent = table[table[k.FEATURE].str.contains(" C")]
    assert set(absent[k.STATUS]) == {k.ABSENT}
    assert absent[k.VALUE].isna().all()
    assert not table[k.FEATURE].str.contains(k.UNCLASSIFIED).any()
    assert not (table[k.FAMILY].eq(k.FAMILY_POSITIVITY) & table[k.FEATURE].str.contains("Ki67")).any()  # no gate


def test_levels_in_niches_are_those_of_places_and_nothing_else() -> None:
    labels, niches, values = made()
    every = marker_features("s", labels, TYPES, niches, values, {"PD1": 0.8})
    placed = every[every[k.FAMILY].eq(k.FAMILY_MARKER) & every[k.FEATURE].str.contains(" in ")]
    mine = marker_features("s", labels, TYPES, niches, values, {"PD1": 0.8}, inside=k.FAMILY_MARKER_IN_NICHE)
    assert set(mine[k.FAMILY]) == {k.FAMILY_MARKER_IN_NICHE}
    columns = [name for name in mine if name != k.FAMILY]
    pd.testing.assert_frame_equal(mine[columns], placed[columns].reset_index(drop=True))


def test_positive_cells_are_counted_against_the_share_of_the_cohort() -> None:
    values = {"PD1": np.array([1.0] * 6 + [0.0] * 14)}
    two = [
        marker_features(sample, np.zeros(n, np.intp), ["A"], np.full(n, k.NO_DOMAIN), {"PD1": column}, {"PD1": 0.5})
        for sample, column in (("s", values["PD1"]), ("t", np.zeros(40)))
        for n in [len(column)]
    ]
    rows = against_cohort(pd.concat(two, ignore_index=True)).set_index([k.FAMILY, k.SAMPLE]).loc[k.FAMILY_POSITIVITY]
    assert rows[k.WEIGHT].tolist() == pytest.approx([2.0, 4.0])  # 6 of 60
    assert rows[k.VALUE].tolist() == pytest.approx([np.log2(6.5 / 2.5), np.log2(0.5 / 4.5)])
    assert rows[k.SE].tolist() == pytest.approx(
        [np.sqrt(20 * 0.09) / (2.5 * np.log(2)), np.sqrt(3.6) / (4.5 * np.log(2))]
    )
    none = against_cohort(two[1])
    assert none.loc[none[k.FAMILY] == k.FAMILY_POSITIVITY, k.STATUS].tolist() == [k.NO_VARIATION]


def test_values_below_zero_are_compared_as_differences() -> None:
    labels, domains, values = made()
    low = {"Ki67": values["Ki67"] - 1.0}
    table = marker_features("s", labels, TYPES, domains, low, {}, ratios=False)
    assert set(table[k.FAMILY]) == {k.FAMILY_MARKER_DIFFERENCE}
    found = table.loc[table[k.FEATURE] == "Ki67 of A", k.VALUE].iloc[0]
    assert found == pytest.approx(low["Ki67"][labels == 0].mean())


def cohort(folder: Path) -> tuple[Sequence[str], Callable[[str], float], pd.DataFrame]:
    cells = pd.DataFrame({k.SAMPLE: ["a", "a", "b"], "marker_CD8": [0.0, 1.0, 2.0], "marker_PD1": [0.5, np.nan, 0.1]})
    cells["marker_z"] = [-1.0, 0.0, 1.0]
    cells.to_parquet(folder / "cells.parquet")
    gates = pd.DataFrame({"marker": ["PD1"], "gate": 0.3, "gating": "mixture", "low": 0.1, "high": 0.6})
    table = BySample(folder / "cells.parquet")
    return table.columns, table.lowest, gates


def test_state_markers_are_compared_and_those_that_decide_types_only_where_they_are_named(tmp_path: Path) -> None:
    *cells, gates = cohort(tmp_path)
    by_itself = measured(*cells, gates, None)
    assert (by_itself.markers, by_itself.gates, by_itself.ratios) == (("PD1",), {"PD1": 0.3}, True)
    assert by_itself.lineage == ("CD8", "z")
    named = measured(*cells, gates, ["z", "CD8"])
    assert (named.markers, named.gates, named.ratios) == (("CD8", "z"), {}, False)
    assert measured(*cells, gates, []).markers == ()
    assert measured(*cells, None, None).markers == ()
    with pytest.raises(ConfigError, match=r"`neighbourhood.markers`: expected .*CD8, PD1 and z.*found `PD-1`"):
        measured(*cells, gates, ["PD-1"])
