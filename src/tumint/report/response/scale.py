"""At which distance a pair's association lives: contact under ever shorter reaches. Tables in, figures out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.charts import model as charts
from tumint.charts.model import Figure
from tumint.charts.palette import level_colours
from tumint.io import contracts
from tumint.report.engine.inputs import Inputs
from tumint.report.engine.page import Chooser
from tumint.report.response.contrasts import Contrast
from tumint.report.response.parts import pairs_shown
from tumint.text import setting

_ENDS = ("x", "y", "x_end", "y_end")
MEASURES = {"odds": "contact odds ratio", "excess": "observed / expected contacts"}


def scale_chooser(inputs: Inputs, contrast: Contrast) -> Chooser | None:
    """A figure per pair that differs in contact (or comes nearest to it); None where nothing was measured."""
    table = inputs.table("neighbourhood/scale.parquet", contracts.SCALE, optional=True)
    level_of = contrast.level_of
    table = table[table[k.SUBJECT].isin(level_of)]
    figures: list[tuple[str, Figure]] = []
    for row in pairs_shown(contrast).to_dict("records"):
        mine = table[(table[k.SOURCE] == row[k.SOURCE]) & (table[k.TARGET] == row[k.TARGET])]
        figure = scale_figure(mine, level_of, str(row["name"]), f"scale_{contrast.name}_{len(figures) + 1}")
        if figure is not None:
            figures.append((str(row["name"]), figure))
    return Chooser(f"scale_{contrast.name}", "Pair", figures) if figures else None


def scale_figure(table: pd.DataFrame, level_of: Mapping[str, str], pair: str, name: str) -> Figure | None:
    """Odds ratio and contacts over those expected against the reach, a line per subject, a thick one per group.

    Parameters
    ----------
    table
        `contracts.SCALE` of one pair.
    level_of
        Group of each subject.
    """
    rows = _values(table, level_of)
    if rows.empty:
        return None
    reaches = sorted(rows["reach_um"].unique(), key=lambda reach: (reach != 0, -reach))
    place = {reach: i for i, reach in enumerate(reaches)}
    palette = level_colours(list(dict.fromkeys(level_of.values())))
    rows = rows.assign(at=rows["reach_um"].map(place))
    panels = [_panel(rows, measure, label, reaches, palette) for measure, label in MEASURES.items()]
    return Figure(
        name,
        f"At which distance {pair} live together",
        "Labels change places over the whole tissue domain (left), then only between cells that are ever nearer. What "
        "two types owe to the region that they share goes from left to right; what stays at the shortest reach is "
        "contact. Thin lines are subjects, thick ones the means of the groups.",
        rows.drop(columns="at"),
        charts.Chart(panels, 8.6, 3.4, columns=2, legend=palette, legend_title="group", legend_marker="o"),
    )


def _values(table: pd.DataFrame, level_of: Mapping[str, str]) -> pd.DataFrame:
    """Both measures as log2 ratios; a subject in which nothing can vary has none."""
    rows = table[table["information"] > 0]
    excess = np.log2((rows["observed"] + 0.5) / (rows["expected"] + 0.5))
    return rows.assign(group=rows[k.SUBJECT].map(level_of), odds=rows["log_odds"] / np.log(2), excess=excess).dropna(
        subset=["odds"]
    )


def _panel(
    rows: pd.DataFrame, measure: str, label: str, reaches: list[float], palette: Mapping[str, str]
) -> charts.Panel:
    means = rows.groupby(["group", "at"], sort=False)[measure].mean().reset_index()
    names = ["whole domain" if reach == 0 else f"{setting(reach)} µm" for reach in reaches]
    low, high = min(float(rows[measure].min()), -0.5), max(float(rows[measure].max()), 0.5)
    dots = charts.Dots(
        means.assign(ratio=2.0 ** means[measure]),
        *("at", measure, "group", palette),
        size=30,
        hover={"group": "", "ratio": label},
    )
    return charts.Panel(
        [
            charts.Mark(0, "y"),
            charts.Lines(_segments(rows, [k.SUBJECT, "group"], measure), *_ENDS, "group", palette, 0.7),
            charts.Lines(_segments(means, ["group"], measure), *_ENDS, "group", palette, 2.4),
            dots,
        ],
        charts.Axis("labels change places within", "names", names=names),
        charts.Axis(label, "ratio", limits=(low, high), grid=True),
    )


def _segments(rows: pd.DataFrame, keys: list[str], measure: str) -> pd.DataFrame:
    """From each reach to the next, within a line."""
    ordered = rows.sort_values([*keys, "at"], kind="stable")
    following = ordered.groupby(keys, sort=False)[["at", measure]].shift(-1)
    found = ordered.assign(x=ordered["at"], y=ordered[measure], x_end=following["at"], y_end=following[measure])
    return found[found["x_end"].notna()][["group", "x", "y", "x_end", "y_end"]]
