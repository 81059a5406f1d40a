"""Interaction scores of one image: every ordered pair of types against a null. Arrays and tables, no files.

The statistics are those of histoCAT (Schapiro et al. 2017) and imcRtools (Windhager et al. 2023).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.neighbourhood import moves, nulls, skewness, tails
from tumint.neighbourhood.graph import Graph
from tumint.neighbourhood.moments import cross_table, exact_moments

PEARSON3_FROM = 2.0  # expected count from which the Pearson III law is calibrated; permutations below
NORMAL_FROM = 30.0  # the same for the normal law, which serves where the third moment is not to be had
MAX_STRATA = 64
EXACT = ("edges", "classic")  # statistics that have exact moments


@dataclass(frozen=True)
class Method:
    """What is computed for each pair, against which null.

    Attributes
    ----------
    statistic
        `edges`: edges a → b; `classic`: those per a-cell; `histocat`: those per a-cell that has any; `patch`: share of
        a-cells with at least `patch_size` b-neighbours.
    null
        `exact`: moments of all label permutations (`edges` and `classic`); `permutation`; `fixed`; `torus`; `jitter`
        by at most `jitter_um`.
    permutations
        How many draws from the null; under `exact` only where the moments give no p.
    min_cells
        A type with fewer cells in the image is not tested.
    stop_after
        Draws of `permutation` and `fixed` end once every tested pair has had so many on either side of what was
        observed (Besag & Clifford 1991): clearly null images cost little. 0: all are drawn.
    """

    statistic: Literal["edges", "classic", "histocat", "patch"] = "edges"
    null: Literal["exact", "permutation", "fixed", "torus", "jitter"] = "exact"
    permutations: int = 1000
    seed: int = 0
    min_cells: int = 10
    patch_size: int = 3
    jitter_um: float = 10.0
    stop_after: int = 0


@dataclass(frozen=True)
class Geometry:
    """What the nulls that move cells need: coordinates in µm, and how a graph is made of such."""

    xy: np.ndarray
    build: Callable[[np.ndarray], Graph]


def label_dtype(n_types: int) -> type[np.unsignedinteger]:
    """The smallest integers that hold the labels."""
    return np.uint8 if n_types <= 256 else np.uint16


def score_image(
    sample: str,
    graph: Graph,
    labels: np.ndarray,
    types: Sequence[str],
    method: Method,
    strata: np.ndarray | None = None,
    *,
    geometry: Geometry | None = None,
    threads: int = 1,
) -> pd.DataFrame:
    """Scores of every ordered pair of `types` in one image.

    Parameters
    ----------
    labels
        (cells) index into `types`.
    strata
        (cells) codes from 0, each in use: labels are permuted within them. None: within the whole image. The nulls
        `torus` and `jitter` do not know them.
    geometry
        Needed by `torus` and `jitter`.
    threads
        Over the draws of this image; changes no result.

    Returns
    -------
    Columns of `contracts.SCORES`, sorted as `types` is. Where the statistic cannot vary and is what it must be, `z` is
    0 and `p` 1. A pair that is `too_few` has counts and no scores, one that is `absent` neither.
    """
    K = len(types)
    labels = labels.astype(label_dtype(K))
    strata = np.zeros(graph.n, np.uint8) if strata is None else strata.astype(np.uint8)
    n = cross_table(labels, strata, K, int(strata.max(initial=0)) + 1)
    sizes = n.sum(axis=1)
    status = pair_status(sizes, method.min_cells)
    statistic = nulls.Statistic(method.statistic, method.patch_size)
    observed = statistic.of(graph, labels, K)
    simulate = _Simulation(sample, graph, labels, strata, statistic, observed, method, geometry, threads)
    if method.null == "exact":
        expected, sd, p, p_method = _exact(simulate, n, sizes, status)
    else:
        null = simulate.run(method.null, status == k.TESTED)
        expected, sd, p = null.mean, null.sd, null.p
        p_method = np.full((K, K), method.null, dtype=object)
    stuck = np.where(observed == expected, 0.0, np.nan)
    z = np.divide(observed - expected, sd, out=stuck, where=sd > 0)
    # half an event: one edge for counts, one edge or cell per source cell for what is divided by them
    half = 0.5 if method.statistic == "edges" else (0.5 / np.maximum(sizes, 1))[:, None]
    log2 = np.log2((observed + half) / (expected + half))
    se = sd / ((expected + half) * np.log(2))
    return _table(sample, types, sizes, observed, expected, sd, z, log2, se, p, p_method, status)


def _exact(
    simulate: _Simulation, n: np.ndarray, sizes: np.ndarray, status: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean, sd, p and its method from exact moments; `classic` is `edges` over the cells of the source."""
    counts, variance = exact_moments(simulate.graph, simulate.labels, simulate.strata, n)
    scale = np.maximum(sizes, 1)[:, None] if simulate.method.statistic == "classic" else np.ones((1, 1))
    expected, sd = counts / scale, np.sqrt(variance) / scale
    if n.shape[1] <= skewness.MAX_STRATA:
        skew = skewness.skewness(simulate.graph, simulate.strata, n, counts, variance)
    else:
        skew = np.full(counts.shape, np.nan)
    known = ~np.isnan(skew)
    p_method = np.where(known, "pearson3", "normal").astype(object)
    # on an undirected graph, edges within a type come in twos
    step = np.where(np.eye(len(sizes), dtype=bool) & simulate.graph.undirected, 2.0, 1.0)
    law = (np.rint(simulate.observed * scale), counts, np.sqrt(variance), np.where(known, skew, 0.0), step)
    p = tails.two_sided(*law)
    least = np.where(known, PEARSON3_FROM, NORMAL_FROM)
    rare = (status == k.TESTED) & (sd > 0) & ((counts < least) | tails.beyond(*law))
    if rare.any():
        p[rare] = simulate.run("permutation", rare).p[rare]
        p_method[rare] = "permutation"
    return expected, sd, p, p_method


