"""The statistics against slow definitions written from those of imcRtools, and what each null keeps and breaks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from tumint.kernels.permute import permuted_labels
from tumint.neighbourhood.graph import Graph, delaunay, from_edges, knn
from tumint.neighbourhood.levels import within
from tumint.neighbourhood.moments import cross_table, exact_moments
from tumint.neighbourhood.moves import jitter, torus
from tumint.neighbourhood.nulls import Draws, Statistic, fixed, image_key, permutation_blocks, permuted
from tumint.neighbourhood.scores import EXACT, Geometry, Method, score_image

K = 4


def tissue(n: int = 250, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    xy = rng.random((n, 2)) * 10 * np.sqrt(n)
    strata = (xy[:, 0] > xy[:, 0].mean()).astype(np.uint8)
    return xy, rng.choice(K, n, p=[0.4, 0.3, 0.2, 0.1]).astype(np.uint8), strata


def slow(graph: Graph, labels: np.ndarray, name: str, patch_size: int, n_types: int = K) -> np.ndarray:
    """imcRtools' summaries (countInteractions), cell by cell.

    0 for a pair without contact, as its permutation test has; missing (its NA) where a type has no cell in the image.
    """
    counts = [np.bincount(labels[graph.indices[s:e]], minlength=n_types) for s, e in pairwise(graph.indptr)]
    out = np.zeros((n_types, n_types))
    for a, b in np.ndindex(n_types, n_types):
        own = np.array([row[b] for row, label in zip(counts, labels, strict=True) if label == a])
        if len(own) == 0 or not (labels == b).any():
            out[a, b] = np.nan
        elif name == "edges":
            out[a, b] = own.sum()
        elif name == "classic":
            out[a, b] = own.mean()
        elif name == "histocat":
            out[a, b] = own[own > 0].mean() if (own > 0).any() else 0.0
        else:
            out[a, b] = (own >= patch_size).mean()
    return out


@pytest.mark.parametrize("name", ["edges", "classic", "histocat", "patch"])
@pytest.mark.parametrize("make", [delaunay, knn])
def test_statistics_equal_their_definitions_and_are_missing_where_theirs_are(make: object, name: str) -> None:
    xy, labels, _ = tissue()
    labels[labels == 3] = 1  # an absent type
    labels[:2] = 3  # and one of two cells, far from all others and each other: no contact, but a value
    xy[0], xy[1] = (-5000, -5000), (9000, 9000)
    graph = make(xy)  # type: ignore[operator]
    expected = slow(graph, labels, name, 2, 5)
    assert np.isnan(expected[4]).all()
    assert not np.isnan(expected[:4, :4]).any()
    table = score_image("s", graph, labels, list("abcde"), Method(name, "exact", 5, patch_size=2))  # type: ignore[arg-type]
    assert table["observed"].to_numpy().reshape(5, 5) == pytest.approx(expected, nan_ok=True)
    assert ((table["status"] == "absent").to_numpy().reshape(5, 5) == np.isnan(expected)).all()


@pytest.mark.parametrize("name", ["edges", "classic", "histocat", "patch"])
@pytest.mark.parametrize("stratified", [False, True])
def test_permutation_p_is_that_of_imcrtools_on_the_same_permutations(name: str, stratified: bool) -> None:
    xy, labels, strata = tissue(60)
    labels[labels == 2] = 3
    labels[:2] = 2  # so rare that in some permutations it touches nothing
    strata = strata if stratified else np.zeros(60, np.uint8)
    graph = knn(xy, 3)
    statistic = Statistic(name, 2)
    observed = statistic.of(graph, labels, K)
    P = 70  # more than two chunks, the last not full
    null = permuted(statistic, graph, labels, observed, strata, Draws("s", number=P))
    draws, mixed = [], labels.copy()
    for i in range(P):
        permuted_labels(labels, *permutation_blocks(strata), image_key(0, "s"), i, labels.copy(), mixed)
        assert (np.bincount(2 * mixed + strata) == np.bincount(2 * labels + strata)).all()
        draws.append(slow(graph, mixed, name, 2))
    perm, obs = np.array(draws), slow(graph, labels, name, 2)
    # its p_gt and p_lt; ours is two-sided: twice the smaller
    p_gt = np.where(obs == 0, 1, ((perm >= obs - 1e-12).sum(axis=0) + 1) / (P + 1))
    p_lt = (P - (perm > obs + 1e-12).sum(axis=0) + 1) / (P + 1)
    assert null.p_least == pytest.approx(p_gt)
    assert null.p_most == pytest.approx(p_lt)
    assert null.p == pytest.approx(np.minimum(1, 2 * np.minimum(p_gt, p_lt)))
    assert null.mean == pytest.approx(perm.mean(axis=0))
    assert null.sd == pytest.approx(perm.std(axis=0, ddof=1), abs=1e-12)


# as many types as are counted in four ways; labels of two bytes have to be compiled for
@pytest.mark.parametrize("most", [100, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["edges", "classic", "histocat", "patch"])
def test_absent_types_change_no_score_however_many_they_are(name: str, most: int) -> None:
    xy, labels, strata = tissue(200)
    found = []
    for n_types in (K, 40, most):
        types = [f"t{i:03d}" for i in range(n_types)]
        method = Method(name, "permutation", 50, min_cells=1, patch_size=2)  # type: ignore[arg-type]
        table = score_image("s", delaunay(xy), labels, types, method, within(strata))
        found.append(table[table["status"] != "absent"].reset_index(drop=True))
    assert len(found[0]) == K * K
    for table in found[1:]:
        pd.testing.assert_frame_equal(table, found[0], check_exact=True)


def test_a_hub_and_many_neighbours_of_a_patch() -> None:
    n = 30_001
    graph = from_edges(n, np.column_stack([np.zeros(n - 1, int), np.arange(1, n)]), symmetric=True)
    labels = (np.arange(n) % 2).astype(np.uint8)
    zeros = np.zeros(n, np.uint8)
    for least in (1, 3, 8, 9, 15_000):
        statistic = Statistic("patch", least)
        observed = statistic.of(graph, labels, 2)
        # the hub is an a with 15,000 of either type; the others have it alone
        assert observed[0].tolist() == pytest.approx([1 if least == 1 else 1 / 15_001, 1 / 15_001])
        assert observed[1].tolist() == [1 if least == 1 else 0, 0]
        null = permuted(statistic, graph, labels, observed, zeros, Draws("s", number=8))
        assert set(np.unique(null.p)) <= {2 / 9, 4 / 9, 6 / 9, 8 / 9, 1}
        assert null.mean[1, 1] == pytest.approx(null.mean[1].min())
    histocat = Statistic("histocat")
    observed = histocat.of(graph, labels, 2)
    assert observed.ravel().tolist() == pytest.approx([2 * 15_000 / 15_001, 15_000, 1, 0])
    drawn = permuted(histocat, graph, labels, observed, zeros, Draws("s", number=40)).mean
    assert 1 < drawn[0, 1] < 15_000


@pytest.mark.slow
def test_permutations_within_strata_have_the_exact_moments() -> None:
    xy, labels, strata = tissue(300)
    graph = knn(xy, 4)
    statistic = Statistic("classic")
    observed = statistic.of(graph, labels, K)
    null = permuted(statistic, graph, labels, observed, strata, Draws("s", number=8000))
    mean, variance = exact_moments(graph, strata, cross_table(labels, strata, K, 2))
    n_a = np.bincount(labels)[:, None]
    assert np.abs((null.mean - mean / n_a) / (np.sqrt(variance) / n_a / np.sqrt(8000))).max() < 3.7
    assert null.sd == pytest.approx(np.sqrt(variance) / n_a, rel=0.04)


def test_fixed_keeps_the_source_and_permutes_the_rest() -> None:
    xy, labels, strata = tissue(300)
    graph = delaunay(xy)
    statistic = Statistic()
    observed = statistic.of(graph, labels, K)
    null = fixed(statistic, graph, labels, observed, np.zeros(300, np.uint8), Draws("s", number=4000))
    # b-cells are drawn without replacement from the cells that are not a; each brings its edges to a-cells
    sources = np.repeat(np.arange(300), np.diff(graph.indptr))
    for a in range(K):
        others = np.flatnonzero(labels != a)
        to_a = np.bincount(sources[labels[graph.indices] == a], minlength=300)[others]
        for b in set(range(K)) - {a}:
            n_b, m = int((labels == b).sum()), len(others)
            sd = np.sqrt(n_b * (m - n_b) / (m - 1) * to_a.var())
            assert null.mean[a, b] == pytest.approx(n_b * to_a.mean(), abs=4 * sd / np.sqrt(4000))
            assert null.sd[a, b] == pytest.approx(sd, rel=0.06)
        assert null.sd[a, a] == 0
        assert null.p[a, a] == 1
    within = fixed(statistic, graph, labels, observed, strata, Draws("s", number=4000))
    to_0 = np.bincount(sources[labels[graph.indices] == 0], minlength=300)
    halves = [(labels != 0) & (strata == s) for s in (0, 1)]
    mean = sum((labels[half] == 1).sum() * to_0[half].mean() for half in halves)
    assert within.mean[0, 1] == pytest.approx(mean, abs=4 * within.sd[0, 1] / np.sqrt(4000))


def test_torus_breaks_attraction_between_types_and_keeps_that_within() -> None:
    rng = np.random.default_rng(0)
    centres = rng.random((25, 2)) * 400
    xy = np.concatenate([centres.repeat(8, axis=0) + rng.normal(0, 4, (200, 2)), rng.random((200, 2)) * 400])
    labels = np.array([0, 1] * 100 + [2] * 200, np.uint8)  # 0 and 1 share clusters, 2 is anywhere
    method = Method(null="torus", permutations=99, min_cells=1)
    table = score_image("s", delaunay(xy), labels, ["a", "b", "c"], method, geometry=Geometry(xy, delaunay))
    z = table.set_index(["source", "target"])["z"]
    assert z[("a", "b")] > 5
    assert abs(z[("a", "c")]) < 4

    alone = np.array([0] * 200 + [1, 2] * 100, np.uint8)  # 0 has the clusters to itself
    common = ("s", delaunay(xy), alone, ["a", "b", "c"])
    by_labels = score_image(*common, Method()).set_index(["source", "target"])["z"]
    by_shift = score_image(*common, method, geometry=Geometry(xy, delaunay)).set_index(["source", "target"])["z"]
    assert by_labels[("a", "a")] > 10
    assert by_labels[("a", "b")] < -5
    assert abs(by_shift[("a", "a")]) < 4
    assert abs(by_shift[("a", "b")]) < 4


def test_jitter_moves_cells_by_at_most_that_much() -> None:
    xy, labels, _ = tissue(100)
    observed = Statistic().of(delaunay(xy), labels, K)
    moved: list[np.ndarray] = []

    def build(new: np.ndarray) -> Graph:
        moved.append(new - xy)
        return delaunay(new)

    null = jitter(Statistic(), labels, observed, xy, build, Draws("s", number=20), 7.0)
    distances = np.hypot(*np.concatenate(moved).T)
    assert distances.max() <= 7.0
    assert np.mean(distances < 7 / np.sqrt(2)) == pytest.approx(0.5, abs=0.05)  # uniform over the disc
    still = jitter(Statistic(), labels, observed, xy, delaunay, Draws("s", number=3), 0.0)
    assert (still.mean == observed).all()
    assert (still.p == 1).all()
    assert null.sd.max() > 0


def test_torus_shifts_one_type_within_the_window() -> None:
    xy, labels, _ = tissue(80)
    seen: list[np.ndarray] = []

    def build(new: np.ndarray) -> Graph:
        seen.append(new)
        return delaunay(new)

    torus(Statistic(), labels, Statistic().of(delaunay(xy), labels, K), xy, build, Draws("s", number=2))
    for i, new in enumerate(seen):
        a = i // 2
        assert (new[labels != a] == xy[labels != a]).all()
        by = (new - xy)[labels == a] / (xy.max(axis=0) - xy.min(axis=0))
        assert np.mod(by - by[0] + 0.5, 1.0) == pytest.approx(np.full_like(by, 0.5))  # one shift, modulo the window
        assert (new >= xy.min(axis=0)).all()
        assert (new <= xy.max(axis=0)).all()


@pytest.mark.parametrize(
    ("name", "null"),
    [
        (name, null)
        for name in ("edges", "classic", "histocat", "patch")
        for null in ("exact", "permutation", "fixed", "torus", "jitter")
        if null != "exact" or name in EXACT
    ],
)
def test_threads_change_no_byte(name: str, null: str) -> None:
    xy, labels, strata = tissue(150)
    method = Method(name, null, permutations=70 if null in ("exact", "permutation", "fixed") else 5, min_cells=1)  # type: ignore[arg-type]
    args = ("s", delaunay(xy), labels, list("abcd"), method, within(strata))
    one, two = (score_image(*args, geometry=Geometry(xy, delaunay), threads=t) for t in (1, 2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    # of a type that stays put, contacts with itself cannot vary
    stuck = (one["source"] == one["target"]) & (null == "fixed")
    assert (one["status"] == np.where(stuck, "no_variation", "tested")).all()
    assert one.loc[~stuck, "p_method"].isin({"pearson3", "permutation"} if null == "exact" else {null}).all()


def test_classic_is_edges_per_cell() -> None:
    xy, labels, _ = tissue()
    graph = delaunay(xy)
    edges, classic = (score_image("s", graph, labels, list("abcd"), Method(name)) for name in ("edges", "classic"))
    for column in ("observed", "expected", "sd"):
        assert (classic[column] * classic["n_source"]).to_numpy() == pytest.approx(edges[column].to_numpy())
    for column in ("z", "log2_enrichment", "se", "p"):
        assert classic[column].to_numpy() == pytest.approx(edges[column].to_numpy())


def test_sequential_stopping_is_that_of_besag_and_clifford() -> None:
    xy, labels, strata = tissue(200)
    graph = delaunay(xy)
    statistic = Statistic("histocat")
    observed = statistic.of(graph, labels, K)
    h, most = 8, 320
    one_by_one = [
        permuted(statistic, graph, labels, observed, strata, Draws("s", number=i)) for i in range(1, most + 1)
    ]
    for side in ("least", "most"):
        counts = np.stack([getattr(null, f"at_{side}") for null in one_by_one])
        reached = counts >= h
        draw = np.where(reached.any(axis=0), reached.argmax(axis=0) + 1, 0)
        expected = np.where(draw > 0, h / np.maximum(draw, 1), (1 + counts[-1]) / (most + 1))
        for threads in (1, 2):
            found = permuted(statistic, graph, labels, observed, strata, Draws("s", 0, most, threads, h))
            assert getattr(found, f"p_{side}") == pytest.approx(expected)


def test_sequential_stopping_spares_the_draws_of_null_pairs() -> None:
    xy, _, strata = tissue(400)
    labels = np.random.default_rng(0).integers(0, 3, 400).astype(np.uint8)
    graph = delaunay(xy)
    statistic = Statistic("patch")
    observed = statistic.of(graph, labels, 3)
    asked = np.zeros((3, 3), dtype=bool)
    asked[0, 1] = True
    all_draws = permuted(statistic, graph, labels, observed, strata, Draws("s", number=3200))
    stopped = permuted(statistic, graph, labels, observed, strata, Draws("s", 0, 3200, 1, 10), asked)
    assert all_draws.p[0, 1] > 0.2
    # stopped at the chunk in which the pair had had ten draws on either side; p is ten over the draw of the tenth
    one_by_one = [permuted(statistic, graph, labels, observed, strata, Draws("s", number=i + 1)) for i in range(320)]
    sides = [np.array([getattr(null, f"at_{side}")[0, 1] for null in one_by_one]) for side in ("least", "most")]
    tenth = [int(np.argmax(counts >= 10)) + 1 for counts in sides]
    assert stopped.draws == 32 * -(-max(tenth) // 32)
    assert stopped.p[0, 1] == pytest.approx(min(1, 2 * 10 / max(tenth)))


@pytest.mark.parametrize("null", ["exact", "permutation", "fixed"])
def test_sequential_stopping_does_not_see_threads(null: str) -> None:
    xy, labels, strata = tissue(150)
    method = Method("edges", null, permutations=400, min_cells=1, stop_after=5)  # type: ignore[arg-type]
    one, two = (score_image("s", delaunay(xy), labels, list("abcd"), method, within(strata), threads=t) for t in (1, 2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)
