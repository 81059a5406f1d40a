"""Counts of edges and of touching cells for four labellings of one graph at once: what a permutation is made of.

The graph is read once for all four, whose labels lie side by side in the words of 64 bits. What else it is fast by:
rows of equal length follow each other, so that no loop over neighbours ends unforeseen, and no branch depends on a
label. The counts are those of `tumint.kernels.counts`.
"""

from __future__ import annotations

import numpy as np

from tumint.kernels import njit

AT_ONCE = 4
MOST_LABELS = 256  # of `edge_counts`: a pair of them is 16 bits
MOST_BITS = 64  # of `reaching_cells`: labels are bits of a word
MOST_LEAST = 8  # the counters of `_reached` have four bits, the last of which stays set
_ROUND = 255  # cells whose bits are summed in bytes before these could overflow


@njit
def edge_list(indptr: np.ndarray, indices: np.ndarray, undirected: bool) -> tuple[np.ndarray, np.ndarray]:
    """Ends of every edge (uint32), of an undirected graph each once: what `edge_counts` runs over."""
    size = indices.size // 2 if undirected else indices.size
    heads, tails = np.empty(size, np.uint32), np.empty(size, np.uint32)
    e = 0
    for i in range(indptr.size - 1):
        for p in range(indptr[i], indptr[i + 1]):
            if not undirected or indices[p] > i:
                heads[e] = i
                tails[e] = indices[p]
                e += 1
    return heads, tails


@njit
def edge_counts(
    heads: np.ndarray,
    tails: np.ndarray,
    undirected: bool,
    labels: np.ndarray,
    words: np.ndarray,
    tables: np.ndarray,
    out: np.ndarray,
) -> None:
    """Number of edges from label a to label b under each of four labellings into `out` (4 × K × K, int64).

    Parameters
    ----------
    heads, tails
        Of `edge_list`.
    labels
        (4 × cells), at most `MOST_LABELS` of them.
    words, tables
        Scratch: (2 × cells, uint64) and (4 × K², int32). A table per labelling also spares an increment from waiting
        for the one before; places are unsigned, because signed ones are tested for counting from the end.
    """
    K = out.shape[1]
    s16, s32, s48, low = np.uint64(16), np.uint64(32), np.uint64(48), np.uint64(0xFFFF)
    width, one = np.uint64(K), np.int32(1)
    as_target = words[1]
    as_source = words[0]
    for i in range(labels.shape[1]):
        word = (
            np.uint64(labels[0, i])
            | np.uint64(labels[1, i]) << s16
            | np.uint64(labels[2, i]) << s32
            | np.uint64(labels[3, i]) << s48
        )
        as_target[i] = word
        as_source[i] = word * width  # K² is at most 2^16: no lane runs over
    tables[:] = 0
    t0, t1, t2, t3 = tables[0], tables[1], tables[2], tables[3]
    for e in range(heads.size):
        pair = as_source[heads[e]] + as_target[tails[e]]
        t0[pair & low] += one
        t1[pair >> s16 & low] += one
        t2[pair >> s32 & low] += one
        t3[pair >> s48] += one
    for q in range(AT_ONCE):
        for a in range(K):
            for b in range(K):
                out[q, a, b] = tables[q, a * K + b]
                if undirected:
                    out[q, a, b] += tables[q, b * K + a]


