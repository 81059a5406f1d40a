"""Findings, and the lack of them, as rows with a sentence each: what `effects.json` holds for a report to show.

Effects of known families are ratios; every number of a sentence stands in its row too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from tumint import families, text
from tumint import keys as k
from tumint.text import integer, probability, said_probability, setting, share_setting

_RATIOS = {"ratio": "effect", "ratio_low": "ci_low", "ratio_high": "ci_high"}
_WITHOUT = {"without_one_low": "effect_low", "without_one_high": "effect_high"}


def finding(row: Mapping[Any, Any], contrast: Mapping[str, Any]) -> dict[str, Any]:
    """The ratios of a finding, of its interval and of its effects with each subject left out; and `words`.

    Parameters
    ----------
    row
        Effects of a feature; its influence and robustness where there are any.
    contrast
        `group` and `reference`; `domains`, the names of tissue domains, where there are any.
    """
    family = row[k.FAMILY]
    ratios = {name: families.ratio(row.get(column), family) for name, column in {**_RATIOS, **_WITHOUT}.items()}
    claim = _claim(row, _times(row, ratios), contrast)
    return {**ratios, "words": f"{claim} ({_evidence(row, ratios)}).", "short": f"{claim} ({_in_short(row)})."}


def _times(row: Mapping[Any, Any], ratios: Mapping[str, float | None]) -> str:
    known = ratios["ratio"] is not None
    sizes: list[Any] = [ratios[name] if known else row.get(column) for name, column in _RATIOS.items()]
    size, low, high = sizes
    times = f"{text.ratio(size)}{'×' if known else ''}"
    return f"{times} ({text.ratio(low)} to {text.ratio(high)})" if _there(low) else times


def _in_short(row: Mapping[Any, Any]) -> str:
    """What a reader with little time has to know: the grade with its reason, q, and how many subjects."""
    if not _there(row["q"]):
        return f"{_subjects(row)}, no p"
    return f"{_graded(row)}{said_probability('q', row['q'])}, {_subjects(row)}"


def _subjects(row: Mapping[Any, Any]) -> str:
    group, reference = row["n_subjects_group"], row["n_subjects_reference"]
    return "1 subject each" if group == reference == 1 else f"{group} v {reference} subjects"


def _graded(row: Mapping[Any, Any]) -> str:
    why = f": {row['why']}" if row.get("why") else ""
    return f"{row['grade']}{why}; " if row.get("grade") else ""


def _evidence(row: Mapping[Any, Any], ratios: Mapping[str, float | None]) -> str:
    if not _there(row["q"]):
        return f"{_subjects(row)}, no p"
    said = [said_probability("q", row["q"]), _subjects(row)]
    known = ratios["ratio"] is not None
    sizes: list[Any] = [ratios[name] if known else row.get(column) for name, column in _WITHOUT.items()]
    low, high = sizes
    if _there(low):
        said.append(f"{text.ratio(low)} to {text.ratio(high)} with any one left out")
    if _there(row.get("robustness")):
        kept = round(float(row["robustness"]) * float(row["n_settings"]))
        said.append(f"{_over_settings(row)}holds on {kept} of {integer(row['n_settings'])} other settings")
    if row.get("linked_to"):
        said.append(f"shares a type with {row['linked_to']}, the stronger finding")
    return f"{_graded(row)}{', '.join(said)}"


def _over_settings(row: Mapping[Any, Any]) -> str:
    """The range of the ratio over other graphs and nulls: there contacts are counted, which gives no odds ratio."""
    low, high = row.get("setting_low"), row.get("setting_high")
    if not (_there(low) and _there(high)):
        return ""
    low, high = (text.ratio(2.0 ** float(str(end))) for end in (low, high))
    return f"{low} to {high} in contacts over chance with other settings, "


def _claim(row: Mapping[Any, Any], times: str, contrast: Mapping[str, Any]) -> str:
    source, target, feature = row[k.SOURCE], row[k.TARGET], families.spoken(str(row[k.FEATURE]))
    if contrast.get("coefficient"):
        return f"{contrast['coefficient']} of {feature} ({row[k.FAMILY]}): {times}"
    group, reference = contrast["group"], contrast["reference"]
    family = families.find(row[k.FAMILY])
    if family is None:
        return f"{feature} ({row[k.FAMILY]}) differs by {times} between {group} and {reference}"
    if family.pools == "information":
        return _odds(row, times, group, reference)
    thing, _, place = feature.rpartition(" with " if family.name == k.FAMILY_NICHE_WITH else " in ")
    said = family.sentence.format(
        feature=feature,
        thing=thing,
        place=place,
        source=source,
        target=target,
        times=times,
        sides=f"in {group} as in {reference}",
        group=group,
        reference=reference,
        meet=f"{source} contact one another" if source == target else f"{source} and {target} are in contact",
        nearer="farther from" if row["effect"] > 0 else "nearer to",
        higher="higher" if row["effect"] > 0 else "lower",
        whom="one another" if source == target else target,
        deeper="farther out" if row["effect"] > 0 else "deeper",
        size=_size(row),
        shares=_shares(row, family),
        within=f"{thing} in the {place} domain" if place in contrast.get("domains", ()) else feature,
    )
    first = said.split(" ")[0].rstrip(":,")
    # a word of ours begins as a sentence does; a name of the panel (`pS6`) stays as it is
    return said[0].upper() + said[1:] if first.isalpha() and first.islower() else said


def _size(row: Mapping[Any, Any]) -> str:
    """An effect in µm without its sign, and its interval with the same one: `12 µm (8 to 16)`."""
    sign = 1 if row["effect"] > 0 else -1
    size, *ends = (sign * float(row.get(name, math.nan)) for name in ("effect", "ci_low", "ci_high"))
    low, high = sorted(ends)
    return f"{text.number(size, 2)} µm" + (f" ({text.number(low, 2)} to {text.number(high, 2)})" if _there(low) else "")


def _shares(row: Mapping[Any, Any], family: families.Family) -> str:
    """Shares of the typical subject of either group, of values that are logarithms of shares or of their odds."""
    means = [float(row.get(name, math.nan)) for name in ("mean_group", "mean_reference")]
    if any(math.isnan(mean) for mean in means):
        return "shares are not known"
    shares = [2.0**mean if family.scale == "log2" else 1 / (1 + math.exp(-mean)) for mean in means]
    return " against ".join(text.percent(share) for share in shares)


def _odds(row: Mapping[Any, Any], times: str, group: str, reference: str) -> str:
    """A contact odds ratio in either group, and the ratio of the two."""
    source, target = row[k.SOURCE], row[k.TARGET]
    more = "more" if row["effect"] > 0 else "less"
    if row[k.FAMILY] == k.FAMILY_MIXING:
        who, beyond = f"{source} and {target} mix", ", beyond how much each keeps to itself"
    else:
        who = f"{source} contact one another" if source == target else f"{source} contact {target}"
        beyond = " within shared tissue"
    beyond += ", other types left aside" if row[k.FAMILY] == k.FAMILY_PAIRWISE else ""
    means = [float(row.get(name, math.nan)) for name in ("mean_group", "mean_reference")]
    by = "contact odds ratios differ by"
    if not any(math.isnan(mean) for mean in means):
        here, there = (text.ratio(math.exp(mean)) for mean in means)
        by = f"contact odds ratio {here} against {there}, a ratio of"
    return f"In {group}, {who} {more} than in {reference}{beyond}: {by} {times}"


def nothing(family: Mapping[str, Any], contrast: Mapping[str, Any], *, fdr: float, power: float) -> str:
    """What it means that a family has no finding: how large an effect this cohort would have shown.

    Parameters
    ----------
    family
        `family`, `n_tested`, `smallest_q` and `detectable_alone` of a family.
    """
    said = f"No difference was found at q < {setting(fdr)} between {contrast['group']} and {contrast['reference']}"
    said += f" among {integer(family['n_tested'])} features of {_spoken(family[k.FAMILY])}"
    if _there(family["smallest_q"]):
        said += f" (smallest q = {probability(family['smallest_q'])})"
    seen = family["detectable_alone"]
    if not _there(seen) or math.isinf(float(seen)):
        return f"{said}."
    times = families.ratio(seen, str(family[k.FAMILY]))
    size = (
        f"a difference of {text.ratio(seen)}"
        if times is None
        else f"{text.a_fold(text.ratio(times))} increase or a fall to {text.ratio(1 / times)}×"
    )
    return f"{said}. In a typical feature, {share_setting(power)} of such cohorts would have found {size}."


def relation(row: Mapping[Any, Any]) -> str:
    """A relation of a feature to an outcome as a sentence; `row` is one of the contract `OUTCOMES`."""
    survival, family = row["kind"] == "survival", str(row[k.FAMILY])
    pair = f"{row[k.SOURCE]} with {row[k.TARGET]}" if row[k.TARGET] else str(row[k.FEATURE])
    scale = (lambda x: math.exp(x)) if survival else (lambda x: families.ratio(x, family))
    numbers: list[Any] = [scale(float(row[name])) for name in ("effect", "ci_low", "ci_high")]
    if numbers[0] is None:
        numbers = [float(row[name]) for name in ("effect", "ci_low", "ci_high")]
    times = f"{text.ratio(numbers[0])} ({text.ratio(numbers[1])} to {text.ratio(numbers[2])})"
    subjects = f"{said_probability('q', row['q'])}, {row['n_subjects']} subjects"
    if survival:
        what = f"With one standard deviation more of {pair} ({_spoken(family)}) the hazard is {times} times as high"
        return f"{what} ({subjects}, {row['n_events']} events)."
    unit = " times" if families.ratio(0.0, family) is not None else ""
    what = f"With one standard deviation more of {row['outcome']}, {pair} ({_spoken(family)}) changes by {times}{unit}"
    return f"{what} ({subjects})."


def abundance_in_words(table: pd.DataFrame, fdr: float) -> str:
    """What was found among the places of one contrast (contract `ABUNDANCE`), as sentences."""
    tested = table[table["p"].notna()]
    if tested.empty:
        return ""
    found = tested[tested["q"] < fdr]
    many = text.plural(len(tested), "place")
    if found.empty:
        return f"None of {many} among surroundings differs at q < {text.setting(fdr)}."
    said = []
    for word, rows in (("more", found[found["effect"] > 0]), ("fewer", found[found["effect"] < 0])):
        if len(rows):
            counts = rows[k.NICHE].value_counts()
            where = text.listed([f"{name} ({text.integer(int(n))})" for name, n in counts.head(3).items()])
            times = math.exp(float(rows["effect"].median()))
            said.append(f"{text.integer(len(rows))} hold {word}, mostly in {where}, {text.ratio(times)}× in the middle")
    return f"Of {many} among surroundings, {'; '.join(said)} (q < {text.setting(fdr)})."


def _spoken(family: str) -> str:
    return "contact" if family == k.FAMILY_INTERACTION else family.replace("_", " ")


def _there(value: Any) -> bool:
    return isinstance(value, (int, float)) and not math.isnan(value)
