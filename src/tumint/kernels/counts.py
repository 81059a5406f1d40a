"""Counts of labelled edges and of cells by their labelled neighbours, all ordered pairs of labels in one pass."""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit


@njit
def edge_counts(indptr: np.ndarray, indices: np.ndarray, labels: np.ndarray, undirected: bool, out: np.ndarray) -> None:
    """Number of edges from label a to label b into `out` (K × K, int64).

    An undirected graph holds both directions, so half of its edges is read: rows are sorted, the half with j > i ends
    each row.
    """
    out[:] = 0
    n = indptr.size - 1
    if not undirected:
        for i in range(n):
            row = out[labels[i]]
            for p in range(indptr[i], indptr[i + 1]):
                row[labels[indices[p]]] += 1
        return
    for i in range(n):
        row = out[labels[i]]
        p = indptr[i + 1] - 1
        while p >= indptr[i] and indices[p] > i:
            row[labels[indices[p]]] += 1
            p -= 1
    for a in range(out.shape[0]):
        for b in range(a + 1):
            both = out[a, b] + out[b, a]
            out[a, b] = both
            out[b, a] = both


@njit
def contact_counts(
    indptr: np.ndarray,
    indices: np.ndarray,
    labels: np.ndarray,
    least: int,
    edges: np.ndarray,
    cells: np.ndarray,
    seen: np.ndarray,
) -> None:
    """Edges a → b into `edges`, and a-cells with at least `least` b-neighbours into `cells` (both K × K, int64).

    `seen` (K × 2, int64) is scratch: the last cell that met a label, and how many of it.
    """
    edges[:] = 0
    cells[:] = 0
    seen[:] = -1
    for i in range(indptr.size - 1):
        a = labels[i]
        for p in range(indptr[i], indptr[i + 1]):
            b = labels[indices[p]]
            if seen[b, 0] != i:
                seen[b, 0] = i
                seen[b, 1] = 0
            seen[b, 1] += 1
            edges[a, b] += 1
            if seen[b, 1] == least:
                cells[a, b] += 1


@njit
def edge_list(indptr: np.ndarray, indices: np.ndarray, undirected: bool) -> tuple[np.ndarray, np.ndarray]:
    """Ends of every edge (uint32), of an undirected graph each once: what `listed_edge_counts` runs over."""
    size = indices.size // 2 if undirected else indices.size
    heads, tails = np.empty(size, np.uint32), np.empty(size, np.uint32)
    e = 0
    for i in range(indptr.size - 1):
        for p in range(indptr[i], indptr[i + 1]):
            if not undirected or indices[p] > i:
                heads[e] = i
                tails[e] = indices[p]
                e += 1
    return heads, tails


@njit
def listed_edge_counts(
    heads: np.ndarray, tails: np.ndarray, labels: np.ndarray, undirected: bool, tables: np.ndarray, out: np.ndarray
) -> None:
    """As `edge_counts`, several times faster where a graph is counted often. `tables` (4 × K², int32) is scratch.

    Four tables, because an increment of a place that was just incremented has to wait; unsigned places, because signed
    ones are tested for counting from the end.
    """
    tables[:] = 0
    K = out.shape[0]
    width, one = np.uintp(K), np.int32(1)
    t0, t1, t2, t3 = tables[0], tables[1], tables[2], tables[3]
    whole = heads.size // 4 * 4
    for e in range(0, whole, 4):
        t0[np.uintp(labels[heads[e]]) * width + np.uintp(labels[tails[e]])] += one
        t1[np.uintp(labels[heads[e + 1]]) * width + np.uintp(labels[tails[e + 1]])] += one
        t2[np.uintp(labels[heads[e + 2]]) * width + np.uintp(labels[tails[e + 2]])] += one
        t3[np.uintp(labels[heads[e + 3]]) * width + np.uintp(labels[tails[e + 3]])] += one
    for e in range(whole, heads.size):
        t0[np.uintp(labels[heads[e]]) * width + np.uintp(labels[tails[e]])] += one
    for a in range(K):
        for b in range(K):
            p, q = a * K + b, b * K + a
            out[a, b] = np.int64(t0[p]) + t1[p] + t2[p] + t3[p]
            if undirected:
                out[a, b] += np.int64(t0[q]) + t1[q] + t2[q] + t3[q]


@njit
def touching_cells(indptr: np.ndarray, indices: np.ndarray, labels: np.ndarray, cells: np.ndarray) -> None:
    """Number of a-cells with any b-neighbour into `cells` (K × K, int64), for at most 64 labels: no branch inside."""
    cells[:] = 0
    flat = cells.reshape(-1)
    width, one = np.uintp(cells.shape[0]), np.uint64(1)
    for i in range(indptr.size - 1):
        base = np.uintp(labels[i]) * width
        met = np.uint64(0)
        for p in range(indptr[i], indptr[i + 1]):
            b = np.uint64(labels[np.uintp(indices[p])])
            flat[base + np.uintp(b)] += np.int64(one - ((met >> b) & one))
            met |= one << b
