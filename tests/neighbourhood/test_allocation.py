"""Allocation against full enumeration and permutations, and who seeks whom in tissues made so."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import hypergeom, norm

from tumint import keys as k
from tumint.kernels.allocation import hypergeometric
from tumint.neighbourhood.allocation import Allocation, allocation
from tumint.neighbourhood.graph import Graph, delaunay, from_edges, knn
from tumint.neighbourhood.levels import within
from tumint.neighbourhood.moments import cross_table
from tumint.neighbourhood.nulls import Statistic
from tumint.neighbourhood.scores import Method, score_image
from tumint.pair_features import allocation_features
from tumint.response.inputs import from_scores


def of(graph: Graph, labels: np.ndarray, strata: np.ndarray, n_types: int) -> Allocation:
    n = cross_table(labels, strata, n_types, int(strata.max()) + 1)
    return allocation(graph, labels.astype(np.uint8), strata, n)


def beside(W: np.ndarray, labels: np.ndarray, a: int, b: int, counted: np.ndarray) -> int:
    """Cells of b among the counted that a cell of a has as a neighbour."""
    return int((W[labels == a].any(axis=0) & (labels == b) & counted).sum())


def arrangements(labels: np.ndarray, strata: np.ndarray, a: int) -> list[np.ndarray]:
    """Every distinct labelling in which the cells of a stay put: each stands for as many permutations as any other."""
    groups = [np.flatnonzero((strata == s) & (labels != a)) for s in range(strata.max() + 1)]
    found = []
    for arrangement in itertools.product(*(sorted(set(itertools.permutations(labels[g].tolist()))) for g in groups)):
        mixed = labels.copy()
        for group, values in zip(groups, arrangement, strict=True):
            mixed[group] = values
        found.append(mixed)
    return found


def can_vary(W: np.ndarray, labels: np.ndarray, strata: np.ndarray, a: int, b: int) -> np.ndarray:
    """Cells of the strata in which the count is not the same under all permutations."""
    out = np.zeros(len(labels), bool)
    for s in np.unique(strata):
        mine = strata == s
        counts = {beside(W, mixed, a, b, mine) for mixed in arrangements(labels, strata, a)}
        out[mine] = len(counts) > 1
    return out


def exact_p(counts: np.ndarray, seen: int) -> float:
    """Blaker's p from the frequencies of all counts, less half the mass of what was seen; floored."""
    values = np.arange(counts.min() - 1, counts.max() + 2)
    law = np.array([(counts == v).mean() for v in values])
    below = np.array([(counts <= v).mean() for v in values])
    above = np.array([(counts >= v).mean() for v in values])
    tail = min((counts <= seen).mean(), (counts >= seen).mean())
    lower = (counts <= seen).mean() <= (counts >= seen).mean()
    other = above[values > seen] if lower else below[values < seen]
    far = max(other[other <= tail * (1 + 1e-9)], default=0.0)
    exact = tail + far
    return float(min(1.0, max(exact - law[values == seen][0] / 2, exact / 1.3)))


@pytest.mark.parametrize("n_strata", [1, 2, 3])
@pytest.mark.parametrize("directed", [False, True])
def test_law_equals_full_enumeration(directed: bool, n_strata: int) -> None:
    rng = np.random.default_rng(10 * n_strata + directed)
    varied = 0
    for _ in range(6):
        n = 9
        graph = from_edges(n, np.argwhere(rng.random((n, n)) < 0.25), symmetric=not directed)
        W = np.zeros((n, n), bool)
        W[np.repeat(np.arange(n), np.diff(graph.indptr)), graph.indices] = True
        labels, strata = rng.permutation([0, 0, 0, 1, 1, 1, 2, 2, 3]), rng.permutation(np.arange(n) % n_strata)
        found = of(graph, labels, strata, 4)
        for a, b in itertools.permutations(range(4), 2):
            counted = can_vary(W, labels, strata, a, b)
            counts = np.array([beside(W, mixed, a, b, counted) for mixed in arrangements(labels, strata, a)])
            seen = beside(W, labels, a, b, counted)
            assert found.observed[a, b] == seen
            assert found.cells[a, b] == ((labels == b) & counted).sum()
            assert found.expected[a, b] == pytest.approx(counts.mean(), abs=1e-12)
            assert found.sd[a, b] ** 2 == pytest.approx(counts.var(), abs=1e-12)
            p = exact_p(counts, seen) if counts.var() > 0 else 1.0
            assert found.p[a, b] == pytest.approx(p, abs=1e-12)
            varied += counts.var() > 0
        assert (np.diag(found.sd) == 0).all()
    assert varied > 30


