"""Nulls by simulation: labels permuted, all but one type permuted; how draws are summed. `moves` has those of cells.

Every draw has a random stream of its own, keyed by seed, sample and number of the draw, so that threads, batches and
the order of samples change nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from tumint.kernels import abreast, permute
from tumint.neighbourhood.graph import Graph

STATISTICS = {
    "edges": permute.EDGES,
    "classic": permute.CLASSIC,
    "histocat": permute.HISTOCAT,
    "patch": permute.PATCH,
}
CHUNK = 32  # draws summed as one, whatever the threads, so that sums of floats keep their order; as many bits

Part = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Statistic:
    """One of `STATISTICS`; `patch_size` is what `patch` asks for."""

    name: str = "edges"
    patch_size: int = 3

    @property
    def code(self) -> int:
        """Number of the statistic in `tumint.kernels.permute`."""
        return STATISTICS[self.name]

    def of(self, graph: Graph, labels: np.ndarray, n_types: int) -> np.ndarray:
        """Its value for every ordered pair (K × K, float64): 0 where its denominator is 0."""
        shape = (n_types, n_types)
        out, seen = np.zeros(shape), np.zeros((n_types, 2), np.int64)
        edges, cells = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        sizes = np.bincount(labels, minlength=n_types)
        permute.statistic(
            self.code,
            graph.indptr,
            graph.indices,
            graph.undirected,
            labels,
            sizes,
            self.patch_size,
            edges,
            cells,
            seen,
            out,
        )
        return out


@dataclass(frozen=True)
class Draws:
    """How often an image is drawn from a null, and from which streams.

    Attributes
    ----------
    number
        The most draws.
    stop_after
        Stop sooner, once every pair that is asked for has had so many draws on either side of what was observed
        (Besag & Clifford 1991). 0: never. Cells that are moved are always moved `number` times.
    """

    sample: str
    seed: int = 0
    number: int = 1000
    threads: int = 1
    stop_after: int = 0

    def key(self, source: int | None = None) -> np.uint64:
        """Key of the streams; another one for every source type where each is drawn by itself."""
        return image_key(self.seed, self.sample if source is None else f"{self.sample}/{source}")


@dataclass(frozen=True)
class Null:
    """Draws of a statistic under a null, summed up for every ordered pair (K × K).

    Attributes
    ----------
    at_least, at_most
        How many of the `draws` gave at least, and at most, what was observed.
    mean, sd
        Of the draws (sd with n − 1; 0 where they do not vary).
    p_least, p_most
        One-sided p: (1 + #) / (draws + 1), which is never 0 (Phipson & Smyth 2010); with sequential stopping h / l,
        where the h-th such draw was draw l (Besag & Clifford 1991).
    """

    at_least: np.ndarray
    at_most: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    draws: int
    p_least: np.ndarray
    p_most: np.ndarray

    @property
    def p(self) -> np.ndarray:
        """Two-sided p: twice the smaller one-sided, at most 1."""
        return np.minimum(1.0, 2.0 * np.minimum(self.p_least, self.p_most))


def image_key(seed: int, sample: str) -> np.uint64:
    """Key of an image's random streams: a hash of seed and sample name."""
    digest = hashlib.blake2b(f"{seed}/{sample}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def permutation_blocks(strata: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`order` and `blocks` of `permute.permuted_labels` for labels permuted within strata."""
    sizes = np.bincount(strata)
    blocks = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    if len(sizes) <= 1:
        return np.empty(0, np.int32), np.array([0, len(strata)], np.int64)
    return np.argsort(strata, kind="stable").astype(np.int32), blocks


def permuted(
    statistic: Statistic,
    graph: Graph,
    labels: np.ndarray,
    observed: np.ndarray,
    strata: np.ndarray,
    draws: Draws,
    asked: np.ndarray | None = None,
) -> Null:
    """Labels permuted within strata (of one image: within the image).

    `asked` (K × K, bool) are the pairs that sequential stopping waits for; None: all.
    """
    return _tally(statistic, graph, labels, observed, *permutation_blocks(strata), draws, draws.key(), asked)


def fixed(
    statistic: Statistic,
    graph: Graph,
    labels: np.ndarray,
    observed: np.ndarray,
    strata: np.ndarray,
    draws: Draws,
    asked: np.ndarray | None = None,
) -> Null:
    """For a pair a → b: the cells of a stay put, the labels of all others are permuted within strata.

    `edges` of a type with itself cannot vary then.
    """

    def one(a: int) -> Null:
        others = np.flatnonzero(labels != a)
        order = others[np.argsort(strata[others], kind="stable")].astype(np.int32)
        blocks = np.concatenate([[0], np.cumsum(np.bincount(strata[others]))]).astype(np.int64)
        mine = np.zeros(observed.shape, dtype=bool)
        mine[a] = True if asked is None else asked[a]
        return _tally(statistic, graph, labels, observed, order, blocks, draws, draws.key(a), mine)

    return by_source([one(a) for a in range(len(observed))])


def _tally(
    statistic: Statistic,
    graph: Graph,
    labels: np.ndarray,
    observed: np.ndarray,
    order: np.ndarray,
    blocks: np.ndarray,
    draws: Draws,
    key: np.uint64,
    asked: np.ndarray | None,
) -> Null:
    if blocks[-1] == 0:  # no cell to permute
        order, blocks = np.zeros(1, np.int32), np.array([0, 0], np.int64)

    listed = abreast.edge_list(graph.indptr, graph.indices, graph.undirected)
    if statistic.code >= permute.HISTOCAT:
        rows = abreast.rows_by_degree(graph.indptr, graph.indices)
    else:
        rows = (np.empty(0, np.uint32), np.empty(0, np.uint32), np.empty((0, 2), np.int64))

    def chunk(first: int) -> Part:
        return permute.tally_permutations(
            statistic.code,
            statistic.patch_size,
            graph.indptr,
            graph.indices,
            graph.undirected,
            listed,
            rows,
            labels,
            order,
            blocks,
            key,
            first,
            min(first + CHUNK, draws.number),
            observed,
        )

    firsts = range(0, draws.number, CHUNK)
    with ThreadPoolExecutor(max_workers=draws.threads) as pool:
        if draws.stop_after == 0:
            return summed(pool.map(chunk, firsts), observed, draws.number)
        # as many at a time as there are threads: what is drawn past the end is not looked at
        waves = (firsts[i : i + draws.threads] for i in range(0, len(firsts), draws.threads))
        parts = (part for wave in waves for part in pool.map(chunk, wave))
        return summed(parts, observed, draws.number, _Passage(observed.shape, draws.stop_after, asked))


class _Passage:
    """At which draw each pair had its h-th draw on either side of what was observed: 0 where it has not yet."""

    def __init__(self, shape: tuple[int, ...], h: int, asked: np.ndarray | None) -> None:
        self.h = h
        self.asked = np.ones(shape, dtype=bool) if asked is None else asked
        self.seen = np.zeros((2, *shape), np.int64)
        self.draw = np.zeros((2, *shape), np.int64)

    def add(self, before: int, bits: np.ndarray) -> None:
        """Take the draws after draw number `before`: (2 × K × K, uint32) on which of them each side was met."""
        met = (bits[..., None] >> np.arange(CHUNK, dtype=np.uint32)) & 1
        reached = self.seen[..., None] + np.cumsum(met, axis=-1) >= self.h
        first = np.where(reached.any(axis=-1), before + 1 + reached.argmax(axis=-1), 0)
        self.draw = np.where(self.draw == 0, first, self.draw)
        self.seen += met.sum(axis=-1, dtype=np.int64)

    @property
    def done(self) -> bool:
        """Whether every pair that is asked for has stopped."""
        return bool((self.draw[:, self.asked] > 0).all())

    def p(self, draws: int) -> np.ndarray:
        """One-sided p of either side."""
        return np.where(self.draw > 0, self.h / np.maximum(self.draw, 1), (1 + self.seen) / (draws + 1))


def summed(parts: Iterator[Part], observed: np.ndarray, most: int, passage: _Passage | None = None) -> Null:
    """Sum parts in their order, to the end or until the passage is done."""
    counts = np.zeros((2, *observed.shape), np.int64)
    total, square = np.zeros(observed.shape), np.zeros(observed.shape)
    draws = 0
    for more, less, t, s in parts:
        bits = np.stack([more, less])
        counts += np.bitwise_count(bits)
        total += t
        square += s
        if passage is not None:
            passage.add(draws, bits)
            draws = min(draws + CHUNK, most)
            if passage.done:
                break
    draws = most if passage is None else draws
    spread = square - total * total / draws
    spread[spread <= 1e-12 * square] = 0.0  # rounding, where no draw differs from another
    p = (1 + counts) / (draws + 1) if passage is None else passage.p(draws)
    sd = np.sqrt(spread / max(draws - 1, 1))
    return Null(counts[0], counts[1], observed + total / draws, sd, draws, p[0], p[1])


def by_source(nulls: list[Null]) -> Null:
    """The null whose row a is that of `nulls[a]`."""

    def rows(values: list[np.ndarray]) -> np.ndarray:
        return np.stack([value[a] for a, value in enumerate(values)])

    return Null(
        rows([n.at_least for n in nulls]),
        rows([n.at_most for n in nulls]),
        rows([n.mean for n in nulls]),
        rows([n.sd for n in nulls]),
        max(n.draws for n in nulls),
        rows([n.p_least for n in nulls]),
        rows([n.p_most for n in nulls]),
    )
