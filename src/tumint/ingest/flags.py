"""One flag column per phenotype → one type per cell: the positive flags, or the first rule that fits. Pure text."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from tumint import keys as k
from tumint.config.ingest import TypeRule

_UP = frozenset({"1", "1.0", "true", "t", "yes", "y", "pos", "positive", "+"})
_DOWN = frozenset(
    {"", "0", "0.0", "false", "f", "no", "n", "neg", "negative", "-", "other", "none", "na", "nan", "n/a"}
)
_BEFORE = re.compile(r"^(phenotype|is|flag)[\s_.:-]+", re.IGNORECASE)
_DYE = re.compile(r"\s*\(Opal \d+\)$", re.IGNORECASE)
_WORD = re.compile(r"(?<!\S)[A-Z]?[a-z]{3,}(?!\S)")  # as `Treg` and `Cytotoxic T cell` have, `CD8` and `FoxP3` have not
_AFTER = re.compile(r"([\s_.:-]+(positive|pos|flag|status|classification|phenotype))+$|\+$", re.IGNORECASE)


def short(column: str) -> str:
    """What a flag column is called in types: `Phenotype CD8`, `CD8 (Opal 520) Positive Classification` are `CD8`."""
    bare = _DYE.sub("", _AFTER.sub("", _BEFORE.sub("", column.strip())))
    return bare.strip().replace(k.PAIR_SEPARATOR, "/") or column.strip()


def is_population(column: str) -> bool:
    """Whether a flag column is called by a population in words and not by a marker: `Treg`, never `Treg Positive`."""
    return short(column) == column.strip() and bool(_WORD.search(column))


def is_flag(values: Sequence[str]) -> bool:
    """Whether the distinct texts of a column are those of a flag: 0/1, true/false, `CD8+`/`CD8-`, `CD8+`/`other`."""
    texts = {value.strip() for value in values}
    up = {value for value in texts if _is_up(value)}
    down = {value for value in texts if _is_down(value)}
    names = {value.rstrip("+-−").lower() for value in texts if value.endswith(("+", "-", "−"))}
    return bool(up) and up | down == texts and len(texts) <= 4 and len(names) <= 1


def _is_up(text: str) -> bool:
    return text.lower() in _UP or (len(text) > 1 and text.endswith("+"))


def _is_down(text: str) -> bool:
    return text.lower() in _DOWN or (len(text) > 1 and text.endswith(("-", "−")))


def unread(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """`{column: which rows hold a text that is neither up nor down}`, of columns of flags."""
    return {
        name: np.array([not (_is_up(v.strip()) or _is_down(v.strip())) for v in texts], dtype=bool)
        for name, texts in columns.items()
    }


def of_columns(columns: Mapping[str, np.ndarray], rules: Sequence[TypeRule]) -> np.ndarray:
    """Types from flag columns.

    Parameters
    ----------
    columns
        `{column: texts}`, dtype object, `(n,)` each, in the order in which names are joined.
    rules
        The first that fits names the type; without rules the positive flags do, `CD3+ CD8+`, and a population that
        is alone by its own name, `Treg`.

    Returns
    -------
    Names, dtype object, `(n,)`; `unclassified` where no flag is up, or no rule fits.
    """
    up = np.column_stack([np.array([_is_up(v.strip()) for v in texts], dtype=bool) for texts in columns.values()])
    names, plain = [short(column) for column in columns], {short(c) for c in columns if is_population(c)}
    patterns, at = np.unique(up, axis=0, return_inverse=True)
    flags = [{n for n, flag in zip(names, row, strict=True) if flag} for row in patterns.tolist()]
    found = [_type(up, names, rules, plain) for up in flags]
    return np.array([*found, None], dtype=object)[:-1][at.ravel()]


def of_classes(texts: np.ndarray, rules: Sequence[TypeRule]) -> np.ndarray:
    """Types from classes that name every flag that is up, as QuPath writes them: `CD8: FoxP3`."""
    lookup = {}
    for text in set(texts):
        names = [part.strip() for part in re.split(r":|(?<=\+)\s+", text) if part.strip()]
        flags = {short(name) for name in names if not name.endswith("-")}
        lookup[text] = _type(flags, sorted(flags), rules)
    return np.array([*(lookup[text] for text in texts), None], dtype=object)[:-1]


def _type(up: set[str], order: Sequence[str], rules: Sequence[TypeRule], plain: Collection[str] = ()) -> str:
    if not rules and len(up) == 1 and up <= set(plain):
        return next(iter(up))
    if not rules:
        return " ".join(f"{name}+" for name in order if name in up) or k.UNCLASSIFIED
    lower = {name.lower() for name in up}
    for rule in rules:
        needs, bars = ({short(name).lower() for name in names} for names in (rule.positive, rule.negative))
        if needs <= lower and not bars & lower:
            return rule.cell_type
    return k.UNCLASSIFIED


def qupath_class(name: str) -> str:
    """A class of QuPath as a type: `CD8: FoxP3` stays, parts that repeat or are empty go; `Ignore*`, whose cells
    QuPath itself leaves out, and no class are `unclassified`.
    """
    parts = dict.fromkeys(part.strip() for part in name.split(":") if part.strip())
    return k.UNCLASSIFIED if not parts or next(iter(parts)).endswith("*") else ": ".join(parts)
