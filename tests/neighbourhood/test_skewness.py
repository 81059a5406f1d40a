"""The third moment against full enumeration and permutations, the Pearson III law against scipy's."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from tumint.kernels.counts import edge_counts
from tumint.neighbourhood.graph import Graph, delaunay, from_edges, knn
from tumint.neighbourhood.moments import cross_table, exact_moments
from tumint.neighbourhood.nulls import Draws, Statistic, permuted
from tumint.neighbourhood.scores import Method, score_image
from tumint.neighbourhood.skewness import MAX_STRATA, pearson3_tails, skewness, third_raw_moment, two_sided


def enumerated(graph: Graph, labels: np.ndarray, strata: np.ndarray, n_types: int) -> np.ndarray:
    """E[C³] over all distinct arrangements, each as likely as any other."""
    groups = [np.flatnonzero(strata == s) for s in range(strata.max() + 1)]
    out, cubes = np.empty((n_types, n_types), np.int64), []
    # sorted: the sum of floats must not depend on the order of a set
    for arrangement in itertools.product(*(sorted(set(itertools.permutations(labels[g].tolist()))) for g in groups)):
        mixed = labels.copy()
        for group, values in zip(groups, arrangement, strict=True):
            mixed[group] = values
        edge_counts(graph.indptr, graph.indices, mixed.astype(np.uint8), graph.undirected, out)
        cubes.append(out.astype(float) ** 3)
    return np.mean(cubes, axis=0)


@pytest.mark.parametrize("n_strata", [1, 2, 3])
@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("density", [0.25, 0.6])
def test_third_moments_equal_full_enumeration(directed: bool, n_strata: int, density: float) -> None:
    rng = np.random.default_rng(100 * n_strata + directed)
    graph = from_edges(8, np.argwhere(rng.random((8, 8)) < density), symmetric=not directed)
    labels, strata = rng.permutation([0, 0, 0, 0, 1, 1, 1, 2]), rng.permutation(np.arange(8) % n_strata)
    found = third_raw_moment(graph, strata, cross_table(labels, strata, 3, n_strata))
    assert found == pytest.approx(enumerated(graph, labels, strata, 3), rel=1e-12, abs=1e-12)


def test_the_skewness_of_a_single_edge() -> None:
    # one edge: the count is 0 or 1
    n, n_a = 50, 12
    graph = from_edges(n, np.array([[0, 1]]), symmetric=False)
    labels = (np.arange(n) >= n_a).astype(int)
    n_table = np.array([[n_a], [n - n_a]])
    strata = np.zeros(n, np.uint8)
    mean, variance = exact_moments(graph, labels, strata, n_table)
    p = n_a * (n - n_a) / (n * (n - 1))
    found = skewness(graph, strata, n_table, mean, variance)
    assert found[0, 1] == pytest.approx((1 - 2 * p) / np.sqrt(p * (1 - p)))


def test_a_count_that_cannot_vary_has_no_skewness() -> None:
    graph = delaunay(np.random.default_rng(0).random((30, 2)))
    zeros = np.zeros(30, np.uint8)
    mean, variance = exact_moments(graph, zeros, zeros, np.array([[30]]))
    assert np.isnan(skewness(graph, zeros, np.array([[30]]), mean, variance)).all()


@pytest.mark.parametrize("skew", [-1.2, -0.3, -1e-3, 0.0, 1e-3, 0.4, 1.5])
def test_tails_equal_scipy(skew: float) -> None:
    z = np.linspace(-6, 6, 41)
    lower, upper = pearson3_tails(z, np.full(41, skew))
    law = stats.pearson3(skew) if skew else stats.norm()
    assert lower == pytest.approx(law.cdf(z), rel=1e-6, abs=1e-300)
    assert upper == pytest.approx(law.sf(z), rel=1e-6, abs=1e-300)
    assert two_sided(z, np.full(41, skew)).min() > 0


@pytest.mark.parametrize("n_strata", [1, 3])
@pytest.mark.parametrize("directed", [False, True])
def test_tails_agree_with_permutations(n_strata: int, directed: bool) -> None:
    rng = np.random.default_rng(5)
    n, K, draws = 600, 3, 100_000
    xy = rng.random((n, 2)) * 245
    strata = (n_strata * xy[:, 0] / 245).astype(np.uint8)
    labels = rng.choice(K, n, p=[0.75, 0.15, 0.1]).astype(np.uint8)
    graph = knn(xy, 5) if directed else delaunay(xy)
    n_table = cross_table(labels, strata, K, n_strata)
    mean, variance = exact_moments(graph, labels, strata, n_table)
    skew = skewness(graph, strata, n_table, mean, variance)
    for away in (-2.5, 2.5):
        # between two counts that can occur, so that the law and the permutations cut at the same place
        cut = 2 * np.floor((mean + away * np.sqrt(variance)) / 2) + 1
        cut = np.where(np.eye(K, dtype=bool) & ~np.array(directed), cut, cut - 0.5)
        null = permuted(Statistic(), graph, labels, cut, strata, Draws("s", number=draws))
        tail = (null.at_least if away > 0 else null.at_most) / draws
        law = pearson3_tails((cut - mean) / np.sqrt(variance), skew)[int(away > 0)]
        normal = stats.norm.sf(np.abs(cut - mean) / np.sqrt(variance))
        error = np.sqrt(tail / draws)
        assert np.abs(law - tail).max() < 0.15 * tail.max() + 4 * error.max()
        assert np.abs(law - tail).sum() < 0.5 * np.abs(normal - tail).sum()


def test_many_strata_fall_back_to_the_normal_law_and_permutations() -> None:
    rng = np.random.default_rng(1)
    xy = rng.random((1500, 2)) * 380
    labels = rng.choice(2, 1500, p=[0.93, 0.07])
    strata = np.arange(1500) % (MAX_STRATA + 1)
    table = score_image("s", delaunay(xy), labels, ["a", "b"], Method(permutations=50), strata)
    table = table.set_index(["source", "target"])
    assert table.loc[("a", "b"), "p_method"] == "normal"
    assert table.loc[("a", "b"), "p"] == pytest.approx(2 * stats.norm.sf(abs(table.loc[("a", "b"), "z"])))
    rare = table[table["expected"] < 30]
    assert set(rare["p_method"]) <= {"permutation"}
