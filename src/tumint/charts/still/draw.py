"""A chart drawn with matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tumint.charts import model as charts
from tumint.charts import ticks
from tumint.charts.palette import INK, PAPER
from tumint.charts.sizes import dot_size, in_lines, shortened
from tumint.charts.still.arrange import arrange, bar_inch, colour_bar, legend, legend_inch
from tumint.charts.still.house import beside, canvas, drawn, heatmap, row_axis, shapes, stacked_rows
from tumint.charts.still.maps import point_map, stamp

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as MplFigure
    from matplotlib.text import Text


_MOST_SHAPES = 4000  # cells of a heatmap that are shapes; more are drawn as pixels, a tenth of the size
Names = dict[tuple["Axes", str], list["Text"]]  # of rows and columns: what stands beside axes in place of ticks


@drawn
def draw(chart: charts.Chart) -> MplFigure:
    """The drawing of a chart, in the style of the house."""
    columns = max(1, min(chart.columns, len(chart.panels)))
    rows = -(-len(chart.panels) // columns)
    drawing, grid = canvas(chart.width, chart.height, rows, columns, sharey=chart.share_y)
    axes = grid.ravel()
    names: Names = {}
    heat = None
    for number, (ax, panel) in enumerate(zip(axes, chart.panels, strict=False)):
        inner = chart.share_y and number % columns > 0
        sides = (("x", panel.x, True), ("y", panel.y, not inner))
        for which, axis, named in sides:
            if axis.limits is not None:  # before what is placed by them
                _axis(ax, which, axis, names, named=named)
        for layer in panel.layers:
            heat = _layer(ax, layer, names, named=not inner) or heat
        for which, axis, named in sides:
            if axis.limits is None:
                _axis(ax, which, axis, names, named=named)
        if panel.title:
            small = {"fontsize": 8} if len(chart.panels) > 2 else {}
            # at a place of its own: else matplotlib looks what it would run into
            ax.set_title("\n".join(shortened(line, 44) for line in panel.title.split("\n")), y=1.0, **small)
    for ax in axes[len(chart.panels) :]:
        ax.set_visible(False)
    if chart.x_title:
        drawing.supxlabel(chart.x_title, fontsize=9, va="bottom")
    bar = bar_inch(heat[1]) if heat is not None else 0.0
    arrange(drawing, grid, names, bar + legend_inch(chart.legend, chart.legend_title))
    if heat is not None:
        colour_bar(drawing, list(axes[: len(chart.panels)]), *heat)
    legend(drawing, axes[columns - 1], chart.legend, chart.legend_title, chart.legend_marker)
    return drawing


def filled(ax: Axes, panel: charts.Panel) -> None:
    """Draw a panel without names of rows or columns into axes that have their place."""
    names: Names = {}
    for which, axis in (("x", panel.x), ("y", panel.y)):
        _axis(ax, which, axis, names, named=False)
    for layer in panel.layers:
        _layer(ax, layer, names, named=False)
    if panel.title:
        ax.set_title(panel.title, y=1.0)


def _layer(ax: Axes, layer: charts.Layer, names: Names, *, named: bool) -> Any:
    """Draw one layer; `(mesh, label, rows)` of one that needs a colour bar."""
    match layer:
        case charts.Dots():
            _dots(ax, layer)
        case charts.Lines(rows, x, y, x_end, y_end, by, colours, width):
            from matplotlib.collections import LineCollection

            ends = rows[[x, y, x_end, y_end]].to_numpy(float).reshape(-1, 2, 2)
            shades = [colours[str(v)] for v in rows[by]]
            dashes = "dashed" if layer.dashed else "solid"
            ax.add_collection(LineCollection(list(ends), colors=shades, linewidths=width, linestyles=dashes))
            ax.autoscale_view()
        case charts.Area(rows, by=by, colours=colours):
            for name, part in rows.groupby(rows[by].astype(str), sort=False):
                along, low, high = charts.outline(layer, part)
                edge = np.column_stack([np.r_[along, along[::-1]], np.r_[high, low[::-1]]])
                shapes(ax, [edge], colours[str(name)])
        case charts.Mark(at, axis):
            dashes = "--" if layer.dashed else "-"
            (ax.axvline if axis == "x" else ax.axhline)(at, color=INK, lw=0.8, ls=dashes)
        case charts.Words():
            _words(ax, layer)
        case charts.Heat():
            return _heat(ax, layer, names, named=named), layer.unit, len(layer.matrix)
        case charts.Bars(shares, colours, _):
            stacked_rows(ax, shares, colours)
            names[ax, "y"] = row_axis(ax, [str(name) for name in shares.index], named=named)
        case charts.Cells():
            _cells(ax, layer)
    return None


def _cells(ax: Axes, layer: charts.Cells) -> None:
    order = charts.drawing_order(layer)
    shade = [layer.colours[str(layer.names[i])] for i in order]
    x, y = (np.asarray(values, float)[order] for values in (layer.x, layer.y))
    if layer.in_um:
        point_map(ax, x, y, shade, layer.size)
    else:
        stamp(ax, x, y, shade, layer.size or dot_size(x, y))
        ax.set_xticks([])
        ax.set_yticks([])


def _heat(ax: Axes, layer: charts.Heat, names: Names, *, named: bool) -> Any:
    mesh = heatmap(ax, layer.matrix, cmap=layer.colours, limits=layer.limits)
    if layer.matrix.size > _MOST_SHAPES:
        mesh.set(rasterized=True, edgecolor="none")
    rows, columns = ([shortened(name) for name in of] for of in (layer.matrix.index, layer.matrix.columns))
    names[ax, "x"] = beside(ax, "x", [i + 0.5 for i in range(len(columns))], columns, rotation=90)
    names[ax, "y"] = beside(ax, "y", [i + 0.5 for i in range(len(rows))], rows) if named else []
    if layer.marked is not None:
        rows_at, columns_at = np.nonzero(layer.marked.to_numpy(bool))
        places = (columns_at + 0.5, rows_at + 0.5)
        ax.scatter(*places, s=16, color="#000000", edgecolors="#FFFFFF", linewidths=0.7)
    if layer.written is not None:
        shades = mesh.cmap(mesh.norm(layer.matrix.to_numpy(float)))[..., :3].sum(axis=-1)
        for (i, j), text in np.ndenumerate(layer.written.to_numpy(object)):
            # on the colour of the cell, not on the ground, whatever the page makes of that
            colour = "#FFFFFF" if shades[i, j] < 1.5 else "#000000"
            ax.text(j + 0.5, i + 0.5, text, ha="center", va="center", fontsize=7.5, color=colour)
    return mesh


def _dots(ax: Axes, layer: charts.Dots) -> None:
    rows = layer.rows
    shade = [layer.colours[str(value)] for value in rows[layer.by]]
    places = (rows[layer.x].to_numpy(float), rows[layer.y].to_numpy(float))
    if layer.filled is None:
        ax.scatter(*places, s=layer.size, c=shade, edgecolors=INK, linewidths=0.35, zorder=3)
        return
    fill = [colour if hit else PAPER for colour, hit in zip(shade, rows[layer.filled], strict=True)]
    ax.scatter(*places, s=layer.size, c=fill, edgecolors=shade, linewidths=1.4, zorder=3)


def _words(ax: Axes, layer: charts.Words) -> None:
    low, high = ax.get_ylim()
    rows = layer.rows
    if layer.place == "centre":
        ground = {"boxstyle": "round,pad=0.1", "facecolor": PAPER, "alpha": 0.5, "linewidth": 0}
        for row in rows.to_dict("records"):
            at_centre = (row[layer.x], row[layer.y])
            ax.text(
                *at_centre,
                "\n".join(in_lines(row[layer.text])),
                ha="center",
                va="center",
                fontsize=8,
                weight="bold",
                bbox=ground,
            )
        return
    at = [float(value) for value in rows[layer.y]]
    moved = charts.apart(at, high - low) if layer.place == "beside" else at
    for row, y, place in zip(rows.to_dict("records"), at, moved, strict=True):
        left = layer.place == "beside" and row[layer.x] > 0
        up = 6 if layer.place == "above" else (place - y) / (high - low) * 140
        far = {"arrowstyle": "-", "linewidth": 0.4, "color": INK, "shrinkB": 3} if place != y else None
        ax.annotate(
            shortened(row[layer.text], 44),
            (row[layer.x], y),
            ((-1 if left else 1) * (20 if far else 5), up),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            fontsize=7,
            arrowprops=far,
        )


def _axis(ax: Axes, which: str, axis: charts.Axis, names: Names, *, named: bool) -> None:
    if axis.grid:
        ax.grid(axis=which)  # type: ignore[arg-type]
    if axis.kind in ("ratio", "log"):
        between = axis.limits or getattr(ax, f"get_{which}lim")()
        places, labels, limits = ticks.ratio(between) if axis.kind == "ratio" else ticks.log(between, axis.floor)
        getattr(ax, f"set_{which}lim")(limits)
        getattr(ax, f"set_{which}ticks")(places, labels)
    elif axis.kind == "names" and which == "y":
        names[ax, which] = row_axis(ax, axis.names, axis.longest, grid=axis.grid, named=named)
    elif axis.kind == "names":
        ax.set_xticks(range(len(axis.names)), [shortened(name, axis.longest) for name in axis.names])
        ax.set_xlim(-0.6, len(axis.names) - 0.4)
    if axis.kind == "none":
        getattr(ax, f"set_{which}ticks")([])
        ax.spines["bottom" if which == "x" else "left"].set_visible(False)
    if axis.kind in ("number", "names", "none") and axis.limits is not None:
        getattr(ax, f"set_{which}lim")(axis.limits)
    if axis.title and named:
        getattr(ax, f"set_{which}label")(axis.title)
