"""Networks of cells of chosen types, against labels permuted within tissue domains."""

from __future__ import annotations

from tumint import keys as k
from tumint.families.family import Family

FAMILIES = (
    Family(
        k.FAMILY_NETWORK,
        "network",
        38,
        scale="log2",
        pools="counts",
        value="observed / expected",
        sentence="{feature}: {times} as many {sides}, relative to chance within tissue domains",
    ),
    Family(
        k.FAMILY_TYPE_IN_NETWORK,
        "type in network",
        39,
        scale="log2",
        pools="counts",
        value="observed / expected",
        sentence="{feature}: {times} as many {sides}, relative to the other cells that networks are made of",
    ),
)
