"""Contact odds ratios: by how much a neighbour of one type multiplies the odds that a cell is of another."""

from __future__ import annotations

from functools import partial

from tumint import keys as k
from tumint.families.family import Family

_odds = partial(Family, scale="log", pools="information", value="odds ratio")

FAMILIES = (
    _odds(k.FAMILY_INTERACTION, "contact", 0),  # all pairs of types in one fit
    _odds(k.FAMILY_PAIRWISE, "contact, pair by pair", 0, primary=False),  # every pair by itself
    _odds(k.FAMILY_MIXING, "mixing", 1, primary=False),  # of two types, against each with itself
)
