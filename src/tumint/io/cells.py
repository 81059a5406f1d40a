"""h5ad files between ingest, qc and cluster, checked against the one contract of the house.

`X` float32 (cells × markers, raw up to qc; of transcripts a CSR matrix), `obsm["spatial"]` float64 (x, y in µm; NaN in
both for a cell without a place, until qc drops it, and in all cells of a sample without coordinates), obs `sample`
(categorical), `cell_id` (int64), `area_um2`, `domain` (categorical) and optionally `cell_type_provided`, `eccentricity`
and `solidity` (NaN where a sample lacks them), var `use` and optionally `unit` (`counts`: transcripts), `uns["tumint"]`
the run metadata as a JSON string.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from tumint import keys as k
from tumint.annotated import Annotated
from tumint.errors import DataError, Fault
from tumint.io import h5ad
from tumint.io.atomic import replacing
from tumint.io.seal import readable, seal_whole

if TYPE_CHECKING:
    import anndata as ad

USES = k.USES
_OBS = (k.SAMPLE, k.CELL_ID, k.AREA_UM2, k.DOMAIN)


def check_cells(cells: Annotated | ad.AnnData, where: str) -> None:
    """Raise `DataError` with every fault of `cells` against the contract; `where` names the file."""
    faults: list[Fault | str] = [
        Fault(where, f"an obs column `{column}`", "none") for column in _OBS if column not in cells.obs
    ]
    if k.USE not in cells.var:
        faults.append(Fault(where, f"a var column `{k.USE}`", "none"))
    elif odd := sorted(set(cells.var[k.USE].astype(str)) - set(USES)):
        faults.append(Fault(f"{where} var column `{k.USE}`", f"{', '.join(USES)}", f"`{odd[0]}`"))
    faults += _odd_values(cells, where)
    if k.SPATIAL not in cells.obsm:
        faults.append(Fault(where, f'obsm["{k.SPATIAL}"]', "none"))
    elif not _finite_or_none(cells):
        faults.append(Fault(f'{where} obsm["{k.SPATIAL}"]', "finite coordinates x and y", "some that are not"))
    if not faults and cells.obs.duplicated([k.SAMPLE, k.CELL_ID]).any():
        faults.append(Fault(where, "a cell id once per sample", "one twice"))
    if faults:
        raise DataError(faults)


def _odd_values(cells: Annotated | ad.AnnData, where: str) -> list[Fault | str]:
    """Faults of the values: kinds of the obs columns that are there, and numbers that are not finite."""
    faults: list[Fault | str] = []
    for column in (k.CELL_ID, k.AREA_UM2, *k.SHAPES):
        if column not in cells.obs:
            continue
        values, wanted = cells.obs[column], "whole numbers" if column == k.CELL_ID else "numbers"
        right = pd.api.types.is_integer_dtype if column == k.CELL_ID else pd.api.types.is_numeric_dtype
        if not right(values.dtype):
            faults.append(Fault(f"{where} obs column `{column}`", wanted, f"{values.dtype}"))
        elif np.isinf(values.to_numpy(float)).any():
            faults.append(Fault(f"{where} obs column `{column}`", "finite numbers", "infinite ones"))
    if k.SAMPLE in cells.obs and cells.obs[k.SAMPLE].isna().any():
        faults.append(Fault(f"{where} obs column `{k.SAMPLE}`", "a sample for every cell", "cells without"))
    X: Any = cells.X
    numbers = X.data if sparse.issparse(X) else X
    if numbers is None or not np.issubdtype(numbers.dtype, np.number):
        faults.append(Fault(f"{where} X", "numbers", "none" if numbers is None else str(numbers.dtype)))
    elif np.isinf(numbers).any():
        faults.append(Fault(f"{where} X", "finite numbers", "infinite ones"))
    return faults


def _finite_or_none(cells: Annotated | ad.AnnData) -> bool:
    """Whether every cell has two finite coordinates, or none (NaN in both)."""
    xy = np.asarray(cells.obsm[k.SPATIAL], dtype=float)
    if xy.ndim != 2 or xy.shape[1] != 2:
        return False
    known = np.isfinite(xy).all(axis=1)
    return bool(np.isnan(xy[~known]).all())


def write_cells(cells: Annotated, path: str | Path, *, meta: dict[str, Any]) -> None:
    """Write `cells` as h5ad, whole or not at all, with `meta` in `uns["tumint"]`."""
    check_cells(cells, str(path))
    cells.uns[k.META] = json.dumps(meta, sort_keys=True)
    with replacing(path) as temporary:
        h5ad.write(cells, temporary)
        seal_whole(temporary)


def read_cells(path: str | Path) -> Annotated:
    """Read an h5ad of ours.

    Raises
    ------
    DataError
        The file is missing, damaged, not an h5ad, or breaks the contract.
    """
    with readable(path, "an h5ad file"):
        cells = h5ad.read(path)
    check_cells(cells, str(path))
    return cells


def read_anndata(path: str | Path) -> ad.AnnData:
    """The same as an AnnData, with all that `cohort.h5ad` has besides: graph, colours, columns of the sheet."""
    import anndata as ad

    with readable(path, "an h5ad file"):
        cells = ad.read_h5ad(path)
    check_cells(cells, str(path))
    return cells


def cells_meta(cells: Annotated) -> dict[str, Any]:
    """The run metadata that `write_cells` stored."""
    return json.loads(cells.uns.get(k.META, "{}"))
