"""Graphs: every degenerate arrangement is defined."""

from __future__ import annotations

import numpy as np
import pytest

from tumint.neighbourhood.graph import Graph, delaunay, from_edges, hilbert_order, knn, radius, without_rows
from tumint.neighbourhood.image import in_guard


def pairs(graph: Graph) -> set[tuple[int, int]]:
    sources = np.repeat(np.arange(graph.n), np.diff(graph.indptr))
    return set(zip(sources.tolist(), graph.indices.tolist(), strict=True))


def both(*edges: tuple[int, int]) -> set[tuple[int, int]]:
    return {edge for i, j in edges for edge in ((i, j), (j, i))}


@pytest.mark.parametrize("make", [delaunay, knn, radius])
@pytest.mark.parametrize("n", [0, 1])
def test_no_cell_and_one_cell_have_no_edge(make: object, n: int) -> None:
    graph = make(np.zeros((n, 2)))  # type: ignore[operator]
    assert (graph.n, graph.n_edges) == (n, 0)


def test_two_cells_are_neighbours_within_the_cap() -> None:
    xy = np.array([[0.0, 0.0], [30.0, 40.0]])
    assert pairs(delaunay(xy, 50)) == both((0, 1))
    assert pairs(delaunay(xy, 49.9)) == set()
    assert pairs(delaunay(xy, 0)) == both((0, 1))


@pytest.mark.parametrize("direction", [(1.0, 0.0), (0.6, 0.8), (0.1, -0.7)])
def test_cells_on_a_line_are_chained(direction: tuple[float, float]) -> None:
    along = np.array([3.0, 0.0, 2.0, 1.0])
    graph = delaunay(along[:, None] * np.array(direction) + 1000.1)
    assert pairs(graph) == both((1, 3), (3, 2), (2, 0))


def test_coincident_cells_share_neighbours_and_are_not_their_own() -> None:
    square = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 9.0], [0.0, 10.0]])
    alone = pairs(delaunay(square))
    doubled = delaunay(np.concatenate([square, square[:1]]))
    expected = alone | {(4, j) for i, j in alone if i == 0} | {(j, 4) for i, j in alone if i == 0} | both((0, 4))
    assert pairs(doubled) == expected
    assert doubled.undirected
    assert pairs(delaunay(np.zeros((3, 2)))) == both((0, 1), (0, 2), (1, 2))
    assert pairs(radius(np.zeros((3, 2)))) == both((0, 1), (0, 2), (1, 2))
    assert pairs(knn(np.zeros((3, 2)), 2)) == both((0, 1), (0, 2), (1, 2))


def test_many_coincident_cells_have_exactly_k_neighbours_each() -> None:
    graph = knn(np.zeros((40, 2)), 6)
    assert (np.diff(graph.indptr) == 6).all()
    assert all(i != j for i, j in pairs(graph))


def test_knn_is_directed_unless_symmetric_and_takes_all_where_there_are_few() -> None:
    xy = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]])
    assert pairs(knn(xy, 1)) == {(0, 1), (1, 0), (2, 1)}
    assert not knn(xy, 1).undirected
    assert pairs(knn(xy, 1, symmetric=True)) == both((0, 1), (1, 2))
    assert knn(xy, 1, symmetric=True).undirected
    assert pairs(knn(xy, 10)) == both((0, 1), (0, 2), (1, 2))


def test_the_radius_is_included() -> None:
    xy = np.array([[0.0, 0.0], [20.0, 0.0], [40.1, 0.0]])
    assert pairs(radius(xy, 20)) == both((0, 1))


def test_a_grid_of_pixels_is_triangulated() -> None:
    # four cells on one circle, everywhere: each square gets one diagonal
    x, y = np.meshgrid(np.arange(12.0), np.arange(9.0))
    graph = delaunay(np.column_stack([x.ravel(), y.ravel()]))
    assert graph.n_edges / 2 == 11 * 9 + 12 * 8 + 11 * 8
    assert np.diff(graph.indptr).min() >= 2


def test_nearly_coincident_and_nearly_collinear_cells_keep_a_neighbour() -> None:
    rng = np.random.default_rng(0)
    xy = rng.random((60, 2)) * 500
    close = np.concatenate([xy, xy[:20] + 1e-13])
    assert (np.diff(delaunay(close, 0).indptr) >= 1).all()
    flat = np.column_stack([np.arange(30.0), 1e-12 * rng.random(30)])
    assert (np.diff(delaunay(flat, 0).indptr) >= 1).all()


def test_provided_edges_count_as_undirected_only_where_they_are() -> None:
    assert from_edges(3, np.array([[0, 1], [1, 0]]), symmetric=False).undirected
    assert not from_edges(3, np.array([[0, 1]]), symmetric=False).undirected
    assert from_edges(3, np.array([[1, 1]]), symmetric=False).n_edges == 0


def test_hilbert_neighbours_are_near() -> None:
    x, y = np.meshgrid(np.arange(16.0), np.arange(16.0))
    xy = np.column_stack([x.ravel(), y.ravel()])
    order = hilbert_order(xy)
    assert sorted(order.tolist()) == list(range(256))
    steps = np.abs(np.diff(xy[order], axis=0)).sum(axis=1)
    assert np.median(steps) == 1
    shuffled = np.random.default_rng(0).permutation(256)
    assert (xy[shuffled][hilbert_order(xy[shuffled])] == xy[order]).all()


def test_a_graph_does_not_depend_on_the_order_of_the_cells() -> None:
    xy = np.random.default_rng(4).random((200, 2)) * 300
    order = np.random.default_rng(5).permutation(200)
    for make in (delaunay, knn, radius):
        moved = {(int(order[i]), int(order[j])) for i, j in pairs(make(xy[order]))}
        assert moved == pairs(make(xy))


def test_without_rows_keeps_the_way_in() -> None:
    graph = from_edges(4, np.array([[0, 1], [1, 2], [2, 3]]), symmetric=True)
    kept = without_rows(graph, np.array([False, True, False, False]))
    assert pairs(kept) == {(0, 1), (2, 1), (2, 3), (3, 2)}
    assert (graph.undirected, kept.undirected) == (True, False)
    assert without_rows(graph, np.zeros(4, dtype=bool)) is graph


def test_the_guard_zone_runs_along_the_box() -> None:
    xy = np.array([[0.0, 5.0], [5.0, 5.0], [10.0, 5.0], [5.0, 0.0], [5.0, 9.0], [5.0, 10.0]])
    assert in_guard(xy, 1.5).tolist() == [True, False, True, True, True, True]
    assert not in_guard(xy, 0.0).any()
    assert in_guard(np.empty((0, 2)), 3.0).size == 0
