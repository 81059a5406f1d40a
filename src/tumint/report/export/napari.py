"""napari: a CSV that its own reader takes for a points layer (`index`, `axis-0`, `axis-1`), other columns as features.

`axis-0` is y and `axis-1` is x, in pixels, as napari has the axes of an image.
"""

from __future__ import annotations

import json

from tumint.io.atomic import write_text
from tumint.io.tables import write_csv
from tumint.report.export.viewer import Job

TITLE = "napari"
PIXELS = True
Y, X = "axis-0", "axis-1"
COLOURS = "colours.json"
OPEN = f"""\
1. Drag the image of the ROI into napari (0.4 or newer), then <sample>.csv: the cells are a points layer, and all
   columns are its features.
2. To colour them, open napari's console and paste (for any column of categories in place of cell_type):

   import json
   cells = viewer.layers["<sample>"]
   colours = json.load(open("{COLOURS}"))["cell_type"]
   cells.face_color = [colours[str(level)] for level in cells.features["cell_type"]]

   A column of numbers needs one line: cells.face_color = "margin_um\""""


def write(job: Job) -> list[str]:
    """`<sample>.csv`, and `colours.json`, which is the same for all ROIs."""
    table = job.roi.table(X, Y)
    ordered = table[[Y, X, *(name for name in table if name not in (X, Y))]]
    ordered.insert(0, "index", range(len(ordered)))
    write_csv(ordered, job.folder / f"{job.roi.sample}.csv")
    colours = {layer.column: layer.colours for layer in job.roi.layers}
    write_text(job.folder / COLOURS, json.dumps(colours, indent=1, ensure_ascii=False))
    return []
