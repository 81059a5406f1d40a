"""Who is whose neighbour: Delaunay, k nearest, radius, or edges that came with the data. Geometry only, no labels.

Every case is defined. Cells at one and the same place are neighbours of each other (never of themselves) and share
all neighbours of their place, on Delaunay and radius graphs. Fewer than two places, or all on one line, have the
Delaunay edges that the limit has: from each place to the next. With k or fewer other cells, kNN takes all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import Delaunay, QhullError, cKDTree

from tumint.kernels.csr import from_pairs, transpose, triangle_edges
from tumint.kernels.hilbert import hilbert_rank


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
    """

    places: np.ndarray
    site: np.ndarray
    corners: np.ndarray | None
    line: np.ndarray
    same: np.ndarray

    @classmethod
    def of(cls, xy: np.ndarray) -> Triangulation:
        """That of cells at `xy` (n × 2, float64)."""
        places, site = _places(xy)
        return cls(places, site, *_triangulate(places))

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
            edges = _spread(edges, self.same[self.site])
        return from_edges(len(self.site), edges, symmetric=True)


def _places(xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct coordinates, and the one of every cell; the cells themselves, in their order, where none coincide."""
    order = np.lexsort((xy[:, 1], xy[:, 0]))
    first = np.ones(len(xy), dtype=bool)
    first[1:] = (np.diff(xy[order], axis=0) != 0).any(axis=1)
    if first.all():
        return xy, np.arange(len(xy))
    site = np.empty(len(xy), dtype=np.int64)
    site[order] = np.cumsum(first) - 1
    return xy[order[first]], site


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


def _spread(edges: np.ndarray, site: np.ndarray) -> np.ndarray:
    """Edges between cells, from edges between their places: all pairs across an edge and within a place."""
    order = np.argsort(site, kind="stable")
    start = np.searchsorted(site[order], np.arange(site.max() + 2))
    shared = np.flatnonzero(np.diff(start) > 1)
    edges = np.concatenate([edges, np.column_stack([shared, shared])])
    first, second = np.diff(start)[edges[:, 0]], np.diff(start)[edges[:, 1]]
    each = np.repeat(np.arange(len(edges)), first * second)
    offset = np.arange(len(each)) - np.repeat(np.cumsum(first * second) - first * second, first * second)
    a = order[start[edges[each, 0]] + offset // second[each]]
    b = order[start[edges[each, 1]] + offset % second[each]]
    return np.column_stack([a, b])


def knn(xy: np.ndarray, k: int = 6, *, symmetric: bool = False) -> Graph:
    """Each cell → its `k` nearest others; `symmetric` adds the way back. Ties are broken by the search tree."""
    n = len(xy)
    near = min(k, n - 1)
    if near < 1:
        return from_edges(n, np.empty((0, 2), dtype=np.int64), symmetric=symmetric)
    found = cKDTree(xy).query(xy, k=near + 1)[1]
    # a cell is its own nearest, but may stand anywhere among the coincident: it is moved to the end and cut off
    others = np.argsort(found == np.arange(n)[:, None], axis=1, kind="stable")[:, :near]
    targets = np.take_along_axis(found, others, axis=1)
    edges = np.column_stack([np.repeat(np.arange(n), near), targets.reshape(-1)])
    return from_edges(n, edges, symmetric=symmetric)


def radius(xy: np.ndarray, radius_um: float = 20.0) -> Graph:
    """All pairs of cells at most `radius_um` apart."""
    if len(xy) < 2:
        return from_edges(len(xy), np.empty((0, 2), dtype=np.int64), symmetric=True)
    return from_edges(len(xy), cKDTree(xy).query_pairs(radius_um, output_type="ndarray"), symmetric=True)


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


def without_rows(graph: Graph, dropped: np.ndarray) -> Graph:
    """The graph without the edges out of `dropped` cells (bool), directed unless there were none."""
    degrees = np.diff(graph.indptr)
    if not degrees[dropped].any():
        return graph
    kept = np.repeat(~dropped, degrees)
    indptr = np.concatenate([[0], np.cumsum(np.where(dropped, 0, degrees))]).astype(np.int64)
    return Graph(indptr, graph.indices[kept], undirected=False)
