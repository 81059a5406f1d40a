"""Barriers against walks done one by one, enumeration of labels, and tissues where no type is a barrier."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tumint import keys as k
from tumint.kernels.barriers import between
from tumint.neighbourhood.barriers import barrier_features, passed_cells
from tumint.neighbourhood.graph import Graph, delaunay, from_edges, knn


def slow(graph: Graph, source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, int]:
    """Every way of every source cell, one after another, with its chance."""
    neighbours = [set(graph.indices[graph.indptr[i] : graph.indptr[i + 1]].tolist()) for i in range(graph.n)]
    passed, walkers = np.zeros(graph.n), 0

    def steps(i: int) -> float:
        seen, front, count = {i}, {i}, 0
        while front:
            if any(target[j] for j in front):
                return count
            front = {j for at in front for j in neighbours[at]} - seen
            seen |= front
            count += 1
        return np.inf

    far = [steps(i) for i in range(graph.n)]

    def walk(i: int, chance: float) -> None:
        nearer = [j for j in neighbours[i] if far[j] == far[i] - 1]
        for j in nearer:
            if not target[j]:
                passed[j] += chance / len(nearer)
                walk(j, chance / len(nearer))

    for i in np.flatnonzero(source):
        if 2 <= far[i] < np.inf:
            walkers += 1
            walk(i, 1.0)
    return passed, walkers


@pytest.mark.parametrize("directed", [False, True])
def test_ways_equal_those_walked_one_by_one(directed: bool) -> None:
    rng = np.random.default_rng(0)
    xy = rng.random((120, 2)) * 200
    graph = knn(xy, 3) if directed else delaunay(xy)
    source, target = xy[:, 0] < 60, xy[:, 0] > 170
    passed = np.zeros(120)
    walkers = between(graph.indptr, graph.indices, *graph.turned(), source, target, passed)
    expected, n = slow(graph, source, target)
    assert walkers == n
    assert passed == pytest.approx(expected, abs=1e-12)


def test_mean_and_variance_equal_enumeration() -> None:
    line = from_edges(8, np.array([[i, i + 1] for i in range(7)] + [[0, 2], [3, 5]]), symmetric=True)
    labels, strata = np.array([0, 2, 3, 2, 3, 2, 3, 1]), np.array([0, 0, 0, 0, 1, 1, 1, 1])
    groups = [np.array([1, 2, 3]), np.array([4, 5, 6])]
    seen = []
    for one, other in itertools.product(*(sorted(set(itertools.permutations(labels[g].tolist()))) for g in groups)):
        mixed = labels.copy()
        mixed[groups[0]], mixed[groups[1]] = one, other
        seen.append(passed_cells(line, mixed, 4, 0, 1, strata).observed)
    found = passed_cells(line, labels, 4, 0, 1, strata)
    assert found.expected[2:] == pytest.approx(np.mean(seen, axis=0)[2:])
    assert found.variance[2:] == pytest.approx(np.var(seen, axis=0)[2:])


def test_a_ring_around_the_tumour_is_a_barrier_and_a_common_type_is_none() -> None:
    """Macrophages are many everywhere; fibroblasts few, but around the nest."""
    rng = np.random.default_rng(1)
    xy = rng.random((3000, 2)) * 600
    far = np.hypot(*(xy - 300).T)
    labels = np.where(rng.random(3000) < 0.6, 3, 4)
    labels[(far > 130) & (far < 160) & (rng.random(3000) < 0.7)] = 2
    labels[far < 130], labels[far > 220] = 1, np.where(rng.random(int((far > 220).sum())) < 0.2, 0, labels[far > 220])
    types = ["CD8", "Tumour", "Fibroblasts", "Macrophages", "Other"]
    table = barrier_features("s", delaunay(xy), labels, types, [("CD8", "Tumour")]).set_index(k.FEATURE)
    assert table.loc["Fibroblasts between CD8 and Tumour", k.VALUE] > 0.4
    assert table.loc["Macrophages between CD8 and Tumour", k.VALUE] < 0
    assert (table[k.STATUS] == k.TESTED).all()


def test_nothing_to_pass() -> None:
    labels = np.array([0, 1, 2])
    apart = from_edges(3, np.empty((0, 2), int), symmetric=True)
    table = barrier_features("s", apart, labels, ["a", "b", "c"], [("a", "b")])
    assert table[k.STATUS].tolist() == [k.NO_VARIATION]
    assert table[k.N].tolist() == [0]
