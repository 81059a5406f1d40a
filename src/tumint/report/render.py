"""`tumint report`: reads the tables of a stage, writes its figures, their tables and one self-contained HTML."""

from __future__ import annotations

import base64
import importlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from tumint import __version__
from tumint.charts import Cells, Chart
from tumint.config.model import StageParams
from tumint.io.atomic import write_text
from tumint.io.tables import neutralise, write_csv
from tumint.provenance import run_metadata
from tumint.report import formats, interactive, runs
from tumint.report.inline import inline
from tumint.report.inputs import Inputs
from tumint.report.page import Chooser, Download, Finding, Items, Notice, Page, Section, Table, Text
from tumint.style import Figure, file_name, svg

_SAID = ("python", "numpy", "scipy", "pandas", "scanpy", "leidenalg")  # versions that a methods section names
RANDOM = ("qc", "cluster", "neighbourhood", "response")
STAGES = ("ingest", "qc", "cluster", "neighbourhood", "response")
NAMES = {"index": "Overview", "qc": "Quality control"}
TEMPLATES = Path(__file__).parent / "templates"
SCRIPTS = ("live.js", "page.js")
MAX_PAGE_BYTES = 7_500_000  # of figures and tables; what comes after is written beside the page only
MAX_ROWS = 1000  # of a table, in the page; its CSV holds all
MAX_CSV_BYTES = 600_000  # of one table inside the page


def run(stage: str, params: StageParams, results: Path, sheet: Path, out: Path) -> None:
    """Write the report of `stage` (or `index`) to `out`, its figures and tables to `<results>/figures/<stage>`.

    Raises
    ------
    TumintError
        The sheet or a table is wrong. A table that is not there is no error: the page says so.
    """
    inputs = Inputs.load(params, results, sheet)
    if stage == "index":
        summary = runs.summarise(inputs)
        # what is not whole yet is no run that a later one is compared with
        inputs.previous = None if inputs.missing else runs.record(inputs.results, summary)
    page: Page = importlib.import_module(f"tumint.report.pages.{stage}").build(inputs)
    files = Files(Path(results) / "figures" / stage)
    if stage != "index":
        files.clear()
    write_text(out, html(page, inputs, files))


def against(other: Path, results: Path, out: Path) -> None:
    """Write what differs between the newest runs in two folders of results, to `out`.

    Raises
    ------
    DataError
        One of the folders has no run that can be read.
    """
    before, after = runs.newest(Path(other)), runs.newest(Path(results))
    page = importlib.import_module("tumint.report.pages.against").page(before, after)
    params = StageParams(**{name: after[name] for name in ("cohort", "title", "source", "simulated")})
    inputs = Inputs(params, Path(results), pd.DataFrame())
    files = Files(Path(results) / "figures" / "against")
    files.clear()
    write_text(out, html(page, inputs, files))


@dataclass
class Link:
    """The address of a download, empty where the file is beside the page only."""

    address: str


