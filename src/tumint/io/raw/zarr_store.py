"""A Zarr store of somebody else's, looked through before any of it is used: files only, and of a size that can be."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tumint.errors import DataError, Fault
from tumint.io.kinds import is_special, oddity
from tumint.io.raw.limits import check_unpacked
from tumint.io.raw.source import Place

_DESCRIBED = ("zarr.json", ".zarray")  # an array, in versions 3 and 2 of the format
_UNKNOWN = 8  # bytes of a value of a kind that has no size, such as text


def check_zarr(place: Place, parts: Iterable[str]) -> None:
    """Raise `DataError`, one line, where what is in these folders of a store is not to be read.

    Raises
    ------
    DataError
        A pipe or a device in place of a file, a folder that leads out of the store, or arrays and tables that would
        unpack to more than `limits` allow, by their shape or by that of one of their chunks.
    """
    root = Path(place.path).resolve()
    unpacked = on_disk = 0
    for file in _files(root, parts):
        if is_special(file):
            raise DataError(Fault(place.at(str(file.relative_to(root))), "a file", oddity(file)))
        if not file.resolve().is_relative_to(root):
            raise DataError(Fault(place.at(str(file.relative_to(root))), "values in the store itself", "a link"))
        if not file.is_file():
            continue
        on_disk += file.stat().st_size
        if file.name in _DESCRIBED:
            unpacked += _array_bytes(file)
        elif file.suffix == ".parquet":
            unpacked += _table_bytes(file)
    check_unpacked(place.at(), unpacked, on_disk)


def _files(root: Path, parts: Iterable[str]) -> Iterator[Path]:
    """What is no folder; links to folders are not gone into, and are told where they are met."""
    for part in parts:
        yield from (path for path in sorted((root / part).rglob("*")) if path.is_symlink() or not path.is_dir())


def _array_bytes(file: Path) -> int:
    """What the array would take whole, or one chunk of it where that is more; 0: it is a group, or for zarr to tell."""
    try:
        about = json.loads(file.read_bytes())
        shape = about["shape"]
        chunks = about["chunks"] if "chunks" in about else about["chunk_grid"]["configuration"]["chunk_shape"]
        n_values = max(math.prod(map(int, shape)), math.prod(map(int, chunks)))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return 0
    return n_values * _value_bytes(about.get("data_type", about.get("dtype")))


def _value_bytes(kind: Any) -> int:
    """Of `float32` (version 3, in bits) or `<f4` (version 2, in bytes)."""
    if not isinstance(kind, str) or not (found := re.fullmatch(r"[<>|]?([a-zA-Z]+)(\d+)", kind)):
        return 1 if kind == "bool" else _UNKNOWN
    return max(1, int(found[2]) // (8 if len(found[1]) > 1 else 1))


def _table_bytes(file: Path) -> int:
    try:
        about = pq.read_metadata(file)
    except (pa.ArrowInvalid, OSError):
        return 0  # damaged: for its reader to tell
    return max(sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups)), 8 * about.num_rows)
