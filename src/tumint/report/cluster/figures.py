"""Figures of clustering and typing: markers, composition, maps. Tables in, figures out; nothing is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.charts import model as charts
from tumint.charts.model import Figure
from tumint.charts.palette import SEQUENTIAL, level_colours
from tumint.charts.sizes import by_similarity, chart_height, chart_width, label_inch, said_of, thinned
from tumint.report.engine.files import file_name
from tumint.text import setting

_LEAST_PERCENT = 0.1  # where the axis of shares begins


def marker_heatmap(means: pd.DataFrame, by: str, names: Mapping[str, str]) -> Figure | None:
    """Mean of every marker in every group, each marker scaled to its own range over the groups.

    Parameters
    ----------
    means
        Table of the contract `MARKER_MEANS`.
    by
        `cluster` or `cell_type`.
    names
        What the rows are called, where not by the group's own name.
    """
    rows = means[means["by"] == by]
    if rows.empty:
        return None
    wide = rows.pivot_table(index="group", columns="marker", values="mean", sort=False)
    spread = (wide.max() - wide.min()).replace(0.0, np.nan)
    scaled = ((wide - wide.min()) / spread).fillna(0.0)
    scaled = scaled.loc[by_similarity(scaled), by_similarity(scaled.T)]
    named = scaled.rename(index=lambda group: names.get(group, group))
    width = label_inch(named.index) + 0.24 * scaled.shape[1] + 1.2
    height = chart_height(len(scaled), per_row=0.22, rest=label_inch(named.columns) + 0.4)
    heat = charts.Heat(named, SEQUENTIAL, (0, 1), "0: lowest mean, 1: highest")
    long = scaled.reset_index().melt("group", var_name="marker", value_name="scaled")
    table = rows.merge(long, on=["group", "marker"]).drop(columns="by")
    what = "cluster" if by == k.CLUSTER else "cell type"
    return charts.Figure(
        f"markers_by_{by}",
        f"Markers by {what}",
        f"Each column is a marker, scaled from its lowest to its highest mean over the rows: dark where the {what} "
        "shows it most. Rows and columns are ordered by similarity.",
        table,
        charts.Chart([charts.Panel([heat])], max(width, 4.0), height),
    )


def composition(table: pd.DataFrame, by: str, palette: Mapping[str, str], what: str) -> Figure | None:
    """Stacked bars of cell types.

    Parameters
    ----------
    table
        `<by>, cell_type, n, share`, in the order of the rows of the figure.
    by
        Column that names the rows.
    what
        What the rows are, in words.
    """
    if table.empty:
        return None
    wide = table.pivot_table(index=by, columns=k.CELL_TYPE, values="share", aggfunc="sum", fill_value=0.0, sort=False)
    order = wide.mean().sort_values(ascending=False, kind="stable").index
    bars = charts.Bars(wide[order] * 100, palette, "% of cells")
    chart = charts.Chart(
        [charts.Panel([bars], charts.Axis("% of cells", limits=(0, 100)), charts.Axis())],
        chart_width(9.2, [*wide.index, *order]),
        chart_height(max(len(wide), int(0.9 * len(order)))),
        legend={name: palette[name] for name in order},
        legend_title="cell type",
    )
    return charts.Figure(
        f"composition_by_{'roi' if by == k.SAMPLE else by}",
        f"Cell types per {what}",
        f"The share of each cell type among the cells of the {what}, commonest type first.",
        table,
        chart,
    )


def type_shares(table: pd.DataFrame, group: str | None) -> Figure | None:
    """Share of each type in each subject, by group.

    Parameters
    ----------
    table
        `subject, group, cell_type, n, share`.
    group
        What `group` is called; None: subjects are not grouped.
    """
    if table.empty:
        return None
    order = list(table.groupby(k.CELL_TYPE)["share"].mean().sort_values(ascending=False, kind="stable").index)
    levels = list(dict.fromkeys(table["group"]))
    palette = level_colours(levels)
    step = 0.7 / max(len(levels), 1)
    offset = {level: (i - (len(levels) - 1) / 2) * step for i, level in enumerate(levels)}
    row = {name: float(i) for i, name in enumerate(order)}
    most = max(100 * float(table["share"].max()), 10 * _LEAST_PERCENT)
    means = table.groupby(["group", k.CELL_TYPE], sort=False)["share"].mean().reset_index()
    dots, means = (
        part.assign(
            percent=100 * part["share"],
            place=charts.log10(100 * part["share"], _LEAST_PERCENT),
            at=part[k.CELL_TYPE].map(row) + part["group"].map(offset),
        )
        for part in (table, means)
    )
    means = means.assign(top=means["at"] - step / 2, bottom=means["at"] + step / 2)
    hover = {k.SUBJECT: "subject", k.CELL_TYPE: "", "percent": "% of cells", "n": "cells"}
    panel = charts.Panel(
        [
            charts.Dots(dots, "place", "at", "group", palette, size=22, hover=hover),
            charts.Lines(means, "place", "top", "place", "bottom", "group", palette, width=2.2),
        ],
        charts.Axis(
            "% of the subject's cells (logarithmic)",
            "log",
            limits=(np.log10(_LEAST_PERCENT), np.log10(1.2 * most)),
            grid=True,
            floor=_LEAST_PERCENT,
        ),
        charts.Axis(kind="names", names=order),
    )
    chart = charts.Chart(
        [panel],
        chart_width(8.2, order),
        chart_height(len(order), per_row=0.16 + 0.1 * len(levels)),
        legend=palette if group is not None else {},
        legend_title=group or "",
        legend_marker="o",
    )
    return charts.Figure(
        "type_shares",
        "Cell types per subject" + (f", by {group}" if group else ""),
        "Each dot is a subject, each bar the mean of its group; groups differ where their dots do not mix. Logarithmic "
        f"scale, at whose start lies every share up to {setting(_LEAST_PERCENT)} %. The response report tests this.",
        table,
        chart,
    )


def type_map(
    cells: pd.DataFrame, sample: str, types: Sequence[str], palette: Mapping[str, str], *, most: int, size: float | None
) -> Figure:
    """The cells of a ROI at their place, by type; `types` in the order of the legend."""
    shown = cells.iloc[thinned(len(cells), most)]
    here = set(shown[k.CELL_TYPE])
    chart = charts.Chart(
        [charts.Panel([charts.Cells(shown[k.X_UM], shown[k.Y_UM], list(shown[k.CELL_TYPE]), palette, size)])],
        chart_width(7.6, types),
        5.4,
        legend={name: palette[name] for name in types if name in here},
        legend_title="cell type",
        legend_marker="o",
    )
    return charts.Figure(
        f"map_{file_name(sample)}",
        f"Cell types in {sample}",
        f"Each dot is the centre of a cell, in the colour of its type; y runs downwards, as in the image."
        f"{said_of(len(shown), len(cells))}",
        shown[[k.SAMPLE, k.CELL_ID, k.X_UM, k.Y_UM, k.CELL_TYPE]],
        chart,
        themed=False,
    )
