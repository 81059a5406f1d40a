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
