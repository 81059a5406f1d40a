"""Which kind of table a file is, by its name and first bytes, and the table."""

from __future__ import annotations

from pathlib import Path

from tumint.io.kinds import is_special
from tumint.io.raw.delimited import Delimited
from tumint.io.raw.h5ad import Obs
from tumint.io.raw.parquet import Parquet
from tumint.io.raw.source import Place, Text, check_ordinary
from tumint.io.raw.table import Table


def open_table(place: Place, decimal: str | None = None, *, spaced: bool = False) -> Table:
    """The table at `place`, its header read: parquet, obs of an AnnData, or text (`Delimited`).

    Raises
    ------
    DataError
        There is no such file, or it is damaged, empty, or of another kind.
    """
    check_ordinary(place)  # asked first, because to open a pipe is to wait
    if is_parquet(place.path):
        return Parquet(place)
    if is_h5ad(place.path):
        return Obs(place)
    return Delimited(Text(place), decimal, spaced=spaced)


def is_parquet(path: str | Path) -> bool:
    """By its name or its first bytes."""
    return str(path).lower().endswith((".parquet", ".pq")) or _first_bytes(path) == b"PAR1"


def is_h5ad(path: str | Path) -> bool:
    """By its name; any other HDF5 file is no table."""
    return str(path).lower().endswith(".h5ad")


def _first_bytes(path: str | Path) -> bytes:
    if is_special(path):
        return b""
    try:
        with open(path, "rb") as handle:
            return handle.read(4)
    except OSError:
        return b""
