"""What the readers look at to recognise their format: which tables a folder holds, and their headers."""

from __future__ import annotations

import re
from pathlib import Path

from tumint.errors import DataError
from tumint.io.raw.opening import is_parquet, open_table
from tumint.io.raw.source import Place
from tumint.io.raw.table import Table

_TABLE = re.compile(r"\.(csv|tsv|txt|tab)(\.gz)?$|\.parquet$", re.IGNORECASE)


def tables_in(path: Path) -> list[Path]:
    """The tables of a folder, by name; `path` itself where it is a file. Folders in it are asked by themselves."""
    if path.is_file():
        return [path] if _TABLE.search(path.name) or is_parquet(path) else []
    found = [file for file in path.glob("*") if file.is_file() and _TABLE.search(file.name)]
    return sorted(file for file in found if not file.name.startswith("."))


def table_of(path: Path) -> Table | None:
    """The table at `path` with its header read, or None where that cannot be had."""
    try:
        return open_table(Place(str(path)))
    except DataError:
        return None


def header_of(path: Path) -> list[str]:
    """Names of the columns; none where they cannot be read."""
    table = table_of(path)
    return [] if table is None else table.header


def stem(file: Path) -> str:
    """The name of a file without what says its kind."""
    return re.sub(r"(\.ome)?\.(csv|tsv|txt|tab|parquet|tiff?|h5ad|h5|zarr)(\.gz)?$", "", file.name, flags=re.IGNORECASE)


def values_of(path: Path, column: str) -> list[str]:
    """Distinct texts of a column, in order; none where it cannot be read."""
    table = table_of(path)
    if table is None or table.header.count(column) != 1:
        return []
    try:
        table.load([column])
    except DataError:
        return []
    return [text for text in dict.fromkeys(table.text(column, "")) if text]
