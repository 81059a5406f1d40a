"""Figures of networks: where they lie, and how large they are against chance."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.charts import model as charts
from tumint.charts.model import Figure
from tumint.charts.palette import GREY, level_colours
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
    panels = [_spectrum(sums[sums["network"] == name], name, palette) for name in names]
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
        "Each dot is an animal: its cells in networks of a size (number of cells), over those expected where labels "
        "change places within tissue domains. Above the line there are more than by chance."
    )
    return Figure("network_sizes", "How large networks are, against chance", reading, sums, chart)


def _spectrum(rows: pd.DataFrame, name: str, palette: dict[str, str]) -> charts.Panel:
    lows = sorted({int(low) for low in rows["item"]})
    classes = [f"{low}–{high - 1}" for low, high in pairwise(lows)] + [f"{lows[-1]}+"]
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


def _map_of(inputs: Inputs, name: str) -> Figure | None:
    """Networks of one kind where they lie, by their size."""
    column = "network_" + re.sub(r"\W+", "_", name.lower()).strip("_")
    table = located(inputs, column)
    if table.empty or not (table[column] > 0).any():
        return None
    networks = inputs.table("neighbourhood/networks.parquet", contracts.NETWORKS, optional=True)
    mine = networks[networks["network"] == name].set_index([k.SAMPLE, "id"])[k.N]
    size = pd.Series(mine.reindex(pd.MultiIndex.from_frame(table[[k.SAMPLE, column]])).to_numpy(), table.index)
    bounds, words = [0, 20, 50, 100, np.inf], ["up to 20 cells", "21 to 50", "51 to 100", "over 100"]
    names = pd.Series(pd.cut(size, bounds, labels=words).astype(object), table.index).fillna(_OUTSIDE)
    colours = dict(zip([*words, _OUTSIDE], ["#88CCEE", "#4477AA", "#AA3377", "#EE6677", GREY], strict=True))
    colours = {word: colour for word, colour in colours.items() if word in set(names)}
    chart = map_chart(table, names, colours, f"{name} of", (_OUTSIDE,))
    reading = f"One ROI of each animal; cells in {name}, by the number of cells that hang together."
    table = table.drop(columns="title")
    return Figure(f"{column}_map", f"Where {name} lie", reading, table, chart, themed=False)


def first_map(inputs: Inputs) -> Figure | None:
    """The map of the first kind."""
    names = kinds(inputs)
    return _map_of(inputs, names[0]) if names else None


def second_map(inputs: Inputs) -> Figure | None:
    """The map of the second kind."""
    names = kinds(inputs)
    return _map_of(inputs, names[1]) if len(names) > 1 else None


FIGURES = tuple(Added(SECTION, build) for build in (spectra, first_map, second_map))