@dataclass
class Files:
    """The folder of a stage's figures, and how much of the page they have filled so far."""

    folder: Path
    used: int = 0
    names: set[str] = field(default_factory=set)
    links: list[Link] = field(default_factory=list)
    live: set[str] = field(default_factory=set)  # kinds of the live figures on the page
    ids: dict[str, str] = field(default_factory=dict)  # name of a figure or table → its id on the page

    def clear(self) -> None:
        """Make the folder, without figures of an earlier report."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in (*self.folder.glob("*.svg"), *self.folder.glob("*.csv")):
            old.unlink()

    def unique(self, name: str) -> str:
        """`name` as a file name that was not given yet, whatever the case of its letters."""
        stem = safe = file_name(name)
        number = 2
        while safe.lower() in self.names:
            safe, number = f"{stem}_{number}", number + 1
        self.names.add(safe.lower())
        self.ids.setdefault(name, safe)
        return safe

    def later(self, link: str) -> Link:
        """A link that goes into the page if there is room for it when all figures are in."""
        self.links.append(Link(link))
        return self.links[-1]

    def fill(self) -> None:
        """Take the links that still fit, the shortest first."""
        for link in sorted(self.links, key=lambda link: len(link.address)):
            if not self.fits(len(link.address)):
                link.address = ""

    def fits(self, size: int) -> bool:
        """Whether the page has room for `size` more bytes; if so they are taken."""
        if self.used + size > MAX_PAGE_BYTES:
            return False
        self.used += size
        return True


def html(page: Page, inputs: Inputs, files: Files) -> str:
    """The text of the page; figures and tables are written to `files` on the way."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.lstrip_blocks = True
    environment.filters["said"] = said
    script = "".join(['"use strict";\n', *((TEMPLATES / name).read_text(encoding="utf-8") for name in SCRIPTS)])
    sections = [_section(section, number, files) for number, section in enumerate(page.sections, start=1)]
    files.fill()
    rendered: str = environment.get_template("page.html.j2").render(
        page=page,
        findings=[_finding(finding, files) for finding in page.findings],
        sections=sections,
        params=inputs.params,
        names={stage: NAMES.get(stage, stage.capitalize()) for stage in ("index", *STAGES)},
        provenance=_provenance(page, inputs),
        missing=inputs.missing,
        css=Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")),
        script=Markup(script),
        plotly=Markup(interactive.packed()) if files.live else "",
        scripts=Markup(interactive.allowed(script, live=bool(files.live), cells="cells" in files.live)),
        version=__version__,
    )
    return rendered


