"""Figure of how nearest distances are spread over the cells, by group."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.charts import model as charts
from tumint.charts.model import Figure
from tumint.charts.palette import level_colours
from tumint.charts.sizes import chart_height, chart_width, dodge
from tumint.io import contracts
from tumint.report.engine.added import Added
from tumint.report.engine.inputs import Inputs

SECTION = "Distances"
QUANTILES = ("p10_um", "p25_um", "median_um", "p75_um", "p90_um")
SHORTEST_UM = 3.0  # where the axis starts
_PAIRS = 8
_MOST_GROUPS = 4
_PAIR = [k.SOURCE, k.TARGET]


def of_subjects(inputs: Inputs) -> pd.DataFrame:
    """log10 of the quantiles of every subject and ordered pair, the ROIs of a subject weighted by their cells."""
    table = inputs.table("neighbourhood/distances.parquet", contracts.DISTANCES)
    rows = table[(table[k.STATUS] == k.TESTED) & (table[k.N] > 0)]
    if rows.empty:
        return pd.DataFrame()
    keys = [*_PAIR, k.SUBJECT]
    rows = rows.assign(subject=rows[k.SAMPLE].map(inputs.subject_of))
    logs = pd.DataFrame({name: charts.log10(rows[name], SHORTEST_UM) for name in QUANTILES}, rows.index)
    by = [rows[key] for key in keys]
    sums = logs.mul(rows[k.N].astype(float), axis=0).groupby(by, sort=True).sum()
    found = sums.div(rows[k.N].astype(float).groupby(by, sort=True).sum(), axis=0).reset_index()
    group = inputs.rows.drop_duplicates(k.SUBJECT).set_index(k.SUBJECT)["group"]
    return found.assign(group=found[k.SUBJECT].map(group))


def pairs_apart(table: pd.DataFrame, most: int) -> list[tuple[str, str]]:
    """The pairs whose groups lie furthest apart for the spread of their subjects; without groups the nearest ones."""
    rows = table[table[k.SOURCE] != table[k.TARGET]]
    medians = rows.groupby([*_PAIR, "group"], sort=True)["median_um"].agg(["mean", "var", "size"])
    pairs = medians.groupby(level=_PAIR)
    apart: pd.Series = pairs["mean"].agg(np.ptp) / np.sqrt(
        (medians["var"] / medians["size"]).groupby(level=_PAIR).sum()
    )
    apart = apart[(pairs.size() > 1) & (pairs["size"].min() > 1) & np.isfinite(apart)]
    chosen: pd.Series = apart.sort_values(ascending=False, kind="stable")
    if chosen.empty:
        chosen = rows.groupby(_PAIR, sort=True)["median_um"].mean().sort_values(kind="stable")
    return [(str(a), str(b)) for a, b in chosen.index[:most]]


def spreads(inputs: Inputs) -> Figure | None:
    """A bar per pair and group from the nearest tenth of the cells to the furthest, a dot per subject."""
    table = of_subjects(inputs)
    if table.empty or (pairs := pairs_apart(table, _PAIRS)) == []:
        return None
    levels = list(dict.fromkeys(inputs.rows["group"]))
    if len(levels) > _MOST_GROUPS:
        return None
    place = {pair: i for i, pair in enumerate(pairs)}
    at = pd.Series([place.get(pair, -1) for pair in zip(table[k.SOURCE], table[k.TARGET], strict=True)], table.index)
    table = table.assign(at=at)[at >= 0]
    names = [f"{a} → {b}" for a, b in pairs]
    step, palette = 0.7 / max(len(levels), 1), level_colours(levels)
    offset = table["group"].map({level: (i - (len(levels) - 1) / 2) * step for i, level in enumerate(levels)})
    table["at"] = table["at"] + offset
    means = table.groupby(["at", "group"], sort=True)[list(QUANTILES)].mean().reset_index()
    dots = table.assign(at=table["at"] + dodge(table["at"].tolist(), step * 0.25), um=10 ** table["median_um"])
    hover = {k.SUBJECT: "subject", "um": "median, µm"}
    panel = charts.Panel(
        [
            charts.Lines(means, "p10_um", "at", "p90_um", "at", "group", palette, 1.0),
            charts.Lines(means, "p25_um", "at", "p75_um", "at", "group", palette, 3.5),
            charts.Dots(dots, "median_um", "at", "group", palette, size=14, hover=hover),
        ],
        charts.Axis("µm to the nearest cell", "log", floor=SHORTEST_UM, grid=True),
        charts.Axis(kind="names", names=names, longest=60),
    )
    grouped = inputs.group_column is not None
    chart = charts.Chart(
        [panel],
        chart_width(8.0, names, 60),
        chart_height(len(names), per_row=0.18 + 0.13 * len(levels)),
        legend=palette if grouped else {},
        legend_title=inputs.group_column or "",
        legend_marker="o",
    )
    which = "pairs whose groups lie furthest apart" if len(levels) > 1 else "nearest pairs"
    reading = (
        f"From each cell of the first type to the nearest of the second, for the {which}. Thin bars hold the middle "
        "80 % of the cells, thick ones the middle half, of the mean subject of a group; each dot is the median of a "
        "subject. Distances are shorter where the second type is more common, without any attraction: the family "
        "`distance` of the response accounts for that."
    )
    um = table.assign(**{name: 10 ** table[name] for name in QUANTILES}).drop(columns="at")
    return Figure("distance_spread", "How distances are spread", reading, um, chart)


FIGURES = (Added(SECTION, spreads),)
