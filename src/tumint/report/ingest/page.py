"""The report of ingest: every raw file, what was read from it, and what was not there."""

from __future__ import annotations

from typing import Any

import pandas as pd

from tumint import keys as k
from tumint.io import contracts
from tumint.report.engine.inputs import Inputs
from tumint.report.engine.page import Block, Column, Light, Notice, Number, Page, Passed, Section, State, Table, state
from tumint.report.ingest import figures
from tumint.report.ingest.domains import domain_counts
from tumint.text import all_were, integer, listed, plural

COLUMNS = (
    Column(k.SAMPLE, "ROI"),
    Column(k.SUBJECT, "Subject"),
    Column(k.STATUS, "Status", "light"),
    Column("n_cells", "Cells", "int"),
    Column("n_edges", "Edges of the source", "int", "directed; 0: the source has no neighbours"),
    Column(k.PIXEL_SIZE_UM, "Pixel (µm)", "number"),
    Column("missing_markers", "Markers not there"),
    Column("n_outside", "Outside the image", "int", "cells whose centre lies below 0 or beyond the image"),
    Column("n_no_place", "Without a place", "int", "cells without coordinates, which quality control drops"),
    Column("n_coincident", "Coincident", "int", "cells exactly where an earlier one lies"),
    Column("n_id_gaps", "Ids skipped", "int", "ids between the first and the last that no cell has"),
    Column(
        "n_several_masks",
        "In several masks",
        "int",
        "the first of structural, interface, tumour, normal, then others by name, counts",
    ),
    Column("unread", "Recognised, not read", hint="columns named as types, flags or tissues are"),
    Column("notes", "Notes"),
    Column(k.REASON, "Reason"),
    Column("file", "File"),
    Column(k.PART, "Part of the file"),
    Column("bytes", "Bytes", "int"),
    Column("sha256", "SHA-256", "mono"),
)
# shown only where they say something
SOMETIMES = ("n_outside", "n_no_place", "n_coincident", "n_id_gaps", "n_several_masks", "unread", "notes", k.PART)
_CELLPROFILER = "Carpenter et al. 2006, Genome Biol 7:R100 (CellProfiler)"
CITATIONS = {
    "cellprofiler": (_CELLPROFILER, "van Maldegem et al. 2021, Nat Commun 12:5906 (imcyto; mouse lung imaging)"),
    "cellprofiler_folder": (_CELLPROFILER, "Windhager et al. 2023, Nat Protoc 18:3565 (ImcSegmentationPipeline)"),
    "steinbock": ("Windhager et al. 2023, Nat Protoc 18:3565 (steinbock)",),
    "mcmicro": ("Schapiro et al. 2022, Nat Methods 19:311 (MCMICRO)",),
    "qupath": ("Bankhead et al. 2017, Sci Rep 7:16878 (QuPath)",),
    "spatialdata": ("Marconato et al. 2025, Nat Methods 22:58 (SpatialData)",),
}


def samples(inputs: Inputs) -> pd.DataFrame:
    """The table of samples."""
    return inputs.table("ingest/{batch}.samples.parquet", contracts.SAMPLES)


def stage_state(inputs: Inputs) -> State:
    """How ingest went."""
    table = samples(inputs)
    reasons: list[tuple[Light, str]] = []
    for row in table[table[k.STATUS] != "ok"].to_dict("records"):
        light: Light = "amber" if row[k.STATUS] == "empty" else "red"
        reasons.append((light, f"{row[k.SAMPLE]} is {row[k.STATUS]}" + (f": {row[k.REASON]}" if row[k.REASON] else "")))
    lacking = table[(table["missing_markers"] != "") & (table[k.STATUS] == "ok")]
    if len(lacking):
        markers = sorted({m for names in lacking["missing_markers"] for m in names.split(";")})
        where = listed(list(lacking[k.SAMPLE]))
        reasons.append(("amber", f"{plural(len(lacking), 'ROI')} without {listed(markers)}: {where}"))
    reasons += _odd(table)
    unread = [name for name in inputs.samples if name not in set(table[k.SAMPLE])]
    if unread:
        reasons.append(("red", f"{plural(len(unread), 'ROI')} of the sheet in no table: {listed(unread)}"))
    return state(reasons, f"{all_were(len(table), 'ROI of the sheet', 'ROIs of the sheet', 'read')}.")


def _odd(table: pd.DataFrame) -> list[tuple[Light, str]]:
    """Cells that lie outside their image, and what the readers had to say."""
    found: list[tuple[Light, str]] = []
    if "n_outside" in table and (outside := table[table["n_outside"] > 0])[k.SAMPLE].size:
        cells, rois = integer(outside["n_outside"].sum()), plural(len(outside), "ROI")
        found.append(("amber", f"{cells} cells outside the image in {rois}: {listed(list(outside[k.SAMPLE]))}"))
    for row in table[table["notes"] != ""].to_dict("records") if "notes" in table else ():
        found.append(("amber", f"{row[k.SAMPLE]}: {row['notes']}"))
    return found


def _columns(shown: pd.DataFrame) -> tuple[Column, ...]:
    """Those of `COLUMNS` that the table has, and of `SOMETIMES` those that hold more than 0 and nothing."""
    silent = [name for name in SOMETIMES if name not in shown or shown[name].isin([0, ""]).all()]
    return tuple(column for column in COLUMNS if column.key not in silent)


def passed(inputs: Inputs) -> Passed:
    """What came out of the stage."""
    read = samples(inputs)
    return Passed(read.loc[read[k.STATUS] == "ok", k.SAMPLE], None, read["n_cells"].sum())


