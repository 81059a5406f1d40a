"""Two runs beside each other: `tumint report --against`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumint.charts import model as charts
from tumint.charts.palette import BRIGHT, GREY
from tumint.errors import DataError
from tumint.io.contracts import NICHE_TYPES, NICHES
from tumint.io.tables import read_table
from tumint.report.engine import runs
from tumint.report.engine.page import Block, Column, Number, Page, Section, Table, Text, state
from tumint.text import integer, plural

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
NICHE_COLUMNS = (
    Column("first", "Niche, other"),
    Column("second", "this"),
    Column("agreement", "Agreement", "number"),
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


def niches(other: Path, results: Path) -> list[Section]:
    """Which niche of one run is which of the other; no section where one of them has none."""
    from tumint.neighbourhood.niches.matching import compositions, match  # with scipy.optimize, which few pages need

    found = []
    for folder in (other, results):
        paths = [folder / "neighbourhood" / f"{name}.parquet" for name in ("niches", "niche_types")]
        if not all(path.exists() for path in paths):
            return []
        tables = [read_table(path, one) for path, one in zip(paths, (NICHES, NICHE_TYPES), strict=True)]
        if tables[0].empty:
            return []
        found.append(compositions(*tables))
    try:
        matched = match(*found)
    except DataError as error:
        return [Section("Niches", [Text(f"Niches were not matched: {error}.")])]
    left = abs(len(found[0]) - len(found[1]))
    caption = (
        f"The best one-to-one match by what niches hold of the {plural(int(matched['types'].iloc[0]), 'type')} that "
        "both runs have; agreement is 1 where they hold the same, 0 where they have nothing in common."
        + (f" {plural(left, 'niche')} of the run with more found no partner." if left else "")
    )
    return [Section("Niches", [Table("niches", caption, NICHE_COLUMNS, matched)])]


def page(before: Mapping[str, Any], after: Mapping[str, Any], other: Path, results: Path) -> Page:
    """The page; `other` and `results` are the folders of the two runs."""
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
    called = f"{before['title']} ({before['cohort']})" + (", SIMULATED" if before["simulated"] else "")
    same = np.array_equal([n[1] for n in numbers], [n[2] for n in numbers]) and changes.said == [
        "Nothing is different."
    ]
    return Page(
        stage="against",
        title="What changed",
        lead=f"This: {after['title']} ({after['cohort']}). Other: {called}.",
        state=state([], "Both runs gave the same." if same else "Both runs were read."),
        numbers=[Number(label, integer(now), f"{integer(was)} in the other") for label, was, now in numbers],
        findings_title="Differences",
        findings=changes.said,
        sections=[*sections(changes), *niches(other, results)] or [Section("Differences", [Text("There is none.")])],
        method=(
            "Both runs are compared by what their index kept of them: settings, code, cells of every ROI and type, "
            "effect and q of every feature of contrasts with the same name. A feature is the same where its family and "
            "its types are.",
        ),
        citations=(),
    )
