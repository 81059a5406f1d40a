"""`tumint report`: reads the tables of a stage, writes its figures, their tables and one self-contained HTML."""

from __future__ import annotations

import importlib
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tumint import __version__
from tumint.charts.still import drawing_style
from tumint.config.model import StageParams
from tumint.io.atomic import write_text
from tumint.report.engine import formats, interactive, rows, runs, views
from tumint.report.engine.added import with_added
from tumint.report.engine.files import SUMMARY_MM, Files, file_name
from tumint.report.engine.glossary import TERMS
from tumint.report.engine.inputs import Inputs
from tumint.report.engine.page import Page
from tumint.report.engine.ran import provenance
from tumint.stages import STAGES
from tumint.text import plural

TEMPLATES = Path(__file__).parent / "templates"
STYLES = ("page.css", "cells.css")
SCRIPTS = (
    *("looks.js", "maps.js", "live.js", "picture.js", "page.js", "find.js", "cells.js", "cellmap.js", "lasso.js"),
    *("tour.js", "sidebyside.js"),
)


def run(stage: str, params: StageParams, results: Path, sheet: Path, out: Path, *, overwrite: bool = False) -> None:
    """Write the report of `stage` (or `index`) to `out`, its figures and tables to `<results>/figures/<stage>`.

    `overwrite`: also where that folder holds drawings or tables that no report wrote, which go.

    Raises
    ------
    TumintError
        The sheet or a table is wrong, or the folder of figures holds what no report wrote. A table that is not there
        is no error: the page says so.
    """
    inputs = Inputs.load(params, results, sheet)
    if stage == "index":
        summary = runs.summarise(inputs)
        # what is not whole yet is no run that a later one is compared with
        inputs.previous = None if inputs.missing else runs.record(inputs.results, summary)
    page = with_added(importlib.import_module(f"tumint.report.{stage}.page").build(inputs), inputs)
    files = Files(Path(results) / "figures" / stage, note(params))
    files.clear(overwrite=overwrite)
    if stage == "index":
        onepage = importlib.import_module("tumint.report.index.onepage")
        page = onepage.with_summary(page, inputs, Path(out).parent)
    write_text(out, html(page, inputs, files))


def against(other: Path, results: Path, out: Path, *, overwrite: bool = False) -> None:
    """Write what differs between the newest runs in two folders of results, to `out`.

    Raises
    ------
    DataError
        One of the folders has no run that can be read, or that of the figures holds what no report wrote.
    """
    before, after = runs.newest(Path(other)), runs.newest(Path(results))
    page = importlib.import_module("tumint.report.index.against").page(before, after, Path(other), Path(results))
    params = StageParams(**{name: after[name] for name in ("cohort", "title", "source", "simulated")})
    inputs = Inputs(params, Path(results), pd.DataFrame())
    files = Files(Path(results) / "figures" / "against", note(params))
    files.clear(overwrite=overwrite)
    write_text(out, html(page, inputs, files))


def html(page: Page, inputs: Inputs, files: Files) -> str:
    """The text of the page; figures and tables are written to `files` on the way."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.lstrip_blocks = True
    environment.filters["said"] = formats.said
    environment.filters["rows"] = lambda count: plural(count, "row")
    script = "".join(['"use strict";\n', *((TEMPLATES / name).read_text(encoding="utf-8") for name in SCRIPTS)])
    with drawing_style():
        sections = [views.section(section, files) for section in page.sections]
    files.fill()
    rendered: str = environment.get_template("page.html.j2").render(
        page=page,
        findings=[views.finding(finding, files) for finding in page.findings],
        sections=sections,
        params=inputs.params,
        stem=file_name(inputs.params.cohort or "cohort"),
        names={"index": "Overview", **{name: stage.tab or name.capitalize() for name, stage in STAGES.items()}},
        provenance=provenance(page, inputs),
        missing=inputs.missing,
        glossary=TERMS,
        most_rows=rows.MAX_ROWS,
        widths=SUMMARY_MM,
        css=Markup("".join((TEMPLATES / name).read_text(encoding="utf-8") for name in STYLES)),
        script=Markup(script),
        plotly=Markup(interactive.plotly()) if files.live else "",
        scripts=Markup(interactive.allowed(script, live=bool(files.live), cells="cells" in files.live)),
        version=__version__,
    )
    return rendered


def note(params: StageParams) -> str:
    """Whose data a figure shows, for where it stands alone."""
    return " · ".join(filter(None, (params.cohort, "SIMULATED data" if params.simulated else "")))
