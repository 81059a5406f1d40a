"""Limits of a metric, fixed and from the median absolute deviation, and the reasons they give. Pure arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tumint.config.qc import Threshold

_SCALED = 1.4826  # makes the MAD of a normal sample its standard deviation


@dataclass(frozen=True)
class Limits:
    """The smallest and largest value that pass; NaN where there is no limit."""

    low: float
    high: float


def limits(values: np.ndarray, threshold: Threshold) -> Limits:
    """The limits that `threshold` sets in a sample with these `values` (float64, NaN: not measured).

    Deviations are measured on the log1p scale (negative values, as background subtraction leaves them, count as 0), as
    in scater's `isOutlier(log = TRUE)`. Where more than half of the cells have one value there is no spread to measure
    by, and only the fixed limits hold. Of a fixed limit and one by deviation, the narrower holds.
    """
    low = np.nan if threshold.min is None else threshold.min
    high = np.nan if threshold.max is None else threshold.max
    logs = np.log1p(np.maximum(values[~np.isnan(values)], 0))
    if logs.size:
        median = np.median(logs)
        mad = _SCALED * np.median(np.abs(logs - median))
        if mad > 0 and threshold.mad_below is not None:
            below = np.expm1(median - threshold.mad_below * mad)
            # what counts as 0 is not too low by a limit below 0
            if below > 0 or not (values < 0).any():
                low = np.fmax(low, below)
        if mad > 0 and threshold.mad_above is not None:
            high = np.fmin(high, np.expm1(median + threshold.mad_above * mad))
    return Limits(float(low), float(high))


def outside(values: np.ndarray, limit: Limits) -> tuple[np.ndarray, np.ndarray]:
    """Which values are too low and which too high, shape `(cells,)`, bool; a NaN is neither."""
    return values < limit.low, values > limit.high


def join_reasons(n: int, masks: Mapping[str, np.ndarray]) -> np.ndarray:
    """For each of `n` cells the names of the masks that hold, joined by `;`, shape `(n,)`, dtype object."""
    names: Sequence[str] = list(masks)
    # cells have few combinations of reasons: join each combination once
    code = np.zeros(n, dtype=np.int64)
    for i, name in enumerate(names):
        code |= masks[name].astype(np.int64) << i
    combinations, inverse = np.unique(code, return_inverse=True)
    joined = [";".join(name for i, name in enumerate(names) if combination >> i & 1) for combination in combinations]
    return np.array([*joined, None], dtype=object)[:-1][inverse]
