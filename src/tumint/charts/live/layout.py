"""Where the panels of a live chart lie, and their axes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from tumint.charts import model as charts
from tumint.charts import ticks
from tumint.charts.sizes import shortened

INK, RULE, CARD = "var(--ink)", "var(--rule)", "var(--card)"


@dataclass(frozen=True)
class Place:
    """Of a panel: its number from 1, its share of the width and of the height from below, the height in px of all."""

    number: int
    across: tuple[float, float]
    up: tuple[float, float]
    height: float

    @property
    def ending(self) -> str:
        """What follows `x`, `y`, `xaxis`, `yaxis` in the names of its axes."""
        return "" if self.number == 1 else str(self.number)

    @property
    def axes(self) -> dict[str, str]:
        """The axes of a trace or note of the panel."""
        return {"x": f"x{self.ending}", "y": f"y{self.ending}"}


def empty(chart: charts.Chart) -> dict[str, Any]:
    """The layout of a chart without its panels."""
    return {
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


def places(chart: charts.Chart) -> Iterator[Place]:
    """The place of each panel."""
    columns = max(1, min(chart.columns, len(chart.panels)))
    rows = -(-len(chart.panels) // columns)
    lines = max(len(panel.title.split("\n")) if panel.title else 0 for panel in chart.panels)
    titled = 0.22 if any(panel.x.title for panel in chart.panels) else 0.0
    across, down = (0.06 if chart.share_y else 0.09), (0.38 + titled + 0.18 * lines) / chart.height
    wide, high = (1 - across * (columns - 1)) / columns, (1 - down * (rows - 1)) / rows
    for i in range(len(chart.panels)):
        row, column = divmod(i, columns)
        left, upper = column * (wide + across), 1 - row * (high + down)
        width, height = (left, min(1.0, left + wide)), (max(0.0, upper - high), upper)
        yield Place(i + 1, width, height, 96 * chart.height)


def axis(of: charts.Axis, which: str, panel: charts.Panel) -> dict[str, Any]:
    """An axis of a panel, `which` of x and y."""
    found: dict[str, Any] = {
        "title": {"text": escape(of.title), "standoff": 8},
        "automargin": True,
        "zeroline": False,
        "showgrid": of.grid,
        "gridcolor": RULE,
        "linecolor": INK,
        "showline": True,
        "ticks": "outside",
        "ticklen": 3,
        "tickcolor": INK,
        "tickfont": {"size": 11},
        "exponentformat": "none",
        "separatethousands": True,
    }
    if any(isinstance(layer, charts.Heat) for layer in panel.layers):
        found |= {"showline": False, "ticks": "", "showgrid": False}
    if of.kind in ("ratio", "log"):
        between = of.limits or _spread(panel, which)
        at, labels, limits = ticks.ratio(between) if of.kind == "ratio" else ticks.log(between, of.floor)
        found |= {"tickvals": at, "ticktext": labels, "range": list(limits)}
        found |= {"tickangle": 0} if of.kind == "log" else {}
    elif of.kind == "names":
        found |= names(of.names, of.longest)
        found["range"] = [-0.6, len(of.names) - 0.4] if which == "x" else [len(of.names) - 0.5, -0.5]
    elif of.kind == "none":
        found |= {"visible": False}
    if of.kind in ("number", "names", "none") and of.limits is not None:
        found["range"] = list(of.limits)
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


def names(of: Sequence[str], longest: int) -> dict[str, Any]:
    """An axis whose places 0, 1, ... have names."""
    texts = [escape(shortened(name, longest)) for name in of]
    return {"tickvals": list(range(len(of))), "ticktext": texts, "ticks": ""}


def rows(of: Sequence[str], longest: int) -> dict[str, Any]:
    """A y axis of named rows, the first on top."""
    return names(of, longest) | {"range": [len(of) - 0.5, -0.5]}


def note(text: object, x: float, y: float, *, html: bool = False, **more: Any) -> dict[str, Any]:
    """Words at a place, of the paper where no other axes are named."""
    return {
        "text": text if html else escape(str(text)),
        **{"x": x, "y": y, "xref": "paper", "yref": "paper", "showarrow": False, "align": "left"},
        **more,
    }
