"""Exact moments of the edge counts of one image under permuted labels. No permutation happens here."""

from __future__ import annotations

import numpy as np

from tumint.kernels.moments import count_means, count_variances
from tumint.neighbourhood.graph import Graph


def exact_moments(graph: Graph, strata: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (K × K) of `edges` when labels are permuted within strata; time grows with the edges alone.

    Parameters
    ----------
    strata
        (cells) codes from 0, any number of them.
    n
        (K × S) cells of each label and stratum.
    """
    variance = np.empty((len(n), len(n)))
    count_variances(graph.indptr, graph.indices, *graph.turned(), graph.undirected, strata, n, variance)
    return exact_mean(graph, strata, n), variance


def exact_mean(graph: Graph, strata: np.ndarray, n: np.ndarray) -> np.ndarray:
    """The mean alone (K × K)."""
    mean = np.empty((len(n), len(n)))
    count_means(graph.indptr, graph.indices, strata, n, mean)
    return mean


def cross_table(labels: np.ndarray, strata: np.ndarray, n_types: int, n_strata: int) -> np.ndarray:
    """Cells of each label and stratum (K × S, int64)."""
    flat = np.bincount(labels.astype(np.int64) * n_strata + strata, minlength=n_types * n_strata)
    return flat.reshape(n_types, n_strata).astype(np.int64)
