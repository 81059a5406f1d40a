"""How high a marker is in the cells of a type, and how many of them are positive for it."""

from __future__ import annotations

from tumint import keys as k
from tumint.families.family import Family

FAMILIES = (
    Family(
        k.FAMILY_MARKER,
        "marker",
        32,
        scale="log",
        pools="cells",
        value="mean, normalised",
        sentence="{within} is {times} as high {sides}",
    ),
    Family(
        k.FAMILY_MARKER_DIFFERENCE,  # in place of the ratio, where normalised values can be below 0
        "marker (difference)",
        33,
        scale="index",
        pools="cells",
        value="mean, normalised",
        sentence="{within} is {higher} in {group} than in {reference}: normalised means differ by {times}",
    ),
    Family(
        k.FAMILY_POSITIVITY,
        "positivity",
        34,
        scale="log2",
        pools="counts",
        value="positive / expected",
        sentence="{within}: their share is {times} as high {sides}",
    ),
)
