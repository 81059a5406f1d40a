"""What a difference in how often two types meet is made of: shared domains, shared regions, contact. Tables in, out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumint import families
from tumint import keys as k
from tumint.charts import model as charts
from tumint.charts.model import Figure
from tumint.charts.palette import BRIGHT
from tumint.charts.sizes import chart_height, chart_width
from tumint.report.response.contrasts import Contrast

MOST = 12  # pairs
COLOURS = {  # in the order from top to bottom
    k.FAMILY_TOTAL: BRIGHT[4],
    k.FAMILY_SHARED_DOMAIN: BRIGHT[2],
    k.FAMILY_SHARED_REGION: BRIGHT[3],
    k.FAMILY_CONTACT: BRIGHT[1],
}


def pairs_shown(contrast: Contrast) -> pd.DataFrame:
    """The pairs that differ in contact, best evidence first; where none does, those that come nearest."""
    rows = contrast.effects[(contrast.effects[k.FAMILY] == k.FAMILY_INTERACTION) & contrast.effects["effect"].notna()]
    hits = rows[rows["significant"]]
    return (hits if len(hits) else rows).head(MOST)


def parts_figure(contrast: Contrast) -> Figure | None:
    """Total and parts of each pair side by side, with their 95 % intervals; None where there are none."""
    pairs = pairs_shown(contrast)
    rows = contrast.effects[contrast.effects[k.FAMILY].isin(COLOURS) & contrast.effects["log2_effect"].notna()]
    rows = rows[rows[k.FEATURE].isin(pairs[k.FEATURE])]
    if rows.empty:
        return None
    names = list(dict.fromkeys(pairs.loc[pairs[k.FEATURE].isin(rows[k.FEATURE]), "name"]))
    place = {name: i for i, name in enumerate(names)}
    # without domains there is nothing that they could explain
    kinds = [family for family in COLOURS if (rows.loc[rows[k.FAMILY] == family, "log2_effect"] != 0).any()]
    step = 0.72 / len(kinds)
    shift = {family: (i - (len(kinds) - 1) / 2) * step for i, family in enumerate(kinds)}
    rows = rows[rows[k.FAMILY].isin(kinds)]
    table = rows.assign(
        at=rows["name"].map(place) + rows[k.FAMILY].map(shift),
        part=rows[k.FAMILY].map(families.title),
        ratio=2.0 ** rows["log2_effect"],
    ).sort_values("at", kind="stable")
    palette = {families.title(family): COLOURS[family] for family in kinds}
    # without a variance there is no interval
    ends = table[["log2_effect", "log2_low", "log2_high"]].to_numpy(float)
    low, high = min(float(np.nanmin(ends)), -0.5), max(float(np.nanmax(ends)), 0.5)
    panel = charts.Panel(
        [
            charts.Mark(0),
            charts.Lines(table[table["log2_low"].notna()], *("log2_low", "at", "log2_high", "at", "part", palette)),
            charts.Dots(
                *(table, "log2_effect", "at", "part", palette),
                size=34,
                filled="significant",
                hover={"name": "", "part": "", "ratio": "ratio", "q": "q"},
            ),
        ],
        charts.Axis(
            f"{contrast.facts['group']} / {contrast.facts['reference']}", "ratio", limits=(low, high), grid=True
        ),
        charts.Axis(kind="names", names=names, longest=60),
    )
    return Figure(
        f"parts_{contrast.name}",
        "What the difference is made of",
        "How often two types meet against chance in the whole image (contacts in all) is the product of three parts: "
        "what they owe to the tissue domains that they share, to regions within these, and to contact itself, beyond "
        "chance nearby. Dots are ratios between the groups, lines 95 % intervals; filled dots are below the false "
        "discovery rate asked for in their family.",
        table[["name", "part", k.FEATURE, k.FAMILY, "ratio", "log2_effect", "log2_low", "log2_high", "p", "q"]],
        charts.Chart(
            [panel],
            chart_width(8.6, names, 60),
            chart_height(len(names), per_row=0.12 + 0.16 * len(kinds)),
            legend=palette,
            legend_title="part",
            legend_marker="o",
        ),
    )
