"""Xenium Explorer: a CSV of cell groups for each layer, with the columns of 10x's own files: cell_id, group, color.

Groups are joined to the cells of a Xenium bundle by name, so that no coordinate is written.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.io.tables import write_csv
from tumint.report.export.layers import Layer, Roi
from tumint.report.export.viewer import Job
from tumint.text import setting

TITLE = "Xenium Explorer"
PIXELS = False
OPEN = """\
1. Open the bundle of the ROI (experiment.xenium) in Xenium Explorer.
2. Cells > Cell groups > the upload button: choose a CSV of the folder <sample>. Each is a set of groups.
Cells are found by name: the ids must be those of the bundle."""
# The last and the first band are open; the colours go from inside (blue) to outside (red).
BANDS_UM = (-100.0, -50.0, 0.0, 50.0, 100.0)
_BANDS = ("#2166AC", "#67A9CF", "#D1E5F0", "#FDDBC7", "#EF8A62", "#B2182B")
UNNAMED = (
    "the results hold no names of cells from the source, so cell_id is tumint's number of the cell: Xenium Explorer "
    "finds cells only where the bundle uses the same ids"
)


def write(job: Job) -> list[str]:
    """`<sample>/<layer>.csv`."""
    roi = job.roi
    named = k.CELL_NAME in roi.cells and bool(roi.cells[k.CELL_NAME].notna().all())
    ids = roi.cells[k.CELL_NAME if named else k.CELL_ID].astype(str)
    for layer in roi.layers:
        _write(job, layer, ids, roi.cells[layer.column])
    if (margin := bands(roi)) is not None:
        _write(job, margin[0], ids, margin[1])
    return [] if named else [UNNAMED]


def _write(job: Job, layer: Layer, ids: pd.Series, groups: pd.Series) -> None:
    table = pd.DataFrame({"cell_id": ids, "group": groups, "color": groups.map(layer.colours)})
    write_csv(table.dropna(subset="group"), job.folder / job.roi.sample / f"{layer.column}.csv")


def bands(roi: Roi) -> tuple[Layer, pd.Series] | None:
    """The distance to the margin as groups, which is all that Explorer takes; None where the ROI has no margin."""
    if k.MARGIN_UM not in roi.numbers or roi.cells[k.MARGIN_UM].isna().all():
        return None
    ends = [setting(end) for end in BANDS_UM]
    names = [
        f"below {ends[0]} µm",
        *(f"{low} to {high} µm" for low, high in pairwise(ends)),
        f"{ends[-1]} µm and above",
    ]
    values = roi.cells[k.MARGIN_UM].to_numpy(float)
    found = np.array(names, dtype=object)[np.digitize(values, BANDS_UM)]
    groups = pd.Series(found, index=roi.cells.index).where(roi.cells[k.MARGIN_UM].notna())
    return Layer(k.MARGIN_UM, "distance to the tumour's margin", dict(zip(names, _BANDS, strict=True))), groups
