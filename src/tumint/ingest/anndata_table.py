"""An AnnData of somebody else's as a `Matrix`, and what it tells `tumint init`; h5ad and SpatialData share it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tumint import keys as k
from tumint.config.ingest import IngestConfig
from tumint.errors import DataError, Fault
from tumint.ingest.matrix import Matrix
from tumint.ingest.reader import Found, Part
from tumint.ingest.recognise import guess_columns, stem

_GRAPHS = ("spatial_connectivities", "adj")  # squidpy, steinbock; `connectivities` are neighbours in expression
_SAMPLES = ("sample", "image", "image_id", "library_id", "roi", "fov", "animal", "mouse", "patient", "library")


def part_of(data: Any, part: Part, config: IngestConfig) -> Matrix:
    """The cells of an AnnData in memory."""
    X = data.X
    if config.layer is not None:
        if config.layer not in data.layers:
            found = ", ".join(data.layers) or "none"
            raise DataError(Fault(part.place.at(), f"a layer `{config.layer}` (`ingest.layer`)", found))
        X = data.layers[config.layer]
    if X is None:
        raise DataError(Fault(part.place.at(), "values in `X`, or `ingest.layer` that names a layer", "none"))
    xy = np.asarray(data.obsm[k.SPATIAL]) if k.SPATIAL in data.obsm else None
    graph = next((data.obsp[name] for name in _GRAPHS if name in data.obsp), None)
    return Matrix(X, list(data.var_names), data.obs, xy, graph=graph)


def found_in(data: Any, file: Path, rows: list[tuple[str, Path, str]]) -> Found:
    """What the obs of an AnnData say; its samples are added to `rows`."""
    columns = {what: name for what, name in guess_columns(list(data.obs.columns)).items() if what == "cell_type"}
    types = [name for name in ("celltypes", "cell_types", "Major.cell.type") if name in data.obs]
    if types and "cell_type" not in columns:
        columns["cell_type"] = types[0]
    lower = {str(name).lower(): name for name in data.obs.columns}
    part = next((lower[name] for name in _SAMPLES if name in lower), None)
    values = list(dict.fromkeys(data.obs[part].astype(str))) if part is not None else []
    if part is not None and len(values) > 1:
        columns["part"] = part
        rows += [(stem(Path(value)), file, value) for value in values]
    else:
        rows.append((stem(file), file, ""))
    names = [str(name) for name in data.var_names]
    few = len(names) <= 200
    check = [f"`{columns['cell_type']}` of obs holds the cell types"] if "cell_type" in columns else []
    check += [f"`{columns['part']}` of obs tells the samples apart"] if "part" in columns else []
    return Found(
        rows,
        [(name, name) for name in names] if few else [],
        {"columns": columns} if columns else {},
        check,
        has_coordinates=k.SPATIAL in data.obsm,
        has_types="cell_type" in columns,
        unit="" if few else k.COUNTS,
    )
