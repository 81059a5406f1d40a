"""The channels of one ROI: level, background, saturation, and how much of a channel may lie on another. Pure arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tumint.qc.metrics import saturation, used

SPILL = "spill_"  # begins the columns of the channels that a channel may lie on
_BRIGHT, _FEWEST_BRIGHT = 0.98, 20


def profile(X: np.ndarray, markers: Sequence[str], uses: Sequence[str]) -> pd.DataFrame:
    """One row per channel that is not ignored: its distribution over the cells of a sample.

    Returns
    -------
    `marker, use, mean` (of values cut at the 99th percentile, so that a few hot cells do not decide it), `background`
    (10th percentile), `median, q99, zero_share, saturated_share`, and `spill_<marker>` as `spillover` gives it. NaN
    where the sample lacks the channel.
    """
    shown = np.flatnonzero(~used(uses, "ignore")).tolist()
    values = X[:, shown].astype(np.float64)
    names = [markers[i] for i in shown]
    table = pd.DataFrame({"marker": names, "use": [uses[i] for i in shown]})
    columns = ("mean", "background", "median", "q99", "zero_share", "saturated_share")
    there = ~np.isnan(values).all(axis=0) if len(values) else np.zeros(len(shown), dtype=bool)
    table[list(columns)] = np.nan
    if there.any():
        mine = values[:, there]
        # the functions that look for NaN take many times as long
        percentile, mean = (np.nanpercentile, np.nanmean) if np.isnan(mine).any() else (np.percentile, np.mean)
        low, middle, high = percentile(mine, [10, 50, 99], axis=0)
        found = [mean(np.minimum(mine, high), axis=0), low, middle, high]
        found += [(mine <= 0).mean(axis=0), (mine >= saturation(mine)).mean(axis=0)]
        table.loc[there, list(columns)] = np.column_stack(found)
    spill = np.full((len(shown), len(shown)), np.nan)
    spill[np.ix_(there, there)] = spillover(values[:, there])
    return pd.concat([table, pd.DataFrame(spill, columns=[f"{SPILL}{name}" for name in names])], axis=1)


def spillover(X: np.ndarray) -> np.ndarray:
    """The share of each channel (row) that may lie on each other channel (column), NaN where it cannot be said.

    Of the cells brightest in a channel, even those lowest in another would show what spills over: the rise of the other
    channel's lower quartile from the dim half to the brightest 2 %, over the rise of the channel itself. Markers that
    most of these cells carry together rise as well, so this is at most, and means spillover only where it is small.
    Cells without a value for every channel are left out.
    """
    X = X[~np.isnan(X).any(axis=1)]
    n, m = X.shape
    out = np.full((m, m), np.nan)
    if not n:
        return out
    bright, middle = np.quantile(X, _BRIGHT, axis=0), np.median(X, axis=0)
    for source in range(m):
        top, dim = X[X[:, source] >= bright[source]], X[X[:, source] <= middle[source]]
        rise = np.median(top[:, source]) - np.median(dim[:, source])
        if len(top) < _FEWEST_BRIGHT or not rise > 0:
            continue
        out[source] = np.maximum(_lower_quartile(top) - _lower_quartile(dim), 0.0) / rise
        out[source, source] = np.nan
    return out


def _lower_quartile(values: np.ndarray) -> np.ndarray:
    """Of each column, as the value at that rank: `np.quantile` interpolates and takes four times as long."""
    rank = (len(values) - 1) // 4
    return np.asarray(np.partition(values, rank, axis=0)[rank])
