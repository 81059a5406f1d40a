"""What the readers look at to recognise their format: which tables a folder holds, and their headers."""

from __future__ import annotations

import re
from pathlib import Path

from tumint.errors import DataError
from tumint.io.raw.opening import is_parquet, open_table
from tumint.io.raw.source import Place
from tumint.io.raw.table import Table

_TABLE = re.compile(r"\.(csv|tsv|txt|tab)(\.gz)?$|\.parquet$", re.IGNORECASE)
_DEPTH = 2
# names that other programs and people give, in lower case, best first
_GUESSES = {
    "x": (
        "x_um",
        "x",
        "absolutex",
        "centroid_x",
        "x_centroid",
        "cell_x",
        "pos_x",
        "center_x",
        "x_position",
        "x_coordinate",
        "centroid-1",
    ),
    "y": (
        "y_um",
        "y",
        "absolutey",
        "centroid_y",
        "y_centroid",
        "cell_y",
        "pos_y",
        "center_y",
        "y_position",
        "y_coordinate",
        "centroid-0",
    ),
    "cell_id": ("cell_id", "cellid", "object", "objectnumber", "object_id", "id", "label", "unnamed: 0"),
    "area": ("area_um2", "area", "cell_area", "size"),
    "cell_type": (
        "cell_type",
        "celltype",
        "cell type",
        "celltypes",
        "cell_types",
        "major.cell.type",
        "phenotype",
        "annotation",
        "cluster_name",
    ),
    "domain": ("domain", "tissue", "compartment"),
    "part": ("sample", "image", "image_id", "imageid", "roi", "region", "fov", "sample_id"),
}


def tables_in(path: Path) -> list[Path]:
    """The tables of a folder and the folders in it, by name; `path` itself where it is a file."""
    if path.is_file():
        return [path] if _TABLE.search(path.name) or is_parquet(path) else []
    found = [
        f for pattern in ("*", "*/*")[:_DEPTH] for f in path.glob(pattern) if f.is_file() and _TABLE.search(f.name)
    ]
    return sorted(file for file in found if not file.name.startswith("."))


def table_of(path: Path) -> Table | None:
    """The table at `path` with its header read, or None where that cannot be had."""
    try:
        return open_table(Place(str(path), "init"))
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


def guess_columns(header: list[str]) -> dict[str, str]:
    """`{what: column}` by the usual names, in any case."""
    lower = {name.lower(): name for name in reversed(header)}
    found = {}
    for what, names in _GUESSES.items():
        if match := next((lower[name] for name in names if name in lower), None):
            found[what] = match
    return found
