"""A chart as plotly takes it: traces and layout as plain values for JSON, which `page.js` draws.

Colours of the page stand as `var(--ink)` and the like, for which `page.js` puts the colour that the reader has. Every
text that comes from data is escaped, because plotly reads a little HTML in it. Nothing of plotly is imported here.
"""

from __future__ import annotations

import base64
import math
import textwrap
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from tumint import charts, maps, style

Trace = dict[str, Any]
INK, RULE, CARD = "var(--ink)", "var(--rule)", "var(--card)"


def spec(chart: charts.Chart) -> dict[str, Any]:
    """`data`, `layout` and `groups` (names with their colours, for a reader to show or hide); `cells` for a map."""
    data: list[Trace] = []
    layout: dict[str, Any] = {
        "height": round(96 * chart.height),
        "margin": {"l": 12, "r": 12, "t": 12, "b": 12, "pad": 2},
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": "zoom",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": INK, "size": 12, "family": "system-ui, sans-serif"},
        "hoverlabel": {"bgcolor": CARD, "bordercolor": RULE, "font": {"color": INK}},
        "annotations": [],
        "shapes": [],
        "barmode": "stack",
    }
    for number, (panel, domain) in enumerate(zip(chart.panels, _domains(chart), strict=True), start=1):
        _panel(data, layout, chart, panel, number, domain)
    if chart.x_title:
        layout["annotations"].append(_note(chart.x_title, 0.5, 0, yanchor="top", yshift=-26))
        layout["margin"]["b"] = 48
    found: dict[str, Any] = {"data": data, "layout": layout, "groups": _groups(chart, data)}
    for layer in (layer for panel in chart.panels for layer in panel.layers):
        if isinstance(layer, charts.Cells):
            found["cells"] = _packed(layer)
            found["groups"] = found["cells"]["groups"]
    return found


