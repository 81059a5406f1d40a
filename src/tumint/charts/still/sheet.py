"""One page for a slide or a paper: words, panels and a table, as wide as a column of a journal or as a page of it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tumint.charts import model as charts
from tumint.charts.palette import INK, RULE
from tumint.charts.sizes import in_lines
from tumint.charts.still.arrange import LINE, text_inch
from tumint.charts.still.draw import filled
from tumint.charts.still.house import drawn

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MplFigure

_EDGE, _GAP, _SMALL, _TITLE = 0.08, 0.12, 6.5, 9.0  # inches, points
_HIGH = 0.75  # of a panel, by its width
_LETTERS, _NUMBER = 14, 5  # letters of a line of words in a panel; up to so many are a number, which stays
WARNING = "#7a1fa2"


@dataclass(frozen=True)
class Sheet:
    """What the page holds: `rows` of texts under `columns`, of which the first may be long; `foot` below all."""

    title: str
    said: Sequence[str]
    panels: Sequence[charts.Panel] = ()
    legend: Mapping[str, str] = field(default_factory=dict)
    legend_title: str = ""
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    foot: Sequence[str] = ()
    warning: str = ""  # what must not be missed, on top


@dataclass
class _Pen:
    """Where the next line goes: inches from the top."""

    width: float
    at: float = _EDGE
    texts: list[tuple[float, float, str, dict[str, Any]]] = field(default_factory=list)
    rules: list[float] = field(default_factory=list)

    def lines(self, text: str, points: float = _SMALL, **how: Any) -> None:
        """A paragraph, wrapped to the width of the page."""
        for line in wrapped(text, self.width - 2 * _EDGE, points, str(how.get("weight", "normal"))):
            self.at += points * LINE / 72
            self.texts.append((_EDGE, self.at, line, {"fontsize": points, **how}))

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table: the first column takes what the others leave."""
        heads = [text_inch(name, _SMALL, "bold") for name in columns]
        rest = [max(heads[i], *(text_inch(row[i], _SMALL) for row in rows)) for i in range(1, len(columns))]
        first = max(self.width - 2 * _EDGE - sum(rest) - _GAP * len(rest), 0.8)
        for number, row in enumerate([columns, *rows]):
            self.at += _SMALL * 1.45 / 72
            how: dict[str, Any] = {"fontsize": _SMALL, "weight": "bold" if number == 0 else "normal"}
            right = self.width - _EDGE
            for text, wide in zip(reversed(row[1:]), reversed(rest), strict=True):
                self.texts.append((right - wide, self.at, text, how))
                right -= wide + _GAP
            for line, part in enumerate(wrapped(row[0], first, _SMALL, how["weight"])):
                self.at += _SMALL * LINE / 72 if line else 0.0
                self.texts.append((_EDGE, self.at, part, how))
            self.rules.append(self.at + _SMALL * 0.4 / 72)


@drawn
def draw_sheet(sheet: Sheet, width_mm: int) -> MplFigure:
    """The drawing, as high as it has to be."""
    from matplotlib.figure import Figure as Drawing
    from matplotlib.lines import Line2D

    pen = _Pen(width_mm / 25.4)
    if sheet.warning:
        pen.lines(sheet.warning, 7.5, color=WARNING, weight="bold")
    pen.lines(sheet.title, _TITLE, weight="bold")
    for text in sheet.said:
        pen.lines(text)
    boxes = list(_boxes(sheet, pen, width_mm))
    key = pen.at + _SMALL * LINE / 72
    if sheet.panels and sheet.legend:
        pen.at = key + 0.04
    if sheet.rows:
        pen.at += 0.06
        pen.table(sheet.columns, sheet.rows)
        pen.at += 0.05
    for text in sheet.foot:
        pen.lines(text, 6.0)
    height = pen.at + _EDGE
    drawing = Drawing(figsize=(pen.width, height))
    for panel, (left, top, wide, high) in zip(sheet.panels, boxes, strict=True):
        ax = drawing.add_axes((left / pen.width, 1 - (top + high) / height, wide / pen.width, high / height))
        filled(ax, replace(panel, layers=[_with_short_lines(layer) for layer in panel.layers]))
    inches = drawing.dpi_scale_trans
    for x, y, text, how in pen.texts:
        drawing.text(x, height - y, text, transform=inches, va="baseline", **how)
    for y in pen.rules:
        line = Line2D([_EDGE, pen.width - _EDGE], [height - y] * 2, transform=inches, color=RULE, linewidth=0.5)
        drawing.add_artist(line)
    if sheet.panels:
        x = _EDGE
        for name, colour in [(sheet.legend_title, ""), *sheet.legend.items()]:
            if colour:
                mark = Line2D([x, x + 0.16], [height - key + 0.03] * 2, transform=inches, color=colour, linewidth=2)
                drawing.add_artist(mark)
                x += 0.2
            drawing.text(x, height - key, name, transform=inches, fontsize=_SMALL, va="baseline", color=INK)
            x += text_inch(name, _SMALL) + _GAP
    return drawing


def wrapped(text: str, inches: float, points: float, weight: str = "normal") -> Iterator[str]:
    """Lines of a text that are no wider, unless one word is."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and text_inch(longer, points, weight) > inches:
            yield line
            longer = word
        line = longer
    yield line


def _with_short_lines(layer: charts.Layer) -> charts.Layer:
    """Words at the centre of a place in lines of a few letters, and those far out further out: a page is narrow."""
    if not isinstance(layer, charts.Words) or layer.place != "centre":
        return layer
    texts = ["\n".join(in_lines(text, _LETTERS)) for text in layer.rows[layer.text]]
    x = layer.rows[layer.x].astype(float)
    named = layer.rows[layer.text].astype(str).str.len() > _NUMBER
    rows = layer.rows.copy()
    rows[layer.text] = texts
    rows[layer.x] = x.where(~named | (x.abs() < 0.7), x * 1.3)
    return replace(layer, rows=rows)


def _boxes(sheet: Sheet, pen: _Pen, width_mm: int) -> Iterator[tuple[float, float, float, float]]:
    """Left, top, width and height of each panel: beside each other where the page is wide, else below each other."""
    if not sheet.panels:
        return
    beside = len(sheet.panels) if width_mm > 120 else 1
    wide = (pen.width - 2 * _EDGE - _GAP * (beside - 1)) / beside
    high = _HIGH * wide
    head = 0.26  # of a title, clear of the words above
    for number in range(len(sheet.panels)):
        if number % beside == 0:
            pen.at += head
            top = pen.at
            pen.at += high
        yield _EDGE + (number % beside) * (wide + _GAP), top, wide, high


def pdf(drawing: MplFigure) -> bytes:
    """The drawing as PDF: text is text (TrueType within the file), no date."""
    import matplotlib as mpl

    packed = io.BytesIO()
    with mpl.rc_context({"pdf.fonttype": 42}):
        drawing.savefig(packed, format="pdf", metadata={"CreationDate": None, "Creator": "tumint", "Producer": None})
    return packed.getvalue()
