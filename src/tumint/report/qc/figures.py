"""Figures of quality control: what was dropped, why, and where. Tables in, figures out; nothing is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.charts import model as charts
from tumint.charts.model import Figure
from tumint.charts.palette import BRIGHT, GREY, level_colours
from tumint.charts.sizes import chart_height, chart_width, said_of, thinned
from tumint.qc.words import BASIC, METRICS, SHARES
from tumint.report.engine.files import file_name

_ACROSS = 3
PASS_COLOUR = "#C9C9CE"
PASSING, DROPPED = k.PASS, k.DROP


def dropped_by_reason(table: pd.DataFrame, reasons: Sequence[str]) -> Figure | None:
    """Stacked bars: share of each ROI's cells dropped for each reason.

    Parameters
    ----------
    table
        `sample, reason, n, share`; ROIs in the order of the rows of the figure, `reason` empty where none was dropped.
    reasons
        Those of the whole cohort, in the order of colours.
    """
    if table.empty:
        return None
    wide = table.pivot_table(
        index=k.SAMPLE, columns=k.REASON, values="share", aggfunc="sum", fill_value=0.0, sort=False
    )
    wide = wide.reindex(columns=list(reasons), fill_value=0.0)
    palette = level_colours(reasons)
    most = max(1.0, 105 * float(wide.sum(axis=1).max() if reasons else 0.0))
    axis = charts.Axis("% of the cells of the ROI that were dropped", limits=(0, most), grid=True)
    chart = charts.Chart(
        [charts.Panel([charts.Bars(wide * 100, palette, "% of cells")], axis)],
        chart_width(8.4, wide.index),
        chart_height(len(wide)),
        legend=palette,
        legend_title="reason",
    )
    return charts.Figure(
        "dropped_by_reason",
        "Cells dropped per ROI, by reason",
        "The length of a bar is the share of the ROI's cells that do not go on; a cell with more than one reason is "
        "counted once, as such.",
        table,
        chart,
    )


def distributions(cells: pd.DataFrame, limits: Mapping[str, Sequence[float]]) -> Figure | None:
    """Histograms of the metrics over the cohort, passed and dropped cells.

    Parameters
    ----------
    cells
        Table of the contract `QC_CELLS`.
    limits
        Fixed thresholds of each metric.
    """
    shown = [name for name in METRICS if name in cells and np.isfinite(cells[name]).any() and cells[name].gt(0).any()]
    if not shown:
        return None
    dropped = (cells[k.VERDICT] != "pass").to_numpy()
    parts = [_histogram(cells[name].to_numpy(float), dropped, name, limits.get(name, ())) for name in shown]
    across = min(len(shown), _ACROSS)
    palette = {PASSING: PASS_COLOUR, DROPPED: BRIGHT[1]}
    chart = charts.Chart(
        [
            _distribution(part, name, limits.get(name, ()), palette, first=i % across == 0)
            for i, (part, name) in enumerate(zip(parts, shown, strict=True))
        ],
        9.2,
        2.5 * -(-len(shown) // across) + 0.4,
        columns=across,
        legend=palette,
        legend_title="verdict",
    )
    return charts.Figure(
        "distributions",
        "What was measured on all cells",
        "Grey cells pass, red ones are dropped; a dashed line is a fixed threshold. Logarithmic scale (shares: "
        "linear); the outermost bins hold what lies beyond the axis, the first of a logarithmic one also cells at 0.",
        pd.concat(parts, ignore_index=True),
        chart,
    )


def _histogram(
    values: np.ndarray[Any, Any], dropped: np.ndarray[Any, Any], name: str, limits: Sequence[float]
) -> pd.DataFrame:
    """`metric, from, to, passed, dropped`: cells in each bin; what lies beyond is counted in the first or last."""
    finite = np.isfinite(values)
    edges = np.linspace(0, 1, 51) if name in SHARES else _bins(values[finite], limits)
    inside = np.clip(values, edges[0], edges[-1])
    passed, gone = (np.histogram(inside[finite & which], edges)[0] for which in (~dropped, dropped))
    return pd.DataFrame({"metric": name, "from": edges[:-1], "to": edges[1:], "passed": passed, "dropped": gone})


def _distribution(
    bins: pd.DataFrame, name: str, limits: Sequence[float], palette: Mapping[str, str], *, first: bool
) -> charts.Panel:
    """The bins of a metric: dropped cells on those that pass."""
    floor = None if name in SHARES else float(bins["from"].iloc[0])

    def place(values: Any) -> Any:
        return np.asarray(values, float) if floor is None else charts.log10(values, floor)

    both = bins["passed"] + bins["dropped"]
    shown = bins.assign(start=place(bins["from"]), end=place(bins["to"]))
    stacked = pd.concat(
        [
            shown.assign(verdict=PASSING, low=0.0, high=bins["passed"], n=bins["passed"]),
            shown.assign(verdict=DROPPED, low=bins["passed"], high=both, n=bins["dropped"]),
        ]
    )
    ends = (float(shown["start"].iloc[0]), float(shown["end"].iloc[-1]))
    kind: Any = "number" if floor is None else "log"
    hover = {"verdict": "", "from": "from", "to": "to", "n": "cells"}
    return charts.Panel(
        [
            charts.Area(stacked, "start", "low", "high", "verdict", palette, x_end="end", hover=hover),
            *(charts.Mark(float(place(limit)), dashed=True) for limit in limits),
        ],
        charts.Axis(METRICS[name], kind, limits=ends, floor=floor),
        charts.Axis("cells" if first else "", limits=(0.0, 1.05 * max(float(both.max()), 1.0))),
    )


def _least(values: np.ndarray[Any, Any]) -> float:
    """Where a logarithmic axis begins: a tenth of the median of what is above 0, as a power of ten."""
    positive = values[values > 0]
    return float(10.0 ** np.floor(np.log10(np.median(positive) / 10))) if positive.size else 1.0


def _bins(values: np.ndarray[Any, Any], limits: Sequence[float]) -> np.ndarray[Any, Any]:
    """61 edges, even on the logarithmic scale, over nearly all of what is above the least, and over the thresholds."""
    least = _least(values)
    ends = np.maximum([*np.percentile(values, [0.05, 99.95]), *limits], least)
    low, high = float(ends.min()), float(ends.max())
    return np.asarray(np.geomspace(low, max(high, 1.1 * low), 61))


def quantiles(cells: pd.DataFrame, limits: pd.DataFrame) -> pd.DataFrame:
    """Quantiles in each ROI, with its thresholds (`sample, metric, lower, upper`, NaN: none).

    Of the basic metrics, and of those on which there is a threshold.
    """
    parts = []
    limited = set(limits.dropna(subset=["lower", "upper"], how="all")["metric"])
    for name in METRICS:
        if name not in BASIC and name not in limited:
            continue
        if name not in cells or not cells[name].notna().any():
            continue
        of_sample = cells.groupby(k.SAMPLE, sort=False)[name]
        table = pd.DataFrame({f"q{percent:02d}": of_sample.quantile(percent / 100) for percent in (5, 25, 50, 75, 95)})
        parts.append(table.reset_index().assign(metric=name))
    if not parts:
        return pd.DataFrame()
    return pd.concat(parts, ignore_index=True).merge(limits, on=[k.SAMPLE, "metric"], how="left")


def per_roi(table: pd.DataFrame) -> Figure | None:
    """Quantile bars of the metrics of each ROI; `table` as `quantiles` makes it."""
    if table.empty:
        return None
    shown = [name for name in METRICS if name in set(table["metric"])][:6]
    samples = list(dict.fromkeys(table[k.SAMPLE]))
    chart = charts.Chart(
        [_roi_panel(table[table["metric"] == name], name, samples) for name in shown],
        chart_width(9.6 if len(shown) <= _ACROSS else 12.0, samples),
        chart_height(len(samples), per_row=0.17),
        columns=len(shown),
        share_y=True,
    )
    return charts.Figure(
        "metrics_per_roi",
        "What was measured, ROI by ROI",
        "Thin bar: 5th to 95th percentile of the ROI's cells; thick bar: the middle half; dot: median; red ticks: the "
        "ROI's thresholds. A ROI whose bars lie apart from the others was stained or segmented differently. "
        "Logarithmic scale (shares: linear); what is lower than its start lies there.",
        table,
        chart,
    )


def _roi_panel(table: pd.DataFrame, name: str, samples: Sequence[str]) -> charts.Panel:
    """A row per ROI: two bars, a dot, and its thresholds where they lie on the axis."""
    rows = table.set_index(k.SAMPLE).reindex(list(samples)).reset_index().dropna(subset=["q50"])
    at = rows[k.SAMPLE].map({sample: float(i) for i, sample in enumerate(samples)}).astype(float)
    floor = None if name in SHARES else _least(rows["q50"].to_numpy(float))
    columns = ("q05", "q25", "q50", "q75", "q95", "lower", "upper")
    places = {c: rows[c].astype(float) if floor is None else charts.log10(rows[c], floor) for c in columns}
    shown = rows.assign(**{f"at_{c}": values for c, values in places.items()}, at=at, what="cells", limit="limit")
    ticks = pd.concat([shown.assign(place=shown[f"at_{side}"]) for side in ("lower", "upper")])
    ticks = ticks.dropna(subset=["place"]).assign(top=lambda t: t["at"] - 0.35, bottom=lambda t: t["at"] + 0.35)
    colours = {"cells": BRIGHT[0], "limit": BRIGHT[1]}
    ends = [float(f([shown["at_q05"].min(), shown["at_q95"].max(), *ticks["place"]])) for f in (np.nanmin, np.nanmax)]
    pad = 0.04 * max(ends[1] - ends[0], 0.1)
    hover = {k.SAMPLE: "", "q50": "median", "q05": "5 %", "q95": "95 %", "lower": "at least", "upper": "at most"}
    return charts.Panel(
        [
            charts.Lines(shown, "at_q05", "at", "at_q95", "at", "what", colours, width=1.0),
            charts.Lines(shown, "at_q25", "at", "at_q75", "at", "what", colours, width=4.0),
            charts.Lines(ticks, "place", "top", "place", "bottom", "limit", colours, width=1.4),
            charts.Dots(shown.assign(hollow=False), "at_q50", "at", "what", colours, 14, filled="hollow", hover=hover),
        ],
        charts.Axis(
            METRICS[name],
            "number" if floor is None else "log",
            limits=(ends[0] - pad, ends[1] + pad),
            grid=True,
            floor=floor if floor is not None and ends[0] <= np.log10(floor) + 1e-9 else None,
        ),
        charts.Axis(kind="names", names=list(samples)),
    )


def dropped_map(cells: pd.DataFrame, sample: str, reasons: Sequence[str], *, most: int, size: float | None) -> Figure:
    """Where the dropped cells of a ROI lie; `cells` are those of the ROI, `reasons` all of the cohort, for colours."""
    kept = cells[cells[k.VERDICT] == "pass"]
    gone = cells[cells[k.VERDICT] != "pass"]
    room = max(most - len(gone), most // 2)
    kept = kept.iloc[thinned(len(kept), room)]
    gone = gone.iloc[thinned(len(gone), most)]
    palette = level_colours(reasons)
    shown = pd.concat([kept, gone])
    shade = {"pass": PASS_COLOUR, **{r: palette.get(r, GREY) for r in dict.fromkeys(gone[k.REASON])}}
    mine = [reason for reason in reasons if reason in shade]
    names = [*["pass"] * len(kept), *gone[k.REASON]]
    chart = charts.Chart(
        [charts.Panel([charts.Cells(shown[k.X_UM], shown[k.Y_UM], names, shade, size)])],
        7.4,
        5.4,
        legend={"pass": PASS_COLOUR, **{r: palette[r] for r in mine}},
        legend_title="verdict",
        legend_marker="o",
    )
    columns = [k.SAMPLE, k.CELL_ID, k.X_UM, k.Y_UM, k.VERDICT, k.REASON]
    return charts.Figure(
        f"map_{file_name(sample)}",
        f"Dropped cells in {sample}",
        "Dropped cells in colour over the cells that pass; a patch of them points to a fold, an edge or a region out "
        f"of focus.{said_of(len(shown), len(cells))}",
        shown[columns],
        chart,
        themed=False,
    )
