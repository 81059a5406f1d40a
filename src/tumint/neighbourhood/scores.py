"""Interaction scores of one image: every ordered pair of types against a null. Arrays and tables, no files.

The statistics are those of histoCAT (Schapiro et al. 2017) and imcRtools (Windhager et al. 2023).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import ndtr

from tumint import keys as k
from tumint.kernels import permute
from tumint.kernels.counts import edge_counts
from tumint.kernels.moments import count_moments, overlap_sums
from tumint.neighbourhood.graph import Graph

NORMAL_FROM = 30.0  # expected count from which the normal law is calibrated; permutations below
CHUNK = 32  # permutations summed as one, whatever the threads, so that sums of floats keep their order
MAX_STRATA = 64


@dataclass(frozen=True)
class Method:
    """What is computed for each pair, against which null.

    Attributes
    ----------
    permutations
        How many label permutations give p where the exact moments do not.
    min_cells
        A type with fewer cells in the image is not tested.
    """

    statistic: Literal["edges"] = "edges"
    null: Literal["exact"] = "exact"
    permutations: int = 1000
    seed: int = 0
    min_cells: int = 10


def image_key(seed: int, sample: str) -> np.uint64:
    """Key of an image's random streams: a hash of seed and sample name, so that order and batches do not matter."""
    digest = hashlib.blake2b(f"{seed}/{sample}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def label_dtype(n_types: int) -> type[np.unsignedinteger]:
    """The smallest integers that hold the labels."""
    return np.uint8 if n_types <= 256 else np.uint16


def exact_moments(graph: Graph, labels: np.ndarray, strata: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (K × K) of `edges` when labels are permuted within strata.

    Parameters
    ----------
    labels, strata
        (cells) codes from 0.
    n
        (K × S) cells of each label and stratum.
    """
    sums = overlap_sums(graph.indptr, graph.indices, *graph.turned(), graph.undirected, strata, n.shape[1])
    return count_moments(*sums, n)


def cross_table(labels: np.ndarray, strata: np.ndarray, n_types: int, n_strata: int) -> np.ndarray:
    """Cells of each label and stratum (K × S, int64)."""
    flat = np.bincount(labels.astype(np.int64) * n_strata + strata, minlength=n_types * n_strata)
    return flat.reshape(n_types, n_strata).astype(np.int64)


def score_image(
    sample: str,
    graph: Graph,
    labels: np.ndarray,
    types: Sequence[str],
    method: Method,
    strata: np.ndarray | None = None,
) -> pd.DataFrame:
    """Scores of every ordered pair of `types` in one image.

    Parameters
    ----------
    labels
        (cells) index into `types`.
    strata
        (cells) codes from 0, each in use: labels are permuted within them. None: within the whole image.

    Returns
    -------
    Columns of `contracts.SCORES`, sorted as `types` is. `z` is 0 and `p` 1 where the statistic cannot vary. Counts of a
    pair that is `too_few` are given, its scores are missing; of an `absent` pair both are.
    """
    K = len(types)
    labels = labels.astype(label_dtype(K))
    strata = np.zeros(graph.n, np.uint8) if strata is None else strata.astype(np.uint8)
    n = cross_table(labels, strata, K, int(strata.max(initial=0)) + 1)
    sizes = n.sum(axis=1)
    counts = np.zeros((K, K), np.int64)
    edge_counts(graph.indptr, graph.indices, labels, graph.undirected, counts)
    expected, variance = exact_moments(graph, labels, strata, n)
    observed = counts.astype(float)
    sd = np.sqrt(variance)
    status = pair_status(sizes, method.min_cells)
    z = np.divide(observed - expected, sd, out=np.zeros_like(sd), where=sd > 0)
    p = np.minimum(1.0, 2.0 * ndtr(-np.abs(z)))
    p_method = np.full((K, K), "normal", dtype=object)
    rare = (status == k.TESTED) & (expected < NORMAL_FROM) & (sd > 0)
    if rare.any():
        by_permutation = permutation_p(sample, graph, labels, strata, observed, method)
        p[rare] = by_permutation[rare]
        p_method[rare] = "permutation"
    log2 = np.log2((observed + 0.5) / (expected + 0.5))
    return _table(
        sample, types, sizes, observed, expected, sd, z, log2, sd / ((expected + 0.5) * np.log(2)), p, p_method, status
    )


def pair_status(sizes: np.ndarray, min_cells: int) -> np.ndarray:
    """`absent`, `too_few` or `tested` for every pair (K × K), from the cells of each type."""
    fewer = np.minimum(sizes[:, None], sizes[None, :])
    alone = np.diag(sizes == 1)  # one cell has no pair with its own type
    return np.select([fewer == 0, (fewer < min_cells) | alone], [k.ABSENT, k.TOO_FEW], k.TESTED).astype(object)


def permutation_p(
    sample: str, graph: Graph, labels: np.ndarray, strata: np.ndarray, observed: np.ndarray, method: Method
) -> np.ndarray:
    """Two-sided p (K × K) of Phipson & Smyth (2010): twice the smaller of (1 + #≥) / (P + 1) and (1 + #≤) / (P + 1)."""
    order, blocks = permutation_blocks(strata)
    at_least, at_most, _, _ = permute.tally_permutations(
        permute.EDGES,
        1,
        graph.indptr,
        graph.indices,
        graph.undirected,
        labels,
        order,
        blocks,
        image_key(method.seed, sample),
        0,
        method.permutations,
        observed,
    )
    return np.minimum(1.0, 2.0 * (1 + np.minimum(at_least, at_most)) / (method.permutations + 1))


def permutation_blocks(strata: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`order` and `blocks` of `permute.permuted_labels` for labels permuted within strata."""
    sizes = np.bincount(strata)
    blocks = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    if len(sizes) <= 1:
        return np.empty(0, np.int32), np.array([0, len(strata)], np.int64)
    return np.argsort(strata, kind="stable").astype(np.int32), blocks


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
