"""HALO: object data (`Object Id`, the box `XMin` `XMax` `YMin` `YMax` in pixels, `Classifier Label`, a column for each
channel: `<channel> Cell Intensity`). Phenotypes are flags: a 0/1 column for each phenotype of the analysis, or
`<channel> Positive Classification`; `tumint init` names them as `ingest.columns.cell_type`.

`part` is the name in the column `Image Location`, of older versions `Image File Name`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PureWindowsPath

from tumint.ingest import flags
from tumint.ingest.layout import Layout, find_markers, first_of, require, with_columns
from tumint.ingest.reader import Found, Part, Reader, Result, Settings
from tumint.ingest.recognise import header_of, stem, tables_in, values_of
from tumint.ingest.rows import read_table_parts
from tumint.io.raw.table import Table

_ID, _BOX = "Object Id", ("XMin", "XMax", "YMin", "YMax")
_IMAGE = ("Image Location", "Image File Name", "Image Tag")
_INTENSITY, _POSITIVE = "Cell Intensity", "Positive Classification"
_NUCLEAR = re.compile(r"(DAPI|Hoechst|DRAQ|SYTO)", re.IGNORECASE)


def read(path: str, parts: Sequence[Part], settings: Settings) -> Iterator[Result]:
    """The objects of one table; the centre of a cell is that of its box."""
    return read_table_parts(path, parts, settings, _find)


def _find(table: Table, settings: Settings) -> Layout:
    def columns_of(name: str) -> list[str]:
        form = re.compile(rf"{re.escape(name)}( \(Opal \d+\))? {_INTENSITY}")
        return [column for column in table.header if form.fullmatch(column)] or [f"{name} {_INTENSITY}"]

    layout = Layout(
        _BOX[:2],
        _BOX[2:],
        _ID,
        area=first_of(table, [f"Cell Area ({unit})" for unit in ("µm²", "μm²", "um²", "um^2", "µm^2")]),
        domain="Classifier Label" if "Classifier Label" in table.header else None,
        part=first_of(table, _IMAGE),
        area_in_um2=True,
        markers=find_markers(table, settings, columns_of),
    )
    return require(table, with_columns(layout, settings.config))


def recognise(path: Path) -> Found | None:
    """A table of objects, or a folder that holds some."""
    tables = [file for file in tables_in(path) if {_ID, *_BOX} <= set(header_of(file))]
    if not tables:
        return None
    header = header_of(tables[0])
    found = [name.removesuffix(f" {_INTENSITY}") for name in header if name.endswith(f" {_INTENSITY}")]
    column = next((name for name in _IMAGE if name in header), None)
    rows: list[tuple[str, Path, str]] = []
    for file in tables:
        images = values_of(file, column) if column else []
        rows += [(_roi(name), file, name if len(images) > 1 else "") for name in images or [file.name]]
    markers = [(re.sub(r" \(Opal \d+\)$", "", name), name) for name in found]
    check = ["HALO writes boxes in pixels and no pixel size: set `ingest.pixel_size_um`"]
    named = _flags(tables[0], header)
    config = {"columns": {"cell_type": named}} if named else {}
    return Found(rows, markers, config, check, has_types=bool(named))


def _flags(file: Path, header: list[str]) -> list[str]:
    """The phenotypes of the analysis; where it names none, the channels that it calls positive, but for nuclei."""
    known = (_ID, *_BOX, *_IMAGE, "Classifier Label", "Analysis Region", "Algorithm Name", "Analysis Inputs")
    measured = re.compile(r"( Intensity|Area \(.*|Perimeter \(.*|Completeness|Positive.*|Classification|Pixels.*|OD)$")
    named = [name for name in header if name not in known and not measured.search(name)]
    found = [name for name in named if _is_flag(file, name)]
    if found:
        return found
    called = [name for name in header if name.endswith(f" {_POSITIVE}") and not _NUCLEAR.match(name)]
    return [name for name in called if _is_flag(file, name)]


def _is_flag(file: Path, name: str) -> bool:
    """Whether the column says yes of some cells and no of others."""
    values = values_of(file, name)
    return len(values) > 1 and flags.is_flag(values)


def _roi(image: str) -> str:
    return stem(Path(PureWindowsPath(image).name))


READER = Reader("halo", read, recognise, order=110)
