"""Figures of single pairs: effect against evidence, and where in the tissue their cells lie. Tables in, figures out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.charts import model as charts
from tumint.charts.model import Figure
from tumint.charts.palette import BRIGHT, GREY, INK, RULE
from tumint.charts.sizes import chart_width, over_others, said_of, shortened
from tumint.report.engine.files import file_name
from tumint.text import integer, number, setting

TITLES = {
    k.LOCAL: "against chance nearby",
    k.WITHIN_DOMAIN: "against chance within domain",
    k.GLOBAL: "against chance over the whole image",
}
MOST_EVIDENCE = 10.0  # −log10 q beyond which it makes no difference
NAMED = 2  # pairs with a name on either side of a volcano
MORE, LESS, UNCLEAR = "more than chance", "less than chance", "not clear of chance"
SIDES = {MORE: BRIGHT[1], LESS: BRIGHT[0], UNCLEAR: GREY}


def volcano(pairs: pd.DataFrame, significant: float) -> Figure | None:
    """Effect against evidence, the nulls side by side.

    Parameters
    ----------
    pairs
        `null, pair, median_log2, evidence` (median over ROIs of −log10 q), one row per null and pair.
    significant
        The q at which the line is drawn.
    """
    rows = pairs.dropna(subset=["median_log2", "evidence"])
    nulls = [null for null in TITLES if null in set(rows[k.NULL])]
    if not nulls:
        return None
    shown = rows.assign(height=rows["evidence"].clip(upper=MOST_EVIDENCE), ratio=2.0 ** rows["median_log2"])
    clear = shown["height"] > -np.log10(significant)
    shown["side"] = np.where(~clear, UNCLEAR, np.where(shown["median_log2"] > 0, MORE, LESS))
    limit = 1.5 * max(float(rows["median_log2"].abs().max()), 0.5)  # room for the names
    top = max(float(shown["height"].max()) * 1.1, 2.0)
    chart = charts.Chart(
        [_volcano_panel(TITLES[null], shown[shown[k.NULL] == null], significant, limit, top) for null in nulls],
        1.0 + 4.2 * len(nulls),
        4.2,
        columns=len(nulls),
        legend=SIDES,
        legend_marker="o",
        share_y=True,
        x_title="observed / expected contacts (median ROI)",
    )
    shared = (
        " A pair that is far out on the right panel and not on the left shares tissue, not contact."
        if len(nulls) > 1
        else ""
    )
    return charts.Figure(
        "volcano",
        "How strong, and how sure",
        "Each dot is a pair of cell types. Further right: they touch more often than chance, further left: less often; "
        f"above the line at q = {setting(significant)} more than half of the ROIs are below it; the scale ends at "
        f"{setting(MOST_EVIDENCE)}.{shared}",
        rows,
        chart,
    )


def _volcano_panel(title: str, part: pd.DataFrame, significant: float, limit: float, top: float) -> charts.Panel:
    sure = part[part["side"] != UNCLEAR].sort_values("median_log2", kind="stable")
    named = pd.concat([sure[sure["side"] == LESS].head(NAMED), sure[sure["side"] == MORE].tail(NAMED)])
    return charts.Panel(
        [
            charts.Mark(0),
            charts.Mark(float(-np.log10(significant)), "y"),
            charts.Dots(
                *(part, "median_log2", "height", "side", SIDES),
                size=16,
                hover={"pair": "", "ratio": "observed / expected", "evidence": "−log10 q"},
            ),
            charts.Words(named, "median_log2", "height", "pair"),
        ],
        charts.Axis(kind="ratio", limits=(-limit, limit), grid=True),
        charts.Axis("−log10 q (median ROI)", limits=(0, top), grid=True),
        title,
    )


def pair_map(
    cells: pd.DataFrame, rows: pd.DataFrame, palette: Mapping[str, str], *, most: int, size: float | None
) -> Figure | None:
    """The cells of a pair at their place, in the ROI with the strongest score and in that with the weakest.

    Parameters
    ----------
    cells
        `sample, x_um, y_um, cell_type` of all cells of these ROIs.
    rows
        The scores of the pair in these ROIs, the strongest first; one row where only one ROI was tested. Without
        `observed` and `expected`, no count is said.
    palette
        A colour for each of the two types.
    most, size
        How many cells of a ROI are drawn at most, and how large (None: as fits).
    """
    if rows.empty:
        return None
    source, target = str(rows[k.SOURCE].iloc[0]), str(rows[k.TARGET].iloc[0])
    # grey is the colour of what has no type, and of all other cells here
    colours = {name: INK if palette[name] == GREY else palette[name] for name in (source, target)}
    others = charts.besides((source, target))
    colours[others] = RULE
    panels, shown = [], []
    for row in rows.to_dict("records"):
        own = cells[cells[k.SAMPLE] == row[k.SAMPLE]]
        own = own.iloc[over_others(own[k.CELL_TYPE].isin((source, target)).to_numpy(), most)]
        names = list(own[k.CELL_TYPE].astype(object).where(own[k.CELL_TYPE].isin((source, target)), others))
        drawn = charts.Cells(own[k.X_UM], own[k.Y_UM], names, colours, size, behind=(others,))
        counts = (
            f"\n{integer(row['observed'])} contacts, {number(row['expected'])} expected" if "observed" in row else ""
        )
        title = f"{shortened(row[k.SAMPLE], 30)}{counts}"
        panels.append(charts.Panel([drawn], title=title))
        shown.append(own)
    table, there = pd.concat(shown), int(cells[k.SAMPLE].isin(rows[k.SAMPLE]).sum())
    chart = charts.Chart(
        panels,
        chart_width(0.6 + 4.3 * len(rows) + 1.4, colours),
        4.9,
        columns=len(rows),
        legend=colours,
        legend_title="cell type",
        legend_marker="o",
    )
    both = len(rows) > 1
    where = "the ROI with the strongest score and the one with the weakest" if both else "the one ROI that was tested"
    return charts.Figure(
        f"pair_{file_name(source)}_{file_name(target)}",
        f"{source if source == target else f'{source} and {target}'} in the tissue",
        f"Cells of the two types in {where}; observed over expected contacts stand above. All other cells are pale; "
        f"y runs downwards, as in the image.{said_of(len(table), there)}",
        table[table[k.CELL_TYPE].isin((source, target))][[k.SAMPLE, k.X_UM, k.Y_UM, k.CELL_TYPE]],
        chart,
        themed=False,
    )
