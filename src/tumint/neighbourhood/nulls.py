"""Nulls by simulation: labels permuted, all but one type permuted, one type shifted on a torus, all cells jittered.

Every draw has a random stream of its own, keyed by seed, sample and number of the draw, so that threads, batches and
the order of samples change nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from tumint.kernels import permute
from tumint.kernels.counts import edge_list
from tumint.neighbourhood.graph import Graph

STATISTICS = {
    "edges": permute.EDGES,
    "classic": permute.CLASSIC,
    "histocat": permute.HISTOCAT,
    "patch": permute.PATCH,
}
CHUNK = 32  # draws summed as one, whatever the threads, so that sums of floats keep their order

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
    """How often an image is drawn from a null, and from which streams."""

    sample: str
    seed: int = 0
    number: int = 1000
    threads: int = 1

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
    """

    at_least: np.ndarray
    at_most: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    draws: int

    @property
    def p(self) -> np.ndarray:
        """Two-sided p of Phipson & Smyth (2010): twice the smaller of (1 + #≥) / (P + 1) and (1 + #≤) / (P + 1)."""
        return np.minimum(1.0, 2.0 * (1 + np.minimum(self.at_least, self.at_most)) / (self.draws + 1))


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
) -> Null:
    """Labels permuted within strata (of one image: within the image)."""
    return _tally(statistic, graph, labels, observed, *permutation_blocks(strata), draws, draws.key())


def fixed(
    statistic: Statistic,
    graph: Graph,
    labels: np.ndarray,
    observed: np.ndarray,
    strata: np.ndarray,
    draws: Draws,
) -> Null:
    """For a pair a → b: the cells of a stay put, the labels of all others are permuted within strata.

    `edges` of a type with itself cannot vary then.
    """

    def one(a: int) -> Null:
        others = np.flatnonzero(labels != a)
        order = others[np.argsort(strata[others], kind="stable")].astype(np.int32)
        blocks = np.concatenate([[0], np.cumsum(np.bincount(strata[others]))]).astype(np.int64)
        return _tally(statistic, graph, labels, observed, order, blocks, draws, draws.key(a))

    return _by_source([one(a) for a in range(len(observed))])


def _tally(
    statistic: Statistic,
    graph: Graph,
    labels: np.ndarray,
    observed: np.ndarray,
    order: np.ndarray,
    blocks: np.ndarray,
    draws: Draws,
    key: np.uint64,
) -> Null:
    if blocks[-1] == 0:  # no cell to permute
        order, blocks = np.zeros(1, np.int32), np.array([0, 0], np.int64)

    heads, tails = edge_list(graph.indptr, graph.indices, graph.undirected)

    def chunk(first: int) -> Part:
        return permute.tally_permutations(
            statistic.code,
            statistic.patch_size,
            graph.indptr,
            graph.indices,
            graph.undirected,
            heads,
            tails,
            labels,
            order,
            blocks,
            key,
            first,
            min(first + CHUNK, draws.number),
            observed,
        )

    with ThreadPoolExecutor(max_workers=draws.threads) as pool:
        return _null(pool.map(chunk, range(0, draws.number, CHUNK)), observed, draws.number)


def _null(parts: Iterator[Part], observed: np.ndarray, draws: int) -> Null:
    """Sum parts in their order."""
    at_least, at_most = np.zeros(observed.shape, np.int64), np.zeros(observed.shape, np.int64)
    total, square = np.zeros(observed.shape), np.zeros(observed.shape)
    for more, less, t, s in parts:
        at_least += more
        at_most += less
        total += t
        square += s
    spread = square - total * total / draws
    spread[spread <= 1e-12 * square] = 0.0  # rounding, where no draw differs from another
    return Null(at_least, at_most, observed + total / draws, np.sqrt(spread / max(draws - 1, 1)), draws)


def _by_source(nulls: list[Null]) -> Null:
    """The null whose row a is that of `nulls[a]`."""

    def rows(values: list[np.ndarray]) -> np.ndarray:
        return np.stack([value[a] for a, value in enumerate(values)])

    return Null(
        rows([n.at_least for n in nulls]),
        rows([n.at_most for n in nulls]),
        rows([n.mean for n in nulls]),
        rows([n.sd for n in nulls]),
        nulls[0].draws,
    )


def moved(
    statistic: Statistic,
    labels: np.ndarray,
    observed: np.ndarray,
    move: Callable[[int], np.ndarray],
    build: Callable[[np.ndarray], Graph],
    draws: Draws,
) -> Null:
    """Cells moved: `move(draw)` gives their coordinates, `build` the graph of these."""

    def one(draw: int) -> Part:
        values = statistic.of(build(move(draw)), labels, len(observed))
        difference = values - observed
        return (values >= observed).astype(np.int64), (values <= observed).astype(np.int64), difference, difference**2

    with ThreadPoolExecutor(max_workers=draws.threads) as pool:
        return _null(pool.map(one, range(draws.number)), observed, draws.number)


def torus(
    statistic: Statistic,
    labels: np.ndarray,
    observed: np.ndarray,
    xy: np.ndarray,
    build: Callable[[np.ndarray], Graph],
    draws: Draws,
) -> Null:
    """For a pair a → b: the cells of a shifted together, over the edges of the bounding box of all cells and back in.

    It keeps the pattern of each type and breaks what binds them (Lotwick & Silverman 1982).
    """
    low = xy.min(axis=0)
    size = xy.max(axis=0) - low

    def one(a: int) -> Null:
        key, own = int(draws.key(a)), labels == a

        def shift(draw: int) -> np.ndarray:
            by = _stream(key, draw).random(2) * size
            out = xy.copy()
            out[own] = low + np.mod(xy[own] - low + by, np.where(size > 0, size, 1.0))
            return out

        return moved(statistic, labels, observed, shift, build, draws)

    return _by_source([one(a) for a in range(len(observed))])


def jitter(
    statistic: Statistic,
    labels: np.ndarray,
    observed: np.ndarray,
    xy: np.ndarray,
    build: Callable[[np.ndarray], Graph],
    draws: Draws,
    most_um: float,
) -> Null:
    """Every cell moved to a place drawn uniformly from the disc of `most_um` around it."""
    key = int(draws.key())

    def move(draw: int) -> np.ndarray:
        u = _stream(key, draw).random((2, len(xy)))
        distance, angle = most_um * np.sqrt(u[0]), 2 * np.pi * u[1]
        return xy + np.column_stack([distance * np.cos(angle), distance * np.sin(angle)])

    return moved(statistic, labels, observed, move, build, draws)


def _stream(key: int, draw: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=np.array([key, draw], np.uint64)))
