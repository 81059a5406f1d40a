"""Who is compared with whom: from a contrast of the config and the sample sheet to groups, covariates and blocks.

Knows nothing of features; the numbers made from it are in `linear`, `permutation` and `mixed`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import null_space

from tumint import keys as k
from tumint.config.response import Contrast
from tumint.errors import Fault, SheetError
from tumint.response.design import formula
from tumint.response.design.grammar import columns_of
from tumint.response.models.linear import Floats

_LEVEL, _UNIT = "level of the contrast", "unit of the contrast"  # columns made here: no sheet has such names


@dataclass(frozen=True)
class Design:
    """The subjects of one contrast, sorted by name, S of them."""

    contrast: Contrast
    units: tuple[str, ...]  # subjects; `subject [level]` where a subject is there more than once
    subjects: NDArray[np.intp]  # (S,): units of equal numbers are one subject
    unit_of_sample: pd.Series  # index: sample
    group: NDArray[np.bool_]  # (S,), True in the group
    reference: NDArray[np.bool_]  # (S,), True in the reference; with a formula, some are in neither
    nuisance: Floats  # (S, q): intercept, covariates, blocks
    regressor: Floats  # (S,): its coefficient is the effect; 1 in the group, else 0, where there is no formula
    strata: NDArray[np.intp] | None  # (S,): subjects that may be exchanged; None where none may
    pair: NDArray[np.intp] | None  # (S,): blocks of a paired design
    left_out: dict[str, str]  # subject → why

    @property
    def matrix(self) -> Floats:
        """Design matrix (S, q + 1); the coefficient of the last column is the effect."""
        return np.column_stack([self.nuisance, self.regressor])

    @property
    def effect(self) -> Floats:
        """Weights of the coefficients that give the effect (q + 1,)."""
        return np.append(np.zeros(self.nuisance.shape[1]), 1.0)

    def names(self, *, group: bool) -> list[str]:
        """The subjects of one side."""
        side = self.group if group else self.reference
        return [unit for unit, inside in zip(self.units, side, strict=True) if inside]

    def count(self, present: NDArray[np.bool_], *, group: bool) -> NDArray[np.intp]:
        """How many subjects of one side have each feature, by where units have it (F, S)."""
        side = np.flatnonzero(self.group if group else self.reference)
        _, mine = np.unique(self.subjects[side], return_inverse=True)
        return np.asarray((present[:, side] @ np.eye(mine.max(initial=-1) + 1, dtype=np.intp)[mine] > 0).sum(axis=1))


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
        A covariate is empty for a subject that is compared, or the formula is wrong.
    """
    if contrast.formula is not None:
        return build_formula(sheet, contrast, where)
    levels = sheet[contrast.column].astype(str)
    used = levels.isin([contrast.reference, contrast.group])
    left_out = {
        subject: f"`{contrast.column}` is {f'`{level}`' if level else 'empty'}"
        for subject, level in zip(sheet.loc[~used, k.SUBJECT], levels[~used], strict=True)
    }
    rows = _with_pair(sheet[used].assign(**{_LEVEL: levels[used]}), contrast, left_out)
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
    group = (units[_LEVEL] == contrast.group).to_numpy(dtype=bool)
    return Design(
        contrast,
        tuple(units[_UNIT]),
        pd.factorize(units[k.SUBJECT])[0],
        rows.set_index(k.SAMPLE)[_UNIT],
        group,
        ~group,
        columns,
        group.astype(np.float64),
        strata,
        pair,
        dict(sorted(left_out.items())),
    )


def nobody(contrast: Contrast) -> Design:
    """The design of a contrast that cannot be made: nobody is in it."""
    none, nowhere = np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.intp)
    samples = pd.Series([], index=pd.Index([], dtype=object, name=k.SAMPLE), dtype=object, name=_UNIT)
    return Design(contrast, (), nowhere, samples, none, none, np.zeros((0, 1)), np.zeros(0), None, None, {})


def _with_pair(rows: pd.DataFrame, contrast: Contrast, left_out: dict[str, str]) -> pd.DataFrame:
    """`rows` without those whose pair is not named, which go to `left_out`: they have nothing in common."""
    named = rows[contrast.paired or k.SUBJECT] != ""
    left_out |= {subject: f"`{contrast.paired}` is empty" for subject in rows.loc[~named, k.SUBJECT]}
    return rows[named].copy()


