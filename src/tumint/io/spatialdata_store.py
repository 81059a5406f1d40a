"""A SpatialData store: the table of all cells and, for each ROI, the cells as circles in µm. spatialdata reads it.

Written as plain Zarr 2 with the attributes of SpatialData's containers 0.1, shapes 0.2 and tables 0.1, which every
version of spatialdata since 0.2 reads. The package itself is not needed.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tumint import keys as k
from tumint.io.atomic import write_text

REGION, TABLE = "region", "cells"
_USUAL_UM2 = 80.0  # area of a cell where none is known
_ATTRIBUTES = ".zattrs"
_OURS = "spatialdata_attrs"


def is_store(folder: Path) -> bool:
    """Whether a folder is such a store, of whoever."""
    try:
        return _OURS in json.loads((folder / _ATTRIBUTES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def write_store(cells: Any, out: Path) -> dict[str, str]:
    """Write the cells (AnnData with `sample`, `cell_id` and places in µm) into the new folder `out`.

    The table `cells` is the AnnData with a column `region`; a ROI with places is the element of shapes of that name,
    in a coordinate system of its own, which has the same name. A cell is a circle of its area. Names have letters,
    digits, `_`, `.` and `-` alone, as spatialdata wants them.

    Returns
    -------
    The name of each ROI in the store, by sample.
    """
    samples = [str(name) for name in pd.unique(cells.obs[k.SAMPLE].astype(str))]
    regions = dict(zip(samples, _names(samples), strict=True))
    places = np.asarray(cells.obsm[k.SPATIAL], dtype=float)
    of_cell = cells.obs[k.SAMPLE].astype(str).to_numpy(object)
    area = cells.obs[k.AREA_UM2].to_numpy(float) if k.AREA_UM2 in cells.obs else np.full(len(of_cell), np.nan)
    area = np.where(np.isfinite(area) & (area > 0), area, _usual(area))
    _group(out, {_OURS: {"version": "0.1", "spatialdata_software_version": "tumint"}})
    _group(out / "shapes", {})
    _group(out / "tables", {})
    for sample, region in regions.items():
        mine = (of_cell == sample) & np.isfinite(places).all(axis=1)
        if mine.any():
            ids = cells.obs[k.CELL_ID].to_numpy(np.int64)[mine]
            _circles(out / "shapes" / region, region, places[mine], np.sqrt(area[mine] / np.pi), ids)
    _table(cells, [regions[name] for name in of_cell], list(regions.values()), out / "tables" / TABLE)
    return regions


def _usual(area: np.ndarray) -> float:
    known = area[np.isfinite(area) & (area > 0)]
    return float(np.median(known)) if len(known) else _USUAL_UM2


def _names(texts: Iterable[str]) -> list[str]:
    """Names that spatialdata takes, each once by whatever case."""
    found: dict[str, str] = {}
    for text in texts:
        name = first = re.sub(r"[^A-Za-z0-9_.-]", "_", text).lstrip("_.") or "unnamed"
        number = 1
        while name.lower() in found:
            number += 1
            name = f"{first}_{number}"
        found[name.lower()] = name
    return list(found.values())


def _group(folder: Path, attributes: dict[str, Any]) -> None:
    folder.mkdir(parents=True)
    write_text(folder / ".zgroup", json.dumps({"zarr_format": 2}))
    write_text(folder / _ATTRIBUTES, json.dumps(attributes, indent=1))


def _circles(folder: Path, name: str, places: np.ndarray, radius: np.ndarray, ids: np.ndarray) -> None:
    """An element of shapes: points as GeoParquet, their radius, the ids of the cells as index."""
    axes = [{"name": axis, "type": "space", "unit": "micrometer"} for axis in "xy"]
    here, there = {"name": "xy", "axes": axes}, {"name": name, "axes": axes}
    _group(
        folder,
        {
            "encoding-type": "ngff:shapes",
            "axes": ["x", "y"],
            "coordinateTransformations": [{"type": "identity", "input": here, "output": there}],
            _OURS: {"version": "0.2"},
        },
    )
    # a point as well-known binary: byte order, kind 1, x, y
    points = np.empty(len(places), dtype=[("order", "u1"), ("kind", "<u4"), ("x", "<f8"), ("y", "<f8")])
    points["order"], points["kind"], points["x"], points["y"] = 1, 1, *places.T
    table = pd.DataFrame(
        {"geometry": [one.tobytes() for one in points], "radius": radius}, index=pd.Index(ids, name=k.CELL_ID)
    )
    arrow = pa.Table.from_pandas(table)
    bounds = [*map(float, places.min(axis=0)), *map(float, places.max(axis=0))]
    column = {"encoding": "WKB", "crs": None, "geometry_types": ["Point"], "bbox": bounds}
    geo = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": column}}
    known = arrow.schema.metadata or {}
    pq.write_table(
        arrow.replace_schema_metadata({**known, b"geo": json.dumps(geo).encode()}), folder / "shapes.parquet"
    )


def _table(cells: Any, region: list[str], regions: list[str], folder: Path) -> None:
    """The table, with the attributes by which it belongs to the shapes."""
    import anndata as ad

    obs = cells.obs.copy()
    if REGION in obs:
        obs = obs.rename(columns={REGION: f"sheet_{REGION}"})
    renamed = dict(zip(map(str, obs.columns), _names(map(str, obs.columns)), strict=True))
    obs = obs.rename(columns=renamed)
    obs[REGION] = pd.Categorical(region, categories=regions)
    uns = {}
    for name, value in cells.uns.items():
        column = str(name).removesuffix("_colors")
        uns[f"{renamed.get(column, column)}_colors" if column != name else name] = value
    keys = {"region": regions, "region_key": REGION, "instance_key": k.CELL_ID}
    whole = ad.AnnData(
        *(cells.X, obs, cells.var, {**uns, _OURS: keys}),
        obsm=dict(cells.obsm),
        layers=dict(cells.layers),
        obsp=dict(cells.obsp),
    )
    with ad.settings.override(zarr_write_format=2), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Writing zarr v2 data will no longer be the default")
        whole.write_zarr(folder)
    path = folder / _ATTRIBUTES
    attributes = json.loads(path.read_text(encoding="utf-8"))
    attributes |= keys | {"spatialdata-encoding-type": "ngff:regions_table", "version": "0.1"}
    write_text(path, json.dumps(attributes, indent=1))