def build(inputs: Inputs) -> Page:
    """The page."""
    table = samples(inputs)
    rows = inputs.rows.merge(table, on=k.SAMPLE, how="inner")
    rows["file"] = [path.rsplit("/", 1)[-1] for path in rows[k.PATH]]
    shown = rows.drop(columns=["group", k.PATH])
    cells = int(table["n_cells"].sum())
    ok = int((table[k.STATUS] == "ok").sum())
    charts: list[Block] = [
        figure
        for figure in (
            figures.cells_per_roi(rows[[k.SAMPLE, k.SUBJECT, "group", "n_cells"]], inputs.group_column),
            figures.domain_shares(domain_counts(inputs)),
        )
        if figure is not None
    ]
    if len(charts) < 2 and cells:
        charts.append(Notice("No tissue domains came with these data: later stages treat each ROI as one tissue."))
    return Page(
        stage="ingest",
        title="Ingest",
        lead="Raw data of cells, read ROI by ROI, with coordinates in µm where cells have a place.",
        state=stage_state(inputs),
        numbers=(
            Number("Subjects", integer(rows[k.SUBJECT].nunique())),
            Number("ROIs read", integer(ok), f"of {integer(len(inputs.samples))} in the sheet"),
            Number("Cells", integer(cells)),
            Number("Markers", *_markers(inputs)),
        ),
        findings=_findings(table, cells, ok, inputs),
        sections=(
            Section("Cells and tissue", charts or [Notice("No cell was read, so there is nothing to draw.")]),
            Section(
                "Every ROI",
                [
                    Table(
                        "samples",
                        "One row per ROI of the sheet; the hash is of the raw file's bytes.",
                        _columns(shown),
                        shown,
                    )
                ],
            ),
        ),
        method=_method(inputs),
        citations=CITATIONS.get(str((_params(inputs).get("ingest") or {}).get("format")), ()),
    )


def _params(inputs: Inputs) -> dict[str, Any]:
    return dict(inputs.metas.get("ingest", {}).get("params", {}))


def _markers(inputs: Inputs) -> tuple[str, str]:
    panel = _params(inputs).get("panel") or {}
    names = [m for m in panel.get("markers", []) if m.get("use") != "ignore"]
    return (integer(len(names)), f"panel {panel.get('name', '')}") if names else ("0", "no panel: no intensities")


def _findings(table: pd.DataFrame, cells: int, ok: int, inputs: Inputs) -> list[str]:
    if table.empty:
        return ["Nothing has been read yet."]
    per = table.loc[table["n_cells"] > 0, "n_cells"]
    found = [f"{integer(cells)} cells were read from {plural(ok, 'ROI')} of {_subjects(table, inputs)}."]
    if len(per) > 1:
        names = list(table.loc[per.index, k.SAMPLE])
        found.append(
            f"ROIs hold a median of {integer(per.median())} cells, between {integer(per.min())} "
            f"({names[per.argmin()]}) and {integer(per.max())} ({names[per.argmax()]})."
        )
    with_edges = int((table["n_edges"] > 0).sum())
    if with_edges:
        found.append(
            f"{plural(with_edges, 'ROI')} came with the neighbours of each cell, from the source's segmentation."
        )
    if "has_coordinates" in table:
        nowhere = table[(table[k.STATUS] == "ok") & ~table["has_coordinates"].astype(bool)]
        if len(nowhere):
            found.append(
                f"No coordinates came with {plural(len(nowhere), 'sample')}: cells of dissociated tissue, which are "
                "counted and typed; nothing that needs a place is computed."
            )
    bad = table[table[k.STATUS] != "ok"]
    if len(bad):
        found.append(f"Left out of all that follows: {listed(list(bad[k.SAMPLE]))}.")
    return found


def _subjects(table: pd.DataFrame, inputs: Inputs) -> str:
    ok = table[table[k.STATUS] == "ok"]
    return plural(ok[k.SAMPLE].map(inputs.subject_of).nunique(), "subject")


_MISSING = {
    "error": "A sample that lacks a marker of the panel counts as one that cannot be read.",
    "intersect": "A marker that any sample lacks is left out of all.",
    "fill": "A marker that a sample lacks is 0 there after normalisation.",
}
_BAD = {
    "stop": "A sample that cannot be read stops the run.",
    "quarantine": "A sample that cannot be read is left out, and named in every report.",
}


def method(inputs: Inputs) -> list[str]:
    """What was done, in paragraphs for a paper."""
    return _method(inputs)


def _method(inputs: Inputs) -> list[str]:
    settings, table = _params(inputs).get("ingest") or {}, samples(inputs)
    placed = bool(table["has_coordinates"].any()) if "has_coordinates" in table else True
    checked = ["needed columns", "numbers where numbers are due", "unique cell ids"]
    checked += ["finite coordinates"] if placed else []
    said = [f"Each ROI's cells were read and checked: {listed(checked)}."]
    sizes = table[k.PIXEL_SIZE_UM].dropna()
    if placed and len(sizes) and (sizes != 1).any():
        said[0] += " Coordinates and areas were turned from pixels into µm and µm²."
    if not placed:
        said[0] += " The cells have no place in a tissue: nothing that needs one was computed."
    if "masks" in table and (table["masks"] != "").any():
        said[0] += (
            " A cell belongs to the tissue domain whose mask covers at least half of it; where masks overlap, "
            "structural goes before interface, tumour and normal, and these before others by name."
        )
    if settings:
        said.append(
            f"The files were read as `{settings.get('format')}`. {_MISSING[settings.get('missing_marker', 'error')]} "
            f"{_BAD[settings.get('on_bad_sample', 'stop')]}"
        )
    return said
