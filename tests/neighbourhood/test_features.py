"""Features: each family by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.io.contracts import FEATURES, FUNCTIONS, empty
from tumint.io.tables import check
from tumint.neighbourhood.contacts import Tissue, contact_odds
from tumint.neighbourhood.distances import distance_table
from tumint.neighbourhood.features import feature_table
from tumint.neighbourhood.graph import delaunay
from tumint.neighbourhood.levels import Scales, level
from tumint.neighbourhood.scores import Method, score_image
from tumint.neighbourhood.statistics import Cells, image_features
from tumint.neighbourhood.statistics.abundance import tissue_area_mm2
from tumint.pair_features import part_features

TYPES = ["a", "b", "c"]

PARTS = (k.FAMILY_SHARED_DOMAIN, k.FAMILY_SHARED_REGION, k.FAMILY_CONTACT)


def scored(sample: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """A sample of two types, scored nearby and over the image; in its right half one of them is alone."""
    rng = np.random.default_rng(len(sample))
    xy = rng.random((400, 2)) * 210
    labels = np.where(xy[:, 0] > 140, 0, rng.integers(0, 2, 400))
    graph = delaunay(xy)
    near = level(k.LOCAL, sample, xy, labels, scales=Scales(local_um=50.0, around_um=40.0))
    tissue = Tissue(sample, xy, labels, graph, near.rules)
    (odds,) = contact_odds([tissue], 3)
    local = score_image(sample, graph, labels, TYPES, Method(), near)
    tables = [
        pd.concat([local, odds], axis=1).assign(null=k.LOCAL, statistic="edges"),
        score_image(sample, graph, labels, TYPES, Method()).assign(null=k.GLOBAL, statistic="edges"),
    ]
    return (
        image_features(Cells(sample, xy, labels, TYPES, graph)),
        pd.concat(tables),
        distance_table(sample, xy, labels, TYPES),
    )


def test_area_is_that_of_occupied_squares() -> None:
    assert tissue_area_mm2(np.array([[1.0, 1.0], [20.0, 40.0], [60.0, 1.0]])) == pytest.approx(2 * 0.05**2)


def test_composition_and_density() -> None:
    xy = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 1.0], [120.0, 0.0]])
    table = image_features(Cells("s", xy, np.array([0, 0, 0, 1]), TYPES)).set_index(["family", "feature"])
    assert table.loc[("composition", "a"), "value"] == pytest.approx(np.log(3.5 / 1.5))
    assert table.loc[("composition", "c"), "value"] == pytest.approx(np.log(0.5 / 4.5))
    assert table.loc[("composition", "a"), "se"] == pytest.approx(np.sqrt(1 / 3.5 + 1 / 1.5))
    assert table.loc[("density", "b"), "value"] == pytest.approx(np.log(1.5 / (2 * 0.05**2)))
    assert (table["weight"] == 4).all()
    assert (table["status"] == "tested").all()


def test_the_whole_table() -> None:
    parts = [scored("s1"), scored("s22")]
    cells, interactions, distances = (pd.concat(tables) for tables in zip(*parts, strict=True))
    table = feature_table(cells, interactions, distances, empty(FUNCTIONS), primary=k.LOCAL, symmetric=True)
    check(table, FEATURES, "features")
    pairs = dict.fromkeys((k.FAMILY_INTERACTION, k.FAMILY_PAIRWISE, k.FAMILY_TOTAL, *PARTS), 12)
    assert table.groupby("family").size().to_dict() == {
        "composition": 6, "density": 6, "distance": 18, k.FAMILY_MIXING: 6, **pairs,
    }  # fmt: skip
    mine = table.query("sample == 's1' and feature == 'a|b'").set_index("family")
    score = interactions.query("sample == 's1' and null == 'local' and source == 'a' and target == 'b'").iloc[0]
    for family, names in (
        (k.FAMILY_INTERACTION, ["direct_log_odds", "direct_se", "direct_information"]),
        (k.FAMILY_PAIRWISE, ["log_odds", "log_odds_se", "information"]),
        (k.FAMILY_MIXING, ["chi", "chi_se", "chi_information"]),
    ):
        assert mine.loc[family, ["value", "se", "weight"]].tolist() == score[names].tolist()
    # C = 2**value · (E + ½) − ½ of every ratio: what one part is measured against is what the one before it ends at
    count = 2 ** mine["value"] * (mine["weight"] + 0.5) - 0.5
    chain = [k.FAMILY_SHARED_DOMAIN, k.FAMILY_SHARED_REGION, k.FAMILY_CONTACT]
    assert mine.loc[chain[1:], "weight"].tolist() == pytest.approx(count[chain[:2]].tolist())
    assert count[k.FAMILY_CONTACT] == pytest.approx(count[k.FAMILY_TOTAL])
    # all edges between a and b have an end that can change, so all of them count
    assert count[k.FAMILY_CONTACT] == pytest.approx(score["observed"])
    own = table.query("sample == 's1' and feature == 'a|a'").set_index("family")
    counted = 2 ** own.loc[k.FAMILY_CONTACT, "value"] * (own.loc[k.FAMILY_CONTACT, "weight"] + 0.5) - 0.5
    all_of = interactions.query("sample == 's1' and null == 'local' and source == 'a' and target == 'a'").iloc[0]
    assert counted < 0.9 * all_of["observed"]
    assert own.loc[k.FAMILY_CONTACT, "se"] == pytest.approx(
        all_of["sd"] / ((own.loc[k.FAMILY_CONTACT, "weight"] + 0.5) * np.log(2))
    )
    untested = table[table["status"] != "tested"]
    assert set(untested.loc[untested["family"] != "distance", "feature"]) == {"a|c", "b|c", "c|c"}
    assert untested["value"].isna().all()
    assert (untested["weight"] == 0).all()
    # of two types a distance to the other has nothing to be compared with
    assert mine.loc["distance", "status"] == k.NO_VARIATION
    distance, source = (
        own.loc["distance"],
        distances.query("sample == 's1' and source == 'a' and target == 'a'").iloc[0],
    )
    assert distance[["value", "se", "weight"]].tolist() == source[["index", "index_se", "n_index"]].tolist()
    assert 0 < distance["n"] == source["n_index"] <= source["n"]
    plain = feature_table(cells, interactions, distances, empty(FUNCTIONS), primary=k.LOCAL, symmetric=False)
    assert (plain["family"] == k.FAMILY_CONTACT).sum() == 18
    assert (plain["family"] == k.FAMILY_INTERACTION).sum() == 12


def test_nothing_expected_is_no_negative_weight() -> None:
    """Where no cell of a type is near, nothing is expected, and rounding must not make it less."""
    rows = []
    for i, in_image in enumerate(np.linspace(0.05, 40, 400)):
        domain = np.log2(0.5 + 0.7 * in_image) - np.log2(0.5 + in_image)
        region = np.log2(0.5) - np.log2(0.5 + 0.7 * in_image)
        rows.append({"sample": f"s{i}", "expected_global": in_image, "log2_domain": domain, "log2_region": region})
    scores = pd.DataFrame(rows).assign(
        source="a", target="b", log2_contact=1.0, sd=1.0, expected=0.0, n_source=20, status="tested"
    )
    table = part_features(scores, symmetric=True)
    assert (table["weight"] >= 0).all()
    assert table.loc[table["family"] == k.FAMILY_CONTACT, "weight"].to_numpy() == pytest.approx(
        np.zeros(400), abs=1e-12
    )
