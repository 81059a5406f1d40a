"""steinbock: `intensities/<image>.csv` with `regionprops/`, `neighbors/` and `images.csv` around it.

`path` is the image's file in the folder of intensities, whose suffix (`intensities_deepcell`) the other folders share;
or all images as `steinbock export csv` or `export anndata` write them, with `part` the name in the column `Image`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tumint import keys as k
from tumint.config.ingest import IngestConfig
from tumint.errors import DataError, Fault
from tumint.ingest import steinbock_anndata
from tumint.ingest.columns import is_shape
from tumint.ingest.edges import both_ways, known
from tumint.ingest.layout import Layout, find_markers, find_shapes, require, with_columns
from tumint.ingest.reader import Cells, Found, Part, Reader, Result, Settings, no_edges
from tumint.ingest.recognise import header_of, stem, values_of
from tumint.ingest.rows import cells_of, read_table_parts
from tumint.io.raw.opening import is_h5ad, open_table
from tumint.io.raw.source import Place, file_identity, joint_identity
from tumint.io.raw.table import Table

_ID, _X, _Y, _AREA, _IMAGE = "Object", "centroid-1", "centroid-0", "area", "Image"
_SHAPES = {k.ECCENTRICITY: "eccentricity", k.SOLIDITY: "solidity"}
_INTENSITIES = "intensities"


def _twin(path: str | Path, kind: str) -> Path:
    """The file of the same image in the folder of `kind`."""
    folder = Path(path).parent
    return folder.with_name(folder.name.replace(_INTENSITIES, kind, 1)) / Path(path).name


def read(path: str, parts: Sequence[Part], settings: Settings) -> Iterator[Result]:
    """The cells of one image by its files, or of several from an exported table."""
    if is_h5ad(path):
        yield from steinbock_anndata.read(path, parts, settings)
        return
    if _IMAGE in header_of(Path(path)):
        yield from read_table_parts(path, parts, settings, _find, image_um=_image_um)
        return
    for part in parts:
        try:
            yield part, _one(path, part, settings)
        except DataError as error:
            yield part, error


def _find(table: Table, settings: Settings) -> Layout:
    markers = find_markers(table, settings, lambda name: [name])
    layout = replace(_layout(table, markers), part=_IMAGE if _IMAGE in table.header else None)
    return require(table, with_columns(layout, settings.config))


def _one(path: str, part: Part, settings: Settings) -> Cells:
    table, shapes = (open_table(Place(p, part.sample)) for p in (path, str(_twin(path, "regionprops"))))
    shapes.require(_ID, _X, _Y)
    table.require(_ID)
    markers = find_markers(table, settings, lambda name: [name])
    columns = [_ID, _X, _Y, *(name for name in (_AREA, *_SHAPES.values()) if shapes.header.count(name) == 1)]
    table.faults += shapes.faults
    table.stop_on_faults()
    shapes.load(columns)
    table.load([_ID, *markers.values()])
    ids, other = table.whole_numbers(_ID), shapes.whole_numbers(_ID)
    table.faults += shapes.faults
    table.unique(_ID, ids)
    table.stop_on_faults()
    if not np.array_equal(np.sort(ids), np.sort(other)):
        expected = f"the {ids.size} objects of {path}"
        only = sorted({*ids.tolist()} ^ {*other.tolist()})[:5]
        found = f"{other.size}; {', '.join(map(str, only)) or 'some twice'} not in both"
        raise DataError(Fault(shapes.place.at(), expected, found))
    order = np.argsort(other, kind="stable")[np.argsort(np.argsort(ids, kind="stable"), kind="stable")]
    table.join(shapes, columns[1:], order)
    layout = with_columns(_layout(table, markers), settings.config)
    files = {file: file_identity(file) for file in (path, *_files(path, "", settings.config))}
    return cells_of(table, layout, part, settings, joint_identity(files), _edges, _image_um)


def _layout(table: Table, markers: dict[str, str]) -> Layout:
    area = _AREA if _AREA in table.header else None
    return Layout((_X,), (_Y,), _ID, area, shapes=find_shapes(table, _SHAPES), markers=markers)


def _edges(table: Table, part: Part, ids: np.ndarray, settings: Settings) -> np.ndarray:
    file = _twin(part.path, "neighbors")
    if not file.exists():
        return no_edges()
    pairs = open_table(Place(str(file), part.sample))
    ends = (_ID, "Neighbor")
    pairs.require(*ends)
    pairs.stop_on_faults()
    pairs.load(ends)
    numbers = np.column_stack([pairs.whole_numbers(name) for name in ends])
    pairs.stop_on_faults()
    position, there = known(ids, numbers)
    for name, is_there in zip(ends, there.T, strict=True):
        pairs.fault(name, ~is_there, "an object of the image")
    pairs.stop_on_faults()
    return both_ways(ids, *position.T)


def _images(path: str) -> Path:
    return Path(path).parent.parent / "images.csv"


def _image_um(part: Part) -> tuple[float, float] | None:
    """Width and height of the image, where `images.csv` has them."""
    file = _images(part.path)
    if not file.exists():
        return None
    table = open_table(Place(str(file), part.sample))
    sides = ("width_px", "height_px")
    if not {"image", *sides} <= set(table.header):
        return None
    table.load(["image", *sides])
    wanted = stem(Path(part.part or part.path))
    at = [i for i, name in enumerate(table.text("image", "")) if stem(Path(name)) == wanted]
    width, height = (table.numbers(side, missing=True) for side in sides)
    table.stop_on_faults()
    return (width[at[0]] * part.pixel_size_um, height[at[0]] * part.pixel_size_um) if at else None


def _files(path: str, part: str, config: IngestConfig) -> list[str]:
    if is_h5ad(path):
        return []
    wanted = [_twin(path, "regionprops"), _images(path)]
    wanted += [_twin(path, "neighbors")] if config.relationships else []
    return [str(file) for file in wanted if file.is_file() and str(file) != path]


def recognise(path: Path) -> Found | None:
    """The folder of a steinbock project, one of its folders of intensities, or a table that it exported."""
    if path.is_file():
        return steinbock_anndata.recognise(path) if is_h5ad(path) else _exported(path)
    folders = [path] if path.name.startswith(_INTENSITIES) else sorted(path.glob(f"{_INTENSITIES}*"))
    folders = [
        f for f in folders if f.is_dir() and f.with_name(f.name.replace(_INTENSITIES, "regionprops", 1)).is_dir()
    ]
    tables = sorted(folders[0].glob("*.csv")) if folders else []
    if not tables:
        return None
    header = header_of(tables[0])
    markers = [(name, name) for name in header if name not in (_ID, _IMAGE) and not is_shape(name)]
    check = []
    if len(folders) > 1:
        others = ", ".join(f.name for f in folders[1:])
        check = [f"the cells are those of `{folders[0].name}`; the folder also holds {others}"]
    return Found([(stem(file), file, "") for file in tables], markers, {}, check)


def _exported(path: Path) -> Found | None:
    header = header_of(path)
    if not {_IMAGE, _ID, _X, _Y} <= set(header):
        return None
    markers = [(name, name) for name in header if name not in (_ID, _IMAGE, _X, _Y) and not is_shape(name)]
    return Found([(stem(Path(name)), path, name) for name in values_of(path, _IMAGE)], markers)


READER = Reader("steinbock", read, recognise, _files, order=40)