def test_hypergeometric_laws_equal_scipys() -> None:
    out = np.empty(3000)
    for total, marked, drawn in ((20, 7, 9), (20, 19, 18), (5000, 2500, 2000), (100_000, 30, 2000), (9, 1, 8)):
        first, size = hypergeometric(total, marked, drawn, out)
        law = hypergeom(total, marked, drawn).pmf(np.arange(first, first + size))
        assert out[:size] == pytest.approx(law, rel=1e-8, abs=1e-300)
        assert out[:size].sum() == pytest.approx(1, abs=1e-13)


@pytest.mark.parametrize("stratified", [False, True])
def test_moments_equal_20000_permutations(stratified: bool) -> None:
    rng = np.random.default_rng(4)
    xy = rng.random((500, 2)) * 220
    strata = (xy[:, 0] > 80).astype(np.int32) if stratified else np.zeros(500, np.int32)
    labels = np.where(rng.random(500) < 0.3, strata, rng.choice(4, 500, p=[0.2, 0.4, 0.3, 0.1])).astype(np.uint8)
    graph = delaunay(xy)
    found = of(graph, labels, strata, 4)
    ratios = []
    for a, b in itertools.permutations(range(4), 2):
        rows = np.zeros((20_000, 500), bool)
        moving = np.flatnonzero(labels != a)
        near = np.zeros(500, bool)
        for i in np.flatnonzero(labels == a):
            near[graph.indices[graph.indptr[i] : graph.indptr[i + 1]]] = True
        for s in np.unique(strata):
            mine = moving[strata[moving] == s]
            rows[:, mine] = rng.permuted(np.tile(labels[mine] == b, (20_000, 1)), axis=1)
        counts = (rows & near).sum(axis=1)
        assert abs(counts.mean() - found.expected[a, b]) < 4 * found.sd[a, b] / np.sqrt(20_000)
        ratios.append(counts.var(ddof=1) / found.sd[a, b] ** 2)
    assert np.abs(np.array(ratios) - 1).max() < 0.03  # 12 of them, each with a standard error of 0.01
    assert np.mean(ratios) == pytest.approx(1, abs=0.01)


def test_on_an_undirected_graph_it_is_the_patch_of_one_the_other_way_round() -> None:
    rng = np.random.default_rng(2)
    xy = rng.random((300, 2)) * 170
    labels = rng.integers(0, 3, 300).astype(np.uint8)
    graph = delaunay(xy)
    found = of(graph, labels, np.zeros(300, np.int32), 3)
    share, sizes = Statistic("patch", 1).of(graph, labels, 3), np.bincount(labels)
    for a, b in itertools.permutations(range(3), 2):
        assert found.observed[a, b] == pytest.approx(share[b, a] * sizes[b])


def test_edges_of_a_directed_graph_lead_from_the_source() -> None:
    graph = from_edges(4, np.array([[0, 1], [2, 0], [3, 0]]), symmetric=False)
    found = of(graph, np.array([0, 1, 1, 1]), np.zeros(4, np.int32), 2)
    assert found.sd[0, 1] == 0  # only b-cells are left
    found = of(graph, np.array([0, 1, 2, 2]), np.zeros(4, np.int32), 3)
    assert (found.observed[0, 1], found.expected[0, 1]) == (1, pytest.approx(1 / 3))
    assert (found.observed[0, 2], found.expected[0, 2]) == (0, pytest.approx(2 / 3))


