"""Families of features: what each is called, on which scale its values are, how those of several ROIs become one.

A module here lists its families as `FAMILIES`. All are found by looking, so a family is added by adding a module; see
`docs/contributing/statistic.md`. Reports, sentences and the comparison of subjects read what they need from here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import pandas as pd

from tumint import keys as k
from tumint.discover import listed
from tumint.families.family import Family

__all__ = [
    "Family",
    "all_families",
    "chosen",
    "find",
    "log2_fold",
    "names",
    "of_ratios",
    "pools",
    "rank",
    "ratio",
    "spoken",
    "title",
]

_RATIOS = ("log", "log2")  # scales of which a difference is a ratio


@cache
def all_families() -> dict[str, Family]:
    """Every family by its name, in the order of reports.

    Raises
    ------
    ValueError
        Two modules list a family of the same name.
    """
    found: dict[str, Family] = {}
    for module, families in listed(__name__, "FAMILIES"):
        for one in families:
            if one.name in found:
                raise ValueError(f"two families are called {one.name}: one of them is in {module}")
            found[one.name] = one
    return {one.name: one for one in sorted(found.values(), key=lambda one: (not one.primary, one.rank))}


def find(name: str) -> Family | None:
    """The family of this name; None where it is of somebody's own table and nothing is known of it."""
    return all_families().get(name)


def names(kept: Callable[[Family], bool]) -> tuple[str, ...]:
    """Names of the families for which `kept` is true, in the order of reports."""
    return tuple(name for name, family in all_families().items() if kept(family))


def chosen(families: pd.Series, kept: Callable[[Family], bool]) -> pd.Series:
    """For every name in a column: whether it is one of `names(kept)`."""
    return families.isin(names(kept))


def pools(name: str, how: str) -> bool:
    """Whether ROIs become subjects in this way in a family; see `Family.pools`."""
    family = find(name)
    return family is not None and family.pools == how


def of_ratios() -> tuple[str, ...]:
    """Names of the families whose effects are ratios."""
    return names(lambda one: one.scale in _RATIOS)


def spoken(feature: str) -> str:
    """How a feature is called in words: of a marker by contact `PD1 of CD8 T cells beside Tumour cells`."""
    parts = feature.split(k.PAIR_SEPARATOR)
    return f"{parts[0]} of {parts[1]} beside {parts[2]}" if len(parts) == 3 else feature


def title(name: str) -> str:
    """How a report calls a family."""
    family = find(name)
    return family.title if family else name.replace("_", " ")


def rank(name: str) -> int:
    """Place of a family in a report; unknown ones stand last."""
    known = list(all_families())
    return known.index(name) if name in known else len(known)


def ratio(effect: float | None, name: str) -> float | None:
    """An effect of a family as a ratio; None where there is none, or the scale of the family is not known."""
    family = find(name)
    if effect is None or math.isnan(effect) or family is None or family.scale not in _RATIOS:
        return None
    return float(2.0**effect) if family.scale == "log2" else math.exp(effect)


def log2_fold(effect: Any, family: pd.Series) -> Any:
    """A column of effects in log2 units, so that families can share an axis; missing where they are no ratios.

    Effects of unknown families are taken for natural logarithms.
    """
    log2 = effect.where(chosen(family, lambda one: one.scale == "log2"), effect / math.log(2))
    return log2.mask(chosen(family, lambda one: one.scale not in _RATIOS))
