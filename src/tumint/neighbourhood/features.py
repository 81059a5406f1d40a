"""Scores → features: the long table that the comparison of subjects reads. Tables in, table out, no files.

`value` and `se` by family, with N cells in the image, and ½ added to counts so that no log is infinite:

- what is said of an image as it is, such as composition and density: see `statistics`; `n` = N.
- interaction, interaction_pairwise, mixing: log contact odds ratios and χ under the primary null; `weight` =
  information, 0 where nothing can vary.
- interaction_total = shared_domain + shared_region + contact_excess: log2 ratios of edges over the edges that can
  vary; `weight` = what is expected, so that the two counts of every ratio can be added up.
- interaction_<statistic>: log2_enrichment of another statistic, of ordered pairs.
- distance: mean log of the nearest distance; se its sd over cells / √n; `n` = cells of the source.

For all else `weight` = `n`; in all, `n` of a pair = cells of the source. What is not `tested` has no value, weight 0.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumint import families
from tumint import keys as k
from tumint.pair_features import ODDS, odds_features, pair_names, part_features, statistic_features


def distance_features(distances: pd.DataFrame) -> pd.DataFrame:
    """Features of the nearest distances."""
    tested = distances[k.STATUS] == k.TESTED
    return pd.DataFrame(
        {
            k.SAMPLE: distances[k.SAMPLE],
            k.FAMILY: k.FAMILY_DISTANCE,
            k.FEATURE: pair_names(distances),
            k.VALUE: distances["mean_log"],
            k.SE: distances["sd_log"] / np.sqrt(distances[k.N].where(tested, 1)),
            k.WEIGHT: distances[k.N].where(tested, 0).astype(float),
            k.N: distances[k.N],
            k.STATUS: distances[k.STATUS],
        }
    )


def feature_table(
    images: pd.DataFrame, interactions: pd.DataFrame, distances: pd.DataFrame, *, primary: str, symmetric: bool
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
            parts.append(statistic_features(scores, family.name))
    return pd.concat([*parts, distance_features(distances)], ignore_index=True)
