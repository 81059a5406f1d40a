"""Figures of ingest: cells per ROI, and the tissue domains of every ROI. Tables in, figures out; nothing is read."""

from __future__ import annotations

import pandas as pd

from tumint import keys as k
from tumint.charts import model as charts
from tumint.charts.model import Figure
from tumint.charts.palette import DOMAIN_COLOURS, level_colours, type_colours
from tumint.charts.sizes import chart_height, chart_width, dodge


def cells_per_roi(rows: pd.DataFrame, group: str | None) -> Figure | None:
    """One dot per ROI on the row of its subject.

    Parameters
    ----------
    rows
        `sample, subject, group, n_cells`, in the order of the rows of the figure.
    group
        What `group` is called; None: subjects are not grouped.
    """
    if rows.empty:
        return None
    subjects = list(dict.fromkeys(rows[k.SUBJECT]))
    at = rows[k.SUBJECT].map({name: i for i, name in enumerate(subjects)}).to_numpy(float)
    palette = level_colours(rows["group"])
    dots = charts.Dots(
        rows.assign(at=at + dodge(at.tolist())),
        *("n_cells", "at", "group", palette),
        size=34,
        hover={k.SAMPLE: "", k.SUBJECT: "subject", "n_cells": "cells"},
    )
    most = max(1.0, float(rows["n_cells"].max()) * 1.06)
    panel = charts.Panel(
        [dots],
        charts.Axis("cells in the ROI", limits=(0, most), grid=True),
        charts.Axis(kind="names", names=subjects),
    )
    chart = charts.Chart(
        [panel],
        chart_width(7.6, subjects),
        chart_height(len(subjects), per_row=0.26),
        legend=palette if group is not None else {},
        legend_title=group or "",
        legend_marker="o",
    )
    return charts.Figure(
        "cells_per_roi",
        "Cells per ROI",
        "Each dot is a ROI, on the row of its subject; a dot far left of its row's others lost cells or tissue.",
        rows,
        chart,
    )


def domain_shares(table: pd.DataFrame) -> Figure | None:
    """Stacked bars of the share of each domain.

    Parameters
    ----------
    table
        `sample, domain, n_cells`, samples in the order of the rows of the figure.
    """
    if table.empty or set(table[k.DOMAIN]) <= {k.NO_DOMAIN}:
        return None
    wide = table.pivot_table(
        index=k.SAMPLE, columns=k.DOMAIN, values="n_cells", aggfunc="sum", fill_value=0, sort=False
    )
    known = ("tumour", "interface", "normal", "structural")
    order = [d for d in known if d in wide] + sorted(set(wide.columns) - {*known, k.NO_DOMAIN})
    wide = wide[order + ([k.NO_DOMAIN] if k.NO_DOMAIN in wide else [])]
    shares = wide.div(wide.sum(axis=1).clip(lower=1), axis=0)
    extra = [d for d in shares.columns if d not in DOMAIN_COLOURS]
    palette = {**type_colours(extra), **DOMAIN_COLOURS}
    bars = charts.Bars(shares * 100, palette, "%")
    chart = charts.Chart(
        [charts.Panel([bars], charts.Axis("% of the cells of the ROI", limits=(0, 100)))],
        chart_width(8.4, shares.index),
        chart_height(len(shares)),
        legend={d: palette[d] for d in shares.columns},
        legend_title="domain",
    )
    shares = shares.reset_index().melt(k.SAMPLE, var_name=k.DOMAIN, value_name="share")
    long = table.merge(shares, on=[k.SAMPLE, k.DOMAIN])
    return charts.Figure(
        "domain_shares",
        "Tissue domains per ROI",
        "The share of a ROI's cells in each tissue domain; ROIs with very different tissue are not like for like, "
        "which is why interactions are scored within domain too.",
        long,
        chart,
    )
