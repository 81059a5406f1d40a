"""Cells in memory, a DataFrame or an AnnData, as the table that files become."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.io.raw.h5ad import Frame, place_of
from tumint.io.raw.source import Place
from tumint.neighbourhood.tables import Columns, cells_of
from tumint.text import integer

GRAPH = "spatial_connectivities"  # where squidpy keeps its graph, in obsp
_IMAGE, _HERE = "cells", Place("cells")


def is_anndata(cells: Any) -> bool:
    """Whether these cells have obs and obsm; nothing is imported for it."""
    return hasattr(cells, "obs") and hasattr(cells, "obsm")


def needs_frame(name: str, table: Any, expected: str = "a pandas DataFrame") -> pd.DataFrame:
    """`table`, where it is a DataFrame."""
    if not isinstance(table, pd.DataFrame):
        raise DataError(Fault(name, expected, type(table).__name__))
    return table


def frame_of(cells: Any, columns: Columns) -> pd.DataFrame:
    """The columns of cells: those of a DataFrame, or obs with places from obsm where it has no such columns."""
    if not is_anndata(cells):
        return needs_frame("cells", cells, "a pandas DataFrame or an AnnData")
    frame = cells.obs.copy()
    if (slot := place_of(cells)) is not None:
        places = np.asarray(cells.obsm[slot], dtype=float)
        for axis, name in enumerate((columns.x, columns.y)):
            if name not in frame:
                frame[name] = places[:, axis]
    return frame


def read(cells: Any, columns: Columns, um_per_px: float) -> pd.DataFrame:
    """Cells in the columns of `keys`, checked as those of files are: one line per fault."""
    table = Frame(_HERE, frame_of(cells, columns))
    if not len(table):
        raise DataError(Fault("cells", "at least one row", "none"))
    table.require(*dict.fromkeys(columns.named()))
    table.stop_on_faults()
    table.load(columns.named())
    return cells_of(table, columns, _IMAGE, um_per_px)


def edges_of(data: Any, cells: pd.DataFrame, name: str) -> pd.DataFrame:
    """Edges of a graph in obsp: `sample`, `source_cell`, `target_cell` by position; none may join two samples."""
    if not is_anndata(data) or name not in data.obsp:
        there = ", ".join(map(str, data.obsp)) if is_anndata(data) else "a DataFrame"
        raise DataError(Fault("graph", f'`obsp["{name}"]` of an AnnData', there or "an empty obsp"))
    matrix = data.obsp[name].tocoo()
    source, target = (np.asarray(ends)[matrix.data != 0] for ends in (matrix.row, matrix.col))
    sample = cells[k.SAMPLE].to_numpy(object)
    if (apart := sample[source] != sample[target]).any():
        expected, found = "edges within samples", f"{integer(apart.sum())} that join two of them"
        raise DataError(Fault(f'obsp["{name}"]', expected, found, "squidpy's `library_key` keeps them apart"))
    ids = np.arange(len(cells)).astype(str).astype(object)
    return pd.DataFrame({k.SAMPLE: sample[source], k.SOURCE_CELL: ids[source], k.TARGET_CELL: ids[target]})
