"""Where cells lie: the tissue domains, what is in them, and how far from the tumour's margin."""

from __future__ import annotations

from functools import partial

from tumint import keys as k
from tumint.families.family import Family

_share = partial(Family, scale="log", pools="shares", value="odds")
_often = partial(Family, scale="log2", pools="counts")

FAMILIES = (
    _often(
        k.FAMILY_DOMAIN,
        "domain",
        31,
        value="share of the tissue",
        sentence="The {feature} domain takes up {times} as much of the tissue {sides}: {shares}",
    ),
    _share(
        k.FAMILY_IN_DOMAIN,
        "composition in domain",
        51,
        sentence="The odds that a cell in the {target} domain belongs to {source} are {times} as high {sides} "
        "({shares})",
        place=" in ",
    ),
    _often(
        k.FAMILY_PREFERENCE,
        "domain preference",
        52,
        value="observed / expected",
        sentence="{source} lie in the {target} domain {times} as often {sides}, relative to where cells of all "
        "types lie",
        place=" in ",
        primary=False,  # where one type leaves a domain, the share of all others in it rises
    ),
    _often(
        k.FAMILY_INFILTRATION,
        "infiltration",
        53,
        value="cells per mm² over those of the cohort",
        sentence="{source} per mm², {target} of the tumour's margin, are {times} as many {sides}",
        place=", ",
    ),
    # the rest moves with the size of the tumour alone, too
    _share(
        k.FAMILY_OF_TYPE,
        "domain of type",
        54,
        sentence="The odds that a cell of {source} lies in the {target} domain are {times} as high {sides} ({shares})",
        place=" in ",
        primary=False,
    ),
    _share(
        k.FAMILY_INSIDE,
        "inside the tumour",
        55,
        sentence="The odds that a cell of {feature} lies inside the tumour are {times} as high {sides} ({shares})",
        primary=False,
    ),
    Family(
        k.FAMILY_DEPTH,
        "infiltration depth",
        56,
        scale="um",
        pools="cells",
        value="µm from the margin",
        sentence="{target} of {source}: {size} {deeper} in {group} than in {reference}, by distance to the tumour's "
        "margin",
        primary=False,
        place=", ",
    ),
)
