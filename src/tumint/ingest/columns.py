"""What each column of a table of cells is likely to hold, from its name and its values. Pure: texts in, guesses out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tumint.ingest.flags import is_flag
from tumint.io.raw.odd_numbers import is_comma, thousands_mark

_NAMED = 8  # values that a profile keeps
_FEW = 10  # rows in which each value may stand once by chance
# measured of a cell, and no marker: tokens of names, in lower case
_SHAPES = frozenset(
    [
        "area",
        "areashape",
        "perimeter",
        "axis",
        "major",
        "minor",
        "majoraxislength",
        "minoraxislength",
        "eccentricity",
        "solidity",
        "extent",
        "orientation",
        "circularity",
        "roundness",
        "diameter",
        "feret",
        "formfactor",
        "compactness",
        "convex",
        "euler",
        "aspect",
        "length",
        "width",
        "height",
        "size",
        "volume",
        "elongation",
        "angle",
        "radius",
        "bbox",
        "boundingbox",
        "moment",
    ]
)
_PLACES = frozenset(
    [
        "x",
        "y",
        "z",
        "row",
        "col",
        "column",
        "slice",
        "distance",
        "dist",
        "neighbors",
        "neighbours",
        "probability",
        "confidence",
        "score",
        "umap",
        "umap1",
        "umap2",
        "tsne",
        "tsne1",
        "tsne2",
        "pca",
        "pc1",
        "pc2",
        "pixel",
        "tile",
        "time",
        "index",
        "density",
        "total",
        "counts",
        "background",
        "autofluorescence",
    ]
)
_SIDES = frozenset(
    [
        "min",
        "max",
        "start",
        "end",
        "left",
        "right",
        "width",
        "height",
        "length",
        "size",
        "bbox",
        "tile",
        "stage",
        "grid",
        "umap",
        "tsne",
        "pca",
        "local",
    ]
)
_BEST = (
    "um",
    "µm",
    "μm",
    "micron",
    "microns",
    "global",
    "absolute",
    "centroid",
    "center",
    "centre",
    "cell",
    "coordinate",
)


@dataclass(frozen=True)
class Profile:
    """A column: `kind` empty, constant, flag, whole, number or text; `levels` how many values, `unique` each once;
    `mostly` a text whose values are numbers but for some, which ingest names; `rows` that have a value; `thousands`
    what parts the thousands of its numbers, where something does."""

    name: str
    kind: str
    levels: int
    values: tuple[str, ...]
    unique: bool = False
    decimal: str = "."
    mostly: bool = False
    rows: int = 0
    thousands: str = ""

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers alone, one or many."""
        return self.kind in ("whole", "number") or (self.kind == "constant" and _number(self.values[0]) is not None)


def profile(name: str, texts: Sequence[str]) -> Profile:
    """Look at the texts of a column."""
    there = [text for text in texts if text.strip().lower() not in ("", "na", "nan", "n/a", "null")]
    distinct = list(dict.fromkeys(there))
    if not distinct:
        return Profile(name, "empty", 0, ())
    kept, unique, rows = tuple(distinct[:_NAMED]), len(distinct) == len(there) > _FEW, len(there)
    if len(distinct) == 1:
        kind = "flag" if len(there) < len(texts) and is_flag([*distinct, ""]) else "constant"
        return Profile(name, kind, 1, kept)
    if is_flag([*distinct, *([""] if len(there) < len(texts) else [])]):
        return Profile(name, "flag", len(distinct), kept)
    decimal = "," if any(map(is_comma, distinct)) and all(_comma(text) for text in distinct) else "."
    marks = {mark: thousands_mark(distinct, mark) for mark in (".", ",")} if decimal == "." else {}
    thousands = next((mark for mark in marks.values() if mark), "")
    if thousands and not marks["."]:
        decimal = ","
    plain = [text.replace(thousands, "") for text in distinct] if thousands else distinct
    numbers = [_number(text.replace(",", ".") if decimal == "," else text) for text in plain]
    if any(number is None for number in numbers):
        known = sum(
            number is not None or text.strip()[:1].isdigit() for number, text in zip(numbers, distinct, strict=True)
        )
        mostly = 2 * known > len(distinct)
        return Profile(name, "text", len(distinct), kept, unique, mostly=mostly, rows=rows)
    whole = all(number == int(number) for number in numbers if number is not None and abs(number) < 1e300)
    return Profile(name, "whole" if whole else "number", len(distinct), kept, unique, decimal, False, rows, thousands)


def _number(text: str) -> float | None:
    try:
        return float(text) if "_" not in text else None
    except ValueError:
        return None


def _comma(text: str) -> bool:
    return "." not in text and _number(text.replace(",", ".", 1)) is not None


def tokens(name: str) -> list[str]:
    """`Centroid X µm` → centroid, x, µm; also of `cellType` and `pos_x`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [token for token in re.split(r"[^0-9a-zµμ]+", parted.lower()) if token]


def position_pairs(columns: Mapping[str, Profile]) -> list[tuple[str, str]]:
    """Pairs of numeric columns whose names differ by x and y alone, the likeliest first."""
    found = []
    for x in columns:
        for y in columns:
            if _is_pair(x, y) and all(columns[name].is_number or columns[name].mostly for name in (x, y)):
                found.append((x, y))
    order = {name: i for i, name in enumerate(columns)}
    return sorted(found, key=lambda pair: (_doubt(pair[0]), order[pair[0]]))


def named_pairs(header: Sequence[str]) -> list[tuple[str, str]]:
    """As `position_pairs`, by the names alone."""
    return sorted(
        ((x, y) for x in header for y in header if _is_pair(x, y)), key=lambda p: (_doubt(p[0]), header.index(p[0]))
    )


def _is_pair(x: str, y: str) -> bool:
    if (x, y) == ("centroid-1", "centroid-0"):
        return True
    if x == y or len(x) != len(y):
        return False
    at = [i for i in range(len(x)) if x[i] != y[i]]
    if len(at) != 1 or (x[at[0]], y[at[0]]) not in (("x", "y"), ("X", "Y")):
        return False
    mine = tokens(x)
    alone = "x" in mine or re.search(
        r"^x|x$|(pos|position|center|centre|centroid|coord|coordinate|absolute)s?x", x.lower()
    )
    return bool(alone) and not _SIDES & set(mine)


def _doubt(name: str) -> int:
    """0 for the likeliest names of a centre."""
    mine = tokens(name)
    found = [i for i, word in enumerate(_BEST) if word in mine]
    px = 1 if "px" in mine or "pixel" in mine or "pixels" in mine else 0
    return (min(found) if found else len(_BEST)) * 2 + px


def in_um(name: str) -> bool:
    """Whether the name of a column says that it holds micrometres."""
    return bool({"um", "µm", "μm", "micron", "microns"} & set(tokens(name)))


def is_shape(name: str) -> bool:
    """Whether a name is that of a shape or a place, which no marker is."""
    mine = tokens(name)
    return bool(mine) and bool((_SHAPES | _PLACES) & set(mine) or "".join(mine) in _SHAPES)
