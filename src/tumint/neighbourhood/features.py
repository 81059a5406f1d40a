"""Scores → features: the long table that the comparison of subjects reads. Tables in, table out, no files.

`value` and `se` by family, with n cells of a type among N of the image, and ½ added so that no log is infinite:

- composition: log((n + ½) / (N − n + ½)); se by the delta method, √(1 / (n + ½) + 1 / (N − n + ½)); `n` = N.
- density: log of (n + ½) per mm² of tissue, the 50 µm squares with a cell in them; se 1 / √(n + ½), as of a Poisson
  count; `n` = N. A type without a cell has both all the same: none was seen where N were looked at.
- interaction: log2_enrichment and its se under the null; `n` = cells of the source; `weight` = expected count.
- interaction_<statistic>: the same of another statistic, of ordered pairs, under the primary null alone.
- distance: mean log of the nearest distance; se its sd over cells / √n; `n` = cells of the source.

Outside `keys.RATIO_FAMILIES` `weight` = `n`. What is not `tested` has no value and weight 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tumint import keys as k

SQUARE_UM = 50.0
GLOBAL, WITHIN = "global", "domain"  # values of `null`


def tissue_area_mm2(xy: np.ndarray) -> float:
    """Area of the squares of `SQUARE_UM` (counted from the lowest x and y) that hold a cell, in mm²."""
    squares = np.unique(((xy - xy.min(axis=0)) // SQUARE_UM).astype(np.int64), axis=0)
    return float(len(squares) * (SQUARE_UM / 1000) ** 2)


def cell_features(sample: str, xy: np.ndarray, labels: np.ndarray, types: Sequence[str]) -> pd.DataFrame:
    """Composition and density of one image with at least one cell; `labels` index `types`.

    Without coordinates (all NaN) there is no density.
    """
    n = np.bincount(labels, minlength=len(types)).astype(float)
    rest = len(labels) - n
    composition = {
        k.FAMILY: k.FAMILY_COMPOSITION,
        k.FEATURE: list(types),
        k.VALUE: np.log((n + 0.5) / (rest + 0.5)),
        k.SE: np.sqrt(1 / (n + 0.5) + 1 / (rest + 0.5)),
    }
    located = not np.isnan(xy).all()
    density = {
        k.FAMILY: k.FAMILY_DENSITY,
        k.FEATURE: list(types),
        k.VALUE: np.log((n + 0.5) / tissue_area_mm2(xy)) if located else np.nan,
        k.SE: 1 / np.sqrt(n + 0.5) if located else np.nan,
    }
    table = pd.concat([pd.DataFrame(composition), pd.DataFrame(density)], ignore_index=True)
    table.insert(0, k.SAMPLE, sample)
    without = (table[k.FAMILY] == k.FAMILY_DENSITY) & (not located)
    table[k.WEIGHT] = np.where(without, 0.0, float(len(labels)))
    table[k.N] = len(labels)
    table[k.STATUS] = np.where(without, k.NO_COORDINATES, k.TESTED)
    return table


def interaction_features(scores: pd.DataFrame, family: str, *, symmetric: bool) -> pd.DataFrame:
    """Features of the rows of one null; `symmetric` keeps one of a→b and b→a, which are equal on undirected graphs."""
    if symmetric:
        scores = scores[scores[k.SOURCE].astype(str) <= scores[k.TARGET].astype(str)]
    tested = scores[k.STATUS] == k.TESTED
    return pd.DataFrame(
        {
            k.SAMPLE: scores[k.SAMPLE],
            k.FAMILY: family,
            k.FEATURE: _pairs(scores),
            k.VALUE: scores["log2_enrichment"],
            k.SE: scores[k.SE],
            k.WEIGHT: (scores["expected"] if family in k.RATIO_FAMILIES else scores["n_source"]).where(tested, 0.0),
            k.N: scores["n_source"],
            k.STATUS: scores[k.STATUS],
        }
    )


def distance_features(distances: pd.DataFrame) -> pd.DataFrame:
    """Features of the nearest distances."""
    tested = distances[k.STATUS] == k.TESTED
    return pd.DataFrame(
        {
            k.SAMPLE: distances[k.SAMPLE],
            k.FAMILY: k.FAMILY_DISTANCE,
            k.FEATURE: _pairs(distances),
            k.VALUE: distances["mean_log"],
            k.SE: distances["sd_log"] / np.sqrt(distances[k.N].where(tested, 1)),
            k.WEIGHT: distances[k.N].where(tested, 0).astype(float),
            k.N: distances[k.N],
            k.STATUS: distances[k.STATUS],
        }
    )


def _pairs(table: pd.DataFrame) -> pd.Series:
    return table[k.SOURCE].astype(str) + k.PAIR_SEPARATOR + table[k.TARGET].astype(str)


def feature_table(
    cells: pd.DataFrame, interactions: pd.DataFrame, distances: pd.DataFrame, *, domains: bool, symmetric: bool
) -> pd.DataFrame:
    """All features of a cohort.

    Parameters
    ----------
    cells
        The rows of `cell_features` of every sample.
    domains
        Whether scores within domain exist: they are the family `interaction` then, and the global ones
        `interaction_global`. A sample without any domain has its interactions as `absent` there.
    """
    parts = [cells]
    primary, everywhere = _by_null(interactions[interactions["statistic"] == "edges"], domains=domains)
    parts.append(interaction_features(primary, k.FAMILY_INTERACTION, symmetric=symmetric))
    if domains:
        parts.append(interaction_features(everywhere, k.FAMILY_INTERACTION_GLOBAL, symmetric=symmetric))
    for name, family in k.FAMILIES_OF_STATISTICS.items():
        primary, _ = _by_null(interactions[interactions["statistic"] == name], domains=domains)
        if len(primary):
            parts.append(interaction_features(primary, family, symmetric=False))
    parts.append(distance_features(distances))
    return pd.concat(parts, ignore_index=True)


def _by_null(scores: pd.DataFrame, *, domains: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores under the primary null, within domain where there are any, and those under the global null."""
    everywhere = scores[scores[k.NULL] == GLOBAL]
    if not domains:
        return everywhere, everywhere
    within = scores[scores[k.NULL] == WITHIN]
    without = everywhere[~everywhere[k.SAMPLE].isin(set(within[k.SAMPLE]))]
    missing = without.assign(log2_enrichment=np.nan, se=np.nan, status=k.ABSENT)
    return pd.concat([part for part in (within, missing) if len(part)] or [within]), everywhere
