"""Other statistics of ordered pairs than counts of contacts: means and shares, which do not add up over ROIs."""

from __future__ import annotations

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


FAMILIES = tuple(_of(name, 10 + i) for i, name in enumerate(("classic", "histocat", "patch")))
