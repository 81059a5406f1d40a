"""Ticks of axes whose places are logarithms, labelled by the numbers that these stand for."""

from __future__ import annotations

import numpy as np

Ticks = tuple[list[float], list[str], tuple[float, float]]  # places, labels, limits


def ratio(limits: tuple[float, float]) -> Ticks:
    """Ticks in log2 units, their labels as ratios (¼×, ½×, 1×, 2×, ...), and the limits widened to halves."""
    low, high = float(np.floor(limits[0] * 2) / 2), float(np.ceil(limits[1] * 2) / 2)
    step = next(s for s in (0.5, 1, 2, 4, 8, 1000) if (high - low) / s <= 8)
    ticks = [float(t) for t in np.arange(np.ceil(low / step) * step, high + 1e-9, step)]
    return ticks, [_times(t) for t in ticks], (low, high)


def _times(log2: float) -> str:
    """A ratio as people write it; as a power of two where it would have too many digits."""
    if abs(log2) > 13:
        return f"2^{log2:g}"
    return f"{2.0**log2:.2g}×" if log2 < 6.5 else f"{2.0**log2:,.0f}×"


def log(limits: tuple[float, float], floor: float | None = None) -> Ticks:
    """Ticks in log10 units at 1, 2, 5, 10, ..., at 1, 3, 10, ... or at powers of ten; their labels as plain numbers.

    The lowest place stands for `floor` and all below it, where that is given.
    """
    low, high = limits if floor is None else (float(np.log10(floor)), limits[1])
    steps = (1, 2, 5) if high - low <= 1.5 else (1, 3) if high - low <= 2.2 else (1,)
    every = max(1, round((high - low) / 6))
    powers = range(int(np.floor(low)), int(np.ceil(high)) + 1, every)
    values = [step * 10.0**power for power in powers for step in steps]
    above = low if floor is None else low + 0.08 * (high - low)  # a label of its own stands at the floor
    places = {float(np.log10(value)): f"{value:,.6g}" for value in values if above - 1e-9 <= np.log10(value) <= high}
    if floor is not None:
        places = {low: f"≤{float(f'{floor:.3g}'):,.6g}", **places}
    return list(places), list(places.values()), (low - 0.03 * (high - low), high)
