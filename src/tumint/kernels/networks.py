"""Networks: cells of chosen types that hang together by edges between them."""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit


@njit
def components(indptr: np.ndarray, indices: np.ndarray, member: np.ndarray, out: np.ndarray) -> None:
    """The first cell of the component of each member into `out` (n); −1 for the others. By union and find."""
    for i in range(member.size):
        out[i] = i if member[i] else -1
    for i in range(member.size):
        if not member[i]:
            continue
        for e in range(indptr[i], indptr[i + 1]):
            j = indices[e]
            if j >= i or not member[j]:
                continue
            a, b = np.int64(i), np.int64(j)
            while out[a] != a:
                out[a] = out[out[a]]
                a = out[a]
            while out[b] != b:
                out[b] = out[out[b]]
                b = out[b]
            if a < b:
                out[b] = a
            else:
                out[a] = b
    for i in range(member.size):
        if out[i] >= 0:
            # roots come before the cells that point to them
            out[i] = out[out[i]]


@njit
def sizes_of(roots: np.ndarray, out: np.ndarray) -> None:
    """Cells of the component of every cell into `out` (n, zeros); 0 for those in none."""
    held = np.zeros(roots.size, np.int64)
    for i in range(roots.size):
        if roots[i] >= 0:
            held[roots[i]] += 1
    for i in range(roots.size):
        out[i] = held[roots[i]] if roots[i] >= 0 else 0
