"""The neighbours that CellProfiler wrote beside a table: `Object relationships_<name>.csv` → edges, both ways."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tumint.errors import Fault
from tumint.ingest.delimited import Table
from tumint.ingest.source import Place, read_source

_PREFIX = "Object relationships_"
_KIND, _NEIGHBOURS = "Relationship", "Neighbors"
_ENDS = ("First Object Number", "Second Object Number")
_IMAGES = ("First Image Number", "Second Image Number")
_NAMES = ("First Object Name", "Second Object Name")


def beside(path: str) -> Path:
    """Where the neighbours of the cells of `path` would be."""
    return Path(path).with_name(f"{_PREFIX}{Path(path).name}")


def read_edges(path: Path, sample: str, cell_ids: np.ndarray, image: int | None) -> np.ndarray:
    """Neighbours among `cell_ids`.

    Parameters
    ----------
    path
        CellProfiler's table of relationships; rows of another kind than neighbours are left out.
    cell_ids
        Ids of the sample's cells, unique, at least one, shape `(n,)`, int64.
    image
        The sample's image number, where its table has one: rows of other images are left out.

    Returns
    -------
    Source and target cell, shape `(m, 2)`, int64: both ways, no self loops, no repeats, sorted.

    Raises
    ------
    DataError
        The table is not whole, is not of this image, mixes kinds of objects, or names cells that are not there.
    """
    table = Table(read_source(Place(str(path), sample)))
    optional = [name for name in (*_IMAGES, *_NAMES) if name in table.header]
    table.require(_KIND, *_ENDS, *optional)
    table.stop_on_faults()
    table.load([_KIND, *_ENDS, *optional])
    keep = table.text(_KIND, "") == _NEIGHBOURS
    if image is not None and set(_IMAGES) <= set(optional):
        keep = _of_image(table, keep, image)
    if set(_NAMES) <= set(optional):
        objects = sorted({*table.text(_NAMES[0], "")[keep], *table.text(_NAMES[1], "")[keep]})
        if len(objects) > 1:
            found = ", ".join(objects)
            table.faults.append(Fault(table.place.at(), "neighbours among one kind of object", found))
    ends = np.column_stack([table.whole_numbers(name) for name in _ENDS])
    table.stop_on_faults()
    n = cell_ids.size
    order = np.argsort(cell_ids, kind="stable")
    ids = cell_ids[order]
    position = np.searchsorted(ids, ends).clip(max=n - 1)
    for name, known in zip(_ENDS, (ids[position] == ends).T, strict=True):
        table.fault(name, keep & ~known, "the number of a cell of the sample")
    table.stop_on_faults()
    first, second = position[keep & (ends[:, 0] != ends[:, 1])].T.astype(np.int64)
    codes = np.unique(np.concatenate([first * n + second, second * n + first]))
    return ids[np.column_stack(np.divmod(codes, n))]


def _of_image(table: Table, keep: np.ndarray, image: int) -> np.ndarray:
    numbers = [table.whole_numbers(name) for name in _IMAGES]
    table.stop_on_faults()
    of_image = keep & (numbers[0] == image) & (numbers[1] == image)
    if keep.any() and not of_image.any():
        others = ", ".join(map(str, np.unique(numbers[0][keep])[:5]))
        table.faults.append(Fault(table.place.at(), f"neighbours in image {image}, as its cells", f"of image {others}"))
    return of_image