def build_formula(sheet: pd.DataFrame, contrast: Contrast, where: str) -> Design:
    """The design of a contrast with a formula: rotated so that one column carries the effect.

    With `paired`, units are subjects at each combination of the formula's columns, and the pair is a block of the fit.
    """
    columns = check_formula(sheet, contrast, where)
    empty = (sheet[columns] == "").any(axis=1)
    left_out = {unit: "an empty field in a column of the formula" for unit in sheet.loc[empty, k.SUBJECT]}
    rows = _with_pair(sheet[~empty], contrast, left_out)
    varying = [c for c in columns if rows.groupby(k.SUBJECT)[c].nunique().max() > 1]
    if varying and contrast.paired is None:
        expected = f"one value per subject of what `{contrast.name}` compares, or `paired: subject`"
        raise SheetError(Fault(where, expected, f"several of `{varying[0]}`"))
    levels = rows[varying].agg(", ".join, axis=1) if varying else ""
    rows[_UNIT] = rows[k.SUBJECT] + (" [" + levels + "]" if varying else "")
    units = rows.drop_duplicates(_UNIT).sort_values(_UNIT, kind="stable")
    fitted = formula.model(units, contrast.formula or "", contrast.column, contrast.reference, where)
    X, weights = fitted.matrix, _weights(fitted, contrast)
    pair = None if contrast.paired is None else pd.factorize(units[contrast.paired], sort=True)[0]
    if pair is not None:
        blocks = (pair[:, None] == np.arange(1, pair.max(initial=0) + 1)).astype(np.float64)
        X, weights = np.hstack([X, blocks]), np.append(weights, np.zeros(blocks.shape[1]))
    norms = np.linalg.norm(X, axis=0)
    norms[norms == 0] = 1.0
    weights = weights / norms
    held = np.ones(len(units), dtype=np.bool_)
    for column, level in contrast.at.items():
        held &= (units[column] == level).to_numpy()
    sides = ((units[contrast.column] == level).to_numpy() & held for level in (contrast.group, contrast.reference))
    group, reference = sides
    return Design(
        contrast,
        tuple(units[_UNIT]),
        pd.factorize(units[k.SUBJECT])[0],
        rows.set_index(k.SAMPLE)[_UNIT],
        group,
        reference,
        (X / norms) @ null_space(weights[None]),
        (X / norms) @ weights / (weights @ weights),
        _formula_strata(fitted, contrast, units, group | reference),
        pair,
        dict(sorted(left_out.items())),
    )


def check_formula(sheet: pd.DataFrame, contrast: Contrast, where: str) -> list[str]:
    """The columns that the formula names, none where there is no formula; `SheetError` where it is wrong."""
    if contrast.formula is None:
        return []
    place = f"contrast {contrast.name}: `formula`"
    try:
        columns = columns_of(contrast.formula)
    except ValueError as error:
        raise SheetError(Fault(place, str(error), f"`{contrast.formula[:80]}`")) from None
    if unknown := [column for column in (*columns, *contrast.at) if column not in sheet]:
        raise SheetError(Fault(place, f"columns of {where}", f"`{unknown[0]}`"))
    if contrast.column not in columns:
        raise SheetError(Fault(place, f"`{contrast.column}`, which is compared, in it", f"`{contrast.formula}`"))
    return columns


def _weights(fitted: formula.Model, contrast: Contrast) -> Floats:
    place = f"contrast {contrast.name}"
    if contrast.coefficient is not None:
        try:
            return fitted.coefficient(contrast.coefficient)
        except KeyError:
            names = ", ".join(fitted.names[1:40])
            raise SheetError(Fault(f"{place}: `coefficient`", f"one of {names}", f"`{contrast.coefficient}`")) from None
    levels = {factor.column: seen for factor, seen in fitted.levels.items()}
    for column, level in (
        (contrast.column, contrast.group),
        (contrast.column, contrast.reference),
        *contrast.at.items(),
    ):
        if level not in levels.get(column, []):
            expected = f"a level of `{column}` among the subjects of the fit"
            raise SheetError(Fault(place, expected, f"`{level}`"))
    weights = fitted.weights(contrast.column, contrast.group, contrast.reference, contrast.at)
    if not weights.any():
        raise SheetError(Fault(place, "groups that the formula tells apart", f"`{contrast.formula}`"))
    return weights


def _formula_strata(
    fitted: formula.Model, contrast: Contrast, units: pd.DataFrame, compared: NDArray[np.bool_]
) -> NDArray[np.intp] | None:
    """Subjects that may be exchanged: only where the groups are one additive category among categories."""
    apart = [term for term in fitted.terms if any(factor.column == contrast.column for factor in term)]
    if fitted.numbers or contrast.coefficient or contrast.paired or [len(term) for term in apart] != [1]:
        return None
    others = [factor.column for factor in fitted.levels if factor.column != contrast.column]
    strata = units.groupby(others).ngroup().to_numpy() if others else np.zeros(len(units), dtype=np.intp)
    return np.where(compared, strata, -1)


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
