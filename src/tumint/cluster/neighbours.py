"""The graph that Leiden cuts: k nearest neighbours over the cohort, weighted by the overlap of their lists.

Exact for small cohorts, searched by random trees for large ones, and either way the same for any number of threads.
That of pynndescent is not: it draws random numbers per thread.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tumint.kernels import forest, knn

_CHUNK = 2_000  # points per task
EXACT = 30_000  # cells up to which neighbours are exact
_TREES = 8
_LEAF = 48  # points of a leaf, about
_ROUNDS = 3  # of neighbours of neighbours
_REACH, _BACKWARD = 18, 10  # of its list, and of those that have a point in theirs, so many are followed
_LLOYD = 2  # rounds of k-means: better partitions only make the search faster


def nearest_neighbours(points: np.ndarray, k: int, *, seed: int = 0, threads: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest neighbours of every point, by Euclidean distance.

    Parameters
    ----------
    points
        (n × d), finite.
    k
        At most n - 1.
    seed
        Of the partition that speeds up the search; it does not change the answer.

    Returns
    -------
    Indices (n × k, int64) and squared distances (n × k, float32), nearest first, ties by index, a point not among its
    own neighbours. The same bits for any number of threads.
    """
    values = np.ascontiguousarray(points, dtype=np.float32)
    n = len(values)
    if not 0 < k < n:
        raise ValueError(f"Expected `k` between 1 and {n - 1}, found `{k}`.")
    centres, home = _partition(values, seed, threads)
    order = np.argsort(home, kind="stable")
    sorted_home = home[order]
    starts = np.searchsorted(sorted_home, np.arange(len(centres) + 1))
    columns = np.ascontiguousarray(values[order].T)
    between = np.sqrt(((centres[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)).astype(np.float32)
    found, squares = np.empty((n, k), dtype=np.int64), np.empty((n, k), dtype=np.float32)
    by_feature = np.ascontiguousarray(centres.T)

    def search(start: int, stop: int) -> None:
        knn.nearest(columns, order, sorted_home, starts, by_feature, between, start, stop, found, squares)

    _in_chunks(search, n, threads)
    indices, distances = np.empty_like(found), np.empty_like(squares)
    indices[order], distances[order] = found, squares
    return indices, distances


def by_nearness(points: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """An order (n,) in which near points are near each other: work on lists of neighbours stays in the cache."""
    values, depth = _padded(points), _depth(len(points))
    order = np.arange(len(points), dtype=np.int32)
    forest.grow(values, depth, seed, _TREES, order, *_cuts(depth, values.shape[1]))
    return order.astype(np.int64)


def near_neighbours(points: np.ndarray, k: int, *, seed: int = 0, threads: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Nearly the k nearest neighbours of every point, in time n log n.

    Random projection trees, then neighbours of neighbours, as Tang et al. 2016 (LargeVis, WWW) and Dong et al. 2011
    (NN-descent, WWW) have it, but in rounds that read the round before. Parameters and what is returned are those of
    `nearest_neighbours`; the answer depends on the seed and the order of the points, and not on the threads. Fastest
    where near points are near each other in memory (see `by_nearness`).
    """
    n = len(points)
    if not 0 < k < n:
        raise ValueError(f"Expected `k` between 1 and {n - 1}, found `{k}`.")
    values, depth = _padded(points), _depth(n)
    orders = [order for order, _, _ in _trees(values, depth, seed, threads)]
    found, squares = np.full((n, k), n, dtype=np.int32), np.full((n, k), np.inf, dtype=np.float32)
    for order in orders:

        def compare(first: int, last: int, order: np.ndarray = order) -> None:
            forest.compare_leaves(values, order, depth, first, last, found, squares)

        _in_chunks(compare, 1 << depth, threads, size=64)
    fresh = np.ones((n, k), dtype=np.bool_)
    backward, backward_fresh = np.empty((n, _BACKWARD), dtype=np.int32), np.empty((n, _BACKWARD), dtype=np.bool_)
    for _ in range(_ROUNDS):
        lists = (found, squares, fresh)
        forest.reverse_lists(found, fresh, backward, backward_fresh)
        found, squares, fresh = np.empty_like(found), np.empty_like(squares), np.empty_like(fresh)

        def explore(
            first: int,
            last: int,
            lists: tuple[np.ndarray, np.ndarray, np.ndarray] = lists,
            out: tuple[np.ndarray, np.ndarray, np.ndarray] = (found, squares, fresh),
        ) -> None:
            forest.explore(values, *lists, backward, backward_fresh, min(k, _REACH), first, last, *out)

        _in_chunks(explore, n, threads, size=20_000)
    return found.astype(np.int64), squares


def neighbours_among(
    points: np.ndarray, asked: np.ndarray, k: int, *, seed: int = 0, threads: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Nearly the k nearest `points` (n × d) of each of other points, `asked` (q × d), by random projection trees alone.

    Indices (q × k, int32) and squared distances (q × k, float32), nearest first; n where a list is not full. They
    depend on the seed and on the order of `points`, not on that of `asked`, nor on the threads.
    """
    values, depth = _padded(points), _depth(len(points))
    trees = _trees(values, depth, seed, threads)
    found = np.full((len(asked), k), len(points), dtype=np.int32)
    squares = np.full(found.shape, np.inf, dtype=np.float32)

    def look_up(first: int, last: int) -> None:
        wanted, leaf = _padded(asked[first:last]), np.empty(last - first, dtype=np.int64)
        for order, lines, cuts in trees:
            forest.leaves(lines, cuts, depth, wanted, leaf)
            by_leaf = np.argsort(leaf, kind="stable")
            forest.look_up(values, order, depth, wanted, leaf, by_leaf, found[first:last], squares[first:last])

    _in_chunks(look_up, len(asked), threads, size=20_000)
    return found, squares


def _trees(values: np.ndarray, depth: int, seed: int, threads: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Random trees over the points: their order by leaves, lines and cuts (see `forest.grow`)."""
    n, d = values.shape
    trees = [(np.arange(n, dtype=np.int32), *_cuts(depth, d)) for _ in range(_TREES)]

    def grow(first: int, last: int) -> None:
        for tree in range(first, last):
            forest.grow(values, depth, seed, tree, *trees[tree])

    _in_chunks(grow, _TREES, threads, size=1)
    return trees


def _cuts(depth: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Room for the lines and cuts of a tree."""
    nodes = (1 << depth) - 1
    return np.empty((nodes, d), dtype=np.float32), np.empty(nodes, dtype=np.float32)


def _padded(points: np.ndarray) -> np.ndarray:
    """The points as float32 with columns of 0 up to a multiple of 4."""
    n, d = points.shape
    values = np.zeros((n, -(-d // 4) * 4), dtype=np.float32)
    values[:, :d] = points
    return values


def _depth(n: int) -> int:
    """Of a tree whose leaves hold about `_LEAF` points."""
    return max(0, int(np.log2(n / _LEAF)))


def _partition(values: np.ndarray, seed: int, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """About √n centres (p × d, all different) and the nearest one of every point."""
    n = len(values)
    drawn = np.random.default_rng(seed).choice(n, size=max(1, round(np.sqrt(n))), replace=False)
    centres = np.unique(values[drawn], axis=0)
    for round_ in range(_LLOYD + 1):
        home = nearest_centres(values, centres, threads=threads)
        if round_ < _LLOYD:
            counts = np.bincount(home, minlength=len(centres))
            sums = [np.bincount(home, weights=column, minlength=len(centres)) for column in values.T]
            means = np.array(sums).T[counts > 0] / counts[counts > 0, None]
            centres = np.unique(means.astype(np.float32), axis=0)
    return centres, home


def nearest_centres(points: np.ndarray, centres: np.ndarray, *, threads: int = 1) -> np.ndarray:
    """Index of the nearest of `centres` (p × d) to each of `points` (n × d), ties to the lower index: (n,) int64."""
    values, by_feature = np.ascontiguousarray(points, dtype=np.float32), np.ascontiguousarray(centres.T, np.float32)
    home = np.empty(len(values), dtype=np.int64)
    _in_chunks(lambda start, stop: knn.assign(values, by_feature, start, stop, home), len(values), threads)
    return home


def jaccard_edges(neighbours: np.ndarray, *, threads: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The undirected graph of PhenoGraph (Levine et al. 2015, Cell 162:184).

    Parameters
    ----------
    neighbours
        (n × k) int64, as `nearest_neighbours` gives them.

    Returns
    -------
    Edges (m × 2, lower index first, sorted) and their weights (m,): the Jaccard overlap of the two neighbour lists,
    counted once for each direction in which the two are neighbours. Pairs without overlap have no edge, nor have those
    that rest on one shared neighbour seen from one side.
    """
    n, k = neighbours.shape
    lists = np.sort(neighbours, axis=1)
    weights = np.empty((n, k))
    _in_chunks(lambda start, stop: knn.jaccard(lists, start, stop, weights), n, threads)
    source, slot = np.nonzero(weights)
    target = lists[source, slot]
    pair = np.minimum(source, target) * n + np.maximum(source, target)
    order = np.argsort(pair, kind="stable")
    return np.column_stack([pair[order] // n, pair[order] % n]), weights[source, slot][order]


def _in_chunks(task: Callable[[int, int], None], n: int, threads: int, size: int = _CHUNK) -> None:
    """Run `task(start, stop)` over 0 … n; the kernels release the GIL, and every chunk writes rows of its own."""
    with ThreadPoolExecutor(max(1, threads)) as pool:
        for done in [pool.submit(task, start, min(n, start + size)) for start in range(0, n, size)]:
            done.result()
