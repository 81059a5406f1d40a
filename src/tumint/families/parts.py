"""How often two types meet, against chance in the whole image, and the three parts that it is the sum of."""

from __future__ import annotations

from functools import partial

from tumint import keys as k
from tumint.families.family import Family

_log2 = partial(Family, scale="log2", pools="counts", value="observed / expected", primary=False)
_OFTEN = "{meet} {times} as often {sides}, "

TOTAL = _log2(k.FAMILY_TOTAL, "contacts in all", 2, sentence=_OFTEN + "relative to chance in the whole image")
PARTS = (
    _log2(k.FAMILY_SHARED_DOMAIN, "shared domain", 3, sentence=_OFTEN + "through the tissue domains that they share"),
    _log2(
        k.FAMILY_SHARED_REGION,
        "shared region",
        4,
        sentence=_OFTEN + "through the regions that they share within domains",
    ),
    _log2(k.FAMILY_CONTACT, "contacts beyond chance nearby", 5, sentence=_OFTEN + "relative to chance nearby"),
)
FAMILIES = (TOTAL, *PARTS)
