"""How many cells of a type there are: among all cells, and per area."""

from __future__ import annotations

from tumint import keys as k
from tumint.families.family import Family

FAMILIES = (
    Family(
        k.FAMILY_COMPOSITION,
        "composition",
        20,
        scale="log",
        pools="mean",
        value="odds",
        sentence="The odds that a cell belongs to {feature} are {times} as high {sides} ({shares})",
    ),
    Family(
        k.FAMILY_DENSITY,
        "density",
        30,
        scale="log",
        pools="mean",
        value="cells per mm²",
        sentence="There are {times} as many {feature} per mm² {sides}",
    ),
)
