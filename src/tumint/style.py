"""How figures look, everywhere: colours per cell type, axes, SVG whose bytes depend on the data alone.

A figure is a function of a table. This module stands below the stages, so that their `figures.py` and the reports
share it. matplotlib is imported only when something is drawn.
"""

from __future__ import annotations

import base64
import colorsys
import io
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as MplFigure

    from tumint.charts import Chart

P = ParamSpec("P")
T = TypeVar("T")

# Paul Tol's "muted" scheme (personal.sron.nl/~pault) and five more, chosen so that any two stay apart (Lab distance of
# at least 17) for normal sight, deuteranopia and protanopia (Machado et al. 2009).
PALETTE = (
    *("#CC6677", "#332288", "#DDCC77", "#117733", "#88CCEE", "#882255", "#44AA99", "#999933", "#AA4499"),
    *("#0050FF", "#BFCF00", "#BF60FF", "#9F1000", "#BFDFAF"),
)
GREY = "#BBBBBB"  # unclassified, none, not tested
# Tol's "bright" scheme, for groups of subjects, families and reasons: readable on a light and on a dark page.
BRIGHT = ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#AA3377", "#66CCEE", "#997755", "#BB88DD")
DOMAIN_COLOURS = {"tumour": "#CC6677", "interface": "#DDCC77", "normal": "#44AA99", "structural": "#77AADD"}

# Text, ground and rules of a figure. They differ from plain black and white so that a page can put its own in their
# place where it is read in the dark.
INK, PAPER, RULE = "#1b1b1f", "#fffffe", "#d9d9de"
SEQUENTIAL, DIVERGING = "YlGnBu", "RdBu_r"
UNIT_INCH = 0.2  # height of one row of a chart


@dataclass(frozen=True)
class Figure:
    """A figure of a report: its file name, title, a sentence that says how to read it, its table, chart and drawing.

    `chart`: what is drawn, for a page to draw it live; `themed`: a page may change ink and ground with its own; not
    where pixels (cell maps) sit on the ground.
    """

    name: str
    title: str
    reading: str
    table: pd.DataFrame
    chart: Chart
    drawing: MplFigure
    themed: bool = True


def colours(types: Iterable[str], chosen: Mapping[str, str] | None = None) -> dict[str, str]:
    """A colour for each type: the one chosen, grey for `unclassified` and `none`, else by alphabetical rank.

    Beyond the palette's length its colours come again, darker each time.
    """
    chosen = chosen or {}
    types = list(types)
    named = sorted({t for t in types if t not in ("unclassified", "none")})
    ranked = {t: _darker(PALETTE[i % len(PALETTE)], i // len(PALETTE)) for i, t in enumerate(named)}
    return {t: chosen.get(t, ranked.get(t, GREY)) for t in types}


def _darker(colour: str, steps: int) -> str:
    if steps == 0:
        return colour
    hue, light, saturation = colorsys.rgb_to_hls(*(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)))
    rgb = colorsys.hls_to_rgb(hue, light * 0.65**steps, saturation)
    return "#" + "".join(f"{round(255 * value):02X}" for value in rgb)


def level_colours(levels: Iterable[str]) -> dict[str, str]:
    """A colour for each level of a design column, family or reason, in the order given."""
    return {level: BRIGHT[i % len(BRIGHT)] for i, level in enumerate(dict.fromkeys(levels))}


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


def chart_height(rows: int, *, per_row: float = UNIT_INCH, rest: float = 0.9, least: float = 1.8) -> float:
    """Height in inches of a chart with this many rows."""
    return max(least, rows * per_row + rest)


def label_inch(names: Iterable[object], length: int = 34) -> float:
    """Room in inches that the longest of the names takes along an axis."""
    return 0.15 + 0.075 * max((len(shortened(name, length)) for name in names), default=0)


def chart_width(base: float, names: Iterable[object], length: int = 34) -> float:
    """Width in inches of a chart whose rows have these names: `base` where they are of usual length."""
    return base + max(0.0, label_inch(names, length) - 1.6)


def row_axis(ax: Axes, names: Sequence[str], length: int = 34) -> None:
    """Rows named on y, the first on top; names of at most `length` letters."""
    ax.set_yticks(range(len(names)), [shortened(name, length) for name in names])
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)


def shortened(name: object, length: int = 34) -> str:
    """A name as axes show it: its middle left out where it is long."""
    text = str(name)
    if len(text) <= length:
        return text
    head = (length - 1) // 2
    return f"{text[:head]}…{text[-(length - 1 - head) :]}"


def dodge(groups: Sequence[object], spread: float = 0.28) -> np.ndarray[Any, Any]:
    """An offset for each dot of a row, spread evenly in the order given within each group of equal values."""
    series = pd.Series(list(groups), dtype=object)
    rank = series.groupby(series, sort=False).cumcount().to_numpy(float)
    size = series.groupby(series, sort=False).transform("size").to_numpy(float)
    return np.where(size > 1, (rank / np.maximum(size - 1, 1) - 0.5) * 2 * spread, 0.0)


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


def by_similarity(matrix: pd.DataFrame) -> list[Any]:
    """Names of the rows, alike rows next to each other (average linkage); missing values count as 0."""
    if len(matrix) < 3:
        return list(matrix.index)
    from scipy.cluster.hierarchy import leaves_list, linkage

    values = np.nan_to_num(matrix.to_numpy(float))
    return [matrix.index[i] for i in leaves_list(linkage(values, method="average", optimal_ordering=True))]


def colour_scale(cmap: str, steps: int = 11) -> list[tuple[float, str]]:
    """A colour map of matplotlib as `(share, colour)`, for renderers other than matplotlib."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [(i / (steps - 1), to_hex(colormaps[cmap](i / (steps - 1)))) for i in range(steps)]


def file_name(text: str) -> str:
    """`text` as part of a file name: letters, digits, `.`, `_` and `-` only."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", text).strip("._") or "unnamed"


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
