"""Sums over pairs of cells by their distance: what K, g and their exact null are made of."""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit
from tumint.kernels.exchange import squares


@njit
def _overlap(dx: float, dy: float, cover: np.ndarray, side: np.ndarray) -> float:
    """Area that a window of rectangles shares with itself moved by (dx, dy): between whole steps it is bilinear."""
    u, v = abs(dx) / side[0], abs(dy) / side[1]
    # a move and its opposite share the same area
    turned = 1 if (dx < 0.0) != (dy < 0.0) else 0
    i, j = int(u), int(v)
    f, h = u - i, v - j
    first = (1.0 - h) * cover[turned, i, j] + h * cover[turned, i, j + 1]
    second = (1.0 - h) * cover[turned, i + 1, j] + h * cover[turned, i + 1, j + 1]
    return (1.0 - f) * first + f * second


@njit
def pair_sums(
    xy: np.ndarray,
    labels: np.ndarray,
    strata: np.ndarray,
    cover: np.ndarray,
    side: np.ndarray,
    radii: np.ndarray,
    half_width: float,
    seen: np.ndarray,
    rows: np.ndarray,
    squared: np.ndarray,
) -> None:
    """Weighted pairs of cells at every distance; filled in place, all float64 and zero before.

    A pair weighs the area of the window over what the window shares with itself moved from one cell to the other
    (translation correction, Ohser 1983). Pairs at a distance d count at radius r where d ≤ r, or, with a
    `half_width` h above 0, by 1 − ((d − r) / h)² where |d − r| < h.

    Parameters
    ----------
    xy
        (n × 2) µm.
    labels, strata
        (n, int64) codes from 0.
    cover
        (2, u, v) area shared with the window moved by so many steps along x and y; the second half is for moves of
        opposite signs. Reaches one step beyond the longest distance.
    side
        (2) length of a step in µm.
    radii
        (R) µm, rising by equal steps.
    seen
        (K, K, R) pairs of labels, each unordered pair once, at [smaller, larger].
    rows
        (n, S, R) around each cell, by the stratum of the others.
    squared
        (S, S, R) squares of the weights over ordered pairs.
    """
    if labels.size < 2:
        return
    longest = radii[-1] + half_width
    area, step = cover[0, 0, 0], radii[1] - radii[0] if radii.size > 1 else 1.0
    order, starts, square, height = squares(xy, longest)
    x, y = xy[order, 0], xy[order, 1]
    label, stratum = labels[order], strata[order]
    for p in range(order.size):
        for column in range(3):  # only cells that come later in the order: each pair once
            middle = square[p] + column * height
            first = p + 1 if column == 0 else starts[middle - 2]
            for q in range(first, starts[middle + 3]):
                dx, dy = x[q] - x[p], y[q] - y[p]
                distance = np.sqrt(dx * dx + dy * dy)
                if distance >= longest and not (half_width == 0.0 and distance == longest):
                    continue
                shared = _overlap(dx, dy, cover, side)
                if shared <= 0.0:
                    continue
                a, b = min(label[p], label[q]), max(label[p], label[q])
                s, t = stratum[p], stratum[q]
                if half_width > 0.0:
                    low = max(int((distance - half_width - radii[0]) / step), 0)
                    high = min(int((distance + half_width - radii[0]) / step) + 1, radii.size - 1)
                else:
                    low = 0
                    while radii[low] < distance:
                        low += 1
                    high = low
                for r in range(low, high + 1):
                    weight = area / shared
                    if half_width > 0.0:
                        away = (distance - radii[r]) / half_width
                        if away <= -1.0 or away >= 1.0:
                            continue
                        weight *= 1.0 - away * away
                    seen[a, b, r] += weight
                    rows[order[p], t, r] += weight
                    rows[order[q], s, r] += weight
                    squared[s, t, r] += weight * weight
                    squared[t, s, r] += weight * weight
    if half_width == 0.0:
        for r in range(1, radii.size):
            seen[:, :, r] += seen[:, :, r - 1]
            squared[:, :, r] += squared[:, :, r - 1]
            rows[:, :, r] += rows[:, :, r - 1]


@njit
def products(rows: np.ndarray, strata: np.ndarray, out: np.ndarray, total: np.ndarray) -> None:
    """Over the cells of each stratum: products of the sums around them (S, S, S, R), and the sums (S, S, R).

    `rows` (n, S, R) is that of `pair_sums`; both are filled, zero before.
    """
    S, R = rows.shape[1], rows.shape[2]
    for i in range(rows.shape[0]):
        s = strata[i]
        for t in range(S):
            for r in range(R):
                total[s, t, r] += rows[i, t, r]
            for u in range(t, S):
                for r in range(R):
                    out[s, t, u, r] += rows[i, t, r] * rows[i, u, r]
    for s in range(S):
        for t in range(S):
            for u in range(t):
                out[s, t, u] = out[s, u, t]
