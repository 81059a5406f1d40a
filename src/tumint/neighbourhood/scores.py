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
from tumint.fdr import benjamini_hochberg
from tumint.neighbourhood import moves, nulls, patches, skewness, tails
from tumint.neighbourhood.allocation import Allocation, allocation
from tumint.neighbourhood.exchange import Rules
from tumint.neighbourhood.graph import Graph
from tumint.neighbourhood.levels import Level
from tumint.neighbourhood.moments import cross_table, exact_moments
from tumint.neighbourhood.parts import expected as expected_edges
from tumint.neighbourhood.parts import parts

CALIBRATED_FROM = 2.0  # expected count from which the laws of p are calibrated; permutations below
EXACT = ("edges", "classic")  # statistics that have exact moments
LABELS = ("exact", "permutation")  # nulls that permute labels
PARTS = ("log2_domain", "log2_region", "log2_contact")
MOVED = "moved"  # column of `allocation` alone


@dataclass(frozen=True)
class Method:
    """What is computed for each pair, against which null.

    Attributes
    ----------
    statistic
        `edges`: edges a → b; `classic`: those per a-cell; `histocat`: those per a-cell that has any; `patch`: share of
        a-cells with at least `patch_size` b-neighbours; `allocation`: b-cells beside an a-cell, which stays put
        (`tumint.neighbourhood.allocation`).
    null
        `exact`: moments of all label permutations, or their law (`allocation`, which has no other); `histocat` and
        `patch` have them over the whole image and are drawn by `permutation` within strata; `permutation`; `fixed`;
        `torus`; `jitter` by at most `jitter_um`.
    permutations
        How many draws from the null; under `exact` only where the moments give no p.
    min_cells
        A type with fewer cells in the image is not tested.
    stop_after
        Draws of `permutation` and `fixed` end once every tested pair has had so many on either side of what was
        observed (Besag & Clifford 1991): clearly null images cost little. 0: all are drawn.
    """

    statistic: Literal["edges", "classic", "histocat", "patch", "allocation"] = "edges"
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
    level: Level | None = None,
    domains: Level | None = None,
    *,
    geometry: Geometry | None = None,
    threads: int = 1,
) -> pd.DataFrame:
    """Scores of every ordered pair of `types` in one image.

    Parameters
    ----------
    labels
        (cells) index into `types`.
    level
        Within what labels are permuted; None: within the whole image. The nulls `torus` and `jitter` do not know it.
    domains
        The level `domain` of the image where it has domains: what is shared by way of them stands apart.
    geometry
        Needed by `torus` and `jitter`.
    threads
        Over the draws of this image; changes no result.

    Returns
    -------
    Columns of `contracts.SCORES` but those of odds ratios, sorted as `types` is; of `allocation` also `moved`. A pair
    whose statistic cannot vary is `no_variation` and has no z and no p; one that is `too_few` has counts and no scores,
    one that is `absent` neither.
    """
    K = len(types)
    labels = labels.astype(label_dtype(K))
    level = level or whole_image(graph.n)
    strata = level.tilings[0]
    n = cross_table(labels, strata, K, int(strata.max(initial=0)) + 1)
    sizes = n.sum(axis=1)
    status = pair_status(sizes, method.min_cells)
    if method.statistic == "allocation":
        return _table(sample, types, sizes, *_allocation(allocation(graph, labels, strata, n), status))
    statistic = nulls.Statistic(method.statistic, method.patch_size)
    observed = statistic.of(graph, labels, K)
    simulate = _Simulation(sample, graph, labels, strata, statistic, observed, method, geometry, threads)
    if method.null == "exact" and method.statistic in EXACT:
        mean = expected_edges(graph, labels, K, level.tilings)
        expected, sd, p, p_method = _exact(simulate, n, sizes, status, mean)
    elif method.null == "exact" and n.shape[1] == 1 and (cells := simulate.of_cells(sizes)) is not None:
        expected, sd, p, p_method = _with_draws(simulate, cells, status)
    else:
        name = "permutation" if method.null == "exact" else method.null
        null = simulate.run(name, status == k.TESTED)
        expected, sd, p = null.mean, null.sd, null.p
        p_method = np.full((K, K), name, dtype=object)
    status[(status == k.TESTED) & (sd <= 0)] = k.NO_VARIATION
    z = np.divide(observed - expected, sd, out=np.full((K, K), np.nan), where=sd > 0)
    # half an event: one edge for counts, one edge or cell per source cell for what is divided by them
    half = 0.5 if method.statistic == "edges" else (0.5 / np.maximum(sizes, 1))[:, None]
    columns = {"observed": observed, "expected": expected, "sd": sd, "z": z, "p": p, "p_method": p_method}
    if method.null in LABELS and method.statistic in EXACT:
        split = parts(graph, labels, K, level, domains)
        scale = (np.maximum(sizes, 1) if method.statistic == "classic" else np.ones(K))[:, None]
        shares = dict(zip(PARTS, split.log2(half * scale), strict=True))
        enriched = np.log2(split.observed + half * scale) - np.log2(split.expected + half * scale)
        columns |= {"log2": enriched, "expected_global": split.in_image / scale, **shares}
        columns["se"] = sd / ((split.expected / scale + half) * np.log(2))
    else:
        columns["log2"] = columns["log2_contact"] = np.log2((observed + half) / (expected + half))
        columns["se"] = sd / ((expected + half) * np.log(2))
    return _table(sample, types, sizes, columns, status)


