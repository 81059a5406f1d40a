"""Pipes and devices in place of files, and Zarr stores that no memory holds: one line, and no waiting."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tumint.errors import DataError
from tumint.io.raw.hdf5 import check_hdf5
from tumint.io.raw.opening import is_parquet, open_table
from tumint.io.raw.source import Identity, Place, Text, file_identity
from tumint.io.raw.zarr_store import check_zarr

OPENERS: dict[str, Callable[[Place], object]] = {
    "a.csv": open_table,
    "a.parquet": open_table,
    "a.h5ad": open_table,
    "b.csv": lambda place: Text(place).head(),
    "a.h5": lambda place: check_hdf5(place, "a whole file"),
}


@pytest.mark.parametrize("name", OPENERS)
@pytest.mark.parametrize("what", ["a named pipe", "a device"])
def test_nothing_opens_what_never_ends(tmp_path: Path, name: str, what: str) -> None:
    path = tmp_path / name
    os.mkfifo(path) if what == "a named pipe" else path.symlink_to("/dev/zero")
    with pytest.raises(DataError, match=f"expected a file, found {what}"):
        OPENERS[name](Place(str(path), "S"))
    assert file_identity(path) == Identity("", 0)
    assert is_parquet(path) == (name == "a.parquet")


def _array(folder: Path, **about: Any) -> None:
    folder.mkdir(parents=True)
    version_3 = {"node_type": "array", "data_type": "float32", "chunk_grid": {"configuration": {"chunk_shape": [9, 9]}}}
    (folder / "zarr.json").write_text(json.dumps({"shape": [9, 9], **version_3, **about}))


CHUNK = {"chunk_grid": {"configuration": {"chunk_shape": [10**6, 10**6]}}}


@pytest.mark.parametrize("about", [{"shape": [10**7, 10**6]}, CHUNK, {"shape": [10**9], "data_type": "string"}])
def test_stores_of_absurd_shapes(tmp_path: Path, about: dict[str, Any]) -> None:
    _array(tmp_path / "tables" / "t" / "X", **about)
    with pytest.raises(DataError, match=r"at most, once unpacked, found over [\d.]+ GB"):
        check_zarr(Place(str(tmp_path), "S"), ["tables"])


def test_stores_of_version_2(tmp_path: Path) -> None:
    about = {"shape": [10**6, 600], "chunks": [1, 1], "dtype": "<u2"}
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / ".zarray").write_text(json.dumps(about))
    with pytest.raises(DataError, match=r"found over 1\.2 GB"):
        check_zarr(Place(str(tmp_path), "S"), ["tables"])


def test_what_is_honest_passes_and_what_is_damaged_is_for_its_reader(tmp_path: Path) -> None:
    _array(tmp_path / "tables" / "t" / "X")
    _array(tmp_path / "tables" / "t" / "flag", data_type="bool", shape=[10**8])
    (tmp_path / "tables" / "zarr.json").write_text('{"node_type": "group"}')
    (tmp_path / "shapes").mkdir()
    (tmp_path / "shapes" / "zarr.json").write_text("[" * 100_000)
    (tmp_path / "shapes" / "a.parquet").write_text("none")
    check_zarr(Place(str(tmp_path), "S"), ["tables", "shapes", "points"])


def test_stores_that_lead_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    store = tmp_path / "s.zarr"
    _array(store / "tables" / "t" / "X")
    (store / "tables" / "t" / "c").symlink_to(tmp_path / "secret")
    with pytest.raises(DataError, match=r"s\.zarr tables/t/c \(sample S\): expected values in the store itself, found"):
        check_zarr(Place(str(store), "S"), ["tables"])
