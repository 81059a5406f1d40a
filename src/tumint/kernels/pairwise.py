"""Conditional logistic likelihood of exchanges of labels, every pair of labels by itself; sums over cells in contact.

Arguments as in `tumint.kernels.odds`, where all pairs compete.
"""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit
from tumint.kernels.odds import pair_number


@njit
def _pair_form(group: int, n_types: int, which: int, form: np.ndarray) -> int:
    """Number of the pair `which` (0 … 2 K − 1) that rows of a group bear on; −1: none.

    By how much what was seen exceeds the exchange in its contacts is a sum of two entries of the row with a sign each:
    `form` (2 × 2).
    """
    a, b = group // n_types, group % n_types
    own, other = (a, which) if which < n_types else (b, which - n_types)
    if which >= n_types and other == a:
        return -1  # a–b is looked at once
    form[0, 0], form[0, 1] = other, 1.0 if which < n_types else -1.0
    form[1, 0], form[1, 1] = other, 0.0
    if which < n_types and other == b:
        form[1, 0], form[1, 1] = a, -1.0
    return pair_number(own, other, n_types)


@njit
def _pair_sums(
    rows: np.ndarray,
    weight: np.ndarray,
    first: int,
    last: int,
    form: np.ndarray,
    around: int,
    beta: np.ndarray,
    score: np.ndarray,
    information: np.ndarray,
) -> None:
    """Add score (2) and information (3) of one pair of labels over rows `first` … `last` − 1.

    `around` is where surroundings begin in a row; 0: it has none.
    """
    a, b, c, d, e = 0.0, 0.0, 0.0, 0.0, 0.0
    u, v, plus, minus = int(form[0, 0]), int(form[1, 0]), form[0, 1], form[1, 1]
    far = 0.0
    for r in range(first, last):
        near = plus * rows[r, u] + minus * rows[r, v]
        if around > 0:
            far = plus * rows[r, around + u] + minus * rows[r, around + v]
        if near == 0.0 and far == 0.0:
            continue
        chance = 1.0 / (1.0 + np.exp(beta[0] * near + beta[1] * far))
        residual = weight[r] * chance
        spread = residual * (1.0 - chance)
        a += residual * near
        b += residual * far
        c += spread * near * near
        d += spread * near * far
        e += spread * far * far
    score[0] += a
    score[1] += b
    information[0] += c
    information[1] += d
    information[2] += e


_CHUNK = 128  # rows that stay near while all pairs of labels are summed


@njit
def pairwise_pass(
    rows: np.ndarray,
    weight: np.ndarray,
    starts: np.ndarray,
    n_types: int,
    beta: np.ndarray,
    score: np.ndarray,
    information: np.ndarray,
) -> None:
    """As `joint_pass`, every pair of labels by itself: all other contacts are taken to be without weight.

    Parameters
    ----------
    beta, score
        (P × 2): of the contacts of a pair and of its surroundings, the latter 0 where rows have none.
    information
        (P × 3): of the first, both, and the second.
    """
    form, around = np.zeros((2, 2)), n_types if rows.shape[1] > n_types else 0
    for group in range(n_types * n_types):
        for first in range(starts[group], starts[group + 1], _CHUNK):
            last = min(first + _CHUNK, starts[group + 1])
            for which in range(2 * n_types):
                u = _pair_form(group, n_types, which, form)
                if u >= 0:
                    _pair_sums(rows, weight, first, last, form, around, beta[u], score[u], information[u])


@njit
def pairwise_scores(
    rows: np.ndarray,
    weight: np.ndarray,
    starts: np.ndarray,
    n_types: int,
    beta: np.ndarray,
    steps: np.ndarray,
    pairs: np.ndarray,
    begin: int,
    cells: np.ndarray,
    squares: np.ndarray,
) -> None:
    """How far every cell moves the pairs of labels from `begin` on (`cells`, cells × C), and Σ of squared rows (C).

    `steps` (P × 2) is how much the two scores of a pair move its contacts; `pairs` are the cells of each row.
    """
    form, around = np.zeros((2, 2)), n_types if rows.shape[1] > n_types else 0
    far = 0.0
    for group in range(n_types * n_types):
        for first in range(starts[group], starts[group + 1], _CHUNK):
            last = min(first + _CHUNK, starts[group + 1])
            for which in range(2 * n_types):
                k = _pair_form(group, n_types, which, form)
                at = k - begin
                if k < 0 or at < 0 or at >= squares.size:
                    continue
                u, v, plus, minus = int(form[0, 0]), int(form[1, 0]), form[0, 1], form[1, 1]
                for r in range(first, last):
                    near = plus * rows[r, u] + minus * rows[r, v]
                    if around > 0:
                        far = plus * rows[r, around + u] + minus * rows[r, around + v]
                    if near == 0.0 and far == 0.0:
                        continue
                    chance = 1.0 / (1.0 + np.exp(beta[k, 0] * near + beta[k, 1] * far))
                    value = weight[r] * chance * (steps[k, 0] * near + steps[k, 1] * far)
                    cells[pairs[r, 0], at] += value
                    cells[pairs[r, 1], at] += value
                    squares[at] += value * value


