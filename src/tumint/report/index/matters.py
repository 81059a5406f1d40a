"""What a cohort's comparison found, in one table and one figure: which findings matter, and how far each is sure."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from tumint import families
from tumint import keys as k
from tumint.charts import model as charts
from tumint.charts.model import Figure
from tumint.charts.sizes import in_lines
from tumint.report.engine.files import file_name
from tumint.report.engine.inputs import Inputs
from tumint.report.engine.page import Block, Column, Section, Table, Text
from tumint.report.response import tour
from tumint.report.response.contrasts import Contrast, contrasts
from tumint.text import integer, listed, ratio

COLUMNS = (
    Column("name", "What differs"),
    Column("family_name", "In"),
    Column("times", "Ratio", "ratio", "group / reference"),
    Column("times_low", "95 % from", "ratio"),
    Column("times_high", "to", "ratio"),
    Column("difference", "Difference", "log2", "of chances, which have no ratio: group less reference"),
    Column("q", "q", "p"),
    Column("versus", "Subjects"),
    Column("grade", "Grade"),
    Column("why", "Why"),
    Column("cells", "Cells", "link"),
)
MOST = 24  # pairs of the figure
MORE, LESS = "more often than by chance", "less often"
COLOURS = {MORE: "#AA3377", LESS: "#4477AA"}
_NODE, _RADIUS, _WORD = 60.0, 1.0, 1.13


def sections(inputs: Inputs) -> list[Section]:
    """A section per contrast that has findings."""
    found = []
    for contrast in contrasts(inputs):
        rows = graded(contrast)
        if len(rows):
            group, reference = contrast.facts["group"], contrast.facts["reference"]
            title = f"What differs: {group} against {reference}"
            found.append(Section(title, _blocks(contrast, _with_cells(inputs, contrast, rows))))
    return found


def graded(contrast: Contrast) -> pd.DataFrame:
    """Findings of the primary families with grade, reason and numbers: the surest grade first, then by q."""
    known = {f"{row[k.FAMILY]}:{row[k.FEATURE]}": row for row in contrast.facts.get("findings", [])}
    rows = contrast.primary[contrast.primary["significant"]]
    rows = rows[rows["id"].isin(list(known))]
    rows = rows.assign(
        grade=[known[name].get("grade") or "" for name in rows["id"]],
        why=[known[name].get("why") or "" for name in rows["id"]],
        linked_to=[known[name].get("linked_to") or "" for name in rows["id"]],
    )
    order = {name: i for i, name in enumerate(k.GRADES)}
    rank = rows.assign(_grade=rows["grade"].map(order).fillna(len(order)), _family=rows[k.FAMILY].map(families.rank))
    return rank.sort_values(["_grade", "_family", "q"], kind="stable").drop(columns=["_grade", "_family"])


def _with_cells(inputs: Inputs, contrast: Contrast, rows: pd.DataFrame) -> pd.DataFrame:
    """The address of every finding's cells, where they are shown."""
    there = {stop.name for stop in tour.stops_of(inputs, contrast)}
    names = [tour.anchor(contrast, feature) for feature in rows["id"]]
    return rows.assign(cells=[f"response.html#{file_name(name)}" if name in there else "" for name in names])


def not_compared(inputs: Inputs) -> str:
    """The columns of the sheet that vary between subjects and that no contrast or outcome used; empty if none."""
    response = inputs.metas.get("response", {}).get("params", {}).get("response") or {}
    used: set[str | None] = set()
    for contrast in response.get("contrasts") or []:
        used |= {contrast.get("column"), contrast.get("paired"), *(contrast.get("adjust") or [])}
        used |= {part.get("column") for part in contrast.get("subset") or []} | set(contrast.get("at") or {})
        used |= set(re.findall(r"\w+", contrast.get("formula") or ""))
    for outcome in response.get("outcomes") or []:
        used |= {outcome.get("column"), outcome.get("event"), *(outcome.get("adjust") or [])}
    left = [name for name in inputs.design if name not in used] if response else []
    return f"Not compared: {listed([f'`{name}`' for name in left])}, of the sample sheet." if left else ""


def _blocks(contrast: Contrast, rows: pd.DataFrame) -> list[Block]:
    counts = rows["grade"].value_counts()
    said = listed([f"{integer(counts[name])} {name}" for name in k.GRADES if name in counts])
    caption = (
        f"Findings and how far each is sure: {said}. Solid: it holds with any one subject left out and over most other "
        "ways to measure it; the reason stands beside every other grade. The evidence is in the report of the response."
    )
    rows = rows.assign(difference=rows["effect"].where(rows["times"].isna()))
    shown = rows.drop(columns=["id", "log2_effect", "log2_low", "log2_high", "significant"])
    figure = network(contrast, rows)
    empty = {name for name in ("why", "cells") if not (rows[name] != "").any()}
    empty |= {"difference"} if rows["difference"].isna().all() else set()
    columns = [column for column in COLUMNS if column.key not in empty]
    table = Table(f"matters_{contrast.name}", caption, columns, shown)
    tied = rows[rows["linked_to"] != ""]
    notes: list[Block] = []
    if len(tied):
        pairs = listed([f"{row['name']} with {row['linked_to']}" for row in tied.to_dict("records")], 4)
        notes.append(
            Text(
                "Findings of contact that share a type are not independent: the same neighbours are counted. Those "
                f"that share one with a stronger finding: {pairs}."
            )
        )
    return [*([figure] if figure else []), table, *notes]


