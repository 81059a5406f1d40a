"""Raw intensities → values that compare over ROIs. Which markers go on is decided elsewhere."""

from __future__ import annotations

import numpy as np

from tumint.config.cluster import NormaliseConfig

SIGNAL = 0.001  # after division by the reference: what lies below counts as no signal when a marker is scaled


def reference_levels(reference: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """Median of the reference channel over the cells of each sample, NaN where none of them has a value.

    `reference` (n,) and `sample` (n,), which holds codes 0 … S - 1; returns (S,) float64.
    """
    known = ~np.isnan(reference)
    by_sample = [reference[known & (sample == s)].astype(float) for s in range(int(sample.max()) + 1)]
    return np.array([np.median(values) if values.size else np.nan for values in by_sample])


def normalise(raw: np.ndarray, config: NormaliseConfig, *, scale: np.ndarray | None = None) -> np.ndarray:
    """Normalise each marker (column) on its own.

    Parameters
    ----------
    raw
        (n × m) float32; NaN where a sample lacks a marker.
    config
        `reference`: divide by `scale`, then by the pooled percentile of the marker over the cells with signal. Values
        above it stay above 1: were they cut, a marker of a type rarer than 1 - percentile would be cut down to the
        noise of all the others. `arcsinh`: arcsinh(x / cofactor). `none`: as it came.
    scale
        (n,) level of the reference channel in the ROI of each cell; needed by `reference`.

    Returns
    -------
    (n × m) float32, NaN where `raw` is.

    Notes
    -----
    `reference` follows `normalisation_and_scaling.R` of van Maldegem et al. 2021, Nat Commun 12:5906: per ROI by the
    median of the xenon channel, then per marker by the 99th percentile of the pooled values above 0.001, not cut.
    """
    if config.method == "none":
        return raw.astype(np.float32)
    out = np.empty(raw.shape, dtype=np.float32)
    for m in range(raw.shape[1]):
        values = raw[:, m].astype(float)
        if config.method == "arcsinh":
            out[:, m] = np.arcsinh(values / config.cofactor)
            continue
        assert scale is not None
        values /= scale
        signal = values[values > SIGNAL]
        out[:, m] = values / np.percentile(signal, config.percentile) if signal.size else values
    return out


def features(normalised: np.ndarray, config: NormaliseConfig) -> np.ndarray:
    """What distances between cells and mean levels of clusters are computed from.

    Square roots of `reference` values, which are scaled counts: on that scale counting noise is as large in bright
    cells as in dim ones, and no single bright marker or saturated cell decides. Other methods bring their own scale.
    """
    if config.method == "reference":
        return np.sqrt(np.maximum(normalised, 0.0))
    return normalised
