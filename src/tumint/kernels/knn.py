"""Exact nearest neighbours by pruned search over partitions, and the Jaccard overlap of their lists.

The answer is unique (ties go to the lower index), so it depends neither on the partition nor on who runs which query.
"""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit

_SLACK = 1e-4  # relative: bounds are float32 sums, so a partition is passed over only when it is clearly out of reach


@njit
def _squares(columns: np.ndarray, begin: int, point: np.ndarray, out: np.ndarray) -> None:
    """Squared distances from `point` to the points `begin:begin + len(out)` of `columns` (d × n).

    Point by point within a feature: the compiler makes vectors of it without changing the order of any sum.
    """
    out[:] = 0.0
    for f in range(columns.shape[0]):
        column = columns[f, begin : begin + out.size]
        value = point[f]
        for j in range(out.size):
            step = column[j] - value
            out[j] += step * step


@njit
def assign(points: np.ndarray, centres: np.ndarray, start: int, stop: int, home: np.ndarray) -> None:
    """Write the nearest centre of the points `start:stop` into `home`; ties go to the lower index.

    `points` (n × d) and `centres` (d × p) float32, `home` (n,) int64.
    """
    squares = np.empty(centres.shape[1], dtype=np.float32)
    for i in range(start, stop):
        _squares(centres, 0, points[i], squares)
        home[i] = np.argmin(squares)


@njit
def _sift(distances: np.ndarray, indices: np.ndarray, distance: float, index: int) -> None:
    """Put a neighbour into a full list sorted by (distance, index); the last one falls out."""
    at = len(distances) - 1
    while at > 0 and (distances[at - 1] > distance or (distances[at - 1] == distance and indices[at - 1] > index)):
        distances[at] = distances[at - 1]
        indices[at] = indices[at - 1]
        at -= 1
    distances[at] = distance
    indices[at] = index


@njit
def nearest(
    columns: np.ndarray,
    original: np.ndarray,
    home: np.ndarray,
    starts: np.ndarray,
    centres: np.ndarray,
    between: np.ndarray,
    start: int,
    stop: int,
    indices: np.ndarray,
    distances: np.ndarray,
) -> None:
    """Find the nearest neighbours of the points `start:stop`, themselves left out.

    Parameters
    ----------
    columns
        (d × n) float32, the points sorted by partition, one row per feature.
    original, home
        Of each sorted point: its index before sorting, its partition.
    starts
        (p + 1,) where each partition begins among the sorted points.
    centres, between
        (d × p) centres of the partitions, every point in that of its nearest centre, and the distances between the
        centres (p × p).
    indices, distances
        (n × k) filled here, in rows of the sorted points: index before sorting and squared distance, nearest first.
    """
    n_partitions = centres.shape[1]
    squares = np.empty(n_partitions, dtype=np.float32)
    bounds = np.empty(n_partitions, dtype=np.float32)
    buffer = np.empty(np.max(starts[1:] - starts[:-1]), dtype=np.float32)
    for q in range(start, stop):
        point = np.ascontiguousarray(columns[:, q])
        _squares(centres, 0, point, squares)
        own = home[q]
        for p in range(n_partitions):
            # to the plane halfway between the two centres: all of partition p lies beyond it
            bounds[p] = 0.0 if p == own else max((squares[p] - squares[own]) / (2 * between[own, p]), 0.0)
        indices[q, :] = columns.shape[1]
        distances[q, :] = np.inf
        for p in np.argsort(bounds):
            if bounds[p] * bounds[p] * (1 - _SLACK) > distances[q, -1]:
                break
            begin = starts[p]
            near = buffer[: starts[p + 1] - begin]
            _squares(columns, begin, point, near)
            for j in range(near.size):
                if near[j] <= distances[q, -1] and begin + j != q:
                    index = original[begin + j]
                    if near[j] < distances[q, -1] or index < indices[q, -1]:
                        _sift(distances[q], indices[q], near[j], index)


@njit
def jaccard(neighbours: np.ndarray, start: int, stop: int, weights: np.ndarray) -> None:
    """Write the weight of the pair of i and each of its neighbours into `weights` (n × k): 0 where it is no edge.

    The Jaccard overlap of their lists, twice where each is in the list of the other; such a pair is written at the
    lower index alone. One shared neighbour, seen from one side, makes no edge. `neighbours` (n × k) int64, rows sorted;
    rows `start:stop` are done.
    """
    k = neighbours.shape[1]
    for i in range(start, stop):
        for slot in range(k):
            j = neighbours[i, slot]
            a, b, shared, mutual = 0, 0, 0, False
            while a < k and b < k:
                mutual |= neighbours[j, b] == i
                if neighbours[i, a] == neighbours[j, b]:
                    shared += 1
                    a += 1
                    b += 1
                elif neighbours[i, a] < neighbours[j, b]:
                    a += 1
                else:
                    b += 1
            while b < k:
                mutual |= neighbours[j, b] == i
                b += 1
            overlap = shared / (2 * k - shared)
            if mutual:
                weights[i, slot] = 2 * overlap if i < j else 0.0
            else:
                weights[i, slot] = overlap if shared > 1 else 0.0
