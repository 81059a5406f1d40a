"""Colours of figures: of cell types, groups and domains; ink, paper and rules; colour maps."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Mapping

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


def type_colours(types: Iterable[str], chosen: Mapping[str, str] | None = None) -> dict[str, str]:
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


def colour_scale(cmap: str, steps: int = 11) -> list[tuple[float, str]]:
    """A colour map of matplotlib as `(share, colour)`, for renderers other than matplotlib."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [(i / (steps - 1), to_hex(colormaps[cmap](i / (steps - 1)))) for i in range(steps)]
