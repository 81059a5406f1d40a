"""The third moment against full enumeration and permutations, the Pearson III law against scipy's."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from tumint.kernels import abreast, triples
from tumint.kernels.counts import edge_counts
from tumint.neighbourhood import tails
from tumint.neighbourhood.graph import Graph, delaunay, from_edges, knn
from tumint.neighbourhood.levels import within
from tumint.neighbourhood.moments import cross_table, exact_moments
from tumint.neighbourhood.nulls import Draws, Statistic, permuted
from tumint.neighbourhood.scores import Method, score_image
from tumint.neighbourhood.skewness import MAX_STRATA, skewness, third_raw_moment
from tumint.neighbourhood.tails import _uncut, beyond, pearson3_quantile, pearson3_tails, two_sided


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


def test_triangles_of_an_undirected_graph_are_counted_in_every_order() -> None:
    rng = np.random.default_rng(4)
    W = rng.random((150, 150)) < 0.05
    W[:2] = True  # rows so long that the short ones are searched for in them
    graph = from_edges(150, np.argwhere(W), symmetric=True)
    strata = rng.integers(0, 3, 150).astype(np.uint8)
    rows = (graph.indptr, graph.indices)
    found = triples.undirected_triangle_sums(*rows, strata, 3)
    assert found.sum() > 1000
    assert (found == triples.triangle_sums(*rows, *rows, strata, 3)).all()
    dense = (W | W.T) & ~np.eye(150, dtype=bool)
    hot = np.eye(3)[strata]
    assert (found == np.einsum("ij,jk,ki,is,jt,ku->stu", dense, dense, dense, hot, hot, hot, optimize=True)).all()


def test_the_skewness_of_a_single_edge() -> None:
    # one edge: the count is 0 or 1
    n, n_a = 50, 12
    graph = from_edges(n, np.array([[0, 1]]), symmetric=False)
    n_table = np.array([[n_a], [n - n_a]])
    strata = np.zeros(n, np.uint8)
    mean, variance = exact_moments(graph, strata, n_table)
    p = n_a * (n - n_a) / (n * (n - 1))
    found = skewness(graph, strata, n_table, mean, variance)
    assert found[0, 1] == pytest.approx((1 - 2 * p) / np.sqrt(p * (1 - p)))


def test_a_count_that_cannot_vary_has_no_skewness() -> None:
    graph = delaunay(np.random.default_rng(0).random((30, 2)))
    zeros = np.zeros(30, np.uint8)
    mean, variance = exact_moments(graph, zeros, np.array([[30]]))
    assert np.isnan(skewness(graph, zeros, np.array([[30]]), mean, variance)).all()


@pytest.mark.parametrize("skew", [-1.2, -0.3, -1e-3, 0.0, 1e-3, 0.4, 1.5])
def test_tails_equal_scipy(skew: float) -> None:
    z = np.linspace(-6, 6, 41)
    lower, upper = pearson3_tails(z, np.full(41, skew))
    law = stats.pearson3(skew) if skew else stats.norm()
    assert lower == pytest.approx(law.cdf(z), rel=1e-6, abs=1e-300)
    assert upper == pytest.approx(law.sf(z), rel=1e-6, abs=1e-300)
    inside = (lower > 0) & (upper > 1e-6)
    assert pearson3_quantile(lower, np.full(41, skew))[inside] == pytest.approx(z[inside], abs=1e-5)


def blaker(tails: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Blaker's two-sided p less half the mass of the count, at least p / 1.3, for every count of a lattice from 0."""
    lower, upper = tails
    smaller = np.minimum(lower, upper)
    p = np.empty(len(lower))
    for i, tail in enumerate(smaller):
        mine, other = (upper, lower) if upper[i] == tail else (lower, upper)
        further = mine[i + 1] if mine is upper and i + 1 < len(p) else (mine[i - 1] if mine is lower and i else 0.0)
        exact = tail + other[other <= tail].max(initial=0.0)
        p[i] = max(exact - (tail - further) / 2, exact / 1.3)
    return np.minimum(p, 1.0)


@pytest.mark.parametrize(("mean", "sd", "skew", "step"), [(2.2, 1.5, 0.7, 1), (10, 4.4, 0.45, 2), (40, 6, -0.2, 1),
                                                         (300, 25, 0.08, 2), (55, 7, 0.0, 1)])  # fmt: skip
def test_two_sided_p_is_blakers_over_the_lattice(mean: float, sd: float, skew: float, step: int) -> None:
    counts = np.arange(0, mean + 12 * sd, step, dtype=float)
    full = np.ones(len(counts))
    own_sd = np.sqrt(sd**2 - step**2 / 12)  # Sheppard: cutting the law into steps adds the rest
    own_skew = skew * (sd / own_sd) ** 3
    lower = pearson3_tails((counts + step / 2 - mean) / own_sd, own_skew * full)[0]
    upper = pearson3_tails((counts - step / 2 - mean) / own_sd, own_skew * full)[1]
    found = two_sided(counts, mean * full, sd * full, skew * full, step * full)
    shown = (np.minimum(lower, upper) > 1e-200) & (counts < counts[-1])
    assert found[shown] == pytest.approx(blaker((lower, upper))[shown], rel=1e-9)
    assert found.min() > 0


