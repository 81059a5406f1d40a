"""10x Xenium: the output folder with `cells.parquet` (or `cells.csv.gz`) and `cell_feature_matrix.h5` (or its folder).

Coordinates and areas are µm there. Control probes and codewords are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.config.ingest import IngestConfig
from tumint.errors import DataError, Fault
from tumint.ingest.matrix import Matrix, cells_of
from tumint.ingest.reader import Cells, Found, Part, Reader, Result, Settings
from tumint.ingest.tenx_matrix import by_barcode, is_matrix_folder, matrix_files, read_matrix
from tumint.io.raw.opening import open_table
from tumint.io.raw.source import Place, file_identity, joint_identity, reading
from tumint.text import integer

_ID, _X, _Y, _AREA = "cell_id", "x_centroid", "y_centroid", "cell_area"


def _cells(path: str | Path) -> Path:
    names = ("cells.parquet", "cells.csv.gz", "cells.csv")
    return next((f for name in names if (f := Path(path, name)).is_file()), Path(path, names[0]))


def _matrix(path: str | Path) -> Path:
    h5 = Path(path, "cell_feature_matrix.h5")
    return h5 if h5.is_file() or not is_matrix_folder(h5.with_suffix("")) else h5.with_suffix("")


def read(path: str, parts: Sequence[Part], settings: Settings) -> Iterator[Result]:
    """The cells of one region."""
    for part in parts:
        try:
            yield part, _one(path, part, settings)
        except DataError as error:
            yield part, error


def _one(path: str, part: Part, settings: Settings) -> Cells:
    table = open_table(Place(str(_cells(path)), part.sample))
    area = [_AREA] if _AREA in table.header else []
    table.require(_ID, _X, _Y, *area)
    table.stop_on_faults()
    table.load([_ID, _X, _Y, *area])
    xy = np.column_stack([table.numbers(name, missing=False) for name in (_X, _Y)])
    areas = table.numbers(_AREA, missing=True, low=0) if area else None
    table.stop_on_faults()
    place = Place(str(_matrix(path)), part.sample)
    with reading(place, "a matrix as Xenium writes it"):
        counts = read_matrix(place).genes()
    names = [str(name) for name in table.text(_ID, "")]
    at = by_barcode(counts.barcodes, names)
    if (at < 0).any() or len(names) != len(counts.barcodes):
        expected = f"the {integer(len(names))} cells of {table.place.path}"
        found = f"{integer(len(counts.barcodes))}, {integer(int((at < 0).sum()))} of the table's not among them"
        raise DataError(Fault(place.at(), expected, found))
    files = {str(file): file_identity(file) for file in (_cells(path), *matrix_files(_matrix(path)))}
    obs = pd.DataFrame(index=pd.Index(names, dtype=object))
    matrix = Matrix(counts.X[at], counts.features, obs, xy, in_um=True, area=areas)
    return cells_of(matrix, part, settings, joint_identity(files))


def _files(path: str, part: str, config: IngestConfig) -> list[str]:
    return [str(file) for file in (_cells(path), *matrix_files(_matrix(path))) if file.is_file()]


def recognise(path: Path) -> Found | None:
    """An output folder, or a folder of several."""
    folders = [p for p in (path, *sorted(path.glob("*"))) if _cells(p).is_file() and _matrix(p).exists()]
    if not path.is_dir() or not folders:
        return None
    place = Place(str(_matrix(folders[0])), "init")
    with reading(place, "a matrix as Xenium writes it"):
        features = read_matrix(place).genes().features
    return Found([(p.name, p, "") for p in folders], [], {}, [], unit=k.COUNTS, features=features)


READER = Reader("xenium", read, recognise, _files, order=10)
