"""Neighbours that came with the data → edges between the ids of cells, both ways. Pure arrays."""

from __future__ import annotations

import numpy as np


def known(ids: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where `ends` (any shape) stand among `ids` (unique, at least one), and which of them do at all."""
    order = np.argsort(ids, kind="stable")
    position = np.searchsorted(ids[order], ends).clip(max=ids.size - 1)
    return order[position], ids[order][position] == ends


def both_ways(ids: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Pairs of positions in `ids` as edges.

    Returns
    -------
    Source and target id, shape `(m, 2)`, int64: both ways, no self loops, no repeats, sorted.
    """
    rank = np.argsort(np.argsort(ids, kind="stable"), kind="stable")
    a, b = rank[first].astype(np.int64), rank[second].astype(np.int64)
    a, b = a[a != b], b[a != b]
    n = ids.size
    codes = np.unique(np.concatenate([a * n + b, b * n + a]))
    return np.sort(ids)[np.column_stack(np.divmod(codes, max(n, 1)))].astype(np.int64).reshape(-1, 2)