@njit
def tabulate(rows: np.ndarray, weight: np.ndarray, starts: np.ndarray, n_types: int, table: np.ndarray) -> None:
    """Add the weights of rows without surroundings to `table` (P × 2 B + 1): all that a fit of one pair needs of them.

    Columns are by how many contacts of the pair what was seen exceeds the exchange, from −B to B; rows where it does
    not are left out.
    """
    form, middle = np.zeros((2, 2)), table.shape[1] // 2
    for group in range(n_types * n_types):
        for first in range(starts[group], starts[group + 1], _CHUNK):
            last = min(first + _CHUNK, starts[group + 1])
            for which in range(2 * n_types):
                k = _pair_form(group, n_types, which, form)
                if k < 0:
                    continue
                u, v, plus, minus = int(form[0, 0]), int(form[1, 0]), form[0, 1], form[1, 1]
                for r in range(first, last):
                    near = plus * rows[r, u] + minus * rows[r, v]
                    if near != 0.0:
                        table[k, middle + int(near)] += weight[r]


@njit
def tabulated_pass(table: np.ndarray, beta: np.ndarray, score: np.ndarray, information: np.ndarray) -> None:
    """As `pairwise_pass`, from a table of `tabulate`."""
    middle = table.shape[1] // 2
    for k in range(table.shape[0]):
        for x in range(table.shape[1]):
            if table[k, x] > 0.0:
                near = float(x - middle)
                chance = 1.0 / (1.0 + np.exp(beta[k, 0] * near))
                score[k, 0] += table[k, x] * chance * near
                information[k, 0] += table[k, x] * chance * (1.0 - chance) * near * near


@njit
def tabulated_scores(
    rows: np.ndarray,
    weight: np.ndarray,
    starts: np.ndarray,
    n_types: int,
    moves: np.ndarray,
    pairs: np.ndarray,
    begin: int,
    cells: np.ndarray,
    squares: np.ndarray,
) -> None:
    """As `pairwise_scores` of rows without surroundings; `moves` (P × 2 B + 1) is how far a row moves its pair."""
    form, middle = np.zeros((2, 2)), moves.shape[1] // 2
    for group in range(n_types * n_types):
        for first in range(starts[group], starts[group + 1], _CHUNK):
            last = min(first + _CHUNK, starts[group + 1])
            for which in range(2 * n_types):
                k = _pair_form(group, n_types, which, form)
                at = k - begin
                if k < 0 or at < 0 or at >= squares.size:
                    continue
                u, v, plus, minus = int(form[0, 0]), int(form[1, 0]), form[0, 1], form[1, 1]
                for r in range(first, last):
                    near = plus * rows[r, u] + minus * rows[r, v]
                    if near != 0.0:
                        value = weight[r] * moves[k, middle + int(near)]
                        cells[pairs[r, 0], at] += value
                        cells[pairs[r, 1], at] += value
                        squares[at] += value * value


@njit
def linked_squares(
    values: np.ndarray,
    place: np.ndarray,
    indptr: np.ndarray,
    indices: np.ndarray,
    cells: tuple[int, int],
    variance: np.ndarray,
    square: np.ndarray,
    fourth: np.ndarray,
) -> None:
    """Add Σ_i v_i (v_i + Σ over the neighbours j of i of v_j), Σ_i v_i² and Σ_i v_i⁴ over `cells`, from … to − 1 (C).

    The C values of cell i are `values[place[i]]`.
    """
    C = variance.size
    near = np.empty(C)
    for i in range(cells[0], cells[1]):
        mine = values[place[i]]
        near[:] = mine
        for p in range(indptr[i], indptr[i + 1]):
            other = values[place[indices[p]]]
            for c in range(C):
                near[c] += other[c]
        for c in range(C):
            variance[c] += mine[c] * near[c]
            value = mine[c] * mine[c]
            square[c] += value
            fourth[c] += value * value
