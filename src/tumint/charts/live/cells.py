"""Cells as arrays of 16-bit numbers in base64, of which `maps.js` makes traces, and the panels that they lie in."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np

from tumint.charts import model as charts
from tumint.charts.live.layout import Place
from tumint.charts.sizes import dot_size, shortened


def of(chart: charts.Chart) -> list[charts.Cells]:
    """The cells of each panel of a map; none of any other chart."""
    return [layer for panel in chart.panels for layer in panel.layers if isinstance(layer, charts.Cells)]


def groups(chart: charts.Chart) -> list[dict[str, Any]]:
    """Names of the cells of all panels with their colour and number, the commonest first, those behind last."""
    found: dict[str, dict[str, Any]] = {}
    behind = {name for layer in of(chart) for name in layer.behind}
    for layer in of(chart):
        for name, n in charts.by_name(layer).items():
            found.setdefault(name, {"name": name, "colour": layer.colours[name], "n": 0})["n"] += n
    return sorted(found.values(), key=lambda group: (group["name"] in behind, -group["n"], group["name"]))


def panels(chart: charts.Chart, places: list[Place]) -> Iterator[dict[str, Any]]:
    """Each panel: its axes, title and cells, group after group (`[place in groups, cells]`), the lowest first."""
    at = {group["name"]: i for i, group in enumerate(groups(chart))}
    for panel, place, layer in zip(chart.panels, places, of(chart), strict=True):
        order = charts.drawing_order(layer)
        x, y = (np.asarray(values, float)[order] for values in (layer.x, layer.y))
        size = layer.size if layer.size is not None else dot_size(x, y)
        yield {
            **{"ending": place.ending, "um": layer.in_um, "size": round(math.sqrt(size) * 96 / 72, 2)},
            "title": [escape(shortened(line, 44)) for line in panel.title.split("\n") if line],
            "counts": [[at[name], n] for name, n in charts.by_name(layer).items()],
            **{"x": _quantised(x), "y": _quantised(y)},
        }


def _quantised(values: np.ndarray[Any, Any]) -> dict[str, Any]:
    """`from` + `step` × 16-bit numbers: steps of a few hundredths of a µm on an image of 2 mm."""
    low, high = float(values.min()), float(values.max())
    step = max((high - low) / 65535, 1e-6)
    steps = np.round((values - low) / step).astype("<u2")
    return {"from": round(low, 3), "step": step, "data": base64.b64encode(steps.tobytes()).decode("ascii")}
