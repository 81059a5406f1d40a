"""Figures of networks: where they lie, and how large they are against chance."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.charts import model as charts
from tumint.charts.model import Figure
from tumint.charts.palette import BRIGHT, GREY, level_colours
from tumint.charts.sizes import dodge
from tumint.io import contracts
from tumint.report.engine.added import Added
from tumint.report.engine.inputs import Inputs
from tumint.report.neighbourhood.niches import located, map_chart

SECTION = "Networks"
_OUTSIDE = "in no network"


def kinds(inputs: Inputs) -> list[str]:
    """The kinds of networks of the cohort."""
    counts = inputs.table("neighbourhood/network_counts.parquet", contracts.NETWORK_COUNTS, optional=True)
    return list(dict.fromkeys(counts["network"])) if len(counts) else []


def spectra(inputs: Inputs) -> Figure | None:
    """Cells in networks by the size of these, over those expected, a dot per animal and class."""
    names = kinds(inputs)
    if not names:
        return None
    counts = inputs.table("neighbourhood/network_counts.parquet", contracts.NETWORK_COUNTS, optional=True)
    rows = counts[counts["what"] == "size"].assign(subject=lambda t: t[k.SAMPLE].map(inputs.subject_of))
    sums = rows.groupby(["network", "item", k.SUBJECT], sort=False)[["observed", "expected"]].sum().reset_index()
    sums = sums[sums["observed"] + sums["expected"] >= 1]
    if sums.empty:
        return None
    sums["log2"] = np.log2((sums["observed"] + 0.5) / (sums["expected"] + 0.5))
    group = inputs.rows.drop_duplicates(k.SUBJECT).set_index(k.SUBJECT)["group"]
    sums["group"] = sums[k.SUBJECT].map(group)
    palette = level_colours(list(dict.fromkeys(group)))
    lows = sorted({int(low) for low in rows["item"]})
    panels = [_spectrum(sums[sums["network"] == name], name, lows, palette) for name in names]
    chart = charts.Chart(
        panels,
        8.4 if len(panels) > 1 else 5.0,
        2.9 * -(-len(panels) // 2),
        columns=min(len(panels), 2),
        legend=palette if inputs.group_column else {},
        legend_title=inputs.group_column or "",
        legend_marker="o",
    )
    reading = (
        "Each dot is a subject: its cells in networks of a size (number of cells), over those expected where labels "
        "change places within tissue domains. Above the line there are more than by chance."
    )
    return Figure("network_sizes", "How large networks are, against chance", reading, sums, chart)


def _spectrum(rows: pd.DataFrame, name: str, every: list[int], palette: dict[str, str]) -> charts.Panel:
    there = {int(low) for low in rows["item"]}
    words = dict(zip(every, [*(f"{low}–{high - 1}" for low, high in pairwise(every)), f"{every[-1]}+"], strict=True))
    lows = [low for low in every if low in there]
    classes = [words[low] for low in lows]
    at = rows["item"].astype(int).map({low: i for i, low in enumerate(lows)}).to_numpy(float)
    rows = rows.assign(at=at + dodge(rows["item"].tolist()))
    hover = {k.SUBJECT: "subject", "observed": "cells", "expected": "expected"}
    dots = charts.Dots(rows, "at", "log2", "group", palette, size=16, hover=hover)
    limit = max(float(rows["log2"].abs().max()), 1.0)
    return charts.Panel(
        [charts.Mark(0, "y"), dots],
        charts.Axis("cells of the network", "names", classes),
        charts.Axis("observed / expected cells", "ratio", limits=(-limit * 1.05, limit * 1.05), grid=True),
        name,
    )


def maps(inputs: Inputs) -> Figure | None:
    """Networks of all kinds where they lie, one ROI of each animal."""
    names = kinds(inputs)
    columns = {name: "network_" + re.sub(r"\W+", "_", name.lower()).strip("_") for name in names}
    table = located(inputs, *columns.values()) if names else pd.DataFrame()
    if table.empty:
        return None
    kind = pd.Series(_OUTSIDE, table.index, dtype=object)
    for name in reversed(names):
        kind[table[columns[name]] > 0] = name
    colours = {name: BRIGHT[(i + 1) % len(BRIGHT)] for i, name in enumerate(names)} | {_OUTSIDE: GREY}
    chart = map_chart(table, kind, colours, "cells", (_OUTSIDE,))
    reading = "One ROI of each subject; cells that hang together in networks, by the kind of these."
    table = table.drop(columns="title")
    return Figure("network_maps", "Where networks lie", reading, table, chart, themed=False)


FIGURES = tuple(Added(SECTION, build) for build in (spectra, maps))
