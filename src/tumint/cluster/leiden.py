"""Leiden communities of a weighted graph, and cluster numbers that depend on the clusters alone."""

from __future__ import annotations

import random

import igraph
import numpy as np

ITERATIONS = 2


def communities(n: int, edges: np.ndarray, weights: np.ndarray, *, resolution: float, seed: int) -> np.ndarray:
    """Leiden by modularity (Traag et al. 2019, Sci Rep 9:5233), igraph's C implementation, two iterations.

    Parameters
    ----------
    n, edges, weights
        Number of nodes, undirected edges (m × 2) and their weights (m,).
    resolution
        γ of the modularity: larger gives more communities.

    Returns
    -------
    Community of each node (n,) int64. One thread, and igraph's random numbers come from `seed` alone.
    """
    graph = igraph.Graph(n=n, edges=edges)
    igraph.set_random_number_generator(random.Random(seed))
    try:
        found = graph.community_leiden(
            objective_function="modularity", weights=weights, resolution=resolution, n_iterations=ITERATIONS
        )
    finally:
        igraph.set_random_number_generator(random)
    return np.array(found.membership, dtype=np.int64)


def subgraph(cells: np.ndarray, edges: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The edges among the nodes where `cells` (n,) is true, their nodes numbered from 0, and their weights."""
    inside = cells[edges[:, 0]] & cells[edges[:, 1]]
    return (np.cumsum(cells) - 1)[edges[inside]], weights[inside]


def number_by_size(labels: np.ndarray) -> np.ndarray:
    """Labels 0, 1, ... from the largest cluster to the smallest; equal sizes in the order of their first cells."""
    _, first, inverse, counts = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), dtype=np.int64)
    rank[np.lexsort((first, -counts))] = np.arange(len(counts))
    return rank[inverse]
