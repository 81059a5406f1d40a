"""The objects of an image as QuPath exports them (File > Export objects as GeoJSON): outlines in pixels with classes
and measurements → the table that its measurement export would be.

Cells and detections are taken, tiles left; a cell stands at the centre of its outline. The smallest annotation with a
class around that centre is its tissue, the column `Parent`. Keys as in
qupath.readthedocs.io (reference/geojson): `objectType` (before 0.3 `object_type` or the `id` of the feature),
`classification` with `name` or `names`, `measurements` as a map or, before 0.4, a list of `name` and `value`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumint.errors import DataError, Fault
from tumint.ingest.geojson import features, inside, outlines
from tumint.ingest.layout import Layout
from tumint.ingest.reader import Part, Result, Settings
from tumint.ingest.rows import cells_of
from tumint.io.raw.h5ad import Frame
from tumint.io.raw.source import Place, file_identity
from tumint.io.raw.table import Table
from tumint.text import plural

CLASS, PARENT = "Classification", "Parent"
_CELLS = frozenset({"cell", "detection", "pathcellobject", "pathdetectionobject"})
_ANNOTATIONS = frozenset({"annotation", "pathannotationobject"})
_OTHERS = _ANNOTATIONS | {"tile", "tma_core", "pathtileobject", "tmacoreobject"}


def read_objects(
    path: str, parts: Sequence[Part], settings: Settings, find: Callable[[Table, Settings], Layout]
) -> Iterator[Result]:
    """The cells of one image, whose layout `find` tells as that of a table."""
    for part in parts:
        try:
            if part.part or len(parts) > 1:
                expected = "a GeoJSON file for each sample, without `part` in the sheet"
                raise DataError(Fault(part.place.at(), expected, plural(len(parts), "sample") + " of one file"))
            table = table_of_objects(part.place)
            where = find(table, settings)
            table.stop_on_faults()
            table.load(where.columns())
            yield part, cells_of(table, where, part, settings, file_identity(path))
        except DataError as error:
            yield part, error


def table_of_objects(place: Place) -> Table:
    """A row for each cell; `rows` are the numbers of the features in the file."""
    found = features(place)
    kinds = [_kind(one) for one in found]
    rows = [i for i, kind in enumerate(kinds) if kind in _CELLS]
    if not rows:
        shown = ", ".join(sorted({kind or "without `objectType`" for kind in kinds})) or "none"
        expected = "cells or detections among the objects (`objectType`)"
        raise DataError(Fault(place.at(), expected, f"{plural(len(found), 'object')}: {shown}" if found else shown))
    cells = [found[i] for i in rows]
    xy, area = outlines(cells, place)
    properties = [_properties(cell) for cell in cells]
    frame = pd.DataFrame(
        {
            "Object ID": [str(cell.get("id", "")) for cell in cells],
            CLASS: [_class(one.get("classification")) for one in properties],
            "Centroid X px": xy[:, 0],
            "Centroid Y px": xy[:, 1],
            "Cell: Area px^2": area,
        },
        index=pd.Index([str(i) for i in rows], dtype=object),
    )
    measured = pd.DataFrame([_measurements(one.get("measurements")) for one in properties], index=frame.index)
    annotations = [(one, i) for i, (one, kind) in enumerate(zip(found, kinds, strict=True)) if kind in _ANNOTATIONS]
    if (tissue := _tissue(annotations, xy, place)) is not None:
        frame[PARENT] = tissue
    frame = pd.concat([frame, measured[[name for name in measured if name not in frame]]], axis=1)
    table = Frame(place, frame, np.array(rows) + 1)
    table.load(list(map(str, frame.columns)))
    return table


def _tissue(annotations: Sequence[tuple[dict[str, Any], int]], xy: np.ndarray, place: Place) -> np.ndarray | None:
    """The class of the smallest annotation around each point, empty where there is none; None: none has a class.

    Classes that end in `*`, which QuPath itself leaves out, are none.
    """
    named = [(_class(_properties(one).get("classification")), one, number) for one, number in annotations]
    named = [(name, one, number) for name, one, number in named if name and not name.endswith("*")]
    named = [one for one in named if (one[1].get("geometry") or {}).get("type") in ("Polygon", "MultiPolygon")]
    if not named:
        return None
    size = [outlines([one], place, number)[1][0] for _, one, number in named]
    tissue = np.full(len(xy), "", dtype=object)
    for i in np.argsort(size, kind="stable")[::-1]:  # the smallest last, so that it stays
        tissue[inside(named[i][1]["geometry"], xy)] = named[i][0]
    return tissue


def is_qupath(file: Path) -> bool:
    """Whether a GeoJSON file holds objects of QuPath."""
    try:
        return any(_kind(one) in _CELLS | _OTHERS for one in features(Place(str(file), "init"))[:100])
    except DataError:
        return False


def _properties(feature: dict[str, Any]) -> dict[str, Any]:
    found = feature.get("properties")
    return found if isinstance(found, dict) else {}


def _kind(feature: dict[str, Any]) -> str:
    properties = _properties(feature)
    named = properties.get("objectType") or properties.get("object_type") or feature.get("id") or ""
    kind = str(named).lower()
    return kind if kind in _CELLS | _OTHERS else ""


def _class(found: Any) -> str:
    if not isinstance(found, dict):
        return "" if found is None else str(found)
    names = found.get("names")
    return ": ".join(map(str, names)) if isinstance(names, list) else str(found.get("name") or "")


def _measurements(found: Any) -> dict[str, Any]:
    if isinstance(found, list):
        return {str(one.get("name")): one.get("value") for one in found if isinstance(one, dict)}
    return {str(name): value for name, value in found.items()} if isinstance(found, dict) else {}
