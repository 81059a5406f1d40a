"""What the types of the cluster report rest on: gates, stability, batches, other ways of typing, UMAP, the method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from tumint import keys as k
from tumint.io import contracts
from tumint.report.cluster import charts
from tumint.report.engine.inputs import Inputs
from tumint.report.engine.page import Block, Chooser, Column, Notice, Section, Table, Text
from tumint.text import number, percent, plural, setting

GATE_COLUMNS = (
    Column("marker", "Marker"),
    Column("gate", "Gate", "number", "normalised value from which a cell is positive"),
    Column("gating", "By"),
    Column("separation", "Separation", "number", "of the two parts, in standard deviations; below 2 there is none"),
    Column("share", "Positive", "percent", "of all cells"),
)
MIXING_COLUMNS = (
    Column("stage", "Integration"),
    Column("entropy", "Mixing", "number", "entropy of batches among neighbours, against that of all cells; 1: mixed"),
    Column("lisi", "Batches around a cell", "number", "effective number among its neighbours"),
    Column("n_batches", "Batches in all", "int", "the ROIs, where no column of the sheet names batches"),
    Column("silhouette", "Types apart", "number", "silhouette of the types, from −1 to 1"),
)
MORAN_COLUMNS = (
    Column(k.SAMPLE, "ROI"),
    Column("marker", "Marker"),
    Column("I", "Moran's I", "number"),
    Column("q", "q", "p"),
)
PAIR_COLUMNS = (
    Column(k.SOURCE, "From"),
    Column(k.TARGET, "To"),
    Column("ligand", "Ligand"),
    Column("receptor", "Receptor"),
    Column("mean", "Mean", "number"),
    Column("q", "q", "p"),
)
_SEPARATED = 2.0  # Ashman's D
_LOST = 0.05  # of the silhouette, after integration
_ROWS = 200


def sections(inputs: Inputs, palette: Mapping[str, str], n_cells: int) -> list[Section]:
    """The sections that there are data for."""
    found = [
        Section("UMAP", _umap(inputs, palette, n_cells)),
        Section("States and gates", _states(inputs, palette)),
        Section("How many clusters", _stability(inputs)),
        Section("Mixing", _mixing(inputs)),
        Section("Ways of typing", _confusion(inputs)),
        Section("Where markers lie", _moran(inputs)),
        Section("Ligands and receptors", _pairs(inputs)),
    ]
    return [section for section in found if section.blocks]


def _umap(inputs: Inputs, palette: Mapping[str, str], n_cells: int) -> list[Block]:
    figure = charts.umap(inputs.table("cluster/umap.parquet", contracts.UMAP, optional=True), palette, n_cells)
    return [figure] if figure is not None else []


def _states(inputs: Inputs, palette: Mapping[str, str]) -> list[Block]:
    gates = inputs.table("cluster/gates.parquet", contracts.GATES, optional=True)
    states = inputs.table("cluster/states.parquet", contracts.STATES, optional=True)
    ridges = inputs.table("cluster/ridges.parquet", contracts.RIDGES, optional=True)
    blocks: list[Block] = []
    if len(states):
        total = states.groupby("marker", sort=False)[["positive", k.N]].sum()
        rows = gates.assign(share=gates["marker"].map(total["positive"] / total[k.N]))
        figure = charts.positive(states)
        blocks += [figure] if figure is not None else []
        blocks.append(Table("gates", "Where positive cells begin.", GATE_COLUMNS, rows))
        unsure = rows[(rows["gating"] == "mixture") & ~(rows["separation"] >= _SEPARATED)]
        if len(unsure):
            listed = ", ".join(unsure["marker"])
            blocks.append(
                Notice(f"The values of {listed} do not fall into two parts: set a gate in `cluster.states.gates`.")
            )
    at = dict(zip(gates["marker"], gates["gate"], strict=True))
    names = [*at, *(m for m in dict.fromkeys(ridges["marker"]) if m not in at)]
    drawn = [(name, charts.ridges(ridges, name, at.get(name), palette)) for name in names]
    shown = [(name, figure) for name, figure in drawn if figure is not None]
    return [*blocks, Chooser("ridges", "Marker", shown)] if shown else blocks


def _stability(inputs: Inputs) -> list[Block]:
    table = inputs.table("cluster/sweep.parquet", contracts.SWEEP, optional=True)
    if table.empty:
        return []
    meta = inputs.metas.get("cluster", {})
    used = (meta.get("params", {}).get("cluster") or {}).get("resolution")
    used = meta.get("notes", {}).get("resolution") if used == "auto" else used
    figure = charts.stability(table, used)
    best = table[table["recommended"]].iloc[0]
    many = plural(int(best["clusters"]), "cluster")
    said = f"Recommended: resolution {setting(best['resolution'])} ({many}), {best['why']}."
    return [Text(said), *([figure] if figure is not None else [])]


def _mixing(inputs: Inputs) -> list[Block]:
    table = inputs.table("cluster/mixing.parquet", contracts.MIXING, optional=True)
    if table.empty or int(table["n_batches"].max()) < 2:
        return []
    of = _batches_are(inputs)
    shown = Table("mixing", f"How well {of} mix, and how well types keep apart.", MIXING_COLUMNS, table)
    entropy, apart = (dict(zip(table["stage"], table[c].astype(float), strict=True)) for c in ("entropy", "silhouette"))
    if "after" not in entropy:
        return [Text(f"Nothing was integrated; {of} are {percent(entropy['before'])} mixed among neighbours."), shown]
    mixed = f"Mixing went from {number(entropy['before'])} to {number(entropy['after'])}"
    said = f"{mixed}, the silhouette of the types from {number(apart['before'])} to {number(apart['after'])}."
    lost = apart["before"] - apart["after"] > _LOST
    warned = [Notice("Types keep apart less than before: integration may have taken out biology.")] if lost else []
    return [Text(said), *warned, shown]


def _batches_are(inputs: Inputs) -> str:
    """What mixing is measured between: the column of batches that the config names, else the ROIs."""
    settings = inputs.metas.get("cluster", {}).get("params", {}).get("cluster") or {}
    column = (settings.get("integrate") or {}).get("batch")
    return "ROIs" if column in (None, k.SAMPLE) else f"levels of `{column}`"


def _confusion(inputs: Inputs) -> list[Block]:
    table = inputs.table("cluster/confusion.parquet", contracts.CONFUSION, optional=True)
    parts = [part for _, part in table.groupby("other_method", sort=False)] if len(table) else []
    figures = [(part["other_method"].iloc[0], charts.confusion(part)) for part in parts]
    shown = [(name, figure) for name, figure in figures if figure is not None]
    return [Chooser("confusion", "Against", shown)] if shown else []


def _moran(inputs: Inputs) -> list[Block]:
    table = inputs.table("cluster/moran.parquet", contracts.MORAN, optional=True)
    caption = "Moran's I: above 0 where cells with much of the marker lie near each other."
    return [Table("moran", caption, MORAN_COLUMNS, table)] if len(table) else []


def _pairs(inputs: Inputs) -> list[Block]:
    table = inputs.table("cluster/ligand_receptor.parquet", contracts.LIGAND_RECEPTOR, optional=True)
    if table.empty:
        return []
    rows: pd.DataFrame = table.sort_values(["q", "mean"], ascending=[True, False], kind="stable").head(_ROWS)
    caption = f"Mean expression of ligand and receptor against permuted types; the first {len(rows)} of {len(table)}."
    return [Table("ligand_receptor", caption, PAIR_COLUMNS, rows)]


def method(inputs: Inputs) -> list[str]:
    """How the cells were clustered and typed, in sentences."""
    params = inputs.metas.get("cluster", {}).get("params", {})
    settings: dict[str, Any] = dict(params.get("cluster") or {})
    typing = settings.get("typing")
    joined = "".join(f" {text}." for text in inputs.metas.get("cluster", {}).get("notes", {}).get("types_from", []))
    if typing == "provided" and joined:
        return [f"The types are those of a table of the user's own.{joined}"]
    if typing == "provided":
        return ["The data brought a type for every cell; nothing was clustered."]
    normalise = settings.get("normalise") or {}
    cofactor = setting(normalise.get("cofactor", 5))
    how = {
        "reference": "Each intensity was divided by its ROI's median of the reference channel; each marker was scaled "
        f"by the {setting(normalise.get('percentile', 99))}th percentile of its signal over the cohort.",
        "arcsinh": f"Intensities were transformed by arcsinh(x / {cofactor}).",
        "zscore": f"Intensities were transformed by arcsinh(x / {cofactor}) and standardised per marker and ROI.",
        "gate": "The logarithm of each marker was rescaled per ROI so that two gaussians fitted to it cross at 0.5.",
        "log": "Transcripts were scaled to the same total per cell, and log(1 + x) was taken.",
        "none": "Intensities were taken as they are.",
    }.get(str(normalise.get("method")), "")
    if normalise.get("compensation"):
        how = f"Spillover was taken out by {normalise['compensation']}. {how}"
    batch = settings.get("integrate") or {}
    over = {
        "harmony": f" Batches ({batch.get('batch')}) were integrated by Harmony.",
        "centre": f" The mean of each batch ({batch.get('batch')}) was taken out.",
    }.get(str(batch.get("method")), "")
    points = (
        "Principal components of the most variable genes"
        if normalise.get("method") == "log"
        else "Markers that define types"
    )
    many, resolution = settings.get("n_neighbours"), settings.get("resolution", "as given")
    neighbours = f"{many} nearest" if many else "nearest"
    cut = (
        f"were joined into a graph of each cell's {neighbours} neighbours over the whole cohort, which was cut "
        f"into clusters by the Leiden algorithm at resolution {resolution}."
        if settings.get("method") != "flowsom"
        else f"were summarised by prototypes, which average linkage joined into {settings.get('n_clusters')} clusters."
    )
    part = inputs.metas.get("cluster", {}).get("notes", {}).get("sketch")
    said = [f"{how}{over} {points} {cut}{f' {part}.' if part else ''}"]
    if typing == "table":
        table = settings.get("type_table") or settings.get("types_from")
        said.append(f"Each cluster got the type that {table} gives it.{joined}")
    elif typing == "transfer":
        said.append("Each cell got the type that most of its nearest cells of the annotated reference have.")
    else:
        said.append(
            "Each cluster got the type whose signature it fits best: markers it should show against markers it should "
            f"lack. Below a score of {settings.get('min_score', 'the least')} a cluster is `{k.UNCLASSIFIED}`."
        )
    return said
