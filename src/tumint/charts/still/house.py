"""How drawings look, everywhere: axes, legends, and SVG whose bytes depend on the data alone."""

from __future__ import annotations

import base64
import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np
import pandas as pd

from tumint.charts.palette import GREY, INK, PAPER, RULE
from tumint.charts.sizes import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as MplFigure

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def drawing_style() -> Iterator[None]:
    """matplotlib settings of the house, for the block only."""
    import matplotlib as mpl

    ink = ("text.color", "axes.labelcolor", "axes.edgecolor", "axes.titlecolor", "xtick.color", "ytick.color")
    settings: dict[Any, Any] = {
        "svg.hashsalt": "tumint",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 9,
        "text.parse_math": False,  # names come from data: a `$` is a `$`
        "axes.titlesize": 9.5,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "axes.labelsize": 9,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.facecolor": "none",
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "grid.color": RULE,
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "legend.fontsize": 8.5,
        "figure.constrained_layout.use": True,
        "figure.facecolor": PAPER,
        "savefig.facecolor": PAPER,
        **dict.fromkeys(ink, INK),
    }
    with mpl.rc_context(settings), warnings.catch_warnings():
        # names in scripts that DejaVu lacks: the text of an SVG is drawn by the reader's own fonts
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font")
        yield


def drawn(function: Callable[P, T]) -> Callable[P, T]:
    """Run a function that draws in the style of the house."""

    @wraps(function)
    def styled(*args: P.args, **kwargs: P.kwargs) -> T:
        with drawing_style():
            return function(*args, **kwargs)

    return styled


def canvas(
    width: float, height: float, rows: int = 1, cols: int = 1, **options: Any
) -> tuple[MplFigure, np.ndarray[Any, Any]]:
    """A drawing of `width` × `height` inches and its axes as a flat array; no global state of pyplot is touched."""
    from matplotlib.figure import Figure as Drawing

    drawing = Drawing(figsize=(width, height))
    return drawing, np.asarray(drawing.subplots(rows, cols, squeeze=False, **options)).ravel()


def row_axis(ax: Axes, names: Sequence[str], length: int = 34) -> None:
    """Rows named on y, the first on top; names of at most `length` letters."""
    ax.set_yticks(range(len(names)), [shortened(name, length) for name in names])
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)


def legend_right(ax: Axes, entries: Mapping[str, str], title: str = "", *, marker: str = "s") -> None:
    """A legend outside, right of the axes: `{name: colour}`."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], ls="", marker=marker, ms=6, color=c, mec=INK, mew=0.3, label=shortened(name))
        for name, c in entries.items()
    ]
    if handles:
        ax.legend(
            handles=handles,
            title=title or None,
            loc="upper left",
            bbox_to_anchor=(1.01, 1.0),
            borderaxespad=0,
            handletextpad=0.4,
            alignment="left",
        )


def stacked_rows(ax: Axes, shares: pd.DataFrame, palette: Mapping[str, str]) -> None:
    """Horizontal stacked bars: one row per index, one colour per column."""
    left = np.zeros(len(shares))
    for name in shares.columns:
        values = shares[name].to_numpy(float)
        ax.barh(
            np.arange(len(shares)), values, left=left, height=0.8, color=palette[str(name)], edgecolor=PAPER, lw=0.4
        )
        left += values
    row_axis(ax, [str(name) for name in shares.index])


def heatmap(ax: Axes, matrix: pd.DataFrame, *, cmap: str, limits: tuple[float, float]) -> Any:
    """Cells coloured by value, rows and columns named; a missing value stays grey."""
    from matplotlib import colormaps

    colour = colormaps[cmap].with_extremes(bad=GREY)
    values = np.ma.masked_invalid(matrix.to_numpy(float))
    mesh = ax.pcolormesh(values, cmap=colour, vmin=limits[0], vmax=limits[1], edgecolors=PAPER, linewidth=0.6)
    ax.set_xticks(np.arange(matrix.shape[1]) + 0.5, [shortened(c) for c in matrix.columns], rotation=90)
    ax.set_yticks(np.arange(matrix.shape[0]) + 0.5, [shortened(r) for r in matrix.index])
    ax.set_ylim(matrix.shape[0], 0)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return mesh


def svg(drawing: MplFigure) -> str:
    """The SVG text of a drawing: no date, fixed ids, pixels (of cell maps) with a palette of 255 colours."""
    buffer = io.StringIO()
    with drawing_style():
        drawing.savefig(buffer, format="svg", metadata={"Date": None, "Creator": "tumint"}, dpi=150)
    return re.sub(r"(?<=data:image/png;base64,)[^\"]+", _fewer_colours, buffer.getvalue())


def _fewer_colours(found: re.Match[str]) -> str:
    """A PNG as base64 with a palette in place of four channels: a third of the size, and no difference to the eye."""
    from PIL import Image

    image = Image.open(io.BytesIO(base64.b64decode(found.group())))
    small = io.BytesIO()
    image.convert("RGBA").quantize(255, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        small, format="png"
    )
    return base64.b64encode(small.getvalue()).decode("ascii")
