"""Contact odds ratios against brute force, a logistic regression of statsmodels and tissues with planted contacts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.spatial import cKDTree

from tumint import keys as k
from tumint.kernels import exchange, odds, pairwise
from tumint.neighbourhood.contacts import DIRECT, Tissue, contact_odds
from tumint.neighbourhood.exchange import Exchanges, Rules, draw_exchanges, thinning
from tumint.neighbourhood.fits import RIDGE, Spread, weighted_median
from tumint.neighbourhood.graph import Graph, delaunay, hilbert_order, knn
from tumint.neighbourhood.levels import Scales, level
from tumint.neighbourhood.odds import _level, joint_odds, mixing_contrasts
from tumint.neighbourhood.pairwise import pairwise_odds

K = 3
PAIRS = list(itertools.combinations_with_replacement(range(K), 2))


def places(rng: np.random.Generator, n: int) -> np.ndarray:
    """Cells at about 10 µm from each other."""
    side = int(np.ceil(np.sqrt(n)))
    return (np.indices((side, side)).reshape(2, -1).T[:n] + rng.uniform(-0.35, 0.35, (n, 2))) * 11.0


def settled(
    rng: np.random.Generator, xy: np.ndarray, shares: list[float], beta: np.ndarray, sweeps: int = 60
) -> np.ndarray:
    """Labels that change places under contact weights (Metropolis), the number of each kept: plain Python loops."""
    n = len(xy)
    labels = rng.permutation(np.searchsorted(np.cumsum(shares), (np.arange(n) + 0.5) / n))
    graph = delaunay(xy)
    around = [graph.indices[s:e] for s, e in itertools.pairwise(graph.indptr)]
    met = np.array([np.bincount(labels[near], minlength=len(shares)) for near in around])
    for i, j, u in zip(*rng.integers(0, n, (2, sweeps * n)), rng.random(sweeps * n), strict=True):
        a, b = labels[i], labels[j]
        if a == b:
            continue
        here, there = met[i].copy(), met[j].copy()
        if j in around[i]:
            here[b] -= 1
            there[a] -= 1
        if np.log(u) < (beta[b] - beta[a]) @ (here - there):
            labels[i], labels[j] = b, a
            for cell, old, new in ((i, a, b), (j, b, a)):
                met[around[cell], old] -= 1
                met[around[cell], new] += 1
    return labels


def contacts(graph: Graph, labels: np.ndarray) -> np.ndarray:
    """Unordered contacts of every pair of labels."""
    sources = np.repeat(np.arange(graph.n), np.diff(graph.indptr))
    once = sources < graph.indices
    found = np.sort(np.column_stack([labels[sources[once]], labels[graph.indices[once]]]), axis=1)
    return np.array([(found == pair).all(axis=1).sum() for pair in PAIRS], dtype=float)


def nearby(xy: np.ndarray, labels: np.ndarray, reach: float) -> np.ndarray:
    """Pairs of cells of every pair of labels, weighed by how near they are."""
    pairs = cKDTree(xy).query_pairs(reach, output_type="ndarray")
    far = np.square(xy[pairs[:, 0]] - xy[pairs[:, 1]]).sum(axis=1)
    found = np.sort(labels[pairs], axis=1)
    weight = (1 - far / reach**2) ** 2
    return np.array([weight[(found == pair).all(axis=1)].sum() for pair in PAIRS])


@pytest.fixture(scope="module")
def small() -> tuple[np.ndarray, np.ndarray, Graph, Exchanges]:
    rng = np.random.default_rng(0)
    xy = places(rng, 150)
    labels = rng.choice(K, 150, p=[0.5, 0.3, 0.2])
    classes = (xy[:, 0] > 60).astype(np.int64)
    classes[:5] = -1
    graph = delaunay(xy)
    return xy, labels, graph, draw_exchanges("s", xy, labels, graph, K, Rules(classes, 40.0, 30.0))


def exchanged(xy: np.ndarray, labels: np.ndarray, graph: Graph, drawn: Exchanges) -> Iterator[np.ndarray]:
    """What every exchange would change: contacts, then surroundings, counted anew after changing the labels."""
    before = np.concatenate([contacts(graph, labels), nearby(xy, labels, 30.0)])
    for i, j in drawn.pairs:
        mixed = labels.copy()
        mixed[[i, j]] = mixed[[j, i]]
        yield before - np.concatenate([contacts(graph, mixed), nearby(xy, mixed, 30.0)])


def test_exchanges_are_between_cells_that_may(small: tuple[np.ndarray, np.ndarray, Graph, Exchanges]) -> None:
    xy, labels, graph, drawn = small
    classes = (xy[:, 0] > 60).astype(np.int64)
    classes[:5] = -1
    i, j = drawn.pairs.T
    assert (labels[i] < labels[j]).all()
    assert (classes[i] == classes[j]).all()
    assert (classes[i] >= 0).all()
    assert np.hypot(*(xy[i] - xy[j]).T).max() <= 40.0
    near = cKDTree(xy).query_pairs(40.0, output_type="ndarray")
    allowed = near[(classes[near[:, 0]] == classes[near[:, 1]]) & (classes[near[:, 0]] >= 0)]
    differ = allowed[labels[allowed[:, 0]] != labels[allowed[:, 1]]]
    # few enough to take nearly all of them
    everything = draw_exchanges("s", xy, labels, graph, K, Rules(classes, 40.0))
    assert 0.5 * len(differ) < len(everything.pairs) <= len(differ)
    group = labels[i] * K + labels[j]
    assert (np.diff(group) >= 0).all()
    assert drawn.starts.tolist() == np.searchsorted(group, np.arange(K * K + 1)).tolist()


def test_rows_say_what_counting_anew_says(small: tuple[np.ndarray, np.ndarray, Graph, Exchanges]) -> None:
    xy, labels, graph, drawn = small
    rng = np.random.default_rng(1)
    design = np.array(list(exchanged(xy, labels, graph, drawn)))
    for _ in range(3):
        beta = rng.normal(size=2 * len(PAIRS)) * 0.3
        score, information = np.zeros(beta.size), np.zeros((beta.size,) * 2)
        value = odds.joint_pass(drawn.rows, drawn.weight, drawn.starts, K, beta, score, information)
        chance = 1 / (1 + np.exp(-design @ beta))
        weight = drawn.weight.astype(float)
        assert value == pytest.approx(weight @ np.log(chance), rel=1e-5)
        assert score == pytest.approx(design.T @ (weight * (1 - chance)), rel=1e-4, abs=1e-4)
        assert information == pytest.approx(design.T @ (design * (weight * chance * (1 - chance))[:, None]), rel=1e-4)
        # of every cell, and squared, in the direction of some combinations
        cells, steps = np.zeros((len(xy), beta.size)), rng.normal(size=(4, beta.size))
        at = odds.joint_residuals(drawn.rows, drawn.weight, drawn.starts, K, beta)
        of_cells = odds.rows_of_cells(drawn.pairs, len(xy))
        odds.joint_scores(drawn.rows, *at, K, *of_cells, np.arange(len(xy)), cells)
        assert cells.sum(axis=0) == pytest.approx(2 * score, rel=1e-6, abs=1e-6)
        squares = np.zeros(4)
        odds.joint_squares(drawn.rows, drawn.weight, drawn.starts, K, beta, steps, squares)
        own = (design * (weight * (1 - chance))[:, None]) @ steps.T
        assert squares == pytest.approx(np.square(own).sum(axis=0), rel=1e-4)


def test_pair_by_pair_is_a_logistic_regression_of_its_own(
    small: tuple[np.ndarray, np.ndarray, Graph, Exchanges],
) -> None:
    xy, labels, graph, drawn = small
    design = np.array(list(exchanged(xy, labels, graph, drawn)))
    P = len(PAIRS)
    rng = np.random.default_rng(2)
    beta = rng.normal(size=(P, 2)) * 0.3
    score, information = np.zeros((P, 2)), np.zeros((P, 3))
    pairwise.pairwise_pass(drawn.rows, drawn.weight, drawn.starts, K, beta, score, information)
    for p in range(P):
        x = design[:, [p, P + p]]
        chance = 1 / (1 + np.exp(-x @ beta[p]))
        spread = drawn.weight * chance * (1 - chance)
        assert score[p] == pytest.approx(x.T @ (drawn.weight * (1 - chance)), rel=1e-4, abs=1e-4)
        wanted = [spread @ x[:, 0] ** 2, spread @ (x[:, 0] * x[:, 1]), spread @ x[:, 1] ** 2]
        assert information[p] == pytest.approx(wanted, rel=1e-4, abs=1e-4)


def test_contacts_in_a_table_say_what_rows_say() -> None:
    rng = np.random.default_rng(8)
    xy = places(rng, 400)
    drawn = draw_exchanges("s", xy, rng.integers(0, K, 400), delaunay(xy), K, Rules(np.zeros(400, np.int64)))
    assert drawn.rows.shape[1] == K
    # with surroundings that are the same everywhere nothing is tabulated
    plain = replace(drawn, rows=np.hstack([drawn.rows, np.zeros_like(drawn.rows)]))
    table, rows = pairwise_odds([drawn], K), pairwise_odds([plain], K)
    for name in ("value", "se", "information"):
        assert getattr(table, name) == pytest.approx(getattr(rows, name), rel=1e-9)


def test_cells_in_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(9)
    xy = places(rng, 2500)
    xy = xy[hilbert_order(xy)]
    labels, rules = rng.integers(0, K, 2500), Rules(np.zeros(2500, np.int64), 60.0, 40.0)
    drawn = draw_exchanges("s", xy, labels, delaunay(xy), K, rules)
    whole = joint_odds([drawn], K).direct, pairwise_odds([drawn], K)
    # 1,024 cells at a time, and one pair of types
    for module in ("odds", "pairwise"):
        monkeypatch.setattr(f"tumint.neighbourhood.{module}.BYTES", 1)
    blocks = joint_odds([drawn], K).direct, pairwise_odds([drawn], K)
    for one, other in zip(whole, blocks, strict=True):
        for name in ("value", "se", "information"):
            assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-9)


@pytest.mark.long
def test_fits_equal_statsmodels() -> None:
    rng = np.random.default_rng(3)
    xy = places(rng, 260)
    labels = rng.choice(K, 260, p=[0.5, 0.3, 0.2])
    graph = delaunay(xy)
    drawn = draw_exchanges("s", xy, labels, graph, K, Rules(np.zeros(260, np.int64), 45.0, 30.0))
    design, P = np.array(list(exchanged(xy, labels, graph, drawn))), len(PAIRS)
    found = pairwise_odds([drawn], K)
    fewer = drawn.fewer(3)
    index = {tuple(pair): i for i, pair in enumerate(drawn.pairs.tolist())}
    kept = [index[tuple(pair)] for pair in fewer.pairs.tolist()]
    assert len(kept) == pytest.approx(len(drawn.pairs) / 3, rel=0.1)
    assert fewer.weight.sum() == pytest.approx(drawn.weight.sum(), rel=0.1)
    for p in (1, 2):
        x, w = design[kept][:, [p, P + p]], fewer.weight
        # one step from the penalised maximum takes most of the penalty away
        ours = found.value[0, p]
        plain = sm.GLM(np.ones(len(x)), x, family=sm.families.Binomial(), var_weights=w).fit()
        assert ours == pytest.approx(plain.params[0], abs=0.01 + 0.05 * abs(plain.params[0]))
        assert found.information[0, p] == pytest.approx(1 / plain.cov_params()[0, 0], rel=0.05)
    joint = joint_odds([drawn], K)
    # all pairs: an exchange changes no number of contacts in all, so weights are known against that of one pair
    assert np.abs(design[:, :P].sum(axis=1)).max() == 0.0
    free = [*range(P - 1), *range(P, 2 * P - 1)]
    whole = sm.GLM(np.ones(len(design)), design[:, free], family=sm.families.Binomial(), var_weights=drawn.weight).fit()
    theirs, ours = np.append(whole.params[: P - 1], 0.0), joint.direct.value[0]
    assert ours - ours[-1] == pytest.approx(theirs, abs=0.05)
    assert joint.mixing.value[0] == pytest.approx(mixing_contrasts(K) @ theirs, abs=0.05)


@pytest.fixture(scope="module")
def planted() -> tuple[np.ndarray, np.ndarray, Graph]:
    """a attracts b and c; b and c have nothing to do with each other."""
    rng = np.random.default_rng(5)
    xy = places(rng, 2500)
    beta = np.zeros((4, 4))
    beta[0, 1] = beta[1, 0] = beta[0, 2] = beta[2, 0] = 1.0
    return xy, settled(rng, xy, [0.15, 0.2, 0.2, 0.45], beta), delaunay(xy)


def test_planted_contacts_are_found_and_a_third_type_explains_the_rest(
    planted: tuple[np.ndarray, np.ndarray, Graph],
) -> None:
    xy, labels, graph = planted
    drawn = [draw_exchanges("s", xy, labels, graph, 4, Rules(np.zeros(len(xy), np.int64), 100.0, 60.0))]
    at = {pair: i for i, pair in enumerate(itertools.combinations_with_replacement(range(4), 2))}
    direct, alone = joint_odds(drawn, 4).direct, pairwise_odds(drawn, 4)
    for pair in ((0, 1), (0, 2)):
        assert direct.value[0, at[pair]] == pytest.approx(1.0, abs=2.5 * direct.se[0, at[pair]])
        assert direct.se[0, at[pair]] < 0.15
    through = at[1, 2]
    # pair by pair, b and c avoid each other: where one is, it is because an a is near, and not the other
    assert abs(alone.value[0, through]) > 2.5 * alone.se[0, through]
    assert abs(direct.value[0, through]) < 2.0 * direct.se[0, through]
    others = [i for pair, i in at.items() if pair not in ((0, 1), (0, 2))]
    assert np.abs(direct.value[0, others] / direct.se[0, others]).max() < 3.2


def test_what_cannot_vary_changes_nothing(planted: tuple[np.ndarray, np.ndarray, Graph]) -> None:
    xy, labels, graph = planted
    n = len(xy)
    plain = Tissue("s", xy, labels, graph, Rules(np.zeros(n, np.int64), 100.0, 60.0))
    (alone,) = contact_odds([plain], 4)
    # a ROI of one type
    pure = Tissue(
        "t", xy[:400], np.zeros(400, np.int64), delaunay(xy[:400]), Rules(np.zeros(400, np.int64), 100.0, 60.0)
    )
    with_roi, empty = contact_odds([plain, pure], 4)
    for name in alone:
        assert with_roi[name].to_numpy() == pytest.approx(alone[name].to_numpy(), rel=1e-12, abs=1e-12, nan_ok=True)
    assert (empty.filter(like="information") == 0).all().all()
    assert empty[["log_odds", "direct_log_odds", "chi"]].isna().all().all()
    # a domain of one type, elsewhere in the image, its cells first in the table
    there = np.concatenate([xy[:400] - 3000.0, xy])
    types = np.concatenate([np.zeros(400, np.int64), labels])
    domain = np.concatenate([np.zeros(400, np.int64), np.ones(n, np.int64)])
    (with_domain,) = contact_odds([Tissue("s", there, types, delaunay(there), Rules(domain, 100.0, 60.0))], 4)
    for name in alone:
        assert with_domain[name].to_numpy() == pytest.approx(alone[name].to_numpy(), rel=1e-9, abs=1e-9, nan_ok=True)
    # and without a reach
    (near,) = contact_odds([Tissue("s", xy, labels, graph, Rules(np.zeros(n, np.int64)))], 4)
    (far,) = contact_odds([Tissue("s", there, types, delaunay(there), Rules(domain))], 4)
    assert far["log_odds"].to_numpy() == pytest.approx(near["log_odds"].to_numpy(), rel=1e-9, nan_ok=True)


def test_a_subject_is_one_fit_and_images_add_up_to_it(planted: tuple[np.ndarray, np.ndarray, Graph]) -> None:
    xy, labels, _ = planted
    halves = [np.flatnonzero(xy[:, 0] < 150), np.flatnonzero(xy[:, 0] >= 150)]  # the first has few cells
    tissues = [
        Tissue(f"r{i}", xy[h], labels[h], delaunay(xy[h]), Rules(np.zeros(len(h), np.int64), 100.0, 60.0))
        for i, h in enumerate(halves)
    ]
    images = [draw_exchanges(t.sample, t.xy, t.labels, t.graph, 4, t.rules) for t in tissues]
    found = joint_odds(images, 4).direct
    share = found.information / found.information.sum(axis=0)
    pooled = (share * found.value).sum(axis=0)
    fine = joint_odds([images[1]], 4).direct
    assert pooled == pytest.approx(fine.value[0], abs=0.35)
    # the pooled value is the maximum over both: half a step away from it, the likelihood is smaller
    beta = np.zeros(20)
    beta[:10] = pooled

    def likelihood(weights: np.ndarray) -> float:
        total = -0.5 * RIDGE * float(weights @ weights)
        for image in images:
            args = (image.rows, image.weight, image.starts, 4, weights, np.zeros(20), np.zeros((20, 20)))
            total += odds.joint_pass(*args)
        return total

    best = max((likelihood(np.append(pooled, np.full(10, g))), g) for g in np.linspace(-0.2, 0.2, 9))
    assert likelihood(np.append(pooled + 0.3, np.full(10, best[1]))) == pytest.approx(best[0], abs=2.0)  # a constant
    for p in range(10):
        for way in (-0.5, 0.5):
            moved = pooled.copy()
            moved[p] += way
            assert likelihood(np.append(moved, np.full(10, best[1]))) < best[0]
    # each image says with its information by how much it would move the whole
    (one, other) = contact_odds(tissues, 4)
    upper = np.array([4 * a + b for a, b in itertools.combinations_with_replacement(range(4), 2)])
    assert one[DIRECT[0]].to_numpy()[upper] == pytest.approx(found.value[0])
    assert other[DIRECT[2]].to_numpy()[upper] == pytest.approx(found.information[1])
    mirrored = one["direct_log_odds"].to_numpy().reshape(4, 4)
    assert mirrored == pytest.approx(mirrored.T)


def test_order_of_cells_changes_no_draw() -> None:
    rng = np.random.default_rng(8)
    xy, labels = places(rng, 300), rng.integers(0, K, 300)
    order = rng.permutation(300)
    for rules in (Rules(np.zeros(300, np.int64), 60.0, 40.0), Rules(np.arange(300) % 2)):
        moved = Rules(rules.classes[order], rules.reach_um, rules.around_um)
        one = draw_exchanges("s", xy, labels, delaunay(xy), K, rules)
        other = draw_exchanges("s", xy[order], labels[order], delaunay(xy[order]), K, moved)
        assert {tuple(p) for p in one.pairs.tolist()} == {tuple(order[p]) for p in other.pairs}
        elsewhere = draw_exchanges("t", xy, labels, delaunay(xy), K, rules)
        if len(one.pairs) < 12 * 300 * 0.9:
            assert {tuple(p) for p in one.pairs.tolist()} != {tuple(p) for p in elsewhere.pairs.tolist()}


def test_a_directed_graph_counts_a_neighbour_of_either() -> None:
    rng = np.random.default_rng(9)
    xy, labels = places(rng, 200), rng.integers(0, K, 200)
    rules = Rules(np.zeros(200, np.int64), 60.0)
    one, both = (draw_exchanges("s", xy, labels, knn(xy, 4, symmetric=s), K, rules) for s in (False, True))
    assert (one.rows == both.rows).all()


def test_surroundings_are_sums_over_near_cells() -> None:
    rng = np.random.default_rng(10)
    xy, labels = rng.random((120, 2)) * 90, rng.integers(0, K, 120)
    xy[3] = xy[4]
    found = exchange.surroundings(xy, labels, K, 33.0)
    far = np.square(xy[:, None] - xy).sum(axis=2)
    weight = np.where(far < 33.0**2, (1 - far / 33.0**2) ** 2, 0.0)
    np.fill_diagonal(weight, 0.0)
    assert found == pytest.approx(weight @ np.eye(K)[labels])


def test_thinning_spares_what_is_rare() -> None:
    counts = np.array([[0, 10, 1000], [0, 0, 400], [0, 0, 0]])
    chance = thinning(counts, 300.0)
    assert chance[0, 1] == 1.0
    assert (chance * counts)[0, 2] == pytest.approx(145.0)
    assert (chance * counts)[1, 2] == pytest.approx(145.0)
    assert (thinning(counts, 5000.0)[counts > 0] == 1.0).all()


def test_weighted_median() -> None:
    assert weighted_median(np.array([3.0, 1.0, 2.0]), np.ones(3)) == 2.0
    assert weighted_median(np.array([3.0, 1.0]), np.ones(2)) == 2.0
    assert weighted_median(np.array([3.0, 1.0, 2.0]), np.array([5.0, 1.0, 1.0])) == 3.0
    assert weighted_median(np.array([3.0]), np.zeros(1)) == 0.0


def test_the_level_is_that_of_most_pairs_and_not_of_the_commonest_types() -> None:
    # a common type that attracts two others: its two pairs are known best, the four others are most
    beta, information = np.array([0.02, -0.03, 0.7, 0.01, 0.72, -0.02]), np.array([30.0, 40, 900, 35, 950, 50])
    share = _level(beta, information)
    assert share.sum() == pytest.approx(1)
    assert share[[2, 4]].tolist() == [0, 0]
    assert abs(share @ beta) < 0.02
    # pairs that all differ: every one has a share, and one that is known ten times as well has hardly more than others
    beta, information = np.array([-0.3, -0.1, 0.05, 0.2, 0.4]), np.array([400.0, 400, 400, 400, 4000])
    share = _level(beta, information)
    assert (share > 0.1).all()
    assert share[4] < 0.25
    # a pair of which nothing is known has none
    assert _level(np.append(beta, 9.0), np.append(information, 0.0))[-1] == 0


def test_a_single_cell_of_a_type_has_a_standard_error() -> None:
    """Summed over neighbours, the variance that one or two cells carry can come out below 0."""
    spread = Spread(np.array([-0.3, 0.5]), np.array([0.2, 1.0]), np.array([0.1, 0.01]))
    steadied = spread.steadied(np.array([2.0, 4.0]))
    # 20 cells of the usual multiple, here that of the other pair (0.5 × 4), against 0.4 cells of nothing
    assert steadied[0] == pytest.approx(20 * 2.0 / 2.0 / 20.4)
    assert steadied[1] > 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        xy = rng.random((200, 2)) * 150
        labels = np.zeros(200, np.int64)
        labels[rng.integers(200)] = 1
        rules = level(k.LOCAL, "s", xy, labels, scales=Scales(local_um=100.0, around_um=60.0)).rules
        (found,) = contact_odds([Tissue("s", xy, labels, delaunay(xy), rules)], 2)
        told = found[found["information"] > 0]
        assert told["log_odds_se"].notna().all()
