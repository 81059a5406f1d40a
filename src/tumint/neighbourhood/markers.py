"""How high a marker is in the cells of a type, and how many are positive, in the whole ROI and in each tissue domain.

Arrays in, a table out. Which markers are compared is said by `tumint.neighbourhood.measured`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from tumint import keys as k

LEAST = 0.001
"""What is added to a mean before its logarithm: that of no signal at all is finite."""


def marker_features(
    sample: str,
    labels: np.ndarray,
    types: Sequence[str],
    domains: np.ndarray,
    values: Mapping[str, np.ndarray],
    gates: Mapping[str, float],
    *,
    ratios: bool = True,
) -> pd.DataFrame:
    """Rows of the contract `FEATURES` of one sample: families `marker` (or `marker_difference`) and `positivity`.

    Parameters
    ----------
    labels
        (n,) index into `types`; cells that are `unclassified` have no row.
    domains
        (n,) name of the tissue domain; `none` has no rows of its own.
    values
        Normalised values (n,) of the markers that are compared; missing ones do not count.
    gates
        Where positive cells begin, of some of these markers.
    ratios
        Logarithms of means; else means, where normalised values can be negative.

    Notes
    -----
    log(mean + 0.001), se by the delta method from the spread of the cells; log((p + ½) / (n − p + ½)) of p positive
    among n cells. `n` and `weight` are the cells of the type there.
    """
    places = ["", *sorted(set(domains) - {k.NO_DOMAIN})]
    kinds = [(i, name) for i, name in enumerate(types) if name != k.UNCLASSIFIED]
    K = len(types)
    at = np.searchsorted(places[1:], domains) if len(places) > 1 else np.zeros(len(domains), dtype=np.intp)
    inside = np.asarray(domains) != k.NO_DOMAIN
    parts = []
    for marker, column in values.items():
        known = ~np.isnan(column)
        here = known & inside
        groups = np.concatenate([labels[known], labels[here] + K * (at[here] + 1)])
        level = np.concatenate([column[known], column[here]]).astype(float)
        size = K * len(places)
        n = np.bincount(groups, minlength=size).astype(float)
        names = [_name(f"{marker} of", kind, place) for place in places for _, kind in kinds]
        kept = np.array([i + K * j for j in range(len(places)) for i, _ in kinds], dtype=np.intp)
        family = k.FAMILY_MARKER if ratios else k.FAMILY_MARKER_DIFFERENCE
        parts.append(_rows(sample, family, names, n[kept], *(x[kept] for x in _means(groups, level, n, ratios))))
        gate = gates.get(marker, np.nan)
        if not np.isnan(gate):
            positive = np.bincount(groups, weights=level >= gate, minlength=size)
            names = [_name(f"{marker}+ among", kind, place) for place in places for _, kind in kinds]
            odds = np.log((positive + 0.5) / (n - positive + 0.5))
            se = np.sqrt(1 / (positive + 0.5) + 1 / (n - positive + 0.5))
            parts.append(_rows(sample, k.FAMILY_POSITIVITY, names, n[kept], odds[kept], se[kept]))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _name(marker: str, kind: str, place: str) -> str:
    return f"{marker} {kind} in {place}" if place else f"{marker} {kind}"


def _means(groups: np.ndarray, level: np.ndarray, n: np.ndarray, ratios: bool) -> tuple[np.ndarray, np.ndarray]:
    """Mean of each group, or its logarithm, with the standard error over cells; one cell has none."""
    many = np.maximum(n, 1.0)
    mean = np.bincount(groups, weights=level, minlength=len(n)) / many
    off = np.bincount(groups, weights=np.square(level - mean[groups]), minlength=len(n))
    with np.errstate(invalid="ignore", divide="ignore"):
        se = np.where(n > 1, np.sqrt(off / (many - 1) / many), np.nan)
    if not ratios:
        return mean, se
    above = np.maximum(mean, 0.0) + LEAST
    return np.log(above), se / above


def _rows(
    sample: str, family: str, names: list[str], n: np.ndarray, value: np.ndarray, se: np.ndarray
) -> pd.DataFrame:
    there = n > 0
    return pd.DataFrame(
        {
            k.SAMPLE: sample,
            k.FAMILY: family,
            k.FEATURE: names,
            k.VALUE: np.where(there, value, np.nan),
            k.SE: np.where(there, se, np.nan),
            k.WEIGHT: np.where(there, n, 0.0),
            k.N: n.astype(np.int64),
            k.STATUS: np.where(there, k.TESTED, k.ABSENT).astype(object),
        }
    )
