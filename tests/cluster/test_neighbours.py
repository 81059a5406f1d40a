"""The graph against brute force, and the same bits for any number of threads."""

from __future__ import annotations

import numpy as np
import pytest

from tumint.cluster.leiden import communities, number_by_size, subgraph
from tumint.cluster.neighbours import jaccard_edges, near_neighbours, nearest_neighbours


def _points(n=1500, d=7, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 4, size=(6, d))
    return (centres[rng.integers(0, 6, size=n)] + rng.normal(size=(n, d))).astype(np.float32)


def _brute_force(points, k):
    squares = ((points[:, None, :].astype(float) - points[None, :, :]) ** 2).sum(axis=2)
    np.fill_diagonal(squares, np.inf)
    return np.argsort(squares, axis=1, kind="stable")[:, :k], np.sort(squares, axis=1)[:, :k]


def test_exact():
    points = _points()
    indices, squares = nearest_neighbours(points, 12, seed=5, threads=2)
    expected, distances = _brute_force(points, 12)
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_allclose(squares, distances, rtol=1e-5)


def test_ties_go_to_the_lower_index():
    rng = np.random.default_rng(2)
    points = rng.integers(0, 3, size=(800, 3)).astype(np.float32)  # every point many times
    indices, _ = nearest_neighbours(points, 40, seed=1, threads=2)
    np.testing.assert_array_equal(indices, _brute_force(points, 40)[0])


def test_threads_and_partition_change_nothing():
    points = _points(n=6000)
    indices, squares = nearest_neighbours(points, 15, seed=0, threads=1)
    for seed, threads in ((0, 2), (1, 3)):
        again = nearest_neighbours(points, 15, seed=seed, threads=threads)
        np.testing.assert_array_equal(again[0], indices)
        np.testing.assert_array_equal(again[1], squares)


@pytest.mark.long
def test_the_search_for_large_cohorts_finds_nearly_all():
    points = _points(n=6000, d=9)
    exact, _ = nearest_neighbours(points, 15, seed=0, threads=2)
    found, distances = near_neighbours(points, 15, seed=0, threads=1)
    hits = np.array([np.isin(row, true) for row, true in zip(found, exact, strict=True)])
    assert hits.mean() > 0.98
    assert (np.diff(distances, axis=1) >= 0).all()
    assert all(len(set(row)) == 15 and i not in row for i, row in enumerate(found.tolist()))
    np.testing.assert_allclose(distances, ((points[found] - points[:, None, :]) ** 2).sum(axis=2), rtol=1e-4, atol=1e-5)
    for threads in (2, 3):
        again = near_neighbours(points, 15, seed=0, threads=threads)
        np.testing.assert_array_equal(again[0], found)
        np.testing.assert_array_equal(again[1], distances)


def test_the_search_with_repeated_points():
    rng = np.random.default_rng(2)
    points = rng.integers(0, 3, size=(2000, 3)).astype(np.float32)  # every point many times
    found, squares = near_neighbours(points, 10, seed=1, threads=2)
    assert (squares == 0).mean() > 0.999
    assert (found != np.arange(2000)[:, None]).all()


def test_smallest_cohorts():
    indices, squares = nearest_neighbours(np.array([[0.0], [3.0]]), 1)
    assert indices.tolist() == [[1], [0]]
    assert squares.tolist() == [[9.0], [9.0]]
    with pytest.raises(ValueError, match="between 1 and 1, found `2`"):
        nearest_neighbours(np.array([[0.0], [3.0]]), 2)


def test_jaccard_weights():
    neighbours, _ = nearest_neighbours(_points(n=300), 9)
    edges, weights = jaccard_edges(neighbours, threads=2)
    lists = [set(row) for row in neighbours.tolist()]
    expected: dict[tuple[int, int], float] = {}
    for i, row in enumerate(lists):
        for j in row:
            overlap = len(row & lists[j]) / len(row | lists[j])
            if overlap:
                pair = (min(i, j), max(i, j))
                expected[pair] = expected.get(pair, 0.0) + overlap
    # one shared neighbour seen from one side is no edge
    expected = {pair: weight for pair, weight in expected.items() if weight > 1 / 17 + 1e-9}
    assert 0.5 < len(expected) / len({tuple(sorted((i, j))) for i, row in enumerate(lists) for j in row}) < 1
    assert [tuple(edge) for edge in edges.tolist()] == sorted(expected)
    np.testing.assert_allclose(weights, [expected[pair] for pair in sorted(expected)])


def test_communities_by_seed_alone():
    import random

    points = _points()
    edges, weights = jaccard_edges(nearest_neighbours(points, 15)[0])
    random.seed(1)
    one = communities(len(points), edges, weights, resolution=1.0, seed=4)
    random.seed(2)
    np.testing.assert_array_equal(communities(len(points), edges, weights, resolution=1.0, seed=4), one)
    assert one.max() + 1 == 6
    assert communities(len(points), edges, weights, resolution=5.0, seed=4).max() > one.max()


def test_numbers_follow_size_then_first_cell():
    assert number_by_size(np.array([7, 3, 3, 9, 7, 3, 5])).tolist() == [1, 0, 0, 2, 1, 0, 3]


def test_subgraph_renumbers_its_nodes():
    edges, weights = subgraph(
        np.array([True, False, True, True]), np.array([[0, 1], [0, 2], [2, 3]]), np.array([1.0, 2.0, 3.0])
    )
    assert edges.tolist() == [[0, 1], [1, 2]]
    assert weights.tolist() == [2.0, 3.0]
