"""Figures of the neighbourhood stage: enrichment, distances, what could be tested. Tables in, figures out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.charts import model as charts
from tumint.charts.model import Figure
from tumint.charts.palette import BRIGHT, DIVERGING, GREY, SEQUENTIAL, level_colours
from tumint.charts.sizes import by_similarity, chart_height, chart_width, dodge, label_inch
from tumint.text import setting

NULLS = {k.LOCAL: "nearby", k.WITHIN_DOMAIN: "within domain", k.GLOBAL: "over the whole image"}
STATUS_COLOURS = {
    k.TESTED: BRIGHT[0],
    k.TOO_FEW: BRIGHT[3],
    k.NO_VARIATION: BRIGHT[2],
    k.ABSENT: GREY,
}
STATUS_WORDS = {k.TOO_FEW: "too few cells", k.NO_VARIATION: "no variation", k.NO_COORDINATES: "no coordinates"}


def enrichment(summary: pd.DataFrame) -> Figure | None:
    """Heatmaps of the median log2 enrichment, the nulls side by side, in one order of types.

    Parameters
    ----------
    summary
        `null, source, target, median_log2, n_tested`, one row per null and ordered pair.
    """
    nulls = [null for null in NULLS if null in set(summary[k.NULL])] if len(summary) else []
    wide = {n: _matrix(summary[summary[k.NULL] == n], "median_log2") for n in nulls}
    if not wide or not any(matrix.notna().to_numpy().any() for matrix in wide.values()):
        return None
    order = by_similarity(wide[nulls[0]])
    known = [matrix.to_numpy(float) for matrix in wide.values() if matrix.notna().to_numpy().any()]
    biggest = max(float(np.nanmax(np.abs(values))) for values in known)
    limit = float(np.clip(np.ceil(biggest * 2) / 2, 0.5, 3.0))
    side, label = max(0.23 * len(order), 1.4), label_inch(order)
    width = label + 1.5 + len(nulls) * max(side + 0.2, 2.4)
    panels = [
        charts.Panel(
            [charts.Heat(wide[null].loc[order, order], DIVERGING, (-limit, limit), "median log2 enrichment")],
            charts.Axis("neighbour"),
            charts.Axis("cell"),
            f"against chance {NULLS[null]}",
        )
        for null in nulls
    ]
    chart = charts.Chart(panels, width, side + label + 0.8, columns=len(nulls), share_y=True)
    two = " What is strong on the right and pale on the left is shared tissue, not contact." if len(nulls) > 1 else ""
    return charts.Figure(
        "enrichment",
        "Who touches whom, against chance",
        "Median over ROIs of log2 (observed / expected contacts): red pairs touch more often than chance, blue ones "
        f"less, grey ones could not be tested; ±1 is twice or half as often, colours end at ±{setting(limit)}.{two}",
        summary,
        chart,
    )


def _matrix(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    wide = rows.pivot_table(index=k.SOURCE, columns=k.TARGET, values=value, dropna=False)
    names = sorted({*rows[k.SOURCE], *rows[k.TARGET]})
    return wide.reindex(index=names, columns=names)


def strongest_pairs(scores: pd.DataFrame, pairs: Sequence[str], group: str | None) -> Figure | None:
    """One dot per ROI for chosen pairs.

    Parameters
    ----------
    scores
        `pair, sample, group, log2_enrichment` of tested rows.
    pairs
        The rows of the figure, in order.
    group
        What `group` is called; None: ROIs are not grouped.
    """
    if scores.empty or not pairs:
        return None
    levels = list(dict.fromkeys(scores["group"]))
    palette = level_colours(levels)
    step = 0.66 / max(len(levels), 1)
    place = {pair: i for i, pair in enumerate(pairs)}
    parts = []
    for i, level in enumerate(levels):
        rows = scores[scores["group"] == level]
        at = rows["pair"].map(place).to_numpy(float) + (i - (len(levels) - 1) / 2) * step
        parts.append(rows.assign(at=at + dodge(rows["pair"].tolist(), step * 0.32)))
    values = scores["log2_enrichment"]
    dots = charts.Dots(
        pd.concat(parts),
        *("log2_enrichment", "at", "group", palette),
        size=16,
        hover={"pair": "", k.SAMPLE: "ROI", "observed": "observed", "expected": "expected", "q": "q"},
    )
    limits = (min(float(values.min()), -0.5), max(float(values.max()), 0.5))
    panel = charts.Panel(
        [charts.Mark(0), dots],
        charts.Axis("observed / expected contacts", "ratio", limits=limits, grid=True),
        charts.Axis(kind="names", names=list(pairs), longest=60),
    )
    chart = charts.Chart(
        [panel],
        chart_width(8.0, pairs, 60),
        chart_height(len(pairs), per_row=0.18 + 0.1 * len(levels)),
        legend=palette if group is not None else {},
        legend_title=group or "",
        legend_marker="o",
    )
    return charts.Figure(
        "strongest_pairs",
        "The strongest pairs, ROI by ROI",
        "Each dot is a ROI; right of the line the two types touch more often than chance, left of it less. Dots that "
        "lie together say that the ROIs agree.",
        scores,
        chart,
    )


def distances(summary: pd.DataFrame) -> Figure | None:
    """Heatmap of nearest distances.

    Parameters
    ----------
    summary
        `source, target, median_um, n_rois`.
    """
    if summary.empty or not summary["median_um"].notna().any():
        return None
    wide = _matrix(summary, "median_um")
    logs = wide.fillna(float(np.nanmax(wide.to_numpy(float)))).clip(lower=0.1).apply(np.log)
    order = by_similarity(logs)
    wide = wide.loc[order, order]
    high = float(np.ceil(np.nanpercentile(wide.to_numpy(float), 97) / 10) * 10)
    side, label = max(0.27 * len(order), 1.4), label_inch(order)
    heat = charts.Heat(wide, f"{SEQUENTIAL}_r", (0, high), "µm (median)")
    panel = charts.Panel([heat], charts.Axis("nearest cell of"), charts.Axis("from a cell of"))
    chart = charts.Chart([panel], label + side + 1.4, label + side + 0.6)
    return charts.Figure(
        "distances",
        "How far the nearest cell is",
        "Median over ROIs of the median distance in µm from a cell of the row to the nearest other cell of the column; "
        f"dark is near, and rare types are far from everything; colours end at {setting(high)} µm.",
        summary,
        chart,
    )


def tested_pairs(counts: pd.DataFrame) -> Figure | None:
    """Stacked bars of how many pairs could be tested in each ROI.

    Parameters
    ----------
    counts
        `sample, status, n`, in the order of the rows of the figure.
    """
    if counts.empty:
        return None
    wide = counts.pivot_table(index=k.SAMPLE, columns=k.STATUS, values="n", aggfunc="sum", fill_value=0, sort=False)
    order = [s for s in STATUS_COLOURS if s in wide] + sorted(set(wide.columns) - set(STATUS_COLOURS))
    palette: Mapping[str, str] = {STATUS_WORDS.get(s, s): STATUS_COLOURS.get(s, GREY) for s in order}
    wide = wide[order].rename(columns=STATUS_WORDS)
    axis = charts.Axis("ordered pairs of cell types", limits=(0, float(wide.sum(axis=1).max())))
    chart = charts.Chart(
        [charts.Panel([charts.Bars(wide, palette, "pairs")], axis)],
        chart_width(8.2, wide.index),
        chart_height(len(wide), per_row=0.17),
        legend=palette,
        legend_title="status",
    )
    return charts.Figure(
        "tested_pairs",
        "What could be tested in each ROI",
        "A pair has a p of its own where the ROI has enough cells of both types; pairs with too few cells, or none, "
        "have no p there, which is not the same as a score of 0. The comparison of subjects pools what all ROIs hold.",
        counts,
        chart,
    )
