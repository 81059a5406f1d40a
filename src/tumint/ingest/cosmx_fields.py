"""Positions of the fields of view of a CosMx slide: `fov`, `x_global_px`, `y_global_px`, newer files with `x_global_mm`
and `y_global_mm`, and with `FOV` in capitals.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tumint.errors import DataError, Fault
from tumint.io.raw.opening import open_table
from tumint.io.raw.source import Place
from tumint.io.raw.table import Table
from tumint.text import listed

_PX, _MM = ("x_global_px", "y_global_px"), ("x_global_mm", "y_global_mm")


def _opened(file: Path, sample: str, columns: tuple[str, ...]) -> tuple[Table, str]:
    table = open_table(Place(str(file), sample))
    field = "FOV" if "FOV" in table.header else "fov"
    table.require(field, *columns)
    table.stop_on_faults()
    table.load([field, *columns])
    return table, field


def positions(file: Path | None, fields: np.ndarray, place: Place) -> np.ndarray:
    """Where the field of each cell lies on the slide, in pixels (n × 2).

    Raises
    ------
    DataError
        There is no such file, or it lacks a field.
    """
    if file is None:
        expected = "global pixels (`CenterX_global_px`), or `*_fov_positions_file.csv` beside it, or one field of view "
        raise DataError(Fault(place.at("header"), expected + "as `part` in the sheet", "local pixels alone"))
    table, name = _opened(file, place.sample, _PX)
    numbers = table.whole_numbers(name)
    corner = np.column_stack([table.numbers(column, missing=False) for column in _PX])
    table.unique(name, numbers)
    table.stop_on_faults()
    at = {number: i for i, number in enumerate(numbers.tolist())}
    if lacking := sorted({*fields.tolist()} - {*at}):
        raise DataError(Fault(table.place.at(), "a position for every field of view", f"none for {listed(lacking, 3)}"))
    return corner[[at[field] for field in fields.tolist()]]


def um_per_px(file: Path | None) -> float | None:
    """µm of a pixel, of positions that are there in both units; None where they are not, or do not agree."""
    if file is None:
        return None
    try:
        table, _ = _opened(file, "init", (*_PX, *_MM))
        px, mm = (np.column_stack([table.numbers(c, missing=False) for c in names]) for names in (_PX, _MM))
        table.stop_on_faults()
    except DataError:
        return None
    spread = np.ptp(px, axis=0)
    axis = int(spread.argmax())
    if not spread[axis]:
        return None
    size = 1000 * float(np.ptp(mm[:, axis])) / float(spread[axis])
    return round(size, 5) if size > 0 else None
