"""Sums over a graph that the variance of labelled edge counts under permutation within strata is made of.

One pass over the edges. Only strata that meet are stored, so that a thousand of them cost what their borders cost.
"""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit

# columns of `Meetings.sums`: edges from here to there; their squares and those of the edges from there to here, summed
# over the cells here; the products of the two; edges whose reverse is an edge too
OUT, OUT_OUT, IN_IN, OUT_IN, MUTUAL = 0, 1, 2, 3, 4
N_MEETING = 5
# columns of the sums inside a stratum: edges; those whose reverse is one too; ordered pairs of edges out of one cell,
# into one cell, and out of and into one cell whose other ends differ
EDGES, BOTH, FAN_OUT, FAN_IN, PATH = 0, 1, 2, 3, 4
N_INSIDE = 5


@njit
def by_stratum(strata: np.ndarray, n_strata: int) -> tuple[np.ndarray, np.ndarray]:
    """The cells in the order of their strata, and where each stratum begins (one more entry than strata)."""
    starts = np.zeros(n_strata + 1, np.int64)
    for s in strata:
        starts[s + 1] += 1
    starts = np.cumsum(starts)
    place = starts[:-1].copy()
    order = np.empty(strata.size, np.int64)
    for i in range(strata.size):
        order[place[strata[i]]] = i
        place[strata[i]] += 1
    return order, starts


@njit
def _alone(i: int, indptr: np.ndarray, indices: np.ndarray, strata: np.ndarray) -> bool:
    """Whether all neighbours of cell i are of its own stratum."""
    for p in range(indptr[i], indptr[i + 1]):  # noqa: SIM110  (a generator would be slow)
        if strata[indices[p]] != strata[i]:
            return False
    return True


@njit
def _mixed_degrees(
    i: int,
    indptr: np.ndarray,
    indices: np.ndarray,
    in_indptr: np.ndarray,
    in_indices: np.ndarray,
    undirected: bool,
    strata: np.ndarray,
    degree: np.ndarray,
    touched: np.ndarray,
) -> int:
    """Edges of cell i to, from and both ways with each stratum into `degree` (S × 3); how many strata it touches."""
    n = 0
    for p in range(indptr[i], indptr[i + 1]):
        t = strata[indices[p]]
        if degree[t, 0] == 0:
            touched[n] = t
            n += 1
        degree[t, 0] += 1
    if undirected:
        for x in range(n):
            degree[touched[x], 1] = degree[touched[x], 2] = degree[touched[x], 0]
        return n
    q = indptr[i]
    for p in range(in_indptr[i], in_indptr[i + 1]):
        j = in_indices[p]
        t = strata[j]
        if degree[t, 0] == 0 and degree[t, 1] == 0:
            touched[n] = t
            n += 1
        degree[t, 1] += 1
        while q < indptr[i + 1] and indices[q] < j:
            q += 1
        if q < indptr[i + 1] and indices[q] == j:
            degree[t, 2] += 1
    return n


