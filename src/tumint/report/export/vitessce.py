"""Vitessce: an AnnData-Zarr store of each ROI and a view config that opens it.

The config is of schema 1.0.16, which Vitessce 3.2 and every later version read (a later one upgrades it itself); its
`anndata.zarr` file, options and coordination types are those of `@vitessce/schemas`. The store is Zarr 2, which all
versions read.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from tumint import keys as k
from tumint.io.atomic import write_text
from tumint.report.export.layers import Roi, rgb
from tumint.report.export.viewer import Job

TITLE = "Vitessce"
PIXELS = False
OPEN = """\
1. Serve this folder, so that a page may read it:  npx http-server . --cors -p 9000
2. Open  https://vitessce.io/#?url=http://localhost:9000/<sample>.vitessce.json
Where the folder is served elsewhere, write it anew with `--url ADDRESS`: a config names its files by whole addresses.
In Jupyter, with the package vitessce:  VitessceConfig.from_dict(json.load(open("<sample>.vitessce.json"))).widget()
Cells are drawn at their places in µm; colour them by a set of cells, or by a feature: the markers and, where the ROI
has a margin, margin_um."""
VERSION = "1.0.16"
DRAWN = "spatial_drawn"  # Vitessce's scatterplot has y upwards, an image has it downwards
_PLACES = "places in µm"


def write(job: Job) -> list[str]:
    """`<sample>.zarr` and `<sample>.vitessce.json`."""
    name = f"{job.roi.sample}.zarr"
    X, markers = job.matrix()
    write_store(job.roi, X, markers, job.folder / name)
    text = json.dumps(config(job.roi, f"{job.url.rstrip('/')}/{name}", job.title), indent=1, ensure_ascii=False)
    write_text(job.folder / f"{job.roi.sample}.vitessce.json", text)
    return []


def write_store(roi: Roi, X: Any, markers: list[str], path: Path) -> None:
    """The cells as AnnData-Zarr; obs has a categorical per layer, X the markers and the distance to the margin."""
    import anndata as ad

    obs = pd.DataFrame(index=pd.Index([f"{roi.sample}:{i}" for i in roi.cells[k.CELL_ID]], dtype=object))
    obs[k.CELL_ID] = roi.cells[k.CELL_ID].to_numpy()
    for layer in roi.layers:
        levels = [level for level in layer.colours if (roi.cells[layer.column] == level).any()]
        obs[layer.column] = pd.Categorical(roi.cells[layer.column], categories=pd.Index(levels, dtype=object))
    for name in roi.numbers:
        obs[name] = roi.cells[name].to_numpy()
    if k.MARGIN_UM in roi.numbers and roi.cells[k.MARGIN_UM].notna().all() and k.MARGIN_UM not in markers:
        column = roi.cells[[k.MARGIN_UM]].to_numpy(np.float32)
        X = sparse.hstack([X, column]) if sparse.issparse(X) else np.hstack([np.asarray(X, np.float32), column])
        markers = [*markers, k.MARGIN_UM]
    # a marker is read by column
    X = sparse.csc_matrix(X, dtype=np.float32) if sparse.issparse(X) else np.asarray(X, np.float32)
    places = roi.cells[[k.X_UM, k.Y_UM]].to_numpy(float)
    var = pd.DataFrame(index=pd.Index(markers, dtype=object))
    cells = ad.AnnData(X, obs, var, obsm={k.SPATIAL: places, DRAWN: places * [1.0, -1.0]})
    with ad.settings.override(zarr_write_format=2), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Writing zarr v2 data will no longer be the default")
        cells.write_zarr(path, chunks=None if sparse.issparse(X) else (max(len(obs), 1), 1))


def config(roi: Roi, url: str, title: str) -> dict[str, Any]:
    """The view config of the store at `url`: the map, its sets of cells, its features."""
    sets = [{"name": layer.title, "path": f"obs/{layer.column}"} for layer in roi.layers]
    colours = [
        {"path": [layer.title, level], "color": rgb(colour)}
        for layer in roi.layers
        for level, colour in layer.colours.items()
        if (roi.cells[layer.column] == level).any()
    ]
    shared = {"dataset": "A", "obsSetColor": "A", "obsColorEncoding": "A", "obsSetSelection": "A"}
    first = roi.layers[0]
    shown = [[first.title, level] for level in first.colours if (roi.cells[first.column] == level).any()]
    return {
        "version": VERSION,
        "name": f"{roi.sample}, {title}",
        "description": "\n".join(f"{layer.title}: {layer.about}" for layer in roi.layers if layer.about),
        "datasets": [
            {
                "uid": "A",
                "name": roi.sample,
                "files": [
                    {
                        "fileType": "anndata.zarr",
                        "url": url,
                        "options": {
                            "obsEmbedding": [
                                {"path": f"obsm/{DRAWN}", "dims": [0, 1], "embeddingType": _PLACES},
                            ],
                            "obsSets": sets,
                            "obsFeatureMatrix": {"path": "X"},
                        },
                    }
                ],
            }
        ],
        "coordinationSpace": {
            "dataset": {"A": "A"},
            "embeddingType": {"A": _PLACES},
            "obsColorEncoding": {"A": "cellSetSelection"},
            "obsSetColor": {"A": colours},
            "obsSetSelection": {"A": shown},
        },
        "layout": [
            _view("scatterplot", (0, 0, 8, 12), shared | {"embeddingType": "A"}),
            _view("obsSets", (8, 0, 4, 7), shared),
            _view("featureList", (8, 7, 4, 5), shared),
        ],
        "initStrategy": "auto",
    }


def _view(component: str, at: tuple[int, int, int, int], scopes: dict[str, str]) -> dict[str, Any]:
    return {"component": component, **dict(zip("xywh", at, strict=True)), "coordinationScopes": scopes}