@pytest.mark.parametrize(("sd", "skew", "step"), [(1.5, 0.7, 1), (4.4, 0.45, 2), (25.0, 0.1, 2)])
def test_the_law_cut_into_steps_has_the_moments_that_were_asked_for(sd: float, skew: float, step: int) -> None:
    own_sd, own_skew = _uncut(np.array([sd]), np.array([skew]), np.array([float(step)]))
    counts = step * np.arange(-60, 100, dtype=float)
    edges = np.append(counts - step / 2, counts[-1] + step / 2) / own_sd
    mass = np.diff(stats.pearson3(own_skew[0]).cdf(edges))
    assert mass @ counts == pytest.approx(0, abs=1e-3 * sd)
    assert np.sqrt(mass @ counts**2) == pytest.approx(sd, rel=1e-3)
    assert mass @ counts**3 / sd**3 == pytest.approx(skew, rel=0.01)


def test_what_lies_past_the_end_of_the_law_is_known() -> None:
    # skewness 1 ends at z = −2: half a step inside of a count of −2 lies at −1.5
    counts = np.array([-2.0, -3.0, 3.0])
    args = (np.zeros(3), np.ones(3), np.ones(3), np.ones(3))
    assert beyond(counts, *args).tolist() == [False, True, False]


@pytest.mark.slow
@pytest.mark.parametrize("directed", [False, True])
def test_p_is_calibrated_at_small_expected_counts(directed: bool) -> None:
    rng = np.random.default_rng(3)
    n, draws = 1200, 40_000
    xy = rng.random((n, 2)) * 350
    graph = knn(xy, 6) if directed else delaunay(xy)
    sizes = [round(n * np.sqrt(e / graph.n_edges)) + 1 for e in (12, 25, 60)]
    labels = rng.permutation(np.repeat(np.arange(4), [*sizes, n - sum(sizes)])).astype(np.uint8)
    strata = np.zeros(n, np.uint8)
    table = cross_table(labels, strata, 4, 1)
    mean, variance = exact_moments(graph, strata, table)
    skew = skewness(graph, strata, table, mean, variance)
    step = np.where(np.eye(4, dtype=bool) & (not directed), 2.0, 1.0)
    counts, mixed = np.empty((draws, 4, 4), np.int64), np.tile(labels, (4, 1))
    listed = abreast.edge_list(graph.indptr, graph.indices, graph.undirected)
    words, tables = np.zeros((2, n), np.uint64), np.zeros((4, 16), np.int32)
    for draw in range(0, draws, 4):
        rng.permuted(mixed, axis=1, out=mixed)
        abreast.edge_counts(*listed, graph.undirected, mixed, words, tables, counts[draw : draw + 4])
    p = two_sided(counts, *(np.broadcast_to(x, counts.shape) for x in (mean, np.sqrt(variance), skew, step)))
    pairs = ~np.eye(4, dtype=bool) if not directed else np.ones((4, 4), dtype=bool)
    shares = (p < 0.05).mean(axis=0)[pairs] / 0.05
    assert shares.min() > 0.75
    assert shares.max() < 1.25
    assert (p < 1e-3).mean(axis=0).max() < 1.9e-3  # 1.4 times, and three errors of 40,000 draws


@pytest.mark.long
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
    mean, variance = exact_moments(graph, strata, n_table)
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


def test_many_strata_take_a_law_of_two_moments_and_permutations() -> None:
    rng = np.random.default_rng(1)
    xy = rng.random((1500, 2)) * 380
    labels = rng.choice(2, 1500, p=[0.93, 0.07])
    strata = np.arange(1500) % (MAX_STRATA + 1)
    table = score_image("s", delaunay(xy), labels, ["a", "b"], Method(permutations=50), within(strata))
    table = table.set_index(["source", "target"])
    assert table.loc[("a", "b"), "p_method"] == "panjer"
    # many contacts: close to the tail of the normal law at the count itself
    assert table.loc[("a", "b"), "p"] == pytest.approx(2 * stats.norm.sf(abs(table.loc[("a", "b"), "z"])), rel=0.1)
    assert set(table.loc[table["expected"] < 2, "p_method"]) <= {"permutation"}


@pytest.mark.slow
def test_two_moments_give_the_skewness_of_counts_over_many_strata() -> None:
    rng = np.random.default_rng(4)
    n = 1200
    xy = rng.random((n, 2)) * 380
    strata = np.unique((xy // 76).astype(int) @ [10, 1], return_inverse=True)[1].reshape(-1)
    labels = rng.choice(3, n, p=[0.6, 0.35, 0.05]).astype(np.uint8)
    graph = delaunay(xy)
    mean, variance = exact_moments(graph, strata, cross_table(labels, strata, 3, strata.max() + 1))
    found = []
    for _ in range(4000):
        mixed = labels.copy()
        for s in range(strata.max() + 1):
            mixed[strata == s] = rng.permutation(mixed[strata == s])
        found.append(Statistic().of(graph, mixed, 3))
    draws = np.array(found)
    sampled = stats.skew(draws, axis=0)
    step = np.where(np.eye(3, dtype=bool), 2.0, 1.0)
    assert tails.panjer_skewness(mean, np.sqrt(variance), step) == pytest.approx(sampled, abs=0.2)
    assert sampled[2, 2] > 0.3  # a law without skewness would be far off
