"""Sums over a graph that the third moment of labelled edge counts is made of, split by the strata of the cells.

All are plain sums (cells may coincide where no edge forbids it); `tumint.neighbourhood.skewness` puts them together.
"""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit


@njit
def degree_table(indptr: np.ndarray, indices: np.ndarray, strata: np.ndarray, S: int) -> np.ndarray:
    """Edges of each cell into each stratum (cells × S, int32)."""
    out = np.zeros((indptr.size - 1, S), np.int32)
    for i in range(indptr.size - 1):
        for p in range(indptr[i], indptr[i + 1]):
            out[i, strata[indices[p]]] += 1
    return out


@njit
def mutual_table(
    indptr: np.ndarray, indices: np.ndarray, in_indptr: np.ndarray, in_indices: np.ndarray, strata: np.ndarray, S: int
) -> np.ndarray:
    """Edges of each cell into each stratum whose reverse is an edge too (cells × S, int32)."""
    out = np.zeros((indptr.size - 1, S), np.int32)
    for i in range(indptr.size - 1):
        q = indptr[i]
        for p in range(in_indptr[i], in_indptr[i + 1]):
            j = in_indices[p]
            while q < indptr[i + 1] and indices[q] < j:
                q += 1
            if q < indptr[i + 1] and indices[q] == j:
                out[i, strata[j]] += 1
    return out


@njit
def star_sums(strata: np.ndarray, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Σ over cells i of stratum s of x[i, t] · y[i, u] · z[i, v] (S⁴, int64)."""
    S = x.shape[1]
    total = np.zeros((S, S, S, S), np.int64)
    for i in range(strata.size):
        s = strata[i]
        for t in range(S):
            if x[i, t] == 0:
                continue
            for u in range(S):
                product = np.int64(x[i, t]) * y[i, u]
                if product != 0:
                    for v in range(S):
                        total[s, t, u, v] += product * z[i, v]
    return total


@njit
def pair_sums(strata: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Σ over cells i of stratum s of x[i, t] · y[i, u] (S³, int64)."""
    S = x.shape[1]
    total = np.zeros((S, S, S), np.int64)
    for i in range(strata.size):
        for t in range(S):
            if x[i, t] != 0:
                for u in range(S):
                    total[strata[i], t, u] += np.int64(x[i, t]) * y[i, u]
    return total


@njit
def chain_sums(indptr: np.ndarray, indices: np.ndarray, strata: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Σ over edges i → j of strata s → t of x[i, u] · y[j, v] (S⁴, int64)."""
    S = x.shape[1]
    total = np.zeros((S, S, S, S), np.int64)
    for i in range(strata.size):
        s = strata[i]
        for p in range(indptr[i], indptr[i + 1]):
            j = indices[p]
            t = strata[j]
            for u in range(S):
                if x[i, u] != 0:
                    for v in range(S):
                        total[s, t, u, v] += np.int64(x[i, u]) * y[j, v]
    return total


@njit
def triangle_sums(
    indptr: np.ndarray,
    indices: np.ndarray,
    third_indptr: np.ndarray,
    third_indices: np.ndarray,
    strata: np.ndarray,
    S: int,
) -> np.ndarray:
    """Number of (i, j, k) of strata s, t, u with i → j, j → k and k in row i of the third graph (S³, int64)."""
    total = np.zeros((S, S, S), np.int64)
    for i in range(indptr.size - 1):
        row = third_indices[third_indptr[i] : third_indptr[i + 1]]
        for p in range(indptr[i], indptr[i + 1]):
            j = indices[p]
            other = indices[indptr[j] : indptr[j + 1]]
            short, long = (row, other) if row.size < other.size else (other, row)
            counts = total[strata[i], strata[j]]
            if long.size > 16 * short.size:
                for k in short:
                    place = np.searchsorted(long, k)
                    if place < long.size and long[place] == k:
                        counts[strata[k]] += 1
                continue
            a, b = 0, 0
            while a < short.size and b < long.size:
                if short[a] < long[b]:
                    a += 1
                elif long[b] < short[a]:
                    b += 1
                else:
                    counts[strata[short[a]]] += 1
                    a += 1
                    b += 1
    return total


@njit
def undirected_triangle_sums(indptr: np.ndarray, indices: np.ndarray, strata: np.ndarray, S: int) -> np.ndarray:
    """As `triangle_sums` of an undirected graph with itself; every triangle is looked for once instead of six times."""
    found = np.zeros((S, S, S), np.int64)
    for i in range(indptr.size - 1):
        stop = indptr[i + 1]
        start = indptr[i] + np.searchsorted(indices[indptr[i] : stop], i)
        for p in range(start, stop):
            j = indices[p]
            counts = found[strata[i], strata[j]]
            a, b, end = p + 1, indptr[j], indptr[j + 1]
            if end - b > 16 * (stop - a) or stop - a > 16 * (end - b):
                short, long = indices[a:stop], indices[b:end]
                if short.size > long.size:
                    short, long = long, short
                for k in short:
                    place = np.searchsorted(long, k)
                    if k > j and place < long.size and long[place] == k:
                        counts[strata[k]] += 1
                continue
            while b < end and indices[b] <= j:
                b += 1
            while a < stop and b < end:
                x, y = indices[a], indices[b]
                if x == y:
                    counts[strata[x]] += 1
                a += x <= y
                b += y <= x
    total = np.zeros((S, S, S), np.int64)
    for s in range(S):
        for t in range(S):
            for u in range(S):
                total[s, t, u] = (
                    found[s, t, u] + found[s, u, t] + found[t, s, u] + found[t, u, s] + found[u, s, t] + found[u, t, s]
                )
    return total
