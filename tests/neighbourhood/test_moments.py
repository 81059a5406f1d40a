"""Exact moments against full enumeration, permutations and spdep; the formulas share no code with any of them."""

from __future__ import annotations

import gzip
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from tumint import keys as k
from tumint.kernels.counts import edge_counts
from tumint.neighbourhood.graph import Graph, delaunay, from_edges, knn, radius
from tumint.neighbourhood.levels import Scales, level, parent_codes
from tumint.neighbourhood.moments import cross_table, exact_moments
from tumint.neighbourhood.nulls import Draws, Statistic, permuted

ORACLES = Path(__file__).parents[1] / "data" / "oracles"


def counts(graph: Graph, labels: np.ndarray, n_types: int) -> np.ndarray:
    out = np.empty((n_types, n_types), np.int64)
    edge_counts(graph.indptr, graph.indices, labels.astype(np.uint8), graph.undirected, out)
    return out


def enumerated(graph: Graph, labels: np.ndarray, strata: np.ndarray, n_types: int) -> tuple[np.ndarray, np.ndarray]:
    groups = [np.flatnonzero(strata == s) for s in range(strata.max() + 1)]
    found = []
    # distinct arrangements: each stands for as many permutations as any other
    for arrangement in itertools.product(*(sorted(set(itertools.permutations(labels[g].tolist()))) for g in groups)):
        mixed = labels.copy()
        for group, values in zip(groups, arrangement, strict=True):
            mixed[group] = values
        found.append(counts(graph, mixed, n_types))
    return np.mean(found, axis=0), np.var(found, axis=0)


@pytest.mark.long
@pytest.mark.parametrize("n_strata", [1, 2, 3])
@pytest.mark.parametrize("directed", [False, True])
def test_moments_equal_full_enumeration(directed: bool, n_strata: int) -> None:
    rng = np.random.default_rng(10 * n_strata + directed)
    for _ in range(3):
        W = rng.random((6, 6)) < 0.4
        graph = from_edges(6, np.argwhere(W), symmetric=not directed)
        labels, strata = rng.permutation([0, 0, 0, 1, 1, 2]), rng.permutation(np.arange(6) % n_strata)
        mean, variance = exact_moments(graph, strata, cross_table(labels, strata, 3, n_strata))
        true_mean, true_variance = enumerated(graph, labels, strata, 3)
        assert mean == pytest.approx(true_mean, abs=1e-12)
        assert variance == pytest.approx(true_variance, abs=1e-12)


def test_moments_equal_20000_stratified_permutations() -> None:
    rng = np.random.default_rng(3)
    n, K, P = 400, 4, 20_000
    xy = rng.random((n, 2)) * 200
    strata = (xy[:, 0] > 70).astype(int) + (xy[:, 0] > 150)
    labels = np.where(rng.random(n) < 0.3, strata, rng.integers(0, K, n))
    graph = knn(xy, 5)
    mean, variance = exact_moments(graph, strata, cross_table(labels, strata, K, 3))
    zero = np.zeros((K, K))
    null = permuted(Statistic(), graph, labels.astype(np.uint8), zero, strata, Draws("moments", number=P))
    sampled = null.sd**2
    # 16 pairs: |z| of the largest is below 3.5 in all but 0.7 % of the seeds
    assert np.abs((null.mean - mean) / np.sqrt(variance / P)).max() < 3.5
    assert np.abs(sampled / variance - 1).max() < 0.05
    assert np.abs(np.mean(sampled / variance) - 1) < 0.01


@pytest.mark.parametrize("name", [k.LOCAL, k.PARENT, k.PARENT_LOCAL])
@pytest.mark.parametrize("directed", [False, True])
def test_moments_of_tiles_parents_and_both_equal_full_enumeration(name: str, directed: bool) -> None:
    rng = np.random.default_rng(5)
    for _ in range(4):
        xy = rng.random((9, 2)) * 30
        labels, domains = rng.permutation([0, 0, 0, 1, 1, 2, 2, 3, 3]), (xy[:, 0] > 20).astype(int)
        parents = parent_codes(["a", "b", "c", "d"], {"first": ["a", "b"], "second": ["c", "d"]})
        at = level(name, "r1", xy, labels, domains, parents, Scales(local_um=18.0))
        strata = at.tilings[0]
        if name != k.PARENT:  # some tile has two cells that can change places, and there is more than one
            assert len(np.unique(strata)) > 1
        graph = from_edges(9, np.argwhere(rng.random((9, 9)) < 0.4), symmetric=not directed)
        mean, variance = exact_moments(graph, strata, cross_table(labels, strata, 4, strata.max() + 1))
        true_mean, true_variance = enumerated(graph, labels, strata, 4)
        assert true_variance.max() > 0
        assert mean == pytest.approx(true_mean, abs=1e-12)
        assert variance == pytest.approx(true_variance, abs=1e-12)


