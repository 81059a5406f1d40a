"""Which cells are in a network: a graph of all cells, of which the edges between chosen cells are kept. No files.

After Gaglia et al. 2023 (lymphonets): the triangulation is that of ALL cells, so that two lymphocytes with a tumour
cell between them are not joined. With `crowd`, cells count only where their own kind is dense; with `near`, networks
only where enough cells of other types are beside them (lymphoid aggregates).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from tumint.kernels.networks import components, sizes_of
from tumint.neighbourhood.graph import Graph


@dataclass(frozen=True)
class Kind:
    """A kind of network; types as codes.

    Attributes
    ----------
    name
        Such as `lymphonets`.
    types
        Whose cells it is made of.
    least
        Cells that it has at least.
    max_edge_um
        Longest edge.
    crowd
        Number of nearest cells of these types, and how far they may be on average, in µm; None: all cells count.
    near
        Types, how many of their cells, and within how many µm of a cell of the network; None: not asked.
    """

    name: str
    types: tuple[int, ...]
    least: int = 6
    max_edge_um: float = 50.0
    crowd: tuple[int, float] | None = None
    near: tuple[tuple[int, ...], int, float] | None = None


def networks(kind: Kind, graph: Graph, xy: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The first cell of the network of every cell (n); −1 where it is in none."""
    member = np.isin(labels, kind.types)
    if kind.crowd is not None:
        member[member] = _crowded(xy[member], *kind.crowd)
    roots, sizes = np.empty(len(labels), np.int64), np.empty(len(labels), np.int64)
    components(graph.indptr, graph.indices, member, roots)
    sizes_of(roots, sizes)
    roots[sizes < kind.least] = -1
    return roots if kind.near is None else _accompanied(roots, xy, labels, *kind.near)


def _crowded(xy: np.ndarray, nearest: int, mean_um: float) -> np.ndarray:
    """Whether the mean distance to the `nearest` nearest others is at most `mean_um`; with fewer others, it is not."""
    if len(xy) <= nearest:
        return np.zeros(len(xy), bool)
    # the first is the cell itself, or one at the same place: 0 either way
    distance = cKDTree(xy).query(xy, k=nearest + 1)[0]
    return np.asarray(distance[:, 1:].mean(axis=1) <= mean_um)


def _accompanied(
    roots: np.ndarray, xy: np.ndarray, labels: np.ndarray, types: tuple[int, ...], cells: int, within_um: float
) -> np.ndarray:
    """Networks with at least `cells` cells of `types` within `within_um` of any of their own."""
    others, inside = np.flatnonzero(np.isin(labels, types)), np.flatnonzero(roots >= 0)
    if not len(others) or not len(inside):
        return np.full(len(roots), -1, np.int64)
    pairs = cKDTree(xy[inside]).sparse_distance_matrix(cKDTree(xy[others]), within_um, output_type="ndarray")
    beside = np.unique(np.column_stack([roots[inside[pairs["i"]]], others[pairs["j"]]]), axis=0)
    found, count = np.unique(beside[:, 0], return_counts=True)
    return np.where(np.isin(roots, found[count >= cells]), roots, -1)


def numbered(roots: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Networks numbered from 1, the largest first, equal ones by the lowest cell id in them; 0: in none."""
    inside = np.flatnonzero(roots >= 0)
    out = np.zeros(len(roots), np.int64)
    if not len(inside):
        return out
    found, code = np.unique(roots[inside], return_inverse=True)
    code = code.reshape(-1)
    lowest = np.full(len(found), np.iinfo(np.int64).max)
    np.minimum.at(lowest, code, ids[inside].astype(np.int64))
    order = np.lexsort((lowest, -np.bincount(code)))
    rank = np.empty(len(found), np.int64)
    rank[order] = np.arange(1, len(found) + 1)
    out[inside] = rank[code]
    return out
