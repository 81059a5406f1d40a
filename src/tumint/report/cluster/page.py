"""The report of clustering: which clusters were found, what types they were given, and where the types lie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from tumint import keys as k
from tumint.charts.palette import type_colours
from tumint.io import contracts
from tumint.report.cluster import evidence as evidence
from tumint.report.cluster import figures
from tumint.report.engine.inputs import Inputs, cells
from tumint.report.engine.page import (
    Block,
    Chooser,
    Column,
    Light,
    Notice,
    Number,
    Page,
    Passed,
    Section,
    State,
    Table,
    Text,
    state,
)
from tumint.report.engine.turns import by_turns, not_all
from tumint.text import integer, listed, number, percent, plural

COLUMNS = (
    Column(k.CLUSTER, "Cluster"),
    Column(k.N, "Cells", "int"),
    Column("share", "Share", "percent"),
    Column(k.CELL_TYPE, "Cell type"),
    Column("score", "Score", "number"),
    Column("runner_up", "Runner-up"),
    Column("runner_up_score", "Its score", "number"),
    Column("lead", "Lead", "number", "score less the runner-up's"),
    Column("agreement", "Cells agree", "percent", "cells whose own markers show the same type"),
    Column("conflicts", "Against it"),
)
TYPE_COLUMNS = (
    Column(k.CELL_TYPE, "Cell type"),
    Column("n", "Cells", "int"),
    Column("share", "Share", "percent"),
    Column("clusters", "Clusters", "int"),
    Column("rois", "ROIs with it", "int"),
    Column("subjects", "Subjects with it", "int"),
    Column("confidence", "Median confidence", "number"),
)
LOOK_COLUMNS = (
    Column(k.CLUSTER, "Cluster"),
    Column(k.N, "Cells", "int"),
    Column(k.CELL_TYPE, "Cell type"),
    Column("look", "Why"),
)
LITTLE_AGREEMENT = 0.5
CLOSE_CALL = 0.05  # a lead below this over the runner-up is named
MUCH_UNCLASSIFIED = 0.1


def stage_state(inputs: Inputs) -> State:
    """How clustering and typing went."""
    table = cells(inputs)
    clusters = clustered(inputs)
    reasons: list[tuple[Light, str]] = []
    if table.empty:
        return state([("red", "No cell has a type.")], "")
    share = float((table[k.CELL_TYPE] == k.UNCLASSIFIED).mean())
    if share > MUCH_UNCLASSIFIED:
        reasons.append(("amber", f"{percent(share)} of cells are {k.UNCLASSIFIED}"))
    close = _close_calls(clusters)
    if len(close):
        which = listed([f"{r[k.CLUSTER]} ({r[k.CELL_TYPE]} or {r['runner_up']})" for r in close.to_dict("records")])
        reasons.append(("amber", f"{plural(len(close), 'cluster')} with two types almost equally likely: {which}"))
    return state(reasons, f"All cells of {plural(table[k.SAMPLE].nunique(), 'ROI')} have a type.")


def clustered(inputs: Inputs) -> pd.DataFrame:
    """One row per cluster; none where the types came with the data, for then each type stands for itself."""
    table = inputs.table("cluster/clusters.parquet", contracts.CLUSTERS)
    settings = inputs.metas.get("cluster", {}).get("params", {}).get("cluster") or {}
    return table.iloc[:0] if settings.get("typing") == "provided" else table


def _close_calls(clusters: pd.DataFrame) -> pd.DataFrame:
    lead = clusters["score"] - clusters["runner_up_score"]
    same = clusters[k.CELL_TYPE] == clusters["runner_up"]
    return clusters[(lead < CLOSE_CALL) & ~same & (clusters[k.CELL_TYPE] != k.UNCLASSIFIED)]


def passed(inputs: Inputs) -> Passed:
    """What came out of the stage."""
    typed = cells(inputs)
    return Passed(typed[k.SAMPLE], len(typed), (typed[k.CELL_TYPE] != k.UNCLASSIFIED).sum())


def build(inputs: Inputs) -> Page:
    """The page."""
    table = cells(inputs)
    clusters = clustered(inputs)
    means = inputs.table("cluster/marker_means.parquet", contracts.MARKER_MEANS)
    types = sorted(set(table[k.CELL_TYPE]))
    palette = type_colours(types, inputs.config.palette)
    subject = table[k.SAMPLE].map(inputs.subject_of)
    known = len([name for name in types if name != k.UNCLASSIFIED])
    typed = int((table[k.CELL_TYPE] != k.UNCLASSIFIED).sum())
    return Page(
        stage="cluster",
        title="Clusters and cell types",
        lead="Cells of the whole cohort, clustered by their markers and given types."
        if len(clusters)
        else "Cells of the whole cohort, with the types that came with the data.",
        state=stage_state(inputs),
        numbers=(
            Number("Subjects", integer(subject.nunique())),
            Number("ROIs", integer(table[k.SAMPLE].nunique())),
            Number("Cells in", integer(len(table))),
            Number("Cells with a type", integer(typed), percent(typed / len(table)) if len(table) else ""),
            Number(
                "Cell types",
                integer(known),
                f"from {plural(len(clusters), 'cluster')}" if len(clusters) else "given by the data",
            ),
        ),
        findings=_findings(table, clusters),
        sections=(
            Section("Cell types", _types(inputs, table, palette)),
            Section("Maps", _maps(inputs, table, palette)),
            Section("Markers", _markers(means, clusters)),
            Section("Clusters", _clusters(clusters)),
            *evidence.sections(inputs, palette, len(table)),
            Section("Composition of every ROI", _per_roi(inputs, table, palette)),
        ),
        method=evidence.method(inputs),
        citations=(
            "Levine et al. 2015, Cell 162:184 (PhenoGraph)",
            "Traag, Waltman & van Eck 2019, Sci Rep 9:5233 (Leiden)",
            "van Maldegem et al. 2021, Nat Commun 12:5906 (normalisation by a reference channel)",
            "Wolf, Angerer & Theis 2018, Genome Biol 19:15 (scanpy)",
        ),
    )


def shares(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """`<by>, cell_type, n, share`: every type in every row of `by`, in the order of `table`."""
    counts = table.groupby([*by, k.CELL_TYPE], sort=False).size().rename("n").reset_index()
    rows = table[by].drop_duplicates()
    full = rows.merge(pd.DataFrame({k.CELL_TYPE: sorted(set(table[k.CELL_TYPE]))}), how="cross")
    full = full.merge(counts, on=[*by, k.CELL_TYPE], how="left").fillna({"n": 0}).astype({"n": int})
    full["share"] = full["n"] / full.groupby(by, sort=False)["n"].transform("sum").clip(lower=1)
    return full


def _with_rows(inputs: Inputs, table: pd.DataFrame) -> pd.DataFrame:
    """Type of each cell with subject and group, in the order of the figures."""
    rows = inputs.rows.assign(_at=range(len(inputs.rows)))
    merged = table[[k.SAMPLE, k.CELL_TYPE]].merge(rows, on=k.SAMPLE, how="inner")
    return merged.sort_values("_at", kind="stable").drop(columns="_at")


def _findings(table: pd.DataFrame, clusters: pd.DataFrame) -> list[str]:
    if table.empty:
        return ["No cell has come this far."]
    part = table[k.CELL_TYPE].value_counts(normalize=True).sort_index().sort_values(ascending=False, kind="stable")
    named = part[part.index != k.UNCLASSIFIED]
    origin = f" from {plural(len(clusters), 'cluster')}" if len(clusters) else ""
    found = [f"{integer(len(table))} cells have {plural(len(named), 'type')}{origin}."]
    found.append("Commonest: " + listed([f"{name} ({percent(s)})" for name, s in named.head(4).items()], 9) + ".")
    rare = named[named < 0.01]
    if len(rare):
        found.append(f"Below 1 % of cells: {listed([f'{name} ({percent(s)})' for name, s in rare.items()])}.")
    unclassified = float(part.get(k.UNCLASSIFIED, 0.0))
    none = f"No cell is {k.UNCLASSIFIED}."
    found.append(f"{percent(unclassified)} of cells are {k.UNCLASSIFIED}." if unclassified else none)
    lead = (clusters["score"] - clusters["runner_up_score"]).dropna()
    if len(lead):
        row = clusters.loc[[lead.idxmin()]].iloc[0]
        found.append(
            f"The least certain cluster is {row[k.CLUSTER]}: {row[k.CELL_TYPE]} scores {number(row['score'])}, "
            f"{row['runner_up'] or 'the next'} {number(row['runner_up_score'])}."
        )
    return found


def _types(inputs: Inputs, table: pd.DataFrame, palette: Mapping[str, str]) -> list[Block]:
    if table.empty:
        return [Notice("There is no cell.")]
    by_cell = _with_rows(inputs, table)
    per_subject = shares(by_cell, [k.SUBJECT, "group"])
    charts = [
        figures.composition(per_subject, k.SUBJECT, palette, "subject"),
        figures.type_shares(per_subject, inputs.group_column),
    ]
    if inputs.group_column is not None:
        charts.insert(1, figures.composition(shares(by_cell, ["group"]), "group", palette, inputs.group_column))
    subject = table[k.SAMPLE].map(inputs.subject_of)
    per_type = table.assign(_subject=subject).groupby(k.CELL_TYPE, sort=True)
    summary = per_type.agg(
        n=(k.CELL_ID, "size"),
        clusters=(k.CLUSTER, "nunique"),
        rois=(k.SAMPLE, "nunique"),
        subjects=("_subject", "nunique"),
        confidence=(k.CONFIDENCE, "median"),
    ).reset_index()
    summary.insert(2, "share", summary["n"] / len(table))
    summary = summary.sort_values("n", ascending=False, kind="stable")
    return [*(c for c in charts if c is not None), Table("types", "Every cell type.", TYPE_COLUMNS, summary)]


def _maps(inputs: Inputs, table: pd.DataFrame, palette: Mapping[str, str]) -> list[Block]:
    if len(table) and table[k.X_UM].isna().all():
        return [Notice("The cells came without coordinates, so there is no map.")]
    table = table[table[k.X_UM].notna()] if table[k.X_UM].isna().any() else table
    here = inputs.rows[inputs.rows[k.SAMPLE].isin(set(table[k.SAMPLE]))]
    asked = here.groupby(k.SUBJECT, sort=False).head(inputs.config.maps_per_subject)
    chosen = by_turns(asked, inputs.config.max_maps)
    if chosen.empty:
        return [Notice("No map was asked for, or no cell is there to be drawn.")]
    by_sample = dict(tuple(table[table[k.SAMPLE].isin(chosen[k.SAMPLE])].groupby(k.SAMPLE, sort=False)))
    types = sorted(palette, key=lambda name: (name == k.UNCLASSIFIED, name))
    options: dict[str, Any] = {"most": inputs.config.max_map_cells, "size": inputs.config.point_size}
    maps = [
        (
            " · ".join(filter(None, (row[k.SAMPLE], row["group"]))),
            figures.type_map(by_sample[row[k.SAMPLE]], row[k.SAMPLE], types, palette, **options),
        )
        for row in chosen.to_dict("records")
    ]
    many = inputs.config.maps_per_subject
    said = f"The first {'ROI' if many == 1 else plural(many, 'ROI')} of each subject in the sheet."
    said += not_all(len(chosen), len(asked))
    return [Text(said), Chooser("maps", "ROI", maps)]


def _markers(means: pd.DataFrame, clusters: pd.DataFrame) -> list[Block]:
    if means.empty:
        return [Notice("These data have no markers: the types came with them.")]
    names = {row[k.CLUSTER]: f"{row[k.CLUSTER]} · {row[k.CELL_TYPE]}" for row in clusters.to_dict("records")}
    charts = [figures.marker_heatmap(means, k.CELL_TYPE, {})]
    charts += [figures.marker_heatmap(means, k.CLUSTER, names)] if len(clusters) else []
    return [chart for chart in charts if chart is not None]


def _clusters(clusters: pd.DataFrame) -> list[Block]:
    if clusters.empty:
        return [Notice("Nothing was clustered: the types came with the data.")]
    rows = clusters.assign(
        share=clusters[k.N] / max(int(clusters[k.N].sum()), 1), lead=clusters["score"] - clusters["runner_up_score"]
    ).sort_values(k.N, ascending=False, kind="stable")
    rows["look"] = [_look({str(name): value for name, value in row.items()}) for row in rows.to_dict("records")]
    doubtful = rows[rows["look"] != ""]
    blocks: list[Block] = [
        Table("clusters", "A score near the runner-up's means that the markers do not decide.", COLUMNS, rows)
    ]
    if len(doubtful):
        caption = "Clusters that need a person's eye, and why."
        blocks.append(Table("clusters_to_look_at", caption, LOOK_COLUMNS, doubtful))
    else:
        blocks.append(Text("No cluster needs a person's eye: every type leads, and markers and cells agree with it."))
    caption = (
        "Cluster → type, to edit: download the CSV, change `cell_type`, and name the file in `cluster.type_table` with "
        "`cluster.typing: table`. The numbers of clusters hold as long as data, seed and clustering stay the same."
    )
    columns = (Column(k.CLUSTER, "Cluster"), Column(k.CELL_TYPE, "Cell type"), Column(k.N, "Cells", "int"))
    blocks.append(Table("cluster_types", caption, columns, rows[[k.CLUSTER, k.CELL_TYPE, k.N]]))
    return blocks


def _look(row: Mapping[str, Any]) -> str:
    """Why a person should look at a cluster; nothing where there is no reason."""
    reasons = []
    if row[k.CELL_TYPE] == k.UNCLASSIFIED:
        reasons.append(f"no signature fits; {row['runner_up'] or 'the best'} scores {number(row['runner_up_score'])}")
    elif row["lead"] < CLOSE_CALL and row["runner_up"] != row[k.CELL_TYPE]:
        reasons.append(f"{row['runner_up']} is almost as likely")
    if row["agreement"] < LITTLE_AGREEMENT:
        reasons.append(f"only {percent(row['agreement'])} of its cells show the type by themselves")
    if row["conflicts"]:
        reasons.append(str(row["conflicts"]))
    return "; ".join(reasons)


def _per_roi(inputs: Inputs, table: pd.DataFrame, palette: Mapping[str, str]) -> list[Block]:
    if table.empty:
        return [Notice("There is no cell.")]
    figure = figures.composition(shares(_with_rows(inputs, table), [k.SAMPLE]), k.SAMPLE, palette, "ROI")
    return [figure] if figure is not None else []


def method(inputs: Inputs) -> list[str]:
    """What was done, in paragraphs for a paper."""
    return evidence.method(inputs)
