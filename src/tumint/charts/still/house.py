"""How drawings look, everywhere: settings, named rows, bars, matrices."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np
import pandas as pd

from tumint.charts.palette import GREY, INK, PAPER, RULE
from tumint.charts.sizes import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as MplFigure
    from matplotlib.text import Text

P = ParamSpec("P")
T = TypeVar("T")
SALT = "tumint"  # of the ids in an SVG: ours, so that no other's settings have it


@contextmanager
def drawing_style() -> Iterator[None]:
    """matplotlib settings of the house, for the block only; within such a block they hold already."""
    import matplotlib as mpl

    if mpl.rcParams["svg.hashsalt"] == SALT:
        yield
        return
    ink = ("text.color", "axes.labelcolor", "axes.edgecolor", "axes.titlecolor", "xtick.color", "ytick.color")
    settings: dict[Any, Any] = {
        **_undone(),
        "svg.hashsalt": SALT,
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
        "figure.facecolor": PAPER,
        **dict.fromkeys(ink, INK),
    }
    with mpl.rc_context(settings), warnings.catch_warnings():
        # names in scripts that DejaVu lacks: the text of an SVG is drawn by the reader's own fonts
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font")
        yield


@cache
def _undone() -> dict[Any, Any]:
    """What a `matplotlibrc` of the working folder or the home set, as matplotlib has it without: figures are ours."""
    import matplotlib as mpl

    default = mpl.rcParamsDefault
    # to ask for the backend is to start one
    names = [name for name in default if not name.startswith("backend")]
    return {name: default[name] for name in names if mpl.rcParams[name] != default[name]}


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
    """A drawing of `width` × `height` inches and its axes, `rows` × `cols`; no global state of pyplot is touched."""
    from matplotlib.figure import Figure as Drawing

    drawing = Drawing(figsize=(width, height))
    return drawing, np.asarray(drawing.subplots(rows, cols, squeeze=False, **options))


def beside(ax: Axes, which: str, places: Sequence[float], names: Sequence[str], **how: Any) -> list[Text]:
    """Names beside an axis, where there are no ticks: these are five artists each, and a text is one."""
    from matplotlib.transforms import ScaledTranslation

    drawing = ax.get_figure(root=True)
    assert drawing is not None
    (ax.set_xticks if which == "x" else ax.set_yticks)([])
    away = (0.0, -3.5 / 72) if which == "x" else (-3.5 / 72, 0.0)
    along = ax.get_xaxis_transform() if which == "x" else ax.get_yaxis_transform()
    how |= {"transform": along + ScaledTranslation(*away, drawing.dpi_scale_trans)}
    how |= {"ha": "center", "va": "top"} if which == "x" else {"ha": "right", "va": "center_baseline"}
    at = ((place, 0.0) if which == "x" else (0.0, place) for place in places)
    return [drawing.text(*xy, name, **how) for xy, name in zip(at, names, strict=True)]


def row_axis(ax: Axes, names: Sequence[str], length: int = 34, *, grid: bool = False, named: bool = True) -> list[Text]:
    """Rows named on y, the first on top; names of at most `length` letters."""
    texts = beside(ax, "y", range(len(names)), [shortened(name, length) for name in names]) if named else []
    if grid:
        ax.set_yticks(range(len(names)), [""] * len(names))
        ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(names) - 0.5, -0.5)
    return texts


def shapes(ax: Axes, outlines: Sequence[np.ndarray[Any, Any]], colour: str, **edges: Any) -> None:
    """Filled shapes of one colour, each (n, 2)."""
    from matplotlib.collections import PolyCollection

    ax.add_collection(PolyCollection(outlines, facecolors=colour, **({"linewidths": 0} | edges)), autolim=True)
    ax.autoscale_view()


def stacked_rows(ax: Axes, shares: pd.DataFrame, palette: Mapping[str, str]) -> None:
    """Horizontal stacked bars from 0: one row per index, one colour per column."""
    left = np.zeros(len(shares))
    low = np.arange(len(shares)) - 0.4
    for name in shares.columns:
        right = left + shares[name].to_numpy(float)
        corners = [(left, low), (right, low), (right, low + 0.8), (left, low + 0.8)]
        bars = np.stack([np.column_stack(corner) for corner in corners], axis=1)
        shapes(ax, list(bars), palette[str(name)], edgecolors=PAPER, linewidths=0.4)
        left = right
    ax.set_xlim(left=0.0)


def heatmap(ax: Axes, matrix: pd.DataFrame, *, cmap: str, limits: tuple[float, float]) -> Any:
    """Cells coloured by value, the first row on top; a missing value stays grey."""
    from matplotlib import colormaps

    colour = colormaps[cmap].with_extremes(bad=GREY)
    values = np.ma.masked_invalid(matrix.to_numpy(float))
    mesh = ax.pcolormesh(values, cmap=colour, vmin=limits[0], vmax=limits[1], edgecolors=PAPER, linewidth=0.6)
    ax.set_ylim(matrix.shape[0], 0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return mesh


def svg(drawing: MplFigure) -> str:
    """The SVG text of a drawing: no date, fixed ids, pixels (of cell maps) with a palette of 255 colours."""
    from tumint.charts.still import pen

    with drawing_style():
        return pen.written(drawing)