def said(text: str) -> Markup:
    """A sentence for HTML: escaped, and what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _finding(finding: str | Finding, files: Files) -> dict[str, str]:
    """A sentence with the address of what shows it, where that is there."""
    if isinstance(finding, str):
        return {"text": finding, "href": "", "label": ""}
    here = files.ids.get(finding.figure)
    there = f"{finding.page}.html#{file_name(finding.figure)}" if finding.page and finding.figure else ""
    return {"text": finding.text, "href": f"#{here}" if here and not finding.page else there, "label": finding.label}


def _section(section: Section, number: int, files: Files) -> dict[str, Any]:
    blocks = [view for block in section.blocks for view in _views(block, files)]
    return {"id": f"section-{number}", "title": section.title, "fold": section.fold, "blocks": blocks}


def _views(block: Any, files: Files) -> list[dict[str, Any]]:
    """A block as the template takes it."""
    match block:
        case Text(text):
            return [{"kind": "text", "text": text}]
        case Notice(text):
            return [{"kind": "notice", "text": text}]
        case Items(items, title):
            return [{"kind": "items", "items": items, "title": title}]
        case Figure():
            return [_figure(block, files)]
        case Chooser(name, label, figures):
            views = [{**_figure(figure, files), "label": text} for text, figure in figures]
            return [{"kind": "chooser", "name": file_name(name), "label": label, "figures": views}] if views else []
        case Table():
            return [_table(block, files)]
        case Download(name, label, text):
            encoded = base64.b64encode(text.encode()).decode("ascii")
            return [{"kind": "download", "name": name, "label": label, "href": f"data:text/yaml;base64,{encoded}"}]
    raise TypeError(f"no view of {type(block).__name__}")


def _figure(figure: Figure, files: Files) -> dict[str, Any]:
    name = files.unique(figure.name)
    text = svg(figure.drawing)
    write_text(files.folder / f"{name}.svg", text)
    write_csv(figure.table, files.folder / f"{name}.csv")
    drawing = inline(Figure(name, figure.title, figure.reading, figure.table, figure.drawing, figure.themed), text)
    fits = files.fits(len(drawing.encode()))
    return {
        "kind": "figure",
        "name": name,
        "title": figure.title,
        "reading": figure.reading,
        "svg": drawing if fits else None,
        "live": _live(figure, files) if fits else None,
        "csv": files.later(_csv_link(figure.table)),
        "file": f"figures/{files.folder.name}/{name}",
    }


def _live(figure: Figure, files: Files) -> dict[str, Any] | None:
    """The figure as the page draws it live; None where it was drawn by hand, or the page is full."""
    if figure.chart is None:
        return None
    text = interactive.data_block(figure.chart)
    if not files.fits(len(text.encode()) + (0 if files.live else len(interactive.packed()))):
        return None
    what = "cells" if _has_cells(figure.chart) else "chart"
    files.live.add(what)
    wide = 980 if what == "cells" else round(figure.chart.width * 96)
    legend = figure.chart.legend_title or "show"
    return {"spec": Markup(text), "what": what, "legend": legend, "width": wide, "themed": figure.themed}


def _has_cells(chart: Chart) -> bool:
    return any(isinstance(layer, Cells) for panel in chart.panels for layer in panel.layers)


def _table(table: Table, files: Files) -> dict[str, Any]:
    name = files.unique(table.name)
    if files.folder.name != "index":
        write_csv(table.frame, files.folder / f"{name}.csv")
    rows = []
    for record in table.frame.head(MAX_ROWS).to_dict("records"):
        row = []
        for column in table.columns:
            value = record.get(column.key)
            numeric = column.kind not in ("text", "mono", "light")
            order = float(value) if numeric and value is not None and not formats.is_missing(value) else None
            row.append({"text": formats.cell(value, column.kind), "order": order, "kind": column.kind})
        rows.append(row)
    return {
        "kind": "table",
        "name": name,
        "caption": table.caption,
        "columns": table.columns,
        "rows": rows,
        "more": len(table.frame) if len(table.frame) > MAX_ROWS else 0,
        "csv": files.later(_csv_link(table.frame)),
        "file": f"figures/{files.folder.name}/{name}",
    }


def _csv_link(table: pd.DataFrame) -> str:
    """The table as a link that downloads it; empty where it is too large to travel in a page."""
    if table.memory_usage(index=False).sum() > 20 * MAX_CSV_BYTES:
        return ""
    safe = table.copy()
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column].dtype):
            safe[column] = safe[column].map(neutralise)
    text = safe.to_csv(index=False, lineterminator="\n")
    encoded = base64.b64encode(text.encode()).decode("ascii")
    return "" if len(encoded) > MAX_CSV_BYTES else f"data:text/csv;charset=utf-8;base64,{encoded}"


def _provenance(page: Page, inputs: Inputs) -> dict[str, Any]:
    """What ran: parameters as YAML, versions, seed, digests of code and inputs."""
    mine = {page.stage: inputs.metas.get(page.stage, {})} if page.stage != "index" else inputs.metas
    report = run_metadata(f"report_{page.stage}", {})
    # said once, where a stage ran with the versions of this page
    versions = {s: m.get("versions", {}) if m.get("versions") != report["versions"] else {} for s, m in mine.items()}
    return {
        "stages": [
            {
                "stage": stage,
                "tumint": meta.get("tumint", "not recorded"),
                "code": meta.get("code", "not recorded"),
                "seed": _seed(stage, meta.get("params", {})),
                "parameters": _yaml(meta.get("params", {})),
                "versions": versions[stage],
            }
            for stage, meta in mine.items()
            if meta
        ],
        "report": {
            "code": report["code"],
            "versions": report["versions"],
            "parameters": _yaml({"report": inputs.config.model_dump(mode="json")}),
        },
        "hashes": inputs.hashes,
        "sentence": _sentence(mine, report),
    }


def _sentence(metas: Mapping[str, Mapping[str, Any]], report: Mapping[str, Any]) -> str:
    """Program, versions and seed, as the last sentence of a methods section."""
    used = next(iter(metas.values()), report)
    versions = used.get("versions", report["versions"])
    named = [f"{name} {versions[name]}" for name in _SAID if name in versions]
    given = [meta.get("params", {}) for stage, meta in metas.items() if stage in RANDOM]
    seeds = sorted({str(params["seed"]) for params in given if "seed" in params})
    seed = f"; seed {', '.join(seeds)}" if seeds else ""
    return f"Computed with tumint {used.get('tumint', __version__)} ({', '.join(named)}{seed})."


def _seed(stage: str, params: Mapping[str, Any]) -> str:
    return str(params["seed"]) if "seed" in params and stage in RANDOM else "none: nothing in this stage is random"


def _yaml(values: Mapping[str, Any]) -> str:
    plain = json.loads(json.dumps(dict(values)))
    return str(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)) if plain else ""
