"""Points → clusters by each of the three methods, and how stable Leiden's are over resolutions. Arrays in and out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumint.cluster.leiden import communities, number_by_size
from tumint.cluster.neighbours import EXACT, jaccard_edges, near_neighbours, nearest_centres, nearest_neighbours
from tumint.config.cluster import SweepConfig
from tumint.text import fixed, setting

Graph = tuple[np.ndarray, np.ndarray]  # undirected edges (m × 2, lower first, sorted) and weights (m,)
_GRID = 144  # prototypes of the grid, 12 × 12
_DRAWN = 50_000  # cells that they are trained on


def neighbour_lists(points: np.ndarray, k: int, *, seed: int, threads: int) -> np.ndarray:
    """The k nearest neighbours (n × k): exact up to `EXACT` points, nearly so beyond."""
    search = nearest_neighbours if len(points) <= EXACT else near_neighbours
    return search(points, min(k, len(points) - 1), seed=seed, threads=threads)[0]


def graph_of(neighbours: np.ndarray, method: str, *, threads: int) -> Graph:
    """The graph that Leiden cuts: `phenograph` or `leiden` (see the config)."""
    if method == "phenograph":
        return jaccard_edges(neighbours, threads=threads)
    n, k = neighbours.shape
    source, target = np.repeat(np.arange(n), k), neighbours.ravel()
    pair, counts = np.unique(np.minimum(source, target) * n + np.maximum(source, target), return_counts=True)
    return np.column_stack([pair // n, pair % n]), counts.astype(float)


def grid_clusters(points: np.ndarray, n_clusters: int, *, seed: int, threads: int) -> np.ndarray:
    """Prototypes by k-means, joined into metaclusters by average linkage.

    The idea of FlowSOM (Van Gassen et al. 2015, Cytometry A 87:636) with mini-batch k-means in place of the
    self-organising map, whose grid serves its drawing only.
    """
    from sklearn.cluster import AgglomerativeClustering, MiniBatchKMeans

    rng = np.random.default_rng(seed)
    drawn = np.sort(rng.choice(len(points), min(len(points), _DRAWN), replace=False))
    prototypes = min(_GRID, max(len(drawn) // 5, 1))
    means = MiniBatchKMeans(prototypes, batch_size=4096, n_init=3, random_state=seed).fit(points[drawn])
    centres = np.unique(means.cluster_centers_.astype(np.float32), axis=0)
    home = nearest_centres(points, centres, threads=threads)
    if len(centres) <= n_clusters:
        return number_by_size(home)
    joined = AgglomerativeClustering(n_clusters, linkage="average").fit_predict(centres)
    return number_by_size(joined[home])


def sweep(points: np.ndarray, k: int, method: str, config: SweepConfig, *, seed: int, threads: int) -> pd.DataFrame:
    """How stable the clusters are at each resolution.

    A part of the cells is clustered as a whole and in four fifths drawn at random, several times; what counts is the
    adjusted Rand index between the two over the cells of both.

    Returns
    -------
    `resolution, clusters, stability, sd, recommended, why` (contract SWEEP). Recommended is the finest resolution with
    two clusters or more that is as stable as the best of them, less its standard deviation.
    """
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(seed)
    drawn = np.sort(rng.choice(len(points), min(len(points), config.max_cells), replace=False))
    parts = [np.arange(len(drawn))]
    size = max(int(0.8 * len(drawn)), 3)
    parts += [np.sort(rng.choice(len(drawn), size, replace=False)) for _ in range(config.resamples)]
    graphs = [
        graph_of(neighbour_lists(points[drawn[part]], k, seed=seed, threads=threads), method, threads=threads)
        for part in parts
    ]
    rows = []
    for resolution in sorted(set(config.resolutions)):
        labels = [
            communities(len(part), *graph, resolution=resolution, seed=seed)
            for part, graph in zip(parts, graphs, strict=True)
        ]
        same = [
            float(adjusted_rand_score(labels[0][part], found))
            for part, found in zip(parts[1:], labels[1:], strict=True)
        ]
        rows.append((resolution, int(labels[0].max()) + 1, float(np.mean(same)), float(np.std(same, ddof=1))))
    table = pd.DataFrame(rows, columns=["resolution", "clusters", "stability", "sd"])
    several = table[table["clusters"] > 1]
    if several.empty:
        return table.assign(recommended=table.index == 0, why="no resolution gives two clusters")
    resolutions, means, sds = (several[c].to_numpy(float) for c in ("resolution", "stability", "sd"))
    top = int(means.argmax())
    finest = int(np.flatnonzero(means >= means[top] - sds[top])[-1])
    why = (
        f"the finest whose stability ({fixed(means[finest])}) is within one standard deviation ({fixed(sds[top])}) of "
        f"the best ({fixed(means[top])} at {setting(resolutions[top])})"
    )
    return table.assign(recommended=table["resolution"] == resolutions[finest], why=why)
