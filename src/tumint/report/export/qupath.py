"""QuPath: a GeoJSON of detections, one point per cell.

Keys are those that QuPath reads and writes itself since 0.4 (`QuPathTypeAdapters.java`): `objectType`,
`classification` with `name` and `color`, `measurements` as an object of numbers, and since 0.5 `metadata` of texts.
QuPath colours by the class and by measurements, so that each layer but the type is a measurement too: the place of its
level in the legend, from 0, which README.txt lists.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

from tumint import keys as k
from tumint.io.atomic import replacing
from tumint.report.export.layers import Roi, rgb
from tumint.report.export.viewer import Job

TITLE = "QuPath"
PIXELS = True
OPEN = """\
1. Open the image of the ROI in QuPath (0.4 or newer).
2. Drag <sample>.geojson onto it. Each cell is a detection whose class is its type.
3. Measure > Show measurement maps colours the cells by margin_um, a niche, a network or a finding. A layer of
   categories is a number there; the legend below has its levels in order: the first is 0."""

_NAMES = uuid.UUID("7d0c1f3c-5d0f-5c56-9d0e-0e7f3f6f0b51")  # a cell has the same id in every export


def write(job: Job) -> list[str]:
    """`<sample>.geojson`."""
    with (
        replacing(job.folder / f"{job.roi.sample}.geojson") as temporary,
        open(temporary, "w", encoding="utf-8") as file,
    ):
        file.write('{"type":"FeatureCollection","features":[')
        for i, feature in enumerate(features(job.roi)):
            file.write(",\n" if i else "\n")
            json.dump(feature, file, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        file.write("\n]}\n")
    return []


def features(roi: Roi) -> Iterator[dict[str, Any]]:
    """Cells as QuPath has them, coordinates in pixels."""
    classes = {name: {"name": name, "color": rgb(colour)} for name, colour in roi.layers[0].colours.items()}
    others = roi.layers[1:]
    codes = {layer.column: {level: i for i, level in enumerate(layer.colours)} for layer in others}
    for row, (x, y) in zip(roi.cells.to_dict("records"), roi.pixels.round(4).tolist(), strict=True):
        measured = {layer.column: codes[layer.column][row[layer.column]] for layer in others}
        measured |= {name: row[name] for name in roi.numbers if row[name] == row[name]}
        yield {
            "type": "Feature",
            "id": str(uuid.uuid5(_NAMES, f"{roi.sample}:{row[k.CELL_ID]}")),
            "geometry": {"type": "Point", "coordinates": [x, y]},
            "properties": {
                "objectType": "detection",
                "classification": classes[row[k.CELL_TYPE]],
                "measurements": {k.CELL_ID: row[k.CELL_ID], **measured},
                "metadata": {layer.title: row[layer.column] for layer in others},
            },
        }
