"""The window of a cell: shares of the types around it, by one of three ways to say "around". One image, no files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tumint.kernels.windows import window_counts
from tumint.neighbourhood import graph as graphs
from tumint.neighbourhood.image import Image


@dataclass(frozen=True)
class Window:
    """Which cells are around a cell; it is always one of them.

    Attributes
    ----------
    kind
        `nearest`: the `nearest` nearest others; `radius`: all within `radius_um`; `hops`: all within `hops` edges of
        the Delaunay triangulation, none of them longer than `max_edge_um` (0: no limit).
    """

    kind: Literal["nearest", "radius", "hops"] = "nearest"
    nearest: int = 30
    radius_um: float = 50.0
    hops: int = 3
    max_edge_um: float = 50.0

    def counts(self, image: Image, n_types: int) -> np.ndarray:
        """Cells of each type around every cell of an image (n × K)."""
        if self.kind == "nearest":
            graph, hops = graphs.knn(image.xy, self.nearest, ids=image.ids), 1
        elif self.kind == "radius":
            graph, hops = graphs.radius(image.xy, self.radius_um, ids=image.ids), 1
        else:
            graph, hops = image.triangulation.within(self.max_edge_um), self.hops
        out = np.zeros((len(image.xy), n_types), np.int32)
        window_counts(graph.indptr, graph.indices, image.labels.astype(np.int64), hops, out)
        return out


def shares(counts: np.ndarray) -> np.ndarray:
    """Counts of windows (n × K) as shares; every window holds at least its own cell."""
    return np.asarray(counts / counts.sum(axis=1, keepdims=True), dtype=np.float64)


def points(counts: np.ndarray) -> np.ndarray:
    """Windows as points: square roots of shares, whose distance is Hellinger's.

    So a difference between no regulatory T cell and a few weighs as much as one between half and two thirds tumour.
    """
    return np.sqrt(shares(counts)).astype(np.float32)
