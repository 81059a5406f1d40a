"""TissUUmaps: a CSV of the cells and a .tmap project that opens it, a marker tab for each layer.

Keys are those of the project's own schema 1.3 (`tissuumaps-schema` on PyPI), in which X and Y are pixels of the image.
"""

from __future__ import annotations

import json
from typing import Any

from tumint import keys as k
from tumint.io.atomic import write_text
from tumint.io.tables import write_csv
from tumint.report.export.layers import Layer, Roi
from tumint.report.export.viewer import Job

TITLE = "TissUUmaps"
PIXELS = True
OPEN = """\
1. Open <sample>.tmap in TissUUmaps (3.1 or newer): File > Open, or drag it into the window. The CSV stays beside it.
2. Cells show at once, coloured by type; the buttons at the right load the other layers.
3. To have the image beneath, drag it into the window; File > Save project keeps both."""
SCHEMA = "1.3"
X, Y = "x", "y"


def write(job: Job) -> list[str]:
    """`<sample>.csv` and `<sample>.tmap`."""
    name = f"{job.roi.sample}.csv"
    write_csv(job.roi.table(X, Y), job.folder / name)
    write_text(
        job.folder / f"{job.roi.sample}.tmap",
        json.dumps(project(job.roi, name, job.title), indent=1, ensure_ascii=False),
    )
    return []


def project(roi: Roi, table: str, title: str) -> dict[str, Any]:
    """The project of a ROI, whose cells are in the file `table`."""
    tabs = [_by_level(layer, table) for layer in roi.layers]
    if k.MARGIN_UM in roi.numbers and roi.cells[k.MARGIN_UM].notna().any():
        tabs.append(_by_number(k.MARGIN_UM, "distance to the tumour's margin (µm; below 0 inside)", table))
    tabs[0]["autoLoad"] = True
    return {
        "schemaVersion": SCHEMA,
        "filename": f"{roi.sample}, {title}",
        "layers": [],
        "mpp": roi.um_per_px,
        "markerFiles": tabs,
    }


def _tab(
    uid: str, title: str, comment: str, table: str, header: dict[str, Any], radios: dict[str, bool]
) -> dict[str, Any]:
    return {
        "title": title,
        "comment": comment,
        "name": title,
        "autoLoad": False,
        "uid": uid,
        "path": table,
        "expectedHeader": {"X": X, "Y": Y, "shape_fixed": "disc", **header},
        "expectedRadios": {
            "shape_fixed": True,
            "shape_gr": False,
            "shape_gr_rand": False,
            "shape_col": False,
            **radios,
        },
    }


def _by_level(layer: Layer, table: str) -> dict[str, Any]:
    header = {"gb_col": layer.column, "cb_gr_dict": json.dumps(layer.colours, ensure_ascii=False)}
    radios = {"cb_col": False, "cb_gr": True, "cb_gr_dict": True, "cb_gr_key": False, "cb_gr_rand": False}
    return _tab(layer.column, layer.title, layer.about, table, header, radios)


def _by_number(column: str, title: str, table: str) -> dict[str, Any]:
    header = {"cb_col": column, "cb_cmap": "interpolateRdBu"}
    radios = {"cb_col": True, "cb_gr": False, "cb_gr_dict": False, "cb_gr_key": False, "cb_gr_rand": False}
    return _tab(column, title, "", table, header, radios)
