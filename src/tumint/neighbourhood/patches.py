"""Exact moments and p of `patch` and `histocat` where labels are permuted over the whole image. No permutation here.

X, the a-cells with at least s b-neighbours, is a sum over cells, so its variance is one over pairs of cells: joint
chances of draws without replacement (`kernels.patches`). With s = 1 it is the share of cells in contact, and `classic`
is that share times `histocat`: C / X. So histocat exceeds the ratio ρ of the two means just where C − ρX exceeds 0,
whose mean is 0 and whose variance is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tumint.kernels.patches import kinds_of_pairs, patch_moments
from tumint.neighbourhood import tails
from tumint.neighbourhood.graph import Graph
from tumint.neighbourhood.moments import exact_moments
from tumint.neighbourhood.nulls import Statistic

MOST_STEPS = 20_000_000  # over a shared neighbour, of all cells: more are not listed (a hub of many thousands)
MOST_KINDS = 20_000  # of pairs that are worked out: graphs with far more neighbours than a cell touches have more
_ROUNDING = 1e-12  # a variance below this share of the square of its mean is none
CALIBRATED_FROM = 2.0  # expected a-cells that reach it, and that do not, from which the law of `patch` holds
NORMAL_FROM = 100.0  # expected a-cells in contact, from which C − ρX is normal


@dataclass(frozen=True)
class Exact:
    """Mean, sd, p and its method (K × K) of a statistic; `rare` is where the p does not hold."""

    expected: np.ndarray
    sd: np.ndarray
    p: np.ndarray
    p_method: str
    rare: np.ndarray


def moments(graph: Graph, sizes: np.ndarray, least: int) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Mean and variance (K × K) of the a-cells with at least `least` b-neighbours, and covariance with edges a → b.

    The covariance is there for `least` 1, and 0 else. None where the graph has too many kinds of pairs.
    """
    turned = graph.turned()
    steps = int(np.square(np.diff(turned[0])).sum()) + 2 * graph.n_edges
    if steps > MOST_STEPS or graph.n == 0:
        return None
    listed = kinds_of_pairs(graph.indptr, graph.indices, *turned, steps)
    degrees, n_of_degree = np.unique(np.diff(graph.indptr), return_counts=True)
    base = int(degrees.max()) + 1
    key, n_of_kind = np.unique((listed[:, 0] * base + listed[:, 1]) * base + listed[:, 2], return_counts=True)
    near = np.column_stack([key // base**2, key // base % base, key % base])
    # all other pairs are of their degrees alone
    first, second = np.triu_indices(len(degrees))
    pairs = np.where(
        first == second, n_of_degree[first] * (n_of_degree[first] - 1) // 2, n_of_degree[first] * n_of_degree[second]
    )
    place = np.zeros((base, base), np.int64)
    place[degrees[first], degrees[second]] = place[degrees[second], degrees[first]] = np.arange(len(first))
    pairs -= np.bincount(place[near[:, 1], near[:, 2]], n_of_kind, len(first)).astype(np.int64)
    far = np.column_stack([np.zeros_like(first), degrees[first], degrees[second]])[pairs > 0]
    kinds = np.concatenate([near, far])
    if len(kinds) > MOST_KINDS:
        return None
    K = len(sizes)
    mean, variance, with_edges = (np.empty((K, K)) for _ in range(3))
    counts = np.concatenate([n_of_kind, pairs[pairs > 0]])
    patch_moments(degrees, n_of_degree, kinds, counts, sizes, least, mean, variance, with_edges)
    return mean, variance, with_edges


def exact(
    statistic: str, graph: Graph, labels: np.ndarray, sizes: np.ndarray, observed: np.ndarray, patch_size: int
) -> Exact | None:
    """`patch` or `histocat` of an image, `observed` (K × K) as counted; None where it has no exact moments."""
    if statistic == "patch":
        return patch(graph, sizes, observed, patch_size)
    cells = np.rint(Statistic("patch", 1).of(graph, labels, len(sizes)) * sizes[:, None])
    return histocat(graph, sizes, observed * cells, cells)


def patch(graph: Graph, sizes: np.ndarray, observed: np.ndarray, least: int) -> Exact | None:
    """`patch` of all pairs; its p is that of a law of Panjer's class, two moments known (`tails.two_sided`)."""
    found = moments(graph, sizes, least)
    if found is None:
        return None
    mean, variance, _ = found
    variance[variance <= _ROUNDING * (mean**2 + mean)] = 0.0
    sd, n = np.sqrt(variance), np.maximum(sizes, 1)[:, None]
    step, count = np.ones((1, 1)), np.rint(observed * n)
    law = (count, mean, sd, tails.panjer_skewness(mean, sd, step), step)
    rare = np.minimum(mean, sizes[:, None] - mean) < CALIBRATED_FROM
    return Exact(mean / n, sd / n, tails.two_sided(*law), "panjer", rare | tails.beyond(*law))


def histocat(graph: Graph, sizes: np.ndarray, edges: np.ndarray, cells: np.ndarray) -> Exact | None:
    """`histocat` of all pairs; p by the normal law of C − ρX.

    Parameters
    ----------
    edges, cells
        (K × K) edges a → b, and a-cells that have any.

    Returns
    -------
    `expected` is ρ, the ratio of the two means; `sd` that of C − ρX over the mean of X (delta method).
    """
    found = moments(graph, sizes, 1)
    if found is None:
        return None
    mean, variance, with_edges = found
    zeros = np.zeros(graph.n, np.int32)
    mean_edges, variance_edges = exact_moments(graph, zeros, sizes[:, None])
    ratio = np.divide(mean_edges, mean, out=np.zeros_like(mean), where=mean > 0)
    spread = variance_edges - 2 * ratio * with_edges + ratio**2 * variance
    spread[spread <= _ROUNDING * (variance_edges + mean_edges**2)] = 0.0
    sd = np.sqrt(spread)
    z = np.divide(edges - ratio * cells, sd, out=np.zeros_like(sd), where=sd > 0)
    p = np.clip(2 * np.minimum(*tails.pearson3_tails(z, np.zeros_like(z))), np.finfo(float).tiny, 1.0)
    rare = mean < NORMAL_FROM
    return Exact(ratio, np.divide(sd, mean, out=np.zeros_like(sd), where=mean > 0), p, "normal", rare)
