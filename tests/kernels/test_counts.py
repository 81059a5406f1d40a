"""Counts of edges and contacts against loops over a dense matrix."""

from __future__ import annotations

import numpy as np
import pytest

from tumint.kernels.counts import contact_counts, edge_counts, edge_list, listed_edge_counts, touching_cells
from tumint.kernels.csr import from_pairs


@pytest.mark.parametrize("undirected", [False, True])
@pytest.mark.parametrize("n_types", [1, 4, 200])
def test_counts_equal_the_dense_definition(undirected: bool, n_types: int) -> None:
    rng = np.random.default_rng(n_types)
    n = 300
    W = rng.random((n, n)) < 0.03
    W = W | W.T if undirected else W
    np.fill_diagonal(W, False)
    labels = rng.integers(0, n_types, n).astype(np.uint8)
    L = np.eye(n_types, dtype=int)[labels]
    indptr, indices = from_pairs(n, *np.nonzero(W))
    edges, cells = np.empty((n_types, n_types), np.int64), np.empty((n_types, n_types), np.int64)
    edge_counts(indptr, indices, labels, undirected, edges)
    assert (edges == L.T @ W @ L).all()
    edges[:] = -1
    tables = np.empty((4, n_types**2), np.int32)
    listed_edge_counts(*edge_list(indptr, indices, undirected), labels, undirected, tables, edges)
    assert (edges == L.T @ W @ L).all()
    if n_types <= 64:
        touching_cells(indptr, indices, labels, cells)
        assert (cells == L.T @ (W @ L > 0)).all()
    for least in (1, 3):
        edges[:] = -1
        contact_counts(indptr, indices, labels, least, edges, cells, np.empty((n_types, 2), np.int64))
        assert (edges == L.T @ W @ L).all()
        reached = least <= W @ L
        assert (cells == L.T @ reached).all()
