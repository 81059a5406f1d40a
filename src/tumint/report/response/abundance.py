"""Which kinds of surroundings hold more of one group, without choosing a number of niches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.charts import model as charts
from tumint.charts.model import Figure
from tumint.charts.palette import BRIGHT, GREY
from tumint.charts.sizes import chart_height, chart_width, dodge
from tumint.io import contracts
from tumint.report.engine.added import Added
from tumint.report.engine.inputs import Inputs

_LONGEST = 44
_SHOWN = 3  # contrasts


def places(inputs: Inputs) -> Figure | None:
    """A dot per place, by niche: the ratio of the groups there."""
    table = inputs.table("response/abundance.parquet", contracts.ABUNDANCE, optional=True)
    table = table[table["p"].notna()]
    if table.empty:
        return None
    summary = inputs.json("response/effects.json")
    fdr = float(summary.get("fdr", 0.1))
    said = {one["name"]: one.get("abundance", "") for one in summary.get("contrasts", ())}
    shown = list(dict.fromkeys(table["contrast"]))[:_SHOWN]
    names = sorted(set(table[k.NICHE]))
    colours = {"differs": BRIGHT[1], "not told apart": GREY}
    limit = max(float(np.abs(table["effect"] / np.log(2)).quantile(0.99)), 1.0)
    panels = []
    for contrast in shown:
        rows = table[table["contrast"] == contrast].sort_values("effect", kind="stable")
        base = rows[k.NICHE].map({name: i for i, name in enumerate(names)}).to_numpy(float)
        rows = rows.assign(
            at=base + dodge(rows[k.NICHE].tolist(), 0.36),
            log2=(rows["effect"] / np.log(2)).clip(-limit, limit),
            what=np.where(rows["q"] < fdr, "differs", "not told apart"),
        )
        hover = {"at_sample": "ROI", "at_cell": "cell", "q": "q"}
        dots = charts.Dots(rows, "log2", "at", "what", colours, size=7, hover=hover)
        group: dict[str, Any] = next((one for one in summary.get("contrasts", ()) if one["name"] == contrast), {})
        ends = f"{group.get('group', 'group')} / {group.get('reference', 'reference')}"
        panels.append(
            charts.Panel(
                [charts.Mark(0), dots],
                charts.Axis(f"cells living so, {ends}", "ratio", limits=(-limit * 1.05, limit * 1.05), grid=True),
                charts.Axis(kind="names", names=names, longest=_LONGEST),
                contrast if len(shown) > 1 else "",
            )
        )
    words = " ".join(said[contrast] for contrast in shown if said.get(contrast))
    reading = (
        "Each dot is a place among the surroundings that cells of the cohort have, drawn alike from all subjects: how "
        "many more of the cells that live most like it are of one group. Rows: the niche it is in. "
    )
    chart = charts.Chart(
        panels,
        chart_width(7.0, names, _LONGEST),
        len(panels) * chart_height(len(names), per_row=0.34),
        legend=colours,
        legend_marker="o",
    )
    return Figure("surroundings", "Surroundings that differ", reading + words, pd.DataFrame(table), chart)


FIGURES = (Added("Surroundings", places),)
