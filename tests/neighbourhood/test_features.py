"""Features: each family by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumint.io.contracts import FEATURES
from tumint.io.tables import check
from tumint.neighbourhood.distances import distance_table
from tumint.neighbourhood.features import cell_features, feature_table, tissue_area_mm2
from tumint.neighbourhood.graph import delaunay
from tumint.neighbourhood.scores import Method, score_image

TYPES = ["a", "b", "c"]


def scored(sample: str, *, within: bool) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(len(sample))
    xy = rng.random((200, 2)) * 150
    labels = rng.integers(0, 2, 200)
    strata = (xy[:, 0] > 70).astype(int)
    graph = delaunay(xy)
    tables = [score_image(sample, graph, labels, TYPES, Method()).assign(null="global", statistic="edges")]
    if within:
        tables.append(
            score_image(sample, graph, labels, TYPES, Method(), strata).assign(null="domain", statistic="edges")
        )
    return cell_features(sample, xy, labels, TYPES), pd.concat(tables), distance_table(sample, xy, labels, TYPES)


def test_area_is_that_of_occupied_squares() -> None:
    assert tissue_area_mm2(np.array([[1.0, 1.0], [20.0, 40.0], [60.0, 1.0]])) == pytest.approx(2 * 0.05**2)


def test_composition_and_density() -> None:
    xy = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 1.0], [120.0, 0.0]])
    table = cell_features("s", xy, np.array([0, 0, 0, 1]), TYPES).set_index(["family", "feature"])
    assert table.loc[("composition", "a"), "value"] == pytest.approx(np.log(3.5 / 1.5))
    assert table.loc[("composition", "c"), "value"] == pytest.approx(np.log(0.5 / 4.5))
    assert table.loc[("composition", "a"), "se"] == pytest.approx(np.sqrt(1 / 3.5 + 1 / 1.5))
    assert table.loc[("density", "b"), "value"] == pytest.approx(np.log(1.5 / (2 * 0.05**2)))
    assert (table["weight"] == 4).all()
    assert (table["status"] == "tested").all()


def test_the_whole_table_with_and_without_domains() -> None:
    parts = [scored("s1", within=True), scored("s22", within=False)]
    cells, interactions, distances = (pd.concat(tables) for tables in zip(*parts, strict=True))
    table = feature_table(cells, interactions, distances, domains=True, symmetric=True)
    check(table, FEATURES, "features")
    assert table.groupby("family").size().to_dict() == {
        "composition": 6, "density": 6, "interaction": 12, "interaction_global": 12, "distance": 18,
    }  # fmt: skip
    row = table.query("sample == 's1' and family == 'interaction' and feature == 'a|b'").iloc[0]
    score = interactions.query("sample == 's1' and null == 'domain' and source == 'a' and target == 'b'").iloc[0]
    assert row["value"] == score["log2_enrichment"]
    assert 2 ** row["value"] * (row["weight"] + 0.5) - 0.5 == pytest.approx(score["observed"])
    without = table.query("sample == 's22' and family == 'interaction'")
    assert without["value"].isna().all()
    assert (without["weight"] == 0).all()
    assert set(without["status"]) == {"absent"}
    untested = table[table["status"] != "tested"]
    assert untested["value"].isna().all()
    assert (untested["weight"] == 0).all()
    distance = table.query("sample == 's1' and family == 'distance' and feature == 'b|a'").iloc[0]
    source = distances.query("sample == 's1' and source == 'b' and target == 'a'").iloc[0]
    assert (distance["value"], distance["weight"]) == (source["mean_log"], source["n"])
    assert distance["se"] == pytest.approx(source["sd_log"] / np.sqrt(source["n"]))

    plain = feature_table(cells, interactions, distances, domains=False, symmetric=False)
    assert "interaction_global" not in set(plain["family"])
    assert (plain["family"] == "interaction").sum() == 18
