"""Who is around every cell: counts of labels within so many steps of a graph."""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit


@njit
def window_counts(indptr: np.ndarray, indices: np.ndarray, labels: np.ndarray, hops: int, out: np.ndarray) -> None:
    """Cells of each label (n × K) at most `hops` steps away from each cell, itself among them.

    `out` is set, and must come as zeros.
    """
    n = labels.size
    seen = np.full(n, -1, np.int64)
    queue = np.empty(n, np.int64)
    for i in range(n):
        seen[i] = i
        queue[0] = i
        start, end = 0, 1
        out[i, labels[i]] += 1
        for _ in range(hops):
            stop = end
            for q in range(start, stop):
                for e in range(indptr[queue[q]], indptr[queue[q] + 1]):
                    j = indices[e]
                    if seen[j] != i:
                        seen[j] = i
                        queue[end] = j
                        end += 1
                        out[i, labels[j]] += 1
            start = stop


@njit
def pair_counts(indptr: np.ndarray, indices: np.ndarray, codes: np.ndarray, out: np.ndarray) -> None:
    """Directed edges from each code to each (M × M), added to `out`; cells of code −1 count in none."""
    for i in range(codes.size):
        if codes[i] < 0:
            continue
        for e in range(indptr[i], indptr[i + 1]):
            if codes[indices[e]] >= 0:
                out[codes[i], codes[indices[e]]] += 1
