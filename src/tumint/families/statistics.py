"""Other statistics of ordered pairs than counts of contacts: who seeks whom, means and shares."""

from __future__ import annotations

from tumint import keys as k
from tumint.families.family import Family


def _of(statistic: str, rank: int) -> Family:
    return Family(
        f"interaction_{statistic}",
        f"contact ({statistic})",
        rank,
        scale="log2",
        pools="cells",
        value="observed / expected",
        sentence=f"{{source}} → {{target}} by `{statistic}` is {{times}} as high {{sides}}, relative to chance nearby",
        directed=True,
        statistic=statistic,
    )


ALLOCATION = Family(
    k.FAMILY_ALLOCATION,
    "allocation",
    6,
    scale="log2",
    pools="counts",
    value="observed / expected",
    sentence="{target} lie beside {source} {times} as often {sides}, relative to chance nearby",
    primary=False,
    directed=True,
    statistic="allocation",
)
# means and shares do not add up over ROIs
FAMILIES = (ALLOCATION, *(_of(name, 10 + i) for i, name in enumerate(("classic", "histocat", "patch"))))
