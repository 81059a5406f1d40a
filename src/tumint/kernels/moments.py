"""Exact mean and variance of labelled edge counts when labels are permuted within strata.

Write x_i for "cell i carries label a", y_j for label b, and their shares in a stratum as p. The count splits into

- edges inside a stratum: the join-count moments of Cliff & Ord (1981, Spatial Processes, ch. 2) for a directed graph;
- edges between strata: x_i y_j = p p + p (x_i − p) + p (y_j − p) + (x_i − p)(y_j − p), where strata are independent.

The middle terms are linear in the labels of one stratum, so they go with the edges inside it; the last products are
uncorrelated with all else but with those of the same two strata. So nothing depends on more than two strata at once,
and the work grows with the number of strata that meet, not with a power of their number.
"""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit
from tumint.kernels.strata import (
    BOTH,
    EDGES,
    FAN_IN,
    FAN_OUT,
    IN_IN,
    MUTUAL,
    OUT,
    OUT_IN,
    OUT_OUT,
    PATH,
    edges_between,
    stratum_sums,
)


@njit
def _two(n_a: int, n_b: int, n: int, same: int) -> float:
    """Chance that two cells of one stratum carry a and b."""
    if n < 2:
        return 0.0
    return n_a / n * max(n_b - same, 0) / (n - 1)


@njit
def _three(pair: float, have: int, n: int) -> float:
    """Chance that a third cell carries a label too, of which `have` are left among n − 2; 0 where there is none."""
    if n <= 2:
        return 0.0
    return pair * max(have, 0) / (n - 2)


@njit
def _excess(n_a: int, n_b: int, n: int, same: int) -> float:
    """P(four cells carry a, b, a, b) / P(two carry a, b)² − 1, without cancellation.

    Each factor of the ratio is 1 + d with d known exactly, so the result, of order 1/n, keeps its digits.
    """
    known = 1 + same
    if n_a - known <= 0 or n - 2 <= 0:
        return -1.0
    d1 = (2 * n_a - known * n) / (n_a * (n - 2))
    have, left = n_b - same, n - 1
    if have - known <= 0 or left - 2 <= 0:
        return -1.0
    d2 = (2 * have - known * left) / (have * (left - 2))
    return d1 + d2 + d1 * d2


@njit
def _inside(sums: np.ndarray, n_a: int, n_b: int, n: int, same: int) -> float:
    """Variance of the count inside one stratum, summed as a covariance: E[C²] − E[C]² would lose its digits."""
    p = _two(n_a, n_b, n, same)
    edges = sums[EDGES]
    if edges == 0 or p == 0.0:
        return 0.0
    excess = _excess(n_a, n_b, n, same)
    four = p * p * (1.0 + excess)
    # four different cells, as if every pair of edges were disjoint; then those that are not
    total = (edges * p) * (edges * p) * excess
    total += edges * (p - four) + sums[BOTH] * (same * p - four)
    total += sums[FAN_OUT] * (_three(p, n_b - 1 - same, n) - four)
    total += sums[FAN_IN] * (_three(p, n_a - 1 - same, n) - four)
    total += 2.0 * sums[PATH] * (same * _three(p, n_a - 2, n) - four)
    return total


@njit
def _linear(
    sums: np.ndarray,
    reach: np.ndarray,
    weighed: np.ndarray,
    spread: np.ndarray,
    a: int,
    b: int,
    n_a: int,
    n_b: int,
    n: int,
    undirected: bool,
) -> float:
    """Variance of what is linear in the labels of one stratum, and twice its covariance with the count inside."""
    if n < 2:
        return 0.0
    same = 1 if a == b else 0
    ahead, back = reach[0, b], reach[1, a]
    var_a, var_b = n_a * (n - n_a) / (n * (n - 1.0)), n_b * (n - n_b) / (n * (n - 1.0))
    both = var_a if same else -n_a * n_b / (n * (n - 1.0))
    cross = spread[2, b, a] if not undirected or a <= b else spread[2, a, b]
    total = var_a * (spread[0, b, 0] - ahead * ahead / n) + var_b * (spread[1, a, 0] - back * back / n)
    total += 2.0 * both * (cross - ahead * back / n)
    p = _two(n_a, n_b, n, same)
    if p == 0.0 or sums[EDGES] == 0:
        return total
    mean_degree = sums[EDGES] / n
    r_ahead, c_ahead = weighed[0, 0, b] - mean_degree * ahead, weighed[1, 0, b] - mean_degree * ahead
    r_back, c_back = weighed[0, 1, a] - mean_degree * back, weighed[1, 1, a] - mean_degree * back
    if same:
        covariance = (p - _three(p, n_a - 2, n)) * (r_ahead + c_ahead + r_back + c_back)
    else:
        other_a, other_b = _three(p, n_a - 1, n), _three(p, n_b - 1, n)
        covariance = (p - other_a) * r_ahead - other_a * c_ahead + (p - other_b) * c_back - other_b * r_back
    return total + 2.0 * covariance