def network(contrast: Contrast, rows: pd.DataFrame) -> Figure | None:
    """Types as a ring, and the pairs whose contact differs as lines between them, a panel per group."""
    pairs = rows[rows[k.FAMILY] == k.FAMILY_INTERACTION].head(MOST)
    if pairs.empty:
        return None
    panels, table = rings(contrast, pairs)
    return Figure(
        f"network_{contrast.name}",
        "Contacts that differ, in either group",
        "Each line joins two types whose contact differs between the groups: the thicker, the further from "
        "chance within the tissue that they share; a dashed line is a finding that is not solid; a ring is a type "
        "with itself. The numbers are contact odds ratios.",
        table[["group", "name", "odds", "grade"]],
        charts.Chart(panels, 9.6, 4.6, columns=2, legend=COLOURS, legend_title="contact", legend_marker="o"),
    )


def rings(contrast: Contrast, pairs: pd.DataFrame) -> tuple[list[charts.Panel], pd.DataFrame]:
    """A panel per group, and the table of all that they draw."""
    names = sorted({*pairs[k.SOURCE], *pairs[k.TARGET]})
    angle = np.pi / 2 - 2 * np.pi * np.arange(len(names)) / len(names)
    at = {name: (_RADIUS * np.cos(a), _RADIUS * np.sin(a)) for name, a in zip(names, angle, strict=True)}
    sides = ((contrast.facts["reference"], "mean_reference"), (contrast.facts["group"], "mean_group"))
    table = pd.concat([_odds(pairs, at, str(level), column) for level, column in sides], ignore_index=True)
    return [_ring(table[table["group"] == level], at, f"{level}") for level, _ in sides], table


def _odds(pairs: pd.DataFrame, at: Mapping[str, tuple[float, float]], level: str, column: str) -> pd.DataFrame:
    """Contact odds ratio of every pair in one group, and where its line goes."""
    log = pairs[column].astype(float) / np.log(2)
    ends = [(*at[s], *at[t]) for s, t in zip(pairs[k.SOURCE], pairs[k.TARGET], strict=True)]
    places = pd.DataFrame(ends, columns=["x", "y", "x_end", "y_end"], index=pairs.index)
    return (
        pairs[["name", "grade", k.SOURCE, k.TARGET]]
        .join(places)
        .assign(
            group=level,
            log2_odds=log,
            odds=2.0**log,
            way=np.where(log >= 0, MORE, LESS),
            said=[ratio(2.0**value) for value in log.fillna(0.0)],
        )
    )


def _ring(rows: pd.DataFrame, at: Mapping[str, tuple[float, float]], title: str) -> charts.Panel:
    layers: list[charts.Layer] = []
    rows = rows[rows["log2_odds"].notna()]
    alone = rows[k.SOURCE] == rows[k.TARGET]
    for row in rows[~alone].to_dict("records"):
        one = pd.DataFrame([row])
        wide = 0.8 + 3.2 * min(abs(row["log2_odds"]), 2.0) / 2.0
        dashed = row["grade"] != k.SOLID
        layers.append(charts.Lines(one, "x", "y", "x_end", "y_end", "way", COLOURS, wide, dashed))
    for row in rows[alone].to_dict("records"):
        ring = pd.DataFrame([{**row, "full": False}])
        size = _NODE * (2.2 + 2.0 * min(abs(row["log2_odds"]), 2.0))
        layers.append(charts.Dots(ring, "x", "y", "way", COLOURS, size, "full"))
    nodes = pd.DataFrame([{"type": name, "x": x, "y": y, "kind": "type"} for name, (x, y) in at.items()])
    layers.append(charts.Dots(nodes, "x", "y", "kind", {"type": "#BBBBBB"}, _NODE, hover={"type": ""}))
    away = np.where(nodes["type"].map(lambda name: len(in_lines(name)) > 1), 0.13, 0.06)  # two lines lie on no dot
    layers.append(
        charts.Words(nodes.assign(y=nodes["y"] * _WORD + away * np.sign(nodes["y"])), "x", "y", "type", "centre")
    )
    middle = rows[~alone].assign(
        x=(rows["x"] * 0.62 + rows["x_end"] * 0.38), y=(rows["y"] * 0.62 + rows["y_end"] * 0.38)
    )
    layers.append(charts.Words(middle, "x", "y", "said", "centre"))
    return charts.Panel(
        layers, charts.Axis(kind="none", limits=(-1.7, 1.7)), charts.Axis(kind="none", limits=(-1.35, 1.35)), title
    )
