"""Conditional logistic likelihood of exchanges of labels: score, information, and the score of every cell.

A row says how the first cell of a pair (label a) differs from the second (label b) in its neighbours of each label, and
in its surroundings. Were the two labels exchanged, contacts between a and c would be fewer by that difference and those
between b and c more, so with weights β of contacts (and γ of surroundings) the log-odds of what was seen against the
exchange are Σ_c (β_ac − β_bc) · difference_c, the pair a, b itself apart: a linear form of the row, the same for all
rows of one pair of labels. Sums over rows are taken in that form and spread over β and γ at the end.

Arguments that all kernels share: `rows` (rows × M, float32) of `exchange.differences`, M = K or 2 K, ordered by pair of
labels; `weight` (rows, float32); `starts` (K² + 1) where each pair of labels begins; `beta` (N), of all unordered pairs
of labels in the order of the upper triangle, of contacts first and where M = 2 K of surroundings then.
"""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit


@njit
def pair_number(a: int, b: int, n_types: int) -> int:
    """Place of the unordered pair among all, in the order of the upper triangle."""
    if a > b:
        a, b = b, a
    return a * n_types - a * (a - 1) // 2 + b - a


@njit
def _form(group: int, n_types: int, places: np.ndarray, signs: np.ndarray) -> None:
    """Which two parameters each entry of a row of labels a, b goes with (K × 2), and with which sign."""
    a, b = group // n_types, group % n_types
    for c in range(n_types):
        if c == a:  # contacts a–a; and a–b, of which the second cell's are counted from its own side
            places[c, 0], signs[c, 0] = pair_number(a, a, n_types), 1.0
            places[c, 1], signs[c, 1] = pair_number(a, b, n_types), -1.0
        elif c == b:
            places[c, 0], signs[c, 0] = pair_number(b, b, n_types), -1.0
            places[c, 1], signs[c, 1] = pair_number(a, b, n_types), 1.0
        else:
            places[c, 0], signs[c, 0] = pair_number(a, c, n_types), 1.0
            places[c, 1], signs[c, 1] = pair_number(b, c, n_types), -1.0


