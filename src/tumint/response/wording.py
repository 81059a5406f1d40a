"""Findings, and the lack of them, as rows with a sentence each: what `effects.json` holds for a report to show.

Effects of known families are ratios; every number of a sentence stands in its row too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tumint import keys as k

_LOGARITHMS = (k.FAMILY_COMPOSITION, k.FAMILY_DENSITY, k.FAMILY_DISTANCE)
_RATIOS = {"ratio": "effect", "ratio_low": "ci_low", "ratio_high": "ci_high"}
_WITHOUT = {"without_one_low": "effect_low", "without_one_high": "effect_high"}


def ratio(effect: float | None, family: str) -> float | None:
    """An effect as a ratio; None where there is none or the family has another scale."""
    if effect is None or math.isnan(effect):
        return None
    if family in k.RATIO_FAMILIES:
        return float(2.0**effect)
    return math.exp(effect) if family in _LOGARITHMS else None


def finding(row: Mapping[Any, Any], contrast: Mapping[str, Any], *, domains: bool) -> dict[str, Any]:
    """The ratios of a finding, of its interval and of its effects with each subject left out; and `words`.

    Parameters
    ----------
    row
        Effects and influence of a feature.
    contrast
        `group` and `reference`.
    domains
        Whether interactions are told apart by tissue domain.
    """
    family = row[k.FAMILY]
    ratios = {name: ratio(row[column], family) for name, column in {**_RATIOS, **_WITHOUT}.items()}
    return {**ratios, "words": _sentence(row, ratios, contrast, domains=domains)}


def _sentence(
    row: Mapping[Any, Any], ratios: Mapping[str, float | None], contrast: Mapping[str, Any], *, domains: bool
) -> str:
    known = ratios["ratio"] is not None
    by = ratios if known else {**{name: row[c] for name, c in {**_RATIOS, **_WITHOUT}.items()}}
    times = f"{_number(by['ratio'])}{' times' if known else ''}"
    if _there(by["ratio_low"]):
        times += f" ({_number(by['ratio_low'])} to {_number(by['ratio_high'])})"
    evidence = f"q = {row['q']:.2g}, {row['n_subjects_group']} v {row['n_subjects_reference']} subjects"
    if _there(by["without_one_low"]):
        evidence += f", {_number(by['without_one_low'])} to {_number(by['without_one_high'])} with any one left out"
    return f"{_claim(row, times, contrast, domains=domains)} ({evidence})."


def _claim(row: Mapping[Any, Any], times: str, contrast: Mapping[str, Any], *, domains: bool) -> str:
    source, target, feature = row[k.SOURCE], row[k.TARGET], row[k.FEATURE]
    if contrast.get("coefficient"):
        return f"{contrast['coefficient']} of {feature} ({row[k.FAMILY]}): {times}"
    sides = f"in {contrast['group']} as in {contrast['reference']}"
    match row[k.FAMILY]:
        case k.FAMILY_INTERACTION | k.FAMILY_INTERACTION_GLOBAL:
            who = f"{source} touch one another" if source == target else f"{source} touch {target}"
            within = domains and row[k.FAMILY] == k.FAMILY_INTERACTION
            chance = "expected within tissue domains" if within else "expected over the whole image"
            return f"{who} {times} as often, relative to what is {chance}, {sides}"
        case k.FAMILY_COMPOSITION:
            return f"The odds that a cell belongs to {feature} are {times} as high {sides}"
        case k.FAMILY_DENSITY:
            return f"{feature} per mm² are {times} as many {sides}"
        case k.FAMILY_DISTANCE:
            return f"From {source} to the nearest of {target} it is {times} as far {sides}"
        case other:
            return f"{feature} ({other}) differs by {times} between {contrast['group']} and {contrast['reference']}"


def nothing(family: Mapping[str, Any], contrast: Mapping[str, Any], *, fdr: float, power: float) -> str:
    """What it means that a family has no finding: how large an effect this cohort would have shown.

    Parameters
    ----------
    family
        `family`, `n_tested`, `smallest_q` and `detectable_alone` of a family.
    """
    said = f"Nothing differs at q < {fdr:g} between {contrast['group']} and {contrast['reference']}"
    said += f" among {family['n_tested']:,} features of {family[k.FAMILY]}"
    if _there(family["smallest_q"]):
        said += f" (smallest q = {family['smallest_q']:.2g})"
    seen = family["detectable_alone"]
    if not _there(seen) or math.isinf(float(seen)):
        return f"{said}."
    times = ratio(seen, str(family[k.FAMILY]))
    size = f"of {_number(seen)}" if times is None else f"by {_number(times)} times, or to {_number(1 / times)} of it,"
    return f"{said}. A difference {size} in a typical feature would have been found in {power:.0%} of such cohorts."


def _there(value: Any) -> bool:
    return isinstance(value, (int, float)) and not math.isnan(value)


def _number(value: Any) -> str:
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"
