"""Who is whose neighbour: Delaunay, k nearest, radius, or edges that came with the data. Geometry only, no labels.

Every case is defined. Cells at one and the same place are neighbours of each other (never of themselves) and share
all neighbours of their place, on Delaunay and radius graphs; of more than 21 see `coincident`. Fewer than two places,
or all on one line, have the Delaunay edges that the limit has: from each place to the next. With k or fewer other
cells, kNN takes all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import Delaunay, QhullError, cKDTree

from tumint.kernels.csr import from_pairs, transpose, triangle_edges
from tumint.kernels.hilbert import hilbert_rank
from tumint.keys import TOGETHER
from tumint.neighbourhood.coincident import Sites, places


@dataclass(frozen=True)
class Graph:
    """A binary graph without self loops in compressed sparse rows.

    Attributes
    ----------
    indptr, indices
        int64 (n + 1), int32 (edges); rows sorted. An undirected graph holds both directions.
    undirected
        Whether every edge is there in both directions.
    """

    indptr: np.ndarray
    indices: np.ndarray
    undirected: bool

    @property
    def n(self) -> int:
        """Number of cells."""
        return int(self.indptr.size - 1)

    @property
    def n_edges(self) -> int:
        """Number of directed edges."""
        return int(self.indices.size)

    def turned(self) -> tuple[np.ndarray, np.ndarray]:
        """`indptr, indices` of the graph with every edge turned round."""
        return (self.indptr, self.indices) if self.undirected else transpose(self.indptr, self.indices)


def hilbert_order(xy: np.ndarray) -> np.ndarray:
    """Positions of the cells along a Hilbert curve (ties by x, then y, then row): neighbours near in memory."""
    if len(xy) == 0:
        return np.empty(0, dtype=np.int64)
    low = xy.min(axis=0)
    extent = float((xy.max(axis=0) - low).max()) or 1.0
    places = np.minimum((xy - low) * (65535.0 / extent), 65535.0).astype(np.uint32)
    return np.lexsort((xy[:, 1], xy[:, 0], hilbert_rank(places[:, 0], places[:, 1])))


def delaunay(xy: np.ndarray, max_edge_um: float = 50.0) -> Graph:
    """Edges of the Delaunay triangulation (Qhull) that are at most `max_edge_um` long; 0: no limit.

    Parameters
    ----------
    xy
        (n × 2, float64) coordinates in µm.
    """
    return Triangulation.of(xy).within(max_edge_um)


@dataclass(frozen=True)
class Triangulation:
    """The Delaunay triangulation of cells, of which edges of any length can be had.

    Attributes
    ----------
    places, site
        Distinct coordinates in µm (m × 2), and which of them every cell has (n).
    corners
        Triangles (t × 3) of places; None where all places are on one line, along which `line` leads (m).
    same
        Which place each one was merged into, mostly itself (m).
    ids
        Order of the cells of one place (n); None: that of the rows.
    """

    places: np.ndarray
    site: np.ndarray
    corners: np.ndarray | None
    line: np.ndarray
    same: np.ndarray
    ids: np.ndarray | None = None

    @classmethod
    def of(cls, xy: np.ndarray, ids: np.ndarray | None = None) -> Triangulation:
        """That of cells at `xy` (n × 2, float64)."""
        distinct, site = places(xy)
        return cls(distinct, site, *_triangulate(distinct), ids)

    def within(self, max_edge_um: float) -> Graph:
        """The graph of the edges that are at most `max_edge_um` long; 0: no limit."""
        places, longest = self.places, max_edge_um if max_edge_um > 0 else np.inf
        if self.corners is not None:
            edges = triangle_edges(places, self.corners, longest)
        else:
            steps = places[self.line[1:]] - places[self.line[:-1]]
            near = np.hypot(steps[:, 0], steps[:, 1]) <= longest
            edges = np.column_stack([self.line[:-1], self.line[1:]])[near]
        if len(places) < len(self.site) or (self.same != np.arange(len(places))).any():
            edges = Sites.of(self.same[self.site], self.ids).spread(edges)
        return from_edges(len(self.site), edges, symmetric=True)


def _triangulate(places: np.ndarray) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
    """`corners`, `line` and `same` of distinct places: see `Triangulation`."""
    n = len(places)
    same = np.arange(n)
    if n < 2:
        return None, same, same
    centred = places - places.mean(axis=0)
    if n > 2 and np.linalg.matrix_rank(centred, tol=1e-9 * float(np.abs(centred).max())) == 2:
        try:
            found = Delaunay(centred)
        except QhullError:
            pass  # flat within rounding: as if on one line
        else:
            # Qhull leaves out points closer to another than its precision: they join that point
            same[found.coplanar[:, 0]] = found.coplanar[:, 2]
            return found.simplices, same[:0], same
    direction = np.linalg.svd(centred, full_matrices=False)[2][0]
    return None, np.argsort(centred @ direction, kind="stable"), same


def knn(xy: np.ndarray, k: int = 6, *, symmetric: bool = False, ids: np.ndarray | None = None) -> Graph:
    """Each cell → its `k` nearest others; `symmetric` adds the way back. Ties are broken by the search tree.

    Of more than 21 cells at one place, and more than `k`, each has the `k` that follow it in the order of `ids` (None:
    of the rows), the first after the last.
    """
    n = len(xy)
    near = min(k, n - 1)
    if near < 1:
        return from_edges(n, np.empty((0, 2), dtype=np.int64), symmetric=symmetric)
    sites = Sites.of(places(xy)[1], ids)
    if sites.crowded:
        return from_edges(n, _nearest_of_crowds(xy, near, sites), symmetric=symmetric)
    return from_edges(n, _nearest(xy, near), symmetric=symmetric)


def _nearest(xy: np.ndarray, near: int) -> np.ndarray:
    """Edges (m × 2) from each cell to the `near` nearest others, of which there are enough."""
    n = len(xy)
    found = cKDTree(xy).query(xy, k=near + 1)[1]
    # a cell is its own nearest, but may stand anywhere among the coincident: it is moved to the end and cut off
    others = np.argsort(found == np.arange(n)[:, None], axis=1, kind="stable")[:, :near]
    targets = np.take_along_axis(found, others, axis=1)
    return np.column_stack([np.repeat(np.arange(n), near), targets.reshape(-1)])


def _nearest_of_crowds(xy: np.ndarray, near: int, sites: Sites) -> np.ndarray:
    """As `_nearest`, where a search by the tree would compare all cells of a crowd with each other."""
    beyond = max(TOGETHER, near)
    size = np.repeat(sites.sizes, sites.sizes)
    rank = np.arange(len(xy)) - np.repeat(sites.start[:-1], sites.sizes)
    # all that others can have as neighbours: of a crowd no more than they have themselves
    kept = np.sort(sites.order[(size <= beyond) | (rank <= beyond)])
    crowd = np.zeros(len(xy), dtype=bool)
    crowd[sites.order[size > beyond]] = True
    edges = kept[_nearest(xy[kept], near)]
    return np.concatenate([edges[~crowd[edges[:, 0]]], sites.rings(near, beyond)])


def radius(xy: np.ndarray, radius_um: float = 20.0, *, ids: np.ndarray | None = None) -> Graph:
    """All pairs of cells at most `radius_um` apart; of more than 21 at one place see `coincident`."""
    n = len(xy)
    if n < 2:
        return from_edges(n, np.empty((0, 2), dtype=np.int64), symmetric=True)
    distinct, site = places(xy)
    sites = Sites.of(site, ids)
    if sites.crowded:
        pairs = cKDTree(distinct).query_pairs(radius_um, output_type="ndarray")
        return from_edges(n, sites.spread(pairs), symmetric=True)
    return from_edges(n, cKDTree(xy).query_pairs(radius_um, output_type="ndarray"), symmetric=True)


def from_edges(n: int, edges: np.ndarray, *, symmetric: bool) -> Graph:
    """Graph of `n` cells from edges (m × 2, cell numbers); repeats and self loops are dropped.

    `symmetric` adds every way back. Without it the graph still counts as undirected where all of them are there.
    """
    sources, targets = np.ascontiguousarray(edges[:, 0]), np.ascontiguousarray(edges[:, 1])
    if symmetric:
        sources, targets = np.concatenate([sources, targets]), np.concatenate([targets, sources])
    indptr, indices = from_pairs(n, sources, targets)
    undirected = symmetric
    if not symmetric:
        back_indptr, back = transpose(indptr, indices)
        undirected = np.array_equal(indptr, back_indptr) and np.array_equal(indices, back)
    return Graph(indptr, indices, undirected)


def among(graph: Graph, kept: np.ndarray) -> Graph:
    """The graph of the cells `kept` (rows, rising): the edges between them, and no others in their place."""
    at = np.full(graph.n, -1, dtype=np.int64)
    at[kept] = np.arange(len(kept))
    sources = at[np.repeat(np.arange(graph.n), np.diff(graph.indptr))]
    targets = at[graph.indices]
    inside = (sources >= 0) & (targets >= 0)
    degrees = np.bincount(sources[inside], minlength=len(kept))
    indptr = np.concatenate([[0], np.cumsum(degrees)]).astype(np.int64)
    return Graph(indptr, targets[inside].astype(np.int32), graph.undirected)


def without_rows(graph: Graph, dropped: np.ndarray) -> Graph:
    """The graph without the edges out of `dropped` cells (bool), directed unless there were none."""
    degrees = np.diff(graph.indptr)
    if not degrees[dropped].any():
        return graph
    kept = np.repeat(~dropped, degrees)
    indptr = np.concatenate([[0], np.cumsum(np.where(dropped, 0, degrees))]).astype(np.int64)
    return Graph(indptr, graph.indices[kept], undirected=False)
