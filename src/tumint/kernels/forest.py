"""Approximate nearest neighbours, the same for any number of threads: random trees, then neighbours of neighbours.

Every point writes its own list alone and reads those of the round before, so the answer depends on the seed and on the
points in their order, not on who runs which of them. Which of the kernels runs when is decided outside.
"""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit
from tumint.kernels.random import mix

_STEP = np.uint64(0x9E3779B97F4A7C15)


@njit
def _select(values: np.ndarray, order: np.ndarray, middle: int) -> None:
    """Reorder both so that `values[:middle]` are the smallest; equal values in the order of the quickselect."""
    low, high = 0, values.size - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            return


@njit
def grow(
    points: np.ndarray, depth: int, seed: int, tree: int, order: np.ndarray, lines: np.ndarray, cuts: np.ndarray
) -> None:
    """Sort `order` by the leaves of a random tree of 2^`depth`: number l is `order[n l >> depth : n (l + 1) >> depth]`.

    Each node is cut at the median along the line through two of its points, drawn at random (as in annoy).

    Parameters
    ----------
    points
        (n × d) float32.
    seed, tree
        Whole numbers that the random ones of this tree come from.
    order
        (n,) int32 holding 0 … n - 1, reordered here.
    lines, cuts
        (2^depth - 1 × d) and (2^depth - 1,) float32, filled here: of each node, level by level, its line, and how far
        along it the last of its left half lies.
    """
    n, d = points.shape
    along = np.empty(n, dtype=np.float32)
    counter = mix(mix(np.uint64(seed)) + np.uint64(tree))
    for level in range(depth):
        for node in range(1 << level):
            start, stop = (n * node) >> level, (n * (node + 1)) >> level
            size = stop - start
            counter += _STEP
            drawn = mix(counter)
            one = order[start + np.int64(drawn % np.uint64(size))]
            other = order[start + np.int64((drawn >> np.uint64(32)) % np.uint64(size))]
            normal = lines[(1 << level) - 1 + node]
            for f in range(d):
                normal[f] = points[one, f] - points[other, f]
            for i in range(start, stop):
                total = np.float32(0.0)
                for f in range(d):
                    total += points[order[i], f] * normal[f]
                along[i] = total
            middle = ((n * (2 * node + 1)) >> (level + 1)) - start
            _select(along[start:stop], order[start:stop], middle)
            cuts[(1 << level) - 1 + node] = along[start : start + middle].max() if middle > 0 else -np.inf


@njit
def _square(one: np.ndarray, i: int, other: np.ndarray, j: int, limit: np.float32) -> np.float32:
    """Squared distance of `one[i]` and `other[j]`, or some number above `limit`; both (· × d), d a multiple of 4."""
    a = b = c = e = np.float32(0.0)
    for f in range(0, one.shape[1], 4):
        w = one[i, f] - other[j, f]
        x = one[i, f + 1] - other[j, f + 1]
        y = one[i, f + 2] - other[j, f + 2]
        z = one[i, f + 3] - other[j, f + 3]
        a += w * w
        b += x * x
        c += y * y
        e += z * z
        if (f & 4) and (a + b) + (c + e) > limit:
            break
    return (a + b) + (c + e)


@njit
def _offer(indices: np.ndarray, squares: np.ndarray, index: int, square: np.float32) -> None:
    """Put a neighbour into a full list sorted by (distance, index), unless it is in it; the last one falls out."""
    at = squares.size - 1
    while at > 0 and (squares[at - 1] > square or (squares[at - 1] == square and indices[at - 1] > index)):
        at -= 1
    if at > 0 and squares[at - 1] == square and indices[at - 1] == index:
        return
    for slot in range(squares.size - 1, at, -1):
        squares[slot], indices[slot] = squares[slot - 1], indices[slot - 1]
    squares[at], indices[at] = square, index


@njit
def compare_leaves(
    points: np.ndarray, order: np.ndarray, depth: int, start: int, stop: int, indices: np.ndarray, squares: np.ndarray
) -> None:
    """Offer to each point of the leaves `start:stop` of a tree the other points of its leaf.

    `indices` (n × k) int32 and `squares` (n × k) float32 hold the lists, sorted by (distance, index); places that are
    still empty are at infinity with index n.
    """
    n = points.shape[0]
    last = squares.shape[1] - 1
    for leaf in range(start, stop):
        begin, end = (n * leaf) >> depth, (n * (leaf + 1)) >> depth
        for a in range(begin, end):
            i = order[a]
            for b in range(begin, a):
                j = order[b]
                square = _square(points, i, points, j, max(squares[i, last], squares[j, last]))
                if square < squares[i, last] or (square == squares[i, last] and j < indices[i, last]):
                    _offer(indices[i], squares[i], j, square)
                if square < squares[j, last] or (square == squares[j, last] and i < indices[j, last]):
                    _offer(indices[j], squares[j], i, square)


