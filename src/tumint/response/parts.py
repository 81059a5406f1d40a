"""What a difference in how often two types meet is made of, in numbers and in one sentence.

log2 of all contacts against chance in the image is the sum of three parts (`pair_features.part_features`), so a
difference between groups splits into the same three.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from tumint import keys as k
from tumint.text import fixed, integer

SAID = {  # of a part, in the order in which they are said
    k.FAMILY_CONTACT: "contact itself",
    k.FAMILY_SHARED_REGION: "shared regions",
    k.FAMILY_SHARED_DOMAIN: "shared tissue domains",
}
SEVERAL = "several"
_LEAST = math.log2(1.05)  # a difference below this is none to speak of
_MOST = 0.5  # a part carries the difference where it is more than so much of it


def parts_of(effects: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Total and parts of every pair that has all of them.

    Parameters
    ----------
    effects
        Effects of one contrast.

    Returns
    -------
    Feature → `total` and the families of `SAID` that there are, each `(log2 effect, low, high)`; `carried_by`: the part
    that is more than half of the difference, `SEVERAL` where none is, empty where there is no difference to speak of.
    """
    rows = effects[effects[k.FAMILY].isin([k.FAMILY_TOTAL, *SAID]) & effects["effect"].notna()]
    found: dict[str, dict[str, Any]] = {}
    for row in rows.to_dict("records"):
        name = "total" if row[k.FAMILY] == k.FAMILY_TOTAL else row[k.FAMILY]
        found.setdefault(row[k.FEATURE], {})[name] = (row["effect"], row["ci_low"], row["ci_high"])
    whole = {name: parts for name, parts in found.items() if {"total", k.FAMILY_CONTACT} <= set(parts)}
    return {name: {**parts, "carried_by": _carrier(parts)} for name, parts in whole.items()}


def _carrier(parts: Mapping[str, Any]) -> str:
    total = parts["total"][0]
    if abs(total) < _LEAST:
        return ""
    shares = {name: parts[name][0] / total for name in SAID if name in parts}
    most = max(shares, key=lambda name: shares[name])
    return most if shares[most] > _MOST else SEVERAL


def sentence(source: str, target: str, parts: Mapping[str, Any], contrast: Mapping[str, Any]) -> str:
    """How many times more or less often two types meet, and how much of it each part explains."""
    total = parts["total"][0]
    who = f"{source} meet one another" if source == target else f"{source} and {target} meet"
    if not parts["carried_by"]:
        return f"{who} about as often in {contrast['group']} as in {contrast['reference']}."
    way = 1 if total > 0 else -1
    more = "more" if total > 0 else "less"
    said = [_explained(what, parts[name], way) for name, what in SAID.items() if name in parts]
    return f"{who} {_fold(abs(total))} {more} often in {contrast['group']}: {'; '.join(said)}."


def _explained(what: str, part: tuple[float, float, float], way: int) -> str:
    """`contact itself explains 2.1-fold (1.8 to 2.5)`; a part that goes against the total says so."""
    effect, *ends = (way * value for value in part)
    low, high = sorted(ends) if not any(map(math.isnan, ends)) else (math.nan, math.nan)
    against = effect < -_LEAST
    if against:
        effect, low, high = -effect, -high, -low
    between = "" if math.isnan(low) else f" ({fixed(2.0**low, 1)} to {fixed(2.0**high, 1)})"
    verb = "goes" if what == SAID[k.FAMILY_CONTACT] else "go"
    explains = "explains" if what == SAID[k.FAMILY_CONTACT] else "explain"
    if against:
        return f"{what} {verb} {_fold(effect)}{between} the other way"
    return f"{what} {explains} {_fold(max(effect, 0.0))}{between}"


def _fold(log2: float) -> str:
    times = 2.0**log2
    return f"{fixed(times, 1) if times < 9.95 else integer(round(times))}-fold"