def test_what_a_row_says() -> None:
    rng = np.random.default_rng(1)
    xy = rng.random((700, 2)) * 260
    strata = (xy[:, 0] > 130).astype(np.int32)
    labels = np.where(strata == 1, 1, rng.integers(0, 3, 700))  # the right half is pure
    table = score_image("s", delaunay(xy), labels, ["a", "b", "c", "d"], Method("allocation"), within(strata))
    rows = table.set_index(["source", "target"])
    row = rows.loc[("a", "b")]
    inside = int(((labels == 1) & (strata == 0)).sum())
    assert row["observed"] <= inside < row["n_target"]
    assert row["log2_enrichment"] == pytest.approx(np.log2((row["observed"] + 0.5) / (row["expected"] + 0.5)))
    assert row["se"] == pytest.approx(row["sd"] / ((row["expected"] + 0.5) * np.log(2)))
    excess = row["observed"] - row["expected"]
    assert row["moved"] == pytest.approx(excess / (inside - row["expected"] if excess > 0 else row["expected"]))
    assert set(table.loc[table["status"] == "tested", "p_method"]) == {"hypergeometric"}
    assert rows.loc[("a", "a"), "status"] == "no_variation"
    assert rows.loc[("a", "d"), "status"] == "absent"
    assert np.isnan(rows.loc[("a", "a"), "moved"])
    features = allocation_features(table)
    assert len(features) == 12
    mine = features.set_index("feature").loc["a|b"]
    assert 2 ** mine["value"] * (mine["weight"] + 0.5) - 0.5 == pytest.approx(row["observed"])
    # `tumint compare` reads the scores as the workflow does
    read = from_scores(
        table.assign(**dict.fromkeys(["log_odds", "log_odds_se", "direct_log_odds", "direct_se"], np.nan))
        .assign(information=0.0, direct_information=0.0)
        .drop(columns="moved"),
        "scores",
    )
    pd.testing.assert_frame_equal(
        read[read["family"] == k.FAMILY_ALLOCATION].reset_index(drop=True),
        features.assign(**{name: features[name].astype(object) for name in ("sample", "status")}).reset_index(
            drop=True
        ),
    )


def test_the_law_of_large_counts_is_normal() -> None:
    rng = np.random.default_rng(0)
    n = 40_000
    xy = rng.random((n, 2)) * 2000
    labels = rng.integers(0, 2, n) + 2 * (rng.random(n) < 0.2)
    found = of(knn(xy, 4), labels, np.zeros(n, np.int32), 4)
    z = (found.observed - found.expected)[found.sd > 0] / found.sd[found.sd > 0]
    assert found.p[found.sd > 0] == pytest.approx(2 * norm.sf(np.abs(z)), abs=0.02)


def seeking(rng: np.random.Generator, share: float) -> tuple[Graph, np.ndarray]:
    """1,600 cells of 4 types on a jittered grid; `share` of the cells of 0 look for a place beside a cell of 1."""
    side = 40
    xy = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2) * 10.0
    graph = delaunay(xy + rng.uniform(-4, 4, xy.shape))
    labels = rng.choice([1, 2, 3], side * side, p=[0.2, 0.4, 0.4])
    movers = int(side * side * rng.uniform(0.08, 0.2))
    near = np.zeros(len(labels), bool)
    for i in np.flatnonzero(labels == 1):
        near[graph.indices[graph.indptr[i] : graph.indptr[i + 1]]] = True
    free = rng.permutation(np.flatnonzero(labels != 1))
    beside_one = free[near[free]]
    drawn = min(rng.binomial(movers, share), len(beside_one))
    rest = rng.permutation(free[~np.isin(free, beside_one[:drawn])])
    labels[np.concatenate([beside_one[:drawn], rest[: movers - drawn]])] = 0
    return graph, labels


def test_who_seeks_whom() -> None:
    rng = np.random.default_rng(8)
    for _ in range(3):
        log2 = np.zeros((2, 25, 2))
        for arm, share in enumerate((0.0, 0.2)):
            for tissue in range(25):
                found = of(*seeking(rng, share), np.zeros(1600, np.int32), 4)
                ratio = np.log2((found.observed + 0.5) / (found.expected + 0.5))
                log2[arm, tissue] = ratio[1, 0], ratio[0, 1]
        more = log2[1] - log2[0].mean(axis=0)
        assert more[:, 0].mean() / (more[:, 0].std() / 5) > 5  # cells of 0 are beside cells of 1
        assert more[:, 0].mean() > more[:, 1].mean()