@njit
def _between(
    here: np.ndarray, there: np.ndarray, n_s: np.ndarray, n_t: np.ndarray, size_s: int, size_t: int, out: np.ndarray
) -> None:
    """Add the variance of the products over two strata to `out` (K × K)."""
    if size_s < 2 or size_t < 2:
        return
    edges, back = float(here[OUT]), float(there[OUT])
    # squared norms of the edges s → t, of those t → s turned round, and their product; rows and columns centred
    ahead2 = edges - here[OUT_OUT] / size_t - there[IN_IN] / size_s + edges * edges / (size_s * size_t)
    back2 = back - here[IN_IN] / size_t - there[OUT_OUT] / size_s + back * back / (size_s * size_t)
    product = here[MUTUAL] - here[OUT_IN] / size_t - there[OUT_IN] / size_s + edges * back / (size_s * size_t)
    scale_s, scale_t = 1.0 / (size_s * (size_s - 1.0)), 1.0 / (size_t * (size_t - 1.0))
    K = n_s.size
    for a in range(K):
        if n_s[a] == 0 and n_t[a] == 0:
            continue
        a_s, a_t = n_s[a] * (size_s - n_s[a]) * scale_s, n_t[a] * (size_t - n_t[a]) * scale_t
        for b in range(K):
            b_s, b_t = n_s[b] * (size_s - n_s[b]) * scale_s, n_t[b] * (size_t - n_t[b]) * scale_t
            if a == b:
                both_s, both_t = a_s, a_t
            else:
                both_s, both_t = -n_s[a] * n_s[b] * scale_s, -n_t[a] * n_t[b] * scale_t
            out[a, b] += a_s * b_t * ahead2 + b_s * a_t * back2 + 2.0 * both_s * both_t * product


@njit
def count_means(indptr: np.ndarray, indices: np.ndarray, strata: np.ndarray, n: np.ndarray, out: np.ndarray) -> None:
    """Mean of all counts into `out` (K × K, float64); `n` (K × S, int64) holds the cells of each label and stratum."""
    K, S = n.shape
    sizes = n.sum(axis=0)
    if S == 1:
        starts, there, count = np.array([0, 1]), np.zeros(1, np.int64), np.full(1, indices.size)
    else:
        starts, there, count = edges_between(indptr, indices, strata, S)
    out[:] = 0.0
    for s in range(S):
        for m in range(starts[s], starts[s + 1]):
            t = there[m]
            for a in range(K):
                if n[a, s] == 0:
                    continue
                for b in range(K):
                    if s == t:
                        out[a, b] += count[m] * _two(n[a, s], n[b, s], sizes[s], 1 if a == b else 0)
                    else:
                        out[a, b] += count[m] * (n[a, s] / sizes[s]) * (n[b, t] / sizes[t])


@njit
def count_variances(
    indptr: np.ndarray,
    indices: np.ndarray,
    in_indptr: np.ndarray,
    in_indices: np.ndarray,
    undirected: bool,
    strata: np.ndarray,
    n: np.ndarray,
    out: np.ndarray,
) -> None:
    """Variance of all counts into `out` (K × K, float64); `n` (K × S, int64) as in `count_means`."""
    K, S = n.shape
    sizes = n.sum(axis=0)
    share, cells = np.empty((S, K)), np.empty((S, K), np.int64)
    for s in range(S):
        for k in range(K):
            cells[s, k] = n[k, s]
            share[s, k] = n[k, s] / max(sizes[s], 1)
    inside, starts, there, sums, reach, weighed, spread = stratum_sums(
        indptr, indices, in_indptr, in_indices, undirected, strata, share
    )
    out[:] = 0.0
    for s in range(S):
        size = sizes[s]
        for a in range(K):
            for b in range(K):
                n_a, n_b = cells[s, a], cells[s, b]
                if n_a > 0 or n_b > 0:
                    same = 1 if a == b else 0
                    out[a, b] += _inside(inside[s], n_a, n_b, size, same)
                    if starts[s + 1] > starts[s]:
                        out[a, b] += _linear(
                            inside[s], reach[s], weighed[s], spread[s], a, b, n_a, n_b, size, undirected
                        )
        for m in range(starts[s], starts[s + 1]):
            t = there[m]
            if t < s:
                continue
            for back in range(starts[t], starts[t + 1]):
                if there[back] == s:
                    _between(sums[m], sums[back], cells[s], cells[t], size, sizes[t], out)
                    break
    for a in range(K):
        for b in range(K):
            out[a, b] = max(out[a, b], 0.0)