@njit
def _coefficients(beta: np.ndarray, n_types: int, places: np.ndarray, signs: np.ndarray, out: np.ndarray) -> None:
    """The linear form of the rows of one pair of labels (M)."""
    P = n_types * (n_types + 1) // 2
    for x in range(out.size):
        first = (x // n_types) * P
        c = x % n_types
        out[x] = signs[c, 0] * beta[first + places[c, 0]] + signs[c, 1] * beta[first + places[c, 1]]


@njit
def _exchanged(row: np.ndarray, coefficients: np.ndarray) -> float:
    """Chance of the exchange against what was seen."""
    # four sums side by side, because each addition waits for the one before it
    a = b = c = d = 0.0
    whole = coefficients.size // 4 * 4
    for x in range(0, whole, 4):
        a += coefficients[x] * row[x]
        b += coefficients[x + 1] * row[x + 1]
        c += coefficients[x + 2] * row[x + 2]
        d += coefficients[x + 3] * row[x + 3]
    for x in range(whole, coefficients.size):
        a += coefficients[x] * row[x]
    return 1.0 / (1.0 + np.exp((a + b) + (c + d)))


@njit
def _add_squares(block: np.ndarray, weight: np.ndarray, out: np.ndarray) -> None:
    """Add weight · row rowᵀ of four rows (4 × M) to the lower triangle of `out` (M × M): faster than one by one."""
    first, second, third, fourth = block[0], block[1], block[2], block[3]
    for x in range(block.shape[1]):
        a, b, c, d = weight[0] * first[x], weight[1] * second[x], weight[2] * third[x], weight[3] * fourth[x]
        mine = out[x]
        for y in range(x + 1):
            mine[y] += a * first[y] + b * second[y] + c * third[y] + d * fourth[y]


@njit
def joint_pass(
    rows: np.ndarray,
    weight: np.ndarray,
    starts: np.ndarray,
    n_types: int,
    beta: np.ndarray,
    score: np.ndarray,
    information: np.ndarray,
) -> float:
    """Add the score and the information of an image to `score` (N) and `information` (N × N); its log-likelihood."""
    M, P = rows.shape[1], n_types * (n_types + 1) // 2
    places, signs = np.empty((n_types, 2), np.int64), np.empty((n_types, 2))
    coefficients, first, second = np.empty(M), np.empty(M), np.empty((M, M))
    block, spread = np.zeros((4, M)), np.empty(4)
    likelihood = 0.0
    for group in range(n_types * n_types):
        if starts[group + 1] == starts[group]:
            continue
        _form(group, n_types, places, signs)
        _coefficients(beta, n_types, places, signs, coefficients)
        first[:] = 0.0
        second[:] = 0.0
        for r in range(starts[group], starts[group + 1]):
            at = (r - starts[group]) % 4
            row = block[at]
            row[:] = rows[r]
            chance = _exchanged(row, coefficients)
            likelihood += weight[r] * np.log(max(1.0 - chance, 1e-300))
            residual = weight[r] * chance
            spread[at] = residual * (1.0 - chance)
            for x in range(M):
                first[x] += residual * row[x]
            if at == 3 or r == starts[group + 1] - 1:
                spread[at + 1 :] = 0.0
                _add_squares(block, spread, second)
        for x in range(M):
            for side in range(2):
                u = (x // n_types) * P + places[x % n_types, side]
                sign = signs[x % n_types, side]
                score[u] += sign * first[x]
                for y in range(M):
                    value = sign * (second[x, y] if y <= x else second[y, x])
                    v, c = (y // n_types) * P, y % n_types
                    information[u, v + places[c, 0]] += signs[c, 0] * value
                    information[u, v + places[c, 1]] += signs[c, 1] * value
    return likelihood


@njit
def rows_of_cells(pairs: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows that each of n cells is in, in their order, and where those of each cell begin (n + 1)."""
    starts = np.zeros(n + 1, np.int64)
    for r in range(pairs.shape[0]):
        starts[pairs[r, 0] + 1] += 1
        starts[pairs[r, 1] + 1] += 1
    starts = np.cumsum(starts)
    place = starts[:-1].copy()
    found = np.empty(2 * pairs.shape[0], np.int32)
    for r in range(pairs.shape[0]):
        for side in range(2):
            found[place[pairs[r, side]]] = r
            place[pairs[r, side]] += 1
    return found, starts


@njit
def joint_residuals(
    rows: np.ndarray, weight: np.ndarray, starts: np.ndarray, n_types: int, beta: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of every row, its weight times the chance of the exchange (float64), and its pair of labels (int32)."""
    residual, groups = np.empty(rows.shape[0]), np.empty(rows.shape[0], np.int32)
    places, signs = np.empty((n_types, 2), np.int64), np.empty((n_types, 2))
    coefficients = np.empty(rows.shape[1])
    for group in range(n_types * n_types):
        _form(group, n_types, places, signs)
        _coefficients(beta, n_types, places, signs, coefficients)
        for r in range(starts[group], starts[group + 1]):
            residual[r] = weight[r] * _exchanged(rows[r], coefficients)
            groups[r] = group
    return residual, groups


@njit
def joint_scores(
    rows: np.ndarray,
    residual: np.ndarray,
    groups: np.ndarray,
    n_types: int,
    found: np.ndarray,
    begin: np.ndarray,
    cells: np.ndarray,
    out: np.ndarray,
) -> None:
    """Sums of the scores of the rows that each of `cells` is in, into `out` (cells × N).

    `residual` and `groups` are those of `joint_residuals`, `found` and `begin` those of `rows_of_cells`.
    """
    M, P = rows.shape[1], n_types * (n_types + 1) // 2
    places = np.empty((n_types * n_types, n_types, 2), np.int64)
    signs = np.empty((n_types * n_types, n_types, 2))
    for group in range(n_types * n_types):
        _form(group, n_types, places[group], signs[group])
    out[:] = 0.0
    for i in range(cells.size):
        mine = out[i]
        for p in range(begin[cells[i]], begin[cells[i] + 1]):
            row, value = rows[found[p]], residual[found[p]]
            place, sign = places[groups[found[p]]], signs[groups[found[p]]]
            for half in range(M // n_types):
                sums, values = mine[half * P : (half + 1) * P], row[half * n_types : (half + 1) * n_types]
                for c in range(n_types):
                    if values[c] != 0.0:
                        moved = value * values[c]
                        sums[place[c, 0]] += sign[c, 0] * moved
                        sums[place[c, 1]] += sign[c, 1] * moved


@njit
def joint_squares(
    rows: np.ndarray,
    weight: np.ndarray,
    starts: np.ndarray,
    n_types: int,
    beta: np.ndarray,
    steps: np.ndarray,
    out: np.ndarray,
) -> None:
    """Add Σ over rows of (steps · score)² to `out` (C); `steps` is C × N."""
    M, C = rows.shape[1], steps.shape[0]
    places, signs = np.empty((n_types, 2), np.int64), np.empty((n_types, 2))
    coefficients, second, formed = np.empty(M), np.empty((M, M)), np.empty(M)
    block, squared = np.zeros((4, M)), np.empty(4)
    for group in range(n_types * n_types):
        if starts[group + 1] == starts[group]:
            continue
        _form(group, n_types, places, signs)
        _coefficients(beta, n_types, places, signs, coefficients)
        second[:] = 0.0
        for r in range(starts[group], starts[group + 1]):
            at = (r - starts[group]) % 4
            block[at] = rows[r]
            residual = weight[r] * _exchanged(block[at], coefficients)
            squared[at] = residual * residual
            if at == 3 or r == starts[group + 1] - 1:
                squared[at + 1 :] = 0.0
                _add_squares(block, squared, second)
        for c in range(C):
            _coefficients(steps[c], n_types, places, signs, formed)
            total = 0.0
            for x in range(M):
                for y in range(x):
                    total += 2.0 * formed[x] * formed[y] * second[x, y]
                total += formed[x] * formed[x] * second[x, x]
            out[c] += total
