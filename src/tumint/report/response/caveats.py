"""What limits a comparison, told from its own design and numbers; nothing that does not apply is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from tumint import keys as k
from tumint.report.engine import words
from tumint.report.engine.formats import is_missing
from tumint.report.engine.inputs import Inputs
from tumint.text import integer, listed, number, plural, probability, setting

SMALL_GROUP = 6  # below this in a group, one animal carries much of the result


def caveats(inputs: Inputs, facts: Mapping[str, Any], effects: pd.DataFrame) -> list[str]:
    """Sentences on this contrast."""
    sides = {str(level): list(names) for level, names in (facts.get("subjects") or {}).items()}
    sizes = [len(names) for names in sides.values()]
    said: list[str] = []
    if len(sizes) == 2:
        said.append(_size(sides, effects))
    said += _permutation(facts, effects)
    said += _rois(inputs, facts, sides)
    said += _design(facts)
    said += _confounded(inputs, facts, sides)
    said += _left_out(facts)
    without = effects[effects["effect"].isna()]
    if len(without):
        said.append(
            f"{plural(len(without), 'feature')} of {integer(len(effects))} could not be compared at all: see the table."
        )
    if effects.loc[effects[k.FAMILY] == k.FAMILY_INTERACTION, "effect"].notna().any():
        said.append(
            "A label or marker that spills onto touching cells looks like contact between the two types: no test on "
            "labels can tell it apart. Nor can one see that labels are wrong more often in one group, which shows at "
            "sharp borders, as between tumour and stroma."
        )
        if not words.has_domains(effects):
            said.append("No tissue domains: what two types share is told from their surroundings alone.")
    if any(row.get("linked_to") for row in facts.get("findings", [])):
        said.append(
            "Findings of contact that share a type are linked: a cell has only so many neighbours, so more contact "
            "with one type leaves less for the others."
        )
    if inputs.params.simulated:
        said.append("The data are simulated. A finding that was not planted follows from one that was, or is chance.")
    return said


def _size(sides: Mapping[str, list[str]], effects: pd.DataFrame) -> str:
    versus = " against ".join(f"{plural(len(names), 'subject')} ({level})" for level, names in sides.items())
    smallest = min(len(names) for names in sides.values())
    if not effects["p"].notna().any():
        return f"{versus}: the effects say what these subjects look like, not what others would."
    if smallest < SMALL_GROUP:
        return f"{versus}: only large effects can be found, and one subject can carry a result; look at the dots."
    return f"{versus}."


def _permutation(facts: Mapping[str, Any], effects: pd.DataFrame) -> list[str]:
    permutation = facts.get("permutation") or {}
    least = words.smallest_p(facts)
    if least is not None:
        way = "exact" if permutation.get("exact") else "sampled"
        return [
            f"The smallest p that a permutation of subjects can give here is {probability(least)} "
            f"({way}, {integer(permutation.get('used') or 0)} assignments); the moderated t can go lower because it "
            "borrows variance from the other features."
        ]
    if effects["p"].notna().any() and not is_missing(permutation.get("reason")):
        return [f"No permutation p: {permutation['reason']}."]
    return []


def _rois(inputs: Inputs, facts: Mapping[str, Any], sides: Mapping[str, list[str]]) -> list[str]:
    """Uneven numbers of ROIs."""
    counts = Counter((facts.get("unit_of_sample") or inputs.subject_of).values())
    mine = [counts[name] for names in sides.values() for name in names]
    if not mine or min(mine) == max(mine):
        return []
    return [f"Subjects have between {min(mine)} and {max(mine)} ROIs; those with fewer are known less well."]


def _design(facts: Mapping[str, Any]) -> list[str]:
    """What the config chose to compare, where that is not simply two groups."""
    said = []
    for condition in facts.get("subset") or []:
        if condition.get("column"):
            which = f"`{condition['column']}` is {listed(condition['values'])}"
        else:
            side = "at or above" if condition["keep"] == "high" else "below"
            bound = f"{setting(condition['quantile'])} quantile of both groups ({number(condition['bound'])})"
            which = f"{condition['feature']} ({condition['family']}) is {side} the {bound}"
        left = listed([f"{n} of {level}" for level, n in condition["samples"].items()])
        said.append(f"Only ROIs in which {which}: {left}. What is found holds for such ROIs.")
    if facts.get("paired"):
        said.append(
            f"Paired by {facts['paired']}: what differs between pairs is taken out, and a subject without its partner "
            "is not used."
        )
    if facts.get("coefficient"):
        said.append(
            f"The effect is the coefficient `{facts['coefficient']}` of the formula, not a difference of groups."
        )
    elif facts.get("at"):
        held = listed([f"{column} {level}" for column, level in facts["at"].items()])
        said.append(f"The groups are compared at {held}; at other levels the effect may be another.")
    return said


def _confounded(inputs: Inputs, facts: Mapping[str, Any], sides: Mapping[str, list[str]]) -> list[str]:
    """Columns of the sheet that never differ within a group but do between the two."""
    level_of = {name: level for level, names in sides.items() for name in names}
    column = facts.get("column")
    rows = inputs.sheet[inputs.sheet[k.SUBJECT].isin(level_of)]
    if rows.empty:
        return []
    found = []
    for name in inputs.design:
        if name == column or name in (facts.get("adjust") or []):
            continue
        by_group = rows.groupby(rows[k.SUBJECT].map(level_of))[name]
        if by_group.ngroups == 2 and by_group.nunique().eq(1).all() and by_group.first().nunique() == 2:
            found.append(name)
    if not found:
        return []
    differ = "differs" if len(found) == 1 else "differ"
    return [f"{listed(found)} {differ} exactly as the groups do: they cannot be told apart."]


def _left_out(facts: Mapping[str, Any]) -> list[str]:
    left = facts.get("left_out") or {}
    if not left:
        return []
    return [f"Left out: {listed([f'{name} ({why})' for name, why in left.items()])}."]
