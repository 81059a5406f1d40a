"""A chart drawn with matplotlib: for the SVG file, for print, and for readers without scripts."""

from tumint.charts.still.draw import draw
from tumint.charts.still.house import svg

__all__ = ["draw", "svg"]
