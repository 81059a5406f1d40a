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
_SUBJECTS = ("animal", "mouse", "patient", "subject", "donor")
_SAMPLES = ("sample", "image", "image_id", "library_id", "roi", "fov", "library")
_PANEL_AT_MOST, _LEVELS_AT_MOST, _COLUMNS_AT_MOST = 200, 6, 6
_MEANING = {"cell_type": "the cell type", "part": "what tells samples apart", "x": "x in pixels", "y": "y in pixels"}


def part_of(data: Any, part: Part, config: IngestConfig, rows: np.ndarray | None = None) -> Matrix:
    """The cells of an AnnData in memory, which are these `rows` of its file."""
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
    return Matrix(X, list(data.var_names), data.obs, xy, graph=graph, rows=rows)


def found_in(data: Any, file: Path, rows: list[tuple[str, Path, str]]) -> Found:
    """What the obs of an AnnData say; its samples are added to `rows`."""
    obs = data.obs
    located = k.SPATIAL in data.obsm
    guessed = guess_columns([str(name) for name in obs.columns])
    wanted = ("cell_type",) if located else ("cell_type", "x", "y")
    columns = {what: guessed[what] for what in wanted if what in guessed}
    if ("x" in columns) != ("y" in columns):
        columns = {what: name for what, name in columns.items() if what == "cell_type"}
    lower = {str(name).lower(): str(name) for name in obs.columns}
    part = next((lower[name] for name in (*_SUBJECTS, *_SAMPLES) if name in lower), None)
    values = list(dict.fromkeys(obs[part].astype(str))) if part is not None else []
    if part is not None and len(values) > 1:
        columns["part"] = part
        rows += [(stem(Path(value)), file, value) for value in values]
    else:
        rows.append((stem(file), file, ""))
    names = [str(name) for name in data.var_names]
    few = len(names) <= _PANEL_AT_MOST
    return Found(
        rows,
        [(name, name) for name in names] if few else [],
        {"columns": columns} if columns else {},
        [f"`{name}` of obs is {_MEANING[what]}" for what, name in columns.items()],
        has_coordinates=located or "x" in columns,
        has_types="cell_type" in columns,
        unit="" if few else k.COUNTS,
        features=() if few else names,
        design=_design(obs, columns["part"]) if "part" in columns else {},
        one_per_subject=part is not None and part.lower() in _SUBJECTS,
    )


def _design(obs: Any, part: str) -> dict[str, dict[str, str]]:
    """Obs columns of few levels that are the same in all cells of a part."""
    found = {}
    parts = obs[part].astype(str)
    for name in map(str, obs.columns):
        levels = obs[name].astype(str)
        if name != part and 2 <= levels.nunique() <= _LEVELS_AT_MOST and levels.nunique() < parts.nunique():
            by_part = levels.groupby(parts, sort=False).agg(lambda values: sorted(set(values)))
            if by_part.map(len).eq(1).all():
                found[name] = {str(key): value[0] for key, value in by_part.items()}
    return dict(list(found.items())[:_COLUMNS_AT_MOST])
