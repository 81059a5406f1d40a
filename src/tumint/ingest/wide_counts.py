"""Counts as a wide text: a row for each cell, a column for each feature (CosMx, MERSCOPE) → CSR, block by block."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tumint.io.raw.opening import open_table
from tumint.io.raw.source import Identity, Place
from tumint.io.raw.table import Table


@dataclass(frozen=True)
class Wide:
    """Counts: `X` (cells × features; CSR float32, or an array where values are no whole numbers) and the name of
    each row, the texts of its key columns joined by `_`.
    """

    names: list[str]
    X: Any
    features: list[str]
    identity: Identity


def header_of_counts(place: Place, keys: Sequence[str], controls: Collection[str]) -> tuple[Table, list[str]]:
    """The table, its key columns required, and its features: all other columns but controls."""
    table = open_table(place)
    table.require(*keys)
    named = [name for name in table.header if name not in keys and not name.lower().startswith(tuple(controls))]
    features = [name for name in named if not name.startswith("Unnamed: ")]
    table.require(*dict.fromkeys(name for name in features if table.header.count(name) > 1))
    table.stop_on_faults()
    return table, features


def read_counts(
    table: Table, keys: Sequence[str], features: Sequence[str], keep: tuple[str, Collection[str]] | None = None
) -> Wide:
    """The rows of `table`, whose memory follows the counts that are not 0.

    Raises
    ------
    DataError
        A value is no number of at least 0, or the text cannot be read.
    """
    from scipy import sparse

    names: list[str] = []
    blocks = []
    for rows in table.load_blocks([*keys, *features], keep):
        texts = [rows.text(key, "") for key in keys]
        names += ["_".join(parts) for parts in zip(*texts, strict=True)]
        columns = [rows.numbers(feature, missing=False, low=0) for feature in features]
        rows.stop_on_faults()
        dense = np.column_stack(columns) if columns else np.zeros((len(rows), 0))
        blocks.append(sparse.csr_matrix(dense.astype(np.float32)))
    X = sparse.vstack(blocks, format="csr") if blocks else sparse.csr_matrix((0, len(features)), dtype=np.float32)
    whole = bool((X.data % 1 == 0).all())
    return Wide(names, X if whole else X.toarray(), list(features), table.identity)
