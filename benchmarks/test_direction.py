"""Who seeks whom, distances free of abundance, and what they cost beside interactions. `pytest -s` prints figures."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from scipy.stats import ttest_ind

from tumint import keys as k
from tumint.kernels.counts import contact_counts
from tumint.neighbourhood import patches
from tumint.neighbourhood.allocation import allocation
from tumint.neighbourhood.contacts import Tissue, contact_odds
from tumint.neighbourhood.distances import distance_table, mean_index, nearest
from tumint.neighbourhood.graph import Graph, delaunay
from tumint.neighbourhood.image import GraphSpec, build_graph, make_image
from tumint.neighbourhood.levels import level
from tumint.neighbourhood.moments import cross_table
from tumint.neighbourhood.scores import Method, score_image

K = 5
COHORTS, IMAGES, TISSUES = 60, 8, 50


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
    beside = free[near[free]][: rng.binomial(movers, share)]
    rest = rng.permutation(free[~np.isin(free, beside)])
    labels[np.concatenate([beside, rest[: movers - len(beside)]])] = 0
    return graph, labels


@pytest.mark.parametrize("share", [0.1, 0.15])
def test_direction_of_a_weak_preference(share: float) -> None:
    rng = np.random.default_rng(1)
    right = {"log2": 0, "moved": 0}
    for _ in range(COHORTS // 2):
        found = {name: np.zeros((2, TISSUES, 2)) for name in right}
        for arm, chance in enumerate((0.0, share)):
            for i in range(TISSUES):
                graph, labels = seeking(rng, chance)
                strata = np.zeros(len(labels), np.int32)
                one = allocation(graph, labels, strata, cross_table(labels, strata, 4, 1))
                log2 = np.log2((one.observed + 0.5) / (one.expected + 0.5))
                found["log2"][arm, i] = log2[1, 0], log2[0, 1]
                found["moved"][arm, i] = one.moved[1, 0], one.moved[0, 1]
        for name, values in found.items():
            effect = values[1].mean(axis=0) - values[0].mean(axis=0)
            right[name] += int(effect[0] > max(effect[1], 0))
    print(f"\n{share:.0%} seek: direction right in {right} of {COHORTS // 2} cohorts of 50 v 50 tissues")
    assert right["moved"] >= 0.95 * COHORTS // 2
    # with a chance of 0.1 the log2 is right in 28 of 30 only, short of what is asked: see docs/statistics.md
    assert share < 0.15 or right["log2"] >= 0.95 * COHORTS // 2


def poisson(rng: np.random.Generator, mean: float, side: float) -> np.ndarray:
    """Cells anywhere."""
    return rng.random((rng.poisson(mean), 2)) * side


def thomas(rng: np.random.Generator, mean: float, side: float) -> np.ndarray:
    """Cells in clusters of 12, sd 25 µm (Thomas 1949), on a torus."""
    centres = rng.random((max(1, rng.poisson(mean / 12)), 2)) * side
    sizes = rng.poisson(12, len(centres))
    return np.asarray((np.repeat(centres, sizes, axis=0) + rng.normal(0, 25.0, (sizes.sum(), 2))) % side)


@pytest.mark.parametrize("clustered", [(), (1, 2, 4), (0, 1, 2, 3, 4)])
def test_density_alone_is_no_attraction(clustered: tuple[int, ...]) -> None:
    """Type 1 is twice as common in one arm; all types lie independently of each other."""
    rng = np.random.default_rng(1)
    p, raw = np.empty((COHORTS, K, K)), np.empty((COHORTS, K, K))
    for cohort in range(COHORTS):
        index, logs = np.empty((2, IMAGES, K, K)), np.empty((2, IMAGES, K, K))
        for arm, i in np.ndindex(2, IMAGES):
            means = np.array([120, 100, 200, 500, 900]) * np.exp(rng.normal(0, 0.3, K))
            means[1] *= 1 + arm
            makers: list[Callable[..., np.ndarray]] = [thomas if t in clustered else poisson for t in range(K)]
            parts = [make(rng, mean, 450.0) for make, mean in zip(makers, means, strict=True)]
            xy, labels = np.concatenate(parts), np.repeat(np.arange(K), [len(part) for part in parts])
            found = nearest(xy, labels, K)
            index[arm, i] = mean_index(found, labels, level("local", f"{cohort}/{arm}/{i}", xy, labels).tilings[0])[1]
            logs[arm, i] = [np.log(found.distance[labels == a]).mean(axis=0) for a in range(K)]
        p[cohort] = ttest_ind(index[0], index[1]).pvalue
        raw[cohort] = ttest_ind(logs[0], logs[1]).pvalue
    own = np.zeros((K, K), bool)
    own[1, 1] = True
    to = [0, 2, 3, 4]
    print(
        f"\nclustered {clustered}: p < 0.05 to b {(p[:, to, 1] < 0.05).mean():.3f} (log µm "
        f"{(raw[:, to, 1] < 0.05).mean():.2f}), all but b to b {(p[:, ~own] < 0.05).mean():.3f}, all "
        f"{(p < 0.05).mean():.3f}, b to b {(p[:, own] < 0.05).mean():.2f}"
    )
    assert 0.03 <= (p[:, ~own] < 0.05).mean() <= 0.07
    assert 0.03 <= (p < 0.05).mean() <= 0.07


def test_cost_beside_the_interactions() -> None:
    rng = np.random.default_rng(0)
    n, types = 20_000, [f"t{i:02d}" for i in range(15)]
    xy = rng.random((n, 2)) * np.sqrt(n) * 10
    image = make_image("s", xy, rng.choice(15, n), (xy[:, 0] > xy[:, 0].mean()).astype(int))
    graph = build_graph(image, GraphSpec())
    place = (image.sample, image.xy, image.labels, image.strata)
    levels = {name: level(name, *place) for name in (k.GLOBAL, k.WITHIN_DOMAIN, k.LOCAL)}
    best: dict[str, float] = {}

    def timed(name: str, call: Callable[[], object]) -> None:
        start = time.process_time()
        call()
        best[name] = min(time.process_time() - start, best.get(name, np.inf))

    for _ in range(3):
        for statistic in ("edges", "allocation", "histocat", "patch"):
            method = Method(statistic)
            for name, one in levels.items():
                within = levels[k.WITHIN_DOMAIN]
                call = partial(score_image, "s", graph, image.labels, types, method, one, within)
                timed(f"{statistic}, {name}", call)
        for name, one in levels.items():
            tissue = Tissue("s", image.xy, image.labels, graph, one.rules)
            timed(f"odds, {name}", partial(contact_odds, [tissue], 15, joint=name == k.LOCAL))
        timed("distance", partial(distance_table, "s", image.xy, image.labels, types, 1, levels[k.LOCAL].tilings[0]))
    print("\nCPU seconds:", {name: round(value, 3) for name, value in best.items()})
    interactions = sum(value for name, value in best.items() if name.startswith(("edges", "odds")))
    print(f"all others over interactions: {sum(best.values()) / interactions - 1:.2f}")
    assert sum(best.values()) <= 2 * interactions  # the interactions themselves are in the sum


@pytest.mark.parametrize("least", [1, 2, 3])
def test_p_of_cells_in_contact(least: int) -> None:
    """Share of p below a level over nominal, for pairs whose p comes from a law; another tissue than set the limits."""
    rng = np.random.default_rng(7)
    n, types, draws = 2000, 6, 20_000
    graph = delaunay(rng.random((n, 2)) * 10 * np.sqrt(n))
    labels = rng.choice(types, n, p=[0.35, 0.28, 0.18, 0.1, 0.06, 0.03]).astype(np.uint8)
    sizes = np.bincount(labels, minlength=types)
    edges, cells = np.zeros((types, types), np.int64), np.zeros((types, types), np.int64)
    seen = np.zeros((types, 2), np.int64)
    p = {"patch": np.empty((draws, types, types)), "histocat": np.empty((draws, types, types))}
    law: dict[str, np.ndarray] = {}
    found = patches.moments(graph, sizes, least)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(patches, "moments", lambda *_: tuple(part.copy() for part in found))  # the same every time
        for draw in range(draws):
            rng.shuffle(labels)
            contact_counts(graph.indptr, graph.indices, labels, least, edges, cells, seen)
            one = {"patch": patches.patch(graph, sizes, cells / sizes[:, None], least)}
            if least == 1 and draw < 10_000:  # which works out the moments of edges every time
                one["histocat"] = patches.histocat(graph, sizes, edges, cells)
            for name, exact in one.items():
                p[name][draw] = exact.p
                law[name] = law.get(name, True) & ~exact.rare
    for name, known in law.items():
        mine = p[name][: 10_000 if name == "histocat" else draws][:, known]
        for level_of_p in (0.05, 0.001):
            ratio = (mine < level_of_p).mean(axis=0) / level_of_p
            said = f"{ratio.min():.2f} to {ratio.max():.2f}, median {np.median(ratio):.2f}"
            print(f"\n{name} ({least}), p < {level_of_p}: {said} over {known.sum()} pairs")
