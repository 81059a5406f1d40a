"""Exact third moment of the edge counts under labels permuted within strata; the law with it is in `tails`.

Three edges have six ends. A partition of the ends says which are one cell: its "at least these are one" count over
the graph (`tumint.kernels.triples`) turns by Möbius inversion into "exactly these are one", whose chance to carry the
labels is a ratio of falling factorials. This is Mielke's (1979) way for permutation statistics, here for directed
graphs, all pairs of labels at once, and strata. With S strata the work is that of a fixed sparse matrix, cached by S.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import sparse

from tumint.kernels import triples
from tumint.neighbourhood.graph import Graph

MAX_STRATA = 5  # the work grows with their sixth power
Partition = tuple[int, ...]  # block of each end: source and target of edge 1, of edge 2, of edge 3


def _partitions(n: int) -> Iterator[Partition]:
    """All partitions of n things, as block numbers in order of appearance."""

    def grow(head: Partition) -> Iterator[Partition]:
        if len(head) == n:
            yield head
            return
        for block in range(max(head, default=-1) + 2):
            yield from grow((*head, block))

    yield from grow(())


def _renumbered(blocks: Partition) -> Partition:
    order: dict[int, int] = {}
    return tuple(order.setdefault(block, len(order)) for block in blocks)


@dataclass(frozen=True)
class _Shape:
    """A partition without self loops, for all that differ by the order of the edges.

    Attributes
    ----------
    factors
        Connected parts: name of the sum over the graph, and the block of each of its axes.
    different, same
        `{(source cells, target cells) in each block: coefficient}` and `{cells in each block: coefficient}`: what the
        "at least" count of this shape adds to "exactly" counts, when the labels of source and target differ or not.
    """

    blocks: int
    factors: tuple[tuple[str, tuple[int, ...]], ...]
    different: dict[tuple[tuple[int, int], ...], int]
    same: dict[tuple[int, ...], int]


@cache
def _shapes() -> tuple[_Shape, ...]:
    multiplicity: Counter[Partition] = Counter()
    for p in _partitions(6):
        if all(p[e] != p[e + 1] for e in (0, 2, 4)):
            orders = itertools.permutations((p[0:2], p[2:4], p[4:6]))
            multiplicity[min(_renumbered(sum(order, ())) for order in orders)] += 1
    return tuple(_shape(p, times) for p, times in multiplicity.items())


def _shape(p: Partition, times: int) -> _Shape:
    k = max(p) + 1
    different: Counter[tuple[tuple[int, int], ...]] = Counter()
    same: Counter[tuple[int, ...]] = Counter()
    ends = [[i for i in range(6) if p[i] == block] for block in range(k)]
    for parts in itertools.product(*(tuple(_partitions(len(block))) for block in ends)):
        cells = [max(part) + 1 for part in parts]
        weight = times * math.prod((-1) ** (m - 1) * math.factorial(m - 1) for m in cells)
        same[tuple(cells)] += weight
        # a cell that is a source and a target carries one label: it counts only where the two are the same
        kinds = [
            [{end % 2 for end, c in zip(block, part, strict=True) if c == cell} for cell in range(m)]
            for block, part, m in zip(ends, parts, cells, strict=True)
        ]
        if all(len(kind) == 1 for block in kinds for kind in block):
            different[tuple((block.count({0}), block.count({1})) for block in kinds)] += weight
    return _Shape(k, tuple(_factors({(p[e], p[e + 1]) for e in (0, 2, 4)})), dict(different), dict(same))


def _factors(edges: set[tuple[int, int]]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The connected parts of up to three different edges, each as a named sum and its axes."""
    left = set(edges)
    while left:
        part = {left.pop()}
        while joined := {e for e in left if any(set(e) & set(f) for f in part)}:
            part |= joined
            left -= joined
        yield _named(part)