def _domains(chart: charts.Chart) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    """Place of each panel, as shares of the width and of the height from below."""
    columns = max(1, min(chart.columns, len(chart.panels)))
    rows = -(-len(chart.panels) // columns)
    lines = max(len(panel.title.split("\n")) if panel.title else 0 for panel in chart.panels)
    across, down = (0.06 if chart.share_y else 0.09), (0.38 + 0.18 * lines) / chart.height
    wide, high = (1 - across * (columns - 1)) / columns, (1 - down * (rows - 1)) / rows
    for i in range(len(chart.panels)):
        row, column = divmod(i, columns)
        left, upper = column * (wide + across), 1 - row * (high + down)
        yield (left, min(1.0, left + wide)), (max(0.0, upper - high), upper)


def _panel(
    data: list[Trace],
    layout: dict[str, Any],
    chart: charts.Chart,
    panel: charts.Panel,
    number: int,
    domain: tuple[tuple[float, float], tuple[float, float]],
) -> None:
    ending = "" if number == 1 else str(number)
    x, y = f"x{ending}", f"y{ending}"
    columns = max(1, min(chart.columns, len(chart.panels)))
    inner = chart.share_y and (number - 1) % columns > 0
    layout[f"xaxis{ending}"] = _axis(panel.x, "x", panel) | {"domain": list(domain[0]), "anchor": y}
    layout[f"yaxis{ending}"] = _axis(panel.y, "y", panel) | {"domain": list(domain[1]), "anchor": x}
    if inner:
        layout[f"yaxis{ending}"] |= {"showticklabels": False, "title": {"text": ""}, "matches": "y"}
    if panel.title:
        text = "<br>".join(escape(style.shortened(line, 44)) for line in panel.title.split("\n"))
        note = _note(f"<b>{text}</b>", domain[0][0], domain[1][1], xanchor="left", yanchor="bottom", html=True)
        layout["annotations"].append(note)
        layout["margin"]["t"] = max(layout["margin"]["t"], 12 + 16 * len(panel.title.split("\n")))
    for layer in panel.layers:
        match layer:
            case charts.Dots():
                data += [trace | {"xaxis": x, "yaxis": y} for trace in _dots(layer)]
            case charts.Lines():
                data += [trace | {"xaxis": x, "yaxis": y} for trace in _lines(layer)]
            case charts.Heat():
                data += [trace | {"xaxis": x, "yaxis": y} for trace in _heat(layer, first=number == 1)]
                layout[f"xaxis{ending}"] |= _names([str(c) for c in layer.matrix.columns], panel.x.longest)
                layout[f"xaxis{ending}"] |= {"tickangle": -90}
                layout[f"yaxis{ending}"] |= _names([str(r) for r in layer.matrix.index], panel.y.longest)
                layout[f"yaxis{ending}"] |= {"range": [len(layer.matrix) - 0.5, -0.5]}
            case charts.Bars():
                data += [trace | {"xaxis": x, "yaxis": y} for trace in _bars(layer)]
                layout[f"yaxis{ending}"] |= _names([str(r) for r in layer.shares.index], panel.y.longest)
                layout[f"yaxis{ending}"] |= {"range": [len(layer.shares) - 0.5, -0.5]}
            case charts.Mark(0, axis):
                # the axis draws it over its grid and below the dots; a shape would lie below both
                layout[f"{axis}axis{ending}"] |= {"zeroline": True, "zerolinecolor": INK, "zerolinewidth": 1}
            case charts.Mark(at, axis):
                other = {f"{'y' if axis == 'x' else 'x'}ref": f"{y if axis == 'x' else x} domain"}
                ends = {"x0": at, "x1": at, "y0": 0, "y1": 1} if axis == "x" else {"x0": 0, "x1": 1, "y0": at, "y1": at}
                line = {"type": "line", "layer": "below", "line": {"color": INK, "width": 1}}
                layout["shapes"].append({**line, **ends, "xref": x, "yref": y, **other})
            case charts.Words(rows, at_x, at_y, text):
                high = panel.y.limits[1] if panel.y.limits else 1.0
                per_unit = (domain[1][1] - domain[1][0]) * 96 * chart.height / high
                places = charts.apart([float(value) for value in rows[at_y]], high)
                for row, place in zip(rows.to_dict("records"), places, strict=True):
                    note = _note(style.shortened(row[text], 44), row[at_x], row[at_y], yanchor="middle")
                    side = {"xanchor": "right", "xshift": -7} if row[at_x] > 0 else {"xanchor": "left", "xshift": 7}
                    down = {"yshift": round((place - row[at_y]) * per_unit, 1), "font": {"size": 10}}
                    layout["annotations"].append({**note, **side, **down, "xref": x, "yref": y})
            case charts.Cells():
                square = {"scaleanchor": x, "constrain": "domain"}
                bare = {"ticks": "", "showgrid": False, "showticklabels": False, "zeroline": False, "mirror": True}
                layout[f"xaxis{ending}"] |= bare | {"constrain": "domain"}
                layout[f"yaxis{ending}"] |= bare | square
                layout["margin"] |= {"b": 34}
                layout["dragmode"] = "pan"


def _axis(axis: charts.Axis, which: str, panel: charts.Panel) -> dict[str, Any]:
    found: dict[str, Any] = {
        "title": {"text": escape(axis.title), "standoff": 8},
        "automargin": True,
        "zeroline": False,
        "showgrid": axis.grid,
        "gridcolor": RULE,
        "linecolor": INK,
        "showline": True,
        "ticks": "outside",
        "ticklen": 3,
        "tickcolor": INK,
        "tickfont": {"size": 11},
    }
    if any(isinstance(layer, charts.Heat) for layer in panel.layers):
        found |= {"showline": False, "ticks": "", "showgrid": False}
    if axis.kind == "ratio":
        ticks, labels, limits = style.ratio_ticks(axis.limits or _spread(panel, which))
        found |= {"tickvals": ticks, "ticktext": labels, "range": list(limits)}
    elif axis.kind == "names":
        found |= _names(axis.names, axis.longest)
        found["range"] = [-0.6, len(axis.names) - 0.4] if which == "x" else [len(axis.names) - 0.5, -0.5]
    elif axis.limits is not None:
        found["range"] = list(axis.limits)
    return found


def _spread(panel: charts.Panel, which: str) -> tuple[float, float]:
    """The range of the dots of a panel, a little widened."""
    dots = [layer for layer in panel.layers if isinstance(layer, charts.Dots)]
    values = np.concatenate([layer.rows[getattr(layer, which)].to_numpy(float) for layer in dots] or [np.zeros(1)])
    values = values[np.isfinite(values)]
    if not values.size:
        return -0.5, 0.5
    pad = 0.05 * max(float(np.ptp(values)), 0.5)
    return float(values.min()) - pad, float(values.max()) + pad


def _names(names: Sequence[str], longest: int) -> dict[str, Any]:
    texts = [escape(style.shortened(name, longest)) for name in names]
    return {"tickvals": list(range(len(names))), "ticktext": texts, "ticks": ""}


def _note(text: object, x: float, y: float, *, html: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "text": text if html else escape(str(text)),
        **{"x": x, "y": y, "xref": "paper", "yref": "paper", "showarrow": False, "align": "left"},
        **more,
    }


def _numbers(values: Any) -> list[float | None]:
    """Numbers for JSON, rounded to what a screen can show; what is missing or infinite is null."""
    return [float(f"{v:.6g}") if math.isfinite(v) else None for v in np.asarray(values, float).tolist()]


def _said(rows: pd.DataFrame, hover: dict[str, str]) -> list[str]:
    """What a reader sees who points at a row."""
    lines = []
    for row in rows[list(hover)].to_dict("records"):
        parts = [(label, row[column]) for column, label in hover.items()]
        lines.append("<br>".join(f"{escape(label)}{': ' if label else ''}{_value(value)}" for label, value in parts))
    return lines


def _value(value: Any) -> str:
    if isinstance(value, float):
        return "–" if math.isnan(value) else f"{value:.3g}".replace("-", "−")
    return escape(str(value))


def _dots(layer: charts.Dots) -> Iterator[Trace]:
    values = layer.rows[layer.by].astype(str)
    for name in dict.fromkeys(values):
        rows = layer.rows[(values == name).to_numpy()]
        colour = layer.colours[name]
        fill: Any = colour
        edge: Any = {"color": INK, "width": 0.6}
        if layer.filled is not None:
            fill, edge = [colour if hit else CARD for hit in rows[layer.filled]], {"color": colour, "width": 1.8}
        # the side of a square of `size` points² is near the diameter of matplotlib's dot, in points
        marker = {"size": round(math.sqrt(layer.size) * 96 / 72, 1), "color": fill, "line": edge, "opacity": 1}
        yield {
            **{"type": "scatter", "mode": "markers", "name": escape(name), "meta": name, "marker": marker},
            **{"x": _numbers(rows[layer.x]), "y": _numbers(rows[layer.y]), "cliponaxis": False},
            "hoverinfo": "text" if layer.hover else "none",
            "text": _said(rows, dict(layer.hover)),
        }


def _lines(layer: charts.Lines) -> Iterator[Trace]:
    values = layer.rows[layer.by].astype(str)
    for name in dict.fromkeys(values):
        rows = layer.rows[(values == name).to_numpy()]
        path = {
            # None parts one line from the next
            axis: [v for pair in zip(_numbers(rows[start]), _numbers(rows[end]), strict=True) for v in (*pair, None)]
            for axis, start, end in (("x", layer.x, layer.x_end), ("y", layer.y, layer.y_end))
        }
        line = {"color": layer.colours[name], "width": round(layer.width * 96 / 72, 1)}
        yield {"type": "scatter", "mode": "lines", "meta": name, "line": line, "hoverinfo": "skip", **path}


def _heat(layer: charts.Heat, *, first: bool) -> Iterator[Trace]:
    matrix = layer.matrix
    rows, columns = ([str(name) for name in names] for names in (matrix.index, matrix.columns))
    values = [_numbers(row) for row in matrix.to_numpy(float)]
    grey = {"type": "heatmap", "z": [[0] * len(columns)] * len(rows), "colorscale": [[0, style.GREY], [1, style.GREY]]}
    yield {**grey, "showscale": False, "hoverinfo": "skip", "xgap": 1, "ygap": 1}
    said = [
        [f"{escape(r)} · {escape(c)}<br>{_value(v)} {escape(layer.unit)}" for c, v in zip(columns, line, strict=True)]
        for r, line in zip(rows, matrix.to_numpy(float).tolist(), strict=True)
    ]
    unit = "<br>".join(escape(line) for line in textwrap.wrap(layer.unit, max(10, 3 * len(rows))))
    title = {"text": unit, "side": "right", "font": {"size": 11}}
    bar = {"title": title, "outlinewidth": 0, "thickness": 14, "tickfont": {"size": 11}}
    yield {
        **{"type": "heatmap", "z": values, "zmin": layer.limits[0], "zmax": layer.limits[1], "xgap": 1, "ygap": 1},
        **{"colorscale": style.colour_scale(layer.colours), "showscale": first, "colorbar": bar},
        **{"hoverinfo": "text", "text": said, "hoverongaps": False},
    }
    if layer.marked is not None:
        at_row, at_column = np.nonzero(layer.marked.to_numpy(bool))
        marker = {"size": 5, "color": "#000000", "line": {"color": "#FFFFFF", "width": 1}}
        dots = {"type": "scatter", "mode": "markers", "marker": marker, "hoverinfo": "skip"}
        yield {**dots, "x": at_column.tolist(), "y": at_row.tolist()}


def _bars(layer: charts.Bars) -> Iterator[Trace]:
    rows = [str(name) for name in layer.shares.index]
    for name in layer.shares.columns:
        values = layer.shares[name].to_numpy(float)
        said = [
            f"{escape(row)}<br>{escape(str(name))}: {_value(v)} {escape(layer.unit)}"
            for row, v in zip(rows, values.tolist(), strict=True)
        ]
        yield {
            **{"type": "bar", "orientation": "h", "name": escape(str(name)), "meta": str(name)},
            **{"x": _numbers(values), "y": list(range(len(rows))), "width": 0.8},
            "marker": {"color": layer.colours[str(name)], "line": {"color": CARD, "width": 0.5}},
            **{"hoverinfo": "text", "text": said, "textposition": "none"},
        }


def _groups(chart: charts.Chart, data: Sequence[Trace]) -> list[dict[str, str]]:
    """What the legend names and a trace draws: a reader can hide it."""
    drawn = {trace.get("meta") for trace in data}
    return [{"name": name, "colour": colour} for name, colour in chart.legend.items() if name in drawn]


def _packed(layer: charts.Cells) -> dict[str, Any]:
    """Cells as two arrays of 16-bit numbers, group after group, the commonest first so that rare ones lie on top."""
    names = pd.Series(list(layer.names), dtype=object)
    counts = names.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    order = charts.rare_last(layer.names)
    x, y = (np.asarray(values, float)[order] for values in (layer.x_um, layer.y_um))
    size = layer.size if layer.size is not None else maps.dot_size(x, y)
    return {
        "groups": [{"name": str(name), "colour": layer.colours[str(name)], "n": int(n)} for name, n in counts.items()],
        "x": _quantised(x),
        "y": _quantised(y),
        "size": round(math.sqrt(size) * 96 / 72, 2),
    }


def _quantised(values: np.ndarray[Any, Any]) -> dict[str, Any]:
    """`from` + `step` × 16-bit numbers: steps of a few hundredths of a µm on an image of 2 mm."""
    low, high = float(values.min()), float(values.max())
    step = max((high - low) / 65535, 1e-6)
    numbers = np.round((values - low) / step).astype("<u2")
    return {"from": round(low, 3), "step": step, "data": base64.b64encode(numbers.tobytes()).decode("ascii")}