def whole_image(n: int) -> Level:
    """The level `global` of an image of n cells."""
    one = np.zeros(n, np.int32)
    return Level(k.GLOBAL, (one,), Rules(one.astype(np.int64)), one)


def _allocation(found: Allocation, status: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Columns and status of `allocation`; half a cell is added to both counts of its ratio."""
    observed, expected, sd = found.observed, found.expected, found.sd
    log2 = np.log2((observed + 0.5) / (expected + 0.5))
    columns = {
        "observed": observed,
        "expected": expected,
        "sd": sd,
        "z": np.divide(observed - expected, sd, out=np.zeros_like(sd), where=sd > 0),
        "p": found.p,
        "p_method": np.full(sd.shape, k.HYPERGEOMETRIC, dtype=object),
        "log2": log2,
        "log2_contact": log2,
        k.SE: sd / ((expected + 0.5) * np.log(2)),
        MOVED: found.moved,
    }
    return columns, np.where((status == k.TESTED) & (sd <= 0), k.NO_VARIATION, status)


def _exact(
    simulate: _Simulation, n: np.ndarray, sizes: np.ndarray, status: np.ndarray, mean: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean, sd, p and its method from exact moments; `classic` is `edges` over the cells of the source.

    p is that of the law with the exact skewness (`pearson3`) or, where strata are too many for it, with that of a
    binomial, Poisson or negative binomial law of the same mean and variance (`panjer`).
    """
    own, variance = exact_moments(simulate.graph, simulate.strata, n)
    sd = np.sqrt(variance)
    scale = np.maximum(sizes, 1)[:, None] if simulate.method.statistic == "classic" else np.ones((1, 1))
    # on an undirected graph, edges within a type come in twos
    step = np.where(np.eye(len(sizes), dtype=bool) & simulate.graph.undirected, 2.0, 1.0)
    skew = np.full(own.shape, np.nan)
    if n.shape[1] <= skewness.MAX_STRATA:
        skew = skewness.skewness(simulate.graph, simulate.strata, n, own, variance)
    known = ~np.isnan(skew)
    p_method = np.where(known, "pearson3", "panjer").astype(object)
    law = (
        np.rint(simulate.observed * scale),
        mean,
        sd,
        np.where(known, skew, tails.panjer_skewness(own, sd, step)),
        step,
    )
    p = tails.two_sided(*law)
    rare = (status == k.TESTED) & (sd > 0) & ((own < CALIBRATED_FROM) | tails.beyond(*law))
    if rare.any():
        p[rare] = simulate.run("permutation", rare).p[rare]
        p_method[rare] = "permutation"
    return mean / scale, sd / scale, p, p_method


def _with_draws(
    simulate: _Simulation, found: patches.Exact, status: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean, sd, p and its method, with p of permutations where counts are too small for a law."""
    p, p_method = found.p.copy(), np.full(found.p.shape, found.p_method, dtype=object)
    rare = (status == k.TESTED) & (found.sd > 0) & found.rare
    if rare.any():
        p[rare] = simulate.run("permutation", rare).p[rare]
        p_method[rare] = "permutation"
    return found.expected, found.sd, p, p_method


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

    def of_cells(self, sizes: np.ndarray) -> patches.Exact | None:
        """Exact moments of `patch` and `histocat`, labels permuted over the whole image."""
        m = self.method
        return patches.exact(m.statistic, self.graph, self.labels, sizes, self.observed, m.patch_size)

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


def _table(
    sample: str, types: Sequence[str], sizes: np.ndarray, columns: dict[str, np.ndarray], status: np.ndarray
) -> pd.DataFrame:
    K = len(types)
    names = np.asarray(types, dtype=object)
    tested, there = status == k.TESTED, status != k.ABSENT
    p = np.where(tested, columns["p"], np.nan)
    none = np.full((K, K), np.nan)

    def shown(name: str, where: np.ndarray) -> np.ndarray:
        return np.where(where, columns.get(name, none), np.nan).reshape(-1)

    return pd.DataFrame(
        {
            k.SAMPLE: sample,
            k.SOURCE: np.repeat(names, K),
            k.TARGET: np.tile(names, K),
            "n_source": np.repeat(sizes, K),
            "n_target": np.tile(sizes, K),
            "observed": shown("observed", there),
            "expected": shown("expected", there),
            "sd": shown("sd", there),
            "z": shown("z", tested),
            "log2_enrichment": shown("log2", tested),
            k.SE: shown("se", tested),
            "p": p.reshape(-1),
            "q": benjamini_hochberg(p.reshape(-1)),
            "p_method": np.where(tested, columns["p_method"], "").reshape(-1),
            k.STATUS: status.reshape(-1),
            "expected_global": shown("expected_global", there),
            **{name: shown(name, there) for name in PARTS},
            **({MOVED: shown(MOVED, tested)} if MOVED in columns else {}),
        }
    )
