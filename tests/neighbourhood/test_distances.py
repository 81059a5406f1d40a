"""Nearest distances against spatstat's nncross and by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumint.neighbourhood.distances import distance_table, nearest

ORACLES = Path(__file__).parents[1] / "data" / "oracles"


@pytest.mark.parametrize("pattern", ["csr", "clustered"])
def test_distances_equal_spatstat(pattern: str) -> None:
    cells = pd.read_csv(ORACLES / f"{pattern}_pattern.csv")
    oracle = pd.read_csv(ORACLES / f"{pattern}_nncross.csv")
    types = sorted(set(cells["type"]))
    labels = pd.Categorical(cells["type"], categories=types).codes
    found = nearest(cells[["x", "y"]].to_numpy(), labels, len(types))
    for b, name in enumerate(types):
        assert found[:, b] == pytest.approx(oracle[f"dist_{name}"].to_numpy(), rel=1e-10)


def test_the_summary_of_a_pair() -> None:
    xy = np.array([[0.0, 0.0], [0.0, 3.0], [4.0, 0.0], [4.0, 0.0]])
    labels = np.array([0, 0, 1, 1])
    table = distance_table("s", xy, labels, ["a", "b", "c"], min_cells=2).set_index(["source", "target"])
    row = table.loc[("a", "b")]
    assert (row["n"], row["mean_um"], row["median_um"]) == (2, 4.5, 4.5)
    assert row["mean_log"] == pytest.approx(np.log([4, 5]).mean())
    assert row["sd_log"] == pytest.approx(np.log([4, 5]).std(ddof=1))
    assert table.loc[("a", "a"), "mean_um"] == 3
    coincident = table.loc[("b", "b")]
    assert coincident["mean_um"] == 0
    assert coincident["mean_log"] == pytest.approx(np.log(0.1))
    assert table.loc[("a", "c"), "status"] == "absent"
    assert np.isnan(table.loc[("a", "c"), "mean_um"])


def test_too_few_cells_have_no_distance() -> None:
    xy = np.random.default_rng(0).random((12, 2))
    table = distance_table("s", xy, np.array([0] * 11 + [1]), ["a", "b"], min_cells=5)
    assert table["status"].tolist() == ["tested", "too_few", "too_few", "too_few"]
    assert table["mean_um"].notna().tolist() == [True, False, False, False]
