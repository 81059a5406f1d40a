"""Exact moments of how many cells have at least so many neighbours of a label, all labels permuted over the image.

A pair of cells matters by its degrees, the neighbours it shares, and whether one is the other's neighbour; pairs that
share nothing by their degrees alone. So pairs are counted by kind, and each kind is worked out once.
"""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit


@njit
def kinds_of_pairs(
    indptr: np.ndarray, indices: np.ndarray, in_indptr: np.ndarray, in_indices: np.ndarray, most: int
) -> np.ndarray:
    """Kinds of all pairs i < j that share something (m × 3): `shared << 2 | i→j << 1 | j→i`, and degrees of i and j.

    `most`: no fewer than there are steps over a shared neighbour, Σ in-degree², and edges.
    """
    n = indptr.size - 1
    found = np.empty((most, 3), np.int64)
    kind, met = np.zeros(n, np.int64), np.empty(n, np.int64)
    m = 0
    for i in range(n):
        reached = 0
        for e in range(indptr[i], indptr[i + 1]):
            k = indices[e]
            if k > i:
                if kind[k] == 0:
                    met[reached] = k
                    reached += 1
                kind[k] |= 2
            for f in range(in_indptr[k], in_indptr[k + 1]):
                j = in_indices[f]
                if j > i:
                    if kind[j] == 0:
                        met[reached] = j
                        reached += 1
                    kind[j] += 4
        for e in range(in_indptr[i], in_indptr[i + 1]):
            j = in_indices[e]
            if j > i:
                if kind[j] == 0:
                    met[reached] = j
                    reached += 1
                kind[j] |= 1
        for r in range(reached):
            j = met[r]
            found[m, 0], found[m, 1], found[m, 2] = kind[j], indptr[i + 1] - indptr[i], indptr[j + 1] - indptr[j]
            kind[j] = 0
            m += 1
    return found[:m]


@njit
def _ratio(marked: int, total: int, drawn: int, hits: int) -> float:
    """Chance that of `drawn` given cells of `total` just the first `hits` are among the `marked`."""
    p = 1.0
    for t in range(hits):
        p *= max(marked - t, 0) / (total - t)
    for t in range(drawn - hits):
        p *= max(total - marked - t, 0) / (total - hits - t)
    return p


@njit
def _choose(n: int, k: int) -> float:
    """Binomial coefficient, 0 where there is none."""
    if k < 0 or k > n:
        return 0.0
    out = 1.0
    for t in range(k):
        out *= (n - t) / (t + 1.0)
    return out


@njit
def _fewer(marked: int, total: int, degree: int, least: int) -> float:
    """Chance of fewer than `least` marked cells among `degree` of `total`."""
    p = 0.0
    for x in range(min(least, degree + 1)):
        p += _choose(degree, x) * _ratio(marked, total, degree, x)
    return p


@njit
def _both_fewer(marked: int, total: int, w: int, u: int, v: int, first: int, second: int) -> float:
    """Chance of fewer than `first` among w + u cells and than `second` among w + v, the w being shared."""
    p = 0.0
    for k in range(min(min(first, second), w + 1)):
        for x in range(min(first - k, u + 1)):
            for y in range(min(second - k, v + 1)):
                ways = _choose(w, k) * _choose(u, x) * _choose(v, y)
                p += ways * _ratio(marked, total, w + u + v, k + x + y)
    return p


@njit
def patch_moments(
    degrees: np.ndarray,
    n_of_degree: np.ndarray,
    kinds: np.ndarray,
    n_of_kind: np.ndarray,
    sizes: np.ndarray,
    least: int,
    mean: np.ndarray,
    variance: np.ndarray,
    with_edges: np.ndarray,
) -> None:
    """Mean and variance of the a-cells with at least `least` b-neighbours, and covariance with edges a → b (K × K).

    Parameters
    ----------
    degrees, n_of_degree
        Out-degrees that occur, and how many cells have each.
    kinds, n_of_kind
        Kinds of pairs (m × 3) as of `kinds_of_pairs`, and how many pairs are of each; of kind 0 all that share nothing.
    sizes
        (K) cells of each label.
    with_edges
        Filled for `least` 1; else 0.
    """
    K, n = sizes.size, sizes.sum()
    alone, edges = np.empty(degrees.max() + 1), 0.0
    for a in range(K):
        for b in range(K):
            mean[a, b], variance[a, b], with_edges[a, b] = 0.0, 0.0, 0.0
    for b in range(K):
        for same in range(2):
            mine = sizes[b] - same
            if mine < 1 or n < 2:
                continue
            # one cell
            total, square, product = 0.0, 0.0, 0.0
            for d in range(degrees.size):
                p = 1.0 - _fewer(mine, n - 1, degrees[d], least)
                alone[degrees[d]] = p
                total += n_of_degree[d] * p
                product += n_of_degree[d] * degrees[d] * mine / (n - 1.0)
            square = product  # E[N 1(N ≥ 1)] = E[N]
            edges = product
            # two cells: both reach it; and one reaches it while the other's neighbours are counted
            both, cross = 0.0, 0.0
            left = mine - same
            if n > 2 and left >= 0:
                for m in range(n_of_kind.size):
                    w, ahead, back = kinds[m, 0] >> 2, (kinds[m, 0] >> 1) & 1, kinds[m, 0] & 1
                    u, v = kinds[m, 1] - w - ahead, kinds[m, 2] - w - back
                    first, second = least - same * ahead, least - same * back
                    p = 1.0 - _fewer(left, n - 2, w + u, first) - _fewer(left, n - 2, w + v, second)
                    p += _both_fewer(left, n - 2, w, u, v, first, second)
                    both += 2.0 * n_of_kind[m] * p
                    if least == 1:
                        share = left / (n - 2.0)
                        for turn in range(2):
                            mine_i, mine_j = (u, v) if turn == 0 else (v, u)
                            sure_i, sure_j = (ahead, back) if turn == 0 else (back, ahead)
                            value = same * sure_i + (w + mine_i) * share
                            if not (same and sure_j):
                                rest = n - 2 - w - mine_j
                                none = _ratio(left, n - 2, w + mine_j, 0)
                                if rest > 0:
                                    value -= none * (same * sure_i + mine_i * left / rest)
                                else:
                                    value -= none * same * sure_i
                            cross += n_of_kind[m] * value
            for a in range(K):
                if (a == b) != (same == 1) or sizes[a] == 0:
                    continue
                one, two = sizes[a] / n, sizes[a] * (sizes[a] - 1.0) / (n * (n - 1.0))
                mean[a, b] = one * total
                variance[a, b] = max(one * total + two * both - (one * total) ** 2, 0.0)
                if least == 1:
                    with_edges[a, b] = one * square + two * cross - (one * total) * (one * edges)
