"""Who is compared with whom: from a contrast of the config and the sample sheet to groups, covariates and blocks.

Knows nothing of features; the numbers made from it are in `linear`, `permutation` and `mixed`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumint import keys as k
from tumint.config.response import Contrast
from tumint.errors import Fault, SheetError
from tumint.response.linear import Floats

_LEVEL, _UNIT = "level of the contrast", "unit of the contrast"  # columns made here: no sheet has such names


@dataclass(frozen=True)
class Design:
    """The subjects of one contrast, sorted by name, S of them."""

    contrast: Contrast
    units: tuple[str, ...]  # subjects; `subject [level]` where a paired subject is in both groups
    unit_of_sample: pd.Series  # index: sample
    group: NDArray[np.bool_]  # (S,), True in the group, False in the reference
    nuisance: Floats  # (S, q): intercept, covariates, blocks
    strata: NDArray[np.intp] | None  # (S,): subjects that may be exchanged; None where a covariate is a number
    pair: NDArray[np.intp] | None  # (S,): blocks of a paired design
    left_out: dict[str, str]  # subject → why

    @property
    def matrix(self) -> Floats:
        """Design matrix (S, q + 1); the last column is the group."""
        return np.column_stack([self.nuisance, self.group.astype(np.float64)])

    @property
    def effect(self) -> Floats:
        """Weights of the coefficients that give the effect (q + 1,)."""
        return np.append(np.zeros(self.nuisance.shape[1]), 1.0)

    def names(self, *, group: bool) -> list[str]:
        """The subjects of one side."""
        return [unit for unit, inside in zip(self.units, self.group, strict=True) if inside == group]


def build(sheet: pd.DataFrame, contrast: Contrast, where: str) -> Design:
    """The design of `contrast`.

    Parameters
    ----------
    sheet
        One row per sample with `subject` and the columns of the contrast, text.
    where
        How to call the sheet in messages.

    Raises
    ------
    SheetError
        A covariate is empty for a subject that is compared.
    """
    levels = sheet[contrast.column].astype(str)
    used = levels.isin([contrast.reference, contrast.group])
    left_out = {
        subject: f"`{contrast.column}` is {f'`{level}`' if level else 'empty'}"
        for subject, level in zip(sheet.loc[~used, k.SUBJECT], levels[~used], strict=True)
    }
    rows = sheet[used].assign(**{_LEVEL: levels[used]})
    both = contrast.paired is not None and rows.groupby(k.SUBJECT)[_LEVEL].nunique().max() > 1
    rows[_UNIT] = rows[k.SUBJECT] + (" [" + rows[_LEVEL] + "]" if both else "")
    units = rows.drop_duplicates(_UNIT).sort_values(_UNIT, kind="stable")
    if contrast.paired is not None:
        complete = units.groupby(contrast.paired)[_LEVEL].transform("nunique") == 2
        left_out |= {unit: f"no partner of its `{contrast.paired}`" for unit in units.loc[~complete, _UNIT]}
        units = units[complete]
    check_covariates(units.set_index(_UNIT), contrast.name, contrast.adjust, where)
    columns, strata = nuisance(units, contrast.adjust, contrast.paired)
    pair = None if contrast.paired is None else pd.factorize(units[contrast.paired], sort=True)[0]
    return Design(
        contrast,
        tuple(units[_UNIT]),
        rows.set_index(k.SAMPLE)[_UNIT],
        (units[_LEVEL] == contrast.group).to_numpy(dtype=bool),
        columns,
        strata,
        pair,
        dict(sorted(left_out.items())),
    )


def check_covariates(units: pd.DataFrame, name: str, adjust: list[str], where: str) -> None:
    """Raise `SheetError` for every empty covariate; `units` has one row per subject, its index their names."""
    faults: list[Fault | str] = [
        Fault(f"{where} (subject {unit})", f"a value of `{column}`, which `{name}` adjusts for", "none")
        for column in adjust
        for unit in units.index[units[column] == ""]
    ]
    if faults:
        raise SheetError(faults)


def nuisance(units: pd.DataFrame, adjust: list[str], paired: str | None) -> tuple[Floats, NDArray[np.intp] | None]:
    """Intercept, covariates and blocks, and the strata within which an exchange of subjects keeps them as they are.

    A covariate whose values are all numbers is a number, which leaves no strata (None); any other is a category.
    """
    columns: list[Floats] = [np.ones((len(units), 1))]
    categories: list[pd.Series] = []
    numeric = False
    for name in (*adjust, *([paired] if paired else [])):
        numbers = pd.to_numeric(units[name], errors="coerce").to_numpy(dtype=float)
        if name != paired and np.isfinite(numbers).all():
            numeric = True
            spread = numbers.std()
            columns.append(((numbers - numbers.mean()) / (spread if spread > 0 else 1.0))[:, None])
        else:
            categories.append(units[name])
            codes = pd.factorize(units[name], sort=True)[0]
            columns.append((codes[:, None] == np.arange(1, codes.max(initial=0) + 1)).astype(np.float64))
    if numeric:
        return np.hstack(columns), None
    strata = np.zeros(len(units), dtype=np.intp)
    if categories:
        strata[:] = units.groupby([c.name for c in categories]).ngroup()
    return np.hstack(columns), strata
