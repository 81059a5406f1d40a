"""inForm: `*_cell_seg_data.txt` (`Cell ID`, `Cell X Position`, `Phenotype`, `Tissue Category`, and for each channel a
column `Entire Cell <channel> Mean (Normalized Counts, Total Weighting)`); also `Consolidated_data.txt` of
phenoptrReports, whose phenotypes are a column for each marker (`Phenotype CD8`: `CD8+` or `CD8-`) and whose channels
have no unit. The consolidated form as in akoyabio.github.io/phenoptrReports (articles/consolidation).

Positions are µm where the areas are square microns, else pixels. `part` is the name in the column `Sample Name` or
`Annotation ID`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tumint.ingest.layout import Layout, find_markers, first_of, require, with_columns
from tumint.ingest.reader import Found, Part, Reader, Result, Settings
from tumint.ingest.recognise import header_of, stem, tables_in, values_of
from tumint.ingest.rows import read_table_parts
from tumint.io.raw.table import Table

_ID, _X, _Y = "Cell ID", "Cell X Position", "Cell Y Position"
_SAMPLES = ("Sample Name", "Annotation ID")
_WHOLE, _MEAN = "Entire Cell", r"Mean( \(.*)?"
_PHENOTYPE = "Phenotype"


def read(path: str, parts: Sequence[Part], settings: Settings) -> Iterator[Result]:
    """The cells of one table."""
    return read_table_parts(path, parts, settings, _find)


def _find(table: Table, settings: Settings) -> Layout:
    def columns_of(name: str) -> list[str]:
        form = re.compile(rf"{_WHOLE} {re.escape(name)}( \(Opal \d+\))? {_MEAN}")
        return [column for column in table.header if form.fullmatch(column)] or [f"{_WHOLE} {name} Mean"]

    in_um = any("(square microns)" in name or "(microns)" in name for name in table.header)
    unit = "square microns" if in_um else "pixels"
    layout = Layout(
        (_X,),
        (_Y,),
        _ID,
        area=first_of(table, [f"{part} Area ({unit})" for part in (_WHOLE, "Nucleus")]),
        cell_type=_types(table.header),
        domain="Tissue Category" if "Tissue Category" in table.header else None,
        part=first_of(table, _SAMPLES),
        in_um=in_um,
        area_in_um2=in_um,
        markers=find_markers(table, settings, columns_of),
    )
    return require(table, with_columns(layout, settings.config))


def _types(header: list[str]) -> str | tuple[str, ...] | None:
    """The column of the phenotype, else those of one marker each."""
    flags = tuple(name for name in header if name.startswith(f"{_PHENOTYPE} "))
    return _PHENOTYPE if _PHENOTYPE in header else flags or None


def recognise(path: Path) -> Found | None:
    """A table of cells, or a folder that holds some."""
    tables = [file for file in tables_in(path) if {_ID, _X, _Y} <= set(header_of(file))]
    if not tables:
        return None
    header = header_of(tables[0])
    found = [m[1] for c in header if (m := re.fullmatch(rf"{_WHOLE} (.+?) {_MEAN}", c)) and "Autofluo" not in m[1]]
    rows: list[tuple[str, Path, str]] = []
    for file in tables:
        column = next((name for name in _SAMPLES if name in header), _SAMPLES[0])
        images = values_of(file, column)
        rows += [(_roi(name), file, name if len(images) > 1 else "") for name in images or [file.name]]
    markers = [(re.sub(r" \(Opal \d+\)$", "", name), name) for name in found]
    check = ["`Tissue Category` becomes the domain, by its own name"]
    types = _types(header)
    config = {} if types is None or isinstance(types, str) else {"columns": {"cell_type": list(types)}}
    return Found(rows, markers, config, check, has_types=types is not None)


def _roi(name: str) -> str:
    return re.sub(r"_cell_seg_data$|\.im3$", "", stem(Path(name)))


READER = Reader("inform", read, recognise, order=100)