@dataclass(frozen=True)
class _Simulation:
    """An image and its statistic, ready to be drawn from a null."""

    sample: str
    graph: Graph
    labels: np.ndarray
    strata: np.ndarray
    statistic: nulls.Statistic
    observed: np.ndarray
    method: Method
    geometry: Geometry | None
    threads: int

    def run(self, null: str, asked: np.ndarray) -> nulls.Null:
        """Draws of `null`; `asked`: which pairs they are for."""
        m = self.method
        draws = nulls.Draws(self.sample, m.seed, m.permutations, self.threads, m.stop_after)
        if null in ("permutation", "fixed"):
            draw = nulls.permuted if null == "permutation" else nulls.fixed
            return draw(self.statistic, self.graph, self.labels, self.observed, self.strata, draws, asked)
        if self.geometry is None:
            raise ValueError(f"the null {null} needs a geometry")
        xy, build = self.geometry.xy, self.geometry.build
        if null == "torus":
            return moves.torus(self.statistic, self.labels, self.observed, xy, build, draws)
        return moves.jitter(self.statistic, self.labels, self.observed, xy, build, draws, m.jitter_um)


def pair_status(sizes: np.ndarray, min_cells: int) -> np.ndarray:
    """`absent`, `too_few` or `tested` for every pair (K × K), from the cells of each type."""
    fewer = np.minimum(sizes[:, None], sizes[None, :])
    alone = np.diag(sizes == 1)  # one cell has no pair with its own type
    return np.select([fewer == 0, (fewer < min_cells) | alone], [k.ABSENT, k.TOO_FEW], k.TESTED).astype(object)


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Adjusted p of Benjamini & Hochberg (1995); missing p stay missing and do not count."""
    q = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    if len(known):
        order = known[np.argsort(-p[known], kind="stable")]
        rank = np.arange(len(order), 0, -1)
        q[order] = np.minimum(1.0, np.minimum.accumulate(p[order] * len(order) / rank))
    return q


def _table(
    sample: str,
    types: Sequence[str],
    sizes: np.ndarray,
    observed: np.ndarray,
    expected: np.ndarray,
    sd: np.ndarray,
    z: np.ndarray,
    log2: np.ndarray,
    se: np.ndarray,
    p: np.ndarray,
    p_method: np.ndarray,
    status: np.ndarray,
) -> pd.DataFrame:
    K = len(types)
    names = np.asarray(types, dtype=object)
    tested, there = status == k.TESTED, status != k.ABSENT
    p = np.where(tested, p, np.nan)

    def shown(values: np.ndarray, where: np.ndarray) -> np.ndarray:
        return np.where(where, values, np.nan).reshape(-1)

    return pd.DataFrame(
        {
            k.SAMPLE: sample,
            k.SOURCE: np.repeat(names, K),
            k.TARGET: np.tile(names, K),
            "n_source": np.repeat(sizes, K),
            "n_target": np.tile(sizes, K),
            "observed": shown(observed, there),
            "expected": shown(expected, there),
            "sd": shown(sd, there),
            "z": shown(z, tested),
            "log2_enrichment": shown(log2, tested),
            k.SE: shown(se, tested),
            "p": p.reshape(-1),
            "q": benjamini_hochberg(p.reshape(-1)),
            "p_method": np.where(tested, p_method, "").reshape(-1),
            k.STATUS: status.reshape(-1),
        }
    )
