"""Ticks of axes whose places are logarithms, labelled by the numbers that these stand for."""

from __future__ import annotations

import numpy as np

Ticks = tuple[list[float], list[str], tuple[float, float]]  # places, labels, limits


def ratio(limits: tuple[float, float]) -> Ticks:
    """Ticks in log2 units, their labels as ratios (¼×, ½×, 1×, 2×, ...), and the limits widened to halves."""
    low, high = float(np.floor(limits[0] * 2) / 2), float(np.ceil(limits[1] * 2) / 2)
    step = next(s for s in (0.5, 1, 2, 4, 8, 1000) if (high - low) / s <= 8)
    ticks = [float(t) for t in np.arange(np.ceil(low / step) * step, high + 1e-9, step)]
    return ticks, [f"{2.0**t:.2g}×" if abs(t) < 6.5 else f"2^{t:g}" for t in ticks], (low, high)
