"""What `tumint power` says: a sentence for numbers, a line for each family of a pilot, and how tests are corrected."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tumint import keys as k
from tumint.text import integer, number, percent, plural, ratio, setting

if TYPE_CHECKING:
    import pandas as pd

_MOST_FAMILIES = 8
_LARGE = "more than 100,000"


def lines(table: pd.DataFrame, solves: str, cost: float, *, paired: bool) -> Iterator[str]:
    """The answer, line by line.

    Parameters
    ----------
    table
        Of the contract `STUDY`.
    solves
        What was left out: `effect`, `n_subjects` or `power`.
    cost
        What an animal costs, in ROIs.
    """
    numbers = table[table["kind"] == "numbers"].to_dict("records")
    for row in numbers:
        yield _sentence(row, solves, paired=paired)
    if numbers:
        yield from _best(numbers[0], cost, paired=paired)
    else:
        yield from _of_pilot(table, solves, paired=paired)
    yield from _corrected(table)


def _sentence(row: dict[Any, Any], solves: str, *, paired: bool) -> str:
    each = "" if math.isnan(row["n_rois"]) else f" with {plural(int(row['n_rois']), 'ROI')} each"
    who = f"{_animals(row, '', paired=paired)}{each}"
    found = f"find an effect of {_number(row['effect'], solves == 'effect')}"
    sure = f"with a power of {percent(row['power'])}"
    if math.isnan(row["n_reference"]):
        return f"{who} would be needed for an effect of {setting(row['effect'])} {sure}."
    return f"{who} {found} {sure} (sd of an animal's mean {number(row['sd'])})."


def _animals(row: dict[Any, Any], at: str, *, paired: bool) -> str:
    """`13 animals per arm`."""
    reference, group = row[f"n_reference{at}"], row[f"n_group{at}"]
    said = _LARGE if math.isnan(reference) else integer(reference)
    if paired:
        return f"{said} pairs"
    if reference == group or math.isnan(reference):
        return f"{said} animals per arm"
    return f"{said} animals of the reference and {integer(group)} of the group"


def _number(value: float, computed: bool) -> str:
    return number(value) if computed else setting(value)


def _best(row: dict[Any, Any], cost: float, *, paired: bool) -> Iterator[str]:
    """How many ROIs per animal are worth their money."""
    from tumint.response.replicates import MOST, best_rois

    between, within = row["sd_between"], row["sd_within"]
    if math.isnan(within) or within == 0:
        return
    if paired:  # what animals differ by beside their pair is in the sd alone
        between = math.sqrt(max(row["sd"] ** 2 - within**2 / row["n_rois"], 0.0))
    best = best_rois(between**2 / (between**2 + within**2), cost)
    named = f"{plural(round(best), 'ROI')} per animal" if best <= MOST else "ROIs rather than animals"
    yield f"Where an animal costs as much as {_rois(cost)}, {named} cost least for the same power."


def _rois(number_of: float) -> str:
    """`10 ROIs`, `2.5 ROIs`."""
    return plural(1, "ROI") if number_of == 1 else f"{setting(number_of, 3)} ROIs"


def _of_pilot(table: pd.DataFrame, solves: str, *, paired: bool) -> Iterator[str]:
    from tumint import families

    features = table[table["kind"] == "feature"]
    if not len(features):
        yield "power: the pilot has no features."
        return
    animals, rois = (int(features[name].max()) for name in ("pilot_subjects", "pilot_samples"))
    yield f"Pilot: {plural(animals, 'animal')}, {plural(rois, 'ROI')}. {_asked(features, solves, paired=paired)}"
    names = sorted(dict.fromkeys(features[k.FAMILY]), key=lambda name: (families.rank(str(name)), name))
    for name in names[:_MOST_FAMILIES]:
        mine = table[table[k.FAMILY] == name]
        half = mine[mine["kind"] == "median"].to_dict("records")
        most = mine[mine["kind"] == "quantile_80"].to_dict("records")
        answered = mine[(mine["kind"] == "feature") & mine["sd"].notna()]
        for one, other in zip(half, most, strict=True):
            alike = answered if len(half) == 1 else answered[answered["n_rois"] == one["n_rois"]]
            yield _family(one, other, len(alike), solves, paired=paired)
    if len(names) > _MOST_FAMILIES:
        left = len(names) - _MOST_FAMILIES
        yield f"{plural(left, 'more family', 'more families')}: --family names those that are told, -o writes all."


def _asked(features: pd.DataFrame, solves: str, *, paired: bool) -> str:
    row = features.iloc[0].to_dict()
    who = _animals(features.sort_values("n_reference").iloc[0].to_dict(), "", paired=paired)
    known = features["power"].dropna()
    sure = f"a power of {percent(float(known.iloc[0]))}" if len(known) else "a power"
    effect = features["effect"].dropna()
    what = f"an effect of {setting(float(effect.iloc[0]))}" if len(effect) else "an effect"
    if solves == "n_subjects":
        return f"{'Pairs' if paired else 'Animals per arm'} for {what} with {sure}, p < {setting(row['level'], 3)}:"
    if solves == "effect":
        return f"Effect that {who} find with {sure}, p < {setting(row['level'], 3)}:"
    return f"Power of {who} for {what}:"


def _family(half: dict[Any, Any], most: dict[Any, Any], count: int, solves: str, *, paired: bool) -> str:
    """`interaction, 105 features, a ratio of 1.49, 3 ROIs each: 4 for half of them, 6 for 80 %; …`."""
    from tumint import families

    name = f"{half[k.FAMILY]}, {plural(count, 'feature')}"
    if not count:
        return f"  {half[k.FAMILY]}: no answer; {half[k.REASON]}"
    times = None if solves == "effect" else families.ratio(half["effect"], str(half[k.FAMILY]))
    name += "" if times is None else f", a ratio of {ratio(times)}"
    column = {"n_subjects": "n_reference", "effect": "effect", "power": "power"}[solves]

    def said(row: dict[Any, Any], at: str) -> str:
        value = row[f"{column}{at}"]
        if solves == "n_subjects":
            group = row[f"n_group{at}"]
            other = "" if value == group or math.isnan(value) or paired else f"+{integer(group)}"
            return f"{_LARGE if math.isnan(value) else integer(value)}{other}"
        if solves == "power":
            return percent(value)
        times = families.ratio(value, str(row[k.FAMILY]))
        return number(value) if times is None else f"{number(value)} ({ratio(times)}×)"

    each = f"{_rois(half['n_rois'])} each"
    line = f"  {name}, {each}: {said(half, '')} for half of them, {said(most, '')} for 80 %"
    return (
        f"{line}; were the sd at the upper end of its interval, {said(half, '_at_high')} and {said(most, '_at_high')}"
    )


def _corrected(table: pd.DataFrame) -> Iterator[str]:
    """To which level each of several tests is held, and by what."""
    row = table.iloc[0].to_dict()
    if row["tests"] == 1:
        return
    tests, level = integer(row["tests"]), setting(row["level"], 3)
    if math.isnan(row["true_share"]):
        yield f"Each of {tests} tests is held to p < {level} (Bonferroni): enough under Benjamini-Hochberg too."
        return
    share, rate = percent(row["true_share"]), setting(row["alpha"])
    word = "" if len(table["level"].unique()) == 1 else " or so"
    yield (
        f"Benjamini-Hochberg at {rate}: where {share} of {tests} tests have such an effect, each is held to "
        f"p < {level}{word}, and the power is the share of them that is found, on average."
    )
