"""Figure of barriers: who stands on the ways from one type to another, against chance."""

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

SECTION = "Barriers"
_LEAST = 1.0  # cells passed or expected, else there is nothing to compare
_BETWEEN = " between "


def passed(inputs: Inputs) -> pd.DataFrame:
    """`way, cell_type, subject, observed, expected, log2`: cells passed, the ROIs of a subject added up."""
    features = inputs.table("neighbourhood/features.parquet", contracts.FEATURES)
    mine = features[(features[k.FAMILY] == k.FAMILY_BARRIER) & (features[k.STATUS] == k.TESTED)]
    if mine.empty:
        return pd.DataFrame()
    expected = mine[k.WEIGHT].astype(float)
    named = mine[k.FEATURE].str.split(_BETWEEN, n=1)
    rows = pd.DataFrame(
        {
            "way": named.str[1],
            k.CELL_TYPE: named.str[0],
            k.SUBJECT: mine[k.SAMPLE].map(inputs.subject_of),
            "observed": (2.0 ** mine[k.VALUE].astype(float) * (expected + 0.5) - 0.5).clip(lower=0),
            "expected": expected,
        }
    )
    sums = rows.groupby(["way", k.CELL_TYPE, k.SUBJECT], sort=False)[["observed", "expected"]].sum().reset_index()
    sums = sums[sums["observed"] + sums["expected"] >= _LEAST]
    return sums.assign(log2=np.log2((sums["observed"] + 0.5) / (sums["expected"] + 0.5)))


def barriers(inputs: Inputs) -> Figure | None:
    """A dot per subject and type that is passed, a panel per way."""
    table = passed(inputs)
    if table.empty:
        return None
    group = inputs.rows.drop_duplicates(k.SUBJECT).set_index(k.SUBJECT)["group"]
    table["group"] = table[k.SUBJECT].map(group)
    levels, names = list(dict.fromkeys(group)), sorted(set(table[k.CELL_TYPE]))
    palette = level_colours(levels)
    ways = list(dict.fromkeys(table["way"]))
    limit = max(float(table["log2"].abs().max()), 1.0) * 1.05
    panels = [_panel(table[table["way"] == way], way, names, levels, palette, limit) for way in ways]
    named = inputs.group_column is not None
    chart = charts.Chart(
        panels,
        chart_width(7.6, names),
        len(panels) * chart_height(len(names), per_row=0.12 + 0.1 * len(levels)),
        legend=palette if named else {},
        legend_title=inputs.group_column or "",
        legend_marker="o",
    )
    reading = (
        "Each dot is a subject: the cells of a type that are passed on the shortest ways, from neighbour to neighbour, "
        "from each cell of the first type to the nearest of the second, over those expected where the labels of all "
        "other cells change places within tissue domains. Right of the line a type stands in the way more often than "
        "by chance; it need not hold anybody back."
    )
    return Figure("barriers", "Who stands in the way, against chance", reading, table, chart)


def _panel(
    rows: pd.DataFrame, way: str, names: list[str], levels: list[str], palette: dict[str, str], limit: float
) -> charts.Panel:
    step, parts = 0.7 / max(len(levels), 1), []
    for i, level in enumerate(levels):
        mine = rows[rows["group"] == level]
        base = mine[k.CELL_TYPE].map({name: j for j, name in enumerate(names)}).to_numpy(float)
        at = base + (i - (len(levels) - 1) / 2) * step + dodge(mine[k.CELL_TYPE].tolist(), step * 0.3)
        parts.append(mine.assign(at=at))
    hover = {k.SUBJECT: "subject", "observed": "passed", "expected": "expected"}
    dots = charts.Dots(pd.concat(parts), "log2", "at", "group", palette, size=16, hover=hover)
    return charts.Panel(
        [charts.Mark(0), dots],
        charts.Axis("observed / expected cells", "ratio", limits=(-limit, limit), grid=True),
        charts.Axis(kind="names", names=names),
        f"between {way}",
    )


FIGURES = (Added(SECTION, barriers),)
