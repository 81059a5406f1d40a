"""Cell maps: cells as dots at their place, with a scale bar. What a colour means is the figure's business."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tumint.charts.palette import INK, RULE
from tumint.charts.sizes import dot_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def scale_bar(ax: Axes, extent_um: float) -> None:
    """A bar of a round number of µm (at most a quarter of `extent_um`) below the lower left corner of a map."""
    length = max(s * 10**e for e in range(-1, 6) for s in (1, 2, 5) if s * 10**e <= max(extent_um / 4, 0.1))
    transform = ax.get_xaxis_transform()
    left = ax.get_xlim()[0]
    ax.plot([left, left + length], [-0.025, -0.025], transform=transform, color=INK, lw=2.5, clip_on=False)
    ax.text(left + length, -0.025, f"  {length:g} µm", transform=transform, va="center", ha="left", color=INK)


def stamp(ax: Axes, x: np.ndarray[Any, Any], y: np.ndarray[Any, Any], colour: Sequence[str], size: float) -> None:
    """Dots of `size` points squared, drawn as pixels; those of the colour that `colour` names first lie lowest."""
    shades = np.asarray(list(colour), dtype=object)
    # a colour at a time: dots of one colour are stamped, those of many are each drawn, which takes ten times as long
    for shade in dict.fromkeys(shades):
        mine = shades == shade
        ax.plot(x[mine], y[mine], "o", ms=size**0.5, mew=0, color=shade, rasterized=True)


def point_map(
    ax: Axes, x: np.ndarray[Any, Any], y: np.ndarray[Any, Any], colour: Sequence[str], size: float | None
) -> None:
    """Cells as dots at their place in µm, y downwards as in the image, drawn as pixels, with a scale bar.

    `size` in points squared; None: as large as the dots can be with little overlap, were they spread evenly. Colours
    lie as `stamp` puts them.
    """
    stamp(ax, x, y, colour, dot_size(x, y) if size is None else size)
    low_x, high_x, low_y, high_y = float(x.min()), float(x.max()), float(y.min()), float(y.max())
    pad = 0.01 * max(high_x - low_x, high_y - low_y, 1.0)
    ax.set_xlim(low_x - pad, high_x + pad)
    ax.set_ylim(high_y + pad, low_y - pad)
    ax.set_aspect("equal", anchor="W")
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(True)
        spine.set_color(RULE)
    scale_bar(ax, high_x - low_x)
