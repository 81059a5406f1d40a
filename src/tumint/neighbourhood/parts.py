"""What two types share beside contact: expected edges at each level, over the edges that can vary.

log2((C + ½) / (E_global + ½)) = log2((E_domain + ½) / (E_global + ½)) + log2((E_null + ½) / (E_domain + ½))
+ log2((C + ½) / (E_null + ½)): shared domain + shared region + contact. Under a local null E_null is what there would
be if each cell were like those nearby (`nearby_counts`), and not that of tiles: aggregates smaller than a tile are
regions. An edge between two cells whose strata hold one type alone is what it is under every permutation; it would add
the same to C and E, pull their ratio to 1, and counts in neither.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tumint.kernels.counts import edge_counts
from tumint.kernels.csr import without_edges
from tumint.kernels.exchange import surroundings
from tumint.kernels.nearby import nearby_counts
from tumint.neighbourhood.graph import Graph
from tumint.neighbourhood.levels import Level, Nearby
from tumint.neighbourhood.moments import cross_table, exact_mean


@dataclass(frozen=True)
class Parts:
    """Edges of every ordered pair of types (K × K) over the edges that can vary: seen, and expected at three levels.

    `expected` is under the permutations of the level; `nearby` is what contact is told from: the same but for local
    levels.
    """

    observed: np.ndarray
    expected: np.ndarray
    nearby: np.ndarray
    in_domain: np.ndarray
    in_image: np.ndarray

    def log2(self, half: np.ndarray | float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Shared domain, shared region and contact, with `half` an event added to each count."""
        whole, domain, null, seen = (
            np.log2(values + half) for values in (self.in_image, self.in_domain, self.nearby, self.observed)
        )
        return domain - whole, null - domain, seen - null


def parts(graph: Graph, labels: np.ndarray, n_types: int, level: Level, domains: Level | None) -> Parts:
    """Parts of the counts of one image under `level`; `domains` is the level `domain`, None where there is none."""
    graph = varying(graph, labels, level.tilings[0])
    observed = np.empty((n_types, n_types), np.int64)
    edge_counts(graph.indptr, graph.indices, labels, graph.undirected, observed)
    in_image = expected(graph, labels, n_types, (level.image,))
    whole = level.name == "global"
    in_domain = in_image if whole or domains is None else expected(graph, labels, n_types, domains.tilings)
    known = whole or (domains is not None and level.name == domains.name)
    at_level = in_domain if known else expected(graph, labels, n_types, level.tilings)
    nearby = at_level if level.nearby is None else expected_nearby(graph, labels, n_types, level.nearby)
    return Parts(observed.astype(float), at_level, nearby, in_domain, in_image)


def expected_nearby(graph: Graph, labels: np.ndarray, n_types: int, near: Nearby) -> np.ndarray:
    """Counts (K × K) if the type of each cell were that of one of the cells around it, the nearer the likelier."""
    labels = labels.astype(np.int64)
    around = np.zeros((graph.n, n_types))
    for cells in _of_each(near.strata):
        around[cells] = surroundings(np.ascontiguousarray(near.xy[cells]), labels[cells], n_types, near.reach_um)
    out = np.empty((n_types, n_types))
    nearby_counts(near.xy, labels, near.strata, graph.indptr, graph.indices, around, near.reach_um, out)
    return out


def _of_each(strata: np.ndarray) -> list[np.ndarray]:
    """The cells of every stratum, in their order."""
    order = np.argsort(strata, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(strata[order])) + 1) if len(order) else []


def expected(graph: Graph, labels: np.ndarray, n_types: int, tilings: tuple[np.ndarray, ...]) -> np.ndarray:
    """Mean of the counts (K × K) when labels are permuted within strata, over the tilings."""
    means = [
        exact_mean(graph, strata, cross_table(labels, strata, n_types, int(strata.max(initial=0)) + 1))
        for strata in tilings
    ]
    return np.asarray(np.mean(means, axis=0))


def varying(graph: Graph, labels: np.ndarray, strata: np.ndarray) -> Graph:
    """The graph without the edges between cells whose strata hold one type alone."""
    size = int(strata.max(initial=0)) + 1
    first = np.zeros(size, np.int64)
    first[strata] = labels
    mixed = np.zeros(size, np.bool_)
    mixed[strata[labels != first[strata]]] = True
    if mixed.all():
        return graph
    return Graph(*without_edges(graph.indptr, graph.indices, ~mixed[strata]), graph.undirected)
