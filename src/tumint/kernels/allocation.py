"""Exact law of how many cells of a type lie beside the cells of another, which stay put: sums of hypergeometrics."""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit

_LEAST = 1e-100  # mass, relative to the most likely count's, below which counts are left out of a law


@njit
def places_beside(
    in_indptr: np.ndarray, in_indices: np.ndarray, labels: np.ndarray, strata: np.ndarray, places: np.ndarray
) -> None:
    """Cells that are not a and that an a-cell has as a neighbour, of each label a and stratum, into `places` (K × S).

    `in_indptr, in_indices` is the graph turned round: the cells that each cell is a neighbour of.
    """
    places[:] = 0
    seen = np.full(places.shape[0], -1, np.int64)
    for j in range(in_indptr.size - 1):
        for e in range(in_indptr[j], in_indptr[j + 1]):
            a = labels[in_indices[e]]
            if a != labels[j] and seen[a] != j:
                seen[a] = j
                places[a, strata[j]] += 1


@njit
def cells_beside(in_indptr: np.ndarray, in_indices: np.ndarray, labels: np.ndarray, out: np.ndarray) -> None:
    """Cells of label b that an a-cell has as a neighbour into `out` (a × b, int64)."""
    out[:] = 0
    seen = np.full(out.shape[0], -1, np.int64)
    for j in range(in_indptr.size - 1):
        for e in range(in_indptr[j], in_indptr[j + 1]):
            a = labels[in_indices[e]]
            if seen[a] != j:
                seen[a] = j
                out[a, labels[j]] += 1


@njit
def hypergeometric(total: int, marked: int, drawn: int, out: np.ndarray) -> tuple[int, int]:
    """Law of the marked among `drawn` of `total` into `out`: its first count and how many, all that are not negligible.

    By the ratios of neighbouring counts, outwards from the most likely one, and then divided by their sum: no
    logarithm of a factorial, whose error grows with the number of cells.
    """
    low, high = max(0, drawn - (total - marked)), min(marked, drawn)
    mode = min(max(((drawn + 1) * (marked + 1)) // (total + 2), low), high)
    first, last = mode, mode
    mass = 1.0
    while first > low:
        mass *= first * (total - marked - drawn + first) / ((marked - first + 1.0) * (drawn - first + 1.0))
        if mass < _LEAST:
            break
        first -= 1
    mass = 1.0
    while last < high:
        mass *= (marked - last) * (drawn - last) / ((last + 1.0) * (total - marked - drawn + last + 1.0))
        if mass < _LEAST:
            break
        last += 1
    out[mode - first] = 1.0
    for x in range(mode, first, -1):
        ratio = x * (total - marked - drawn + x) / ((marked - x + 1.0) * (drawn - x + 1.0))
        out[x - 1 - first] = out[x - first] * ratio
    for x in range(mode, last):
        ratio = (marked - x) * (drawn - x) / ((x + 1.0) * (total - marked - drawn + x + 1.0))
        out[x + 1 - first] = out[x - first] * ratio
    size = last - first + 1
    out[:size] /= out[:size].sum()
    return first, size


@njit
def _added(law: np.ndarray, size: int, more: np.ndarray, width: int, out: np.ndarray) -> tuple[int, int]:
    """Law of the sum of two independent counts into `out`: by how much it begins later, and its size."""
    whole = size + width - 1
    out[:whole] = 0.0
    for i in range(width):
        weight = more[i]
        for j in range(size):
            out[i + j] += weight * law[j]
    least = out[:whole].max() * _LEAST
    first, last = 0, whole
    while out[first] < least:
        first += 1
    while out[last - 1] < least:
        last -= 1
    for x in range(last - first):
        out[x] = out[first + x]
    return first, last - first


@njit
def two_sided(law: np.ndarray, at: int, most: float) -> float:
    """Two-sided p of the count `law[at]`, as `tumint.neighbourhood.tails.two_sided` has it, from the law itself.

    The mass of all counts as far out or further, and of the other side's as far as their tail is no likelier (Blaker
    2000), less half that of the count itself (mid-p), and at least the whole of it over `most`.
    """
    if at < 0 or at >= law.size:
        return _LEAST
    below, above = law[: at + 1].sum(), law[at:].sum()
    tail = min(below, above)
    other = 0.0
    step, x = (-1, law.size - 1) if below <= above else (1, 0)
    while x != at and other + law[x] <= tail * (1 + 1e-9):
        other += law[x]
        x += step
    exact = tail + other
    return min(max(exact - law[at] / 2, exact / most, _LEAST), 1.0)


@njit
def allocation_laws(
    places: np.ndarray,
    n: np.ndarray,
    observed: np.ndarray,
    most: float,
    mean: np.ndarray,
    variance: np.ndarray,
    fixed: np.ndarray,
    cells: np.ndarray,
    p: np.ndarray,
) -> None:
    """Moments and p of the cells of b beside a (K × K) when the labels of all but a are permuted within strata.

    Parameters
    ----------
    places
        (K × S) as of `places_beside`.
    n
        (K × S) cells of each label and stratum.
    observed
        (K × K, int64) as of `cells_beside`.
    most
        See `two_sided`.
    mean, variance, fixed, cells, p
        Filled here. `fixed`: cells of b beside a in strata in which nothing can vary; the others are over all other
        strata, of which `cells` counts the cells of b. Of a type with itself p is 1, all else 0.
    """
    K, S = n.shape
    sizes = n.sum(axis=0)
    longest = n.sum(axis=1).max() + 2
    law, more, sum_ = np.empty(longest), np.empty(longest), np.empty(longest)
    for a in range(K):
        for b in range(K):
            mean[a, b], variance[a, b], fixed[a, b], cells[a, b], p[a, b] = 0.0, 0.0, 0.0, 0.0, 1.0
            if a == b:
                continue
            law[0], size, first = 1.0, 1, 0
            for s in range(S):
                beside, mine, free = places[a, s], n[b, s], sizes[s] - n[a, s]
                if mine == 0:
                    continue
                if beside == 0 or beside == free or mine == free:
                    fixed[a, b] += min(beside, mine)
                    continue
                expected = mine * (beside / free)
                mean[a, b] += expected
                cells[a, b] += mine
                variance[a, b] += expected * (1 - beside / free) * ((free - mine) / (free - 1.0))
                begin, width = hypergeometric(free, beside, mine, more)
                later, size = _added(law, size, more, width, sum_)
                first += begin + later
                law, sum_ = sum_, law
            if variance[a, b] > 0:
                p[a, b] = two_sided(law[:size], observed[a, b] - int(fixed[a, b]) - first, most)
