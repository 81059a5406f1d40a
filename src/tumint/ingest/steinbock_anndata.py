"""The AnnData of `steinbock export anndata`: obs `Image`, regionprops (`centroid-0` is y) and, with image
information, `image_width_px`; obsp `adj`, the neighbours; names of cells such as `Object 12 in slide1_001.tiff`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.ingest.anndata_table import part_of
from tumint.ingest.matrix import cells_of, rows_of
from tumint.ingest.reader import Cells, Found, Part, Result, Settings
from tumint.ingest.recognise import stem
from tumint.io.raw.h5ad import Frame, opened, quiet
from tumint.io.raw.source import Identity, Place, file_identity, reading

_IMAGE, _X, _Y, _AREA = "Image", "centroid-1", "centroid-0", "area"
_SHAPES = {k.ECCENTRICITY: "eccentricity", k.SOLIDITY: "solidity"}
_SIZE = ("image_width_px", "image_height_px")
_NAME = re.compile(r"Object (\d+)( in .*)?")


def read(path: str, parts: Sequence[Part], settings: Settings) -> Iterator[Result]:
    """The cells of the images of one file; only their rows are held."""
    identity = file_identity(path)
    column = settings.config.columns.part if settings.config.columns is not None else None
    try:
        with opened(parts[0].place) as data:
            name = column or _IMAGE
            if name not in data.obs:
                raise DataError(Fault(parts[0].place.at(), f"an obs column `{name}`", "none"))
            images = data.obs[name].astype(str).tolist()
            for part in parts:
                try:
                    with reading(part.place, "a whole h5ad file"), quiet():
                        rows = rows_of(images, part, f"`{name}`")
                        cells = data[rows].to_memory()
                    yield part, _cells(cells, rows + 1, part, settings, identity)
                except DataError as error:
                    yield part, error
    except DataError as error:
        yield from ((part, error) for part in parts)


def _cells(data: Any, rows: np.ndarray, part: Part, settings: Settings, identity: Identity) -> Cells:
    obs = Frame(part.place, data.obs, rows)
    obs.require(_X, _Y)
    obs.stop_on_faults()
    there = {name: column for name, column in _SHAPES.items() if column in obs.header}
    sides = [name for name in _SIZE if name in obs.header]
    area = [_AREA] if _AREA in obs.header else []
    obs.load([_X, _Y, *area, *sides, *there.values()])
    xy = np.column_stack([obs.numbers(name, missing=False) for name in (_X, _Y)])
    areas = obs.numbers(_AREA, missing=True, low=0) if area else None
    shapes = {name: obs.numbers(column, missing=True, low=0, high=1) for name, column in there.items()}
    size = [obs.numbers(name, missing=True, low=0) for name in sides]
    obs.stop_on_faults()
    numbers = [int(m[1]) if (m := _NAME.fullmatch(str(name))) else -1 for name in data.obs_names]
    unique = -1 not in numbers and len(set(numbers)) == len(numbers)
    matrix = replace(
        part_of(data, part, settings.config, rows),
        xy=xy,
        area=areas,
        ids=np.array(numbers, dtype=np.int64) if unique else None,
    )
    cells = replace(cells_of(matrix, part, settings, identity), shapes=shapes)
    if len(size) < 2:
        return cells
    width, height = [float(side[0]) * part.pixel_size_um for side in size]
    return replace(cells, image_um=(width, height))


def recognise(path: Path) -> Found | None:
    """A file whose obs are those of steinbock."""
    place = Place(str(path), "init")
    with reading(place, "a whole h5ad file"), opened(place) as data, quiet():
        if not {_IMAGE, _X, _Y} <= set(map(str, data.obs.columns)):
            return None
        images = list(dict.fromkeys(data.obs[_IMAGE].astype(str)))
        markers = [(str(name), str(name)) for name in data.var_names]
    return Found([(stem(Path(name)), path, name) for name in images], markers)
