"""Niches: how much of a ROI each is, who lives where and in which state, and which niches hold a type."""

from __future__ import annotations

from tumint import keys as k
from tumint.families.family import Family

FAMILIES = (
    Family(
        k.FAMILY_NICHE,
        "niche",
        35,
        scale="log",
        pools="mean",
        value="odds",
        sentence="The odds that a cell lives in niche {feature} are {times} as high {sides}",
    ),
    Family(
        k.FAMILY_TYPE_IN_NICHE,
        "type in niche",
        36,
        scale="log",
        pools="cells",
        value="odds",
        sentence="The odds that {thing} live in niche {place} are {times} as high {sides}",
        primary=False,
    ),
    Family(
        k.FAMILY_NICHE_WITH,
        "niche with a type",
        37,
        scale="log",
        pools="cells",
        value="odds",
        sentence="In niche {thing}, the odds that a cell has {place} nearby are {times} as high {sides}",
    ),
    Family(
        k.FAMILY_MARKER_IN_NICHE,
        "marker in niche",
        53,
        scale="log",
        pools="cells",
        value="mean, normalised",
        sentence="{feature} is {times} as high {sides}",
        primary=False,
    ),
)
