"""MERSCOPE: the folder of a region, `cell_metadata.csv` with `cell_by_gene.csv` beside it, also as the Vizgen
Post-processing Tool writes them (one `*_cell_metadata`, one `*_cell_by_gene`; CSV or parquet).

Positions (`center_x`, `center_y`) are µm. Cells are called by `EntityID` (in old files by the first column, which has
no name), numbers too long for an id, so cells are numbered by row and keep their names. There is a volume and no area;
`Blank-*` are controls and left out.

Columns as in Vizgen's description of the output of MERSCOPE (vizgen.github.io/vizgen-postprocessing) and as
spatialdata-io and Seurat read them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.config.ingest import IngestConfig
from tumint.errors import DataError, Fault
from tumint.ingest.guess import label_of
from tumint.ingest.layout import as_columns
from tumint.ingest.matrix import Matrix, cells_of
from tumint.ingest.reader import Cells, Found, Part, Reader, Result, Settings
from tumint.ingest.recognise import header_of, table_of
from tumint.ingest.tenx_matrix import by_barcode
from tumint.ingest.wide_counts import header_of_counts, read_counts
from tumint.io.raw.opening import open_table
from tumint.io.raw.source import Place, file_identity, joint_identity
from tumint.text import integer

_X, _Y = "center_x", "center_y"
_META, _COUNTS = "cell_metadata", "cell_by_gene"
_ENDS = (".csv", ".csv.gz", ".parquet")
_NAMES = ("EntityID", "cell", "Unnamed: 0")
_BLANKS = ("blank-", "blank_", "sequential-blank")


def _file(folder: str | Path, what: str) -> Path:
    """The table of the cells or of their counts in the folder of a region."""
    found = [Path(folder, f"{what}{end}") for end in _ENDS if Path(folder, f"{what}{end}").is_file()]
    others = [file for end in _ENDS for file in sorted(Path(folder).glob(f"*_{what}{end}"))]
    found += others if len(others) == 1 else []
    return found[0] if found else Path(folder, f"{what}.csv")


def _name_of(header: list[str]) -> str:
    return next((name for name in _NAMES if name in header), _NAMES[0])


def read(path: str, parts: Sequence[Part], settings: Settings) -> Iterator[Result]:
    """The cells of one region."""
    for part in parts:
        try:
            yield part, _one(path, part, settings)
        except DataError as error:
            yield part, error


def _one(path: str, part: Part, settings: Settings) -> Cells:
    place = Place(str(_file(path, _META)), part.sample)
    table = open_table(place, settings.config.decimal)
    name, columns = _name_of(table.header), settings.config.columns
    named = [*as_columns(columns.cell_type or ()), columns.domain, columns.area] if columns is not None else []
    more = [column for column in named if column is not None and table.header.count(column) == 1]
    table.require(name, _X, _Y)
    table.stop_on_faults()
    table.load([name, _X, _Y, *more])
    xy = np.column_stack([table.numbers(column, missing=False) for column in (_X, _Y)])
    table.stop_on_faults()
    called = [str(one) for one in table.text(name, "")]
    if len(set(called)) != len(called):
        repeated = pd.Series(called)[pd.Series(called).duplicated()].iloc[0]
        raise DataError(Fault(place.at(), f"each `{name}` once", f"`{repeated}` more than once"))
    counts = Place(str(_file(path, _COUNTS)), part.sample)
    key = _name_of(open_table(counts).header)
    rows, features = header_of_counts(counts, (key,), _BLANKS)
    wide = read_counts(rows, (key,), features)
    at = by_barcode(wide.names, called)
    if (at < 0).any():
        found = f"{integer(int((at < 0).sum()))} of them not, such as `{called[int(np.argmax(at < 0))]}`"
        raise DataError(Fault(counts.at(), f"the {integer(len(called))} cells of {place.path}", found))
    obs = pd.DataFrame({column: table.text(column, "") for column in more}, index=pd.Index(called, dtype=object))
    files = {str(file): file_identity(file) for file in (place.path, counts.path)}
    matrix = Matrix(wide.X[at], wide.features, obs, xy, in_um=True, rows=table.rows)
    return cells_of(matrix, part, settings, joint_identity(files))


def _files(path: str, part: str, config: IngestConfig) -> list[str]:
    return [str(file) for what in (_META, _COUNTS) if (file := _file(path, what)).is_file()]


def recognise(path: Path) -> Found | None:
    """The folder of a region, or a folder of several."""
    if not path.is_dir():
        return None
    folders = [p for p in (path, *sorted(path.glob("*")), *sorted(path.glob("*/*"))) if p.is_dir()]
    regions = [p for p in folders if _file(p, _META).is_file() and _file(p, _COUNTS).is_file()]
    regions = [p for p in regions if {_X, _Y} <= set(header_of(_file(p, _META)))]
    if not regions:
        return None
    counts = _file(regions[0], _COUNTS)
    features = header_of_counts(Place(str(counts), "init"), (_name_of(header_of(counts)),), _BLANKS)[1]
    columns, decided = label_of(table_of(_file(regions[0], _META)))
    named = [p.name if len({q.name for q in regions}) == len(regions) else f"{p.parent.name}_{p.name}" for p in regions]
    rows = [(name, p, "") for name, p in zip(named, regions, strict=True)]
    config = {"columns": columns} if columns else {}
    return Found(rows, [], config, has_types=bool(columns), unit=k.COUNTS, features=features, decided=decided)


READER = Reader("merscope", read, recognise, _files, order=14)
