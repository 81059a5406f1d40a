"""Contrasts of two features, which the config names: one feature of a subject less another."""

from __future__ import annotations

from tumint import keys as k
from tumint.families.family import Family

FAMILIES = (
    Family(
        k.FAMILY_FEATURES,
        "contrast of features",
        60,
        scale="log",
        pools="mean",
        value="ratio of two features",
        sentence="{feature}: the ratio of the two is {times} as high {sides}",
    ),
    Family(
        k.FAMILY_FEATURES_INDEX,
        "difference of features",
        61,
        scale="index",
        pools="mean",
        value="difference of two features",
        sentence="{feature}: the difference of the two is {higher} in {group} than in {reference}, by {times}",
    ),
)
