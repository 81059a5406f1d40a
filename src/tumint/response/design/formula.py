"""Design formulas: `~ arm * timepoint + batch` to a named matrix, and contrasts of it as weights of its columns.

A grammar of its own, so that a formula can do nothing but name columns: `+`, `:`, `*`, and the functions of
`FUNCTIONS`. Columns are coded as in R (`model.matrix` with treatment contrasts).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tumint.errors import Fault, SheetError
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


_CATEGORY = "C"
FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "center": lambda x: x - x.mean(),
    "scale": _scale,
    "log": _logarithm(np.log),
    "log2": _logarithm(np.log2),
    "sqrt": np.sqrt,
}
_TOKEN = re.compile(r"\s*(?:(?P<name>[^\W\d][\w.]*)|`(?P<quoted>[^`]+)`|(?P<mark>[~+:*()1]))")


@dataclass(frozen=True, order=True)
class Factor:
    """One column of the sheet in a term, as it is or through a function."""

    column: str
    function: str = ""

    def __str__(self) -> str:
        return f"{self.function}({self.column})" if self.function else self.column


Term = tuple[Factor, ...]


def parse(formula: str) -> list[Term]:
    """The terms of a formula, main effects first, each once; the intercept is always there and not among them.

    Raises
    ------
    ValueError
        It holds anything but columns, `+`, `:`, `*` and the listed functions; the message says what was expected.
    """
    tokens = _tokens(formula)
    if tokens[:1] == ["~"]:
        tokens = tokens[1:]
    terms: dict[Term, None] = {}
    while True:
        terms.update(dict.fromkeys(_product(tokens)))
        if not tokens:
            return sorted(terms, key=len)
        if (mark := tokens.pop(0)) != "+":
            raise ValueError(f"`+`, `:` or `*` between columns, not `{mark.lstrip('=')}`")


def columns_of(formula: str) -> list[str]:
    """Columns of the sheet that a formula names, in its order."""
    return list(dict.fromkeys(factor.column for term in parse(formula) for factor in term))


def _tokens(formula: str) -> list[str]:
    """Marks as they are, names with `=` before them."""
    tokens, at, text = [], 0, formula.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"only columns, `+`, `:`, `*` and {', '.join(_known())}, not `{text[at:].strip()[:20]}`")
        name = found["name"] or found["quoted"]
        tokens.append(f"={name}" if name else found["mark"])
        at = found.end()
    return tokens


def _known() -> list[str]:
    return [f"{name}()" for name in (_CATEGORY, *FUNCTIONS)]


def _product(tokens: list[str]) -> list[Term]:
    """`a*b:c` is a, b:c and a:b:c."""
    if tokens[:1] == ["1"]:
        tokens.pop(0)
        return []
    parts = [_interaction(tokens)]
    while tokens[:1] == ["*"]:
        tokens.pop(0)
        parts.append(_interaction(tokens))
    subsets = itertools.chain.from_iterable(itertools.combinations(parts, n) for n in range(1, len(parts) + 1))
    return [tuple(dict.fromkeys(itertools.chain.from_iterable(subset))) for subset in subsets]


def _interaction(tokens: list[str]) -> Term:
    factors = [_factor(tokens)]
    while tokens[:1] == [":"]:
        tokens.pop(0)
        factors.append(_factor(tokens))
    return tuple(dict.fromkeys(factors))


def _factor(tokens: list[str]) -> Factor:
    if not tokens or not tokens[0].startswith("="):
        raise ValueError(f"a column, not {f'`{tokens[0]}`' if tokens else 'the end of the formula'}")
    name = tokens.pop(0)[1:]
    if tokens[:1] != ["("]:
        return Factor(name)
    if name != _CATEGORY and name not in FUNCTIONS:
        raise ValueError(f"a function out of {', '.join(_known())}, not `{name}()`")
    tokens.pop(0)
    inner = _factor(tokens)
    if inner.function or tokens[:1] != [")"]:
        raise ValueError(f"one column in `{name}()`")
    tokens.pop(0)
    return Factor(inner.column, name)


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
        numeric = np.isfinite(values).all() and factor.column != column and factor.function != _CATEGORY
        if numeric:
            numbers[factor] = _apply(factor, values, where)
        elif factor.function in FUNCTIONS:
            raise SheetError(Fault(f"{where} column `{factor.column}`", f"numbers, for `{factor}`", "text"))
        else:
            seen = sorted(set(text), key=lambda level: (factor.column != column or level != reference, level))
            levels[factor], categories[factor] = seen, text
    names, matrix = _code(terms, levels, categories, numbers, len(sheet))
    return Model(terms, levels, numbers, names, matrix)


def _apply(factor: Factor, values: Floats, where: str) -> Floats:
    if not factor.function:
        return values
    try:
        with np.errstate(invalid="raise"):
            return np.asarray(FUNCTIONS[factor.function](values), dtype=np.float64)
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
    there = {frozenset[Factor](), *(frozenset(term) for term in terms)}
    for term in terms:
        parts: list[list[tuple[str, Floats]]] = []
        for factor in term:
            if factor in numbers:
                parts.append([(str(factor), numbers[factor])])
                continue
            # a category gives a column less where the term without it is in the model too
            seen = levels[factor][1:] if frozenset(term) - {factor} in there else levels[factor]
            parts.append([(f"{factor}[{level}]", (categories[factor] == level).astype(np.float64)) for level in seen])
        # the first factor changes fastest
        for combination in itertools.product(*reversed(parts)):
            picked = combination[::-1]
            names.append(":".join(name for name, _ in picked))
            columns.append(np.prod([values for _, values in picked], axis=0))
    return names, np.column_stack(columns)
