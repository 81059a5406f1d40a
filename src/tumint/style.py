"""How figures look, everywhere: colours per cell type, axes, SVG whose bytes depend on the data alone.

A figure is a function of a table. This module stands below the stages, so that their `figures.py` and the reports
share it. matplotlib is imported only when something is drawn.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MplFigure

# Paul Tol's "muted" and "light" schemes (personal.sron.nl/~pault): told apart by colour-blind readers.
PALETTE = (
    *("#CC6677", "#332288", "#DDCC77", "#117733", "#88CCEE", "#882255", "#44AA99", "#999933", "#AA4499"),
    *("#77AADD", "#EE8866", "#EEDD88", "#FFAABB", "#99DDFF", "#BBCC33", "#AAAA00"),
)
GREY = "#BBBBBB"  # unclassified, none, not tested


@dataclass(frozen=True)
class Figure:
    """A figure of a report: its file name, title, a sentence that says how to read it, its table and its drawing."""

    name: str
    title: str
    reading: str
    table: pd.DataFrame
    drawing: MplFigure


def colours(types: Sequence[str], chosen: Mapping[str, str] | None = None) -> dict[str, str]:
    """A colour for each type: the one chosen, grey for `unclassified` and `none`, else by alphabetical rank."""
    chosen = chosen or {}
    named = sorted({t for t in types if t not in ("unclassified", "none")})
    ranked = {t: PALETTE[i % len(PALETTE)] for i, t in enumerate(named)}
    return {t: chosen.get(t, ranked.get(t, GREY)) for t in types}


@contextmanager
def drawing_style() -> Iterator[None]:
    """matplotlib settings of the house, for the block only."""
    import matplotlib as mpl

    settings: dict[Any, Any] = {
        "svg.hashsalt": "tumint",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "figure.constrained_layout.use": True,
        "savefig.facecolor": "white",
    }
    with mpl.rc_context(settings):
        yield


def svg(drawing: MplFigure) -> str:
    """The SVG text of a drawing: no date, fixed ids."""
    buffer = io.StringIO()
    with drawing_style():
        drawing.savefig(buffer, format="svg", metadata={"Date": None, "Creator": "tumint"}, dpi=150)
    return buffer.getvalue()
