"""SpatialData (`.zarr`), through the package of that name: a table and the coordinates of the cells it annotates.

Coordinates are `obsm["spatial"]` of the table, else the centres of its regions in the coordinate system `global`.
`part` is a value of the table's region key, or of the obs column `ingest.columns.part`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tumint import keys as k
from tumint.config.ingest import IngestConfig
from tumint.errors import DataError, Fault
from tumint.extras import need
from tumint.ingest.anndata_table import found_in, part_of
from tumint.ingest.matrix import Matrix, cells_of, check_sparse, rows_of
from tumint.ingest.reader import Found, Part, Reader, Result, Settings
from tumint.io.raw.h5ad import quiet
from tumint.io.raw.source import Identity, Place, file_identity, joint_identity, reading
from tumint.io.raw.zarr_store import check_zarr

_KINDS = ("tables", "shapes", "points")  # images and labels are not looked at
_DESCRIBED = ("zarr.json", ".zattrs", ".zgroup", ".zarray")


def read(path: str, parts: Sequence[Part], settings: Settings) -> Iterator[Result]:
    """The cells of the parts of one store."""
    try:
        with reading(parts[0].place, "a whole SpatialData store"), quiet():
            data = _opened(path, parts[0].place)
            table = _table(data, parts[0], settings.config)
            for values in (table.X, *table.layers.values(), *table.obsp.values()):
                check_sparse(values, parts[0].place.at())
    except DataError as error:
        yield from ((part, error) for part in parts)
        return
    identity = _identity(path)
    for part in parts:
        try:
            with reading(part.place, "a whole SpatialData store"), quiet():
                matrix = _part(data, table, part, settings.config)
            yield part, cells_of(matrix, part, settings, identity)
        except DataError as error:
            yield part, error


def _opened(path: str, place: Place) -> Any:
    need("spatialdata", "config: key `ingest.format` (spatialdata)")
    import spatialdata

    if not Path(path).is_dir():
        raise FileNotFoundError(path)
    check_zarr(place, _KINDS)
    return spatialdata.read_zarr(path, selection=_KINDS)


def _identity(path: str) -> Identity:
    files = sorted(file for kind in _KINDS for file in Path(path, kind).rglob("*") if file.is_file())
    return joint_identity({str(file.relative_to(path)): file_identity(file) for file in files})


def _table(data: Any, part: Part, config: IngestConfig) -> Any:
    """The table of the store; the config names it where there are several."""
    names = list(data.tables)
    if config.table is not None:
        if config.table not in names:
            found = ", ".join(names) or "none"
            raise DataError(Fault(part.place.at(), f"a table `{config.table}` (`ingest.table`)", found))
        return data.tables[config.table]
    if len(names) != 1:
        expected = "one table, or `ingest.table` that names one of them"
        raise DataError(Fault(part.place.at(), expected, ", ".join(names) or "none"))
    return data.tables[names[0]]


def _keys(table: Any) -> tuple[str | None, str | None]:
    """The obs columns that name the region and the cell within it."""
    attributes = table.uns.get("spatialdata_attrs", {})
    return attributes.get("region_key"), attributes.get("instance_key")


def _part(data: Any, table: Any, part: Part, config: IngestConfig) -> Matrix:
    column = (config.columns.part if config.columns is not None else None) or _keys(table)[0]
    if column is not None and column in table.obs:
        table = table[rows_of(table.obs[column].astype(str).tolist(), part, f"`{column}`")].copy()
    elif part.part:
        raise DataError(Fault(part.place.at(), "an obs column that names the parts (`ingest.columns.part`)", "none"))
    matrix = part_of(table, part, config)
    named = config.columns is not None and config.columns.x is not None
    if matrix.xy is None and not named:
        matrix = replace(matrix, xy=_centres(data, table, part))
    return matrix


def _centres(data: Any, table: Any, part: Part) -> np.ndarray | None:
    """Centres of the shapes or points that the rows of the table annotate, in their order."""
    import spatialdata

    region, instance = _keys(table)
    if region is None or instance is None:
        return None
    out = np.full((table.n_obs, 2), np.nan)
    regions = table.obs[region].astype(str).to_numpy()
    for name in dict.fromkeys(regions):
        if name not in data.shapes and name not in data.points:
            expected = f'shapes or points `{name}`, or coordinates in obsm["spatial"] or `ingest.columns.x` and `y`'
            raise DataError(Fault(part.place.at(), expected, "none"))
        centres = spatialdata.get_centroids(data[name], coordinate_system="global").compute()
        rows = regions == name
        out[rows] = centres.reindex(table.obs[instance].to_numpy()[rows])[["x", "y"]].to_numpy()
    return out


def _files(path: str, part: str, config: IngestConfig) -> list[str]:
    found = [f for kind in _KINDS for f in sorted(Path(path, kind).rglob("*")) if f.is_file()]
    # of shapes and points, which may have very many pieces, what describes them
    return [str(f) for f in found if _KINDS[0] in f.relative_to(path).parts or f.name in _DESCRIBED]


def _of_store(path: Path) -> tuple[Path, str | None]:
    """The store and the table of it that a path names: `<store>/tables/<name>`, or the store alone."""
    inside = path.parent.name == _KINDS[0] and path.is_dir()
    return (path.parent.parent, path.name) if inside else (path, None)


def recognise(path: Path) -> Found | None:
    """A store of SpatialData; where it has several tables, one of them by its path `<store>/tables/<name>`."""
    path, named = _of_store(path)
    if not (path.is_dir() and any((path / name).is_file() for name in ("zarr.json", ".zgroup", ".zattrs"))):
        return None
    if not (path / "tables").is_dir():
        return None
    with reading(Place(str(path), "init"), "a whole SpatialData store"), quiet():
        data = _opened(str(path), Place(str(path), "init"))
        names = list(data.tables)
        if named is None and len(names) != 1:
            expected = f"one table, or the path of one of them (`{path / _KINDS[0] / 'NAME'}`)"
            raise DataError(Fault(str(path), expected, ", ".join(names) or "none"))
        if named is not None and named not in names:
            raise DataError(Fault(str(path), f"a table `{named}`", ", ".join(names) or "none"))
        chosen = named or names[0]
        table = data.tables[chosen]
        rows: list[tuple[str, Path, str]] = []
        found = found_in(table, path, rows)
        region = _keys(table)[0]
        regions = list(dict.fromkeys(table.obs[region].astype(str))) if region is not None else []
    if "part" not in found.config.get("columns", {}) and len(regions) > 1:
        rows[:] = [(name, path, name) for name in regions]
    config = {**found.config, **({"table": chosen} if len(names) > 1 else {})}
    has = k.SPATIAL in table.obsm or bool(regions)
    return replace(found, config=config, has_coordinates=has)


READER = Reader("spatialdata", read, recognise, _files, order=20)
