"""A chart drawn with matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tumint import charts, maps, style
from tumint.charts import ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as MplFigure


@style.drawn
def draw(chart: charts.Chart) -> MplFigure:
    """The drawing of a chart, in the style of the house."""
    columns = max(1, min(chart.columns, len(chart.panels)))
    rows = -(-len(chart.panels) // columns)
    drawing, axes = style.canvas(chart.width, chart.height, rows, columns, sharey=chart.share_y)
    if chart.share_y or rows > 1:
        drawing.get_layout_engine().set(wspace=0.05)  # type: ignore[union-attr, call-arg]
    heat = None
    for number, (ax, panel) in enumerate(zip(axes, chart.panels, strict=False)):
        inner = chart.share_y and number % columns > 0
        sides = (("x", panel.x, True), ("y", panel.y, not inner))
        for which, axis, named in sides:
            if axis.limits is not None:  # before what is placed by them
                _axis(ax, which, axis, named=named)
        for layer in panel.layers:
            heat = _layer(ax, layer) or heat
        for which, axis, named in sides:
            if axis.limits is None:
                _axis(ax, which, axis, named=named)
        if panel.title:
            small = {"fontsize": 8} if len(chart.panels) > 2 else {}
            ax.set_title("\n".join(style.shortened(line, 44) for line in panel.title.split("\n")), **small)
    for ax in axes[len(chart.panels) :]:
        ax.set_visible(False)
    if heat is not None:
        _colour_bar(drawing, list(axes[: len(chart.panels)]), *heat)
    if chart.x_title:
        drawing.supxlabel(chart.x_title, fontsize=9)
    style.legend_right(axes[columns - 1], chart.legend, chart.legend_title, marker=chart.legend_marker)
    return drawing


def _layer(ax: Axes, layer: charts.Layer) -> Any:
    """Draw one layer; `(mesh, label, rows)` of one that needs a colour bar."""
    match layer:
        case charts.Dots():
            _dots(ax, layer)
        case charts.Lines(rows, x, y, x_end, y_end, by, colours, width):
            from matplotlib.collections import LineCollection

            ends = rows[[x, y, x_end, y_end]].to_numpy(float).reshape(-1, 2, 2)
            ax.add_collection(LineCollection(list(ends), colors=[colours[str(v)] for v in rows[by]], linewidths=width))
            ax.autoscale_view()
        case charts.Mark(at, axis):
            (ax.axvline if axis == "x" else ax.axhline)(at, color=style.INK, lw=0.8)
        case charts.Words():
            _words(ax, layer)
        case charts.Heat(matrix, colours, limits, unit, marked):
            mesh = style.heatmap(ax, matrix, cmap=colours, limits=limits, label=unit, colourbar=False)
            if marked is not None:
                rows_at, columns_at = np.nonzero(marked.to_numpy(bool))
                places = (columns_at + 0.5, rows_at + 0.5)
                ax.scatter(*places, s=16, color="#000000", edgecolors="#FFFFFF", linewidths=0.7)
            return mesh, unit, len(matrix)
        case charts.Bars(shares, colours, _):
            style.stacked_rows(ax, shares, colours)
        case charts.Cells(x_um, y_um, names, colours, size):
            order = charts.rare_last(names)
            shade = [colours[names[i]] for i in order]
            maps.point_map(ax, np.asarray(x_um, float)[order], np.asarray(y_um, float)[order], shade, size)
    return None


def _dots(ax: Axes, layer: charts.Dots) -> None:
    rows = layer.rows
    shade = [layer.colours[str(value)] for value in rows[layer.by]]
    places = (rows[layer.x].to_numpy(float), rows[layer.y].to_numpy(float))
    if layer.filled is None:
        ax.scatter(*places, s=layer.size, c=shade, edgecolors=style.INK, linewidths=0.35, zorder=3)
        return
    fill = [colour if hit else style.PAPER for colour, hit in zip(shade, rows[layer.filled], strict=True)]
    ax.scatter(*places, s=layer.size, c=fill, edgecolors=shade, linewidths=1.4, zorder=3)


def _words(ax: Axes, layer: charts.Words) -> None:
    """Names beside their places, moved down where one would lie on another."""
    top = float(ax.get_ylim()[1])
    places = charts.apart([float(value) for value in layer.rows[layer.y]], top)
    for row, y in zip(layer.rows.to_dict("records"), places, strict=True):
        at = float(row[layer.y])
        right = row[layer.x] > 0
        ax.annotate(
            style.shortened(row[layer.text], 44),
            (row[layer.x], at),
            (-5 if right else 5, (y - at) / top * 140),
            textcoords="offset points",
            ha="right" if right else "left",
            va="center",
            fontsize=7,
        )


def _axis(ax: Axes, which: str, axis: charts.Axis, *, named: bool) -> None:
    if axis.grid:
        ax.grid(axis=which)  # type: ignore[arg-type]
    if axis.kind == "ratio":
        places, labels, limits = ticks.ratio(axis.limits or getattr(ax, f"get_{which}lim")())
        getattr(ax, f"set_{which}lim")(limits)
        getattr(ax, f"set_{which}ticks")(places, labels)
    elif axis.kind == "names" and which == "y":
        style.row_axis(ax, axis.names, axis.longest)
    elif axis.kind == "names":
        ax.set_xticks(range(len(axis.names)), [style.shortened(name, axis.longest) for name in axis.names])
        ax.set_xlim(-0.6, len(axis.names) - 0.4)
    elif axis.limits is not None:
        getattr(ax, f"set_{which}lim")(axis.limits)
    if axis.title and named:
        getattr(ax, f"set_{which}label")(axis.title)


def _colour_bar(drawing: MplFigure, axes: list[Axes], mesh: Any, label: str, rows: int) -> None:
    bar = drawing.colorbar(mesh, ax=axes, shrink=min(0.9, 12 / max(rows, 12)), pad=0.02, label=label)
    bar.outline.set_visible(False)  # type: ignore[operator]
