"""Cells of many ROIs as few bytes, for maps that a script of the page draws: half a µm and one byte a category.

A map colours cells by type. A `Layer` is one more category of every cell, such as its tissue domain: the ground that
the cells stand on. `cells.js` reads what `packed` writes.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.charts.sizes import thinned

QUANTUM_UM = 0.5  # a hundredth of what a map shows; a ROI of more than 32 mm has a larger one
MOST_CELLS = 300_000  # of all ROIs: 6 bytes each in the page
NOTHING = 255  # the code of a cell that has no class of a layer
_STEPS = 65_535


@dataclass(frozen=True)
class Layer:
    """One more category of every cell: its column in the table, what it is called, its classes with their colours.

    A cell whose value is no class lies on bare ground.
    """

    column: str
    label: str
    colours: Mapping[str, str]


@dataclass
class Numbers:
    """Arrays one after the other, each from a multiple of four bytes on."""

    parts: list[bytes] = field(default_factory=list)
    length: int = 0

    def add(self, values: Any, kind: str) -> int:
        """Where the array begins."""
        start, data = self.length, np.ascontiguousarray(values, dtype=kind).tobytes()
        data += bytes(-len(data) % 4)
        self.parts.append(data)
        self.length += len(data)
        return start

    def text(self) -> str:
        """All of them: zlib, base64."""
        return base64.b64encode(zlib.compress(b"".join(self.parts), 6)).decode("ascii")


@dataclass(frozen=True)
class Packed:
    """What a page carries: facts for JSON, numbers (a caller may add to them), the rows that are drawn of a sample."""

    head: dict[str, Any]
    numbers: Numbers
    rows: Mapping[str, np.ndarray]

    @property
    def drawn(self) -> int:
        """Cells that are drawn."""
        return sum(len(rows) for rows in self.rows.values())


def shares(sizes: Sequence[int], most: int) -> list[int]:
    """How many cells of each ROI are drawn: all, or of the large ones equally many, `most` in all."""
    order = sorted(range(len(sizes)), key=lambda i: sizes[i])
    given, left = [0] * len(sizes), most
    for rank, i in enumerate(order):
        given[i] = min(sizes[i], left // (len(sizes) - rank))
        left -= given[i]
    return given


def packed(
    cells: pd.DataFrame,
    samples: Sequence[Mapping[str, Any]],
    colours: Mapping[str, str],
    layers: Sequence[Layer] = (),
    *,
    most: int = MOST_CELLS,
) -> Packed:
    """Cells for a page.

    Parameters
    ----------
    cells
        `sample, cell_id, x_um, y_um, cell_type` and the column of every layer; all have coordinates.
    samples
        `name, subject, group` of each ROI in the order of the maps; those without cells are left out.
    colours
        A colour for each type.
    most
        Cells in all; of more a sample is drawn.
    """
    types = list(colours)
    code = {name: i for i, name in enumerate(types)}
    numbers = Numbers()
    at = {str(name): rows for name, rows in cells.groupby(k.SAMPLE, sort=False, observed=True).indices.items()}
    shown = [one for one in samples if len(at.get(one["name"], ()))]
    given = shares([len(at[one["name"]]) for one in shown], most)
    rows: dict[str, Any] = {
        one["name"]: at[one["name"]][thinned(len(at[one["name"]]), n)] for one, n in zip(shown, given, strict=True)
    }
    wide = "<u2" if len(types) > NOTHING else "u1"
    maps = []
    for one in shown:
        mine = cells.iloc[rows[one["name"]]]
        x, y, step = quantised(mine[k.X_UM].to_numpy(float), mine[k.Y_UM].to_numpy(float))
        ids = mine[k.CELL_ID].to_numpy(np.int64)
        fields = {
            "x": numbers.add(x, "<u2"),
            "y": numbers.add(y, "<u2"),
            "type": numbers.add(mine[k.CELL_TYPE].map(code), wide),
            "id": numbers.add(np.diff(ids, prepend=0), "<i4"),
            "layers": [numbers.add(_codes(mine[layer.column], layer), "u1") for layer in layers],
        }
        low = [float(mine[k.X_UM].min()), float(mine[k.Y_UM].min())]
        maps.append({**one, "n": len(mine), "of": len(at[one["name"]]), "from": low, "step": step, "at": fields})
    head = {
        "types": [{"name": name, "colour": colours[name]} for name in types],
        "wide": wide == "<u2",
        "layers": [
            {"name": layer.column, "label": layer.label, "classes": list(layer.colours.items())} for layer in layers
        ],
        "maps": maps,
    }
    return Packed(head, numbers, rows)


def quantised(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Steps from the least x and the least y, and their length in µm, one for both: a map keeps its shape."""
    reach = max(float(np.ptp(x)), float(np.ptp(y)))
    step = max(QUANTUM_UM, reach / _STEPS)
    across, down = (np.round((values - values.min()) / step) for values in (x, y))
    return across.astype("<u2"), down.astype("<u2"), step


def _codes(values: pd.Series, layer: Layer) -> np.ndarray:
    if len(layer.colours) > NOTHING:
        raise ValueError(f"a layer of cells has at most {NOTHING} classes, and {layer.label} has {len(layer.colours)}")
    code = {name: i for i, name in enumerate(layer.colours)}
    return values.map(code).fillna(NOTHING).to_numpy(np.uint8)
