"""How large charts are and what of them is shown: rooms for names, rows, dots of maps."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

UNIT_INCH = 0.2  # height of one row of a chart


def chart_height(rows: int, *, per_row: float = UNIT_INCH, rest: float = 0.9, least: float = 1.8) -> float:
    """Height in inches of a chart with this many rows."""
    return max(least, rows * per_row + rest)


def label_inch(names: Iterable[object], length: int = 34) -> float:
    """Room in inches that the longest of the names takes along an axis."""
    return 0.15 + 0.075 * max((len(shortened(name, length)) for name in names), default=0)


def chart_width(base: float, names: Iterable[object], length: int = 34) -> float:
    """Width in inches of a chart whose rows have these names: `base` where they are of usual length."""
    return base + max(0.0, label_inch(names, length) - 1.6)


def shortened(name: object, length: int = 34) -> str:
    """A name as axes show it: its middle left out where it is long."""
    text = str(name)
    if len(text) <= length:
        return text
    head = (length - 1) // 2
    return f"{text[:head]}…{text[-(length - 1 - head) :]}"


def in_lines(text: object, letters: int = 14) -> list[str]:
    """A name in lines of a few letters, for where names stand at places and would run into each other."""
    return textwrap.wrap(str(text), letters, break_long_words=False, break_on_hyphens=False) or [""]


def dodge(groups: Sequence[object], spread: float = 0.28) -> np.ndarray[Any, Any]:
    """An offset for each dot of a row, spread evenly in the order given within each group of equal values."""
    series = pd.Series(list(groups), dtype=object)
    rank = series.groupby(series, sort=False).cumcount().to_numpy(float)
    size = series.groupby(series, sort=False).transform("size").to_numpy(float)
    return np.where(size > 1, (rank / np.maximum(size - 1, 1) - 0.5) * 2 * spread, 0.0)


def by_similarity(matrix: pd.DataFrame) -> list[Any]:
    """Names of the rows, alike rows next to each other (average linkage); missing values count as 0."""
    if len(matrix) < 3:
        return list(matrix.index)
    from scipy.cluster.hierarchy import leaves_list, linkage

    values = np.nan_to_num(matrix.to_numpy(float))
    return [matrix.index[i] for i in leaves_list(linkage(values, method="average", optimal_ordering=True))]


MAP_INCH = 4.9  # longer side of a cell map
MOST_BEHIND = 1_000  # cells of no concern that a map draws: they show where there is tissue


def dot_size(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> float:
    """Points² of the dots of a map: as large as they can be with little overlap, were they spread evenly."""
    width, height = max(float(np.ptp(x)), 1.0), max(float(np.ptp(y)), 1.0)
    points = 72 * MAP_INCH / max(width, height)  # per µm
    return float(np.clip(0.7 * width * height * points**2 / max(len(x), 1), 0.5, 60.0))


def thinned(n: int, most: int) -> np.ndarray[Any, Any]:
    """Rows to draw of `n`: all, or `most` of them spread evenly over the table."""
    return np.arange(n) if n <= most else np.linspace(0, n - 1, most).round().astype(np.int64)


def over_others(mine: np.ndarray[Any, Any], most: int) -> np.ndarray[Any, Any]:
    """Rows to draw where `mine` matter and all others only show the tissue: at most `most`, and few of the others."""
    own, others = np.flatnonzero(mine), np.flatnonzero(~mine)
    own = own[thinned(len(own), most)]
    others = others[thinned(len(others), min(MOST_BEHIND, most - len(own)))]
    return np.sort(np.concatenate([own, others]))


def said_of(drawn: int, cells: int) -> str:
    """What a figure says where it does not draw all cells."""
    return f" {drawn:,} of {cells:,} cells are drawn." if drawn < cells else ""
