"""Charts as plain data: what is drawn, not how. One description, two renderers.

`still` draws a chart with matplotlib, for the SVG file, for print and for readers without scripts; `live` says the same
to plotly, for the page. A stage's `figures.py` describes a chart once and calls `figure`. What only one drawing needs
is drawn by hand with matplotlib as before (`style.Figure` with a drawing), and stays still.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from tumint import style


@dataclass(frozen=True)
class Axis:
    """An axis: of numbers, of log2 values labelled as ratios, or of names (the first on top, or left)."""

    title: str = ""
    kind: Literal["number", "ratio", "names"] = "number"
    names: Sequence[str] = ()
    limits: tuple[float, float] | None = None
    grid: bool = False
    longest: int = 34  # letters of a name that are shown


@dataclass(frozen=True)
class Dots:
    """A dot per row at (`x`, `y`), coloured by the value of `by`.

    `size` is an area in points² (as matplotlib's); `filled`: a boolean column, dots are hollow where it is false;
    `hover`: `{column: label}`, what a reader sees of a dot who points at it.
    """

    rows: pd.DataFrame
    x: str
    y: str
    by: str
    colours: Mapping[str, str]
    size: float = 24.0
    filled: str | None = None
    hover: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lines:
    """A line per row from (`x`, `y`) to (`x_end`, `y_end`), coloured by the value of `by`."""

    rows: pd.DataFrame
    x: str
    y: str
    x_end: str
    y_end: str
    by: str
    colours: Mapping[str, str]
    width: float = 1.6


@dataclass(frozen=True)
class Mark:
    """A line across the whole panel at `at` of the axis `axis`."""

    at: float
    axis: Literal["x", "y"] = "x"


@dataclass(frozen=True)
class Words:
    """The text of column `text` per row, beside (`x`, `y`): left of a place with a positive x, else right of it."""

    rows: pd.DataFrame
    x: str
    y: str
    text: str


@dataclass(frozen=True)
class Heat:
    """A matrix of values by colour, rows and columns named by its index; a missing value is grey.

    `colours`: a matplotlib name, of `style.SEQUENTIAL` or `style.DIVERGING`; `marked`: cells with a dot; `unit`: what a
    value is, in words.
    """

    matrix: pd.DataFrame
    colours: str
    limits: tuple[float, float]
    unit: str
    marked: pd.DataFrame | None = None


@dataclass(frozen=True)
class Bars:
    """Horizontal stacked bars: a row per index of `shares`, a colour per column; `unit` of the values."""

    shares: pd.DataFrame
    colours: Mapping[str, str]
    unit: str


@dataclass(frozen=True)
class Cells:
    """Cells at their place in µm, y downwards as in the image, coloured by name; drawn with a scale bar.

    `size`: points² of a dot; None: as large as dots can be with little overlap.
    """

    x_um: Any  # (n,) float
    y_um: Any  # (n,) float
    names: Sequence[str]  # (n,)
    colours: Mapping[str, str]
    size: float | None = None


Layer = Dots | Lines | Mark | Words | Heat | Bars | Cells


@dataclass(frozen=True)
class Panel:
    """Layers over the same axes, the first lowest."""

    layers: Sequence[Layer]
    x: Axis = Axis()
    y: Axis = Axis()
    title: str = ""


@dataclass(frozen=True)
class Chart:
    """Panels of `width` × `height` inches in all, `columns` beside each other, with one legend."""

    panels: Sequence[Panel]
    width: float
    height: float
    columns: int = 1
    legend: Mapping[str, str] = field(default_factory=dict)
    legend_title: str = ""
    legend_marker: str = "s"
    share_y: bool = False
    x_title: str = ""  # of all panels together


def apart(values: Sequence[float], top: float) -> list[float]:
    """Places of words on an axis that ends at `top`, moved down where one would lie on an earlier one."""
    taken: list[float] = []
    for value in values:
        place = value
        while any(abs(place - other) < top * 0.075 for other in taken):
            place -= top * 0.077
        taken.append(place)
    return taken


def rare_last(names: Sequence[str]) -> np.ndarray[Any, Any]:
    """Order in which cells are drawn: those of the commonest name first, so that rare ones lie on top."""
    series = pd.Series(list(names), dtype=object)
    counts = series.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    return np.argsort(series.map({name: i for i, name in enumerate(counts.index)}).to_numpy(), kind="stable")


def figure(
    name: str, title: str, reading: str, table: pd.DataFrame, chart: Chart, *, themed: bool = True
) -> style.Figure:
    """A figure of a report from a chart: drawn still here, and live in the page."""
    from tumint.charts import still

    return style.Figure(name, title, reading, table, still.draw(chart), themed=themed, chart=chart)
