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
    told_by: Mapping[str, Sequence[str]] = {},
    inside: str = "",
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
    told_by
        Markers of a type that are not compared in it, because their gates made it.
    ratios
        Logarithms of means; else means, where normalised values can be negative.
    inside
        The family of levels within `domains` alone, in place of all these.

    Notes
    -----
    log(mean + 0.001), se by the delta method from the spread of the cells, weighed by the cells of the type there.
    Positive cells are counted against half of the cells, which `against_cohort` makes those that the cohort has.
    """
    places = ["", *sorted(set(domains) - {k.NO_DOMAIN})]
    K = len(types)
    at = np.searchsorted(places[1:], domains) if len(places) > 1 else np.zeros(len(domains), dtype=np.intp)
    placed = np.asarray(domains) != k.NO_DOMAIN
    shown = [(j, place) for j, place in enumerate(places) if place or not inside]
    family = inside or (k.FAMILY_MARKER if ratios else k.FAMILY_MARKER_DIFFERENCE)
    parts = []
    for marker, column in values.items():
        known = ~np.isnan(column)
        kinds = [
            (i, name) for i, name in enumerate(types) if name != k.UNCLASSIFIED and marker not in told_by.get(name, ())
        ]
        here = known & placed
        groups = np.concatenate([labels[known], labels[here] + K * (at[here] + 1)])
        level = np.concatenate([column[known], column[here]]).astype(float)
        size = K * len(places)
        n = np.bincount(groups, minlength=size).astype(float)
        names = [_name(f"{marker} of", kind, place) for _, place in shown for _, kind in kinds]
        kept = np.array([i + K * j for j, _ in shown for i, _ in kinds], dtype=np.intp)
        parts.append(_rows(sample, family, names, n[kept], *(x[kept] for x in _means(groups, level, n, ratios))))
        gate = gates.get(marker, np.nan)
        if not np.isnan(gate) and not inside:
            positive = np.bincount(groups, weights=level >= gate, minlength=size)
            names = [_name(f"{marker}+ among", kind, place) for _, place in shown for _, kind in kinds]
            ratio = np.log2((positive + 0.5) / (n / 2 + 0.5))[kept]
            rows = _rows(sample, k.FAMILY_POSITIVITY, names, n[kept], ratio, np.full(len(kept), np.nan))
            parts.append(rows.assign(**{k.WEIGHT: rows[k.WEIGHT] / 2}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def against_cohort(features: pd.DataFrame) -> pd.DataFrame:
    """Features of all samples, the positive cells of each against those expected at the share of the whole cohort.

    log2((p + ½) / (E + ½)), E = n times the share of positive cells over all samples; `weight` = E; se by the binomial
    law. With ½ against a half of the cells, a sample without positive cells would say the less the more cells it has.
    """
    mine = (features[k.FAMILY] == k.FAMILY_POSITIVITY).to_numpy()
    rows = features[mine]
    n = rows[k.N].to_numpy(dtype=float)
    there = (rows[k.STATUS] == k.TESTED).to_numpy()
    value = np.where(there, rows[k.VALUE].to_numpy(dtype=float), 0.0)
    positive = np.where(there, np.rint(np.exp2(value) * (n / 2 + 0.5) - 0.5), 0.0)
    sums = pd.DataFrame({"n": n, "positive": positive}).groupby(rows[k.FEATURE].to_numpy()).transform("sum")
    share = sums["positive"].to_numpy() / np.maximum(sums["n"].to_numpy(), 1.0)
    expected, sd = n * share, np.sqrt(n * share * (1 - share))
    moves = there & (sd > 0)
    found = features.copy()
    found.loc[mine, k.VALUE] = np.where(moves, np.log2((positive + 0.5) / (expected + 0.5)), np.nan)
    found.loc[mine, k.SE] = np.where(moves, sd / ((expected + 0.5) * np.log(2)), np.nan)
    found.loc[mine, k.WEIGHT] = np.where(moves, expected, 0.0)
    found.loc[mine, k.STATUS] = np.where(there & ~moves, k.NO_VARIATION, rows[k.STATUS].to_numpy(dtype=object))
    return found


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


def _rows(sample: str, family: str, names: list[str], n: np.ndarray, value: np.ndarray, se: np.ndarray) -> pd.DataFrame:
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
