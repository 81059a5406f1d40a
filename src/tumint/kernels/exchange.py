"""Pairs of cells whose labels could change places, and what the image would be like if they did.

Which pairs are drawn depends on places and on the unordered pair of labels alone, both of which the exchange leaves as
they are: so a pair and its exchange are equally likely to be looked at. Randomness is a hash of the two places: more
cells elsewhere, or another order of the cells, draw the same pairs.
"""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit
from tumint.kernels.random import mix

_S11 = np.uint64(11)
_UNIT = 1.0 / 9007199254740992.0  # 2^-53
_STEP = np.uint64(0x9E3779B97F4A7C15)


@njit
def place_keys(bits: np.ndarray, image: np.uint64) -> np.ndarray:
    """A hash of every cell's place; `bits` are whole coordinates (n × 2) as uint64, `image` the key of the image."""
    out = np.empty(bits.shape[0], np.uint64)
    for i in range(out.size):
        out[i] = mix(mix(bits[i, 0] ^ image) + bits[i, 1])
    return out


@njit
def _chance(first: np.uint64, second: np.uint64) -> float:
    """A number uniform on [0, 1) of an unordered pair."""
    return (mix(first + second) >> _S11) * _UNIT


@njit
def squares(xy: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Cells by squares of half the reach: their order, where each square begins, the square of each cell in that order.

    The last is how many squares a column has; two empty columns and rows lie on all sides.
    """
    n, side = xy.shape[0], reach / 2
    low_x, low_y, high_x, high_y = np.inf, np.inf, -np.inf, -np.inf
    for i in range(n):
        low_x, high_x = min(low_x, xy[i, 0]), max(high_x, xy[i, 0])
        low_y, high_y = min(low_y, xy[i, 1]), max(high_y, xy[i, 1])
    rows, columns = int((high_y - low_y) / side) + 5, int((high_x - low_x) / side) + 5
    starts = np.zeros(rows * columns + 1, np.int64)
    square = np.empty(n, np.int64)
    for i in range(n):
        square[i] = (int((xy[i, 0] - low_x) / side) + 2) * rows + int((xy[i, 1] - low_y) / side) + 2
        starts[square[i] + 1] += 1
    starts = np.cumsum(starts)
    place = starts[:-1].copy()
    order, ordered = np.empty(n, np.int64), np.empty(n, np.int64)
    for i in range(n):
        order[place[square[i]]] = i
        ordered[place[square[i]]] = square[i]
        place[square[i]] += 1
    return order, starts, ordered, rows


@njit
def closeness(distance2: float, reach2: float) -> float:
    """Weight of a cell in the surroundings of another: 1 near by, falling smoothly to 0 at the reach (biweight)."""
    if distance2 >= reach2:
        return 0.0
    rest = 1.0 - distance2 / reach2
    return rest * rest


@njit
def surroundings(xy: np.ndarray, labels: np.ndarray, n_types: int, reach: float) -> np.ndarray:
    """Cells of each label around every cell, itself left out, weighed by `closeness` (n × K, float64)."""
    out = np.zeros((labels.size, n_types))
    if labels.size == 0:
        return out
    order, starts, square, rows = squares(xy, reach)
    x, y, label = xy[order, 0], xy[order, 1], labels[order]
    for p in range(order.size):
        mine = out[order[p]]
        for column in range(3):  # only cells that come later in the order: each pair once
            middle = square[p] + column * rows
            first = p + 1 if column == 0 else starts[middle - 2]
            for q in range(first, starts[middle + 3]):
                dx, dy = x[p] - x[q], y[p] - y[q]
                weight = closeness(dx * dx + dy * dy, reach * reach)
                if weight > 0.0:
                    mine[label[q]] += weight
                    out[order[q], label[p]] += weight
    return out


@njit
def near_pairs(
    xy: np.ndarray,
    labels: np.ndarray,
    classes: np.ndarray,
    keys: np.ndarray,
    reach: float,
    chance: np.ndarray,
    counts: np.ndarray,
    pairs: np.ndarray,
    place: np.ndarray,
    moving: np.ndarray,
    partners: np.ndarray,
) -> int:
    """Pairs of cells with different labels in one class, at most `reach` apart.

    Parameters
    ----------
    classes
        Cells of one class can change places; those below 0 with none.
    chance
        (K × K) with which a pair of labels is drawn; only what is at and above the diagonal is read.
    counts
        (K × K, int64) how many pairs there are of each pair of labels, drawn or not, at and above the diagonal.
    pairs
        (capacity × 2, int32) is filled with those drawn, the cell with the lower label first. Without capacity pairs
        are only counted.
    place
        (capacity) their uniform number, below the chance.
    moving
        (n, bool) is set for the cells of any pair.
    partners
        (n, int64) how many cells of its class are in reach of each, whatever their labels; set where pairs are counted.

    Returns
    -------
    How many were drawn, at most the capacity.
    """
    counts[:] = 0
    drawn, counting = 0, pairs.shape[0] == 0
    if labels.size == 0:
        return drawn
    if counting:
        partners[:] = 0
    order, starts, square, rows = squares(xy, reach)
    x, y, label, kind = xy[order, 0], xy[order, 1], labels[order], classes[order]
    for p in range(order.size):
        if kind[p] < 0:
            continue
        met = 0
        for column in range(3):
            middle = square[p] + column * rows
            first = p + 1 if column == 0 else starts[middle - 2]
            for q in range(first, starts[middle + 3]):
                if kind[p] != kind[q] or (label[p] == label[q] and not counting):
                    continue
                dx, dy = x[p] - x[q], y[p] - y[q]
                if dx * dx + dy * dy > reach * reach:
                    continue
                if counting:
                    met += 1
                    partners[order[q]] += 1
                    if label[p] != label[q]:
                        counts[min(label[p], label[q]), max(label[p], label[q])] += 1
                        moving[order[p]] = moving[order[q]] = True
                else:
                    i, j = order[p], order[q]
                    drawn = _take(i, j, labels, keys[i], keys[j], chance, counts, pairs, place, moving, drawn)
        if counting:
            partners[order[p]] += met
    return drawn


@njit
def far_pairs(
    labels: np.ndarray,
    order: np.ndarray,
    starts: np.ndarray,
    keys: np.ndarray,
    partners: int,
    chance: np.ndarray,
    counts: np.ndarray,
    pairs: np.ndarray,
    place: np.ndarray,
    moving: np.ndarray,
) -> int:
    """As `near_pairs` without a reach: each cell with `partners` random cells of its class.

    `order` and `starts` hold the cells of each class, in an order that does not depend on labels.
    """
    counts[:] = 0
    drawn = 0
    for c in range(starts.size - 1):
        size = np.uint64(starts[c + 1] - starts[c])
        for p in range(starts[c], starts[c + 1]):
            i = order[p]
            for draw in range(partners):
                word = mix(keys[i] + np.uint64(draw + 1) * _STEP)
                j = order[starts[c] + np.int64(((word >> np.uint64(32)) * size) >> np.uint64(32))]
                if labels[i] != labels[j]:
                    drawn = _take(i, j, labels, word, keys[j], chance, counts, pairs, place, moving, drawn)
    return drawn


@njit
def _take(
    i: int,
    j: int,
    labels: np.ndarray,
    key_i: np.uint64,
    key_j: np.uint64,
    chance: np.ndarray,
    counts: np.ndarray,
    pairs: np.ndarray,
    place: np.ndarray,
    moving: np.ndarray,
    drawn: int,
) -> int:
    if labels[i] > labels[j]:
        i, j = j, i
    a, b = labels[i], labels[j]
    counts[a, b] += 1
    moving[i] = moving[j] = True
    if drawn < pairs.shape[0]:
        uniform = _chance(key_i, key_j)
        if uniform < chance[a, b]:
            pairs[drawn, 0], pairs[drawn, 1], place[drawn] = i, j, uniform
            return drawn + 1
    return drawn


@njit
def by_labels(pairs: np.ndarray, labels: np.ndarray, n_types: int) -> tuple[np.ndarray, np.ndarray]:
    """Order of the pairs by their two labels, and where each pair of labels (a · K + b) begins in it."""
    starts = np.zeros(n_types * n_types + 1, np.int64)
    for r in range(pairs.shape[0]):
        starts[labels[pairs[r, 0]] * n_types + labels[pairs[r, 1]] + 1] += 1
    starts = np.cumsum(starts)
    place = starts[:-1].copy()
    order = np.empty(pairs.shape[0], np.int64)
    for r in range(pairs.shape[0]):
        group = labels[pairs[r, 0]] * n_types + labels[pairs[r, 1]]
        order[place[group]] = r
        place[group] += 1
    return order, starts


@njit
def differences(
    pairs: np.ndarray,
    xy: np.ndarray,
    labels: np.ndarray,
    indptr: np.ndarray,
    indices: np.ndarray,
    around: np.ndarray,
    reach: float,
    out: np.ndarray,
) -> None:
    """What the first cell of each pair has more of than the second, label by label, the two themselves left out.

    Parameters
    ----------
    around
        (n × K) of `surroundings` within `reach`, or (0 × K): none wanted.
    out
        (pairs × K or 2 K, float32): neighbours of each label, then surroundings.
    """
    K = around.shape[1]
    out[:] = 0.0
    for r in range(pairs.shape[0]):
        i, j = pairs[r, 0], pairs[r, 1]
        for p in range(indptr[i], indptr[i + 1]):
            if indices[p] != j:
                out[r, labels[indices[p]]] += 1.0
        for p in range(indptr[j], indptr[j + 1]):
            if indices[p] != i:
                out[r, labels[indices[p]]] -= 1.0
        if around.shape[0] > 0:
            dx, dy = xy[i, 0] - xy[j, 0], xy[i, 1] - xy[j, 1]
            mutual = closeness(dx * dx + dy * dy, reach * reach)
            for k in range(K):
                more = around[i, k] - around[j, k]
                if k == labels[j]:
                    more -= mutual
                elif k == labels[i]:
                    more += mutual
                out[r, K + k] = more
