"""UMAP of a part of the cells, for the eye alone: nothing is computed from it."""

from __future__ import annotations

import random

import igraph
import numpy as np

from tumint.cluster.neighbours import nearest_neighbours

_NEIGHBOURS = 15
_EPOCHS = 100


def drawn(n: int, most: int, *, seed: int) -> np.ndarray:
    """Rows of at most `most` of n cells, ascending."""
    return np.sort(np.random.default_rng(seed).choice(n, min(n, most), replace=False))


def umap(points: np.ndarray, *, seed: int) -> np.ndarray:
    """UMAP (McInnes et al. 2018) of `points` (n × d): (n × 2) float32, by igraph's C implementation.

    Exact neighbours, started from two principal components, one thread, random numbers from `seed` alone. Not
    umap-learn: importing and compiling it takes longer than everything else here.
    """
    neighbours, squares = nearest_neighbours(points, min(_NEIGHBOURS, len(points) - 1), seed=seed)
    edges = np.column_stack([np.repeat(np.arange(len(points)), neighbours.shape[1]), neighbours.ravel()])
    graph = igraph.Graph(n=len(points), edges=edges, directed=True)
    igraph.set_random_number_generator(random.Random(seed))
    try:
        layout = graph.layout_umap(
            dist=np.sqrt(squares).ravel().tolist(), dim=2, seed=_plane(points).tolist(), min_dist=0.1, epochs=_EPOCHS
        )
    finally:
        igraph.set_random_number_generator(random)
    return np.array(layout.coords, dtype=np.float32)


def _plane(points: np.ndarray) -> np.ndarray:
    """The first two principal components, their signs fixed, from -10 to 10."""
    centred = points.astype(float) - points.mean(axis=0, dtype=float)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, np.argsort(-values, kind="stable")[:2]]
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])] < 0, -1, 1)
    start = np.column_stack([centred @ axes, np.zeros((len(points), 2 - axes.shape[1]))])
    return 10 * start / max(np.abs(start).max(), 1e-12)
