"""Cells as a reader gave them, looked over before they are used: a reader is the one place that anybody can add."""

from __future__ import annotations

import numpy as np

from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.ingest.reader import Cells, Part
from tumint.text import integer


def verified(part: Part, result: Cells | DataError) -> Cells | DataError:
    """`result`, or what is wrong with it: lengths, ids that repeat or are below 0, places, names of types."""
    if isinstance(result, DataError):
        return result
    faults = [Fault(part.place.at(), expected, found) for expected, found in _faults(result)]
    return DataError(faults) if faults else result


def _faults(cells: Cells) -> list[tuple[str, str]]:
    n, m = len(cells.cell_id), len(cells.markers)
    shapes = {"spatial": (n, 2), "area_um2": (n,), "domain": (n,), "intensities": (n, m)}
    wrong = {name: getattr(cells, name).shape for name, shape in shapes.items() if getattr(cells, name).shape != shape}
    if wrong:
        return [(f"`{name}` of shape {shapes[name]}", f"{found}") for name, found in wrong.items()]
    found = []
    ids, repeats = np.unique(cells.cell_id, return_counts=True)
    if len(ids) and ids[0] < 0:
        found.append(("cell ids of at least 0", f"`{ids[0]}`"))
    if (repeats > 1).any():
        found.append(("each cell id once", f"`{ids[repeats > 1][0]}` {integer(repeats.max())} times"))
    if bad := int(np.isinf(cells.spatial).any(axis=1).sum()):  # NaN: a cell without a place
        found.append(("finite coordinates", f"{integer(bad)} cells with infinite ones"))
    types = dict.fromkeys(() if cells.cell_type is None else cells.cell_type)
    if odd := [name for name in types if k.PAIR_SEPARATOR in name]:
        found.append((f"cell types without `{k.PAIR_SEPARATOR}`", f"`{odd[0]}`"))
    return found
