"""Distance from each cell of one type to the nearest cell of another: in µm, and as an index that knows no abundance.

The index of an a-cell for b is the share of the other cells of its stratum, neither a nor b, that are nearer to a
b-cell than it is (ties ½); its mean over the a-cells is the chance that such a cell is nearer. The b-cells stay where
they are, so neither their number nor how they cluster matters: ½ where the labels of all others are permuted within
strata, and where b is independent of them. Below ½, a is nearer to b than others are. For a itself the others are
measured without the a-cell they are compared with, which makes ½ exact there too. (Mann & Whitney 1947; of the kind of
smoppix's probabilistic index, Genome Biol 2026, 27:68.) One image, no files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from tumint import keys as k
from tumint.kernels.nearer import index_means, nearness
from tumint.neighbourhood.moments import cross_table
from tumint.neighbourhood.scores import pair_status

QUANTILES = {"p10_um": 0.1, "p25_um": 0.25, "median_um": 0.5, "p75_um": 0.75, "p90_um": 0.9}
SHORTEST_UM = 0.1  # stands for shorter distances in logs, which coincident cells would make infinite


@dataclass(frozen=True)
class Nearest:
    """Of every cell the nearest other cell of each type (cells × K): itself never, a coincident one perhaps.

    Attributes
    ----------
    distance, second
        Distances in µm to the nearest and to the second nearest; infinite where there is none.
    target
        Which cell is the nearest; −1 where there is none.
    """

    distance: np.ndarray
    second: np.ndarray
    target: np.ndarray


def nearest(xy: np.ndarray, labels: np.ndarray, n_types: int) -> Nearest:
    """The nearest cells of each type; `labels` (cells) are codes from 0."""
    shape = (len(xy), n_types)
    distance, second, target = np.full(shape, np.inf), np.full(shape, np.inf), np.full(shape, -1)
    for b in range(n_types):
        mine = labels == b
        own, others = np.flatnonzero(mine), np.flatnonzero(~mine)
        if not len(own):
            continue
        tree = cKDTree(xy[own])
        number = np.append(own, -1)  # the tree's "none" is one past its end
        d, which = tree.query(xy[others], k=[1, 2])
        distance[others, b], second[others, b], target[others, b] = d[:, 0], d[:, 1], number[which[:, 0]]
        # the nearest of its own type is the cell itself, at 0, or one at the same place
        d, which = tree.query(xy[own], k=[1, 2, 3])
        first = np.where(number[which[:, 1]] == own, which[:, 0], which[:, 1])
        distance[own, b], second[own, b], target[own, b] = d[:, 1], d[:, 2], number[first]
    return Nearest(distance, second, target)


def index_of_cells(found: Nearest, labels: np.ndarray, strata: np.ndarray) -> np.ndarray:
    """The index of every cell for each type (cells × K); missing where its stratum has none to compare it with."""
    order = np.argsort(strata, kind="stable")
    blocks = np.concatenate([[0], np.cumsum(np.bincount(strata))]).astype(np.int64)
    out = np.empty(found.distance.shape)
    nearness(found.distance, found.second, found.target, labels, strata, order, blocks, out)
    return out


def mean_index(found: Nearest, labels: np.ndarray, strata: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Number of cells, mean and standard error of the index (K × K) over the cells of each source.

    Cells that share their nearest target are one cluster for the standard error, which has a share for the others
    too: both sides are samples, with about the same variance of ranks (DeLong et al. 1988).
    """
    K = found.distance.shape[1]
    n, mean, se = np.empty((K, K), np.int64), np.empty((K, K)), np.empty((K, K))
    index_means(index_of_cells(found, labels, strata), found.target, labels, n, mean, se)
    in_stratum = cross_table(labels, strata, K, int(strata.max(initial=0)) + 1)
    others = np.empty((K, K))
    for a in range(K):
        neither = in_stratum.sum(axis=0) - in_stratum[a] - in_stratum * (np.arange(K) != a)[:, None]
        others[a] = neither[:, in_stratum[a] > 0].sum(axis=1)
    return n, mean, se * np.sqrt(1 + n / np.maximum(others, 1))


def distance_table(
    sample: str,
    xy: np.ndarray,
    labels: np.ndarray,
    types: Sequence[str],
    min_cells: int = 10,
    strata: np.ndarray | None = None,
) -> pd.DataFrame:
    """Nearest distances of every ordered pair of `types`, summarised over the source cells (`contracts.DISTANCES`).

    Parameters
    ----------
    xy
        (cells × 2, float64) in µm.
    labels
        (cells) index into `types`.
    strata
        (cells) codes from 0, within which the index compares cells; None: the image.

    Returns
    -------
    `sd_log` is the standard deviation of the log distance over cells (n − 1). Missing unless `tested`.
    """
    K = len(types)
    sizes = np.bincount(labels, minlength=K)
    status = pair_status(sizes, min_cells)
    found = nearest(xy, labels, K)
    mean, mean_log, sd_log = (np.full((K, K), np.nan) for _ in range(3))
    spread = np.full((len(QUANTILES), K, K), np.nan)
    for a in range(K):
        columns = np.flatnonzero(status[a] == k.TESTED)
        if not len(columns):
            continue
        distances = found.distance[labels == a][:, columns]
        logs = np.log(np.maximum(distances, SHORTEST_UM))
        mean[a, columns] = distances.mean(axis=0)
        spread[:, a, columns] = np.quantile(distances, list(QUANTILES.values()), axis=0)
        mean_log[a, columns] = logs.mean(axis=0)
        if len(logs) > 1:
            sd_log[a, columns] = logs.std(axis=0, ddof=1)
    names = np.asarray(types, dtype=object)
    whole = np.zeros(len(xy), np.int32) if strata is None else strata
    n, index, se = mean_index(found, labels.astype(np.int64), whole)
    known = (status == k.TESTED) & (n > 0)
    return pd.DataFrame(
        {
            k.SAMPLE: sample,
            k.SOURCE: np.repeat(names, K),
            k.TARGET: np.tile(names, K),
            k.N: np.repeat(sizes, K),
            "mean_um": mean.reshape(-1),
            **{name: values.reshape(-1) for name, values in zip(QUANTILES, spread, strict=True)},
            "mean_log": mean_log.reshape(-1),
            "sd_log": sd_log.reshape(-1),
            "n_index": np.where(known, n, 0).reshape(-1),
            "index": np.where(known, index, np.nan).reshape(-1),
            "index_se": np.where(known, se, np.nan).reshape(-1),
            k.STATUS: status.reshape(-1),
        }
    )
