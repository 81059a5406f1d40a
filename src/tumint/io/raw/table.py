"""The columns of a table as text, numbers or whole numbers, every fault with its row. Knows no format's names.

Where the rows come from is known to `delimited` (text), `parquet` and `h5ad`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Generator, Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tumint.errors import DataError, Fault
from tumint.io.raw.odd_numbers import remedy, thousands_mark
from tumint.io.raw.source import Identity, Place
from tumint.text import and_more, listed, setting

MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null"})  # as R, pandas and spreadsheets write them, in lower case
A_NUMBER = "a number"
RENUMBER = "`ingest.repeated_ids: renumber` numbers the cells by row"
_WHOLE = re.compile(r"[+-]?\d{1,18}(\.0*)?")
_FLOAT32_MAX = float(np.finfo(np.float32).max)


class Table:
    """The rows of a file; columns are read by name, and their faults gathered in `faults`.

    `rows` are the numbers of the rows in the file, as messages give them; `decimal` is what parts whole and fraction.
    """

    place: Place
    header: list[str]
    rows: np.ndarray
    decimal: str = "."
    top: str | None = "header"  # where the names of its columns stand
    a_column = "a column"

    def __init__(self, place: Place, header: list[str]) -> None:
        self.place = place
        self.header = header
        self.faults: list[Fault | str] = []
        self.rows = np.empty(0, dtype=np.int64)
        self._columns: dict[str, pa.ChunkedArray] = {}
        self._origin: dict[str, tuple[Place, np.ndarray]] = {}  # of columns that came from another table

    @property
    def identity(self) -> Identity:
        """Hash and size of the file, once it was loaded."""
        raise NotImplementedError

    def load(self, names: Iterable[str], keep: tuple[str, Collection[str]] | None = None) -> None:
        """Read the columns `names`, which the header has once each; only rows where a column is one of some texts.

        Raises
        ------
        DataError
            The rows cannot be read at all.
        """
        raise NotImplementedError

    def load_blocks(self, names: Iterable[str], keep: tuple[str, Collection[str]] | None = None) -> Generator[Table]:
        """As `load`, for tables too wide to be held: some of the rows at a time, each part with its own faults.

        A text whose quoted fields hold line breaks is a fault here.
        """
        self.load(names, keep)
        yield self

    @property
    def loaded(self) -> list[str]:
        """Names of the columns that were read."""
        return list(self._columns)

    def __len__(self) -> int:
        return self.rows.size

    def require(self, *names: str) -> None:
        """A fault for each of `names` that the header lacks or has twice."""
        for name in names:
            if name not in self.header:
                found = f"none{self.hint(name)}"
                self.faults.append(Fault(self.place.at(self.top), f"{self.a_column} `{name}`", found))
            elif (count := self.header.count(name)) > 1:
                found = f"{count} of that name"
                where = self.place.at(self.top)
                self.faults.append(Fault(where, f"the column `{name}` once", found, "rename or delete the others"))

    def hint(self, name: str) -> str:
        """The nearest name in the header, or what is there."""
        lower = {column.lower(): printable(column) for column in self.header}
        near = difflib.get_close_matches(name.lower(), list(lower), n=1, cutoff=0.75)
        if near:
            return f" (the nearest is `{lower[near[0]]}`)"
        return f" among {listed(map(printable, self.header))}" if self.header else " in an empty header"

    def stop_on_faults(self) -> None:
        """Raise what was gathered."""
        if self.faults:
            raise DataError(self.faults)

    def select(self, mask: np.ndarray, place: Place) -> Table:
        """The rows where `mask` (bool, shape `(rows,)`), as a table of `place` with its own faults."""
        part = Table(place, self.header)
        part.decimal = self.decimal
        part.rows, part._columns = self.rows, self._columns
        if not mask.all():
            chosen = pa.array(mask)
            part.rows = self.rows[mask]
            part._columns = {name: column.filter(chosen) for name, column in self._columns.items()}
        return part

    def join(self, other: Table, names: Iterable[str], order: np.ndarray) -> None:
        """Take the columns `names` of `other` over, whose row `order[i]` belongs to row i here."""
        for name in names:
            self._columns[name] = other._columns[name].take(pa.array(order))
            self._origin[name] = other.place, other.rows[order]
        self.header = [*self.header, *(name for name in names if name not in self.header)]

    def text(self, name: str, missing: str) -> np.ndarray:
        """A column as text, stripped, shape `(rows,)`, dtype object; `missing` stands for empty and NA."""
        column = pc.utf8_trim_whitespace(as_text(self._columns[name]))
        encoded = pc.dictionary_encode(column).combine_chunks()
        values = [missing if v is None or v.lower() in MISSING else v for v in encoded.dictionary.to_pylist()]
        codes = pc.fill_null(encoded.indices, len(values)).to_numpy(zero_copy_only=False)
        return np.array([*values, missing, None], dtype=object)[:-1][codes]

    def names(self, name: str, *, needed: bool = False) -> np.ndarray:
        """A column of names as they stand, stripped, shape `(rows,)`, dtype object: `NA` is a name, null is empty.

        An empty one is a fault where one is `needed`.
        """
        column = self._columns[name]
        if pa.types.is_string(column.type):
            found = _shared(pc.utf8_trim_whitespace(pc.fill_null(column, "")))
        else:  # numbers as Python writes them, `1.0` and not `1`
            texts = ["" if value is None or value != value else str(value).strip() for value in column.to_pylist()]
            found = np.array([*texts, None], dtype=object)[:-1]
        if needed:
            self.fault(name, found == "", "a value")
        return found

    def numbers(
        self,
        name: str,
        *,
        missing: bool,
        low: float | None = None,
        high: float | None = None,
        infinite: bool = False,
    ) -> np.ndarray:
        """A column as float64, shape `(rows,)`: from `low` to `high`, or NaN where `missing` is allowed.

        Text, and what is not allowed, is a fault: the first row of its kind, and how many more. So is what is no finite
        number as float32, unless it may be `infinite`.
        """
        column = self._columns[name]
        is_text = np.zeros(len(self), dtype=bool)
        try:
            values = pc.cast(column, pa.float64()).to_numpy()
        except pa.ArrowInvalid:
            values, is_text = _slow_numbers(as_text(column).to_pylist(), self.decimal)
        self.fault(name, is_text, A_NUMBER)
        if not missing:
            self.fault(name, np.isnan(values) & ~is_text, A_NUMBER)
        # infinite as float32 is infinite in the file
        finite = ~np.isnan(values) if infinite else np.abs(values) <= _FLOAT32_MAX
        self.fault(name, ~finite & ~np.isnan(values), "a finite number")
        if low is not None:
            self.fault(name, finite & (values < low), f"a number of at least {setting(low)}")
        if high is not None:
            self.fault(name, finite & (values > high), f"a number of at most {setting(high)}")
        return values

    def whole_numbers(self, name: str) -> np.ndarray:
        """A column as int64, shape `(rows,)`; anything else in it is a fault."""
        column = self._columns[name]
        try:
            if column.null_count == 0:
                return pc.cast(column, pa.int64()).to_numpy()
        except pa.ArrowInvalid:
            pass
        texts = [(text or "").strip() for text in as_text(column).to_pylist()]
        if mark := thousands_mark(texts, ".", MISSING, whole=True):
            texts = [text.replace(mark, "") for text in texts]
        good = np.array([_WHOLE.fullmatch(text) is not None for text in texts], dtype=bool)
        self.fault(name, ~good, "a whole number")
        return np.array(
            [int(t.partition(".")[0]) if ok else 0 for t, ok in zip(texts, good, strict=True)], dtype=np.int64
        )

    def unique(self, name: str, ids: np.ndarray) -> None:
        """A fault where `ids` of the column `name` repeat."""
        order = np.argsort(ids, kind="stable")
        again = order[1:][ids[order][1:] == ids[order][:-1]]
        if again.size:
            second = int(again.min())
            first = int(np.flatnonzero(ids == ids[second])[0])
            found = f"`{ids[second]}` in row {self.rows[first]} too{and_more(again.size - 1, 'row')}"
            where = self.place.at(int(self.rows[second]), name)
            self.faults.append(Fault(where, "each cell id once", found, RENUMBER))

    def check(self, name: str, allowed: Collection[str], expected: str) -> None:
        """A fault where a text of the column `name` is neither missing nor `allowed`."""
        texts = self.text(name, "")
        bad = {text for text in set(texts) if text not in allowed and text}
        self.fault(name, np.array([text in bad for text in texts], dtype=bool), expected)

    def fault(self, name: str, bad: np.ndarray, expected: str) -> None:
        """A fault where any row of the column `name` is `bad` (bool, shape `(rows,)`): the first, and how many more."""
        if bad.any():
            first = int(np.argmax(bad))
            value = self._columns[name][first].as_py()
            text = "" if value is None else printable(str(value))
            shown = f"`{text if len(text) <= 40 else text[:37] + '...'}`" if text.strip() else "an empty field"
            place, rows = self._origin.get(name, (self.place, self.rows))
            where = place.at(int(rows[first]), name)
            mends = remedy(str(value)) if expected == A_NUMBER and value is not None else ""
            self.faults.append(Fault(where, expected, f"{shown}{and_more(int(bad.sum()) - 1, 'row')}", mends))


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers and text as they are; bytes, which older writers use for text, as text; times and nested values too."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return plain(pc.cast(column, kind.value_type))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return column
    if pa.types.is_nested(kind):
        return pa.chunked_array([pa.array([str(value) for value in column.to_pylist()], pa.string())])
    return as_text(column)


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of any kind as text, nulls kept."""
    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    return column if pa.types.is_string(column.type) else pc.cast(column, pa.string())


