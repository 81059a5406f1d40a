"""Raw values → values that compare over ROIs. Which markers go on is decided elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from tumint.cluster.gates import mixture_gate, rescaled
from tumint.cluster.groups import rows_of_each
from tumint.config.cluster import NormaliseConfig

SIGNAL = 0.001  # after division by the reference: what lies below counts as no signal when a marker is scaled


def reference_levels(reference: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """Median of the reference channel over the cells of each sample, NaN where none of them has a value.

    `reference` (n,) and `sample` (n,), which holds codes 0 … S - 1; returns (S,) float64.
    """
    known = ~np.isnan(reference)
    by_sample = [reference[rows[known[rows]]].astype(float) for rows in rows_of_each(sample)]
    return np.array([np.median(values) if values.size else np.nan for values in by_sample])


def normalise(
    raw: np.ndarray,
    config: NormaliseConfig,
    *,
    scale: np.ndarray | None = None,
    sample: np.ndarray | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Normalise each marker (column) on its own.

    Parameters
    ----------
    raw
        (n × m) float32; NaN where a sample lacks a marker.
    config
        `reference`: divide by `scale`, then by the pooled percentile of the marker over the cells with signal. Values
        above it stay above 1: were they cut, a marker of a type rarer than 1 - percentile would be cut down to the
        noise of all the others. `arcsinh`: arcsinh(x / cofactor). `gate`: log(1 + x) with the border of two gaussians
        at 0.5, per sample. `zscore`: of arcsinh(x / cofactor) per sample. `none`: as it came. Not `log`.
    scale
        (n,) level of the reference channel in the ROI of each cell; needed by `reference`.
    sample
        (n,) codes; needed by `gate` and `zscore`.
    seed
        Of the cells that `gate` is fitted to.

    Returns
    -------
    (n × m) float32, NaN where `raw` is.

    Notes
    -----
    `reference` follows `normalisation_and_scaling.R` of van Maldegem et al. 2021, Nat Commun 12:5906: per ROI by the
    median of the xenon channel, then per marker by the 99th percentile of the pooled values above 0.001, not cut.
    `gate` follows the idea of scimap's `rescale` (Nirmal & Sorger 2024, J Open Source Softw 9:6604).
    """
    if config.method == "none":
        return raw.astype(np.float32)
    out = np.empty(raw.shape, dtype=np.float32)
    by_sample = rows_of_each(sample) if sample is not None and config.method in ("gate", "zscore") else None
    for m in range(raw.shape[1]):
        values = raw[:, m].astype(float)
        if config.method == "reference":
            assert scale is not None
            values /= scale
            signal = values[values > SIGNAL]
            out[:, m] = values / np.percentile(signal, config.percentile) if signal.size else values
        elif config.method == "arcsinh":
            out[:, m] = np.arcsinh(values / config.cofactor)
        else:
            assert by_sample is not None
            for rows in by_sample:
                out[rows, m] = _within(values[rows], config, seed)
    return out


def _within(values: np.ndarray, config: NormaliseConfig, seed: int) -> np.ndarray:
    """One marker of one sample."""
    if not np.isfinite(values).any():
        return values
    if config.method == "gate":
        logs = np.log1p(np.maximum(values, 0.0))
        return rescaled(logs, mixture_gate(logs, seed=seed))
    logs = np.arcsinh(values / config.cofactor)
    sd = np.nanstd(logs)
    return (logs - np.nanmean(logs)) / (sd if sd > 0 else 1.0)


def log_normalise(counts: Any, target_sum: float) -> Any:
    """log(1 + x) of counts (cells × genes, CSR or array) whose cells are scaled to `target_sum`: a new one, float32."""
    from scipy import sparse

    total = np.asarray(counts.sum(axis=1), dtype=float).ravel()
    factor = target_sum / np.where(total > 0, total, 1.0)
    if not sparse.issparse(counts):
        return np.log1p(counts * factor[:, None]).astype(np.float32)
    scaled = counts.astype(float)
    scaled.data *= np.repeat(factor, np.diff(counts.indptr))
    return scaled.log1p().astype(np.float32)


def compensate(raw: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Take spillover out: the non-negative signals that explain what each cell shows.

    Parameters
    ----------
    raw
        (n × m); a cell that lacks one of the values stays as it is.
    matrix
        (m × m) what one unit of the channel of a row adds to that of each column; 1 on the diagonal.

    Returns
    -------
    (n × m) float32. Solved as linear equations; where a cell's answer has a negative signal, by non-negative least
    squares (Chevrier et al. 2018, Cell Syst 6:612).
    """
    from scipy.optimize import nnls

    out = raw.astype(np.float32, copy=True)
    known = np.flatnonzero(np.isfinite(raw).all(axis=1))
    solved = np.linalg.solve(matrix.T, raw[known].astype(float).T).T
    for at in np.flatnonzero((solved < 0).any(axis=1)):
        solved[at] = nnls(matrix.T, raw[known[at]].astype(float))[0]
    out[known] = solved
    return out


def features(normalised: np.ndarray, config: NormaliseConfig) -> np.ndarray:
    """What distances between cells and mean levels of clusters are computed from.

    Square roots of `reference` values, which are scaled counts: on that scale counting noise is as large in bright
    cells as in dim ones, and no single bright marker or saturated cell decides. Other methods bring their own scale.
    """
    if config.method == "reference":
        return np.sqrt(np.maximum(normalised, 0.0))
    return normalised
