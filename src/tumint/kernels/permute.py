"""Statistics under permuted labels: how often at least, and at most, what was observed.

Nothing is allocated within a permutation.
"""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit
from tumint.kernels.counts import contact_counts, edge_counts, listed_edge_counts, touching_cells
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
def tally_permutations(
    kind: int,
    least: int,
    indptr: np.ndarray,
    indices: np.ndarray,
    undirected: bool,
    heads: np.ndarray,
    tails: np.ndarray,
    labels: np.ndarray,
    order: np.ndarray,
    blocks: np.ndarray,
    image: np.uint64,
    first: int,
    last: int,
    observed: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Permutations `first` … `last` − 1 (at most 32) of one image: `heads`, `tails`: see `edge_list`.

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
    edges = np.zeros((K, K), np.int64)
    cells = np.zeros((K, K), np.int64)
    seen = np.zeros((K, 2), np.int64)
    values = np.zeros((K, K))
    tables = np.zeros((4, K * K), np.int32)
    pool, mixed = labels.copy(), labels.copy()
    sizes = np.zeros(K, np.int64)
    for i in range(labels.size):
        sizes[labels[i]] += 1
    for permutation in range(first, last):
        permuted_labels(labels, order, blocks, image, permutation, pool, mixed)
        if kind == PATCH or (kind == HISTOCAT and K > 64):
            contact_counts(indptr, indices, mixed, 1 if kind == HISTOCAT else least, edges, cells, seen)
        else:
            listed_edge_counts(heads, tails, mixed, undirected, tables, edges)
            if kind == HISTOCAT:
                touching_cells(indptr, indices, mixed, cells)
        statistic_from_counts(kind, edges, cells, sizes, values)
        bit = np.uint32(1 << (permutation - first))
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