@njit
def edges_between(
    indptr: np.ndarray, indices: np.ndarray, strata: np.ndarray, n_strata: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges from each stratum to each that it meets, itself among them: `starts` (S + 1), `there` (M), `count` (M)."""
    order, first = by_stratum(strata, n_strata)
    starts = np.zeros(n_strata + 1, np.int64)
    most = min(indices.size, n_strata * n_strata)
    there, count = np.empty(most, np.int64), np.zeros(most, np.int64)
    slot = np.full(n_strata, -1, np.int64)
    m = 0
    for s in range(n_strata):
        for x in range(first[s], first[s + 1]):
            i = order[x]
            for p in range(indptr[i], indptr[i + 1]):
                t = strata[indices[p]]
                if slot[t] < 0:
                    slot[t] = m
                    there[m] = t
                    m += 1
                count[slot[t]] += 1
        for x in range(starts[s], m):
            slot[there[x]] = -1
        starts[s + 1] = m
    return starts, there[:m], count[:m]


@njit
def _of_degrees(
    indptr: np.ndarray, K: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """`stratum_sums` of an undirected graph with one stratum."""
    inside = np.zeros((1, N_INSIDE), np.int64)
    for i in range(indptr.size - 1):
        r = indptr[i + 1] - indptr[i]
        inside[0, EDGES] += r
        inside[0, FAN_OUT] += r * (r - 1)
    inside[0, BOTH] = inside[0, EDGES]
    inside[0, FAN_IN] = inside[0, PATH] = inside[0, FAN_OUT]
    none, zero = np.zeros(0, np.int64), np.zeros((1, 2, 2, K))
    return (
        inside,
        np.zeros(2, np.int64),
        none,
        np.zeros((0, N_MEETING), np.int64),
        zero[:, 0],
        zero,
        np.zeros((1, 3, K, K)),
    )


@njit
def stratum_sums(
    indptr: np.ndarray,
    indices: np.ndarray,
    in_indptr: np.ndarray,
    in_indices: np.ndarray,
    undirected: bool,
    strata: np.ndarray,
    share: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What the moments need of the graph, by stratum.

    Parameters
    ----------
    share
        (S × K) share of each label in each stratum.

    Returns
    -------
    inside
        (S × 5, int64): see `EDGES` to `PATH`.
    starts, there, sums
        Which other strata each stratum meets (S + 1, M) and the sums with each (M × 5, int64; `OUT` to `MUTUAL`).
    reach
        (S × 2 × K) Σ over the cells of a stratum of A_ib and of B_ia: edges of cell i to, and from, other strata, each
        weighed by the share of label b, or a, there.
    weighed
        (S × 2 × 2 × K) Σ r_i A_ib, Σ r_i B_ia; Σ c_i A_ib, Σ c_i B_ia: r and c are degrees inside the stratum.
    spread
        (S × 3 × K × K) Σ A_ib², in its first column; Σ B_ia², in its first column; Σ A_ib B_ia, by b and a.
    """
    S, K = share.shape
    if S == 1 and undirected:  # degrees are all there is
        return _of_degrees(indptr, K)
    order, first = by_stratum(strata, S)
    inside = np.zeros((S, N_INSIDE), np.int64)
    starts = np.zeros(S + 1, np.int64)
    most = min(indices.size if undirected else 2 * indices.size, S * (S - 1))
    there, sums = np.empty(most, np.int64), np.empty((most, N_MEETING), np.int64)
    reach, weighed, spread = np.zeros((S, 2, K)), np.zeros((S, 2, 2, K)), np.zeros((S, 3, K, K))
    slot = np.full(S, -1, np.int64)
    degree, touched = np.zeros((S, 3), np.int64), np.empty(S, np.int64)
    ahead, back = np.empty(K), np.empty(K)
    m = 0
    for s in range(S):
        for x in range(first[s], first[s + 1]):
            i = order[x]
            if undirected and _alone(i, indptr, indices, strata):  # most cells, and no need to sort their neighbours
                r = indptr[i + 1] - indptr[i]
                inside[s, EDGES] += r
                inside[s, BOTH] += r
                inside[s, FAN_OUT] += r * (r - 1)
                inside[s, FAN_IN] += r * (r - 1)
                inside[s, PATH] += r * (r - 1)
                continue
            n = _mixed_degrees(i, indptr, indices, in_indptr, in_indices, undirected, strata, degree, touched)
            r, c, both = degree[s, 0], degree[s, 1], degree[s, 2]
            inside[s, EDGES] += r
            inside[s, BOTH] += both
            inside[s, FAN_OUT] += r * (r - 1)
            inside[s, FAN_IN] += c * (c - 1)
            inside[s, PATH] += r * c - both
            at_border = False
            for y in range(n):
                t = touched[y]
                out, into, mutual = degree[t, 0], degree[t, 1], degree[t, 2]
                degree[t, 0] = degree[t, 1] = degree[t, 2] = 0
                if t == s:
                    continue
                if not at_border:
                    ahead[:] = 0.0
                    back[:] = 0.0
                    at_border = True
                if slot[t] < 0:
                    slot[t] = m
                    there[m] = t
                    sums[m] = 0
                    m += 1
                at = slot[t]
                sums[at, OUT] += out
                sums[at, OUT_OUT] += out * out
                sums[at, IN_IN] += into * into
                sums[at, OUT_IN] += out * into
                sums[at, MUTUAL] += mutual
                for k in range(K):
                    ahead[k] += out * share[t, k]
                if not undirected:
                    for k in range(K):
                        back[k] += into * share[t, k]
            if at_border:
                _add_linear(r, c, ahead, ahead if undirected else back, undirected, reach[s], weighed[s], spread[s])
        for x in range(starts[s], m):
            slot[there[x]] = -1
        starts[s + 1] = m
    return inside, starts, there[:m], sums[:m], reach, weighed, spread


@njit
def _add_linear(
    r: int,
    c: int,
    ahead: np.ndarray,
    back: np.ndarray,
    undirected: bool,
    reach: np.ndarray,
    weighed: np.ndarray,
    spread: np.ndarray,
) -> None:
    """Add one cell at the border of its stratum to `reach`, `weighed` and `spread`."""
    K = ahead.size
    for k in range(K):
        if ahead[k] == 0.0 and back[k] == 0.0:
            continue
        reach[0, k] += ahead[k]
        reach[1, k] += back[k]
        weighed[0, 0, k] += r * ahead[k]
        weighed[0, 1, k] += r * back[k]
        weighed[1, 0, k] += c * ahead[k]
        weighed[1, 1, k] += c * back[k]
        spread[0, k, 0] += ahead[k] * ahead[k]
        spread[1, k, 0] += back[k] * back[k]
    for b in range(K):
        if ahead[b] != 0.0:
            for a in range(b + 1 if undirected else K):  # the two are one on an undirected graph
                spread[2, b, a] += ahead[b] * back[a]
