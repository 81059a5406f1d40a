"""Maps of the subjects at the two ends of a feature: what a value looks like in tissue. Tables in, figures out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.charts import model as charts
from tumint.charts.model import Figure
from tumint.charts.sizes import label_inch, over_others, said_of

OTHERS = "#D4D4D8"  # cells of other types, behind those of the feature
_SIDE_INCH = 3.9


def extreme_maps(
    cells: pd.DataFrame,
    ends: Sequence[Mapping[str, Any]],
    types: Sequence[str],
    palette: Mapping[str, str],
    *,
    name: str,
    title: str,
    most: int,
    size: float | None,
) -> Figure:
    """A ROI of the subject with the lowest value, and one of that with the highest.

    Parameters
    ----------
    cells
        Contract `CELLS`, of these samples at least.
    ends
        `sample, subject, level, said` (the value in words), the lowest first.
    types
        The types of the feature; all others are drawn in grey behind them.
    """
    mine = cells[cells[k.SAMPLE].isin([end[k.SAMPLE] for end in ends])]
    tall = mine.groupby(k.SAMPLE, observed=True)[[k.X_UM, k.Y_UM]].agg(np.ptp)
    height = _SIDE_INCH * float(np.clip((tall[k.Y_UM] / tall[k.X_UM].clip(lower=1.0)).max(), 0.3, 1.5))
    others = charts.besides(types)
    colours = {kind: palette[kind] for kind in types} | {others: OTHERS}
    panels, shown, there = [], [], len(mine)
    for end in ends:
        mine = cells[cells[k.SAMPLE] == end[k.SAMPLE]]
        mine = mine.iloc[over_others(mine[k.CELL_TYPE].isin(types).to_numpy(), most)]
        names = list(mine[k.CELL_TYPE].astype(object).where(mine[k.CELL_TYPE].isin(types), others))
        drawn = charts.Cells(mine[k.X_UM], mine[k.Y_UM], names, colours, size, behind=(others,))
        above = "\n".join((f"{end[k.SUBJECT]}, {end['level']}", end["said"], f"ROI {end[k.SAMPLE]}"))
        panels.append(charts.Panel([drawn], title=above))
        shown.append(mine.assign(**{k.SUBJECT: end[k.SUBJECT]}))
    chart = charts.Chart(
        panels,
        2 * _SIDE_INCH + 0.2 + label_inch(types),
        height + 0.9,
        columns=len(ends),
        legend=colours,
        legend_title="cell type",
        legend_marker="o",
    )
    table = pd.concat(shown, ignore_index=True)[[k.SUBJECT, k.SAMPLE, k.CELL_ID, k.X_UM, k.Y_UM, k.CELL_TYPE]]
    return charts.Figure(
        name,
        title,
        "The subject with the lowest value, then the one with the highest, each shown by the ROI closest to the "
        "subject's value. Each dot is the centre of a cell; y runs downwards, as in the image."
        f"{said_of(len(table), there)}",
        table,
        chart,
        themed=False,
    )
