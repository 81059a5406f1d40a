"""An AnnData file of somebody else's: opened, and its obs as a `Table`. Rows count from 1."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tumint import keys as k
from tumint.io.raw.hdf5 import check_hdf5
from tumint.io.raw.source import Identity, Place, file_identity, reading
from tumint.io.raw.table import Table, plain

PLACES = (k.SPATIAL, "X_spatial", "spatial_um", "spatial_global", "spatial_fov")  # of obsm, best first
_AXES = ("x", "y")  # what obsm["spatial"] is called where obs has no such columns


@contextmanager
def quiet() -> Iterator[None]:
    """Without the warnings of a library about names of cells that repeat and older versions of its format."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def opened(place: Place, *, backed: bool = True) -> Iterator[Any]:
    """The AnnData at `place`, its values left in the file unless not `backed`.

    Raises
    ------
    DataError
        The file is missing, damaged or refused (`check_hdf5`); what goes wrong while it is open is not caught here.
    """
    import anndata as ad

    check_hdf5(place, "a whole h5ad file")
    with reading(place, "a whole h5ad file"), quiet():
        data = ad.read_h5ad(place.path, backed="r" if backed else None)
    try:
        yield data
    finally:
        if backed:
            data.file.close()


def place_of(data: Any) -> str | None:
    """The slot of obsm that holds the places of the cells; None where there is none."""
    names = [str(name) for name in data.obsm]
    near = [name for name in names if "spatial" in name.lower()]
    return next((n for n in (*PLACES, *near) if n in names and np.ndim(data.obsm[n]) == 2), None)


class Frame(Table):
    """Columns of a data frame; `rows` (default from 1) are their numbers in its file."""

    top = None
    a_column = "an obs column"

    def __init__(self, place: Place, frame: pd.DataFrame, rows: np.ndarray | None = None) -> None:
        super().__init__(place, [str(name) for name in frame.columns])
        self._frame = frame
        self.rows = np.arange(1, len(frame) + 1) if rows is None else rows

    @property
    def identity(self) -> Identity:
        return file_identity(self.place.path)

    def load(self, names: Iterable[str], keep: tuple[str, Collection[str]] | None = None) -> None:
        """All rows: `keep` is for tables that are too large for that."""
        self._columns |= {name: _arrow(self._frame.iloc[:, self.header.index(name)]) for name in names}


class Obs(Frame):
    """obs of an AnnData file; a column `x` or `y` that it lacks comes from obsm (`PLACES`)."""

    def __init__(self, place: Place) -> None:
        with opened(place) as data:
            frame = data.obs.copy()
            if (slot := place_of(data)) is not None:
                spatial = np.asarray(data.obsm[slot], dtype=float)
                for axis, name in enumerate(_AXES):
                    if name not in frame:
                        frame[name] = spatial[:, axis]
        super().__init__(place, frame)


def _arrow(column: pd.Series) -> pa.ChunkedArray:
    """A column by the kind of its values: of a categorical, those of its categories."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    try:
        array = pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # numbers and text in one column
        texts = [None if missing else str(value) for value, missing in zip(column, column.isna(), strict=True)]
        array = pa.array(texts, pa.string())
    return plain(array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array]))
