"""Which findings are told or drawn where there are too many: some of every kind."""

from __future__ import annotations

import pandas as pd

from tumint import keys as k

MARKERS = 2  # that are told before the second of any other family


def fitting(hits: pd.DataFrame, most: int) -> pd.DataFrame:
    """The findings that fit: all, or `most` of them, some of every kind; rows stay in their order."""
    return hits if len(hits) <= most else hits[hits["id"].isin(spread(hits, most))]


def spread(hits: pd.DataFrame, most: int) -> list[str]:
    """Ids of the findings to tell, in the order of the rows.

    Contacts are what is asked for: half of the places are theirs. Then the best of each family comes before the second
    best of any; of markers, which are of many kinds, two. Of a marker of a type, which is a feature in each tissue
    domain too, the best one counts; how dense a type is says little beside how large its share is. Of the areas of
    domains, which add up to one, the tumour's speaks for all.
    """
    rows = hits.assign(_once=hits[k.FAMILY] + hits[k.FEATURE].str.split(" in ").str[0])
    rows = rows[~rows["_once"].duplicated() | ~rows[k.FAMILY].isin([k.FAMILY_MARKER, k.FAMILY_POSITIVITY])]
    shares = set(rows.loc[rows[k.FAMILY] == k.FAMILY_COMPOSITION, k.FEATURE])
    rows = rows[~((rows[k.FAMILY] == k.FAMILY_DENSITY) & rows[k.FEATURE].isin(shares))]
    tumour = (rows[k.FAMILY] == k.FAMILY_DOMAIN) & (rows[k.FEATURE] == k.TUMOUR)
    if tumour.any():
        rows = rows[(rows[k.FAMILY] != k.FAMILY_DOMAIN) | tumour]
    turn = rows.groupby(k.FAMILY, sort=False).cumcount()
    first = (rows[k.FAMILY] == k.FAMILY_INTERACTION) & (turn < most // 2)
    first |= (rows[k.FAMILY] == k.FAMILY_MARKER) & (turn < MARKERS)
    chosen = set(rows.loc[turn.mask(first, -1).sort_values(kind="stable").index[:most], "id"])
    return [name for name in rows["id"] if name in chosen]
