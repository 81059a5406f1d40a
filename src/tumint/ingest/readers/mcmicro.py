"""MCMICRO: the quantification table of one image (`CellID`, a column per marker, `X_centroid`, `Y_centroid`, `Area`).

Newer versions append the mask to the marker (`CD45_cellMask`). `markers.csv` is read by `tumint init` alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tumint import keys as k
from tumint.ingest.layout import Layout, find_markers, find_shapes, one_form, require, with_columns
from tumint.ingest.reader import Found, Part, Reader, Result, Settings
from tumint.ingest.recognise import header_of, stem, table_of, tables_in
from tumint.ingest.rows import read_table_parts
from tumint.io.raw.table import Table

_ID, _X, _Y, _AREA = "CellID", "X_centroid", "Y_centroid", "Area"
_SHAPES = {k.ECCENTRICITY: "Eccentricity", k.SOLIDITY: "Solidity"}
_MASKS = ("", "_cellMask", "_cell", "_nucleiMask", "_nuclei")


def read(path: str, parts: Sequence[Part], settings: Settings) -> Iterator[Result]:
    """The cells of one table."""
    return read_table_parts(path, parts, settings, _find)


def _find(table: Table, settings: Settings) -> Layout:
    form = one_form(table, settings, [f"{{}}{mask}" for mask in _MASKS])
    markers = find_markers(table, settings, lambda name: [form.format(name)])
    area = _AREA if _AREA in table.header else None
    layout = Layout((_X,), (_Y,), _ID, area, shapes=find_shapes(table, _SHAPES), markers=markers)
    return require(table, with_columns(layout, settings.config))


def recognise(path: Path) -> Found | None:
    """A quantification table, or a folder that holds some."""
    tables = [file for file in tables_in(path) if {_ID, _X, _Y} <= set(header_of(file))]
    if not tables:
        return None
    header = header_of(tables[0])
    measured = [name for name in header[: header.index(_X)] if name != _ID]
    folder = path if path.is_dir() else path.parent
    removed = _removed(folder) | _removed(folder.parent)  # the table lies in `quantification/` of a run
    markers = [(_bare(name), name) for name in measured if _bare(name) not in removed]
    check = ["MCMICRO does not write the pixel size: set `ingest.pixel_size_um`"]
    return Found([(stem(file).removeprefix("quantification-"), file, "") for file in tables], markers, {}, check)


def _bare(column: str) -> str:
    return next((column.removesuffix(mask) for mask in _MASKS[1:] if column.endswith(mask)), column)


def _removed(folder: Path) -> set[str]:
    """Markers that `markers.csv` marks for removal."""
    table = table_of(folder / "markers.csv") if (folder / "markers.csv").is_file() else None
    if table is None or not {"marker_name", "remove"} <= set(table.header):
        return set()
    table.load(["marker_name", "remove"])
    pairs = zip(table.text("marker_name", ""), table.text("remove", ""), strict=True)
    return {name for name, remove in pairs if remove.lower() in ("true", "1", "yes")}


READER = Reader("mcmicro", read, recognise, order=80)
