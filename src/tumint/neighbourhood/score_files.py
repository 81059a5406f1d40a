"""What `tumint score` does: reads a table of cells, has it scored, and writes the scores."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pandas as pd

from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.io import contracts
from tumint.io.steady import unchanged
from tumint.io.tables import write_csv, write_table
from tumint.neighbourhood.image import GraphSpec
from tumint.neighbourhood.score_table import Null, score_cells
from tumint.neighbourhood.scores import Method
from tumint.neighbourhood.tables import PARENT, Columns, read_cells_table, read_edges_table
from tumint.provenance import run_metadata


def run(
    table: Path,
    out: Path,
    columns: Columns,
    spec: GraphSpec,
    method: Method,
    null: Null,
    *,
    edges: Path | None = None,
    um_per_px: float = 1.0,
    threads: int = 1,
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Score every sample of `table` and write `out` (`contracts.SCORES`), sorted by sample, source and target.

    Returns the scores, and the subject of each sample where a column names it.

    Types are those of the whole table, so that every sample has the same pairs. The bytes do not depend on `threads`.
    """
    with unchanged([table, edges]):
        cells = read_cells_table(table, columns, um_per_px)
        given = None if edges is None else read_edges_table(edges, cells, by_sample=columns.sample is not None)
    if columns.parent is not None:
        _check_parents(cells, table, columns)
    scores = score_cells(cells, spec, method, null, given, threads=threads)
    if out.suffix.lower() == ".csv":
        write_csv(scores, out)
    else:
        params = {"columns": asdict(columns), "graph": asdict(spec), "method": asdict(method), "null": asdict(null)}
        meta = run_metadata("neighbourhood", {**params, "um_per_px": um_per_px})
        write_table(scores, out, contracts.SCORES, meta=meta)
    subjects = dict(zip(cells[k.SAMPLE], cells[k.SUBJECT], strict=True)) if k.SUBJECT in cells else {}
    return scores, {str(sample): str(subject) for sample, subject in subjects.items()}


def _check_parents(cells: pd.DataFrame, table: Path, columns: Columns) -> None:
    """Raise where cells of one type have several parents."""
    each = cells.groupby(k.CELL_TYPE)[PARENT].nunique()
    for name in each.index[each > 1][:3]:
        found = ", ".join(sorted(set(cells.loc[cells[k.CELL_TYPE] == name, PARENT]))[:4])
        raise DataError(Fault(f"{table} column `{columns.parent}`", f"one parent for all cells of `{name}`", found))
