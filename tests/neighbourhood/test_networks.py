"""Networks against networkx component by component; chance against enumeration; aggregates by their definition."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy.spatial import Delaunay
from scipy.spatial.distance import cdist

from tumint.neighbourhood.graph import delaunay
from tumint.neighbourhood.networks import chance, find


def slow(xy: np.ndarray, labels: np.ndarray, types: tuple[int, ...], least: int, longest: float) -> set[frozenset[int]]:
    """Lymphonets as Gaglia et al. describe them, in networkx."""
    graph = nx.Graph()
    graph.add_nodes_from(np.flatnonzero(np.isin(labels, types)).tolist())
    for triangle in Delaunay(xy).simplices:
        for i, j in itertools.combinations(triangle.tolist(), 2):
            if labels[i] in types and labels[j] in types and np.hypot(*(xy[i] - xy[j])) <= longest:
                graph.add_edge(i, j)
    return {frozenset(c) for c in nx.connected_components(graph) if len(c) >= least}


def grouped(roots: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(roots == r).tolist()) for r in set(roots[roots >= 0].tolist())}


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
def test_components_are_those_of_networkx(share):
    rng = np.random.default_rng(int(share * 10))
    xy = rng.random((900, 2)) * 700
    labels = np.where(rng.random(900) < share, rng.integers(0, 2, 900), 2)
    kind = find.Kind("lymphonets", (0, 1), 6, 35.0)
    roots = find.networks(kind, delaunay(xy, 35.0), xy, labels)
    assert grouped(roots) == slow(xy, labels, (0, 1), 6, 35.0)
    ids = rng.permutation(900)
    number = find.numbered(roots, ids)
    sizes = np.bincount(number)[1:]
    assert (np.diff(sizes) <= 0).all()
    assert sizes.sum() == (roots >= 0).sum()


def test_a_tumour_cell_between_two_lymphocytes_parts_them():
    xy = np.array([[0.0, 0.0], [10.0, 0.1], [20.0, 0.0], [10.0, 30.0], [10.0, -30.0]])
    labels = np.array([0, 1, 0, 1, 1])
    kind = find.Kind("lymphonets", (0,), 2, 50.0)
    assert (find.networks(kind, delaunay(xy, 50.0), xy, labels) == -1).all()


def test_aggregates_are_dense_and_have_t_cells_beside_them():
    rng = np.random.default_rng(0)
    dense, loose = rng.normal(0, 6, (80, 2)), rng.normal(0, 60, (80, 2)) + 600
    alone = rng.normal(0, 6, (80, 2)) + np.array([0, 600])
    t_cells = rng.normal(0, 8, (12, 2))
    xy = np.concatenate([dense, loose, alone, t_cells])
    labels = np.repeat([0, 0, 0, 1], [80, 80, 80, 12])
    kind = find.Kind("aggregates", (0,), 50, 50.0, crowd=(30, 10.0), near=((1,), 10, 50.0))
    found = grouped(find.networks(kind, delaunay(xy, 50.0), xy, labels))
    assert len(found) == 1
    members = np.array(sorted(next(iter(found))))
    assert (members < 80).all()
    d = np.sort(cdist(xy[:240], xy[:240]), axis=1)[:, 1:31].mean(axis=1)
    assert (d[members] <= 10).all()


def small(seed: int = 3) -> chance.Tissue:
    rng = np.random.default_rng(seed)
    xy = rng.random((9, 2)) * 60
    labels = np.array([0, 0, 1, 2, 2, 2, 2, 2, 2])
    return chance.Tissue("s", xy, labels, np.arange(9), delaunay(xy, 60.0), np.zeros(9, np.int64))


def test_chance_is_that_of_all_labellings():
    tissue = small()
    kind = find.Kind("nets", (0, 1), 2, 60.0)
    exact = []
    for cells in itertools.combinations(range(9), 3):
        for odd in cells:
            labels = np.full(9, 2)
            labels[list(cells)], labels[odd] = 0, 1
            exact.append(chance.measures(find.networks(kind, tissue.graph, tissue.xy, labels), labels, (0, 1)))
    roots = find.networks(kind, tissue.graph, tissue.xy, tissue.labels)
    table = chance.against_chance(kind, tissue, ["a", "b", "c"], roots, 4000, 0)
    drawn = table[table["what"] != "share"]
    spread = np.std(exact, axis=0)
    assert np.abs(drawn["expected"].to_numpy() - np.mean(exact, axis=0)) == pytest.approx(0, abs=4 * spread.max() / 60)
    assert drawn["sd"].to_numpy() == pytest.approx(spread, abs=0.06)


def test_shares_are_hypergeometric():
    tissue = small()
    roots = np.array([0, -1, 0, -1, -1, -1, -1, -1, -1])
    table = chance.against_chance(find.Kind("nets", (0, 1), 2, 60.0), tissue, ["a", "b", "c"], roots, 20, 0)
    share = table[table["what"] == "share"].set_index("item")
    # of three cells two are inside: each of both a-cells with chance 2/3
    assert share.loc["a", "expected"] == pytest.approx(4 / 3)
    assert share.loc["a", "sd"] == pytest.approx(np.sqrt(2 * 2 / 3 / 3 * (1 / 2)))
    assert share.loc["a", "observed"] == 1


def test_features_and_tables_of_networks():
    tissue = small()
    kind = find.Kind("nets", (0, 1), 2, 60.0)
    roots = find.networks(kind, tissue.graph, tissue.xy, tissue.labels)
    counts = chance.against_chance(kind, tissue, ["a", "b", "c"], roots, 50, 0)
    features = chance.network_features(counts)
    assert set(features["family"]) == {"network", "type_in_network"}
    row = features[features["feature"] == "cells in nets"].iloc[0]
    seen = counts[counts["what"] == "cells"].iloc[0]
    assert row["value"] == pytest.approx(np.log2((seen["observed"] + 0.5) / (seen["expected"] + 0.5)))
    table = chance.network_table(kind, tissue, find.numbered(roots, tissue.ids), ["a", "b", "c"])
    assert table["n"].sum() == seen["observed"]
    assert isinstance(table, pd.DataFrame)
