"""SpatialData: a store of each ROI, cells as circles and a table of all layers. See `tumint.io.spatialdata_store`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.io.spatialdata_store import write_store
from tumint.report.export.viewer import Job

TITLE = "SpatialData"
PIXELS = False
OPEN = """\
In Python, with the package spatialdata:  sdata = spatialdata.read_zarr("<sample>.zarr")
sdata["cells"] is the table (AnnData), for squidpy too; the element of the ROI's name holds the cells as circles in µm,
in a coordinate system of the same name. With napari-spatialdata:  Interactive(sdata)
`spatialdata: true` under `report` in the config writes one store of the whole cohort with every run."""


def write(job: Job) -> list[str]:
    """`<sample>.zarr`."""
    import anndata as ad

    roi = job.roi
    X, markers = job.matrix()
    obs = pd.DataFrame(index=pd.Index([f"{roi.sample}:{i}" for i in roi.cells[k.CELL_ID]], dtype=object))
    obs[k.SAMPLE] = pd.Categorical([roi.sample] * len(obs))
    for name in (k.CELL_ID, k.AREA_UM2, k.CELL_NAME, *roi.numbers):
        if name in roi.cells:
            obs[name] = roi.cells[name].to_numpy()
    uns = {}
    for layer in roi.layers:
        levels = [level for level in layer.colours if (roi.cells[layer.column] == level).any()]
        obs[layer.column] = pd.Categorical(roi.cells[layer.column], categories=pd.Index(levels, dtype=object))
        uns[f"{layer.column}_colors"] = np.array([layer.colours[level] for level in levels], dtype=object)
    var = pd.DataFrame(index=pd.Index(markers, dtype=object))
    places = roi.cells[[k.X_UM, k.Y_UM]].to_numpy(float)
    write_store(ad.AnnData(X, obs, var, uns, obsm={k.SPATIAL: places}), job.folder / f"{roi.sample}.zarr")
    return []
