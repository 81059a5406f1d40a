"""Exact moments of the edge counts of one image under permuted labels. No permutation happens here."""

from __future__ import annotations

import numpy as np

from tumint.kernels.moments import count_moments, overlap_sums
from tumint.neighbourhood.graph import Graph


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
