"""Windows of a cohort → clusters → niches, and how many: by how stable they are. Arrays in and out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tumint.text import fixed

_BATCH = 4096
_ITERATIONS = 50
_STARTS = 3


@dataclass(frozen=True)
class Tree:
    """Clusters of windows, and how average linkage joins them.

    Attributes
    ----------
    centres
        (F × K, float64) as `windows.points`.
    sizes
        Windows of each cluster (F) that were learnt from.
    joins
        (F − 1 × 2) which two clusters become one, from the first step on; the lower code stays.
    """

    centres: np.ndarray
    sizes: np.ndarray
    joins: np.ndarray

    def cut(self, number: int) -> np.ndarray:
        """Which of `number` communities each cluster is in (F), codes from 0 in the order of clusters."""
        member = np.arange(len(self.centres))
        for kept, gone in self.joins[: max(len(self.centres) - number, 0)]:
            member[member == gone] = kept
        return np.unique(member, return_inverse=True)[1].reshape(-1)

    def nearest(self, points: np.ndarray) -> np.ndarray:
        """The cluster of every window (n); the first of those that are equally near."""
        return nearest_centre(points, self.centres)


def nearest_centre(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Which centre is nearest to each point (n), piece by piece, so that memory does not grow with their number."""
    squares = np.square(centres).sum(axis=1)
    out = np.empty(len(points), np.int64)
    for start in range(0, len(points), 65_536):
        part = points[start : start + 65_536].astype(np.float64)
        # rounded, so that the order in which a library adds up decides nothing
        out[start : start + 65_536] = np.round(squares - 2 * part @ centres.T, 9).argmin(axis=1)
    return out


def grow(points: np.ndarray, clusters: int, seed: int) -> Tree:
    """Mini-batch k-means into at most `clusters`, and average linkage of these, weighed by their windows."""
    from sklearn.cluster import MiniBatchKMeans

    distinct = len(np.unique(points, axis=0))
    number = min(clusters, distinct)
    found: Any = MiniBatchKMeans(
        number, batch_size=_BATCH, n_init=_STARTS, max_iter=_ITERATIONS, random_state=seed
    ).fit(points)
    centres = np.unique(found.cluster_centers_.astype(np.float64), axis=0)
    sizes = np.bincount(nearest_centre(points, centres), minlength=len(centres))
    centres, sizes = centres[sizes > 0], sizes[sizes > 0]
    return Tree(centres, sizes, average_linkage(centres, sizes))


def average_linkage(centres: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Which two clusters are joined at each step: those whose windows are nearest on average (UPGMA)."""
    n, size = len(centres), sizes.astype(np.float64)
    distance = np.sqrt(np.square(centres[:, None] - centres[None]).sum(axis=2))
    np.fill_diagonal(distance, np.inf)
    joins = np.empty((max(n - 1, 0), 2), np.int64)
    for step in range(n - 1):
        kept, gone = sorted(divmod(int(distance.argmin()), n))
        new = (size[kept] * distance[kept] + size[gone] * distance[gone]) / (size[kept] + size[gone])
        distance[kept], distance[:, kept] = new, new
        distance[gone], distance[:, gone], distance[kept, kept] = np.inf, np.inf, np.inf
        size[kept] += size[gone]
        joins[step] = kept, gone
    return joins


def stability(points: np.ndarray, tree: Tree, clusters: int, numbers: Sequence[int], resamples: int, seed: int) -> Any:
    """How alike the communities of the whole and of halves of it are, at each of `numbers`.

    Returns
    -------
    `niches, stability, sd, chosen, why` (contract NICHE_NUMBERS): adjusted Rand index over all windows, mean over
    halves drawn at random. Chosen is the largest number as stable as the best, less its standard deviation.
    """
    from sklearn.metrics import adjusted_rand_score

    home = tree.nearest(points)
    values = np.empty((resamples, len(numbers)))
    for i in range(resamples):
        drawn = np.sort(np.random.default_rng([seed, i]).choice(len(points), max(len(points) // 2, 1), replace=False))
        other = grow(points[drawn], clusters, seed + 1 + i)
        there = other.nearest(points)
        for j, number in enumerate(numbers):
            values[i, j] = adjusted_rand_score(tree.cut(number)[home], other.cut(number)[there])
    mean, sd = values.mean(axis=0), values.std(axis=0, ddof=1)
    top = int(mean.argmax())
    best = int(np.flatnonzero(mean >= mean[top] - sd[top])[-1])
    why = (
        f"the most niches whose stability ({fixed(mean[best])}) is within one standard deviation ({fixed(sd[top])}) "
        f"of the best ({fixed(mean[top])} at {numbers[top]})"
    )
    return pd.DataFrame(
        {"niches": list(numbers), "stability": mean, "sd": sd, "chosen": np.arange(len(numbers)) == best, "why": why}
    )
