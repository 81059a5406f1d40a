"""`cohort.zarr`: the cells of `cohort.h5ad` as a SpatialData store, on request."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tumint.errors import DataError, Fault
from tumint.io.cells import read_anndata
from tumint.io.spatialdata_store import is_store, write_store
from tumint.text import plural


def write(cohort: Path, out: Path) -> None:
    """`cohort.h5ad` as a store, the folder `out`; an earlier one there is replaced.

    Raises
    ------
    DataError
        The file is missing or damaged, or `out` is something else.
    """
    if out.exists() and not (out.is_dir() and (not any(out.iterdir()) or is_store(out))):
        raise DataError(Fault("-o", "a new folder, or a SpatialData store", f"`{out}`"))
    cells = read_anndata(cohort)
    part = out.with_name(f".tmp-{os.getpid()}-{out.name}.part")
    try:
        regions = write_store(cells, part)
        if out.exists():
            shutil.rmtree(out)
        part.rename(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    print(f"report spatialdata: {plural(len(cells), 'cell')} of {plural(len(regions), 'ROI')}")
