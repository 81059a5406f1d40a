"""Scores → features: the long table that the comparison of subjects reads. Tables in, table out, no files.

`value` and `se` by family, with n cells of a type among N of the image, and ½ added so that no log is infinite:

- composition: log((n + ½) / (N − n + ½)); se by the delta method, √(1 / (n + ½) + 1 / (N − n + ½)); `n` = N.
- density: log of (n + ½) per mm² of tissue, the 50 µm squares with a cell in them; se 1 / √(n + ½), as of a Poisson
  count; `n` = N. A type without a cell has both all the same: none was seen where N were looked at.
- interaction, interaction_pairwise, mixing: log contact odds ratios and χ under the primary null; `weight` =
  information, 0 where nothing can vary.
- interaction_total = shared_domain + shared_region + contact_excess: log2 ratios of edges over the edges that can
  vary; `weight` = what is expected, so that the two counts of every ratio can be added up.
- interaction_<statistic>: log2_enrichment of another statistic, of ordered pairs.
- allocation: log2 of the cells of the target beside a source cell over those expected there, of ordered pairs; `weight`
  = what is expected.
- distance: chance that a cell of a third type of the stratum (under the primary null) is nearer to the target than a
  cell of the source is: ½ as by chance, less is near; `n` = cells of the source with such cells. A mean, no logit of
  it: the mean of ROIs by `n` is that of all cells of a subject, and its variance hardly depends on where it lies.

For all else `weight` = `n`; in all but distance, `n` of a pair = cells of the source. What is not `tested` has no
value, weight 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.pair_features import (
    ODDS,
    allocation_features,
    odds_features,
    pair_names,
    part_features,
    statistic_features,
)

SQUARE_UM = 50.0


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


def distance_features(distances: pd.DataFrame) -> pd.DataFrame:
    """Features of the nearest distances, by their index."""
    n, status = distances["n_index"], distances[k.STATUS].astype(str).to_numpy(dtype=object)
    status = np.where((status == k.TESTED) & (n.to_numpy() == 0), k.NO_VARIATION, status)
    return pd.DataFrame(
        {
            k.SAMPLE: distances[k.SAMPLE],
            k.FAMILY: k.FAMILY_DISTANCE,
            k.FEATURE: pair_names(distances),
            k.VALUE: distances["index"],
            k.SE: distances["index_se"],
            k.WEIGHT: n.astype(float),
            k.N: n,
            k.STATUS: status,
        }
    )


def feature_table(
    cells: pd.DataFrame, interactions: pd.DataFrame, distances: pd.DataFrame, *, primary: str, symmetric: bool
) -> pd.DataFrame:
    """All features of a cohort.

    Parameters
    ----------
    cells
        The rows of `cell_features` of every sample.
    primary
        The null that interactions are compared under.
    """
    edges = interactions[(interactions["statistic"] == "edges") & (interactions[k.NULL] == primary)]
    parts = [cells, *(odds_features(edges, family) for family in ODDS), part_features(edges, symmetric=symmetric)]
    for name, family in {"allocation": k.FAMILY_ALLOCATION, **k.FAMILIES_OF_STATISTICS}.items():
        scores = interactions[(interactions["statistic"] == name) & (interactions[k.NULL] == primary)]
        if len(scores):
            parts.append(allocation_features(scores) if name == "allocation" else statistic_features(scores, family))
    return pd.concat([*parts, distance_features(distances)], ignore_index=True)
