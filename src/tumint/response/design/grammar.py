"""The grammar of design formulas, `~ arm * timepoint + log(age)`: terms, names of coefficients, how large one may be.

A grammar of its own, so that a formula can do nothing but name columns: `+`, `:`, `*`, and the functions of
`FUNCTIONS`. Columns are coded as in R (`model.matrix` with treatment contrasts). The numbers are made in
`formula`; what can be known of them without a computation is checked before anything runs.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tumint.text import integer

CATEGORY = "C"
FUNCTIONS = ("center", "scale", "log", "log2", "sqrt")  # of numbers
_TOKEN = re.compile(r"\s*(?:(?P<name>[^\W\d][\w.]*)|`(?P<quoted>[^`]+)`|(?P<mark>[~+:*()1]))")
# `a*b*c` doubles its terms with every column, and a design of more columns than subjects cannot be fitted
_LONGEST, _MOST_PARTS, _MOST_TERMS, _MOST_COLUMNS, _MOST_COMBINATIONS = 1000, 6, 200, 500, 100_000


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
    if len(formula) > _LONGEST:
        raise ValueError(f"at most {integer(_LONGEST)} characters, not {integer(len(formula))}")
    tokens = _tokens(formula)
    if tokens[:1] == ["~"]:
        tokens = tokens[1:]
    terms: dict[Term, None] = {}
    while True:
        terms.update(dict.fromkeys(_product(tokens)))
        if len(terms) > _MOST_TERMS:
            raise ValueError(f"at most {integer(_MOST_TERMS)} terms")
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
    return [f"{name}()" for name in (CATEGORY, *FUNCTIONS)]


def _product(tokens: list[str]) -> list[Term]:
    """`a*b:c` is a, b:c and a:b:c."""
    if tokens[:1] == ["1"]:
        tokens.pop(0)
        return []
    parts = [_interaction(tokens)]
    while tokens[:1] == ["*"]:
        tokens.pop(0)
        parts.append(_interaction(tokens))
    if len(parts) > _MOST_PARTS:
        raise ValueError(f"at most {_MOST_PARTS} columns joined by `*`, not {integer(len(parts))}")
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
    if name != CATEGORY and name not in FUNCTIONS:
        raise ValueError(f"a function out of {', '.join(_known())}, not `{name}()`")
    tokens.pop(0)
    # not by calling itself: nothing nests, so thousands of brackets are one fault and no recursion
    inner = [tokens.pop(0) for _ in tokens[:2]]
    if len(inner) < 2 or not inner[0].startswith("=") or inner[1] != ")":
        raise ValueError(f"one column in `{name}()`")
    return Factor(inner[0][1:], name)


def coded(terms: list[Term], levels: Mapping[Factor, list[str]]) -> Iterator[tuple[tuple[Factor, str | None], ...]]:
    """The columns of the matrix after the intercept: of each, its factors with their level, None for numbers.

    Raises
    ------
    ValueError
        There would be more columns, or more combinations of levels, than can be fitted; the message says how many may.
    """
    there = {frozenset[Factor](), *(frozenset(term) for term in terms)}
    parts: list[list[list[tuple[Factor, str | None]]]] = []
    for term in terms:
        parts.append([])
        for factor in term:
            if factor not in levels:
                parts[-1].append([(factor, None)])
                continue
            # a category gives a column less where the term without it is in the model too
            seen = levels[factor][1:] if frozenset(term) - {factor} in there else levels[factor]
            parts[-1].append([(factor, level) for level in seen])
    if (n := sum(math.prod(map(len, part)) for part in parts)) > _MOST_COLUMNS:
        raise ValueError(f"a design of at most {integer(_MOST_COLUMNS)} columns, not {integer(n)}")
    if (n := math.prod(map(len, levels.values()))) > _MOST_COMBINATIONS:
        raise ValueError(f"at most {integer(_MOST_COMBINATIONS)} combinations of levels, not {integer(n)}")
    # the first factor changes fastest
    return (picked[::-1] for part in parts for picked in itertools.product(*reversed(part)))


def column_name(picked: tuple[tuple[Factor, str | None], ...]) -> str:
    """Name of a coefficient: `arm[treated]:log(age)`."""
    return ":".join(str(factor) if level is None else f"{factor}[{level}]" for factor, level in picked)


def ordered(texts: Iterable[str], first: str | None) -> list[str]:
    """The levels of a category: `first`, which is the reference, then the others sorted."""
    return sorted(set(texts), key=lambda level: (first is not None and level != first, level))
