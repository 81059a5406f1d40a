"""What `tumint score` does: reads a table of cells, has it scored, and writes the scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.io import contracts
from tumint.io.steady import unchanged
from tumint.io.tables import write_csv, write_table
from tumint.neighbourhood.score_options import Options
from tumint.neighbourhood.score_table import score_cells
from tumint.neighbourhood.tables import PARENT, Columns, read_cells_table, read_edges_table
from tumint.provenance import run_metadata


@dataclass(frozen=True)
class Read:
    """The cells of all tables, in the columns of `keys`, and edges that came with them."""

    cells: pd.DataFrame
    edges: pd.DataFrame | None = None


def read(tables: Sequence[Path], columns: Columns, *, edges: Path | None = None, um_per_px: float = 1.0) -> Read:
    """Read `tables`; a sample that two of them hold is a fault, and so is a type with several parents."""
    with unchanged([*tables, edges]):
        parts = [read_cells_table(table, columns, um_per_px) for table in tables]
        _check_apart(tables, parts)
        cells = parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
        several = columns.sample is not None or len(tables) > 1
        given = None if edges is None else read_edges_table(edges, cells, by_sample=several)
    if columns.parent is not None:
        _check_parents(cells, tables[0], columns)
    return Read(cells, given)


def _check_apart(tables: Sequence[Path], parts: Sequence[pd.DataFrame]) -> None:
    """Raise where a sample stands in two files: as one, its cells would lie on one another."""
    seen: dict[str, Path] = {}
    for table, part in zip(tables, parts, strict=True):
        for sample in part[k.SAMPLE].unique():
            if (other := seen.setdefault(sample, table)) != table:
                expected, found = "each sample in one file", f"`{sample}` in {other} too"
                mends = "`--sample` names the column that tells samples apart over all files"
                raise DataError(Fault(str(table), expected, found, mends))


def run(read: Read, out: Path, columns: Columns, options: Options) -> tuple[pd.DataFrame, dict[str, str]]:
    """Score every sample of `read` and write `out` (`contracts.SCORES`), sorted by sample, source and target.

    Returns the scores, and the subject of each sample where a column names it. Types are those of all tables, so that
    every sample has the same pairs. The bytes do not depend on the threads.
    """
    spec, method, null = options.spec, options.method, options.within(parent=columns.parent is not None)
    scores = score_cells(read.cells, spec, method, null, read.edges, threads=options.threads)
    if out.suffix.lower() == ".csv":
        write_csv(scores, out)
    else:
        params = {"columns": columns.settings(), "graph": asdict(spec), "method": asdict(method), "null": asdict(null)}
        meta = run_metadata("neighbourhood", {**params, "um_per_px": options.um_per_px})
        write_table(scores, out, contracts.SCORES, meta=meta)
    cells = read.cells
    subjects = dict(zip(cells[k.SAMPLE], cells[k.SUBJECT], strict=True)) if k.SUBJECT in cells else {}
    return scores, {str(sample): str(subject) for sample, subject in subjects.items()}


def _check_parents(cells: pd.DataFrame, table: Path, columns: Columns) -> None:
    """Raise where cells of one type have several parents."""
    each = cells.groupby(k.CELL_TYPE)[PARENT].nunique()
    for name in each.index[each > 1][:3]:
        found = ", ".join(sorted(set(cells.loc[cells[k.CELL_TYPE] == name, PARENT]))[:4])
        raise DataError(Fault(f"{table} column `{columns.parent}`", f"one parent for all cells of `{name}`", found))
