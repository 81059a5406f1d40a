"""How far it is from a cell of one type to the nearest of another."""

from __future__ import annotations

from tumint import keys as k
from tumint.families.family import Family

FAMILIES = (
    Family(
        k.FAMILY_DISTANCE,
        "nearest distance",
        40,
        scale="log",
        pools="cells",
        value="µm",
        sentence="From {source} to {nearest} it is {times} as far {sides}",
        directed=True,
    ),
)
