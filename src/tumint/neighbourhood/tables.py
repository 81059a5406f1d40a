"""The columns of any table of cells for `tumint score`, every fault named. No statistics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.io.raw.opening import open_table
from tumint.io.raw.source import Place
from tumint.io.raw.table import Table

_KINDS = (".csv", ".tsv", ".tab", ".txt", ".parquet", ".pq", ".h5ad")
PARENT = "parent"  # column of the parent of a cell's type


@dataclass(frozen=True)
class Columns:
    """Which column of a table of cells holds what; None: there is none.

    Several columns as `label` are flags, of which `types` makes the types.
    """

    x: str = "x"
    y: str = "y"
    label: str | tuple[str, ...] = "cell_type"
    sample: str | None = None
    stratum: str | None = None
    cell_id: str | None = None
    parent: str | None = None
    subject: str | None = None
    decimal: str | None = None  # no column: what parts whole and fraction, None: as `Delimited` decides
    types: Callable[[Table], np.ndarray] | None = None

    def named(self) -> list[str]:
        """All that are needed."""
        labels = (self.label,) if isinstance(self.label, str) else self.label
        optional = (self.sample, self.subject, self.cell_id, self.x, self.y, *labels, self.stratum, self.parent)
        return [c for c in optional if c is not None]

    def settings(self) -> dict[str, Any]:
        """What is recorded of a run."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name not in ("decimal", "types")}


def read_cells_table(path: Path, columns: Columns, um_per_px: float = 1.0) -> pd.DataFrame:
    """The cells of a table, in the columns of `keys`, coordinates in µm.

    Returns
    -------
    `x_um`, `y_um` (float64), `cell_type` (str), `sample` (str; the name of the file where there is no such column), and
    `domain`, `cell_id`, `parent` and `subject` (str) where asked for.

    Raises
    ------
    DataError
        One line per fault: no such file or format, a missing column, a coordinate that is no finite number, an empty
        label, sample, stratum or id, an id twice in a sample.
    """
    return cells_of(_read(path, columns.named(), columns.decimal), columns, path.name.split(".")[0], um_per_px)


def cells_of(table: Table, columns: Columns, image: str, um_per_px: float = 1.0) -> pd.DataFrame:
    """What `read_cells_table` returns, of a table whose columns are loaded; `image`: its sample where it names none."""
    out: dict[str, np.ndarray] = {
        key: table.numbers(column, missing=False) * um_per_px
        for key, column in ((k.X_UM, columns.x), (k.Y_UM, columns.y))
    }
    label = columns.label if isinstance(columns.label, str) else None
    texts = (
        *((k.CELL_TYPE, label), (k.SAMPLE, columns.sample), (k.DOMAIN, columns.stratum)),
        *((PARENT, columns.parent), (k.SUBJECT, columns.subject)),
    )
    if columns.types is not None:
        out[k.CELL_TYPE] = columns.types(table)
    for key, name in texts:
        if name is not None:
            out[key] = table.names(name, needed=True)
    if columns.sample is None:
        out[k.SAMPLE] = np.full(len(table), image, dtype=object)
    if columns.cell_id is not None:
        out[k.CELL_ID] = table.names(columns.cell_id, needed=True)
    cells = pd.DataFrame(out)
    if columns.cell_id is not None and not table.faults:
        repeated = cells.duplicated([k.SAMPLE, k.CELL_ID]).to_numpy()
        table.fault(columns.cell_id, repeated, "each cell once per sample")
    if not table.faults and label is not None:
        barred = {name for name in set(cells[k.CELL_TYPE]) if k.PAIR_SEPARATOR in name}
        odd = np.array([name in barred for name in cells[k.CELL_TYPE]], dtype=bool)
        table.fault(label, odd, f"labels without `{k.PAIR_SEPARATOR}`")
    table.stop_on_faults()
    return cells


def read_edges_table(path: Path, cells: pd.DataFrame, *, by_sample: bool) -> pd.DataFrame:
    """Edges (`sample`, `source_cell`, `target_cell`, as text); a cell that `cells` does not hold is a fault."""
    needed = [k.SAMPLE, k.SOURCE_CELL, k.TARGET_CELL] if by_sample else [k.SOURCE_CELL, k.TARGET_CELL]
    table = _read(path, needed)
    edges = pd.DataFrame({name: table.names(name, needed=True) for name in needed}, dtype=object)
    if not by_sample:
        edges[k.SAMPLE] = cells[k.SAMPLE].iloc[0] if len(cells) else ""
    known = pd.MultiIndex.from_frame(cells[[k.SAMPLE, k.CELL_ID]])
    for column in (k.SOURCE_CELL, k.TARGET_CELL):
        lost = ~pd.MultiIndex.from_frame(edges[[k.SAMPLE, column]]).isin(known)
        if not table.faults:
            table.fault(column, lost, "a cell of the table")
    table.stop_on_faults()
    return edges


def _read(path: Path, needed: Sequence[str], decimal: str | None = None) -> Table:
    """The columns `needed` of a table, by its name of a kind that we read."""
    if path.is_file() and not path.name.lower().removesuffix(".gz").endswith(_KINDS):
        raise DataError(Fault(str(path), "a .csv, .tsv, .parquet or .h5ad file (.gz too)", f"`{path.name}`"))
    table = open_table(Place(str(path)), decimal)
    table.require(*dict.fromkeys(needed))
    table.stop_on_faults()
    table.load(needed)
    return table
