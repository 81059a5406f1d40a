"""The part of the h5ad format that the house writes, read and written by h5py alone.

Format: https://anndata.readthedocs.io/en/stable/fileformat-prose.html. Importing anndata takes longer than most jobs
between ingest and cluster do (it loads dask and zarr where they are installed), and these jobs need arrays only.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from scipy import sparse

from tumint.annotated import Annotated

# not lzf: its hash table starts uninitialised, so that equal values need not give equal bytes
_PACKED = {"compression": "gzip", "compression_opts": 1}
_TEXT = h5py.string_dtype("utf-8")
_EMPTY = ("layers", "obsm", "obsp", "uns", "varm", "varp")  # groups that other programs look for


def write(cells: Any, path: str | Path) -> None:
    """Write an `Annotated`, or an AnnData that holds no more, as h5ad. Equal values give equal bytes."""
    with h5py.File(path, "w") as file:
        _encoded(file, "anndata", "0.1.0")
        _matrix(file, "X", cells.X)
        _frame(file, "obs", cells.obs)
        _frame(file, "var", cells.var)
        for name in _EMPTY:
            _encoded(file.create_group(name), "dict", "0.1.0")
        for name in cells.layers:
            _matrix(file["layers"], name, cells.layers[name])
        for name in cells.obsm:
            _array(file["obsm"], name, np.asarray(cells.obsm[name]))
        for name in sorted(cells.uns):
            _encoded(file["uns"].create_dataset(name, data=cells.uns[name], dtype=_TEXT), "string", "0.2.0")


def read(path: str | Path) -> Annotated:
    """Read an h5ad that holds what `write` writes; of other slots, and of `uns` what is no text, nothing is taken.

    Raises
    ------
    KeyError, OSError, ValueError
        The file is not HDF5, lacks a slot, or its slots do not belong together.
    """
    with h5py.File(path, "r") as file:
        return Annotated(
            _read(file["X"]) if "X" in file else None,
            _read_frame(file["obs"]),
            _read_frame(file["var"]),
            {name: _read(item) for name, item in file["obsm"].items()},
            {name: _read(item) for name, item in file["layers"].items()},
            {name: item.asstr()[()] for name, item in file["uns"].items() if _kind(item) == "string"},
        )


def _encoded(item: Any, kind: str, version: str) -> None:
    item.attrs["encoding-type"] = kind
    item.attrs["encoding-version"] = version


def _kind(item: Any) -> str:
    return str(item.attrs.get("encoding-type", ""))


def _array(group: Any, name: str, values: np.ndarray) -> None:
    packed = _PACKED if values.size else {}
    _encoded(group.create_dataset(name, data=values, **packed), "array", "0.2.0")


def _texts(group: Any, name: str, values: Any) -> None:
    data = np.asarray(values, dtype=object)
    packed = _PACKED if data.size else {}
    _encoded(group.create_dataset(name, data=data, dtype=_TEXT, **packed), "string-array", "0.2.0")


def _matrix(group: Any, name: str, values: Any) -> None:
    if not sparse.issparse(values):
        _array(group, name, np.asarray(values))
        return
    rows = sparse.csr_matrix(values)
    inner = group.create_group(name)
    _encoded(inner, "csr_matrix", "0.1.0")
    inner.attrs["shape"] = np.array(rows.shape, dtype=np.int64)
    for part in ("data", "indices", "indptr"):
        inner.create_dataset(part, data=getattr(rows, part), **(_PACKED if getattr(rows, part).size else {}))


def _frame(group: Any, name: str, frame: pd.DataFrame) -> None:
    inner = group.create_group(name)
    _encoded(inner, "dataframe", "0.2.0")
    inner.attrs["_index"] = "_index"
    inner.attrs.create("column-order", list(frame.columns), shape=(frame.shape[1],), dtype=_TEXT)
    _texts(inner, "_index", frame.index)
    for column in frame.columns:
        _column(inner, str(column), frame[column])


def _column(group: Any, name: str, values: pd.Series) -> None:
    if not isinstance(values.dtype, pd.CategoricalDtype):
        if pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
            _array(group, name, values.to_numpy())
        else:
            _texts(group, name, values)
        return
    inner = group.create_group(name)
    _encoded(inner, "categorical", "0.2.0")
    inner.attrs["ordered"] = bool(values.cat.ordered)
    _texts(inner, "categories", values.cat.categories)
    _array(inner, "codes", values.cat.codes.to_numpy())


def _read(item: Any) -> Any:
    """An array, texts, categories or a CSR matrix."""
    kind = _kind(item)
    if kind == "csr_matrix":
        parts = (item["data"][()], item["indices"][()], item["indptr"][()])
        return sparse.csr_matrix(parts, shape=tuple(item.attrs["shape"]))
    if kind == "categorical":
        names = pd.Index(_read(item["categories"]), dtype=object)
        return pd.Categorical.from_codes(item["codes"][()], names, ordered=bool(item.attrs["ordered"]))
    if kind == "nullable-string-array":  # as anndata writes the texts of pandas 3
        texts = np.asarray(item["values"].asstr()[()], dtype=object)
        texts[item["mask"][()]] = None
        return texts
    if not isinstance(item, h5py.Dataset):
        raise ValueError(f"{item.name} is {kind or 'a group'}")
    return item.asstr()[()] if h5py.check_string_dtype(item.dtype) else item[()]


def _read_frame(group: Any) -> pd.DataFrame:
    columns: Mapping[str, Any] = {str(name): _read(group[name]) for name in group.attrs["column-order"]}
    index = pd.Index(_read(group[group.attrs["_index"]]), dtype=object)
    return pd.DataFrame(columns, index=index, columns=list(columns))
