"""Design formulas as numbers: a formula of `grammar` to a named matrix, and contrasts as weights of its columns."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tumint.errors import Fault, SheetError
from tumint.response.design.grammar import CATEGORY, Factor, Term, coded, column_name, ordered, parse
from tumint.response.models.linear import Floats


def _logarithm(function: Callable[[Floats], Floats]) -> Callable[[Floats], Floats]:
    def checked(x: Floats) -> Floats:
        if (x <= 0).any():
            raise ValueError
        return function(x)

    return checked


def _scale(x: Floats) -> Floats:
    spread = x.std(ddof=1) if len(x) > 1 else 0.0
    return (x - x.mean()) / (spread if spread > 0 else 1.0)


_FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "center": lambda x: x - x.mean(),
    "scale": _scale,
    "log": _logarithm(np.log),
    "log2": _logarithm(np.log2),
    "sqrt": np.sqrt,
}


@dataclass(frozen=True)
class Model:
    """A formula on a sheet: levels of its categories (reference first), numbers of its other columns."""

    terms: list[Term]
    levels: dict[Factor, list[str]]
    numbers: dict[Factor, Floats]
    names: list[str]  # of the columns of the matrix
    matrix: Floats  # (rows of the sheet, columns)

    def weights(self, column: str, group: str, reference: str, at: Mapping[str, str]) -> Floats:
        """Group minus reference, averaged over the levels of the other categories in equal parts (emmeans).

        Numbers are held at their mean; `at` holds categories at one level.

        Raises
        ------
        KeyError
            `at` names a level or a column that is not there.
        """
        held = {factor: [at[factor.column]] if factor.column in at else seen for factor, seen in self.levels.items()}
        for factor, (level, *_) in held.items():
            if level not in self.levels[factor]:
                raise KeyError(level)
        sides = []
        for level in (group, reference):
            grid = {f: [level] if f.column == column else seen for f, seen in held.items()}
            rows = [dict(zip(grid, combination, strict=True)) for combination in itertools.product(*grid.values())]
            categories = {f: np.array([row[f] for row in rows], dtype=object) for f in grid}
            numbers = {f: np.full(len(rows), values.mean()) for f, values in self.numbers.items()}
            sides.append(_code(self.terms, self.levels, categories, numbers, len(rows))[1].mean(axis=0))
        return np.asarray(sides[0] - sides[1], dtype=np.float64)

    def coefficient(self, name: str) -> Floats:
        """One column alone; `KeyError` where there is none of this name."""
        if name not in self.names:
            raise KeyError(name)
        return np.array([float(mine == name) for mine in self.names])


def model(sheet: pd.DataFrame, formula: str, column: str, reference: str, where: str) -> Model:
    """The design matrix of `formula` for the rows of `sheet`.

    Parameters
    ----------
    sheet
        Text columns, none of those of the formula empty.
    column, reference
        The category whose reference level is given; that of others is their first level, sorted.
    where
        How to call the sheet in messages.

    Raises
    ------
    SheetError
        A function does not fit its column.
    """
    terms = parse(formula)
    levels: dict[Factor, list[str]] = {}
    categories, numbers = {}, {}
    for factor in dict.fromkeys(itertools.chain.from_iterable(terms)):
        text = sheet[factor.column].astype(str).to_numpy(dtype=object)
        values = pd.to_numeric(pd.Series(text), errors="coerce").to_numpy(dtype=float)
        numeric = np.isfinite(values).all() and factor.column != column and factor.function != CATEGORY
        if numeric:
            numbers[factor] = _apply(factor, values, where)
        elif factor.function in _FUNCTIONS:
            raise SheetError(Fault(f"{where} column `{factor.column}`", f"numbers, for `{factor}`", "text"))
        else:
            levels[factor] = ordered(text, reference if factor.column == column else None)
            categories[factor] = text
    try:
        names, matrix = _code(terms, levels, categories, numbers, len(sheet))
    except ValueError as error:
        raise SheetError(Fault(f"{where}: formula", str(error), f"`{formula[:80]}`")) from None
    return Model(terms, levels, numbers, names, matrix)


def _apply(factor: Factor, values: Floats, where: str) -> Floats:
    if not factor.function:
        return values
    try:
        with np.errstate(invalid="raise"):
            return np.asarray(_FUNCTIONS[factor.function](values), dtype=np.float64)
    except (ValueError, FloatingPointError):
        fault = Fault(f"{where} column `{factor.column}`", f"numbers that `{factor.function}()` takes", "others")
        raise SheetError(fault) from None


def _code(
    terms: list[Term],
    levels: Mapping[Factor, list[str]],
    categories: Mapping[Factor, np.ndarray],
    numbers: Mapping[Factor, Floats],
    n: int,
) -> tuple[list[str], Floats]:
    """Names and values of the columns, (n, columns)."""
    names, columns = ["(Intercept)"], [np.ones(n)]
    for picked in coded(terms, levels):
        names.append(column_name(picked))
        parts = [
            numbers[factor] if level is None else (categories[factor] == level).astype(np.float64)
            for factor, level in picked
        ]
        columns.append(np.prod(parts, axis=0))
    return names, np.column_stack(columns)