@njit
def rows_by_degree(indptr: np.ndarray, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows of a graph in order of their length; what `reaching_cells` runs over.

    Returns
    -------
    cells, neighbours
        uint32: the cells that have a neighbour, by degree, and their neighbours, one after the other.
    groups
        (degrees × 2, int64): a degree, and how many of `cells` have it; ascending.
    """
    n = indptr.size - 1
    most = 0
    for i in range(n):
        most = max(most, indptr[i + 1] - indptr[i])
    number = np.zeros(most + 1, np.int64)
    for i in range(n):
        number[indptr[i + 1] - indptr[i]] += 1
    number[0] = 0
    groups = np.empty((np.count_nonzero(number), 2), np.int64)
    # where the next row of a degree goes
    cell, edge = np.zeros(most + 1, np.int64), np.zeros(most + 1, np.int64)
    g = 0
    for d in range(1, most + 1):
        cell[d] = cell[d - 1] + number[d - 1]
        edge[d] = edge[d - 1] + (d - 1) * number[d - 1]
        if number[d] > 0:
            groups[g, 0], groups[g, 1] = d, number[d]
            g += 1
    cells, neighbours = np.empty(number.sum(), np.uint32), np.empty(indices.size, np.uint32)
    for i in range(n):
        d = indptr[i + 1] - indptr[i]
        if d > 0:
            cells[cell[d]] = i
            cell[d] += 1
            for p in range(indptr[i], indptr[i + 1]):
                neighbours[edge[d]] = indices[p]
                edge[d] += 1
    return cells, neighbours, groups


@njit
def bytes_of_bits() -> np.ndarray:
    """The bits of 0 … 255, each as a byte of a word (256, uint64)."""
    out = np.zeros(256, np.uint64)
    for value in range(256):
        for bit in range(8):
            if value >> bit & 1:
                out[value] |= np.uint64(1) << np.uint64(8 * bit)
    return out


@njit
def reaching_cells(
    cells: np.ndarray,
    neighbours: np.ndarray,
    groups: np.ndarray,
    labels: np.ndarray,
    least: int,
    spread: np.ndarray,
    words: np.ndarray,
    out: np.ndarray,
) -> None:
    """Number of a-cells with at least `least` b-neighbours under each of four labellings into `out` (4 × K × K, int64).

    Parameters
    ----------
    cells, neighbours, groups
        Of `rows_by_degree`.
    labels
        (4 × cells), at most `MOST_BITS` of them.
    least
        From 1 to `MOST_LEAST`.
    spread
        Of `bytes_of_bits`.
    words
        (cells, uint64) scratch.
    """
    K = out.shape[1]
    lanes = 4 if K <= 16 else 2 if K <= 32 else 1
    met = np.empty(_ROUND, np.uint64)
    sums = np.zeros((K, (K + 7) // 8), np.uint64)
    out[:] = 0
    for q in range(0, AT_ONCE, lanes):
        _bits_side_by_side(labels[q : q + lanes], words)
        first, edge = 0, np.uint64(0)
        for g in range(groups.shape[0]):
            degree = np.uint64(groups[g, 0])
            end = first + groups[g, 1]
            while first < end:
                block = cells[first : min(end, first + _ROUND)]
                _reached(words, neighbours, edge, degree, least, met[: block.size])
                for lane in range(lanes):
                    _sum_bits(met[: block.size], 64 // lanes * lane, block, labels[q + lane], spread, sums)
                    _add_bytes(sums, out[q + lane])
                first += block.size
                edge += degree * np.uint64(block.size)


@njit
def _bits_side_by_side(labels: np.ndarray, words: np.ndarray) -> None:
    """The labels of a cell as one bit each of a word that the labellings share in equal parts."""
    lanes, one = labels.shape[0], np.uint64(1)
    words[:] = 0
    for lane in range(lanes):
        start = np.uint64(64 // lanes * lane)
        for i in range(words.size):
            words[i] |= one << (start + np.uint64(labels[lane, i]))


@njit
def _reached(
    words: np.ndarray, neighbours: np.ndarray, edge: np.uint64, degree: np.uint64, least: int, met: np.ndarray
) -> None:
    """Bits that are set in at least `least` neighbours, for as many cells as `met` has, all of one degree.

    For more than one: counters of four bits for every bit of a word, each place in a word of its own; a count that
    reaches 8 stays there.
    """
    if least == 1:
        for c in range(met.size):
            any_of = np.uint64(0)
            for p in range(degree):
                any_of |= words[neighbours[edge + np.uint64(p)]]
            met[c] = any_of
            edge += degree
        return
    below = least - 1
    for c in range(met.size):
        ones, twos, fours, eights = np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
        for p in range(degree):
            carry = words[neighbours[edge + np.uint64(p)]]
            ones, carry = ones ^ carry, ones & carry
            twos, carry = twos ^ carry, twos & carry
            fours, carry = fours ^ carry, fours & carry
            eights |= carry
        # counts above `below`, from the lowest place up
        more = np.uint64(0) if below & 1 else ones
        more = twos & more if below & 2 else twos | more
        more = fours & more if below & 4 else fours | more
        met[c] = eights | more
        edge += degree


@njit
def _sum_bits(
    met: np.ndarray, shift: int, cells: np.ndarray, labels: np.ndarray, spread: np.ndarray, sums: np.ndarray
) -> None:
    """Add the bits of `met` from `shift` on to the bytes of the row of `sums` that is each cell's label."""
    low, eight, start = np.uint64(255), np.uint64(8), np.uint64(shift)
    bytes_ = sums.shape[1]
    if bytes_ == 2:
        for c in range(cells.size):
            word = met[c] >> start
            mine = sums[labels[cells[c]]]
            mine[0] += spread[word & low]
            mine[1] += spread[word >> eight & low]
        return
    for c in range(cells.size):
        word = met[c] >> start
        mine = sums[labels[cells[c]]]
        for w in range(bytes_):
            mine[w] += spread[word & low]
            word >>= eight


@njit
def _add_bytes(sums: np.ndarray, out: np.ndarray) -> None:
    """Add the bytes of `sums` to `out` (K × K, int64) and set them to 0."""
    low, eight = np.uint64(255), np.uint64(8)
    K = out.shape[0]
    for a in range(K):
        for w in range(sums.shape[1]):
            word = sums[a, w]
            sums[a, w] = 0
            for b in range(8 * w, min(8 * w + 8, K)):
                out[a, b] += np.int64(word & low)
                word >>= eight
