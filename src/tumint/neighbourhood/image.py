"""The cells of one image as arrays, in the order that keeps neighbours near in memory, and their graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.neighbourhood import graph as graphs


@dataclass(frozen=True)
class Image:
    """One image: coordinates in µm (n × 2), labels and strata as codes from 0, cell ids; all in Hilbert order."""

    sample: str
    xy: np.ndarray
    labels: np.ndarray
    strata: np.ndarray | None
    ids: np.ndarray
    whole: Image | None = None  # all cells, where only some of them are looked at
    kept: np.ndarray | None = None  # rows of these in `whole`

    @cached_property
    def triangulation(self) -> graphs.Triangulation:
        """Made once for all the lengths at which its edges are cut."""
        return graphs.Triangulation.of(self.xy, self.ids)

    def chosen(self, ids: np.ndarray) -> Image:
        """The cells with these ids alone; who is whose neighbour is still decided among all."""
        kept = np.flatnonzero(np.isin(self.ids, ids))
        strata = None if self.strata is None else np.unique(self.strata[kept], return_inverse=True)[1].reshape(-1)
        return Image(self.sample, self.xy[kept], self.labels[kept], strata, self.ids[kept], self, kept)

    def delaunay(self, max_edge_um: float) -> graphs.Graph:
        """Edges of the triangulation of all cells that are at most so long; 0: no limit."""
        if self.whole is None or self.kept is None:
            return self.triangulation.within(max_edge_um)
        return graphs.among(self.whole.delaunay(max_edge_um), self.kept)

    def guarded(self, guard_um: float) -> np.ndarray:
        """Which cells are `in_guard` of the box around all."""
        if self.whole is None or self.kept is None:
            return in_guard(self.xy, guard_um)
        return self.whole.guarded(guard_um)[self.kept]


@dataclass(frozen=True)
class GraphSpec:
    """Which graph; lengths in µm. `guard_um`: see `in_guard`; those cells keep no edge of their own."""

    kind: Literal["delaunay", "knn", "radius", "provided"] = "delaunay"
    max_edge_um: float = 50.0
    k: int = 6
    symmetric: bool = False
    radius_um: float = 20.0
    guard_um: float = 0.0


def make_image(
    sample: str,
    xy: np.ndarray,
    labels: np.ndarray,
    strata: np.ndarray | None = None,
    ids: np.ndarray | None = None,
) -> Image:
    """Put the cells of an image into Hilbert order; `strata` may be anything that sorts."""
    order = graphs.hilbert_order(xy)
    codes = None if strata is None else np.unique(strata, return_inverse=True)[1].reshape(-1)
    return Image(
        sample,
        np.ascontiguousarray(xy[order]),
        np.asarray(labels)[order],
        None if codes is None else codes[order],
        (np.arange(len(xy)) if ids is None else np.asarray(ids))[order],
    )


def build_graph(image: Image, spec: GraphSpec, edges: pd.DataFrame | None = None) -> graphs.Graph:
    """The graph of an image; `edges` (`source_cell`, `target_cell`) are those that came with the data.

    With a guard zone it is directed: the cells of the zone are neighbours of others and have none themselves, so that
    only whole neighbourhoods count. Labels are then permuted inside the zone and outside it (`levels.level`).
    """
    graph = _whole_graph(image, spec, edges)
    return graph if spec.guard_um == 0 else graphs.without_rows(graph, image.guarded(spec.guard_um))


def in_guard(xy: np.ndarray, guard_um: float) -> np.ndarray:
    """Which cells lie less than `guard_um` within the box around all of them: some of their neighbours were cut off."""
    if len(xy) == 0 or guard_um <= 0:
        return np.zeros(len(xy), dtype=bool)
    return np.asarray((np.minimum(xy - xy.min(axis=0), xy.max(axis=0) - xy) < guard_um).any(axis=1))


def _whole_graph(image: Image, spec: GraphSpec, edges: pd.DataFrame | None) -> graphs.Graph:
    if spec.kind == "delaunay":
        return image.delaunay(spec.max_edge_um)
    if spec.kind != "provided" and image.whole is not None and image.kept is not None:
        return graphs.among(_whole_graph(image.whole, spec, edges), image.kept)
    if spec.kind == "knn":
        return graphs.knn(image.xy, spec.k, symmetric=spec.symmetric, ids=image.ids)
    if spec.kind == "radius":
        return graphs.radius(image.xy, spec.radius_um, ids=image.ids)
    if edges is None or edges.empty:
        return graphs.from_edges(len(image.xy), np.empty((0, 2), dtype=np.int64), symmetric=True)
    return graphs.from_edges(len(image.xy), positions(image.ids, edges), symmetric=False)


def positions(ids: np.ndarray, edges: pd.DataFrame) -> np.ndarray:
    """Edges by cell id as edges by position (m × 2); those that lead to no cell of the image are left out."""
    index = pd.Index(ids)
    found = np.column_stack([index.get_indexer(edges[column]) for column in (k.SOURCE_CELL, k.TARGET_CELL)])
    return found[(found >= 0).all(axis=1)]


def codes(values: Sequence[str] | pd.Series, types: Sequence[str]) -> np.ndarray:
    """Index of every value in `types`."""
    return pd.Index(list(types), dtype=object).get_indexer(pd.Index(np.asarray(values, dtype=object))).astype(np.int64)
