"""Expected contacts if each cell were like those nearby: brute force, and the limits it has to keep."""

from __future__ import annotations

import numpy as np
import pytest

from tumint import keys as k
from tumint.neighbourhood.graph import delaunay
from tumint.neighbourhood.levels import NEARBY, Nearby, Scales, level
from tumint.neighbourhood.parts import expected, expected_nearby, parts

K = 3


@pytest.fixture(scope="module")
def tissue() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places, labels and domains of 300 cells; types thin out from left to right."""
    rng = np.random.default_rng(3)
    xy = rng.random((300, 2)) * 170
    labels = np.where(rng.random(300) < 0.5 * np.exp(-xy[:, 0] / 60), 0, rng.integers(1, K, 300))
    return xy, labels, (xy[:, 1] > 90).astype(np.int64)


def brute(xy: np.ndarray, labels: np.ndarray, strata: np.ndarray, edges: np.ndarray, reach: float) -> np.ndarray:
    """Edge by edge, in plain Python."""
    d2 = ((xy[:, None] - xy[None]) ** 2).sum(axis=-1)
    weight = np.where((d2 < reach**2) & (strata[:, None] == strata[None]), (1 - d2 / reach**2) ** 2, 0.0)
    np.fill_diagonal(weight, 0.0)
    out = np.zeros((K, K))
    for i, j in edges:
        shares = []
        for cell, other in ((i, j), (j, i)):
            mine = weight[cell].copy()
            mine[other] = 0.0
            shares.append(np.bincount(labels, weights=mine, minlength=K) / mine.sum())
        out += np.outer(*shares)
    return out


def test_it_is_what_adding_up_edge_by_edge_gives(tissue: tuple[np.ndarray, ...]) -> None:
    xy, labels, domains = tissue
    graph = delaunay(xy, 50.0)
    edges = np.column_stack([np.repeat(np.arange(graph.n), np.diff(graph.indptr)), graph.indices])
    found = expected_nearby(graph, labels, K, Nearby(xy, domains, 35.0))
    np.testing.assert_allclose(found, brute(xy, labels, domains, edges, 35.0), rtol=1e-9)
    assert found.sum() == pytest.approx(len(edges))
    np.testing.assert_allclose(found, found.T)


def test_far_reaches_are_permutations_within_domains(tissue: tuple[np.ndarray, ...]) -> None:
    xy, labels, domains = tissue
    graph = delaunay(xy, 50.0)
    near = expected_nearby(graph, labels, K, Nearby(xy, domains, 1e6))
    permuted = expected(graph, labels, K, (domains.astype(np.int32),))
    np.testing.assert_allclose(near, permuted, rtol=0.05)


def test_a_cell_without_anybody_near_keeps_its_type() -> None:
    xy = np.array([[0.0, 0.0], [30.0, 0.0], [60.0, 1.0]])
    graph = delaunay(xy, 50.0)
    labels = np.array([0, 1, 2])
    found = expected_nearby(graph, labels, K, Nearby(xy, np.zeros(3, np.int64), 10.0))
    np.testing.assert_array_equal(found, [[0, 1, 0], [1, 0, 1], [0, 1, 0]])


def test_parts_add_up_to_the_total(tissue: tuple[np.ndarray, ...]) -> None:
    xy, labels, domains = tissue
    graph = delaunay(xy, 50.0)
    local, within = (
        level(name, "s", xy, labels, domains, scales=Scales(60.0, 45.0)) for name in (k.LOCAL, k.WITHIN_DOMAIN)
    )
    assert local.nearby is not None
    assert local.nearby.reach_um == pytest.approx(45 * NEARBY)
    split = parts(graph, labels.astype(np.uint8), K, local, within)
    total = np.log2(split.observed + 0.5) - np.log2(split.in_image + 0.5)
    np.testing.assert_allclose(np.sum(split.log2(0.5), axis=0), total, atol=1e-12)
    assert not np.allclose(split.nearby, split.expected)
    # without surroundings, as of a reach alone, they are told from permutations
    plain = level(k.LOCAL, "s", xy, labels, domains, scales=Scales(60.0, 0.0))
    assert plain.nearby is None
    split = parts(graph, labels.astype(np.uint8), K, plain, within)
    np.testing.assert_array_equal(split.nearby, split.expected)
