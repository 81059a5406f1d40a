"""Counts of edges and contacts against loops over a dense matrix."""

from __future__ import annotations

import numpy as np
import pytest

from tumint.kernels import abreast
from tumint.kernels.counts import contact_counts, edge_counts
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
    for least in (1, 3):
        edges[:] = -1
        contact_counts(indptr, indices, labels, least, edges, cells, np.empty((n_types, 2), np.int64))
        assert (edges == L.T @ W @ L).all()
        reached = least <= W @ L
        assert (cells == L.T @ reached).all()


@pytest.mark.parametrize("undirected", [False, True])
@pytest.mark.parametrize("n_types", [1, 8, 9, 16, 17, 33, 64, 256])
def test_four_labellings_at_once_equal_the_dense_definition(undirected: bool, n_types: int) -> None:
    rng = np.random.default_rng(n_types)
    n = 400
    W = rng.random((n, n)) < 0.02
    W[:, :3] = rng.random((n, 3)) < 0.7  # hubs
    W[5] = W[:, 5] = False  # and a cell alone
    W = W | W.T if undirected else W
    np.fill_diagonal(W, False)
    # the last label fills more than one byte of its count
    labels = np.minimum(rng.integers(0, 2 * n_types, (4, n)), n_types - 1).astype(np.uint8)
    hot = [np.eye(n_types, dtype=np.float32)[row] for row in labels]  # whole numbers all the same
    indptr, indices = from_pairs(n, *np.nonzero(W))
    out, words = np.full((4, n_types, n_types), -1), np.full((2, n), 77, np.uint64)
    tables = np.full((4, n_types**2), 3, np.int32)
    abreast.edge_counts(*abreast.edge_list(indptr, indices, undirected), undirected, labels, words, tables, out)
    met = [W.astype(np.float32) @ L for L in hot]
    assert all((out[q] == L.T @ met[q]).all() for q, L in enumerate(hot))
    if n_types > abreast.MOST_BITS:
        return
    rows, spread = abreast.rows_by_degree(indptr, indices), abreast.bytes_of_bits()
    assert sorted([*rows[0], *np.flatnonzero(~W.any(axis=1))]) == list(range(n))
    for least in range(1, 9):
        out[:] = -1
        abreast.reaching_cells(*rows, labels, least, spread, words[0], out)
        assert all((out[q] == L.T @ (met[q] >= least)).all() for q, L in enumerate(hot))


def test_a_graph_without_edges_has_no_rows() -> None:
    for n in (0, 4):
        cells, neighbours, groups = abreast.rows_by_degree(np.zeros(n + 1, np.int64), np.empty(0, np.int32))
        assert (cells.size, neighbours.size, groups.shape) == (0, 0, (0, 2))