@njit
def leaves(lines: np.ndarray, cuts: np.ndarray, depth: int, asked: np.ndarray, out: np.ndarray) -> None:
    """The leaf of a tree that `grow` made into which each of other points, `asked` (q × d), falls: `out` (q,) int64."""
    for i in range(asked.shape[0]):
        node = 0
        for level in range(depth):
            at = (1 << level) - 1 + node
            total = np.float32(0.0)
            for f in range(asked.shape[1]):
                total += asked[i, f] * lines[at, f]
            node = 2 * node + (1 if total > cuts[at] else 0)
        out[i] = node


@njit
def look_up(
    points: np.ndarray,
    order: np.ndarray,
    depth: int,
    asked: np.ndarray,
    leaf: np.ndarray,
    by_leaf: np.ndarray,
    indices: np.ndarray,
    squares: np.ndarray,
) -> None:
    """Offer to each of other points the points of the leaf that it falls into.

    `asked` (q × d) fall into `leaf` (q,), and are taken in the order `by_leaf`, so that a leaf is read once; `indices`
    and `squares` (q × k) are their lists, as `compare_leaves` has them.
    """
    n = points.shape[0]
    last = squares.shape[1] - 1
    for i in by_leaf:
        for b in range((n * leaf[i]) >> depth, (n * (leaf[i] + 1)) >> depth):
            j = order[b]
            square = _square(asked, i, points, j, squares[i, last])
            if square < squares[i, last] or (square == squares[i, last] and j < indices[i, last]):
                _offer(indices[i], squares[i], j, square)


@njit
def reverse_lists(indices: np.ndarray, fresh: np.ndarray, out: np.ndarray, out_fresh: np.ndarray) -> None:
    """Who has point j in its list: the first of them into `out` (n × r), nearest ranks first, else -1.

    `fresh` (n × k) says which entries the round before has added; `out_fresh` (n × r) says it of those in `out`.
    """
    n, k = indices.shape
    width = out.shape[1]
    out[:] = -1
    filled = np.zeros(n, dtype=np.int32)
    for slot in range(k):
        for i in range(n):
            j = indices[i, slot]
            if j < n and filled[j] < width:
                out[j, filled[j]] = i
                out_fresh[j, filled[j]] = fresh[i, slot]
                filled[j] += 1


@njit
def explore(
    points: np.ndarray,
    before: np.ndarray,
    before_squares: np.ndarray,
    before_fresh: np.ndarray,
    backward: np.ndarray,
    backward_fresh: np.ndarray,
    reach: int,
    start: int,
    stop: int,
    indices: np.ndarray,
    squares: np.ndarray,
    fresh: np.ndarray,
) -> None:
    """Offer to each of the points `start:stop` the neighbours of its neighbours, either way.

    Ways over two entries that the round before had already are not gone again (Dong et al. 2011).

    Parameters
    ----------
    points
        (n × d) float32, d a multiple of 4.
    before, before_squares, before_fresh
        The lists of the round before (n × k), and which entries it has added.
    backward, backward_fresh
        (n × r) who has a point in its list, as `reverse_lists` gives them.
    reach
        How many of the entries of a list are followed, the nearest ones.
    indices, squares, fresh
        The same of this round, filled here in rows `start:stop`.
    """
    n, k = before.shape
    last = k - 1
    width = backward.shape[1]
    seen = np.full(n, -1, dtype=np.int32)
    for i in range(start, stop):
        mine, far = indices[i], squares[i]
        mine[:] = before[i]
        far[:] = before_squares[i]
        fresh[i, :] = False
        seen[i] = i
        for slot in range(k):
            if mine[slot] < n:
                seen[mine[slot]] = i
        for slot in range(reach + width):
            through = before[i, slot] if slot < reach else backward[i, slot - reach]
            if through < 0 or through >= n:
                continue
            new = before_fresh[i, slot] if slot < reach else backward_fresh[i, slot - reach]
            for step in range(-1, reach + width):
                if step < 0:
                    j, go = through, slot >= reach and new
                elif step < reach:
                    j, go = before[through, step], new or before_fresh[through, step]
                else:
                    j, go = backward[through, step - reach], new or backward_fresh[through, step - reach]
                if not go or j < 0 or j >= n or seen[j] == i:
                    continue
                seen[j] = i
                square = _square(points, i, points, j, far[last])
                if square < far[last] or (square == far[last] and j < mine[last]):
                    _offer(mine, far, j, square)
        for slot in range(k):
            known = False
            for other in range(k):
                known |= before[i, other] == mine[slot]
            fresh[i, slot] = not known
