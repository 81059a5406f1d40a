"""Graphs: every degenerate arrangement is defined."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tumint.keys import TOGETHER
from tumint.neighbourhood.graph import Graph, delaunay, from_edges, hilbert_order, knn, radius, without_rows
from tumint.neighbourhood.image import GraphSpec, Image, build_graph, in_guard, make_image


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


def joined_all(xy: np.ndarray, near: object) -> set[tuple[int, int]]:
    """Every pair of cells whose places are neighbours or one place."""
    at = [tuple(place) for place in xy.tolist()]
    return {
        (i, j)
        for i, j in itertools.product(range(len(xy)), repeat=2)
        if i != j and (at[i] == at[j] or near(at[i], at[j]))  # type: ignore[operator]
    }


def test_up_to_21_cells_at_one_place_are_joined_without_a_bound() -> None:
    corners = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 9.0], [0.0, 10.0]])
    sides = {frozenset(map(tuple, corners[list(pair)].tolist())) for pair in [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)]}
    xy = np.repeat(corners, [TOGETHER, 2, TOGETHER, 3], axis=0)
    xy = xy[np.random.default_rng(0).permutation(len(xy))]
    assert pairs(delaunay(xy)) == joined_all(xy, lambda a, b: frozenset((a, b)) in sides)
    assert pairs(radius(xy, 10)) == joined_all(xy, lambda a, b: np.hypot(a[0] - b[0], a[1] - b[1]) <= 10)


@pytest.mark.parametrize("make", [delaunay, radius])
@pytest.mark.parametrize("n", [TOGETHER + 1, 6000])
def test_more_cells_at_one_place_have_20_neighbours_there_and_21_of_them_others(make: object, n: int) -> None:
    xy = np.concatenate([np.zeros((n, 2)), [[15.0, 0.0], [0.0, 15.0]]])
    graph = make(xy)  # type: ignore[operator]
    degrees = np.diff(graph.indptr)
    assert graph.undirected
    assert (graph.indices[graph.indptr[0] : graph.indptr[1]][:10] == np.arange(1, 11)).all()
    assert (degrees[:TOGETHER] == TOGETHER - 1 + 2).all()  # the first by row stand for all
    assert (degrees[TOGETHER:n] == TOGETHER - 1).all()
    beside = int((n, n + 1) in pairs(graph))
    assert (degrees[n:] == TOGETHER + beside).all()
    assert (graph.n_edges, graph.n_edges == len(pairs(graph))) == (20 * n + 4 * TOGETHER + 2 * beside, True)


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("k", [1, 6, 30])
def test_the_nearest_of_a_crowd_are_of_its_own_place(k: int, symmetric: bool) -> None:
    rng = np.random.default_rng(1)
    xy = np.concatenate([np.zeros((6000, 2)), np.full((25, 2), 40.0), 1 + 30 * rng.random((50, 2))])
    graph = knn(xy, k, symmetric=symmetric)
    assert graph.n_edges <= (2 if symmetric else 1) * k * len(xy)
    degrees = np.diff(graph.indptr)
    assert (degrees >= k).all()
    sources = np.repeat(np.arange(graph.n), degrees)
    if not symmetric:
        assert (degrees == k).all()
        apart = np.hypot(*(xy[sources] - xy[graph.indices]).T)
        every = np.sort(np.hypot(*(xy[:, None, :] - xy[None, 6000:, :]).T), axis=0)  # to those that are no crowd
        few = np.flatnonzero(np.arange(len(xy)) >= 6000)
        zeros = np.zeros((k, len(few))) + np.hypot(*xy[few].T)  # and to the crowd at 0, enough for all
        expected = np.sort(np.concatenate([every[1:, few], zeros]), axis=0)[:k]
        assert np.sort(apart[sources >= 6000].reshape(-1, k).T, axis=0) == pytest.approx(expected)
        assert (apart[sources < 6000] == 0).all()


SPECS = [GraphSpec(), GraphSpec("radius"), GraphSpec("knn"), GraphSpec("knn", symmetric=True)]


@pytest.mark.parametrize("spec", SPECS, ids=["delaunay", "radius", "knn", "knn both ways"])
def test_neighbours_in_a_crowd_go_by_id_and_not_by_row(spec: GraphSpec) -> None:
    rng = np.random.default_rng(2)
    xy = np.concatenate([np.full((300, 2), 50.0), np.full((40, 2), 60.0), 100 * rng.random((200, 2))])
    ids = rng.permutation(len(xy)) + 7

    def by_id(order: np.ndarray) -> set[tuple[int, int]]:
        image: Image = make_image("s", xy[order], np.zeros(len(xy), int), ids=ids[order])
        graph = build_graph(image, spec)
        return {(int(image.ids[i]), int(image.ids[j])) for i, j in pairs(graph)}

    crowd = set(ids[:340].tolist())  # whom others take of a crowd is a tie, which the search tree breaks
    first, second = (by_id(order) for order in (np.arange(len(xy)), rng.permutation(len(xy))))
    if spec.kind == "knn":
        first, second = ({(i, j) for i, j in found if {i, j} <= crowd} for found in (first, second))
    assert first == second


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
