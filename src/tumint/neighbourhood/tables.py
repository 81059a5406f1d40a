"""Reading any table of cells for `tumint score`: CSV, TSV, parquet or h5ad, every fault named. No statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.errors import DataError, Fault

PARENT = "parent"  # column of the parent of a cell's type


@dataclass(frozen=True)
class Columns:
    """Which column of a table of cells holds what; None: there is none."""

    x: str = "x"
    y: str = "y"
    label: str = "cell_type"
    sample: str | None = None
    stratum: str | None = None
    cell_id: str | None = None
    parent: str | None = None
    subject: str | None = None

    def named(self) -> list[str]:
        """All that are needed."""
        optional = (self.sample, self.subject, self.cell_id, self.x, self.y, self.label, self.stratum, self.parent)
        return [c for c in optional if c is not None]


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
    table = _read(path, columns.named())
    faults: list[Fault | str] = []
    out: dict[str, pd.Series] = {}
    for key, column in ((k.X_UM, columns.x), (k.Y_UM, columns.y)):
        out[key] = _numbers(table[column], path, column, faults) * um_per_px
    texts = (
        *((k.CELL_TYPE, columns.label), (k.SAMPLE, columns.sample), (k.DOMAIN, columns.stratum)),
        *((PARENT, columns.parent), (k.SUBJECT, columns.subject)),
    )
    for key, name in texts:
        if name is not None:
            out[key] = _text(table[name], path, name, faults)
    if columns.sample is None:
        out[k.SAMPLE] = pd.Series(path.name.split(".")[0], index=table.index, dtype=object)
    if columns.cell_id is not None:
        out[k.CELL_ID] = _text(table[columns.cell_id], path, columns.cell_id, faults)
    cells = pd.DataFrame(out)
    if columns.cell_id is not None and not faults:
        repeated = cells.duplicated([k.SAMPLE, k.CELL_ID])
        if repeated.any():
            row = int(np.flatnonzero(repeated)[0])
            found = f"`{cells[k.CELL_ID].iloc[row]}` twice"
            faults.append(Fault(f"{path} row {row + 2} column `{columns.cell_id}`", "each cell once per sample", found))
    for name in sorted(set(cells[k.CELL_TYPE])) if not faults else ():
        if k.PAIR_SEPARATOR in name:
            faults.append(
                Fault(f"{path} column `{columns.label}`", f"labels without `{k.PAIR_SEPARATOR}`", f"`{name}`")
            )
    if faults:
        raise DataError(faults)
    return cells


def read_edges_table(path: Path, cells: pd.DataFrame, *, by_sample: bool) -> pd.DataFrame:
    """Edges (`sample`, `source_cell`, `target_cell`, as text); a cell that `cells` does not hold is a fault."""
    needed = [k.SAMPLE, k.SOURCE_CELL, k.TARGET_CELL] if by_sample else [k.SOURCE_CELL, k.TARGET_CELL]
    table = _read(path, needed)
    faults: list[Fault | str] = []
    edges = pd.DataFrame({name: _text(table[name], path, name, faults) for name in needed})
    if not by_sample:
        edges[k.SAMPLE] = cells[k.SAMPLE].iloc[0] if len(cells) else ""
    known = pd.MultiIndex.from_frame(cells[[k.SAMPLE, k.CELL_ID]])
    for column in (k.SOURCE_CELL, k.TARGET_CELL):
        lost = ~pd.MultiIndex.from_frame(edges[[k.SAMPLE, column]]).isin(known)
        if lost.any() and not faults:
            row = int(np.flatnonzero(lost)[0])
            where = f"{path} row {row + 2} column `{column}`"
            faults.append(Fault(where, "a cell of the table", f"`{edges[column].iloc[row]}`"))
    if faults:
        raise DataError(faults)
    return edges


def _read(path: Path, needed: Sequence[str]) -> pd.DataFrame:
    if not path.is_file():
        raise DataError(Fault(str(path), "a file", "none"))
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".h5ad"):
        table = _read_h5ad(path, needed)
    elif name.endswith(".parquet"):
        table = _read_parquet(path)
    elif name.endswith((".csv", ".tsv", ".txt")):
        table = _read_text(path, "," if name.endswith(".csv") else "\t")
    else:
        raise DataError(Fault(str(path), "a .csv, .tsv, .parquet or .h5ad file (.gz too)", f"`{path.name}`"))
    missing = [Fault(str(path), f"a column `{c}`", _listed(table.columns)) for c in needed if c not in table]
    if missing:
        raise DataError(missing)
    return table


def _listed(columns: pd.Index) -> str:
    names = [str(column) for column in columns]
    return ", ".join(names[:12]) + (", …" if len(names) > 12 else "") if names else "none"


def _read_text(path: Path, separator: str) -> pd.DataFrame:
    try:
        # ids and labels such as "007" or "NA" are names: only coordinates are turned into numbers, by `_numbers`
        return pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except pd.errors.EmptyDataError:
        raise DataError(Fault(str(path), "a header and rows", "an empty file")) from None
    except (pd.errors.ParserError, UnicodeDecodeError, OSError, EOFError) as error:
        raise DataError(Fault(str(path), "a table of text in UTF-8", f"`{str(error).splitlines()[0]}`")) from None


def _read_parquet(path: Path) -> pd.DataFrame:
    import pyarrow as pa

    try:
        return pd.read_parquet(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(Fault(str(path), "a parquet table", f"`{str(error).splitlines()[0]}`")) from None


def _read_h5ad(path: Path, needed: Sequence[str]) -> pd.DataFrame:
    """obs of an AnnData file; a needed `x` or `y` that obs lacks comes from `obsm["spatial"]`."""
    import anndata

    try:
        cells = anndata.read_h5ad(path, backed="r")
    except (OSError, KeyError, ValueError) as error:
        raise DataError(Fault(str(path), "an h5ad file", f"`{str(error).splitlines()[0]}`")) from None
    table = cells.obs.copy()
    if k.SPATIAL in cells.obsm:
        spatial = np.asarray(cells.obsm[k.SPATIAL], dtype=float)
        for axis, name in enumerate(("x", "y")):
            if name in needed and name not in table:
                table[name] = spatial[:, axis]
    cells.file.close()
    return table.reset_index(drop=True)


def _numbers(values: pd.Series, path: Path, column: str, faults: list[Fault | str]) -> pd.Series:
    """`values` as float64; a fault names the first that is no finite number."""
    try:
        numbers = values.astype(float)  # text to the nearest number, which pandas' own parser misses by a bit
    except ValueError:
        numbers = pd.to_numeric(values, errors="coerce").astype(float)
    wrong = ~np.isfinite(numbers.to_numpy())
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        found = f"`{values.iloc[row]}`" + (f" and {int(wrong.sum()) - 1} more" if wrong.sum() > 1 else "")
        faults.append(Fault(f"{path} row {row + 2} column `{column}`", "a finite number", found))
    return numbers


def _text(values: pd.Series, path: Path, column: str, faults: list[Fault | str]) -> pd.Series:
    """`values` as text; a fault names the first that is empty."""
    missing = values.isna().to_numpy()
    text = values.astype(object).where(~missing, "").map(str).str.strip()
    empty = (text == "").to_numpy()
    if empty.any():
        row = int(np.flatnonzero(empty)[0])
        found = "an empty field" + (f" and {int(empty.sum()) - 1} more" if empty.sum() > 1 else "")
        faults.append(Fault(f"{path} row {row + 2} column `{column}`", "a value", found))
    return text
