"""Findings, and the lack of them, as rows with a sentence each: what `effects.json` holds for a report to show.

Effects of known families are ratios; every number of a sentence stands in its row too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tumint import keys as k

_LOGARITHMS = (*k.ODDS_FAMILIES, k.FAMILY_COMPOSITION, k.FAMILY_DENSITY)
_RELATIVE_TO = {  # what a log2 ratio of contacts is measured against
    k.FAMILY_TOTAL: "relative to chance in the whole image",
    k.FAMILY_SHARED_DOMAIN: "because they share tissue domains",
    k.FAMILY_SHARED_REGION: "because they share regions within domains",
    k.FAMILY_CONTACT: "relative to chance nearby",
}
_RATIOS = {"ratio": "effect", "ratio_low": "ci_low", "ratio_high": "ci_high"}
_WITHOUT = {"without_one_low": "effect_low", "without_one_high": "effect_high"}


def ratio(effect: float | None, family: str) -> float | None:
    """An effect as a ratio; None where there is none or the family has another scale."""
    if effect is None or math.isnan(effect):
        return None
    if family in k.LOG2_FAMILIES:
        return float(2.0**effect)
    return math.exp(effect) if family in _LOGARITHMS else None


def finding(row: Mapping[Any, Any], contrast: Mapping[str, Any]) -> dict[str, Any]:
    """The ratios of a finding, of its interval and of its effects with each subject left out; and `words`.

    Parameters
    ----------
    row
        Effects of a feature; its influence and robustness where there are any.
    contrast
        `group` and `reference`.
    """
    family = row[k.FAMILY]
    ratios = {name: ratio(row.get(column), family) for name, column in {**_RATIOS, **_WITHOUT}.items()}
    claim = _claim(row, _times(row, ratios), contrast)
    return {**ratios, "words": f"{claim} ({_evidence(row, ratios)})."}


def _times(row: Mapping[Any, Any], ratios: Mapping[str, float | None]) -> str:
    known = ratios["ratio"] is not None
    size, low, high = (ratios[name] if known else row.get(column) for name, column in _RATIOS.items())
    times = f"{_number(size)}{' times' if known else ''}"
    return f"{times} ({_number(low)} to {_number(high)})" if _there(low) else times


def _evidence(row: Mapping[Any, Any], ratios: Mapping[str, float | None]) -> str:
    subjects = f"{row['n_subjects_group']} v {row['n_subjects_reference']} subjects"
    if not _there(row["q"]):
        return f"{subjects}, no p"
    said = [f"q = {_probability(row['q'])}", subjects]
    known = ratios["ratio"] is not None
    low, high = (ratios[name] if known else row.get(column) for name, column in _WITHOUT.items())
    if _there(low):
        said.append(f"{_number(low)} to {_number(high)} with any one left out")
    if _there(row.get("robustness")):
        kept = round(float(row["robustness"]) * float(row["n_settings"]))
        said.append(f"robust on {kept} of {row['n_settings']:.0f} settings")
    return ", ".join(said)


def _claim(row: Mapping[Any, Any], times: str, contrast: Mapping[str, Any]) -> str:
    source, target, feature, family = row[k.SOURCE], row[k.TARGET], row[k.FEATURE], row[k.FAMILY]
    if contrast.get("coefficient"):
        return f"{contrast['coefficient']} of {feature} ({family}): {times}"
    group, reference = contrast["group"], contrast["reference"]
    if family in k.ODDS_FAMILIES:
        return _odds(row, times, group, reference)
    sides = f"in {group} as in {reference}"
    if family in _RELATIVE_TO:
        meet = f"{source} contact one another" if source == target else f"{source} and {target} are in contact"
        return f"{meet} {times} as often {sides}, {_RELATIVE_TO[family]}"
    if family == k.FAMILY_ALLOCATION:
        return f"{target} lie beside {source} {times} as often {sides}, relative to chance nearby"
    who = {v: n for n, v in k.FAMILIES_OF_STATISTICS.items()}.get(family)
    if who is not None:
        return f"{source} → {target} by `{who}` is {times} as high {sides}, relative to chance nearby"
    match family:
        case k.FAMILY_COMPOSITION:
            return f"The odds that a cell belongs to {feature} are {times} as high {sides}"
        case k.FAMILY_DENSITY:
            return f"{feature} per mm² are {times} as many {sides}"
        case k.FAMILY_DISTANCE:
            nearer = "farther from" if row["effect"] > 0 else "nearer to"
            whom = "one another" if source == target else target
            what = "the chance that another cell nearby is nearer differs by"
            return f"{source} are {nearer} {whom} in {group} than in {reference}: {what} {times}"
        case other:
            return f"{feature} ({other}) differs by {times} between {group} and {reference}"


def _odds(row: Mapping[Any, Any], times: str, group: str, reference: str) -> str:
    """A contact odds ratio: what a neighbour does to the odds in either group, and the ratio of the two."""
    source, target = row[k.SOURCE], row[k.TARGET]
    more = "more" if row["effect"] > 0 else "less"
    if row[k.FAMILY] == k.FAMILY_MIXING:
        claim = f"{source} and {target} mix {more} in {group} than in {reference}, beyond how much each keeps to itself"
        what = "the odds of mixing are multiplied"
    elif source == target:
        claim = f"{source} touch one another {more} in {group} than in {reference}"
        what = "each such neighbour multiplies the odds that a cell is one too"
    else:
        claim = f"{source} and {target} touch {more} in {group} than in {reference}"
        what = "a neighbour of one type multiplies the odds that a cell is of the other"
    if row[k.FAMILY] == k.FAMILY_PAIRWISE:
        what += ", other types left aside,"
    means = [float(row.get(name, math.nan)) for name in ("mean_group", "mean_reference")]
    by = ""
    if not any(math.isnan(mean) for mean in means):
        here, there = (_number(math.exp(mean)) for mean in means)
        by = f" by {here} in {group} and by {there} in {reference}, a ratio of"
    return f"{claim}: {what}{by or ' by'} {times.replace(' times', '')}"


def nothing(family: Mapping[str, Any], contrast: Mapping[str, Any], *, fdr: float, power: float) -> str:
    """What it means that a family has no finding: how large an effect this cohort would have shown.

    Parameters
    ----------
    family
        `family`, `n_tested`, `smallest_q` and `detectable_alone` of a family.
    """
    said = f"Nothing differs at q < {fdr:g} between {contrast['group']} and {contrast['reference']}"
    said += f" among {family['n_tested']:,} features of {_spoken(family[k.FAMILY])}"
    if _there(family["smallest_q"]):
        said += f" (smallest q = {_probability(family['smallest_q'])})"
    seen = family["detectable_alone"]
    if not _there(seen) or math.isinf(float(seen)):
        return f"{said}."
    times = ratio(seen, str(family[k.FAMILY]))
    size = f"of {_number(seen)}" if times is None else f"by {_number(times)} times, or to {_number(1 / times)} of it,"
    return f"{said}. A difference {size} in a typical feature would have been found in {power:.0%} of such cohorts."


def relation(row: Mapping[Any, Any]) -> str:
    """A relation of a feature to an outcome as a sentence; `row` is one of the contract `OUTCOMES`."""
    survival, family = row["kind"] == "survival", str(row[k.FAMILY])
    pair = f"{row[k.SOURCE]} with {row[k.TARGET]}" if row[k.TARGET] else str(row[k.FEATURE])
    scale = (lambda x: math.exp(x)) if survival else (lambda x: ratio(x, family))
    numbers = [scale(float(row[name])) for name in ("effect", "ci_low", "ci_high")]
    if numbers[0] is None:
        numbers = [float(row[name]) for name in ("effect", "ci_low", "ci_high")]
    times = f"{_number(numbers[0])} ({_number(numbers[1])} to {_number(numbers[2])})"
    subjects = f"q = {_probability(row['q'])}, {row['n_subjects']} subjects"
    if survival:
        what = f"With one standard deviation more of {pair} ({_spoken(family)}) the hazard is {times} times as high"
        return f"{what} ({subjects}, {row['n_events']} events)."
    unit = " times" if ratio(0.0, family) is not None else ""
    what = f"With one standard deviation more of {row['outcome']}, {pair} ({_spoken(family)}) changes by {times}{unit}"
    return f"{what} ({subjects})."


def _spoken(family: str) -> str:
    return "contact" if family == k.FAMILY_INTERACTION else family.replace("_", " ")


def _there(value: Any) -> bool:
    return isinstance(value, (int, float)) and not math.isnan(value)


def _number(value: Any) -> str:
    """Two decimals, fewer or more digits where these say too much or nothing."""
    size = abs(value)
    return f"{value:.2f}" if 0.1 <= size < 10 or size == 0 else f"{value:.2g}" if size < 0.1 else f"{value:,.0f}"


def _probability(value: float) -> str:
    """Two digits, a power of ten below 0.001."""
    return f"{value:.1e}".replace("e-0", "e-") if 0 < value < 1e-3 else f"{value:.2g}"
