"""Statistics of single images that are compared between subjects as they are: who is there, and where.

A module here lists its statistics as `STATISTICS`. All are found by looking, so one is added by adding a module, and a
family in `tumint.families`; see `docs/contributing/statistic.md`. Scores of pairs against nulls are in `scores`.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.discover import listed
from tumint.neighbourhood.statistics.statistic import Cells, Statistic, Values

__all__ = ["Cells", "Statistic", "Values", "all_statistics", "image_features"]


@cache
def all_statistics() -> tuple[Statistic, ...]:
    """Every statistic, by its module, then as listed there."""
    return tuple(one for _, statistics in listed(__name__, "STATISTICS") for one in statistics)


def image_features(cells: Cells) -> pd.DataFrame:
    """All statistics of one image as rows of the contract `FEATURES`.

    What is not `tested` has no value and weight 0. Cells without coordinates have no statistic that needs places.
    """
    return pd.concat([_rows(one, cells) for one in all_statistics()], ignore_index=True)


def _rows(statistic: Statistic, cells: Cells) -> pd.DataFrame:
    names = statistic.features(cells.types)
    placed = cells.located or not statistic.needs_places
    given = statistic.of(cells) if placed else Values.nothing(len(names), len(cells.labels), k.NO_COORDINATES)
    tested = given.status == k.TESTED
    return pd.DataFrame(
        {
            k.SAMPLE: cells.sample,
            k.FAMILY: statistic.family,
            k.FEATURE: names,
            k.VALUE: np.where(tested, given.value, np.nan),
            k.SE: np.where(tested, given.se, np.nan),
            k.WEIGHT: np.where(tested, given.weight, 0.0),
            k.N: given.n,
            k.STATUS: given.status,
        }
    )
