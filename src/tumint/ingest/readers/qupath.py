"""QuPath: detections of one or many images as its measurement table or exporter writes them (TSV or CSV).

`Centroid X µm` (or `px`), `Classification` (before 0.5 `Class`), `Parent`, `Cell: Area`, and a channel as
`Cell: <channel> mean` or `<channel>: Cell: Mean`. `part` is the name in the column `Image`.
Classes built of several, such as `CD8: FoxP3`, are types as they stand. Or the GeoJSON of the objects of one image, see
`qupath_objects`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tumint.ingest.flags import qupath_class
from tumint.ingest.geojson import files_in, is_geojson
from tumint.ingest.layout import Layout, find_markers, first_of, one_form, require, with_columns
from tumint.ingest.qupath_objects import CLASS, PARENT, is_qupath, read_objects, table_of_objects
from tumint.ingest.reader import Found, Part, Reader, Result, Settings
from tumint.ingest.recognise import header_of, stem, tables_in, values_of
from tumint.ingest.rows import read_table_parts
from tumint.io.raw.source import Place
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
    if not is_geojson(Path(path)):
        return read_table_parts(path, parts, settings, _find)
    return read_objects(path, parts, settings, _find)


def _find(table: Table, settings: Settings) -> Layout:
    unit = next((u for u in _MICRO if f"Centroid X {u}" in table.header), None)
    form = one_form(table, settings, _OF_CHANNEL)
    markers = find_markers(table, settings, lambda name: [form.format(name)])
    layout = Layout(
        (f"Centroid X {unit or 'px'}",),
        (f"Centroid Y {unit or 'px'}",),
        cell_name=first_of(table, ("Object ID",)),
        area=first_of(table, _areas(unit)),
        cell_type=first_of(table, ("Classification", "Class")),
        type_of=qupath_class,
        domain=PARENT if PARENT in table.header else None,
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
        return _objects(path)
    header = header_of(tables[0])
    channels = _channels(header)
    rows: list[tuple[str, Path, str]] = []
    for file in tables:
        images = values_of(file, _IMAGE)
        rows += [(stem(Path(name)), file, name if len(images) > 1 else "") for name in images or [stem(file)]]
    check = ["`Parent` becomes the domain, by its own name"]
    column = next((name for name in ("Classification", "Class") if name in header), None)
    named = column is not None and any(values_of(file, column) for file in tables)
    return Found(rows, [(name, name) for name in channels], {}, check, has_types=named)


def _objects(path: Path) -> Found | None:
    """The objects of one image or of several, a GeoJSON file each."""
    files = [file for file in files_in(path) if is_qupath(file)]
    if not files:
        return None
    table = table_of_objects(Place(str(files[0]), "init"))
    rows = [(re.sub(r"(\.ome)?(\.tiff?)?\.geojson(\.gz)?$", "", f.name, flags=re.IGNORECASE), f, "") for f in files]
    check = ["GeoJSON is in pixels: set `ingest.pixel_size_um`"]
    if PARENT in table.header:
        check.append("the class of the smallest annotation around a cell becomes its domain")
    named = bool(table.text(CLASS, "").any())
    return Found(rows, [(name, name) for name in _channels(table.header)], {}, check, has_types=named)


def _channels(header: list[str]) -> list[str]:
    """The channels that were measured."""
    forms = [re.escape(form).replace(r"\{\}", "(.+)") for form in _OF_CHANNEL]
    channels: dict[str, None] = {}
    for form in forms[:3] if any(re.fullmatch(f, h) for f in forms[:3] for h in header) else forms:
        channels |= dict.fromkeys(m[1] for name in header if (m := re.fullmatch(form, name)))
    return [name for name in channels if not re.search(r"(OD|Area|Perimeter)$", name)]


READER = Reader("qupath", read, recognise, order=90)
