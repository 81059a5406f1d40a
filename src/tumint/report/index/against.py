"""Two runs beside each other: `tumint report --against`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tumint.charts import model as charts
from tumint.charts.palette import BRIGHT, GREY
from tumint.report.engine import runs
from tumint.report.engine.page import Block, Column, Number, Page, Section, Table, Text, state
from tumint.text import integer

SETTING_COLUMNS = (
    Column("setting", "Setting", "mono"),
    Column("before", "Other", "mono"),
    Column("after", "This", "mono"),
)
TYPE_COLUMNS = (
    Column("cell_type", "Cell type"),
    Column("before", "Cells, other", "int"),
    Column("after", "this", "int"),
)
FEATURE_COLUMNS = (
    Column("contrast", "Contrast"),
    Column("family", "Family"),
    Column("name", "Feature"),
    Column("effect_before", "Effect, other", "log2"),
    Column("effect_after", "this", "log2"),
    Column("q_before", "q, other", "p"),
    Column("q_after", "this", "p"),
    Column("change", "Change"),
)
COLOURS = {
    **dict(zip((runs.GAINED, runs.LOST, runs.TURNED), BRIGHT, strict=False)),
    runs.MOVED: GREY,
}


def sections(changes: runs.Changes) -> list[Section]:
    """What changed, as tables and a figure; sections with nothing to show are left out."""
    parts: list[tuple[str, list[Block]]] = [
        ("Settings that differ", [Table("settings", "Keys of the config.", SETTING_COLUMNS, changes.settings)]),
        ("Cells that differ", [Table("types", "Cells of every type.", TYPE_COLUMNS, changes.types)]),
        ("Features that differ", [*_figure(changes.features), _feature_table(changes.features)]),
    ]
    tables = (changes.settings, changes.types, changes.features)
    return [Section(title, blocks) for (title, blocks), table in zip(parts, tables, strict=True) if len(table)]


def _feature_table(features: pd.DataFrame) -> Table:
    caption = (
        f"`{runs.GAINED}`: below the false discovery rate only in this; `{runs.LOST}`: only in the other; "
        f"`{runs.TURNED}`: in both, in the other direction; `{runs.MOVED}`: q moved by more than a twentieth. "
        "Effects in log2 for interactions, else natural logarithms."
    )
    return Table("features", caption, FEATURE_COLUMNS, features)


def _figure(features: pd.DataFrame) -> list[Block]:
    """Effects of both runs against each other."""
    table = features[features["effect_before"].notna() & features["effect_after"].notna()]
    table = table[table["change"].isin(list(COLOURS))]
    if table.empty:
        return []
    values = table[["effect_before", "effect_after"]].to_numpy(float)
    low, high = min(-0.5, float(values.min()) - 0.2), max(0.5, float(values.max()) + 0.2)
    hover = {"name": "", "family": "", "contrast": "", "q_before": "q, other", "q_after": "q, this", "change": ""}
    same = pd.DataFrame({"from": [low], "to": [high], "change": [runs.MOVED]})
    layers: list[charts.Layer] = [
        charts.Mark(0),
        charts.Mark(0, "y"),
        charts.Lines(same, "from", "from", "to", "to", "change", COLOURS, width=1),
        charts.Dots(table, "effect_before", "effect_after", "change", COLOURS, hover=hover),
    ]
    legend = {name: colour for name, colour in COLOURS.items() if name in set(table["change"])}
    chart = charts.Chart(
        [
            charts.Panel(
                layers, charts.Axis("effect, other", limits=(low, high)), charts.Axis("this", limits=(low, high))
            )
        ],
        *(6.4, 4.6),
        legend=legend,
        legend_title="change",
        legend_marker="o",
    )
    reading = (
        "Each dot is a feature; on the line its effect is the same in both, in the upper left and the lower right "
    )
    reading += "corner it has turned."
    return [charts.Figure("effects_against", "Effects of both", reading, table, chart)]


def page(before: Mapping[str, Any], after: Mapping[str, Any]) -> Page:
    """The page."""
    changes = runs.compare(before, after)
    hits = [
        sum(q is not None and q < run["fdr"] for rows in run["contrasts"].values() for _, q in rows.values())
        for run in (before, after)
    ]
    numbers = [
        ("Subjects", *(len(set(run["subjects"].values())) for run in (before, after))),
        ("ROIs", *(len(run["subjects"]) for run in (before, after))),
        ("Cells", *(sum(run["cells"].values()) for run in (before, after))),
        ("Findings", *hits),
    ]
    other = f"{before['title']} ({before['cohort']})" + (", SIMULATED" if before["simulated"] else "")
    same = np.array_equal([n[1] for n in numbers], [n[2] for n in numbers]) and changes.said == [
        "Nothing is different."
    ]
    return Page(
        stage="against",
        title="What changed",
        lead=f"This: {after['title']} ({after['cohort']}). Other: {other}.",
        state=state([], "Both runs gave the same." if same else "Both runs were read."),
        numbers=[Number(label, integer(now), f"{integer(was)} in the other") for label, was, now in numbers],
        findings_title="Differences",
        findings=changes.said,
        sections=sections(changes) or [Section("Differences", [Text("There is none.")])],
        method=(
            "Both runs are compared by what their index kept of them: settings, code, cells of every ROI and type, "
            "effect and q of every feature of contrasts with the same name. A feature is the same where its family and "
            "its types are.",
        ),
        citations=(),
    )
