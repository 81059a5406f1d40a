"""Figures of niches: what they hold, how much of each ROI they are, who is beside whom, where they lie."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.charts import model as charts
from tumint.charts.model import Figure
from tumint.charts.palette import BRIGHT, DIVERGING, GREY, SEQUENTIAL, level_colours, type_colours
from tumint.charts.sizes import (
    MAP_INCH,
    by_similarity,
    chart_height,
    chart_width,
    dodge,
    dot_size,
    label_inch,
    thinned,
)
from tumint.io import contracts
from tumint.report.engine.added import Added
from tumint.report.engine.inputs import Inputs, cells
from tumint.report.engine.turns import by_turns
from tumint.text import fixed, integer, percent

SECTION = "Niches"
_INCH = 2.3  # width of a map
_LONGEST = 44  # letters of a niche that are shown
_DRAWN, _LEAST_DRAWN = 5_000, 300  # cells on all maps together, and on each: a page stays small


def compositions(inputs: Inputs) -> pd.DataFrame:
    """Mean share of every type (columns) in the windows of every niche (rows); no rows without niches."""
    niches = inputs.table("neighbourhood/niches.parquet", contracts.NICHES, optional=True)
    types = inputs.table("neighbourhood/niche_types.parquet", contracts.NICHE_TYPES, optional=True)
    if niches.empty:
        return pd.DataFrame()
    table = types.merge(niches[[k.CLUSTER, k.NICHE, k.N]], on=k.CLUSTER)
    table["held"] = table["share"] * table[k.N]
    held = table.pivot_table(index=k.NICHE, columns=k.CELL_TYPE, values="held", aggfunc="sum")
    return held.div(held.sum(axis=1), axis=0)


def composition(inputs: Inputs) -> Figure | None:
    """Heatmap of what niches hold."""
    wide = compositions(inputs)
    if wide.empty:
        return None
    wide = wide[by_similarity(wide.T)]
    numbers = inputs.table("neighbourhood/niche_numbers.parquet", contracts.NICHE_NUMBERS, optional=True)
    chosen = numbers[numbers["chosen"]]
    why = f" There are {len(wide)}: {chosen['why'].iloc[0]}." if len(chosen) else ""
    width = label_inch(wide.index, _LONGEST) + max(0.3 * wide.shape[1], 2.0) + 1.5
    height = chart_height(len(wide), per_row=0.26, rest=label_inch(wide.columns) + 0.5)
    written = (100 * wide).map(lambda share: fixed(share, 0) if share >= 2 else "")
    heat = charts.Heat(100 * wide, SEQUENTIAL, (0, 60), "% of the cells around", written=written)
    table = wide.rename_axis(k.NICHE).reset_index().melt(k.NICHE, var_name=k.CELL_TYPE, value_name="share")
    return Figure(
        "niche_composition",
        "What niches hold",
        "A niche is a kind of surroundings, learnt over all cells of the cohort at once, so that it means the same in "
        f"every ROI. Numbers are per cent of the cells around a cell of the niche, colours end at 60 %.{why}",
        table,
        charts.Chart([charts.Panel([heat], y=charts.Axis("niche", longest=_LONGEST))], max(width, 4.5), height),
    )


def shares(inputs: Inputs) -> Figure | None:
    """Share of each niche in every animal, by group."""
    features = inputs.table("neighbourhood/features.parquet", contracts.FEATURES)
    mine = features[(features[k.FAMILY] == k.FAMILY_NICHE) & (features[k.STATUS] == k.TESTED)]
    if mine.empty:
        return None
    odds = np.exp(mine[k.VALUE].astype(float))
    table = mine.assign(cells=odds / (1 + odds) * mine[k.N], subject=mine[k.SAMPLE].map(inputs.subject_of))
    table = table.groupby([k.FEATURE, k.SUBJECT], sort=True)[["cells", k.N]].sum().reset_index()
    table["share"] = 100 * table["cells"] / table[k.N].clip(lower=1)
    group = inputs.rows.drop_duplicates(k.SUBJECT).set_index(k.SUBJECT)["group"]
    table["group"] = table[k.SUBJECT].map(group)
    levels, names = list(dict.fromkeys(group)), sorted(set(table[k.FEATURE]))
    palette, step = level_colours(levels), 0.7 / max(len(levels), 1)
    parts = []
    for i, level in enumerate(levels):
        rows = table[table["group"] == level]
        base = rows[k.FEATURE].map({name: j for j, name in enumerate(names)}).to_numpy(float)
        at = base + (i - (len(levels) - 1) / 2) * step + dodge(rows[k.FEATURE].tolist(), step * 0.3)
        parts.append(rows.assign(at=at, place=charts.log10(rows["share"], 0.1)))
    hover = {k.SUBJECT: "subject", "share": "% of cells"}
    dots = charts.Dots(pd.concat(parts), "place", "at", "group", palette, size=16, hover=hover)
    panel = charts.Panel(
        [dots],
        charts.Axis("% of the cells of a subject", "log", floor=0.1, grid=True),
        charts.Axis(kind="names", names=names, longest=_LONGEST),
    )
    named = inputs.group_column is not None
    chart = charts.Chart(
        [panel],
        chart_width(7.6, names, _LONGEST),
        chart_height(len(names), per_row=0.16 + 0.1 * len(levels)),
        legend=palette if named else {},
        legend_title=inputs.group_column or "",
        legend_marker="o",
    )
    reading = (
        "Each dot is a subject: the share of its cells that live in the niche. Whether groups differ is tested on "
    )
    return Figure(
        "niche_shares", "How much of each niche there is", f"{reading}the page of the response.", table, chart
    )


def borders(inputs: Inputs) -> Figure | None:
    """Heatmap of which niches touch, against how many edges each has."""
    table = inputs.table("neighbourhood/borders.parquet", contracts.BORDERS, optional=True)
    if table.empty:
        return None
    sums = table.groupby([k.SOURCE, k.TARGET], sort=True)[["observed", "expected"]].sum().reset_index()
    sums["log2"] = np.log2((sums["observed"] + 0.5) / (sums["expected"] + 0.5))
    names = sorted(set(sums[k.SOURCE]))
    wide = sums.pivot_table(index=k.SOURCE, columns=k.TARGET, values="log2").reindex(index=names, columns=names)
    values = wide.to_numpy(float, copy=True)
    np.fill_diagonal(values, np.nan)  # of a niche with itself: it is one because its cells lie together
    wide = pd.DataFrame(values, names, [name.split(" ")[0] for name in names])
    side = max(0.27 * len(names), 1.6)
    heat = charts.Heat(wide, DIVERGING, (-3, 3), "log2 observed / expected")
    panel = charts.Panel([heat], y=charts.Axis("niche", longest=_LONGEST))
    reading = (
        "Contacts between cells of two niches over those expected if contacts did not care: red niches border on each "
        "other, blue ones lie apart. Summed over all ROIs."
    )
    chart = charts.Chart([panel], label_inch(names, _LONGEST) + side + 1.6, chart_height(len(names), per_row=0.27))
    return Figure("niche_borders", "Which niches border on each other", reading, sums, chart)


def located(inputs: Inputs, *columns: str) -> pd.DataFrame:
    """Places, group and columns of `neighbourhood/cells.parquet` of a ROI of each animal, by group, thinned."""
    members = inputs.table("neighbourhood/cells.parquet", contracts.MEMBERS, optional=True)
    if members.empty or not {*columns} <= {*members} or 0 in (inputs.config.maps_per_subject, inputs.config.max_maps):
        return pd.DataFrame()
    firsts = inputs.rows.drop_duplicates(k.SUBJECT)
    firsts = by_turns(firsts, inputs.config.max_maps)
    firsts = firsts.iloc[np.argsort(pd.factorize(firsts["group"])[0], kind="stable")]
    every = cells(inputs)
    parts = []
    for row in firsts.to_dict("records"):
        own = every[every[k.SAMPLE] == row[k.SAMPLE]][[k.SAMPLE, k.CELL_ID, k.X_UM, k.Y_UM]]
        own = own[own[k.X_UM].notna()].merge(members[[k.SAMPLE, k.CELL_ID, *columns]], on=[k.SAMPLE, k.CELL_ID])
        kept = own.iloc[thinned(len(own), max(_DRAWN // max(len(firsts), 1), _LEAST_DRAWN))]
        kept = kept.round({k.X_UM: 1, k.Y_UM: 1})  # the page holds it all as text
        parts.append(kept.assign(title=f"{row['group']} {row[k.SUBJECT]}".strip()))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def map_chart(
    table: pd.DataFrame, names: pd.Series, colours: dict[str, str], title: str, behind: tuple[str, ...] = ()
) -> charts.Chart:
    """A map per ROI of `located`, coloured by `names`."""
    panels = []
    for sample in dict.fromkeys(table[k.SAMPLE]):
        mine = table[k.SAMPLE] == sample
        rows = table[mine]
        drawn = charts.Cells(rows[k.X_UM], rows[k.Y_UM], list(names[mine]), colours, _size(rows), behind)
        panels.append(charts.Panel([drawn], title=rows["title"].iloc[0]))
    columns = min(4, len(panels))
    rows_of = -(-len(panels) // columns)
    return charts.Chart(
        panels,
        _INCH * columns + 2.2,
        2.5 * rows_of + 0.4,
        columns=columns,
        legend=colours,
        legend_title=title,
        legend_marker="o",
    )


def _size(rows: pd.DataFrame) -> float:
    """Dots of a map that is smaller than others."""
    return max(dot_size(rows[k.X_UM].to_numpy(), rows[k.Y_UM].to_numpy()) * (_INCH / MAP_INCH) ** 2, 0.5)


def maps(inputs: Inputs) -> Figure | None:
    """Niches where they lie, one ROI of each animal."""
    table = located(inputs, k.NICHE)
    table = table[table[k.NICHE] != ""] if len(table) else table
    if table.empty:
        return None
    names = sorted(set(table[k.NICHE]))
    colours = {name: type_colours(names)[name] for name in names}
    reading = "One ROI of each subject; a colour is the same niche in all of them."
    chart = map_chart(table, table[k.NICHE], colours, "niche")
    whole = len(inputs.table("neighbourhood/cells.parquet", contracts.MEMBERS, optional=True))
    said = f" {integer(len(table))} of {integer(whole)} cells are drawn ({percent(len(table) / max(whole, 1))})."
    return Figure("niche_maps", "Where niches lie", reading + said, table.drop(columns="title"), chart, themed=False)


def stability(inputs: Inputs) -> Figure | None:
    """How stable niches are by their number; None where the config states it."""
    table = inputs.table("neighbourhood/niche_numbers.parquet", contracts.NICHE_NUMBERS, optional=True)
    if len(table) < 2:
        return None
    rows = table.assign(
        low=table["stability"] - table["sd"],
        high=table["stability"] + table["sd"],
        what=np.where(table["chosen"], "chosen", "tried"),
    )
    colours = {"chosen": BRIGHT[1], "tried": GREY}
    hover = {"niches": "niches", "stability": "adjusted Rand index", "sd": "sd"}
    panel = charts.Panel(
        [
            charts.Lines(rows, "niches", "low", "niches", "high", "what", colours, width=1.0),
            charts.Dots(rows, "niches", "stability", "what", colours, hover=hover),
        ],
        charts.Axis("niches"),
        charts.Axis("adjusted Rand index", limits=(0, 1.05), grid=True),
    )
    reading = (
        "How alike niches learnt from halves of the windows are to those of the whole (bars: standard deviation). "
        "`neighbourhood.niches.numbers` states another number."
    )
    chart = charts.Chart([panel], 6.0, 2.8, legend=colours, legend_marker="o")
    return Figure("niche_stability", "How many niches", reading, table, chart)


FIGURES = tuple(Added(SECTION, build) for build in (composition, shares, borders, maps, stability))
