"""Cells as arrays of 16-bit numbers in base64, which `live.js` makes traces of."""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np
import pandas as pd

from tumint import charts, maps


def packed(layer: charts.Cells) -> dict[str, Any]:
    """The cells of a map, group after group, the commonest first so that rare ones lie on top."""
    names = pd.Series(list(layer.names), dtype=object)
    counts = names.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    order = charts.rare_last(layer.names)
    x, y = (np.asarray(values, float)[order] for values in (layer.x_um, layer.y_um))
    size = layer.size if layer.size is not None else maps.dot_size(x, y)
    return {
        "groups": [{"name": str(name), "colour": layer.colours[str(name)], "n": int(n)} for name, n in counts.items()],
        "x": _quantised(x),
        "y": _quantised(y),
        "size": round(math.sqrt(size) * 96 / 72, 2),
    }


def _quantised(values: np.ndarray[Any, Any]) -> dict[str, Any]:
    """`from` + `step` × 16-bit numbers: steps of a few hundredths of a µm on an image of 2 mm."""
    low, high = float(values.min()), float(values.max())
    step = max((high - low) / 65535, 1e-6)
    steps = np.round((values - low) / step).astype("<u2")
    return {"from": round(low, 3), "step": step, "data": base64.b64encode(steps.tobytes()).decode("ascii")}
