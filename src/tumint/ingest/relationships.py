"""CellProfiler's table of relationships → edges between the cells of one image."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tumint.errors import DataError, Fault
from tumint.ingest.edges import both_ways, known
from tumint.io.raw.opening import open_table
from tumint.io.raw.source import Place
from tumint.io.raw.table import Table

_KIND, _NEIGHBOURS = "Relationship", "Neighbors"
_ENDS = ("First Object Number", "Second Object Number")
_IMAGES = ("First Image Number", "Second Image Number")
_NAMES = ("First Object Name", "Second Object Name")


class Relationships:
    """A table of relationships, read once for all images that are asked of it.

    Raises
    ------
    DataError
        The table is not whole or lacks a column.
    """

    def __init__(self, path: str | Path, sample: str, images: set[str] | None = None) -> None:
        self.table = open_table(Place(str(path), sample))
        self._optional = [name for name in (*_IMAGES, *_NAMES) if name in self.table.header]
        self.table.require(_KIND, *_ENDS, *self._optional)
        self.table.stop_on_faults()
        by_image = images is not None and set(_IMAGES) <= set(self._optional)
        keep = (_IMAGES[0], images) if by_image and images is not None else None
        self.table.load([_KIND, *_ENDS, *self._optional], keep)

    def edges(self, sample: str, cell_ids: np.ndarray, image: int | None) -> np.ndarray:
        """Neighbours among `cell_ids`.

        Parameters
        ----------
        cell_ids
            Ids of the sample's cells, unique, at least one, shape `(n,)`, int64.
        image
            The sample's image number, where its table has one: rows of other images are left out.

        Returns
        -------
        Source and target cell, shape `(m, 2)`, int64: both ways, no self loops, no repeats, sorted. Rows of another
        kind than neighbours are left out.

        Raises
        ------
        DataError
            The table is not of this image, mixes kinds of objects, or names cells that are not there.
        """
        table = self.table.select(np.ones(len(self.table), dtype=bool), Place(self.table.place.path, sample))
        keep = table.text(_KIND, "") == _NEIGHBOURS
        if image is not None and set(_IMAGES) <= set(self._optional):
            keep = _of_image(table, keep, image)
        if set(_NAMES) <= set(self._optional):
            objects = sorted({*table.text(_NAMES[0], "")[keep], *table.text(_NAMES[1], "")[keep]})
            if len(objects) > 1:
                found = ", ".join(objects)
                table.faults.append(Fault(table.place.at(), "neighbours among one kind of object", found))
        ends = np.column_stack([table.whole_numbers(name) for name in _ENDS])
        table.stop_on_faults()
        position, there = known(cell_ids, ends)
        for name, is_there in zip(_ENDS, there.T, strict=True):
            table.fault(name, keep & ~is_there, "the number of a cell of the sample")
        table.stop_on_faults()
        return both_ways(cell_ids, *position[keep].T)


def _of_image(table: Table, keep: np.ndarray, image: int) -> np.ndarray:
    numbers = [table.whole_numbers(name) for name in _IMAGES]
    table.stop_on_faults()
    of_image = keep & (numbers[0] == image) & (numbers[1] == image)
    if keep.any() and not of_image.any():
        others = ", ".join(map(str, np.unique(numbers[0][keep])[:5]))
        raise DataError(Fault(table.place.at(), f"neighbours in image {image}, as its cells", f"of image {others}"))
    return of_image
