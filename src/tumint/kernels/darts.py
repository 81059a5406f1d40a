"""Random points with a hard core: darts that land too near an earlier one are thrown away."""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit


@njit
def throw_darts(points: np.ndarray, count: int, darts: np.ndarray, spacing: float, size: np.ndarray) -> int:
    """Fill `points` from row `count` on with those `darts` that keep `spacing` to every earlier point.

    Parameters
    ----------
    points
        (capacity, 2); the first `count` rows are taken already, at least `spacing` from each other.
    darts
        (n, 2), tried in order.
    size
        Width and height of the rectangle that holds them all.

    Returns
    -------
    The number of points now; at most the capacity.
    """
    # a square of side spacing/√2 holds at most one point, so two rings of squares around a dart are enough
    side = spacing / np.sqrt(2.0)
    columns, rows = int(size[0] / side) + 1, int(size[1] / side) + 1
    grid = np.full((columns, rows), -1, dtype=np.int64)
    for p in range(count):
        grid[int(points[p, 0] / side), int(points[p, 1] / side)] = p
    for d in range(darts.shape[0]):
        if count == points.shape[0]:
            break
        column, row = int(darts[d, 0] / side), int(darts[d, 1] / side)
        free = True
        for u in range(max(column - 2, 0), min(column + 3, columns)):
            for v in range(max(row - 2, 0), min(row + 3, rows)):
                p = grid[u, v]
                if p >= 0:
                    dx, dy = points[p, 0] - darts[d, 0], points[p, 1] - darts[d, 1]
                    if dx * dx + dy * dy < spacing * spacing:
                        free = False
        if free:
            points[count, 0], points[count, 1] = darts[d, 0], darts[d, 1]
            grid[column, row] = count
            count += 1
    return count
