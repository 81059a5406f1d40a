"""A drawing as part of a page: ids of its own, ink and ground of the page, a name for screen readers."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from tumint.charts.model import Figure
from tumint.charts.palette import INK, PAPER, RULE
from tumint.report.engine.tight import tightened

_HEAD = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_SIZE = re.compile(r'<svg[^>]*? viewBox="0 0 (?P<width>[\d.]+) (?P<height>[\d.]+)"[^>]*>', re.DOTALL)
_HEIGHT = re.compile(r'height="[\d.]+pt"')
_LINE = 14.0  # points that the note takes
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_THEME = ((INK, "var(--ink)"), (PAPER, "var(--card)"), (RULE, "var(--rule)"))


def signed(text: str, note: str) -> str:
    """The SVG `text` with a line below the drawing: a figure that leaves the page still says whose data it shows."""
    size = _SIZE.search(text)
    if not note or size is None:
        return text
    width, height = float(size["width"]), float(size["height"])
    head = size.group(0)
    taller = _HEIGHT.sub(f'height="{height + _LINE:g}pt"', head)
    taller = taller.replace(
        f'viewBox="0 0 {size["width"]} {size["height"]}"', f'viewBox="0 0 {width:g} {height + _LINE:g}"'
    )
    line = f'<text x="4" y="{height + 9:g}" font-family="sans-serif" font-size="8" fill="{INK}">{escape(note)}</text>'
    return text.replace(head, taller, 1).replace("</svg>", f"{line}\n</svg>")


def inline(figure: Figure, text: str, mark: str = "") -> Markup:
    """`text`, the SVG of `figure`, for HTML.

    Ids get `mark` (the figure's name, if empty) in front, because all figures of a page share one document. matplotlib
    has escaped every text that comes from data.
    """
    size = _SIZE.search(text)
    assert size is not None, "matplotlib writes a viewBox"
    name = figure.name
    body = tightened(_METADATA.sub("", text[size.end() :]), mark or name)
    if figure.themed:
        for colour, variable in _THEME:
            body = body.replace(f":{colour}", f":{variable}")
    width, height = float(size["width"]), float(size["height"])
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img" '
        f'aria-labelledby="{name}-title {name}-reading" viewBox="0 0 {width:g} {height:g}" '
        f'font-family="DejaVu Sans, sans-serif" style="--natural:{width / 72 * 96:.0f}px" '
        f'class="{"themed" if figure.themed else "paper"}">'
        f'<title id="{name}-title">{escape(figure.title)}</title>'
    )
    return Markup(head + body)
