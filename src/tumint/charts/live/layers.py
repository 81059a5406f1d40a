"""The layers of a live chart: the traces of each, and what it asks of the axes of its panel."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np

from tumint.charts import model as charts
from tumint.charts.live.layout import CARD, INK, Place, names, note, rows
from tumint.charts.live.values import numbers, pixels, said, value
from tumint.charts.palette import GREY, colour_scale
from tumint.charts.sizes import in_lines, shortened

Trace = dict[str, Any]


def traces(layer: charts.Layer, place: Place) -> Iterator[Trace]:
    """What of a layer a reader can point at or hide. Cells are packed, marks and words belong to the layout."""
    match layer:
        case charts.Dots():
            yield from _dots(layer)
        case charts.Lines():
            yield from _lines(layer)
        case charts.Area():
            yield from _areas(layer)
        case charts.Heat():
            yield from _heat(layer, first=place.number == 1)
        case charts.Bars():
            yield from _bars(layer)


def arrange(layer: charts.Layer, panel: charts.Panel, place: Place, layout: dict[str, Any]) -> None:
    """Put into the layout what a layer asks of it."""
    x, y = (layout[f"{which}axis{place.ending}"] for which in "xy")
    match layer:
        case charts.Heat(matrix):
            x |= names([str(c) for c in matrix.columns], panel.x.longest) | {"tickangle": -90}
            y |= rows([str(r) for r in matrix.index], panel.y.longest)
        case charts.Bars(shares):
            y |= rows([str(r) for r in shares.index], panel.y.longest)
        case charts.Mark(0, axis, dashed=False):
            # the axis draws it over its grid and below the dots; a shape would lie below both
            (x if axis == "x" else y).update(zeroline=True, zerolinecolor=INK, zerolinewidth=1)
        case charts.Mark():
            layout["shapes"].append(_mark(layer, place))
        case charts.Words():
            layout["annotations"] += _words(layer, panel, place)
        case charts.Cells(in_um=in_um):
            bare = {"ticks": "", "showgrid": False, "showticklabels": False, "zeroline": False}
            x |= bare | ({"constrain": "domain", "mirror": True} if in_um else {})
            y |= bare | ({"constrain": "domain", "mirror": True, "scaleanchor": place.axes["x"]} if in_um else {})
            layout["dragmode"] = "pan"


def _mark(layer: charts.Mark, place: Place) -> dict[str, Any]:
    other = "y" if layer.axis == "x" else "x"
    ends = {f"{layer.axis}0": layer.at, f"{layer.axis}1": layer.at, f"{other}0": 0, f"{other}1": 1}
    refs = {f"{layer.axis}ref": place.axes[layer.axis], f"{other}ref": f"{place.axes[other]} domain"}
    line = {"color": INK, "width": 1} | ({"dash": "dash"} if layer.dashed else {})
    return {"type": "line", "layer": "above" if layer.dashed else "below", "line": line, **ends, **refs}


def _words(layer: charts.Words, panel: charts.Panel, place: Place) -> Iterator[dict[str, Any]]:
    low, high = panel.y.limits or (0.0, 1.0)
    per_unit = (place.up[1] - place.up[0]) * place.height / (high - low)
    refs = {f"{which}ref": name for which, name in place.axes.items()}
    at = [float(value) for value in layer.rows[layer.y]]
    moved = charts.apart(at, high - low) if layer.place == "beside" else at
    for row, y, to in zip(layer.rows.to_dict("records"), at, moved, strict=True):
        one = note(shortened(row[layer.text], 44), float(f"{row[layer.x]:.6g}"), float(f"{y:.6g}")) | refs
        if layer.place == "centre":
            # readable on dots of any colour, which shine through
            ground = {"bgcolor": f"{CARD}80", "borderpad": 0}
            lines = "<br>".join(escape(line) for line in in_lines(shortened(row[layer.text], 44)))
            yield {
                **one,
                **ground,
                "align": "center",
                "text": f"<b>{lines}</b>",
                "font": {"size": 12, "color": INK},
            }
            continue
        left = layer.place == "beside" and row[layer.x] > 0
        side = {"xanchor": "right", "xshift": -7} if left else {"xanchor": "left", "xshift": 7}
        up = 8 if layer.place == "above" else round((to - y) * per_unit, 1)
        words = {**one, **side, "yanchor": "middle", "yshift": up, "font": {"size": 10}}
        if to != y:  # moved away from its place: a thin line leads there
            words |= {"showarrow": True, "arrowhead": 0, "arrowwidth": 0.6, "arrowcolor": INK, "standoff": 4}
            words |= {"ax": 4 * words.pop("xshift"), "ay": -words.pop("yshift")}
        yield words


def _dots(layer: charts.Dots) -> Iterator[Trace]:
    values = layer.rows[layer.by].astype(str)
    for name in dict.fromkeys(values):
        part = layer.rows[(values == name).to_numpy()]
        colour = layer.colours[name]
        fill: Any = colour
        edge: Any = {"color": INK, "width": 0.6}
        if layer.filled is not None:
            fill, edge = [colour if hit else CARD for hit in part[layer.filled]], {"color": colour, "width": 1.8}
        # the side of a square of `size` points² is near the diameter of matplotlib's dot, in points
        marker = {"size": pixels(math.sqrt(layer.size)), "color": fill, "line": edge, "opacity": 1}
        yield {
            **{"type": "scatter", "mode": "markers", "name": escape(name), "meta": name, "marker": marker},
            **{"x": numbers(part[layer.x]), "y": numbers(part[layer.y]), "cliponaxis": False},
            "hoverinfo": "text" if layer.hover else "none",
            "text": said(part, layer.hover),
        }


def _lines(layer: charts.Lines) -> Iterator[Trace]:
    values = layer.rows[layer.by].astype(str)
    for name in dict.fromkeys(values):
        part = layer.rows[(values == name).to_numpy()]
        path = {
            # None parts one line from the next
            axis: [v for pair in zip(numbers(part[start]), numbers(part[end]), strict=True) for v in (*pair, None)]
            for axis, start, end in (("x", layer.x, layer.x_end), ("y", layer.y, layer.y_end))
        }
        line = {"color": layer.colours[name], "width": pixels(layer.width)} | ({"dash": "dash"} if layer.dashed else {})
        yield {"type": "scatter", "mode": "lines", "meta": name, "line": line, "hoverinfo": "skip", **path}


def _areas(layer: charts.Area) -> Iterator[Trace]:
    """Each shape along its upper edge and back along its lower one; a reader points at the upper one."""
    values = layer.rows[layer.by].astype(str)
    for name in dict.fromkeys(values):
        part = layer.rows[(values == name).to_numpy()]
        x, low, high = charts.outline(layer, part)
        texts = [text for text in said(part, layer.hover) for _ in range(1 if layer.x_end is None else 2)]
        yield {
            **{"type": "scatter", "mode": "lines", "fill": "toself", "name": escape(name), "meta": name},
            **{"x": numbers([*x, *x[::-1]]), "y": numbers([*high, *low[::-1]])},
            **{"line": {"width": 0}, "fillcolor": layer.colours[name], "hoveron": "points"},
            **{"hoverinfo": "text" if layer.hover else "skip", "text": texts if layer.hover else ""},
        }


def _heat(layer: charts.Heat, *, first: bool) -> Iterator[Trace]:
    matrix = layer.matrix
    row_names, columns = ([str(name) for name in of] for of in (matrix.index, matrix.columns))
    values = [numbers(row) for row in matrix.to_numpy(float)]
    zeros = [[0] * len(columns)] * len(row_names)
    grey = {"type": "heatmap", "z": zeros, "colorscale": [[0, GREY], [1, GREY]]}
    yield {**grey, "showscale": False, "hoverinfo": "skip", "xgap": 1, "ygap": 1}
    texts = [
        [f"{escape(r)} · {escape(c)}<br>{value(v)} {escape(layer.unit)}" for c, v in zip(columns, line, strict=True)]
        for r, line in zip(row_names, matrix.to_numpy(float).tolist(), strict=True)
    ]
    unit = "<br>".join(escape(line) for line in textwrap.wrap(layer.unit, max(10, 3 * len(row_names))))
    title = {"text": unit, "side": "right", "font": {"size": 11}}
    bar = {"title": title, "outlinewidth": 0, "thickness": 14, "tickfont": {"size": 11}}
    yield {
        **{"type": "heatmap", "z": values, "zmin": layer.limits[0], "zmax": layer.limits[1], "xgap": 1, "ygap": 1},
        **{"colorscale": colour_scale(layer.colours), "showscale": first, "colorbar": bar},
        **{"hoverinfo": "text", "hovertext": texts, "hoverongaps": False},
        **_written(layer),
    }
    if layer.marked is not None:
        at_row, at_column = np.nonzero(layer.marked.to_numpy(bool))
        marker = {"size": 5, "color": "#000000", "line": {"color": "#FFFFFF", "width": 1}}
        dots = {"type": "scatter", "mode": "markers", "marker": marker, "hoverinfo": "skip"}
        yield {**dots, "x": at_column.tolist(), "y": at_row.tolist()}


def _written(layer: charts.Heat) -> dict[str, Any]:
    if layer.written is None:
        return {}
    texts = [[escape(str(text)) for text in line] for line in layer.written.to_numpy(object).tolist()]
    return {"text": texts, "texttemplate": "%{text}", "textfont": {"size": 10}}


def _bars(layer: charts.Bars) -> Iterator[Trace]:
    row_names = [str(name) for name in layer.shares.index]
    for name in layer.shares.columns:
        values = layer.shares[name].to_numpy(float)
        texts = [
            f"{escape(row)}<br>{escape(str(name))}: {value(v)} {escape(layer.unit)}"
            for row, v in zip(row_names, values.tolist(), strict=True)
        ]
        yield {
            **{"type": "bar", "orientation": "h", "name": escape(str(name)), "meta": str(name)},
            **{"x": numbers(values), "y": list(range(len(row_names))), "width": 0.8},
            "marker": {"color": layer.colours[str(name)], "line": {"color": CARD, "width": 0.5}},
            **{"hoverinfo": "text", "text": texts, "textposition": "none"},
        }
