"""Who stands between cells of two types: the cells on shortest paths through a graph."""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit


@njit
def between(
    indptr: np.ndarray,
    indices: np.ndarray,
    in_indptr: np.ndarray,
    in_indices: np.ndarray,
    source: np.ndarray,
    target: np.ndarray,
    passed: np.ndarray,
) -> int:
    """How often every cell is passed on the way from a source cell to its nearest target cell.

    Each source cell sends one walker, which goes to any neighbour that is nearer to a target (in steps), all with equal
    chances; `passed` (n, float64, zero before) is how many are expected to come by, themselves and the last left out.

    Parameters
    ----------
    indptr, indices
        The graph, along whose edges walkers go.
    in_indptr, in_indices
        The graph turned round.
    source, target
        (n, bool).

    Returns
    -------
    Walkers that pass another cell: source cells at least two steps from a target, and connected to one.
    """
    n = source.size
    steps, queue = np.full(n, -1, np.int64), np.empty(n, np.int64)
    end = 0
    for i in range(n):
        if target[i]:
            steps[i], queue[end] = 0, i
            end += 1
    at = 0
    while at < end:
        i = queue[at]
        at += 1
        for e in range(in_indptr[i], in_indptr[i + 1]):
            j = in_indices[e]
            if steps[j] < 0:
                steps[j], queue[end] = steps[i] + 1, j
                end += 1
    walkers = 0
    for at in range(end - 1, -1, -1):  # the farthest first
        i = queue[at]
        if steps[i] < 2:
            break
        here = passed[i]
        if source[i]:
            here += 1.0
            walkers += 1
        if here == 0.0:
            continue
        nearer = 0
        for e in range(indptr[i], indptr[i + 1]):
            nearer += 1 if steps[indices[e]] == steps[i] - 1 else 0
        for e in range(indptr[i], indptr[i + 1]):
            if steps[indices[e]] == steps[i] - 1:
                passed[indices[e]] += here / nearer
    return walkers
