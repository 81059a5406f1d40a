"""Who stands on the ways from one type to another, against chance within tissue domains."""

from __future__ import annotations

from tumint import keys as k
from tumint.families.family import Family

FAMILIES = (
    Family(
        k.FAMILY_BARRIER,
        "barriers",
        57,
        scale="log2",
        pools="counts",
        value="observed / expected",
        sentence="{feature} are {times} as many {sides}, relative to chance within domains",
    ),
)