def _named(part: set[tuple[int, int]]) -> tuple[str, tuple[int, ...]]:
    cells = sorted({cell for edge in part for cell in edge})
    out = {c: sorted(t for s, t in part if s == c) for c in cells}
    into = {c: sorted(s for s, t in part if t == c) for c in cells}
    if len(part) == 1:
        return "edge", next(iter(part))
    if len(cells) == 2:
        return "mutual", (cells[0], cells[1])
    if len(part) == len(cells) - 1:  # a tree
        for c in cells:
            if len(out[c]) + len(into[c]) == len(part):
                return "r" * len(out[c]) + "c" * len(into[c]), (c, *out[c], *into[c])
        s, t = next(e for e in part if all(len(out[c]) + len(into[c]) == 2 for c in e))
        u = [("r", c) for c in out[s] if c != t] + [("c", c) for c in into[s]]
        v = [("r", c) for c in out[t]] + [("c", c) for c in into[t] if c != s]
        return f"chain {u[0][0]}{v[0][0]}", (s, t, u[0][1], v[0][1])
    for s, t in part:
        if (t, s) in part and len(out[s]) + len(into[s]) == 3:  # both ways, and a third edge at s
            third = [("mr", c) for c in out[s] if c != t] + [("mc", c) for c in into[s] if c != t]
            return third[0][0], (s, t, third[0][1])
    if all(len(out[c]) == 1 for c in cells):
        first = cells[0]
        return "cycle", (first, out[first][0], out[out[first][0]][0])
    source = next(c for c in cells if len(out[c]) == 2)
    middle = next(c for c in cells if len(out[c]) == 1)
    return "feed", (source, middle, out[middle][0])


def graph_sums(graph: Graph, strata: np.ndarray, n_strata: int) -> dict[str, np.ndarray]:
    """Every named sum of the shapes as an array with one axis of strata for each cell."""
    ahead, back = (graph.indptr, graph.indices), graph.turned()
    r = c = m = triples.degree_table(*ahead, strata, n_strata)
    if not graph.undirected:
        c = triples.degree_table(*back, strata, n_strata)
        m = triples.mutual_table(*ahead, *back, strata, n_strata)
    tables = {"r": r, "c": c, "m": m}
    sums: dict[str, np.ndarray] = {}
    for name, table in (("edge", r), ("mutual", m)):
        sums[name] = np.stack([table[strata == s].sum(axis=0, dtype=np.int64) for s in range(n_strata)])

    def filled(names: str, like: dict[str, str]) -> str:
        """The name of an equal sum: on an undirected graph all degrees are one."""
        return "".join(like.get(letter, letter) for letter in names)

    like = {"c": "r", "m": "r"} if graph.undirected else {}
    for names in ("rr", "rc", "cc", "mr", "mc", "rrr", "rrc", "rcc", "ccc"):
        equal = filled(names, like)
        if equal not in sums:
            make = triples.pair_sums if len(names) == 2 else triples.star_sums
            sums[equal] = make(strata, *(tables[letter] for letter in equal))
        sums[names] = sums[equal]
    for u, v in itertools.product("rc", repeat=2):
        equal = f"chain {filled(u + v, like)}"
        if equal not in sums:
            sums[equal] = triples.chain_sums(*ahead, strata, tables[equal[-2]], tables[equal[-1]])
        sums[f"chain {u}{v}"] = sums[equal]
    if graph.undirected:
        sums["feed"] = sums["cycle"] = triples.undirected_triangle_sums(*ahead, strata, n_strata)
    else:
        sums["feed"] = triples.triangle_sums(*ahead, *ahead, strata, n_strata)
        sums["cycle"] = triples.triangle_sums(*ahead, *back, strata, n_strata)
    return {name: values.astype(float) for name, values in sums.items()}


@dataclass(frozen=True)
class _Transfer:
    """How the shapes' counts, laid end to end, become "exactly" counts by how many cells of each stratum carry a label.

    Attributes
    ----------
    groups
        (G × S) numbers of cells with one label in each stratum.
    different, same
        Sparse matrices to (source group, target group), and to group.
    """

    groups: np.ndarray
    different: sparse.csr_array
    same: sparse.csr_array


