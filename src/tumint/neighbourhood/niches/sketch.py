"""Windows that are alike, and which samples they come from: differences of abundance without a number of niches.

After Milo (Dann et al. 2022) and QUICHE: as many windows of every subject are drawn, some of them stand for a place
among windows, and the nearest others there are counted sample by sample. What is counted is compared by the response
stage. Every place holds the same number of windows, so counts differ by who they come from alone.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.neighbourhood.niches.learn import Learned, Sketch
from tumint.neighbourhood.niches.windows import points


def places(sketch: Sketch, number: int, nearest: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which windows stand for a place (P), their nearest others (P × `nearest`), and how far the last of these is (P).

    Of windows that are equally near, those with the smaller random number come first: the order of samples and
    subjects has no say.
    """
    at = points(sketch.counts).astype(np.float64)
    squares = np.square(at).sum(axis=1)
    chosen = np.arange(min(number, len(at)))
    near = min(nearest, len(at) - 1)
    others, reach = np.empty((len(chosen), near), np.int64), np.empty(len(chosen))
    for i in chosen:
        distance = np.round(np.maximum(squares + squares[i] - 2 * at @ at[i], 0.0), 9)
        distance[i] = np.inf
        found = np.argsort(distance, kind="stable")[:near]
        others[i], reach[i] = found, np.sqrt(distance[found[-1]]) if near else 0.0
    return chosen, others, reach


def place_counts(sketch: Sketch, learned: Learned, number: int, nearest: int) -> pd.DataFrame:
    """Table of the contract SURROUNDINGS: windows of every sample at every place."""
    chosen, others, reach = places(sketch, number, nearest)
    S = len(sketch.names)
    drawn = np.bincount(sketch.samples, minlength=S)
    counts = np.stack([np.bincount(sketch.samples[row], minlength=S) for row in others]) if len(others) else None
    niche = learned.of(sketch.counts[chosen])
    P = len(chosen)
    return pd.DataFrame(
        {
            "place": np.repeat(np.arange(P), S),
            k.SAMPLE: np.tile(np.array(sketch.names, dtype=object), P),
            k.N: np.zeros(0, np.int64) if counts is None else counts.reshape(-1).astype(np.int64),
            "drawn": np.tile(drawn, P).astype(np.int64),
            "reach": np.repeat(reach, S),
            "niche": np.repeat(np.array(learned.names, dtype=object)[niche], S),
            "at_sample": np.repeat(np.array(sketch.names, dtype=object)[sketch.samples[chosen]], S),
            "at_cell": np.repeat(sketch.ids[chosen], S).astype(np.int64),
        }
    )
