"""Gates: where positive cells begin, from a mixture of two gaussians; positivity of markers. Arrays in, tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.io.contracts import RIDGES, STATES, joined

_MOST = 5_000  # values that a mixture is fitted to
_FEWEST = 20
_TAILS = (1, 99.9)  # percentiles that values are cut at before the fit
_STARTS = ((50, 99), (5, 95))  # percentiles that the means start from
_BINS = 60


@dataclass(frozen=True)
class Gate:
    """A gate, the means of the two parts, and how far they lie apart.

    `separation` is Ashman's D: the distance of the means in standard deviations; below 2 the values do not fall into
    two parts.
    """

    at: float
    low: float
    high: float
    separation: float


def mixture_gate(values: np.ndarray, *, seed: int) -> Gate:
    """Where two gaussians of one width that are fitted to `values` (n,) cross.

    At most 5,000 values, drawn by `seed`, are used, missing ones never. All NaN where they are too few or equal.
    """
    known = values[~np.isnan(values)].astype(float)
    if known.size > _MOST:
        known = np.random.default_rng(seed).choice(known, _MOST, replace=False)
    if known.size < _FEWEST or np.ptp(known) <= 1e-9 * max(1.0, float(np.abs(known).max())):
        return Gate(np.nan, np.nan, np.nan, np.nan)
    # dead and saturated pixels are no part of their own
    known = np.clip(known, *np.percentile(known, _TAILS))
    if not known.min() < known.max():
        return Gate(np.nan, np.nan, np.nan, np.nan)
    # few positive cells, or many: what fits better
    model = max((_fitted(known, np.percentile(known, start), seed) for start in _STARTS), key=lambda m: m.lower_bound_)
    order = np.argsort(model.means_.ravel(), kind="stable")
    (low, high), weights = model.means_.ravel()[order], model.weights_[order]
    variance = float(model.covariances_.ravel()[0])
    if not high > low:
        return Gate(np.nan, float(low), float(high), 0.0)
    at = (low + high) / 2 + variance * np.log(weights[0] / weights[1]) / (high - low)
    return Gate(float(np.clip(at, low, high)), float(low), float(high), float((high - low) / np.sqrt(variance)))


def _fitted(known: np.ndarray, start: np.ndarray, seed: int) -> Any:
    """Two gaussians of one width: a narrow one inside a wide one fits skewed markers better, and parts nothing."""
    from sklearn.mixture import GaussianMixture

    if not start[0] < start[1]:
        start = np.array([known.min(), known.max()])
    near = np.abs(known[:, None] - start).argmin(axis=1)
    least = 1e-6 * float(np.var(known))
    return GaussianMixture(
        2,
        covariance_type="tied",
        weights_init=np.bincount(near, minlength=2) / near.size,
        means_init=start[:, None],
        precisions_init=[[1 / max(float(np.mean((known - start[near]) ** 2)), least)]],
        reg_covar=least,
        tol=1e-5,
        max_iter=500,
        random_state=seed,
    ).fit(known[:, None])


def rescaled(values: np.ndarray, gate: Gate) -> np.ndarray:
    """`values` with the gate at 0.5, their 1st percentile at 0 and their 99th at 1, linear between; not cut above.

    Where there is no gate, all are 0.
    """
    if np.isnan(gate.at):
        return np.where(np.isnan(values), np.nan, 0.0)
    low, high = np.nanpercentile(values, [1, 99])
    low, high = min(low, gate.at), max(high, gate.at)
    below = 0.5 * (values - low) / (gate.at - low if gate.at > low else 1.0)
    above = 0.5 + 0.5 * (values - gate.at) / (high - gate.at if high > gate.at else 1.0)
    return np.where(values < gate.at, np.maximum(below, 0.0), above)


def gate_table(
    values: np.ndarray, markers: Sequence[str], fixed: Mapping[str, float], *, root: bool, seed: int
) -> pd.DataFrame:
    """Gates of `markers`, the columns of `values` (n × m, normalised): contract GATES.

    `fixed` are given; the others are where a mixture crosses, fitted to square roots with `root`, as `features` has it
    for scaled counts.
    """
    rows = []
    for marker, column in zip(markers, values.T, strict=True):
        if marker in fixed:
            gate = Gate(fixed[marker], np.nan, np.nan, np.nan)
        elif root:
            found = mixture_gate(np.sqrt(np.maximum(column, 0.0)), seed=seed)
            gate = Gate(found.at**2, found.low**2, found.high**2, found.separation)
        else:
            gate = mixture_gate(column, seed=seed)
        how = "fixed" if marker in fixed else "mixture"
        rows.append((marker, gate.at, how, gate.low, gate.high, gate.separation))
    return pd.DataFrame(rows, columns=["marker", "gate", "gating", "low", "high", "separation"])


def positivity(values: np.ndarray, gates: pd.DataFrame, sample: np.ndarray, cell_type: np.ndarray) -> pd.DataFrame:
    """How many cells of each type and sample are positive: contract STATES.

    Parameters
    ----------
    values
        (n × markers) normalised, of the markers of `gates`.
    sample, cell_type
        (n,) of each cell.
    """
    parts = []
    for marker, gate, column in zip(gates["marker"], gates["gate"], values.T, strict=True):
        positive = pd.DataFrame({k.SAMPLE: sample, k.CELL_TYPE: cell_type, "positive": column >= gate})
        counted = positive.groupby([k.SAMPLE, k.CELL_TYPE], sort=False)["positive"].agg(["size", "sum"]).reset_index()
        counted.insert(2, "marker", marker)
        parts.append(counted.rename(columns={"size": k.N, "sum": "positive"}))
    return joined(parts, STATES)


def ridges(
    values: np.ndarray, markers: Sequence[str], cell_type: np.ndarray, types: Sequence[str], *, root: bool
) -> pd.DataFrame:
    """Density of each marker in each type over 60 bins from its lowest value to its 99.5th percentile (RIDGES).

    `root`: bins of equal width in the square root. Densities are scaled to a highest of 1 in each type.
    """
    parts = []
    codes = pd.Categorical(cell_type, categories=list(types)).codes.astype(np.int64)
    present = np.flatnonzero(np.bincount(codes, minlength=len(types)))
    for marker, column in zip(markers, values.T, strict=True):
        shown = np.sqrt(np.maximum(column, 0.0)) if root else column
        low, high = float(shown.min()), float(np.percentile(shown, 99.5))
        if not high > low:
            continue
        bins = np.minimum(((shown - low) / (high - low) * _BINS).astype(np.int64), _BINS - 1)
        counts = np.bincount(codes * _BINS + bins, minlength=len(types) * _BINS).reshape(-1, _BINS)[present]
        at = low + (np.arange(_BINS) + 0.5) * (high - low) / _BINS
        parts.append(
            pd.DataFrame(
                {
                    "marker": marker,
                    k.CELL_TYPE: np.repeat(np.array(types, dtype=object)[present], _BINS),
                    "x": np.tile(at**2 if root else at, len(present)),
                    "density": (counts / counts.max(axis=1, keepdims=True)).ravel(),
                }
            )
        )
    return joined(parts, RIDGES)
