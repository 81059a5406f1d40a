"""A chart drawn with matplotlib: for the SVG file, for print, and for readers without scripts."""

from tumint.charts.still.draw import draw
from tumint.charts.still.house import drawing_style, svg
from tumint.charts.still.sheet import Sheet, draw_sheet, pdf

__all__ = ["Sheet", "draw", "draw_sheet", "drawing_style", "pdf", "svg"]
