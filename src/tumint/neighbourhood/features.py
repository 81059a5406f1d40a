"""Scores → features: the long table that the comparison of subjects reads. Tables in, table out, no files.

`value` and `se` by family, with N cells in the image, and ½ added to counts so that no log is infinite:

- what is said of an image as it is, such as composition and density: see `statistics`; `n` = N.
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

import numpy as np
import pandas as pd

from tumint import families
from tumint import keys as k
from tumint.pair_features import (
    ODDS,
    allocation_features,
    function_features,
    odds_features,
    pair_names,
    part_features,
    statistic_features,
)


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
    images: pd.DataFrame,
    interactions: pd.DataFrame,
    distances: pd.DataFrame,
    functions: pd.DataFrame,
    *,
    primary: str,
    symmetric: bool,
) -> pd.DataFrame:
    """All features of a cohort.

    Parameters
    ----------
    images
        The rows of `statistics.image_features` of every sample.
    primary
        The null that interactions are compared under.
    """
    edges = interactions[(interactions["statistic"] == "edges") & (interactions[k.NULL] == primary)]
    parts = [images, *(odds_features(edges, family) for family in ODDS), part_features(edges, symmetric=symmetric)]
    for family in (one for one in families.all_families().values() if one.statistic):
        scores = interactions[(interactions["statistic"] == family.statistic) & (interactions[k.NULL] == primary)]
        if len(scores):
            counted = family.pools == "counts"
            parts.append(allocation_features(scores) if counted else statistic_features(scores, family.name))
    every = [distance_features(distances), *function_features(edges, functions)]
    return pd.concat([*parts, *every], ignore_index=True)
