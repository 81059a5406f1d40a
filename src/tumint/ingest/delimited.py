"""A delimited text as a `Table`: delimiter, header, rows of equal length, block by block.

Rows are numbered as an editor shows them: the header is row 1, blank lines count. A field ends on its line, so that a
text may be cut at any line end.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from tumint.errors import DataError, Fault
from tumint.ingest.source import Identity, Text
from tumint.ingest.table import Table
from tumint.text import and_more

_DELIMITERS = (",", "\t", ";")
_TABS = (".tsv", ".tab", ".txt")


class Delimited(Table):
    """The rows of a text.

    Parameters
    ----------
    text
        The text; its header is the first line.
    decimal
        What parts whole and fraction; None: a comma where fields are separated by `;`, as spreadsheets write both.
    """

    def __init__(self, text: Text, decimal: str | None = None) -> None:
        self._text = text
        line = text.head()
        self._delimiter = _delimiter(line, text.place.path)
        super().__init__(text.place, _names(next(csv.reader(io.StringIO(line), delimiter=self._delimiter), [])))
        self.decimal = decimal or ("," if self._delimiter == ";" else ".")

    @property
    def identity(self) -> Identity:
        return self._text.identity

    def load(self, names: Iterable[str], keep: tuple[str, Collection[str]] | None = None) -> None:
        wanted = list(dict.fromkeys([*names, *([keep[0]] if keep else [])]))
        ragged: list[pyarrow.csv.InvalidRow] = []
        parts: list[pa.Table] = []
        rows: list[np.ndarray] = []
        start = 2  # number of the first row of the block
        ends = True
        with closing(self._text.blocks()) as blocks:
            for number, block in enumerate(blocks):
                body = block.partition(b"\n")[2] if number == 0 else block
                if not body:
                    continue
                table, n_lines = self._rows_of(body, wanted, ragged, start)
                numbers = np.arange(start, start + n_lines)
                start, ends = start + n_lines, body.endswith(b"\n")
                if ragged:
                    continue  # only how many there are is still of interest
                kept = ~_blank(table, body)
                if keep is not None:
                    kept &= _among(table[str(wanted.index(keep[0]))], keep[1])
                if not kept.all():
                    table, numbers = table.filter(pa.array(kept)), numbers[kept]
                parts.append(table)
                rows.append(numbers)
        if ragged:
            raise DataError(self._ragged(ragged, last=start - 1, ends=ends))
        whole = pa.concat_tables(parts) if parts else self._no_rows(wanted)
        self.rows = np.concatenate(rows) if rows else np.empty(0, dtype=np.int64)
        self._columns = dict(zip(wanted, whole.columns, strict=True))

    def _no_rows(self, wanted: Sequence[str]) -> pa.Table:
        return pa.table({name: pa.array([], pa.string()) for name in map(str, range(len(wanted)))})

    def _rows_of(
        self, block: bytes, wanted: Sequence[str], ragged: list[pyarrow.csv.InvalidRow], start: int
    ) -> tuple[pa.Table, int]:
        """The fields of a block, as text, and how many lines it has."""
        before = len(ragged)
        table = self._parse(block, [self.header.index(name) for name in wanted], ragged)
        for i in range(before, len(ragged)):
            ragged[i] = ragged[i]._replace(number=start + ragged[i].number - 1)
        n_lines = block.count(b"\n") + (not block.endswith(b"\n"))
        if not ragged and table.num_rows != n_lines:
            raise DataError(Fault(self.place.at(), "every quote closed on its line", "fields that hold line breaks"))
        return table.rename_columns(list(map(str, range(len(wanted))))), n_lines

    def _parse(self, block: bytes, indices: Sequence[int], ragged: list[pyarrow.csv.InvalidRow]) -> pa.Table:
        names = [str(i) for i in range(len(self.header))]  # by position: names that nobody asked for may repeat
        wanted = [names[i] for i in indices]

        def skip(row: pyarrow.csv.InvalidRow) -> str:
            ragged.append(row)
            return "skip"

        try:
            return pyarrow.csv.read_csv(
                io.BytesIO(block),
                read_options=pyarrow.csv.ReadOptions(
                    use_threads=False, column_names=names, block_size=min(len(block) + 1, 1 << 30)
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

    def _ragged(self, ragged: list[pyarrow.csv.InvalidRow], *, last: int, ends: bool) -> Fault:
        first = ragged[0]
        is_cut = first.number == last and first.actual_columns < first.expected_columns and not ends
        found = f"{first.actual_columns}{and_more(len(ragged) - 1, 'row')}{': the file is cut off' if is_cut else ''}"
        return Fault(self.place.at(first.number), f"{first.expected_columns} fields", found)


def _blank(table: pa.Table, block: bytes) -> np.ndarray:
    """Which rows are blank lines: empty in every column that was read, and empty in the file."""
    if not block.startswith(b"\n") and b"\n\n" not in block:
        return np.zeros(table.num_rows, dtype=bool)
    empty = np.ones(table.num_rows, dtype=bool)
    for column in table.columns:
        empty &= pc.equal(column, "").to_numpy()
    if empty.any():
        lines = block.split(b"\n")
        empty[empty] = [not lines[i].strip() for i in np.flatnonzero(empty)]
    return empty


def _among(column: pa.ChunkedArray, texts: Collection[str]) -> np.ndarray:
    """Which texts, stripped, are among `texts`."""
    found = pc.is_in(pc.utf8_trim_whitespace(column), value_set=pa.array(sorted(texts), pa.string()))
    return np.asarray(found.to_numpy())


def _delimiter(head: str, path: str) -> str:
    """By the file's name, unless the header does not hold it and does hold another."""
    by_name = "\t" if path.lower().removesuffix(".gz").endswith(_TABS) else ","
    return by_name if by_name in head else max(by_name, *_DELIMITERS, key=head.count)


def _names(fields: Sequence[str]) -> list[str]:
    """Names of the columns, stripped; one without a name is called as pandas calls it."""
    return [field.strip() or f"Unnamed: {i}" for i, field in enumerate(fields)]
