"""The rows of a table as HTML, and which of them a page carries packed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from tumint import keys as k
from tumint.report.engine import formats
from tumint.report.engine.interactive import packed
from tumint.report.engine.page import Column

MAX_ROWS = 1000  # of a table, in the page; its CSV holds all
PLAIN_ROWS = 80  # for readers without scripts; the others are packed, a tenth of their size
GREEN, AMBER = ("ok", k.PASS, k.TESTED, "went well"), ("empty", "no_p", "worth a look", "look at this")
WORDS = {"no_p": "no p", k.TOO_FEW: "too few cells", k.NO_VARIATION: "no variation", k.NO_COORDINATES: "no coordinates"}


def of(frame: pd.DataFrame, columns: Sequence[Column]) -> tuple[Markup, str]:
    """The first rows as HTML, and the others packed (empty: there is no other)."""
    rows = [_row(record, columns) for record in frame.head(MAX_ROWS).to_dict("records")]
    plain, more = rows[:PLAIN_ROWS], rows[PLAIN_ROWS:]
    return Markup("\n".join(plain)), packed("".join(more)) if more else ""


def _row(record: Mapping[Any, Any], columns: Sequence[Column]) -> str:
    return f"<tr>{''.join(_cells(record, columns))}</tr>"


def _cells(record: Mapping[Any, Any], columns: Sequence[Column]) -> Iterator[str]:
    for column in columns:
        value: Any = record.get(column.key)
        text = formats.cell(value, column.kind)
        match column.kind:
            case "light":
                colour = "green" if text in GREEN else "amber" if text in AMBER else "red"
                yield f'<td><span class="light {colour}"></span>{escape(WORDS.get(text, text))}</td>'
            case "text":
                yield f"<td>{formats.said(text)}</td>"
            case "link":
                there = not formats.is_missing(value) and bool(value)
                yield f'<td><a href="{escape(value)}">its cells</a></td>' if there else "<td></td>"
            case "mono":
                yield f'<td class="mono">{escape(text)}</td>'
            case _:
                # what a number is sorted by: more digits than are shown
                order = "" if formats.is_missing(value) else f' data-order="{float(value)}"'
                yield f'<td class="n"{order}>{escape(text)}</td>'
