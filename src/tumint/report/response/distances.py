"""Pairs of types by their distance: curves of subjects and their difference with its band. Tables in, figures out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.charts import model as charts
from tumint.charts.model import Figure
from tumint.charts.palette import BRIGHT, level_colours
from tumint.io import contracts
from tumint.report.engine.inputs import Inputs
from tumint.report.engine.page import Chooser
from tumint.report.response.contrasts import Contrast
from tumint.report.response.parts import pairs_shown
from tumint.text import probability, said_probability

_KINDS = {"around": "pairs about this far apart"}  # those within a distance are in the tables, and say much the same
_BAND, _CHANCE, _PALE, _GREY = "difference", "by chance", "#a9c4de", "#d9d9d9"


def distance_chooser(inputs: Inputs, contrast: Contrast) -> Chooser | None:
    """A figure per pair that differs in contact (or comes nearest to it); None where no function was computed."""
    functions = inputs.table("neighbourhood/functions.parquet", contracts.FUNCTIONS, optional=True)
    compared = inputs.table("response/curves.parquet", contracts.CURVES, optional=True)
    compared = compared[compared["contrast"] == contrast.name]
    level_of = contrast.level_of
    figures: list[tuple[str, Figure]] = []
    for row in pairs_shown(contrast).to_dict("records"):
        tables = [t[(t[k.SOURCE] == row[k.SOURCE]) & (t[k.TARGET] == row[k.TARGET])] for t in (functions, compared)]
        name = f"by_distance_{contrast.name}_{len(figures) + 1}"
        rows = _subjects(tables[0], inputs.subject_of, level_of)
        if len(rows):
            figures.append((str(row["name"]), distance_figure(rows, tables[1], contrast, str(row["name"]), name)))
    return Chooser(f"by_distance_{contrast.name}", "Pair", figures) if figures else None


def distance_figure(rows: pd.DataFrame, compared: pd.DataFrame, contrast: Contrast, pair: str, name: str) -> Figure:
    """Curves of subjects (left) and the difference of the groups with its band (right).

    Parameters
    ----------
    rows
        `subject, group, function, r_um, value`: log2 of observed over expected.
    compared
        `contracts.CURVES` of the pair.
    """
    palette = level_colours(list(dict.fromkeys(contrast.level_of.values())))
    group, reference = contrast.facts["group"], contrast.facts["reference"]
    panels = []
    for kind, label in _KINDS.items():
        panels.append(_curves(rows[rows["function"] == kind], label, palette))
        mine = compared[compared["function"] == kind]
        if len(mine):
            panels.append(_difference(mine, f"{group} / {reference}"))
    said = _said(compared)
    return Figure(
        name,
        f"{pair} by distance",
        "Pairs of cells of the two types over those expected where labels change places within tissue domains, against "
        "the distance between the cells. Thin lines are subjects, thick ones the means of the groups; grey: where 95 % "
        "of a subject's curves lie by chance. Right: the ratio of the groups; the band holds for all distances at once "
        f"with 95 %, from every way to exchange subjects between the groups.{said}",
        rows,
        charts.Chart(panels, 8.6, 3.4, columns=len(panels), legend=palette, legend_title="group", legend_marker="o"),
    )


def _said(compared: pd.DataFrame) -> str:
    if compared.empty:
        return ""
    p = compared[compared["function"].isin(list(_KINDS))].groupby("function", observed=True)["p"].first()
    least = compared["smallest_p"].max()
    floor = f" With so few subjects p cannot be below {probability(least)}." if least > 0.05 else ""
    return f" That the curves differ anywhere: {said_probability('p', float(p.min()))}.{floor}"


def _subjects(functions: pd.DataFrame, subject_of: Mapping[str, str], level_of: Mapping[str, str]) -> pd.DataFrame:
    """Curves of the subjects of a contrast, the pairs of their ROIs added up."""
    rows = functions.assign(subject=functions[k.SAMPLE].astype(str).map(subject_of))
    rows = rows[rows[k.SUBJECT].isin(level_of)]
    parts = []
    for kind in _KINDS:
        counted = rows.assign(variance=rows[f"{kind}_sd"] ** 2)
        sums = counted.groupby([k.SUBJECT, "r_um"], sort=True)[[kind, f"{kind}_expected", "variance"]].sum()
        sums = sums[sums[f"{kind}_expected"] > 0].reset_index()
        expected = sums[f"{kind}_expected"] + 0.5
        value = np.log2((sums[kind] + 0.5) / expected)
        sd = np.sqrt(sums["variance"]) / expected / np.log(2)
        group = sums[k.SUBJECT].map(level_of)
        parts.append(sums[[k.SUBJECT, "r_um"]].assign(function=kind, group=group, value=value, chance_sd=sd))
    return pd.concat(parts, ignore_index=True)


def _curves(rows: pd.DataFrame, label: str, palette: Mapping[str, str]) -> charts.Panel:
    means = rows.groupby(["group", "r_um"], sort=False)["value"].mean().reset_index()
    low, high = min(float(rows["value"].min()), -0.5), max(float(rows["value"].max()), 0.5)
    ends = ("r_um", "value", "x_end", "y_end")
    spread = rows.groupby("r_um")["chance_sd"].median().reset_index()
    chance = spread.assign(what=_CHANCE, low=-1.96 * spread["chance_sd"], high=1.96 * spread["chance_sd"])
    return charts.Panel(
        [
            charts.Area(chance, "r_um", "low", "high", "what", {_CHANCE: _GREY}),
            charts.Mark(0, "y"),
            charts.Lines(_segments(rows, [k.SUBJECT, "group"]), *ends, "group", palette, 0.7),
            charts.Lines(_segments(means, ["group"]), *ends, "group", palette, 2.4),
        ],
        charts.Axis("distance (µm)"),
        charts.Axis("observed / expected", "ratio", limits=(low, high), grid=True),
        label,
    )


def _difference(rows: pd.DataFrame, label: str) -> charts.Panel:
    rows = rows.sort_values("r_um").assign(what=_BAND, value=rows["effect"])
    ends = rows[["band_low", "band_high"]].to_numpy(float)
    low, high = min(float(ends.min()), -0.5), max(float(ends.max()), 0.5)
    return charts.Panel(
        [
            charts.Mark(0, "y"),
            charts.Area(rows, "r_um", "band_low", "band_high", "what", {_BAND: _PALE}),
            charts.Lines(_segments(rows, ["what"]), "r_um", "value", "x_end", "y_end", "what", {_BAND: BRIGHT[0]}, 2.0),
        ],
        charts.Axis("distance (µm)"),
        charts.Axis(label, "ratio", limits=(low, high), grid=True),
        "ratio of the groups",
    )


def _segments(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """From each distance to the next, within a line."""
    ordered = rows.sort_values([*keys, "r_um"], kind="stable")
    following = ordered.groupby(keys, sort=False, observed=True)[["r_um", "value"]].shift(-1)
    found = ordered.assign(x_end=following["r_um"], y_end=following["value"])
    return found[found["x_end"].notna()]
