"""How near cells of one type are to another: the chance that other cells nearby are nearer. No abundance changes it."""

from __future__ import annotations

from tumint import keys as k
from tumint.families.family import Family

FAMILIES = (
    Family(
        k.FAMILY_DISTANCE,
        "nearest distance",
        40,
        scale="index",
        pools="cells",
        value="chance that others are nearer",
        sentence="{source} are {nearer} {whom} in {group} than in {reference}: the chance that another cell nearby is "
        "nearer differs by {times}",
        directed=True,
    ),
)