def brute_force(graph: Graph, labels: np.ndarray, strata: np.ndarray, n_types: int, number: int) -> np.ndarray:
    """Counts of stratified permutations by matrix products, which share nothing with the kernels."""
    rng = np.random.default_rng(0)
    n, at_once = graph.n, 250
    W = sparse.csr_array((np.ones(graph.n_edges, np.float32), graph.indices, graph.indptr), shape=(n, n))
    groups = [np.flatnonzero(strata == s) for s in range(strata.max() + 1)]
    found = []
    for _ in range(number // at_once):
        mixed = np.tile(labels, (at_once, 1))
        for group in groups:
            mixed[:, group] = rng.permuted(mixed[:, group], axis=1)
        one_hot = np.eye(n_types, dtype=np.float32)[mixed]  # permutations × cells × K
        met = (W @ one_hot.transpose(1, 0, 2).reshape(n, at_once * n_types)).reshape(n, at_once, n_types)
        found.append(np.matmul(one_hot.transpose(0, 2, 1), met.transpose(1, 0, 2)))
    return np.concatenate(found).astype(float)


@pytest.mark.parametrize(("n", "n_strata"), [(400, 3), pytest.param(4000, 200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("directed", [False, True])
def test_moments_equal_20000_permutations_by_brute_force(n: int, n_strata: int, directed: bool) -> None:
    rng = np.random.default_rng(0)
    K, P = 4, 20_000
    xy = rng.random((n, 2)) * 200
    columns, tiles = (xy[:, 0] > 70).astype(int) + (xy[:, 0] > 150), (xy // [10, 20]).astype(int) @ [10, 1]
    strata = columns if n_strata == 3 else tiles  # 20 × 10 of them
    labels = np.where(rng.random(n) < 0.3, strata % K, rng.integers(0, K, n))
    graph = knn(xy, 5, symmetric=not directed)
    found = brute_force(graph, labels, strata, K, P)
    mean, variance = exact_moments(graph, strata, cross_table(labels, strata, K, n_strata))
    assert np.abs((found.mean(axis=0) - mean) / np.sqrt(variance / P)).max() < 3.5
    ratio = found.var(axis=0) / variance
    assert ratio.min() > 0.97
    assert ratio.max() < 1.03


@pytest.mark.long
def test_millions_of_cells_keep_the_digits_of_the_variance() -> None:
    # a ring of n cells, in and out degree 1, has its variance in closed form with exact integers
    n, n_a = 3_000_000, 1_000_000
    cells = np.arange(n)
    graph = from_edges(n, np.column_stack([cells, (cells + 1) % n]), symmetric=False)
    mean, variance = exact_moments(graph, np.zeros(n, np.uint8), np.array([[n_a], [n - n_a]]))
    n_b = n - n_a
    # E[C²] = E + 2·(paths i→j→k cannot carry a, b, a, b) + (n² − 3n) · P(a, b, a, b)
    four = n_a * (n_a - 1) * n_b * (n_b - 1) * (n * n - 3 * n)
    numerator = n_a * n_b * n * (n - 2) * (n - 3) + four
    square_numerator = (n * n_a * n_b) ** 2
    falling2, falling4 = n * (n - 1), n * (n - 1) * (n - 2) * (n - 3)
    exact = (numerator * falling2**2 - square_numerator * falling4) / (falling4 * falling2**2)
    assert mean[0, 1] == pytest.approx(n_a * n_b / (n - 1), rel=1e-14)
    assert variance[0, 1] == pytest.approx(exact, rel=1e-9)


def test_one_type_alone_has_no_variance() -> None:
    graph = delaunay(np.random.default_rng(1).random((50, 2)) * 100)
    mean, variance = exact_moments(graph, np.zeros(50, int), np.array([[50]]))
    assert mean[0, 0] == graph.n_edges
    assert variance[0, 0] == 0.0


def oracle_edges(pattern: str, name: str) -> set[tuple[int, int]]:
    with gzip.open(ORACLES / f"{pattern}_{name}_edges.csv.gz", "rt") as file:
        edges = pd.read_csv(file)
    return set(zip(edges["i"] - 1, edges["j"] - 1, strict=True))


@pytest.mark.parametrize("pattern", ["csr", "clustered"])
@pytest.mark.parametrize("name", ["knn6", "radius", "delaunay"])
def test_graphs_and_join_counts_equal_spdep(pattern: str, name: str) -> None:
    cells = pd.read_csv(ORACLES / f"{pattern}_pattern.csv")
    joins = pd.read_csv(ORACLES / "joincount_multi.csv").query("pattern == @pattern and graph == @name")
    xy = cells[["x", "y"]].to_numpy()
    distance = joins["radius"].iloc[0]
    graph = {
        "knn6": lambda: knn(xy, 6, symmetric=True),
        "radius": lambda: radius(xy, distance),
        "delaunay": lambda: delaunay(xy, 0),
    }[name]()
    sources = np.repeat(np.arange(graph.n), np.diff(graph.indptr))
    found = {(i, j) for i, j in zip(sources.tolist(), graph.indices.tolist(), strict=True) if i < j}
    assert found == oracle_edges(pattern, name)

    types = sorted(set(cells["type"]))
    labels = pd.Categorical(cells["type"], categories=types).codes.astype(np.uint8)
    observed = counts(graph, labels, len(types))
    # spdep takes cells without a neighbour out of n in its moments (adjust.n); the counts are the same
    linked = np.diff(graph.indptr) > 0
    keep = linked if name == "radius" else np.ones(graph.n, bool)
    n = np.bincount(labels, minlength=len(types))[:, None]
    if not keep.all():
        mean, variance = spdep_adjusted(graph, n[:, 0], int(keep.sum()))
    else:
        mean, variance = exact_moments(graph, np.zeros(graph.n, np.uint8), n)
    for row in joins[joins["pair"] != "Jtot"].itertuples():
        a, b = (types.index(name) for name in row.pair.split(":"))
        factor = 2 if a == b else 1  # spdep counts an undirected join once
        assert observed[a, b] == factor * row.joincount
        assert mean[a, b] == pytest.approx(factor * row.expected, rel=1e-10)
        assert variance[a, b] == pytest.approx(factor**2 * row.variance, rel=1e-9)
        z = (observed[a, b] - mean[a, b]) / np.sqrt(variance[a, b])
        assert z == pytest.approx(row.z, rel=1e-8, abs=1e-10)


def spdep_adjusted(graph: Graph, sizes: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The moments of statistics.md written out for one stratum, with another n: what spdep's adjust.n gives."""

    def falling(x: float, m: int) -> float:
        return float(np.prod([x - i for i in range(m)]))

    degree = np.diff(graph.indptr).astype(float)
    S0 = T1 = T2 = degree.sum()
    T3 = T4 = T5 = (degree**2).sum() - T1
    T6 = S0**2 - T1 - T2 - T3 - T4 - 2 * T5
    K = len(sizes)
    mean, square = np.empty((K, K)), np.empty((K, K))
    for a, b in itertools.product(range(K), repeat=2):
        x, y = sizes[a], sizes[b]
        if a == b:
            mean[a, b] = S0 * falling(x, 2) / falling(n, 2)
            square[a, b] = (
                (T1 + T2) * falling(x, 2) / falling(n, 2)
                + (T3 + T4 + 2 * T5) * falling(x, 3) / falling(n, 3)
                + T6 * falling(x, 4) / falling(n, 4)
            )
        else:
            mean[a, b] = S0 * x * y / falling(n, 2)
            square[a, b] = (
                T1 * x * y / falling(n, 2)
                + T3 * x * falling(y, 2) / falling(n, 3)
                + T4 * falling(x, 2) * y / falling(n, 3)
                + T6 * falling(x, 2) * falling(y, 2) / falling(n, 4)
            )
    return mean, square - mean**2
