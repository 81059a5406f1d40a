"""Visium HD, segmented: the folder `segmented_outputs` of Space Ranger 4 and later, or the `outs` that holds it.

`filtered_feature_cell_matrix.h5` (or its folder) has the counts, whose barcodes are `cellid_000000012-1`;
`cell_segmentations.geojson` the outlines, each with its `cell_id`, in pixels of the full image;
`spatial/scalefactors_json.json` µm per pixel, without which `ingest.pixel_size_um` holds. A cell stands at the centre
of its outline. Bins of 2, 8 or 16 µm (`binned_outputs`) are no cells and are refused.

As in 10x Genomics' description of the segmented outputs of Space Ranger, and as spatialdata-io and Seurat read them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.config.ingest import IngestConfig
from tumint.errors import DataError, Fault
from tumint.ingest.geojson import features, outlines
from tumint.ingest.matrix import Matrix, cells_of
from tumint.ingest.reader import Cells, Found, Part, Reader, Result, Settings
from tumint.ingest.tenx_matrix import is_matrix_folder, matrix_files, read_matrix
from tumint.io.raw.source import Place, file_identity, joint_identity, reading
from tumint.text import integer

_SEGMENTED, _BINNED = "segmented_outputs", "binned_outputs"
_MATRIX, _OUTLINES = "filtered_feature_cell_matrix", "cell_segmentations.geojson"
_SCALE, _UM = Path("spatial", "scalefactors_json.json"), "microns_per_pixel"
_BARCODE = re.compile(r"cellid_0*(\d+)(-\d+)?")


def _folder(path: str | Path) -> Path:
    """The folder of the segmented outputs."""
    inside = Path(path, _SEGMENTED)
    return inside if inside.is_dir() else Path(path)


def _matrix(folder: Path) -> Path:
    h5 = folder / f"{_MATRIX}.h5"
    return h5 if h5.is_file() or not is_matrix_folder(folder / _MATRIX) else folder / _MATRIX


def _outlines(folder: Path) -> Path:
    """Older versions call the outlines after the clusters that they were coloured by."""
    annotated = sorted(folder.glob("*annotated_cell_segmentations.geojson"))
    return folder / _OUTLINES if (folder / _OUTLINES).is_file() or not annotated else annotated[0]


def _is_binned(path: Path) -> bool:
    """Whether there are bins and no cells."""
    bins = path.name == _BINNED or re.fullmatch(r"square_\d+um", path.name) or (path / _BINNED).is_dir()
    return bool(bins) and not (path / _SEGMENTED).is_dir()


def _refusal(path: Path) -> DataError:
    expected = f"cells: the folder `{_SEGMENTED}` of Space Ranger 4 and later (`spaceranger segment` makes it of a run)"
    return DataError(Fault(str(path), expected, "bins, which are no cells"))


def read(path: str, parts: Sequence[Part], settings: Settings) -> Iterator[Result]:
    """The cells of one capture area."""
    for part in parts:
        try:
            yield part, _one(Path(path), part, settings)
        except DataError as error:
            yield part, error


def _one(path: Path, part: Part, settings: Settings) -> Cells:
    if _is_binned(path):
        raise _refusal(path)
    folder = _folder(path)
    place = Place(str(_matrix(folder)), part.sample)
    with reading(place, "a matrix as Space Ranger writes it"):
        counts = read_matrix(place).genes()
    numbers = [int(m[1]) if (m := _BARCODE.fullmatch(code)) else -1 for code in counts.barcodes]
    if -1 in numbers:
        found = f"`{counts.barcodes[numbers.index(-1)]}`"
        raise DataError(Fault(place.at(), "barcodes of cells, such as `cellid_000000012-1`", found))
    drawn = Place(str(_outlines(folder)), part.sample)
    shapes = features(drawn)
    at = {cell: i for i, shape in enumerate(shapes) if (cell := _cell_id(shape)) is not None}
    if lacking := [code for code, number in zip(counts.barcodes, numbers, strict=True) if number not in at]:
        found = f"none for {integer(len(lacking))}, such as `{lacking[0]}`"
        raise DataError(Fault(drawn.at(), f"an outline of every cell of {place.path}", found))
    xy, area = outlines([shapes[at[number]] for number in numbers], drawn)
    um = _um(folder, part)
    obs = pd.DataFrame(index=pd.Index(counts.barcodes, dtype=object))
    ids = np.array(numbers, dtype=np.int64)
    matrix = Matrix(counts.X, counts.features, obs, xy * um, in_um=True, area=area * um**2, ids=ids)
    files = {file: file_identity(file) for file in _files(str(path), "", settings.config)}
    return cells_of(matrix, part, settings, joint_identity(files))


def _cell_id(shape: dict[str, object]) -> int | None:
    properties = shape.get("properties")
    found = properties.get("cell_id") if isinstance(properties, dict) else None
    text = str(found)
    return int(text) if text.isdecimal() else int(m[1]) if (m := _BARCODE.fullmatch(text)) else None


def _um(folder: Path, part: Part) -> float:
    """µm of a pixel of the full image."""
    file = folder / _SCALE
    if not file.is_file():
        return part.pixel_size_um
    with reading(Place(str(file), part.sample), "a JSON file of scale factors"):
        size = json.loads(file.read_text(encoding="utf-8")).get(_UM, part.pixel_size_um)
    if not isinstance(size, int | float) or not (math.isfinite(size) and size > 0):
        raise DataError(Fault(Place(str(file), part.sample).at(), f"`{_UM}` to be a positive number", f"`{size}`"))
    return float(size)


def _files(path: str, part: str, config: IngestConfig) -> list[str]:
    folder = _folder(path)
    files = (*matrix_files(_matrix(folder)), _outlines(folder), folder / _SCALE)
    return [str(file) for file in files if file.is_file()]


def recognise(path: Path) -> Found | None:
    """The outputs of a capture area, or a folder of several."""
    if not path.is_dir():
        return None
    inside = [path, *sorted(path.glob("*")), *sorted(path.glob("*/outs"))]
    areas = [p for p in inside if _matrix(_folder(p)).exists() and _outlines(_folder(p)).is_file()]
    areas = [p for p in areas if p.name != _SEGMENTED or p.parent not in areas]
    if not areas:
        if _is_binned(path):
            raise _refusal(path)
        return None
    place = Place(str(_matrix(_folder(areas[0]))), "init")
    with reading(place, "a matrix as Space Ranger writes it"):
        names = read_matrix(place).genes().features
    return Found([(_sample(p), p, "") for p in areas], [], {}, [], unit=k.COUNTS, features=names)


def _sample(path: Path) -> str:
    """A name that says more than what Space Ranger calls every folder."""
    path = path.resolve()
    return next((p.name for p in (path, *path.parents) if p.name not in ("outs", _SEGMENTED, "")), path.name)


READER = Reader("visium_hd", read, recognise, _files, order=8)
