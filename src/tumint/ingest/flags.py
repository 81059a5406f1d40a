"""Phenotypes as flags: columns that say yes or no of each cell (`ingest.columns.cell_type: [..]`), and classes that
programs build of several → one type a cell. Pure text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from tumint import keys as k

A_FLAG = "a flag: 1 or 0, yes or no, `CD8+` or `CD8-`, or nothing"
JOINED = " "  # between the flags that a cell has
_YES = frozenset({"1", "1.0", "true", "t", "yes", "y", "pos", "positive"})
_NO = frozenset({"", "0", "0.0", "false", "f", "no", "n", "neg", "negative", "na", "nan", "n/a", "#n/a", "other"})
_MARKER = re.compile(r"^Phenotype[ -](?P<a>.+?)[+]?$|^(?P<b>.+?)( \(Opal \d+\))? Positive( Classification)?$")
_BETWEEN = ": "  # between the classes of QuPath that a cell has


def values(texts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which cells have the flag and which texts are no flag (bool, n each), of a column as text (object, n)."""
    states = {text: _state(str(text)) for text in set(texts)}
    found = np.array([states[text] for text in texts], dtype=object)
    return found == "yes", found == "neither"


def _state(text: str) -> str:
    bare = text.strip().lower()
    if bare in _YES or (len(bare) > 1 and bare.endswith("+")):
        return "yes"
    return "no" if bare in _NO or bare.endswith(("-", "−")) else "neither"


def name_of(column: str) -> str:
    """What a cell with the flag of this column is: `CD8+` of `Phenotype CD8` and `CD8 (Opal 520) Positive
    Classification`, else the column's own name.
    """
    match = _MARKER.match(column)
    return f"{match['a'] or match['b']}+" if match else column


def types(flags: Sequence[tuple[str, np.ndarray]]) -> np.ndarray:
    """The type of each cell (object, n): the names of all the flags it has, in their order; `unclassified` without any.

    `flags` are `(name, bool (n,))`, at least one.
    """
    rows = np.column_stack([has for _, has in flags])
    distinct, which = np.unique(rows, axis=0, return_inverse=True)
    named = [JOINED.join(name for (name, _), has in zip(flags, row, strict=True) if has) for row in distinct]
    return np.array([*(name or k.UNCLASSIFIED for name in named), None], dtype=object)[:-1][which.reshape(-1)]


def are_flags(texts: Iterable[str]) -> bool:
    """Whether a column holds flags, of which at least one is yes and one is no."""
    states = {_state(text) for text in texts}
    return states == {"yes", "no"}


def qupath_class(name: str) -> str:
    """A class of QuPath as a type: `CD8: FoxP3` stays, parts that repeat or are empty go; `Ignore*`, whose cells
    QuPath itself leaves out, and no class are `unclassified`.
    """
    parts = dict.fromkeys(part.strip() for part in name.split(_BETWEEN.strip()) if part.strip())
    if not parts or next(iter(parts)).endswith("*"):
        return k.UNCLASSIFIED
    return _BETWEEN.join(parts)
