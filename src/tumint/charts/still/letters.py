"""How wide letters are: each text is measured once, whatever its size and in however many drawings it stands."""

from __future__ import annotations

from functools import cache

_SIZE = 100.0  # points that matplotlib measures texts at, before it scales what it found


@cache
def extent(text: str, weight: str | int = "normal") -> tuple[float, float, float]:
    """Width, height and descent of a line of text of 100 points, in points; those of n points are n hundredths."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=_SIZE, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, False)


def of_points(text: str, points: float, weight: str | int = "normal") -> tuple[float, float, float]:
    """Width, height and descent in points of a line of text."""
    width, height, descent = extent(text, weight)
    scale = points / _SIZE
    return width * scale, height * scale, descent * scale
