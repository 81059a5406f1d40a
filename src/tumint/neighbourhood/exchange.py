"""Which cells of an image could exchange their labels, and how the two of each pair differ in who is around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tumint.kernels import exchange
from tumint.neighbourhood.graph import Graph, from_edges
from tumint.neighbourhood.nulls import image_key

PER_CELL = 12.0  # pairs drawn for each cell that could exchange its label; 30 lower a standard error by 2 %
_PER_UM = 1000.0  # places are told apart by the nanometre: rounding in a table of text draws no other pairs
PARTNERS = 48  # how many cells of its class each cell looks at, where there is no reach


@dataclass(frozen=True)
class Rules:
    """Who may exchange labels with whom.

    Attributes
    ----------
    classes
        (n) cells of one class may; those below 0 with none.
    reach_um
        At most so far apart; 0: however far.
    around_um
        Surroundings, cells within this distance by how near they are, are accounted for beside contacts; 0: they are
        not.
    """

    classes: np.ndarray
    reach_um: float = 0.0
    around_um: float = 0.0


@dataclass(frozen=True)
class Exchanges:
    """Pairs of cells drawn from one image, for the kernels of `tumint.kernels.odds`.

    Attributes
    ----------
    rows
        (pairs × K or 2 K, float32) how the first cell differs from the second.
    weight
        (pairs, float32) such that the information of a cell does not depend on how many pairs it is in.
    starts
        (K² + 1) where the rows of each pair of labels begin.
    pairs
        (pairs × 2, int32) cells.
    place
        (pairs) uniform on [0, 1), by the places of the two cells: which of them are kept where fewer are wanted.
    graph
        Contacts, in both directions.
    """

    rows: np.ndarray
    weight: np.ndarray
    starts: np.ndarray
    pairs: np.ndarray
    place: np.ndarray
    graph: Graph

    def fewer(self, n: int) -> Exchanges:
        """About one of n pairs, again as many of each pair of labels as there are, with weights that make up for it."""
        sizes = np.diff(self.starts)
        chance = np.repeat(thinning(sizes, len(self.rows) / n), sizes)
        kept = self.place < chance
        starts = np.concatenate([[0], np.cumsum(kept)])[self.starts]
        weight = (self.weight[kept] / chance[kept]).astype(np.float32)
        return Exchanges(self.rows[kept], weight, starts, self.pairs[kept], self.place[kept] / chance[kept], self.graph)


def draw_exchanges(
    sample: str, xy: np.ndarray, labels: np.ndarray, graph: Graph, n_types: int, rules: Rules, seed: int = 0
) -> Exchanges:
    """Pairs of cells of an image with different labels whose exchange the rules allow.

    About `PER_CELL` pairs for each cell that has a partner. Pairs of two rare labels are all kept and those of common
    ones thinned, to the same number for each pair of labels as far as there are so many, and weighed accordingly. What
    is drawn depends on the seed, the sample and the places, not on the order of the cells nor on cells that cannot take
    part.

    Parameters
    ----------
    xy
        (n × 2) coordinates in µm.
    labels
        (n) codes from 0 to `n_types` − 1.
    graph
        Contacts; a directed edge counts as one between the two cells.
    """
    graph = both_ways(graph)
    labels = labels.astype(np.int64)
    xy = np.ascontiguousarray(xy, dtype=np.float64)
    pairs, weight, place = _draw(xy, labels, n_types, rules, image_key(seed, sample))
    order, starts = exchange.by_labels(pairs, labels, n_types)
    pairs, weight, place = pairs[order], weight[order], place[order]
    local = rules.around_um > 0
    around = exchange.surroundings(xy, labels, n_types, rules.around_um) if local else np.empty((0, n_types))
    rows = np.empty((len(pairs), n_types * (2 if local else 1)), np.float32)
    exchange.differences(pairs, xy, labels, graph.indptr, graph.indices, around, rules.around_um, rows)
    return Exchanges(rows, weight, starts, pairs, place, graph)


def both_ways(graph: Graph) -> Graph:
    """The graph with every edge in both directions."""
    if graph.undirected:
        return graph
    sources = np.repeat(np.arange(graph.n), np.diff(graph.indptr))
    return from_edges(graph.n, np.column_stack([sources, graph.indices]), symmetric=True)


def _draw(
    xy: np.ndarray, labels: np.ndarray, n_types: int, rules: Rules, image: np.uint64
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of cells, their weights, and their places among those that were drawn with the same chance."""
    keys = exchange.place_keys(np.rint(xy * _PER_UM).astype(np.int64).view(np.uint64), image)
    counts = np.zeros((n_types, n_types), np.int64)
    moving = np.zeros(len(labels), np.bool_)
    partners = np.full(len(labels), 2 * PARTNERS, np.int64)
    order, starts = _members(rules.classes, keys)

    def drawn(chance: np.ndarray, capacity: int) -> tuple[np.ndarray, np.ndarray]:
        pairs, place = np.empty((capacity, 2), np.int32), np.empty(capacity)
        if rules.reach_um > 0:
            n = exchange.near_pairs(
                xy, labels, rules.classes, keys, rules.reach_um, chance, counts, pairs, place, moving, partners
            )
        else:
            n = exchange.far_pairs(labels, order, starts, keys, PARTNERS, chance, counts, pairs, place, moving)
        return pairs[:n], place[:n]

    drawn(np.zeros((n_types, n_types)), 0)
    chance = thinning(counts, PER_CELL * moving.sum())
    expected = float((chance * counts).sum())
    pairs, place = drawn(chance, int(expected + 8 * np.sqrt(expected) + 64))
    first, second = pairs.T
    chance = chance[labels[first], labels[second]]
    weight = 4.0 / (partners[first] + partners[second]) / chance
    return pairs, weight.astype(np.float32), place / chance


def _members(classes: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The cells of each class in the order of their keys, and where each class begins."""
    order = np.lexsort((keys, classes))
    order = order[np.searchsorted(classes[order], 0) :]
    sizes = np.bincount(classes[order]) if len(order) else np.zeros(0, np.int64)
    return order, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def thinning(counts: np.ndarray, wanted: float) -> np.ndarray:
    """With which chance each kind is drawn so that all add up to `wanted`, equally many of each while there are any."""
    kinds = np.sort(counts[counts > 0])
    left, most = wanted, np.inf
    for i, n in enumerate(kinds):
        share = left / (len(kinds) - i)
        if n > share:
            most = share
            break
        left -= n
    return np.where(counts > 0, np.minimum(1.0, most / np.maximum(counts, 1)), 0.0)
