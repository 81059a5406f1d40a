"""What contrasts and outcomes ask of the sample sheet, by the code that compares: known before there is any feature."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import pandas as pd

from tumint import keys as k
from tumint.config.response import Contrast, Outcome, ResponseConfig
from tumint.errors import Fault, SheetError
from tumint.response.design.groups import build, check_covariates, check_formula
from tumint.response.design.status import check_estimable, contrast_reason
from tumint.sheet_design import check_outcome
from tumint.text import nearest

_MOST_COLUMNS = 500


def faults(sheet: pd.DataFrame, response: ResponseConfig, path: str, where: str) -> list[Fault | str]:
    """All that would stop the comparison, each with its key; columns that the sheet lacks are for `samples` to tell.

    Parameters
    ----------
    path, where
        How messages call the sheet and the config.
    """
    found: list[Fault | str] = []
    for i, contrast in enumerate(response.contrasts):
        key = f"{where}: key `response.contrasts.{i}"
        found += _told(partial(_contrast, sheet, contrast, response, path, key), contrast.name, key, path)
    for i, outcome in enumerate(response.outcomes):
        # what is wrong with its column is told already; features are not known yet
        if outcome.feature is None and not check_outcome(sheet, outcome, i, path, where):
            key = f"{where}: key `response.outcomes.{i}"
            found += _told(partial(followed, sheet, outcome, path), outcome.name, key, path)
    return found


def _told(step: Callable[[], object], name: str, key: str, path: str) -> list[Fault | str]:
    """The faults of `step`, whose place is the key where it was the contrast."""
    try:
        step()
    except SheetError as error:
        return [_placed(fault, name, key, path) if isinstance(fault, Fault) else fault for fault in error.faults]
    return []


def _placed(fault: Fault, name: str, key: str, path: str) -> Fault:
    if fault.where == f"{path}: formula":
        return Fault(f"{key}.formula`", fault.expected, fault.found)
    if said := re.fullmatch(rf"contrast {re.escape(name)}(?:: `(.+)`)?", fault.where):
        inside = f".{said[1]}" if said[1] else ""
        return Fault(f"{key}{inside}`", fault.expected, fault.found)
    return fault


def _contrast(sheet: pd.DataFrame, contrast: Contrast, response: ResponseConfig, path: str, key: str) -> None:
    if not {contrast.column, contrast.paired or contrast.column, *contrast.adjust} <= set(sheet):
        return
    rows = _restricted(sheet, contrast, path, key)
    if any(condition.feature is not None for condition in contrast.subset):
        check_formula(rows, contrast, path)  # which samples are left is not known yet
        return
    built = build(rows, contrast, path)
    # with a category of hundreds of levels this takes long: then the stage is who tells
    if built.matrix.shape[1] <= _MOST_COLUMNS and not contrast_reason(built, response.min_subjects):
        check_estimable(built)


def _restricted(sheet: pd.DataFrame, contrast: Contrast, path: str, key: str) -> pd.DataFrame:
    """The rows that meet the conditions on columns."""
    wrong: list[Fault | str] = []
    rows = sheet
    for i, condition in enumerate(contrast.subset):
        if condition.column is None:
            continue
        place = f"{key}.subset.{i}"
        if condition.column not in sheet:
            found = f"`{condition.column}`{nearest(condition.column, sheet.columns)}"
            wrong.append(Fault(f"{place}.column`", f"a column of {path}", found))
            continue
        levels = list(dict.fromkeys(sheet[condition.column].astype(str)))
        wrong += [
            Fault(f"{place}.values`", f"values of `{condition.column}` ({', '.join(levels[:20])})", f"`{value}`")
            for value in condition.values
            if value not in levels
        ]
        rows = rows[rows[condition.column].astype(str).isin(condition.values)]
    if not wrong and rows.empty:
        wrong.append(Fault(f"{key}.subset`", "conditions that some sample meets", "no sample left"))
    if wrong:
        raise SheetError(wrong)
    return rows


def followed(sheet: pd.DataFrame, outcome: Outcome, where: str) -> pd.DataFrame:
    """The subjects whose outcome is known, by name, with the columns of the sheet.

    Raises
    ------
    SheetError
        A covariate is empty, or the outcome is a number that is the same in all of them.
    """
    rows = sheet.drop_duplicates(k.SUBJECT).set_index(k.SUBJECT).sort_index()
    rows = rows[(rows[outcome.column] != "") & (True if outcome.event is None else rows[outcome.event] != "")]
    check_covariates(rows, outcome.name, outcome.adjust, where)
    if outcome.event is None:
        values = rows[outcome.column].to_numpy(dtype="float64")
        if not (values.std(ddof=1) if len(values) > 1 else 0.0) > 0:
            raise SheetError(Fault(f"{where} column `{outcome.column}`", "numbers that differ", "one value"))
    return rows
