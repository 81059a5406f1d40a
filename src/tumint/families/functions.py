"""Pairs of two types up to a distance, and about a distance apart, against chance within tissue domains."""

from __future__ import annotations

from functools import partial

from tumint.families.family import Family

_log2 = partial(Family, scale="log2", pools="counts", value="observed / expected", primary=False)
_MANY = " are {times} as many {sides}, relative to chance within domains"


def _within(um: int, rank: int) -> Family:
    return _log2(f"within_{um}", f"pairs within {um} µm", rank, sentence=f"Pairs of {{feature}} within {um} µm" + _MANY)


def _around(um: int, rank: int) -> Family:
    return _log2(f"around_{um}", f"pairs {um} µm apart", rank, sentence=f"Pairs of {{feature}} {um} µm apart" + _MANY)


FAMILIES = (
    *(_within(um, 41 + i) for i, um in enumerate((20, 50, 100))),
    *(_around(um, 44 + i) for i, um in enumerate((10, 20, 30))),
)
