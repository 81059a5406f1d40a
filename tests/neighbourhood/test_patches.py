"""Exact moments of `patch`, contact share and `histocat` against full enumeration and permutations."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tumint.kernels.counts import contact_counts
from tumint.neighbourhood.graph import Graph, delaunay, from_edges, knn, radius
from tumint.neighbourhood.image import GraphSpec, build_graph, make_image
from tumint.neighbourhood.moments import exact_moments
from tumint.neighbourhood.nulls import Draws, Statistic, permuted
from tumint.neighbourhood.patches import moments


def counts(graph: Graph, labels: np.ndarray, K: int, least: int) -> tuple[np.ndarray, np.ndarray]:
    """Edges a → b, and a-cells with at least so many b-neighbours."""
    edges, cells = np.zeros((K, K), np.int64), np.zeros((K, K), np.int64)
    contact_counts(
        graph.indptr, graph.indices, labels.astype(np.uint8), least, edges, cells, np.zeros((K, 2), np.int64)
    )
    return edges, cells


@pytest.mark.parametrize("least", [1, 2, 3])
@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("density", [0.2, 0.5, 0.9])
def test_moments_equal_full_enumeration(directed: bool, least: int, density: float) -> None:
    rng = np.random.default_rng(int(100 * density) + 10 * least + directed)
    for kinds in ([0, 0, 0, 1, 1, 2, 2], [0, 0, 0, 0, 1, 1, 2], [0, 0, 0, 0, 0, 0, 1]):
        graph = from_edges(7, np.argwhere(rng.random((7, 7)) < density), symmetric=not directed)
        drawn = [counts(graph, np.array(one), 4, least) for one in sorted(set(itertools.permutations(kinds)))]
        edges, cells = (np.array(part, float) for part in zip(*drawn, strict=True))
        found = moments(graph, np.bincount(kinds, minlength=4), least)
        assert found is not None
        mean, variance, with_edges = found
        assert mean == pytest.approx(cells.mean(axis=0), abs=1e-12)
        assert variance == pytest.approx(cells.var(axis=0), abs=1e-12)
        if least == 1:
            covariance = (edges * cells).mean(axis=0) - edges.mean(axis=0) * cells.mean(axis=0)
            assert with_edges == pytest.approx(covariance, abs=1e-12)


GRAPHS = {
    "delaunay": delaunay,
    "knn": lambda xy: knn(xy, 5),
    "radius": lambda xy: radius(xy, 18.0),
    "guard": lambda xy: build_graph(make_image("s", xy, np.zeros(len(xy), int)), GraphSpec(guard_um=20.0)),
}


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("least", [1, 3])
def test_moments_equal_20000_permutations(name: str, least: int) -> None:
    rng = np.random.default_rng(1)
    xy = rng.random((400, 2)) * 200
    labels = rng.choice(4, 400, p=[0.4, 0.3, 0.2, 0.1]).astype(np.uint8)
    graph = GRAPHS[name](xy)
    sizes = np.bincount(labels)
    found = moments(graph, sizes, least)
    assert found is not None
    mean, variance, _ = found
    zero, P = np.zeros((4, 4)), 20_000
    null = permuted(Statistic("patch", least), graph, labels, zero, np.zeros(400, np.int32), Draws("s", number=P))
    drawn_mean, drawn = null.mean * sizes[:, None], (null.sd * sizes[:, None]) ** 2
    often = mean > 2
    assert often.sum() >= 6
    assert np.abs((drawn_mean - mean) / np.sqrt(variance / P))[often].max() < 4
    assert np.abs(drawn / variance - 1)[often].max() < 0.03
    assert np.mean((drawn / variance)[often]) == pytest.approx(1, abs=0.012)


def test_a_hub_is_left_to_permutations_and_labels_of_no_cell_are_nothing() -> None:
    n = 30_001
    hub = from_edges(n, np.column_stack([np.zeros(n - 1, int), np.arange(1, n)]), symmetric=True)
    assert moments(hub, np.array([n - 5, 5]), 1) is None
    empty = moments(from_edges(30, np.empty((0, 2), int), symmetric=True), np.array([20, 10, 0]), 2)
    assert empty is not None
    assert all((part == 0).all() for part in empty)


def test_edges_and_their_share_agree_with_the_moments_of_edges() -> None:
    rng = np.random.default_rng(0)
    graph = from_edges(60, rng.permutation(60).reshape(-1, 2), symmetric=True)  # pairs: an a-cell has one neighbour
    sizes = np.array([20, 25, 15])
    found = moments(graph, sizes, 1)
    mean, variance = exact_moments(graph, np.zeros(60, np.int32), sizes[:, None])
    assert found is not None
    for part, true in zip(found, (mean, variance, variance), strict=True):
        assert part == pytest.approx(true)
