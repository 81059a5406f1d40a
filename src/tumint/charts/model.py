"""Charts as plain data: what is drawn, not how. One description, two renderers.

`still` draws a chart with matplotlib, for the SVG file, for print and for readers without scripts; `live` says the same
to plotly, for the page. The figures of a report describe a chart once; it is drawn when it is viewed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Axis:
    """An axis: of numbers, of logarithms labelled by what they stand for, or of names (the first on top, or left).

    `none`: nothing is drawn of it, where places mean nothing; `ratio`: log2 of ratios; `log`: log10 of numbers, see
    `log10`; `floor`: what the lowest place of a `log` axis stands for, which all lower numbers share; `limits`: of
    names, where there is to be more room than they need.
    """

    title: str = ""
    kind: Literal["number", "ratio", "log", "names", "none"] = "number"
    names: Sequence[str] = ()
    limits: tuple[float, float] | None = None
    grid: bool = False
    longest: int = 34  # letters of a name that are shown
    floor: float | None = None


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
    dashed: bool = False


@dataclass(frozen=True)
class Area:
    """A filled shape per value of `by`, from `low` to `high` over `x`, in the order of the rows.

    `x_end`: each row is a bin from `x` to `x_end`, and the shape has steps; `hover` as of `Dots`.
    """

    rows: pd.DataFrame
    x: str
    low: str
    high: str
    by: str
    colours: Mapping[str, str]
    x_end: str | None = None
    hover: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mark:
    """A line across the whole panel at `at` of the axis `axis`."""

    at: float
    axis: Literal["x", "y"] = "x"
    dashed: bool = False


@dataclass(frozen=True)
class Words:
    """The text of column `text` per row at (`x`, `y`).

    `beside`: left of a place with a positive x, else right of it, moved down where one would lie on another; `above`
    and to the right of it; at its `centre`, in bold.
    """

    rows: pd.DataFrame
    x: str
    y: str
    text: str
    place: Literal["beside", "above", "centre"] = "beside"


@dataclass(frozen=True)
class Heat:
    """A matrix of values by colour, rows and columns named by its index; a missing value is grey.

    `colours`: a matplotlib name, of `palette.SEQUENTIAL` or `palette.DIVERGING`; `marked`: cells with a dot; `unit`:
    what a value is, in words; `written`: what stands in the cells.
    """

    matrix: pd.DataFrame
    colours: str
    limits: tuple[float, float]
    unit: str
    marked: pd.DataFrame | None = None
    written: pd.DataFrame | None = None


@dataclass(frozen=True)
class Bars:
    """Horizontal stacked bars: a row per index of `shares`, a colour per column; `unit` of the values."""

    shares: pd.DataFrame
    colours: Mapping[str, str]
    unit: str


@dataclass(frozen=True)
class Cells:
    """Cells at their place, coloured by name: in µm, y downwards as in the image, drawn with a scale bar.

    `size`: points² of a dot; None: as large as dots can be with little overlap; `behind`: names that lie below all
    others; `in_um`: false where the places are of a picture without scale, y upwards.
    """

    x: Any  # (n,) float
    y: Any  # (n,) float
    names: Sequence[str]  # (n,)
    colours: Mapping[str, str]
    size: float | None = None
    behind: Sequence[str] = ()
    in_um: bool = True


Layer = Dots | Lines | Area | Mark | Words | Heat | Bars | Cells


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


def log10(values: Any, floor: float) -> np.ndarray[Any, Any]:
    """Places on a `log` axis; all up to `floor` (above 0) lie at its start, and what is missing stays missing."""
    return np.asarray(np.log10(np.maximum(np.asarray(values, float), floor)))


def apart(values: Sequence[float], span: float) -> list[float]:
    """Places of words on an axis of this span, moved down where one would lie on an earlier one."""
    taken: list[float] = []
    for value in values:
        place = value
        while any(abs(place - other) < span * 0.075 for other in taken):
            place -= span * 0.077
        taken.append(place)
    return taken


def by_name(cells: Cells) -> dict[str, int]:
    """How many cells of each name there are, in the order in which they are drawn: rare ones last, on top."""
    counts = pd.Series(list(cells.names), dtype=object).value_counts().sort_index()
    counts = counts.sort_values(ascending=False, kind="stable")
    return {str(name): int(counts[name]) for name in sorted(counts.index, key=lambda name: name not in cells.behind)}


def drawing_order(cells: Cells) -> np.ndarray[Any, Any]:
    """Positions of the cells in the order of `by_name`."""
    rank = {name: i for i, name in enumerate(by_name(cells))}
    return np.argsort([rank[str(name)] for name in cells.names], kind="stable")


def besides(names: Sequence[str]) -> str:
    """What all other cells are called beside these names."""
    return "other cells" if "other cells" not in names else "all other cells"


def outline(area: Area, rows: pd.DataFrame) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """`x`, `low` and `high` along the edge of a shape: of bins, both ends of each."""
    low, high = rows[area.low].to_numpy(float), rows[area.high].to_numpy(float)
    if area.x_end is None:
        return rows[area.x].to_numpy(float), low, high
    return rows[[area.x, area.x_end]].to_numpy(float).ravel(), np.repeat(low, 2), np.repeat(high, 2)


@dataclass(frozen=True)
class Figure:
    """A figure of a report: its file name, title, a sentence that says how to read it, its table and its chart.

    `themed`: a page may change ink and ground with its own; not where pixels (cell maps) sit on the ground.
    """

    name: str
    title: str
    reading: str
    table: pd.DataFrame
    chart: Chart
    themed: bool = True
