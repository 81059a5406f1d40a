"""Statistics under permuted labels: how often at least, and at most, what was observed.

Nothing is allocated within a permutation but the few words of `abreast.reaching_cells`.
"""

from __future__ import annotations

import numpy as np

from tumint.kernels import abreast, njit
from tumint.kernels.counts import contact_counts, edge_counts
from tumint.kernels.random import shuffle, stream

EDGES, CLASSIC, HISTOCAT, PATCH = 0, 1, 2, 3


@njit
def statistic_from_counts(kind: int, edges: np.ndarray, cells: np.ndarray, sizes: np.ndarray, out: np.ndarray) -> None:
    """The statistic `kind` of every pair into `out` (K × K, float64): 0 where its denominator is 0."""
    for a in range(out.shape[0]):
        for b in range(out.shape[0]):
            if kind == EDGES:
                out[a, b] = edges[a, b]
            elif kind == HISTOCAT:
                out[a, b] = edges[a, b] / cells[a, b] if cells[a, b] > 0 else 0.0
            else:
                top = edges[a, b] if kind == CLASSIC else cells[a, b]
                out[a, b] = top / sizes[a] if sizes[a] > 0 else 0.0


@njit
def statistic(
    kind: int,
    indptr: np.ndarray,
    indices: np.ndarray,
    undirected: bool,
    labels: np.ndarray,
    sizes: np.ndarray,
    least: int,
    edges: np.ndarray,
    cells: np.ndarray,
    seen: np.ndarray,
    out: np.ndarray,
) -> None:
    """The statistic `kind` of the labels into `out`; `edges`, `cells` and `seen` are scratch."""
    if kind <= CLASSIC:
        edge_counts(indptr, indices, labels, undirected, edges)
    else:
        contact_counts(indptr, indices, labels, 1 if kind == HISTOCAT else least, edges, cells, seen)
    statistic_from_counts(kind, edges, cells, sizes, out)


@njit
def permuted_labels(
    labels: np.ndarray,
    order: np.ndarray,
    blocks: np.ndarray,
    image: np.uint64,
    permutation: int,
    pool: np.ndarray,
    out: np.ndarray,
) -> None:
    """Labels permuted within blocks into `out`: block k holds the cells `order[blocks[k]:blocks[k + 1]]`.

    A pure function of the labels, the blocks and (image, permutation). An empty `order` means 0, 1, 2, ...
    """
    key, step = stream(image, permutation)
    counter = np.uint64(0)
    if order.size == 0:
        out[:] = labels
        for k in range(blocks.size - 1):
            counter = shuffle(out, blocks[k], blocks[k + 1], key, step, counter)
        return
    for p in range(order.size):
        pool[p] = labels[order[p]]
    for k in range(blocks.size - 1):
        counter = shuffle(pool, blocks[k], blocks[k + 1], key, step, counter)
    for p in range(order.size):
        out[order[p]] = pool[p]


@njit
def _count_labellings(
    kind: int,
    least: int,
    indptr: np.ndarray,
    indices: np.ndarray,
    undirected: bool,
    listed: tuple[np.ndarray, np.ndarray],
    rows: tuple[np.ndarray, np.ndarray, np.ndarray],
    labels: np.ndarray,
    edges: np.ndarray,
    cells: np.ndarray,
    seen: np.ndarray,
    words: np.ndarray,
    tables: np.ndarray,
    spread: np.ndarray,
) -> None:
    """What `kind` is made of, under each of four labellings, into `edges` and `cells` (4 × K × K)."""
    K = edges.shape[1]
    if kind >= HISTOCAT and (K > abreast.MOST_BITS or least > abreast.MOST_LEAST):
        for q in range(labels.shape[0]):
            contact_counts(indptr, indices, labels[q], least, edges[q], cells[q], seen)
        return
    if kind >= HISTOCAT:
        abreast.reaching_cells(rows[0], rows[1], rows[2], labels, least, spread, words[0], cells)
    if kind != PATCH and K <= abreast.MOST_LABELS:
        abreast.edge_counts(listed[0], listed[1], undirected, labels, words, tables, edges)
    elif kind != PATCH:
        for q in range(labels.shape[0]):
            edge_counts(indptr, indices, labels[q], undirected, edges[q])


@njit
def tally_permutations(
    kind: int,
    least: int,
    indptr: np.ndarray,
    indices: np.ndarray,
    undirected: bool,
    listed: tuple[np.ndarray, np.ndarray],
    rows: tuple[np.ndarray, np.ndarray, np.ndarray],
    labels: np.ndarray,
    order: np.ndarray,
    blocks: np.ndarray,
    image: np.uint64,
    first: int,
    last: int,
    observed: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Permutations `first` … `last` − 1 (at most 32) of one image.

    Parameters
    ----------
    least
        What `patch` asks for.
    listed, rows
        `abreast.edge_list` and, for `histocat` and `patch`, `abreast.rows_by_degree` of the graph.

    Returns
    -------
    at_least, at_most
        (K × K, uint32) which of them give at least, and at most, `observed`: bit 0 is the first.
    total, square
        (K × K, float64) sums of the statistic less `observed`, and of its square.
    """
    K = observed.shape[0]
    at_least = np.zeros((K, K), np.uint32)
    at_most = np.zeros((K, K), np.uint32)
    total = np.zeros((K, K))
    square = np.zeros((K, K))
    edges = np.zeros((abreast.AT_ONCE, K, K), np.int64)
    cells = np.zeros((abreast.AT_ONCE, K, K), np.int64)
    seen = np.zeros((K, 2), np.int64)
    values = np.zeros((K, K))
    words = np.zeros((2, labels.size), np.uint64)
    tables = np.zeros((abreast.AT_ONCE, K * K), np.int32)
    spread = abreast.bytes_of_bits()
    pool = labels.copy()
    mixed = np.empty((abreast.AT_ONCE, labels.size), labels.dtype)
    for q in range(abreast.AT_ONCE):
        mixed[q] = labels
    sizes = np.zeros(K, np.int64)
    for i in range(labels.size):
        sizes[labels[i]] += 1
    least = 1 if kind == HISTOCAT else least
    for start in range(first, last, abreast.AT_ONCE):
        number = min(abreast.AT_ONCE, last - start)
        for q in range(number):
            permuted_labels(labels, order, blocks, image, start + q, pool, mixed[q])
        _count_labellings(
            kind, least, indptr, indices, undirected, listed, rows, mixed, edges, cells, seen, words, tables, spread
        )
        for q in range(number):
            statistic_from_counts(kind, edges[q], cells[q], sizes, values)
            bit = np.uint32(1 << (start + q - first))
            for a in range(K):
                for b in range(K):
                    if values[a, b] >= observed[a, b]:
                        at_least[a, b] |= bit
                    if values[a, b] <= observed[a, b]:
                        at_most[a, b] |= bit
                    difference = values[a, b] - observed[a, b]
                    total[a, b] += difference
                    square[a, b] += difference * difference
    return at_least, at_most, total, square
