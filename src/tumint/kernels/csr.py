"""Adjacency in compressed sparse rows: building, transposing, from triangles.

Rows are sorted, without repeats and without self loops: a binary, possibly directed, graph.
"""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit


@njit
def from_pairs(n: int, sources: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the graph with edges `sources[e]` → `targets[e]`: `indptr` int64 (n + 1), `indices` int32."""
    counts = np.zeros(n + 1, np.int64)
    for e in range(sources.size):
        if sources[e] != targets[e]:
            counts[sources[e] + 1] += 1
    indptr = np.cumsum(counts)
    place = indptr[:-1].copy()
    indices = np.empty(indptr[n], np.int32)
    for e in range(sources.size):
        i = sources[e]
        if i != targets[e]:
            indices[place[i]] = targets[e]
            place[i] += 1
    return compact(indptr, indices)


@njit
def compact(indptr: np.ndarray, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sort every row in place and drop what it repeats."""
    n = indptr.size - 1
    out = np.zeros(n + 1, np.int64)
    kept = 0
    for i in range(n):
        start, stop = indptr[i], indptr[i + 1]
        row = indices[start:stop]
        if row.size <= 24:
            for a in range(1, row.size):
                value = row[a]
                b = a - 1
                while b >= 0 and row[b] > value:
                    row[b + 1] = row[b]
                    b -= 1
                row[b + 1] = value
        else:
            row.sort()
        previous = np.int32(-1)
        for p in range(start, stop):
            if indices[p] != previous:
                previous = indices[p]
                indices[kept] = previous
                kept += 1
        out[i + 1] = kept
    return out, indices[:kept].copy()


@njit
def transpose(indptr: np.ndarray, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The graph with every edge turned round; its rows are sorted too."""
    n = indptr.size - 1
    out = np.zeros(n + 1, np.int64)
    for e in range(indices.size):
        out[indices[e] + 1] += 1
    out = np.cumsum(out)
    place = out[:-1].copy()
    turned = np.empty(indices.size, np.int32)
    for i in range(n):
        for p in range(indptr[i], indptr[i + 1]):
            j = indices[p]
            turned[place[j]] = i
            place[j] += 1
    return out, turned


@njit
def triangle_edges(xy: np.ndarray, corners: np.ndarray, longest: float) -> np.ndarray:
    """Sides (m × 2, int32) of triangles (corners, n × 3) that are at most `longest`; those of two triangles twice."""
    edges = np.empty((3 * corners.shape[0], 2), np.int32)
    kept = 0
    for t in range(corners.shape[0]):
        for side in range(3):
            i, j = corners[t, side], corners[t, (side + 1) % 3]
            dx, dy = xy[i, 0] - xy[j, 0], xy[i, 1] - xy[j, 1]
            if np.hypot(dx, dy) <= longest:
                edges[kept, 0], edges[kept, 1] = i, j
                kept += 1
    return edges[:kept]


@njit
def without_edges(indptr: np.ndarray, indices: np.ndarray, fixed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The graph without the edges between two cells that are both `fixed` (n, bool)."""
    out = np.zeros(indptr.size, np.int64)
    kept = np.empty(indices.size, np.int32)
    m = 0
    for i in range(indptr.size - 1):
        for p in range(indptr[i], indptr[i + 1]):
            if not (fixed[i] and fixed[indices[p]]):
                kept[m] = indices[p]
                m += 1
        out[i + 1] = m
    return out, kept[:m].copy()
