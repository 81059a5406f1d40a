"""Blocks of a page as its template takes them; figures and tables are written beside the page on the way."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from typing import Any

import pandas as pd
from markupsafe import Markup

from tumint.charts.model import Cells, Chart, Figure, Heat
from tumint.charts.still import draw, svg
from tumint.io.tables import csv_text
from tumint.report.engine import columns, interactive, rows
from tumint.report.engine.files import Files, Link, file_name
from tumint.report.engine.inline import inline, signed
from tumint.report.engine.page import Chooser, Column, Download, Finding, Items, Notice, Section, Table, Text, Widget

MAX_CSV_BYTES = 600_000  # of one table inside the page
PRINTED_ROWS = 30  # of a `short` table; `page.css` hides the others
LONG_TEXT = 40  # letters: a column that holds as many is not squeezed on a narrow page, where its rows grew tall
_HEAT_COLUMNS = 14  # names of more would lie on each other on a narrow page
PLAIN_BYTES = 6_000  # a longer table or figure is packed: a fifth of its size, but nothing without scripts


def finding(of: str | Finding, files: Files) -> dict[str, str]:
    """A sentence with the address of what shows it, where that is there."""
    if isinstance(of, str):
        return {"text": of, "href": "", "label": "", "cells": ""}
    href, cells = (_address(name, of.page, files) for name in (of.figure, of.cells))
    return {"text": of.text, "href": href, "label": of.label, "cells": cells}


def _address(name: str, page: str, files: Files) -> str:
    """Where a named part is: on this page if it has it, or on another."""
    if page:
        return f"{page}.html#{file_name(name)}" if name else ""
    return f"#{files.ids[name]}" if name in files.ids else ""


def section(of: Section, files: Files) -> dict[str, Any]:
    """A section with its blocks; its id is its title, so that an address stays good when sections are added."""
    name = files.unique(f"part-{re.sub(r'[^A-Za-z0-9]+', '-', of.title).strip('-').lower()}")
    blocks = [view for block in of.blocks for view in _views(block, files)]
    return {"id": name, "title": of.title, "fold": of.fold, "blocks": blocks}


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
        case Download(name, label, text, kind):
            encoded = base64.b64encode(text.encode() if isinstance(text, str) else text).decode("ascii")
            return [{"kind": "download", "name": name, "label": label, "href": f"data:{kind};base64,{encoded}"}]
        case Widget():
            return [_widget(block, files)]
    raise TypeError(f"no view of {type(block).__name__}")


def _figure(figure: Figure, files: Files) -> dict[str, Any]:
    name = files.unique(figure.name)
    text = svg(draw(figure.chart))
    files.write(f"{name}.svg", signed(text, files.note))
    table = csv_text(figure.table)
    files.write(f"{name}.csv", table)
    drawing = inline(replace(figure, name=name), text, f"f{len(files.names)}")
    fits = files.fits(len(drawing.encode()))
    return {
        "kind": "figure",
        "name": name,
        "title": figure.title,
        "reading": figure.reading,
        "svg": drawing if fits else None,
        "live": _live(figure, files) if fits else None,
        "csv": files.later(_csv_link(table)),
        "file": f"figures/{files.folder.name}/{name}",
    }


def _widget(block: Widget, files: Files) -> dict[str, Any]:
    ids = {name: files.unique(name) for name in block.anchors}
    fits = files.fits(sum(len(value.encode()) for value in block.data.values() if isinstance(value, str)))
    return {"kind": "widget", "template": block.template, "ids": ids, "fits": fits, **block.data}


def _live(figure: Figure, files: Files) -> dict[str, Any] | None:
    """The figure as the page draws it live; None where the page is full."""
    text = interactive.data_block(figure.chart)
    packed = len(text) > PLAIN_BYTES
    text = interactive.packed(text) if packed else text
    if not files.fits(len(text.encode()) + (0 if files.live else len(interactive.plotly()))):
        return None
    what = "cells" if _has_cells(figure.chart) else "chart"
    files.live.add(what)
    wide = 980 if what == "cells" else round(figure.chart.width * 96)
    # what stands below one panel must not run into what stands below the next, where a page is narrow
    crowded = figure.chart.columns > 2 and any(panel.x.title for panel in figure.chart.panels)
    crowded = crowded or any(
        isinstance(layer, Heat) and layer.matrix.shape[1] > _HEAT_COLUMNS
        for panel in figure.chart.panels
        for layer in panel.layers
    )
    kinds = " ".join(name for name, given in (("paper", not figure.themed), ("crowded", crowded)) if given)
    legend = figure.chart.legend_title or "show"
    return {"spec": Markup(text), "what": what, "legend": legend, "width": wide, "kinds": kinds, "packed": packed}


def _has_cells(chart: Chart) -> bool:
    return any(isinstance(layer, Cells) for panel in chart.panels for layer in panel.layers)


def _table(table: Table, files: Files) -> dict[str, Any]:
    name = files.unique(table.name)
    text = csv_text(table.frame)
    files.write(f"{name}.csv", text)
    plain, packed = rows.of(table.frame, table.columns)
    return {
        "kind": "table",
        "name": name,
        "caption": table.caption,
        "columns": table.columns,
        "wide": [column.key for column in table.columns if _is_long(table.frame, column)],
        "hints": [(column.label, column.hint) for column in table.columns if column.hint],
        "fold": table.fold,
        "short": table.short and len(table.frame) > PRINTED_ROWS,
        "rows": plain,
        "packed": packed,
        "count": len(table.frame),
        "more": len(table.frame) > rows.MAX_ROWS,
        "csv": files.later(_csv_link(text)),
        "file": f"figures/{files.folder.name}/{name}",
    }


def _is_long(frame: pd.DataFrame, column: Column) -> bool:
    if column.kind != "text" or column.key not in frame or frame.empty:
        return False
    return int(frame[column.key].astype(str).str.len().max()) > LONG_TEXT


def _csv_link(text: str) -> Link:
    """The CSV as a link that downloads it, or packed; empty where it is too large to travel in a page."""
    plain = base64.b64encode(text.encode()).decode("ascii")
    if len(plain) <= PLAIN_BYTES:
        return Link(f"data:text/csv;charset=utf-8;base64,{plain}")
    tight = columns.packed(text)
    kind = "columns" if tight else "text"
    tight = tight or interactive.packed(text)
    return Link("" if len(tight) > MAX_CSV_BYTES else tight, kind)