@cache
def _transfer(n_strata: int) -> _Transfer:
    groups = [g for g in itertools.product(range(7), repeat=n_strata) if 1 <= sum(g) <= 6]
    number = np.full(7**n_strata, -1)
    place = 7 ** np.arange(n_strata)
    number[np.array(groups) @ place] = np.arange(len(groups))
    entries: dict[str, list[np.ndarray]] = {"different": [], "same": []}
    start = 0
    for shape in _shapes():
        strata = np.indices((n_strata,) * shape.blocks).reshape(shape.blocks, -1)
        columns = start + np.arange(strata.shape[1])
        start += strata.shape[1]

        def group(cells: tuple[int, ...], strata: np.ndarray = strata) -> np.ndarray:
            return number[np.array(cells) @ place[strata]]

        for cells, weight in shape.same.items():
            entries["same"].append(np.stack([group(cells), columns, np.full(len(columns), weight)]))
        for pairs, weight in shape.different.items():
            sources, targets = zip(*pairs, strict=True)
            row = group(sources) * len(groups) + group(targets)
            entries["different"].append(np.stack([row, columns, np.full(len(columns), weight)]))

    def matrix(name: str, rows: int) -> sparse.csr_array:
        row, column, value = np.concatenate(entries[name], axis=1)
        return sparse.coo_array((value.astype(float), (row, column)), shape=(rows, start)).tocsr()

    return _Transfer(np.array(groups), matrix("different", len(groups) ** 2), matrix("same", len(groups)))


def third_raw_moment(graph: Graph, strata: np.ndarray, n: np.ndarray) -> np.ndarray:
    """E[C³] of every ordered pair of labels (K × K) when labels are permuted within strata.

    Parameters
    ----------
    strata
        (cells) codes from 0.
    n
        (K × S, int64) cells of each label and stratum.
    """
    S = n.shape[1]
    transfer = _transfer(S)
    sums = graph_sums(graph, strata, S)
    h = np.concatenate([_count(shape, sums, S).reshape(-1) for shape in _shapes()])
    groups = transfer.groups
    sizes = n.sum(axis=0)
    carried = np.prod([_falling(n[:, s][:, None], groups[:, s]) for s in range(S)], axis=0)  # K × G
    different = (transfer.different @ h).reshape(len(groups), len(groups))
    small = groups.sum(axis=1) <= 3
    both = groups[small][:, None, :] + groups[small][None, :, :]
    chances = _ratio(
        different[np.ix_(small, small)], np.prod([_falling(sizes[s], both[..., s]) for s in range(S)], axis=0)
    )
    out = carried[:, small] @ chances @ carried[:, small].T
    alone = _ratio(transfer.same @ h, np.prod([_falling(sizes[s], groups[:, s]) for s in range(S)], axis=0))
    np.fill_diagonal(out, carried @ alone)
    return out


def _count(shape: _Shape, sums: dict[str, np.ndarray], n_strata: int) -> np.ndarray:
    """The "at least" count of a shape (S per block)."""
    out = np.ones((1,) * shape.blocks)
    for name, axes in shape.factors:
        order = np.argsort(axes)
        dims = [n_strata if block in axes else 1 for block in range(shape.blocks)]
        out = out * np.transpose(sums[name], order).reshape(dims)
    return out


def _falling(x: np.ndarray, m: np.ndarray) -> np.ndarray:
    """x · (x − 1) · … with m factors, as float64; 0 where there are too few."""
    out = np.ones(np.broadcast_shapes(np.shape(x), np.shape(m)))
    for i in range(int(np.max(m, initial=0))):
        out = np.where(i < m, out * np.maximum(np.asarray(x, float) - i, 0.0), out)
    return out


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """0 where there are not enough cells for the group (its count is 0 but for rounding)."""
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)


def skewness(graph: Graph, strata: np.ndarray, n: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Skewness of every count (K × K); missing where it cannot vary or where rounding has eaten the third moment."""
    cube = third_raw_moment(graph, strata, n)
    third = cube - 3 * mean * variance - mean**3
    sd3 = variance**1.5
    lost = 64 * np.finfo(float).eps * cube
    known = (sd3 > 0) & (lost < 0.01 * sd3)
    return np.divide(third, sd3, out=np.full_like(third, np.nan), where=known)
