"""Exact mean and variance of labelled edge counts when labels are permuted within strata.

Two steps: sums over the graph split by stratum (one pass over the edges), then closed formulas per pair of labels.
With one stratum these are the join-count moments of Cliff & Ord (1981, Spatial Processes, ch. 2) for a directed graph.
"""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit


@njit
def _walk(
    indptr: np.ndarray,
    indices: np.ndarray,
    in_indptr: np.ndarray,
    in_indices: np.ndarray,
    undirected: bool,
    strata: np.ndarray,
    edges: np.ndarray,
    mutual: np.ndarray,
    fan_out: np.ndarray,
    fan_in: np.ndarray,
    path: np.ndarray,
) -> None:
    """One pass over the edges; of an undirected graph only `edges` and `fan_out` are summed."""
    S = edges.shape[0]
    r = np.zeros(S, np.int64)
    c = np.zeros(S, np.int64)
    m = np.zeros(S, np.int64)
    touched = np.empty(S, np.int64)
    for i in range(indptr.size - 1):
        s = strata[i]
        n_touched = 0
        for p in range(indptr[i], indptr[i + 1]):
            t = strata[indices[p]]
            if r[t] == 0:
                touched[n_touched] = t
                n_touched += 1
            r[t] += 1
        if not undirected:
            q = indptr[i]
            for p in range(in_indptr[i], in_indptr[i + 1]):
                j = in_indices[p]
                t = strata[j]
                if r[t] == 0 and c[t] == 0:
                    touched[n_touched] = t
                    n_touched += 1
                c[t] += 1
                while q < indptr[i + 1] and indices[q] < j:
                    q += 1
                if q < indptr[i + 1] and indices[q] == j:
                    m[t] += 1
        for x in range(n_touched):
            t = touched[x]
            edges[s, t] += r[t]
            mutual[s, t] += m[t]
            for y in range(n_touched):
                u = touched[y]
                fan_out[s, t, u] += r[t] * r[u]
                fan_in[s, t, u] += c[t] * c[u]
                path[s, t, u] += r[t] * c[u]
            fan_out[s, t, t] -= r[t]
            fan_in[s, t, t] -= c[t]
            path[s, t, t] -= m[t]
        for x in range(n_touched):
            r[touched[x]] = c[touched[x]] = m[touched[x]] = 0


