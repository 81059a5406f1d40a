"""Contrasts and outcomes of the config against the sample sheet: columns, levels, numbers, one value per subject."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from tumint import keys as k
from tumint.errors import Fault
from tumint.samples import is_finite, is_positive
from tumint.text import and_more, listed, nearest, plural

if TYPE_CHECKING:
    from tumint.config.response import Outcome, ResponseConfig


def check_design(sheet: pd.DataFrame, response: ResponseConfig, path: str, where: str) -> list[Fault | str]:
    """Faults of contrasts and outcomes against the sheet: columns, levels, numbers, one value per subject."""
    faults: list[Fault | str] = []
    for i, contrast in enumerate(response.contrasts):
        key = f"{where}: key `response.contrasts.{i}"
        paired = [contrast.paired] if contrast.paired else []
        for column in (contrast.column, *contrast.adjust, *paired):
            if column not in sheet:
                faults.append(Fault(f"{key}`", f"a column of {path}", f"`{column}`{nearest(column, sheet.columns)}"))
                continue
            # a paired subject may be in both groups: then each of its halves has one value of the others
            by = [k.SUBJECT] if not paired or contrast.column not in sheet else [k.SUBJECT, contrast.column]
            if column in by:
                continue
            several = sheet.groupby(by, sort=False)[column].agg(lambda values: list(dict.fromkeys(values)))
            remedy = _remedy(contrast.column == column and not paired, key, where)
            faults += _several(several[several.map(len) > 1], column, path, remedy)
        if contrast.column in sheet:
            levels = list(dict.fromkeys(sheet[contrast.column]))
            for name in ("reference", "group"):
                if (level := getattr(contrast, name)) not in levels:
                    faults.append(Fault(f"{key}.{name}`", f"one of {', '.join(levels)}", f"`{level}`"))
    for i, outcome in enumerate(response.outcomes):
        faults += check_outcome(sheet, outcome, i, path, where)
    return faults


def _remedy(possible: bool, key: str, where: str) -> str:
    """What lets a subject be in both groups, as the command line or the config has it."""
    if not possible:
        return ""
    in_config = f"`{key.rpartition('key `')[2]}.paired: {k.SUBJECT}`"
    options = {"command line": "`--paired` with the subject's column", "compare": "`paired=` with the subject's column"}
    named = options.get(where, in_config)
    return f" per subject, or {named} where subjects are in both groups"


def _several(found: pd.Series, column: str, path: str, remedy: str) -> Iterable[Fault]:
    """One line, however many subjects have several values of a column."""
    if found.empty:
        return
    names = [" ".join(unit) if isinstance(unit, tuple) else str(unit) for unit in found.index]
    place = f"{path} (subject {names[0]})" if len(names) == 1 else path
    also = "" if len(names) == 1 else f" in {plural(len(names), 'subject')} ({listed(names, 3)})"
    yield Fault(place, f"one value of `{column}`{remedy}", f"{', '.join(found.iloc[0])}{also}")


def _of_subjects(odd: list[tuple[str, str]], path: str, expected: str) -> list[Fault]:
    """One fault for all subjects that lack the same: a wrong column is one mistake, however many there are."""
    if not odd:
        return []
    (name, found), more = odd[0], and_more(len(odd) - 1, "subject")
    return [Fault(f"{path} (subject {name})", expected, f"{found}{more}")]


def check_outcome(sheet: pd.DataFrame, outcome: Outcome, i: int, path: str, where: str) -> list[Fault | str]:
    """Columns, numbers and events of outcome `i` of the config, one value of each per subject."""
    faults: list[Fault | str] = []
    for column in filter(None, (outcome.column, outcome.event, *outcome.adjust)):
        if column not in sheet:
            found = f"`{column}`{nearest(column, sheet.columns)}"
            faults.append(Fault(f"{where}: key `response.outcomes.{i}`", f"a column of {path}", found))
            continue
        odd: dict[str, list[tuple[str, str]]] = {}  # what was expected, and of whom what was found
        for subject, part in sheet.groupby(k.SUBJECT, sort=False)[column]:
            if len(seen := list(dict.fromkeys(part))) > 1:
                odd.setdefault(f"one value of `{column}`", []).append((str(subject), ", ".join(seen)))
            elif (expected := _expected(outcome, column, seen[0])) is not None:
                odd.setdefault(f"`{column}` to be {expected}", []).append((str(subject), f"`{seen[0]}`"))
        for expected, found_of in odd.items():
            faults += _of_subjects(found_of, path, expected)
    return faults


def _expected(outcome: Outcome, column: str, text: str) -> str | None:
    """What a value should have been; None where it is right."""
    if column == outcome.event:
        return None if text in {"0", "1", ""} else "0 or 1"
    if column != outcome.column or text == "":
        return None
    if outcome.event:
        return None if is_positive(text) else "a positive time, or empty"
    return None if is_finite(text) else "a number, or empty"
