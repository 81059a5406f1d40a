"""What `tumint compare` and `tumint.compare` are asked for: a contrast for every level but the reference."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from tumint.config.load import validate
from tumint.config.response import ResponseConfig
from tumint.errors import Fault, TumintError
from tumint.response.compare import Result
from tumint.response.design.subjects import check_values
from tumint.response.family_tests import TESTS
from tumint.response.stage import run_contrasts
from tumint.sheet_design import check_design


@dataclass(frozen=True)
class Asked:
    """The options of `tumint compare`."""

    group: str
    reference: str
    adjust: Sequence[str] = ()
    paired: str | None = None
    method: str = "moderated"
    min_subjects: int = 2
    family: Sequence[str] | None = None
    seed: int = 0
    beside: Sequence[str] = TESTS  # tests that fill their columns too, whatever `method` is


def config_of(asked: Asked, sheet: pd.DataFrame, where: str, said: Callable[[str], str], by: str) -> ResponseConfig:
    """The config that the options stand for.

    Parameters
    ----------
    where
        How messages call the sheet.
    said
        How an option is called where the user gave it: `--group`, or `group`.
    by
        How messages call where options come from, such as `command line`.
    """
    if others := sorted({*asked.beside} - {*TESTS}):
        raise TumintError(Fault(said("beside"), f"of {', '.join(TESTS)}", f"`{others[0]}`"))
    named = {"group": [asked.group], "adjust": asked.adjust, "paired": [asked.paired] if asked.paired else []}
    faults: list[Fault | str] = [
        Fault(said(option), f"a column of {where}", f"`{column}`")
        for option, columns in named.items()
        for column in columns
        if column not in sheet
    ]
    if faults:
        raise TumintError(faults)
    levels = [level for level in dict.fromkeys(sheet[asked.group]) if level]
    if asked.reference not in levels:
        raise TumintError(Fault(said("reference"), f"one of {', '.join(levels)}", f"`{asked.reference}`"))
    others = [level for level in levels if level != asked.reference]
    if not others:
        raise TumintError(Fault(f"{where} column `{asked.group}`", f"a group besides `{asked.reference}`", "none"))
    common = {"column": asked.group, "reference": asked.reference, "adjust": [*asked.adjust], "paired": asked.paired}
    contrasts = [
        {"name": re.sub(r"[^A-Za-z0-9_.-]+", "_", f"{level}_vs_{asked.reference}"), "group": level, **common}
        for level in others
    ]
    values = {"contrasts": contrasts, "min_subjects": asked.min_subjects, "method": asked.method}
    config = validate(ResponseConfig, values, by)
    if wrong := check_design(sheet, config, where, by):
        raise TumintError(wrong)
    return config


def of_families(features: pd.DataFrame, asked: Asked, said: Callable[[str], str]) -> pd.DataFrame:
    """The features of the families that were asked for."""
    known = set(features["family"].astype(str))
    if unknown := sorted(set(asked.family or []) - known):
        raise TumintError(Fault(said("family"), f"one of {', '.join(sorted(known))}", ", ".join(unknown)))
    return features[features["family"].astype(str).isin(asked.family)] if asked.family else features


def compared(
    features: pd.DataFrame, sheet: pd.DataFrame, config: ResponseConfig, asked: Asked, names: tuple[str, str]
) -> list[Result]:
    """Every contrast, and of it only what was asked for; `names`: how messages call features and sheet.

    Raises
    ------
    TumintError
        No contrast could be computed: why.
    """
    check_values(features, names[0])
    said = {"features": names[0], "sheet": names[1]}
    results = run_contrasts(features, sheet, config, asked.seed, **said, beside=(), tests=asked.beside)
    if results and all(result.faults for result in results):
        raise TumintError([fault for result in results for fault in result.faults])
    return results