def _shared(texts: pa.ChunkedArray) -> np.ndarray:
    """Texts as objects, each different one once in memory: a column may have millions of rows and few names."""
    coded = pc.dictionary_encode(texts).unify_dictionaries()
    codes = np.concatenate([np.empty(0, dtype=np.int64), *(part.indices.to_numpy() for part in coded.chunks)])
    different = coded.chunks[0].dictionary.to_pylist() if coded.num_chunks else []
    return np.array([*different, None], dtype=object)[:-1][codes.astype(np.int64)]


def printable(text: str) -> str:
    """Text that stays on its line: control characters written out."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _slow_numbers(texts: list[str | None], decimal: str) -> tuple[np.ndarray, np.ndarray]:
    """Values and which are text: spaces around a number and the usual words for a missing one are no text.

    A comma is a decimal comma only where no number of the column has a point, or where the point parts thousands.
    """
    values = np.full(len(texts), np.nan)
    is_text = np.zeros(len(texts), dtype=bool)
    if mark := thousands_mark((text or "" for text in texts), decimal, MISSING):
        texts = [(text or "").replace(mark, "") for text in texts]
    points = [text for text in texts if text and "." in text]
    comma = decimal == "," and (not points or any("," in text for text in points))
    for i, text in enumerate(texts):
        stripped = (text or "").strip()
        if stripped.lower() in MISSING:
            continue
        try:
            values[i] = float(stripped.replace(",", ".", 1) if comma else stripped)
        except ValueError:
            is_text[i] = True
            continue
        is_text[i] = "_" in stripped  # Python reads 1_000, no other program does
    return values, is_text
