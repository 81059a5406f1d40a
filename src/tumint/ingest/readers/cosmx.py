"""CosMx: the flat files of a slide, `<slide>_metadata_file.csv` with `<slide>_exprMat_file.csv` and
`<slide>_fov_positions_file.csv` beside it, each plain or gzipped.

`path` is the metadata file, or a folder with one; `part` a field of view (`fov`), empty: the whole slide. Cells are
numbered within a field, so an id is made of field and cell: 12000034 is cell 34 of field 12. Coordinates are the
global pixels, of any sign; where a file has local ones alone, the position of the field is added to them. Rows of
`cell_ID` 0 are transcripts outside cells. Negative probes and other controls are left out.

Columns as in the description of CosMx flat files of Bruker/NanoString (nanostring-biostats.github.io/CosMx-Analysis-
Scratch-Space) and as squidpy, Giotto and spatialdata-io read them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.config.ingest import IngestConfig
from tumint.errors import DataError, Fault
from tumint.ingest.cosmx_fields import positions, um_per_px
from tumint.ingest.guess import label_of
from tumint.ingest.layout import as_columns
from tumint.ingest.matrix import Matrix, cells_of
from tumint.ingest.reader import Found, Part, Reader, Result, Settings
from tumint.ingest.recognise import header_of, table_of, values_of
from tumint.ingest.tenx_matrix import by_barcode
from tumint.ingest.wide_counts import Wide, header_of_counts, read_counts
from tumint.io.raw.opening import open_table
from tumint.io.raw.source import Place, file_identity, joint_identity
from tumint.io.raw.table import Table
from tumint.text import integer

PER_FIELD = 1_000_000  # an id is field × this + cell
_FOV, _CELL, _AREA = "fov", "cell_ID", "Area"
_GLOBAL = ("CenterX_global_px", "CenterY_global_px")
_LOCAL = ("CenterX_local_px", "CenterY_local_px")
_STAIN = "Mean."
_CONTROLS = ("negprb", "negative", "systemcontrol", "falsecode", "custom_neg")
_METADATA = re.compile(r"_?metadata_file\.csv(\.gz)?$")
_OTHERS = {"counts": "exprMat_file.csv", "fields": "fov_positions_file.csv"}
_OLD_UM, _UM = 0.18, 0.12028  # µm of a pixel: of the first instruments, and since


def _metadata(path: str | Path) -> Path:
    """The metadata file that `path` is or holds."""
    if not Path(path).is_dir():
        return Path(path)
    found = [file for file in sorted(Path(path).iterdir()) if _METADATA.search(file.name)]
    if len(found) != 1:
        shown = ", ".join(file.name for file in found) or "none"
        raise DataError(Fault(str(path), "one `*_metadata_file.csv` (the sheet's `path` may name the file)", shown))
    return found[0]


def _beside(metadata: Path, what: str) -> Path | None:
    """The expression matrix or the positions of fields of the same slide."""
    slide = _METADATA.sub("", metadata.name)
    names = [f"{slide}_{_OTHERS[what]}".lstrip("_"), f"{slide}_{_OTHERS[what]}.gz".lstrip("_")]
    return next((metadata.with_name(name) for name in names if metadata.with_name(name).is_file()), None)


def read(path: str, parts: Sequence[Part], settings: Settings) -> Iterator[Result]:
    """The cells of the fields of one slide, whose files are read once."""
    try:
        metadata = _metadata(path)
        table, files = _loaded(metadata, parts, settings.config), [metadata]
        wide = None
        if (file := _beside(metadata, "counts")) is not None:
            counts, features = header_of_counts(Place(str(file), parts[0].sample), (_FOV, _CELL), _CONTROLS)
            features = [name for name in features if name not in ("cell", "cell_id")]
            wide = read_counts(counts, (_FOV, _CELL), features, _keep(parts))
            files.append(file)
        if (file := _beside(metadata, "fields")) is not None:
            files.append(file)
        identity = joint_identity({str(one): file_identity(one) for one in files})
    except DataError as error:
        yield from ((part, error) for part in parts)
        return
    fields = table.text(_FOV, "")
    for part in parts:
        try:
            mask = fields == part.part if part.part else np.ones(len(table), dtype=bool)
            if part.part and not mask.any():
                expected = f"rows whose `{_FOV}` is `{part.part}`, as in the sheet"
                raise DataError(Fault(part.place.at(), expected, "none"))
            rows = table.select(mask, Place(table.place.path, part.sample))
            yield part, cells_of(_matrix(rows, wide, part, settings, metadata), part, settings, identity)
        except DataError as error:
            yield part, error


def _keep(parts: Sequence[Part]) -> tuple[str, set[str]] | None:
    """The fields that the parts name; None where one is the whole slide."""
    return (_FOV, {part.part for part in parts}) if all(part.part for part in parts) else None


def _loaded(metadata: Path, parts: Sequence[Part], config: IngestConfig) -> Table:
    table = open_table(Place(str(metadata), ", ".join(part.sample for part in parts)), config.decimal)
    centre = _centre(table)
    table.require(_FOV, _CELL, *centre)
    table.stop_on_faults()
    stains = [name for name in table.header if name.startswith(_STAIN)]
    more = [name for name in (_AREA, *stains, *_named(config)) if table.header.count(name) == 1]
    table.load([_FOV, _CELL, *centre, *more], _keep(parts))
    return table


def _centre(table: Table) -> tuple[str, str]:
    return _GLOBAL if set(_GLOBAL) <= set(table.header) or not set(_LOCAL) <= set(table.header) else _LOCAL


def _named(config: IngestConfig) -> list[str]:
    """Columns that the config names."""
    columns = config.columns
    if columns is None:
        return []
    named = (columns.x, columns.y, columns.cell_id, columns.area, columns.domain, *as_columns(columns.cell_type or ()))
    return [name for name in named if name is not None]


def _matrix(table: Table, wide: Wide | None, part: Part, settings: Settings, metadata: Path) -> Matrix:
    field, cell = table.whole_numbers(_FOV), table.whole_numbers(_CELL)
    table.fault(_FOV, field < 0, "a field of at least 0")
    table.fault(_CELL, (cell < 0) | (cell >= PER_FIELD), f"a cell number from 0 to {integer(PER_FIELD - 1)}")
    ids = field * PER_FIELD + cell
    if not table.faults:
        table.unique(_CELL, ids)
    centre = _centre(table)
    xy = np.column_stack([table.numbers(name, missing=False) for name in centre])
    area = table.numbers(_AREA, missing=True, low=0) if table.header.count(_AREA) == 1 else None
    table.stop_on_faults()
    if centre == _LOCAL and not part.part:
        xy = xy + positions(_beside(metadata, "fields"), field, table.place)
    names = [f"{f}_{c}" for f, c in zip(field.tolist(), cell.tolist(), strict=True)]
    there = [name for name in _named(settings.config) if table.header.count(name) == 1]
    obs = pd.DataFrame({name: table.text(name, "") for name in there}, index=pd.Index(names, dtype=object))
    if wide is None:
        stains = [name for name in table.header if name.startswith(_STAIN)]
        columns = [table.numbers(name, missing=True) for name in stains]
        table.stop_on_faults()
        X, features = np.column_stack(columns) if columns else np.zeros((len(table), 0)), stains
        X, features = X.astype(np.float32), [name.removeprefix(_STAIN) for name in stains]
    else:
        at = by_barcode(wide.names, names)
        if (at < 0).any():
            where = _beside(metadata, "counts")
            found = f"none of {integer(int((at < 0).sum()))}, such as cell {names[int(np.argmax(at < 0))]} (field_cell)"
            raise DataError(Fault(Place(str(where), part.sample).at(), f"the cells of {metadata}", found))
        X, features = wide.X[at], wide.features
    kept = cell > 0  # cell 0: what lies in no cell
    return Matrix(
        X[np.flatnonzero(kept)],
        features,
        obs[kept],
        xy[kept],
        area=None if area is None else area[kept],
        rows=table.rows[kept],
        ids=ids[kept],
    )


def _files(path: str, part: str, config: IngestConfig) -> list[str]:
    try:
        metadata = _metadata(path)
    except DataError:
        return []
    found = [_beside(metadata, what) for what in _OTHERS]
    return [str(file) for file in (metadata, *found) if file is not None and str(file) != path]


def recognise(path: Path) -> Found | None:
    """The flat files of a slide, or a folder of those of several; a slide of several fields is one sample."""
    inside = [path] if path.is_file() else [*sorted(path.glob("*")), *sorted(path.glob("*/*"))]
    slides = [file for file in inside if _METADATA.search(file.name) and file.is_file()]
    slides = [file for file in slides if {_FOV, _CELL} <= set(header_of(file))]
    if not slides:
        return None
    first = slides[0]
    header = header_of(first)
    counts, fields = (_beside(first, what) for what in _OTHERS)
    features: list[str] = []
    if counts is not None:
        features = header_of_counts(Place(str(counts), "init"), (_FOV, _CELL), _CONTROLS)[1]
        features = [name for name in features if name not in ("cell", "cell_id")]
    stains = [name.removeprefix(_STAIN) for name in header if name.startswith(_STAIN)]
    size = um_per_px(fields)
    old = "cell_id" not in header and "cell" not in header
    columns, decided = label_of(table_of(first))
    n = len(values_of(first, _FOV))
    check = [
        f"each slide is one sample ({n} fields of view in {first.name}); for one sample per field, give the sheet a "
        "column `part` with its number",
        "the pixel size is that of the positions of the fields"
        if size
        else f"CosMx does not write the pixel size: {_OLD_UM} µm for the first instruments, {_UM} µm since",
    ]
    rows = [(_METADATA.sub("", file.name) or file.parent.name, file, "") for file in slides]
    markers = [] if features else [(name, name) for name in stains]
    pixel = size or (_OLD_UM if old else _UM)
    config = {"pixel_size_um": pixel} | ({"columns": columns} if columns else {})
    unit = k.COUNTS if features else ""
    return Found(
        *(rows, markers, config, check), has_types=bool(columns), unit=unit, features=features, decided=decided
    )


READER = Reader("cosmx", read, recognise, _files, order=12)
