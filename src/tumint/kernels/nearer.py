"""Which cells are nearer to a type than others of their stratum: ranks of nearest distances, and their means."""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit


@njit
def _nearer(other: float, own: float) -> float:
    """Whether the other cell is nearer; half where both are just as far."""
    return 1.0 if other < own else (0.5 if other == own else 0.0)


@njit
def _of_others(
    cells: np.ndarray, b: int, distance: np.ndarray, labels: np.ndarray, n: np.ndarray, out: np.ndarray
) -> None:
    """Ranks of the `cells`, sorted by their distance to b and none of them b, among those of other types than theirs.

    `n` (K) counts the cells of each type.
    """
    before, group = np.zeros(n.size, np.int64), np.zeros(n.size, np.int64)
    start = 0
    while start < cells.size:
        stop = start
        while stop < cells.size and distance[cells[stop], b] == distance[cells[start], b]:
            group[labels[cells[stop]]] += 1
            stop += 1
        for p in range(start, stop):
            i = cells[p]
            a = labels[i]
            others = cells.size - n[a]
            if others > 0:
                nearer, equal = start - before[a], stop - start - group[a]
                out[i, b] = (nearer + 0.5 * equal) / others
        for p in range(start, stop):
            before[labels[cells[p]]] += 1
            group[labels[cells[p]]] = 0
        start = stop


@njit
def nearness(
    distance: np.ndarray,
    second: np.ndarray,
    target: np.ndarray,
    labels: np.ndarray,
    strata: np.ndarray,
    order: np.ndarray,
    blocks: np.ndarray,
    out: np.ndarray,
) -> None:
    """Share of the cells of other types in its stratum that are nearer to a b-cell than each cell is, into `out`.

    Parameters
    ----------
    distance, second, target
        (n × K) distances to the nearest and the second other cell of each type, and which is the nearest: infinite and
        −1 where there is none.
    order, blocks
        Stratum s holds the cells `order[blocks[s]:blocks[s + 1]]`.
    out
        (n × K, float64) filled here; ties count half. The others are neither b nor of the type of the cell. For a cell
        that is a b itself they are measured without it: to what it could see in their place. Missing where there is no
        b-cell, or no other in the stratum.
    """
    K = out.shape[1]
    out[:] = np.nan
    n = np.zeros(K, np.int64)
    for s in range(blocks.size - 1):
        cells = order[blocks[s] : blocks[s + 1]]
        n[:] = 0
        for i in cells:
            n[labels[i]] += 1
        for b in range(K):
            if n[b] == cells.size:
                continue
            others = cells[labels[cells] != b]
            if target[others[0], b] < 0:
                continue
            far = distance[others, b]
            place = np.argsort(far, kind="mergesort")
            _of_others(others[place], b, distance, labels, n, out)
            if n[b] == 0:
                continue
            far = far[place]
            for i in cells:
                if labels[i] == b and target[i, b] >= 0:
                    below = np.searchsorted(far, distance[i, b])
                    out[i, b] = (below + np.searchsorted(far, distance[i, b], side="right")) / 2
            for j in others:
                i = target[j, b]
                if strata[i] == s:
                    out[i, b] += _nearer(second[j, b], distance[i, b]) - _nearer(distance[j, b], distance[i, b])
            for i in cells:
                if labels[i] == b:
                    out[i, b] /= others.size


@njit
def index_means(
    values: np.ndarray,
    target: np.ndarray,
    labels: np.ndarray,
    n: np.ndarray,
    mean: np.ndarray,
    se: np.ndarray,
) -> None:
    """Over the cells of each source a: number, mean and standard error (K × K) of the `values` (n × K) for each type b.

    Cells with the same nearest b-cell are one cluster, for they are near it or far from it together; the error is at
    least that of independent cells. Missing with fewer than two cells.
    """
    K = values.shape[1]
    n[:], mean[:], se[:] = 0, 0.0, np.nan
    squares = np.zeros((K, K))
    for i in range(values.shape[0]):
        for b in range(K):
            if not np.isnan(values[i, b]):
                n[labels[i], b] += 1
                mean[labels[i], b] += values[i, b]
    for a in range(K):
        for b in range(K):
            mean[a, b] = mean[a, b] / n[a, b] if n[a, b] > 0 else np.nan
    position, sizes = np.empty(labels.size, np.int64), np.zeros(K, np.int64)
    for i in range(labels.size):
        position[i] = sizes[labels[i]]
        sizes[labels[i]] += 1
    for b in range(K):
        sums, met = np.zeros((sizes[b], K)), np.zeros((sizes[b], K), np.bool_)
        for i in range(labels.size):
            if not np.isnan(values[i, b]):
                a, cluster = labels[i], position[target[i, b]]
                away = values[i, b] - mean[a, b]
                sums[cluster, a] += away
                met[cluster, a] = True
                squares[a, b] += away * away
        for a in range(K):
            if n[a, b] < 2:
                continue
            clusters, between = met[:, a].sum(), (sums[:, a] ** 2).sum()
            of_cells = squares[a, b] * n[a, b] / (n[a, b] - 1)
            of_clusters = between * clusters / (clusters - 1) if clusters > 1 else 0.0
            se[a, b] = np.sqrt(max(of_cells, of_clusters)) / n[a, b]
