"""The ROIs of a cohort against each other: robust z of channels, principal components, limits of whole ROIs.

Pure tables; reading and writing are in `stage`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.config.qc import RoiThresholds
from tumint.qc.channels import SPILL
from tumint.qc.thresholds import limits, outside
from tumint.text import setting, together

WEAK_Z = 3.5  # Iglewicz & Hoaglin 1993: modified z beyond which a value is called an outlier
FEWEST_ROIS = 4  # that a robust z needs
COMPONENTS = 3
ROI_METRICS = tuple(RoiThresholds.model_fields)
_WORDS = {
    "density_per_mm2": "cells per mm²",
    "tissue_mm2": "mm² of tissue",
    "signal": "median signal",
    "dna": "median DNA",
    "weak_channels": "share of weak channels",
    "n_counts": "median counts",
    "mito_share": "median mitochondrial share",
}


def robust_z(values: np.ndarray) -> np.ndarray:
    """Deviations from the median in scaled MADs of logarithms, shape of `values` `(rois,)`.

    NaN where a value is missing, with fewer than 4 values, and where more than half of them are equal.
    """
    logs = _logs(values)
    known = np.isfinite(logs)
    if known.sum() < FEWEST_ROIS:
        return np.full(values.shape, np.nan)
    centre = np.median(logs[known])
    mad = 1.4826 * np.median(np.abs(logs[known] - centre))
    return np.asarray((logs - centre) / mad) if mad > 0 else np.full(values.shape, np.nan)


def _logs(values: np.ndarray) -> np.ndarray:
    """Logarithms, whatever the unit: a hundredth of the median is added, so that a channel without signal has one."""
    known = np.maximum(values[np.isfinite(values)], 0)
    least = np.median(known) / 100 if known.size and np.median(known) > 0 else 1.0
    return np.asarray(np.log(np.maximum(values, 0) + least))


def with_z(channels: pd.DataFrame) -> pd.DataFrame:
    """`channels` of all ROIs with `z`, the robust z of each channel's mean among the ROIs."""
    z = channels.groupby("marker", sort=False)["mean"].transform(lambda values: robust_z(values.to_numpy(float)))
    return channels.drop(columns=_spill(channels)).assign(z=z.astype(float))


def _spill(channels: pd.DataFrame) -> list[str]:
    return [str(column) for column in channels.columns if str(column).startswith(SPILL)]


def spillover_table(channels: pd.DataFrame) -> pd.DataFrame:
    """`source, target, share, n_samples`: the median over the ROIs of what `channels.spillover` gives."""
    long = channels.melt(["marker"], _spill(channels), var_name="target", value_name="share").dropna(subset=["share"])
    long["target"] = long["target"].str.removeprefix(SPILL)
    grouped = long.groupby(["marker", "target"], sort=True)["share"].agg(["median", "size"]).reset_index()
    return grouped.set_axis(["source", "target", "share", "n_samples"], axis=1)


def roi_table(rois: pd.DataFrame, channels: pd.DataFrame, thresholds: RoiThresholds) -> pd.DataFrame:
    """`rois` with what the comparison with the others gives, and whether each passes.

    Adds `weak_channels` and `bright_channels` (share of the channels with a robust z beyond 3.5), `z_<metric>` of the
    metrics of `qc.rois`, `pc1` to `pc3`, `status` (pass | fail) and `reason`. A ROI without cells is compared to none.
    """
    z = channels.pivot_table(index=k.SAMPLE, columns="marker", values="z", sort=False, dropna=False)
    z = z.reindex(rois[k.SAMPLE])
    known = z.notna().sum(axis=1).to_numpy()
    table = rois.copy()
    for name, hit in (("weak_channels", z < -WEAK_Z), ("bright_channels", z > WEAK_Z)):
        table[name] = np.where(known > 0, hit.sum(axis=1).to_numpy() / np.maximum(known, 1), np.nan)
    reasons: list[list[str]] = [[] for _ in range(len(table))]
    for name in ROI_METRICS:
        values = table[name].to_numpy(float)
        if name != "weak_channels":
            table[f"z_{name}"] = robust_z(values)
        limit = limits(values, getattr(thresholds, name))
        low, high = outside(values, limit)
        for i in np.flatnonzero(low | high):
            side, bound = ("below", limit.low) if low[i] else ("above", limit.high)
            reasons[i].append(f"{_WORDS[name]} {setting(values[i], 3)}, {side} {setting(bound, 3)} (`rois.{name}`)")
    table[k.REASON] = [together(said) for said in reasons]
    table[k.STATUS] = np.where(table[k.REASON] == "", k.PASS, k.FAIL)
    return pd.concat([table, components(channels, table[k.SAMPLE])], axis=1)


def components(channels: pd.DataFrame, samples: pd.Series) -> pd.DataFrame:
    """`pc1` to `pc3` of each of `samples`: principal components of the channels' means, NaN for ROIs without them.

    Means are taken as logarithms and standardised per channel; channels that a ROI lacks are left out, and
    so are ROIs without any. `explained1` … is the share of the variance, the same in every row. The sign is such that
    the channel with the largest weight has a positive one.
    """
    names = [f"{kind}{i}" for i in range(1, COMPONENTS + 1) for kind in ("pc", "explained")]
    out = pd.DataFrame(np.nan, index=range(len(samples)), columns=names)
    wide = channels.pivot_table(index=k.SAMPLE, columns="marker", values="mean", sort=False, dropna=False)
    wide = wide.reindex(samples)
    there = wide.notna().any(axis=1).to_numpy()
    levels = wide[there].dropna(axis=1).to_numpy(float)
    values = np.column_stack([_logs(column) for column in levels.T]) if levels.size else levels
    values = values[:, values.std(axis=0) > 0] if len(values) else values
    if len(values) < FEWEST_ROIS or values.shape[1] < 2:
        return out
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    left, size, right = np.linalg.svd(values, full_matrices=False)
    sign = np.sign(right[np.arange(len(size)), np.abs(right).argmax(axis=1)])
    for i in range(min(COMPONENTS, len(size))):
        out.loc[there, f"pc{i + 1}"] = left[:, i] * size[i] * sign[i]
        out[f"explained{i + 1}"] = size[i] ** 2 / (size**2).sum()
    return out
