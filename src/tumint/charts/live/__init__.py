"""A chart as plotly takes it: traces and layout as plain values for JSON, which `live.js` draws.

Colours of the page stand as `var(--ink)` and the like, for which `live.js` puts the colour that the reader has. Nothing
of plotly is imported here.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from tumint.charts import model as charts
from tumint.charts.live import cells, layers, layout
from tumint.charts.live.layers import Trace
from tumint.charts.live.layout import Place
from tumint.charts.sizes import shortened


def spec(chart: charts.Chart) -> dict[str, Any]:
    """`data`, `layout` and `groups` (names with their colours, for a reader to show or hide); `cells` for maps."""
    data: list[Trace] = []
    arranged = layout.empty(chart)
    places = list(layout.places(chart))
    mapped = bool(cells.of(chart))
    for panel, place in zip(chart.panels, places, strict=True):
        _frame(arranged, chart, panel, place)
        axes = {f"{which}axis": name for which, name in place.axes.items()}
        for layer in panel.layers:
            data += [trace | axes for trace in layers.traces(layer, place)]
            layers.arrange(layer, panel, place, arranged)
        if panel.title and not mapped:  # maps are laid out anew by how wide the page is, and their titles with them
            _title(arranged, panel.title, place)
    if chart.x_title:
        arranged["annotations"].append(layout.note(chart.x_title, 0.5, 0, yanchor="top", yshift=-26))
        arranged["margin"]["b"] = 48
    if mapped:
        packed = list(cells.panels(chart, places))
        return {"data": data, "layout": arranged, "groups": cells.groups(chart), "cells": packed}
    return {"data": data, "layout": arranged, "groups": _groups(chart, data)}


def _frame(arranged: dict[str, Any], chart: charts.Chart, panel: charts.Panel, place: Place) -> None:
    """The axes of a panel."""
    columns = max(1, min(chart.columns, len(chart.panels)))
    x, y = (f"{which}axis{place.ending}" for which in "xy")
    arranged[x] = layout.axis(panel.x, "x", panel) | {"domain": list(place.across), "anchor": place.axes["y"]}
    arranged[y] = layout.axis(panel.y, "y", panel) | {"domain": list(place.up), "anchor": place.axes["x"]}
    if chart.share_y and (place.number - 1) % columns > 0:
        arranged[y] |= {"showticklabels": False, "title": {"text": ""}, "matches": "y"}


def _title(arranged: dict[str, Any], title: str, place: Place) -> None:
    lines = title.split("\n")
    text = "<br>".join(escape(shortened(line, 44)) for line in lines)
    corner = {"xanchor": "left", "yanchor": "bottom"}
    arranged["annotations"].append(layout.note(f"<b>{text}</b>", place.across[0], place.up[1], html=True, **corner))
    arranged["margin"]["t"] = max(arranged["margin"]["t"], 12 + 16 * len(lines))


def _groups(chart: charts.Chart, data: Sequence[Trace]) -> list[dict[str, str]]:
    """What the legend names and a trace draws: a reader can hide it."""
    drawn = {trace.get("meta") for trace in data}
    return [{"name": name, "colour": colour} for name, colour in chart.legend.items() if name in drawn]
