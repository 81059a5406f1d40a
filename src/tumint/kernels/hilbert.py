"""Rank of points along a Hilbert curve, so that cells that are near in the tissue are near in memory."""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit


@njit
def hilbert_rank(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Position of cells on a Hilbert curve of 2^16 × 2^16 places; `x`, `y` are uint32 below 2^16."""
    rank = np.empty(x.size, np.uint64)
    for i in range(x.size):
        a, b, d = np.int64(x[i]), np.int64(y[i]), np.int64(0)
        s = np.int64(1 << 15)
        while s > 0:
            right, up = np.int64((a & s) > 0), np.int64((b & s) > 0)
            d += s * s * ((3 * right) ^ up)
            if up == 0:
                if right == 1:
                    a, b = np.int64(65535) - a, np.int64(65535) - b
                a, b = b, a
            s >>= 1
        rank[i] = np.uint64(d)
    return rank
