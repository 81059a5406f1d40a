"""Compressed rows against networkx and dense arrays."""

from __future__ import annotations

import numpy as np

from tumint.kernels.csr import from_pairs, transpose


def dense(n: int, indptr: np.ndarray, indices: np.ndarray) -> np.ndarray:
    out = np.zeros((n, n), int)
    for i in range(n):
        for j in indices[indptr[i] : indptr[i + 1]]:
            out[i, j] += 1
    return out


def test_rows_are_sorted_without_repeats_and_self_loops() -> None:
    rng = np.random.default_rng(0)
    n = 60
    sources, targets = rng.integers(0, n, 4000), rng.integers(0, n, 4000)  # rows longer than the insertion sort
    expected = np.zeros((n, n), int)
    expected[sources, targets] = 1
    np.fill_diagonal(expected, 0)
    indptr, indices = from_pairs(n, sources, targets)
    assert (dense(n, indptr, indices) == expected).all()
    assert all((np.diff(indices[indptr[i] : indptr[i + 1]]) > 0).all() for i in range(n))
    assert indices.dtype == np.int32
    back = transpose(indptr, indices)
    assert (dense(n, *back) == expected.T).all()
    assert all((np.diff(back[1][back[0][i] : back[0][i + 1]]) > 0).all() for i in range(n))


def test_a_graph_without_edges() -> None:
    none = np.empty(0, np.int64)
    indptr, indices = from_pairs(3, none, none)
    assert indptr.tolist() == [0, 0, 0, 0]
    assert indices.size == 0
    assert transpose(indptr, indices)[0].tolist() == [0, 0, 0, 0]
