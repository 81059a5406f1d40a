"""What `tumint score` does: a table of cells → a table of scores, image by image."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.io import contracts
from tumint.io.tables import write_csv, write_table
from tumint.neighbourhood.image import GraphSpec, build_graph, codes, make_image
from tumint.neighbourhood.scores import MAX_STRATA, Geometry, Method, score_image
from tumint.neighbourhood.tables import Columns, read_cells_table, read_edges_table
from tumint.provenance import run_metadata


def run(
    table: Path,
    out: Path,
    columns: Columns,
    spec: GraphSpec,
    method: Method,
    *,
    edges: Path | None = None,
    um_per_px: float = 1.0,
    threads: int = 1,
) -> None:
    """Score every sample of `table` and write `out` (`contracts.SCORES`), sorted by sample, source and target.

    Types are those of the whole table, so that every sample has the same pairs. The bytes do not depend on `threads`.
    """
    cells = read_cells_table(table, columns, um_per_px)
    given = None if edges is None else read_edges_table(edges, cells, by_sample=columns.sample is not None)
    if columns.stratum is not None:
        _check_strata(cells, table, columns.stratum)
    scores = score_cells(cells, spec, method, given, threads=threads)
    if out.suffix.lower() == ".csv":
        write_csv(scores, out)
    else:
        params = {"columns": asdict(columns), "graph": asdict(spec), "method": asdict(method), "um_per_px": um_per_px}
        write_table(scores, out, contracts.SCORES, meta=run_metadata("neighbourhood", params))


def score_cells(
    cells: pd.DataFrame, spec: GraphSpec, method: Method, edges: pd.DataFrame | None = None, *, threads: int = 1
) -> pd.DataFrame:
    """Scores of all samples of `cells` (`sample`, `x_um`, `y_um`, `cell_type`, and `domain` to permute within)."""
    types = sorted(set(cells[k.CELL_TYPE]))
    samples, rows = _rows_by_sample(cells[k.SAMPLE])
    xy = cells[[k.X_UM, k.Y_UM]].to_numpy(float)
    labels = codes(cells[k.CELL_TYPE], types)
    strata = cells[k.DOMAIN].to_numpy(object) if k.DOMAIN in cells else None
    ids = cells[k.CELL_ID].to_numpy(object) if k.CELL_ID in cells else None
    own_edges = {} if edges is None else dict(tuple(edges.groupby(k.SAMPLE, sort=False)))

    def one(i: int) -> pd.DataFrame:
        r = rows[i]
        image = make_image(
            samples[i], xy[r], labels[r], None if strata is None else strata[r], None if ids is None else ids[r]
        )
        own = own_edges.get(samples[i])
        graph = build_graph(image, spec, own)
        geometry = Geometry(image.xy, lambda moved: build_graph(replace(image, xy=moved), spec, own))
        return score_image(
            image.sample, graph, image.labels, types, method, image.strata, geometry=geometry, threads=within
        )

    # few images: the threads go over the draws of each
    within = max(1, threads // max(len(samples), 1))
    with ThreadPoolExecutor(max_workers=threads) as pool:
        tables = list(pool.map(one, range(len(samples))))
    columns = list(contracts.SCORES.columns)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def _rows_by_sample(column: pd.Series) -> tuple[list[str], list[np.ndarray]]:
    """Names of the samples, sorted, and the rows of each."""
    names, code = np.unique(column.to_numpy(object).astype(str), return_inverse=True)
    order = np.argsort(code, kind="stable")
    rows = np.split(order, np.cumsum(np.bincount(code))[:-1]) if len(names) else []
    return [str(name) for name in names], list(rows)


def _check_strata(cells: pd.DataFrame, table: Path, column: str) -> None:
    each = cells.groupby(k.SAMPLE)[k.DOMAIN].nunique()
    for sample, n in each[each > MAX_STRATA].items():
        where = f"{table} column `{column}` (sample {sample})"
        raise DataError(Fault(where, f"at most {MAX_STRATA} values in a sample", str(n)))
