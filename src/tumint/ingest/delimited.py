"""A delimited text as columns of text, numbers or whole numbers, every fault with its row. Knows no format's names.

Rows are numbered as an editor shows them: the header is row 1, blank lines count.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Collection, Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from tumint.errors import DataError, Fault
from tumint.ingest.source import Source

MISSING = frozenset({"", "na", "n/a", "nan", "null"})  # as R, pandas and spreadsheets write them, in lower case
_DELIMITERS = (",", "\t", ";")
_TABS = (".tsv", ".tab", ".txt")
_WHOLE = re.compile(r"[+-]?\d{1,18}(\.0*)?")
_FLOAT32_MAX = float(np.finfo(np.float32).max)


class Table:
    """The rows of a text; columns are read by name, and their faults gathered in `faults`.

    Parameters
    ----------
    source
        The text; its header is the first line.
    """

    def __init__(self, source: Source) -> None:
        self.place = source.place
        self.faults: list[Fault | str] = []
        head, _, self._body = source.data.partition(b"\n")
        self._delimiter = _delimiter(head.decode(), source.place.path)
        self.header = _names(next(csv.reader(io.StringIO(head.decode()), delimiter=self._delimiter), []))
        self._columns: dict[str, pa.ChunkedArray] = {}
        self.rows: np.ndarray = np.empty(0, dtype=np.int64)  # number of each row in the file

    def __len__(self) -> int:
        return self.rows.size

    def require(self, *names: str) -> None:
        """A fault for each of `names` that the header lacks or has twice."""
        for name in names:
            if name not in self.header:
                self.faults.append(Fault(self.place.at("header"), f"a column `{name}`", f"none{self.hint(name)}"))
            elif (count := self.header.count(name)) > 1:
                found = f"{count} of that name"
                self.faults.append(Fault(self.place.at("header"), f"the column `{name}` once", found))

    def hint(self, name: str) -> str:
        """The nearest name in the header, or what is there."""
        lower = {column.lower(): _printable(column) for column in self.header}
        near = difflib.get_close_matches(name.lower(), list(lower), n=1, cutoff=0.75)
        if near:
            return f" (the nearest is `{lower[near[0]]}`)"
        more = f" and {len(self.header) - 6} more" if len(self.header) > 6 else ""
        return f" among {', '.join(map(_printable, self.header[:6]))}{more}" if self.header else " in an empty header"

    def stop_on_faults(self) -> None:
        """Raise what was gathered."""
        if self.faults:
            raise DataError(self.faults)

    def load(self, names: Iterable[str]) -> None:
        """Read the columns `names`, which the header has once each.

        Raises
        ------
        DataError
            Rows with another number of fields, as where the file was cut off, or a quote that does not close.
        """
        wanted = list(dict.fromkeys(names))
        ragged: list[pyarrow.csv.InvalidRow] = []
        table = self._parse([self.header.index(name) for name in wanted], ragged)
        n_lines = self._body.count(b"\n") + (not self._body.endswith(b"\n") and bool(self._body))
        if ragged:
            raise DataError(self._ragged(ragged, n_lines))
        if table.num_rows != n_lines:
            raise DataError(Fault(self.place.at(), "every quote closed on its line", "fields that hold line breaks"))
        self.rows = np.arange(2, table.num_rows + 2)
        blank = self._blank(table)
        if blank.any():
            table, self.rows = table.filter(pa.array(~blank)), self.rows[~blank]
        self._columns = dict(zip(wanted, table.columns, strict=True))

    def _parse(self, indices: Sequence[int], ragged: list[pyarrow.csv.InvalidRow]) -> pa.Table:
        names = [str(i) for i in range(len(self.header))]  # by position: names that nobody asked for may repeat
        wanted = [names[i] for i in indices]
        if not self._body:
            return pa.table({name: pa.array([], pa.string()) for name in wanted})

        def skip(row: pyarrow.csv.InvalidRow) -> str:
            ragged.append(row)
            return "skip"

        try:
            return pyarrow.csv.read_csv(
                io.BytesIO(self._body),
                read_options=pyarrow.csv.ReadOptions(
                    use_threads=False, column_names=names, block_size=min(len(self._body) + 1, 1 << 30)
                ),
                parse_options=pyarrow.csv.ParseOptions(
                    delimiter=self._delimiter,
                    newlines_in_values=True,
                    ignore_empty_lines=False,
                    invalid_row_handler=skip,
                ),
                convert_options=pyarrow.csv.ConvertOptions(
                    include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string()), strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid as error:
            found = f"`{str(error).splitlines()[0]}`"
            raise DataError(Fault(self.place.at(), "a table of separated fields", found)) from None

    def _ragged(self, ragged: list[pyarrow.csv.InvalidRow], n_lines: int) -> Fault:
        first = ragged[0]
        last_is_short = first.number == n_lines and first.actual_columns < first.expected_columns
        cut = ": the file is cut off" if last_is_short and not self._body.endswith(b"\n") else ""
        found = f"{first.actual_columns}{_more(len(ragged))}{cut}"
        return Fault(self.place.at(first.number + 1), f"{first.expected_columns} fields", found)

    def _blank(self, table: pa.Table) -> np.ndarray:
        """Which rows are blank lines: empty in every column that was read, and empty in the file."""
        empty = np.ones(table.num_rows, dtype=bool)
        for column in table.columns:
            empty &= pc.equal(column, "").to_numpy()
        if empty.any():
            lines = self._body.split(b"\n")
            empty[empty] = [not lines[i].strip() for i in np.flatnonzero(empty)]
        return empty

    def text(self, name: str, missing: str) -> np.ndarray:
        """A column as text, stripped, shape `(rows,)`, dtype object; `missing` stands for empty and NA."""
        encoded = pc.dictionary_encode(pc.utf8_trim_whitespace(self._columns[name])).combine_chunks()
        values = [missing if v.lower() in MISSING else v for v in encoded.dictionary.to_pylist()]
        return np.array([*values, None], dtype=object)[:-1][encoded.indices.to_numpy()]

    def numbers(self, name: str, *, missing: bool, low: float | None = None, high: float | None = None) -> np.ndarray:
        """A column as float64, shape `(rows,)`: finite and from `low` to `high`, or NaN where `missing` is allowed.

        Text, and what is not allowed, is a fault: the first row of its kind, and how many more.
        """
        column = self._columns[name]
        is_text = np.zeros(len(self), dtype=bool)
        try:
            values = pc.cast(column, pa.float64()).to_numpy()
        except pa.ArrowInvalid:
            values, is_text = _slow_numbers(column.to_pylist())
        self.fault(name, is_text, "a number")
        if not missing:
            self.fault(name, np.isnan(values) & ~is_text, "a number")
        # infinite as float32 is infinite in the file
        finite = np.abs(values) <= _FLOAT32_MAX
        self.fault(name, ~finite & ~np.isnan(values), "a finite number")
        if low is not None:
            self.fault(name, finite & (values < low), f"a number of at least {low:g}")
        if high is not None:
            self.fault(name, finite & (values > high), f"a number of at most {high:g}")
        return values

    def whole_numbers(self, name: str) -> np.ndarray:
        """A column as int64, shape `(rows,)`; anything else in it is a fault."""
        column = self._columns[name]
        try:
            return pc.cast(column, pa.int64()).to_numpy()
        except pa.ArrowInvalid:
            texts = [text.strip() for text in column.to_pylist()]
            good = np.array([_WHOLE.fullmatch(text) is not None for text in texts])
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
            found = f"`{ids[second]}` in row {self.rows[first]} too{_more(again.size)}"
            self.faults.append(Fault(self.place.at(int(self.rows[second]), name), "each cell id once", found))

    def check(self, name: str, allowed: Collection[str], expected: str) -> None:
        """A fault where a text of the column `name` is neither missing nor `allowed`."""
        column = self._columns[name]
        texts = np.array([text.strip() for text in column.to_pylist()], dtype=object)
        bad = {text for text in set(texts) if text not in allowed and text.lower() not in MISSING}
        self.fault(name, np.array([text in bad for text in texts], dtype=bool), expected)

    def fault(self, name: str, bad: np.ndarray, expected: str) -> None:
        """A fault where any row of the column `name` is `bad` (bool, shape `(rows,)`): the first, and how many more."""
        if bad.any():
            first = int(np.argmax(bad))
            text = _printable(self._columns[name][first].as_py())
            shown = f"`{text if len(text) <= 40 else text[:37] + '...'}`" if text.strip() else "an empty field"
            where = self.place.at(int(self.rows[first]), name)
            self.faults.append(Fault(where, expected, f"{shown}{_more(int(bad.sum()))}"))


def _more(count: int) -> str:
    """How many rows there are besides the one that is shown."""
    return "" if count == 1 else f" (and {count - 1:,} more row{'s' if count > 2 else ''})"


def _printable(text: str) -> str:
    """Text that stays on its line: control characters written out."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _delimiter(head: str, path: str) -> str:
    """By the file's name, unless the header does not hold it and does hold another."""
    by_name = "\t" if path.lower().removesuffix(".gz").endswith(_TABS) else ","
    return by_name if by_name in head else max(by_name, *_DELIMITERS, key=head.count)


def _names(fields: Sequence[str]) -> list[str]:
    """Names of the columns, stripped; one without a name is called as pandas calls it."""
    return [field.strip() or f"Unnamed: {i}" for i, field in enumerate(fields)]


def _slow_numbers(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Values and which are text: spaces around a number and the usual words for a missing one are no text."""
    values = np.full(len(texts), np.nan)
    is_text = np.zeros(len(texts), dtype=bool)
    for i, text in enumerate(texts):
        stripped = text.strip()
        if stripped.lower() in MISSING:
            continue
        try:
            values[i] = float(stripped)
        except ValueError:
            is_text[i] = True
            continue
        is_text[i] = "_" in stripped  # Python reads 1_000, no other program does
    return values, is_text
