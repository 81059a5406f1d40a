"""QuPath: detections of one or many images as its measurement table or exporter writes them (TSV or CSV).

`Centroid X µm` (or `px`), `Classification` (before 0.5 `Class`), `Parent`, `Cell: Area`, and a channel as
`Cell: <channel> mean` or `<channel>: Cell: Mean`. `part` is the name in the column `Image`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tumint.ingest.layout import Layout, find_markers, first_of, one_form, require, with_columns
from tumint.ingest.reader import Found, Part, Reader, Result, Settings
from tumint.ingest.recognise import header_of, stem, tables_in, values_of
from tumint.ingest.rows import read_table_parts
from tumint.io.raw.table import Table

_MICRO = ("µm", "μm", "um")  # the micro sign, the Greek letter, and neither
_IMAGE = "Image"
# `Parent` of detections that lie in no annotation with a class
_NO_TISSUE = ("Image", "Root object", "Root object (Image)", "PathRootObject", "PathAnnotationObject", "Annotation")
_OF_CHANNEL = (
    *("Cell: {} mean", "{}: Cell: Mean", "Cell: {}: Mean", "{}: Mean", "{} mean"),
    *("Nucleus: {} mean", "{}: Nucleus: Mean"),
)


def read(path: str, parts: Sequence[Part], settings: Settings) -> Iterator[Result]:
    """The detections of one table; they are numbered by row, since QuPath's ids are no numbers."""
    return read_table_parts(path, parts, settings, _find)


def _find(table: Table, settings: Settings) -> Layout:
    unit = next((u for u in _MICRO if f"Centroid X {u}" in table.header), None)
    form = one_form(table, settings, _OF_CHANNEL)
    markers = find_markers(table, settings, lambda name: [form.format(name)])
    layout = Layout(
        (f"Centroid X {unit or 'px'}",),
        (f"Centroid Y {unit or 'px'}",),
        area=first_of(table, _areas(unit)),
        cell_type=first_of(table, ("Classification", "Class")),
        domain="Parent" if "Parent" in table.header else None,
        no_domain=_NO_TISSUE,
        part=_IMAGE if _IMAGE in table.header else None,
        in_um=unit is not None,
        area_in_um2=unit is not None,
        markers=markers,
    )
    if unit is not None and {"Centroid X px", "Centroid Y px"} <= set(table.header):
        layout = replace(layout, otherwise=_in_pixels(layout, table))
    return require(table, with_columns(layout, settings.config))


def _in_pixels(layout: Layout, table: Table) -> Layout:
    """Of images without a pixel size, which QuPath measures in pixels, in columns of their own."""
    x, y = ("Centroid X px",), ("Centroid Y px",)
    return replace(layout, x=x, y=y, area=first_of(table, _areas(None)), in_um=False, area_in_um2=False)


def _areas(unit: str | None) -> list[str]:
    units = [f" {u}^2" for u in _MICRO] if unit else [" px^2"]
    return [f"{part}: Area{u}" for part in ("Cell", "Nucleus") for u in (*units, "")] + [f"Area{u}" for u in units]


def recognise(path: Path) -> Found | None:
    """A table of detections, or a folder that holds some."""
    tables = [file for file in tables_in(path) if any(name.startswith("Centroid X ") for name in header_of(file))]
    if not tables:
        return None
    header = header_of(tables[0])
    forms = [re.escape(form).replace(r"\{\}", "(.+)") for form in _OF_CHANNEL]
    channels: dict[str, None] = {}
    for form in forms[:3] if any(re.fullmatch(f, h) for f in forms[:3] for h in header) else forms:
        channels |= dict.fromkeys(m[1] for name in header if (m := re.fullmatch(form, name)))
    channels = {name: None for name in channels if not re.search(r"(OD|Area|Perimeter)$", name)}
    rows: list[tuple[str, Path, str]] = []
    for file in tables:
        images = values_of(file, _IMAGE)
        rows += [(stem(Path(name)), file, name if len(images) > 1 else "") for name in images or [stem(file)]]
    check = ["`Parent` becomes the domain, by its own name"]
    named = {"Class", "Classification"} & set(header)
    return Found(rows, [(name, name) for name in channels], {}, check, has_types=bool(named))


READER = Reader("qupath", read, recognise, order=90)
