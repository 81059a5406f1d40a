"""Pairs of two types up to a distance, and about a distance apart, against chance within tissue domains."""

from __future__ import annotations

from functools import partial

from tumint.families.family import Family

_log2 = partial(Family, scale="log2", pools="counts", value="observed / expected", primary=False)
_CHANCE = " {times} as many {sides}, relative to chance within domains"

FAMILIES = (
    *(
        _log2(
            f"within_{um}",
            f"pairs within {um} µm",
            41 + i,
            sentence=f"Pairs of {{feature}} within {um} µm are" + _CHANCE,
        )
        for i, um in enumerate((20, 50, 100))
    ),
    *(
        _log2(
            f"around_{um}", f"pairs {um} µm apart", 44 + i, sentence=f"Pairs of {{feature}} {um} µm apart are" + _CHANCE
        )
        for i, um in enumerate((10, 20, 30))
    ),
)
