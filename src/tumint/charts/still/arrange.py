"""Where the panels of a drawing, its legend and its colour bar lie.

How much room names take follows from the widths of their letters, so a drawing is drawn once. matplotlib's own layouts
draw it to measure every text of it, and then again, which is half of the time of a drawing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tumint.charts.palette import INK
from tumint.charts.sizes import shortened
from tumint.charts.still.letters import of_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as MplFigure
    from matplotlib.text import Text

LINE = 1.2  # height of a line of text, of the size of its letters
EDGE, GAP = 0.05, 0.12  # inches: around a drawing, between its panels
PAD = 3.5 / 72  # between an axis and its names; as long are the marks of an axis that has them
SCALE_BAR = 0.2  # inches below a map in µm
LEAST = 0.3  # inches that a panel has, however long the names


@dataclass(frozen=True)
class Room:
    """Inches that a panel needs around its axes; `x_label` and `y_label`: where the titles of the axes begin."""

    left: float = 0.0
    right: float = 0.0
    bottom: float = 0.0
    top: float = 0.0
    x_label: float = 0.0
    y_label: float = 0.0


@cache
def text_inch(text: str, points: float, weight: str = "normal") -> float:
    """Width of the longest line of a text."""
    return max(of_points(line, points, weight)[0] for line in text.split("\n")) / 72


def arrange(
    drawing: MplFigure, grid: np.ndarray[Any, Any], names: Mapping[tuple[Axes, str], Sequence[Text]], right: float
) -> None:
    """Place a `grid` of axes, some of them hidden, with `right` inches free beside them.

    `names`: what stands beside axes in place of labels of ticks.
    """
    width, height = drawing.get_size_inches()
    rows, columns = grid.shape
    shown = [(place, ax) for place, ax in np.ndenumerate(grid) if ax.get_visible()]
    rooms = {ax: _room(ax, names) for _, ax in shown}
    foot = _line(drawing._supxlabel) + EDGE if drawing._supxlabel else 0.0  # type: ignore[attr-defined]
    # twice: whether a label at the end of an axis reaches beyond it depends on the length of the axis
    for wide in (width / columns, None):
        left, after = _sides([(column, rooms[ax].left, rooms[ax].right) for (_, column), ax in shown], columns)
        above, below = _sides([(row, rooms[ax].top, rooms[ax].bottom) for (row, _), ax in shown], rows)
        across = max((width - right - 2 * EDGE - sum(left) - sum(after) - GAP * (columns - 1)) / columns, LEAST)
        if wide is not None:
            rooms = {ax: _with_ends(room, ax, across) for ax, room in rooms.items()}
    up = max((height - foot - 2 * EDGE - sum(above) - sum(below) - GAP * (rows - 1)) / rows, LEAST)
    for (row, column), ax in shown:
        x = EDGE + sum(left[: column + 1]) + sum(after[:column]) + column * (across + GAP)
        y = height - EDGE - sum(above[: row + 1]) - sum(below[:row]) - row * (up + GAP) - up
        ax.set_position((x / width, y / height, across / width, up / height))
        ax.apply_aspect()
        # else matplotlib measures the names again to find a place for the titles
        ax.xaxis.set_label_coords(0.5, -rooms[ax].x_label / up)
        ax.yaxis.set_label_coords(-rooms[ax].y_label / across, 0.5)
    if drawing._supxlabel:  # type: ignore[attr-defined]
        first = EDGE + left[0]
        middle = first + (width - right - EDGE - after[-1] - first) / 2
        drawing._supxlabel.set_position((middle / width, EDGE / height))  # type: ignore[attr-defined]


def _sides(rooms: Sequence[tuple[int, float, float]], count: int) -> tuple[list[float], list[float]]:
    """The most room that one of each row or column needs before and after it."""
    before, after = [0.0] * count, [0.0] * count
    for at, one, other in rooms:
        before[at], after[at] = max(before[at], one), max(after[at], other)
    return before, after


def _room(ax: Axes, names: Mapping[tuple[Axes, str], Sequence[Text]]) -> Room:
    x, y = _beside(ax, "x", names), _beside(ax, "y", names)
    bottom = x + (_line(ax.xaxis.label) + PAD if ax.get_xlabel() else 0.0)
    if ax.get_aspect() != "auto":
        bottom += SCALE_BAR
    left = y + (_line(ax.yaxis.label) + PAD if ax.get_ylabel() else 0.0)
    title = ax.get_title("left")
    top = (title.count("\n") + 1) * _line(ax._left_title) + 2 * PAD if title else EDGE  # type: ignore[attr-defined]
    return Room(left, EDGE, bottom, top, x + PAD, y + PAD)


def _line(text: Text) -> float:
    """Inches that a line of a text takes upwards."""
    return float(text.get_fontsize()) * LINE / 72


def _beside(ax: Axes, which: str, names: Mapping[tuple[Axes, str], Sequence[Text]]) -> float:
    """Room that the names of an axis take, upright ones below it."""
    if texts := names.get((ax, which)):
        if which == "x" and not texts[0].get_rotation():
            return PAD + max(_line(text) for text in texts)
        return PAD + max(text_inch(text.get_text(), text.get_fontsize()) for text in texts)
    labels = [label for _, label in tick_labels(ax, which)]
    if not labels:
        return 0.0
    return 2 * PAD + (9 * LINE / 72 if which == "x" else max(text_inch(label, 9.0) for label in labels))


def tick_labels(ax: Axes, which: str) -> list[tuple[float, str]]:
    """Ticks that an axis shows, where it shows their labels: their share of the axis, and their labels."""
    axis = getattr(ax, f"{which}axis")
    if not axis.get_tick_params().get("labelleft" if which == "y" else "labelbottom", True):
        return []
    low, high = axis.get_view_interval()
    places = [float(place) for place in axis.get_majorticklocs()]
    shares = [(place - low) / ((high - low) or 1.0) for place in places]
    labels = axis.get_major_formatter().format_ticks(places)
    return [(share, label) for share, label in zip(shares, labels, strict=True) if -0.001 <= share <= 1.001 and label]


def _with_ends(room: Room, ax: Axes, across: float) -> Room:
    """A room with what of labels and words reaches beyond the ends of an x axis of this length."""
    left, right = room.left, room.right
    for share, label in tick_labels(ax, "x"):
        half = text_inch(label, 9.0) / 2
        left = max(left, half - share * across)
        right = max(right, half - (1 - share) * across)
    for text in ax.texts:
        share = float(ax.transLimits.transform((getattr(text, "xy", text.get_position())[0], 0.0))[0])
        if text.get_horizontalalignment() == "left" and 0 <= share <= 1:
            wide = text_inch(text.get_text(), text.get_fontsize(), str(text.get_fontweight())) + 2 * PAD
            right = max(right, wide - (1 - share) * across)
    return replace(room, left=left, right=min(right, across))


def legend_inch(entries: Mapping[str, str], title: str) -> float:
    """Width of a legend and of the room before it."""
    names = [text_inch(shortened(name), 8.5) for name in entries]
    return GAP + 0.3 + max([*names, text_inch(title, 9.0) - 0.3]) if names else 0.0


def legend(drawing: MplFigure, beside: Axes, entries: Mapping[str, str], title: str, marker: str) -> None:
    """A legend right of the upper end of placed axes: `{name: colour}`."""
    from matplotlib.collections import PathCollection
    from matplotlib.markers import MarkerStyle
    from matplotlib.transforms import IdentityTransform

    if not entries:
        return
    box, (width, height) = beside.get_position(), drawing.get_size_inches()
    left, top = box.x1 * width + GAP, box.y1 * height - 0.07
    inches: dict[str, Any] = {"transform": drawing.dpi_scale_trans, "va": "center_baseline"}
    if title:
        drawing.text(left, top, title, **inches)
        top -= 0.19
    places = [(left + 0.1, top - 0.19 * row) for row in range(len(entries))]
    for (x, y), name in zip(places, entries, strict=True):
        drawing.text(x + 0.15, y, shortened(name), fontsize=8.5, **inches)
    shape = MarkerStyle(marker)
    dots = PathCollection(
        [shape.get_path().transformed(shape.get_transform())],
        sizes=[36.0],
        offsets=places,
        offset_transform=drawing.dpi_scale_trans,
        facecolors=list(entries.values()),
        edgecolors=INK,
        linewidths=0.3,
    )
    dots.set_transform(IdentityTransform())
    drawing.add_artist(dots)


BAR = 0.15  # inches: width of a colour bar


def bar_inch(label: str) -> float:
    """Width of a colour bar with its numbers and label, and of the room before it."""
    return GAP + BAR + 2 * PAD + 0.4 + (9 * LINE / 72 if label else 0.0)


def colour_bar(drawing: MplFigure, axes: Sequence[Axes], mesh: Any, label: str, rows: int) -> None:
    """A colour bar right of placed axes, shorter where they have many rows."""
    boxes, (width, _) = [ax.get_position() for ax in axes], drawing.get_size_inches()
    low, high = min(box.y0 for box in boxes), max(box.y1 for box in boxes)
    tall = (high - low) * min(0.9, 12 / max(rows, 12))
    left = max(box.x1 for box in boxes) + GAP / width
    place = drawing.add_axes((left, (low + high - tall) / 2, BAR / width, tall))
    bar = drawing.colorbar(mesh, cax=place)
    bar.outline.set_visible(False)  # type: ignore[operator]
    room = 2 * PAD + max(text_inch(text, 9.0) for _, text in _bar_labels(place))
    place.set_ylabel(label, va="top")
    place.yaxis.set_label_coords(1 + (room + PAD) / BAR, 0.5)


def _bar_labels(place: Axes) -> Iterator[tuple[float, str]]:
    formatter = place.yaxis.get_major_formatter()
    locations = [float(at) for at in place.yaxis.get_majorticklocs()]
    yield from zip(locations, formatter.format_ticks(locations), strict=True)