@njit
def overlap_sums(
    indptr: np.ndarray,
    indices: np.ndarray,
    in_indptr: np.ndarray,
    in_indices: np.ndarray,
    undirected: bool,
    strata: np.ndarray,
    n_strata: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """How edges overlap, by the strata of the cells involved (int64, exact).

    Returns
    -------
    edges, mutual
        (S × S): edges from stratum s to t; those whose reverse is an edge too.
    fan_out, fan_in, path
        (S × S × S), first the stratum of the shared cell: ordered pairs of edges out of it into t and u; into it from
        t and u; out of it into t and into it from u, where t's cell and u's cell differ.
    """
    S = n_strata
    edges = np.zeros((S, S), np.int64)
    mutual = np.zeros((S, S), np.int64)
    fan_out = np.zeros((S, S, S), np.int64)
    fan_in = np.zeros((S, S, S), np.int64)
    path = np.zeros((S, S, S), np.int64)
    if S == 1 and undirected:  # degrees are all there is
        for i in range(indptr.size - 1):
            degree = indptr[i + 1] - indptr[i]
            edges[0, 0] += degree
            fan_out[0, 0, 0] += degree * (degree - 1)
    else:
        _walk(indptr, indices, in_indptr, in_indices, undirected, strata, edges, mutual, fan_out, fan_in, path)
    if undirected:
        mutual[:] = edges
        fan_in[:] = fan_out
        path[:] = fan_out
    return edges, mutual, fan_out, fan_in, path


@njit
def _draw(n: np.ndarray, sizes: np.ndarray, label: int, stratum: int, same: int, drawn: int) -> float:
    """Chance that a further cell of `stratum` carries `label`, when `drawn` cells of it are known, `same` with it."""
    left = sizes[stratum] - drawn
    have = n[label, stratum] - same
    if left <= 0 or have <= 0:
        return 0.0
    return have / left


@njit
def _excess(n: np.ndarray, sizes: np.ndarray, a: int, b: int, s: int, t: int, u: int, v: int) -> float:
    """P(four cells of strata s, t, u, v carry a, b, a, b) / (P(s: a, t: b) · P(u: a, v: b)) − 1, without cancellation.

    Each factor of the ratio is 1 + d with d known exactly, so the result, of order 1/n, keeps its digits.
    """
    ab = 1 if a == b else 0
    k1 = (s == u) + ab * (t == u)
    m1 = (s == u) + (t == u)
    have, left = n[a, u], sizes[u]
    if have - k1 <= 0 or left - m1 <= 0:
        return -1.0
    d1 = (m1 * have - k1 * left) / (have * (left - m1))
    have, left = n[b, v] - ab * (u == v), sizes[v] - (u == v)
    k2 = (t == v) + ab * (s == v)
    m2 = (s == v) + (t == v)
    if have - k2 <= 0 or left - m2 <= 0:
        return -1.0
    d2 = (m2 * have - k2 * left) / (have * (left - m2))
    return d1 + d2 + d1 * d2


@njit
def count_moments(
    edges: np.ndarray,
    mutual: np.ndarray,
    fan_out: np.ndarray,
    fan_in: np.ndarray,
    path: np.ndarray,
    n: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (K × K, float64) of all counts; `n` (K × S, int64) holds the cells of each label and stratum.

    The variance is summed as a covariance, never as E[C²] − E[C]², whose digits would be gone at millions of cells.
    """
    K, S = n.shape
    sizes = n.sum(axis=0)
    mean = np.zeros((K, K))
    variance = np.zeros((K, K))
    pair = np.zeros((S, S))
    for a in range(K):
        for b in range(K):
            same = 1 if a == b else 0
            e = 0.0
            for s in range(S):
                for t in range(S):
                    first = _draw(n, sizes, a, s, 0, 0)
                    pair[s, t] = first * _draw(n, sizes, b, t, same * (s == t), 1 if s == t else 0)
                    e += edges[s, t] * pair[s, t]
            mean[a, b] = e
            variance[a, b] = _variance(edges, mutual, fan_out, fan_in, path, n, sizes, pair, a, b)
    return mean, variance


@njit
def _variance(
    edges: np.ndarray,
    mutual: np.ndarray,
    fan_out: np.ndarray,
    fan_in: np.ndarray,
    path: np.ndarray,
    n: np.ndarray,
    sizes: np.ndarray,
    pair: np.ndarray,
    a: int,
    b: int,
) -> float:
    S = sizes.size
    same = 1 if a == b else 0
    total = 0.0
    for s in range(S):
        for t in range(S):
            p = pair[s, t]
            if edges[s, t] == 0 or p == 0.0:
                continue
            # four different cells, as if every pair of edges were disjoint
            for u in range(S):
                for v in range(S):
                    if (s in (u, v) or t in (u, v)) and edges[u, v] > 0 and pair[u, v] > 0.0:
                        excess = _excess(n, sizes, a, b, s, t, u, v)
                        total += (edges[s, t] * p) * (edges[u, v] * pair[u, v]) * excess
            # the same edge, and its reverse
            total += edges[s, t] * (p - p * p * (1.0 + _excess(n, sizes, a, b, s, t, s, t)))
            total += mutual[s, t] * (same * p - p * pair[t, s] * (1.0 + _excess(n, sizes, a, b, s, t, t, s)))
    for s in range(S):
        for t in range(S):
            for u in range(S):
                drawn = (1 if s == u else 0) + (1 if t == u else 0)
                alike = (1 if t == u else 0) + (same if s == u else 0)
                if fan_out[s, t, u] > 0:
                    three = pair[s, t] * _draw(n, sizes, b, u, alike, drawn)
                    four = pair[s, t] * pair[s, u] * (1.0 + _excess(n, sizes, a, b, s, t, s, u))
                    total += fan_out[s, t, u] * (three - four)
                if fan_in[s, t, u] > 0:
                    three = pair[t, s] * _draw(n, sizes, a, u, alike, drawn)
                    four = pair[t, s] * pair[u, s] * (1.0 + _excess(n, sizes, a, b, t, s, u, s))
                    total += fan_in[s, t, u] * (three - four)
                if path[s, t, u] > 0:
                    three = same * pair[s, t] * _draw(n, sizes, a, u, drawn, drawn)
                    four = pair[s, t] * pair[u, s] * (1.0 + _excess(n, sizes, a, b, s, t, u, s))
                    total += 2.0 * path[s, t, u] * (three - four)
    return max(total, 0.0)
