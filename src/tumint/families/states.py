"""Markers of a cell by whom it touches, and the lineage markers that show how much of that is spillover."""

from __future__ import annotations

from tumint import keys as k
from tumint.families.family import Family

FAMILIES = (
    Family(
        k.FAMILY_STATE,
        "state by contact",
        55,
        scale="index",
        pools="cells",
        value="rise on contact, normalised",
        sentence="{feature}: the rise on contact is {higher} in {group} than in {reference}, by {times} on the "
        "normalised scale and beyond what spillover explains",
    ),
    Family(
        k.FAMILY_SPILLOVER,
        "spillover (control)",
        20,
        scale="index",
        pools="cells",
        value="share of the neighbour's level",
        sentence="{feature}: the share of the neighbour's lineage marker that is read on contact is {higher} in "
        "{group} than in {reference}, by {times}",
        primary=False,
    ),
    Family(
        k.FAMILY_POSITIVE_CONTACT,
        "positivity by contact",
        21,
        scale="log2",
        pools="counts",
        value="observed / expected",
        sentence="{feature}: positive cells are {times} as many on contact {sides}, relative to chance within domains",
        primary=False,
    ),
)
