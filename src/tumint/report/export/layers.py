"""What a viewer is given: the cells of one ROI, and the layers that colour them. Plain data; nothing is read here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tumint import keys as k

NONE = "none"  # of a cell that has no niche or domain


@dataclass(frozen=True)
class Layer:
    """A way to colour cells: a column of text, what it is called, a colour for each of its levels."""

    column: str
    title: str
    colours: dict[str, str]  # level → #RRGGBB, in the order of a legend
    about: str = ""  # a sentence, where the title is not enough


@dataclass(frozen=True)
class Roi:
    """One ROI.

    `cells` has a row per cell: `cell_id`, `x_um`, `y_um`, where the results have them `cell_name` (what the source
    calls a cell), `margin_um` (missing: no margin in the ROI) and the number of each network (0: in none), and a column
    of text for every layer.
    """

    sample: str
    cells: pd.DataFrame
    layers: list[Layer]
    numbers: list[str]  # columns that are quantities
    um_per_px: float

    @property
    def pixels(self) -> np.ndarray:
        """x and y in pixels of the image (n × 2)."""
        return self.cells[[k.X_UM, k.Y_UM]].to_numpy(float) / self.um_per_px

    def table(self, x: str, y: str) -> pd.DataFrame:
        """All columns for a viewer, with places in pixels under the names `x` and `y`."""
        given = [k.CELL_ID, *([k.CELL_NAME] if k.CELL_NAME in self.cells else [])]
        places = pd.DataFrame(self.pixels.round(4), columns=[x, y], index=self.cells.index)
        columns = [*given, *(layer.column for layer in self.layers), *self.numbers]
        return pd.concat([places, self.cells[columns]], axis=1)


def rgb(colour: str) -> list[int]:
    """Red, green and blue of #RRGGBB, 0 to 255."""
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
