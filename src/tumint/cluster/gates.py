"""Gates: where positive cells begin, from a mixture of two gaussians; positivity of markers. Arrays in, tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tumint import keys as k

_MOST = 5_000  # values that a mixture is fitted to
_FEWEST = 20
_BINS = 60


@dataclass(frozen=True)
class Gate:
    """A gate, the means of the two parts, and how far they lie apart.

    `separation` is Ashman's D: the distance of the means in units of the root mean square of their standard
    deviations; below 2 the values do not fall into two parts.
    """

    at: float
    low: float
    high: float
    separation: float


def mixture_gate(values: np.ndarray, *, seed: int) -> Gate:
    """Where two gaussians that are fitted to `values` (n,) cross between their means.

    At most 5,000 values, drawn by `seed`, are used, missing ones never. All NaN where there are too few or all are equal.
    """
    from sklearn.mixture import GaussianMixture

    known = values[~np.isnan(values)].astype(float)
    if known.size > _MOST:
        known = np.random.default_rng(seed).choice(known, _MOST, replace=False)
    if known.size < _FEWEST or np.ptp(known) <= 1e-9 * max(1.0, float(np.abs(known).max())):
        return Gate(np.nan, np.nan, np.nan, np.nan)
    # started from the middle and the top, so that a few positive cells are not taken for the tail of the others
    start = np.array([[np.median(known)], [np.percentile(known, 99)]])
    if start[0] == start[1]:
        start = np.array([[known.min()], [known.max()]])
    model = GaussianMixture(2, random_state=seed, means_init=start, reg_covar=1e-6 * float(np.var(known)))
    model.fit(known[:, None])
    means, sds = model.means_.ravel(), np.sqrt(model.covariances_.ravel())
    order = np.argsort(means, kind="stable")
    (low, high), sds, weights = means[order], sds[order], model.weights_[order]
    grid = np.linspace(low, high, 1001)
    log = np.log(weights) - np.log(sds) - ((grid[:, None] - means[order]) / sds) ** 2 / 2
    above = np.flatnonzero(log[:, 1] >= log[:, 0])
    at = grid[above[0]] if above.size else high
    return Gate(float(at), float(low), float(high), float((high - low) / np.sqrt((sds**2).mean())))


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


def positivity(
    values: np.ndarray,
    markers: Sequence[str],
    gates: Mapping[str, float],
    sample: np.ndarray,
    cell_type: np.ndarray,
    *,
    root: bool,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Gates of markers, and how many cells of each type and sample are positive.

    Parameters
    ----------
    values
        (n × markers) normalised.
    gates
        Of some markers, fixed.
    sample, cell_type
        (n,) of each cell.
    root
        Fit mixtures to square roots, as `features` has it for scaled counts.

    Returns
    -------
    `marker, gate, gating, low, high, separation`, and `sample, cell_type, marker, n, positive` (contracts GATES and
    STATES).
    """
    rows, parts = [], []
    for marker, column in zip(markers, values.T, strict=True):
        if marker in gates:
            gate = Gate(gates[marker], np.nan, np.nan, np.nan)
        elif root:
            found = mixture_gate(np.sqrt(np.maximum(column, 0.0)), seed=seed)
            gate = Gate(found.at**2, found.low**2, found.high**2, found.separation)
        else:
            gate = mixture_gate(column, seed=seed)
        how = "fixed" if marker in gates else "mixture"
        rows.append((marker, gate.at, how, gate.low, gate.high, gate.separation))
        positive = pd.DataFrame({k.SAMPLE: sample, k.CELL_TYPE: cell_type, "positive": column >= gate.at})
        counted = positive.groupby([k.SAMPLE, k.CELL_TYPE], sort=False)["positive"].agg(["size", "sum"]).reset_index()
        counted.insert(2, "marker", marker)
        parts.append(counted.rename(columns={"size": k.N, "sum": "positive"}))
    table = pd.DataFrame(rows, columns=["marker", "gate", "gating", "low", "high", "separation"])
    none = pd.DataFrame(columns=[k.SAMPLE, k.CELL_TYPE, "marker", k.N, "positive"])
    return table, pd.concat(parts, ignore_index=True) if parts else none


def ridges(
    values: np.ndarray, markers: Sequence[str], cell_type: np.ndarray, types: Sequence[str], *, root: bool
) -> pd.DataFrame:
    """Density of each marker in each type over 60 bins from its lowest value to its 99.5th percentile (contract RIDGES).

    `root`: bins of equal width in the square root. Densities are scaled to a highest of 1 in each type.
    """
    parts = [pd.DataFrame(columns=["marker", k.CELL_TYPE, "x", "density"])]
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
    return pd.concat(parts[1:] or parts, ignore_index=True)
