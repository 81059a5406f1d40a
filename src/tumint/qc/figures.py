"""Figures of quality control: what was dropped, why, and where. Tables in, figures out; nothing is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tumint import charts, maps, style
from tumint import keys as k
from tumint.qc.words import BASIC, METRICS, SHARES

_ACROSS = 3
PASS_COLOUR = "#C9C9CE"


def dropped_by_reason(table: pd.DataFrame, reasons: Sequence[str]) -> style.Figure | None:
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
    palette = style.level_colours(reasons)
    most = max(1.0, 105 * float(wide.sum(axis=1).max() if reasons else 0.0))
    axis = charts.Axis("% of the cells of the ROI that were dropped", limits=(0, most), grid=True)
    chart = charts.Chart(
        [charts.Panel([charts.Bars(wide * 100, palette, "% of cells")], axis)],
        style.chart_width(8.4, wide.index),
        style.chart_height(len(wide)),
        legend=palette,
        legend_title="reason",
    )
    return charts.figure(
        "dropped_by_reason",
        "Cells dropped per ROI, by reason",
        "The length of a bar is the share of the ROI's cells that do not go on; a cell with more than one reason is "
        "counted once, as such.",
        table,
        chart,
    )


@style.drawn
def distributions(cells: pd.DataFrame, limits: Mapping[str, Sequence[float]]) -> style.Figure | None:
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
    across = min(len(shown), _ACROSS)
    down = -(-len(shown) // across)
    drawing, axes = style.canvas(9.2, 2.5 * down + 0.4, down, across)
    for ax in axes[len(shown) :]:
        ax.set_visible(False)
    dropped = (cells[k.VERDICT] != "pass").to_numpy()
    parts = []
    for i, (ax, name) in enumerate(zip(axes, shown, strict=False)):
        values = cells[name].to_numpy(float)
        finite = np.isfinite(values)
        edges = np.linspace(0, 1, 51) if name in SHARES else _bins(values[finite])
        # what lies beyond the axis is counted in its first or last bin
        inside = np.clip(values, edges[0], edges[-1])
        counts = [np.histogram(inside[finite & which], edges)[0] for which in (~dropped, dropped)]
        for count, base, colour in ((counts[0], 0, PASS_COLOUR), (counts[1], counts[0], style.BRIGHT[1])):
            ax.stairs(count + base, edges, baseline=base, fill=True, color=colour, lw=0)
        if name not in SHARES:
            ax.set_xscale("symlog", linthresh=_linear_below(values[finite]), linscale=0.5)
            _plain_ticks(ax, _linear_below(values[finite]))
        for limit in limits.get(name, ()):
            ax.axvline(limit, color=style.INK, lw=1, ls="--")
        ax.set_xlabel(METRICS[name])
        ax.set_ylabel("cells" if i % across == 0 else "")
        parts.append(
            pd.DataFrame(
                {"metric": name, "from": edges[:-1], "to": edges[1:], "passed": counts[0], "dropped": counts[1]}
            )
        )
    style.legend_right(axes[across - 1], {"pass": PASS_COLOUR, "drop": style.BRIGHT[1]})
    return style.Figure(
        "distributions",
        "What was measured on all cells",
        "Grey cells pass, red ones are dropped; a dashed line is a fixed threshold. Logarithmic scale, linear near 0 "
        "(shares: linear); the outermost bins hold what lies beyond the axis.",
        pd.concat(parts, ignore_index=True),
        drawing,
    )


def _linear_below(values: np.ndarray[Any, Any]) -> float:
    """Where the logarithmic scale turns linear: a tenth of the median of what is above 0, as a power of ten."""
    positive = values[values > 0]
    return float(10.0 ** np.floor(np.log10(np.median(positive) / 10))) if positive.size else 1.0


def _plain_ticks(ax: Any, least: float) -> None:
    """Ticks at 1, 2, 5, 10, ... as plain numbers."""
    from matplotlib.ticker import SymmetricalLogLocator

    ax.xaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=least, subs=[1, 2, 5]))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.xaxis.set_minor_formatter("")


def _bins(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """61 edges, even on the symmetric-log scale, from the 0.05th to the 99.95th percentile."""
    least = _linear_below(values)
    low, high = np.percentile(values, [0.05, 99.95])
    even = np.linspace(np.arcsinh(low / least), np.arcsinh(max(high, low + least) / least), 61)
    return np.asarray(np.sinh(even) * least)


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


@style.drawn
def per_roi(table: pd.DataFrame) -> style.Figure | None:
    """Quantile bars of the metrics of each ROI; `table` as `quantiles` makes it."""
    if table.empty:
        return None
    shown = [name for name in METRICS if name in set(table["metric"])][:6]
    samples = list(dict.fromkeys(table[k.SAMPLE]))
    width = style.chart_width(9.6 if len(shown) <= _ACROSS else 12.0, samples)
    height = style.chart_height(len(samples), per_row=0.17)
    drawing, axes = style.canvas(width, height, 1, len(shown), sharey=True)
    for ax, name in zip(axes, shown, strict=True):
        rows = table[table["metric"] == name].set_index(k.SAMPLE).reindex(samples)
        at = np.arange(len(samples))
        ax.grid(axis="x")
        ax.hlines(at, rows["q05"], rows["q95"], color=style.BRIGHT[0], lw=1)
        ax.hlines(at, rows["q25"], rows["q75"], color=style.BRIGHT[0], lw=4)
        ax.scatter(rows["q50"], at, color=style.PAPER, edgecolors=style.INK, linewidths=0.8, s=14, zorder=3)
        for side in ("lower", "upper"):
            ax.scatter(rows[side], at, marker="|", color=style.BRIGHT[1], s=40, linewidths=1.4, zorder=2)
        if name not in SHARES:
            least = _linear_below(rows["q50"].to_numpy(float))
            ax.set_xscale("symlog", linthresh=least, linscale=0.5)
            _plain_ticks(ax, least)
        ax.set_xlabel(METRICS[name])
    style.row_axis(axes[0], samples)
    return style.Figure(
        "metrics_per_roi",
        "What was measured, ROI by ROI",
        "Thin bar: 5th to 95th percentile of the ROI's cells; thick bar: the middle half; dot: median; red ticks: the "
        "ROI's thresholds. A ROI whose bars lie apart from the others was stained or segmented differently.",
        table,
        drawing,
    )


def dropped_map(
    cells: pd.DataFrame, sample: str, reasons: Sequence[str], *, most: int, size: float | None
) -> style.Figure:
    """Where the dropped cells of a ROI lie; `cells` are those of the ROI, `reasons` all of the cohort, for colours."""
    kept = cells[cells[k.VERDICT] == "pass"]
    gone = cells[cells[k.VERDICT] != "pass"]
    room = max(most - len(gone), most // 2)
    kept = kept.iloc[maps.thinned(len(kept), room)]
    gone = gone.iloc[maps.thinned(len(gone), most)]
    palette = style.level_colours(reasons)
    shown = pd.concat([kept, gone])
    shade = {"pass": PASS_COLOUR, **{r: palette.get(r, style.GREY) for r in dict.fromkeys(gone[k.REASON])}}
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
    thin = f" {len(shown):,} of {len(cells):,} cells are drawn." if len(shown) < len(cells) else ""
    columns = [k.SAMPLE, k.CELL_ID, k.X_UM, k.Y_UM, k.VERDICT, k.REASON]
    return charts.figure(
        f"map_{style.file_name(sample)}",
        f"Dropped cells in {sample}",
        "Dropped cells in colour over the cells that pass; a patch of them points to a fold, an edge or a region out "
        f"of focus.{thin}",
        shown[columns],
        chart,
        themed=False,
    )
