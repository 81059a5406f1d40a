"""A delimited text as a `Table`: delimiter, header, rows of equal length, block by block.

Rows are numbered as an editor shows them: the first line is row 1, blank lines count; the header is
the first line that is not blank. A text is cut at any line end, as if
every field ended on its line; where quoted fields do not, it is read again as one block.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from tumint.errors import DataError, Fault
from tumint.io.raw.source import Identity, Text
from tumint.io.raw.table import Table
from tumint.text import and_more

_DELIMITERS = (",", "\t", ";", "|")
_LONGEST_WITH_BREAKS = 256 << 20  # bytes of a text that is read row by row
_TABS = (".tsv", ".tab", ".txt")
_LONGER = "end no row with a delimiter; names of rows need a header too (in R: `write.csv(row.names = FALSE)`)"


class Delimited(Table):
    """The rows of a text.

    Parameters
    ----------
    text
        The text; its header is the first line.
    decimal
        What parts whole and fraction; None: a comma where fields are separated by `;`, as spreadsheets write both.
    spaced
        Whether a quote may follow spaces after a delimiter, as people write by hand.
    """

    def __init__(self, text: Text, decimal: str | None = None, *, spaced: bool = False) -> None:
        self._text = text
        self._spaced = spaced
        line = text.head()
        self._delimiter = _delimiter(line, text.first, text.place.path)
        self._long_header = "\n" in line
        fields = csv.reader(io.StringIO(line, newline=""), delimiter=self._delimiter, skipinitialspace=spaced)
        super().__init__(text.place, _names(next(fields, [])))
        self.decimal = decimal or ("," if self._delimiter == ";" else ".")

    @property
    def identity(self) -> Identity:
        return self._text.identity

    def load(self, names: Iterable[str], keep: tuple[str, Collection[str]] | None = None) -> None:
        wanted = list(dict.fromkeys([*names, *([keep[0]] if keep else [])]))
        fault = None
        try:
            parts, rows, breaks = self._read(self._text.blocks(), wanted, keep)
        except DataError as error:
            parts, rows, breaks, fault = [], [], True, error
        if breaks and (whole := self._with_breaks(fails=fault is not None)) is not None:
            parts, rows = self._read_whole(whole, wanted, keep)
        elif fault is not None:
            raise fault
        table = pa.concat_tables(parts) if parts else self._no_rows(wanted)
        self.rows = np.concatenate(rows) if rows else np.empty(0, dtype=np.int64)
        self._columns = dict(zip(wanted, table.columns, strict=True))

    def load_blocks(self, names: Iterable[str], keep: tuple[str, Collection[str]] | None = None) -> Generator[Table]:
        wanted = list(dict.fromkeys([*names, *([keep[0]] if keep else [])]))
        with closing(self._blocks(self._text.blocks(), wanted, keep)) as blocks:
            for piece, rows, breaks in blocks:
                if breaks:
                    expected = "every quote closed on its line"
                    raise DataError(Fault(self.place.at(), expected, "fields that hold line breaks"))
                part = Table(self.place, self.header)
                part.decimal, part.rows = self.decimal, rows
                part._columns = dict(zip(wanted, piece.columns, strict=True))
                yield part

    def _read(
        self, blocks: Generator[bytes], wanted: Sequence[str], keep: tuple[str, Collection[str]] | None
    ) -> tuple[list[pa.Table], list[np.ndarray], bool]:
        """Fields and numbers of the rows, and whether a block may end within quotes."""
        found = list(self._blocks(blocks, wanted, keep))
        breaks = self._long_header or any(breaks for _, _, breaks in found)
        return [piece for piece, _, _ in found], [rows for _, rows, _ in found], breaks

    def _blocks(
        self, blocks: Generator[bytes], wanted: Sequence[str], keep: tuple[str, Collection[str]] | None
    ) -> Generator[tuple[pa.Table, np.ndarray, bool]]:
        """Of every block the fields and numbers of its rows, and whether it may end within quotes."""
        ragged: list[pyarrow.csv.InvalidRow] = []
        above = self._text.before + 1  # lines up to the header
        start = above + 1  # number of the first row of the block
        ends = True
        with closing(blocks):
            for body in blocks:
                while above and body:
                    body, above = body.partition(b"\n")[2], above - 1
                if not body:
                    continue
                body = self._without_spaces(body)
                table, numbers = self._rows_of(body, wanted, ragged, start)
                first, start, ends = start, start + _lines(body), body.endswith(b"\n")
                if ragged:
                    continue  # only how many there are is still of interest
                kept = ~_blank(table, body, numbers - first, self._delimiter)
                yield *self._kept(table, numbers, kept, wanted, keep), body.count(b'"') % 2 == 1
        if ragged:
            raise DataError(self._ragged(ragged, last=start - 1, ends=ends))

    def _kept(
        self,
        table: pa.Table,
        numbers: np.ndarray,
        kept: np.ndarray,
        wanted: Sequence[str],
        keep: tuple[str, Collection[str]] | None,
    ) -> tuple[pa.Table, np.ndarray]:
        if keep is not None:
            kept = kept & _among(table[str(wanted.index(keep[0]))], keep[1])
        return (table, numbers) if kept.all() else (table.filter(pa.array(kept)), numbers[kept])

    def _no_rows(self, wanted: Sequence[str]) -> pa.Table:
        return pa.table({name: pa.array([], pa.string()) for name in map(str, range(len(wanted)))})

    def _rows_of(
        self, block: bytes, wanted: Sequence[str], ragged: list[pyarrow.csv.InvalidRow], start: int
    ) -> tuple[pa.Table, np.ndarray]:
        """The fields of a block, as text, and the numbers of its rows; lines that hold delimiters alone are no rows."""
        found: list[pyarrow.csv.InvalidRow] = []
        table = self._parse(block, [self.header.index(name) for name in wanted], found)
        numbers = np.arange(start, start + _lines(block))
        is_empty = [not row.text.strip(f'{self._delimiter}" \t\r\n') for row in found]
        empty = [row.number - 1 for row, none in zip(found, is_empty, strict=True) if none]
        short = (row for row, none in zip(found, is_empty, strict=True) if not none)
        ragged += [row._replace(number=start + row.number - 1) for row in short]
        if not ragged and table.num_rows + len(empty) != len(numbers):
            raise DataError(Fault(self.place.at(), "every quote closed on its line", "fields that hold line breaks"))
        numbers = np.delete(numbers, empty) if empty else numbers
        return table.rename_columns(list(map(str, range(len(wanted))))), numbers

    def _with_breaks(self, *, fails: bool) -> bytes | None:
        """The whole text, where it has quoted fields of several lines and every quote that opens one closes.

        One that stays open to the end is a fault where the text `fails` to be read line by line.
        """
        pieces, size = [], 0
        with closing(self._text.blocks()) as blocks:
            for block in blocks:
                pieces.append(block)
                if (size := size + len(block)) > _LONGEST_WITH_BREAKS:
                    return None
        whole = self._without_spaces(b"".join(pieces))
        if b'"' not in whole:
            return None
        records, row = 0, 1
        try:
            for row, fields in self._records(whole):
                records, row = records + 1, row + 1 + sum(field.count("\n") for field in fields)
        except csv.Error as error:
            if fails and "unexpected end" in str(error):
                expected = "a closing quote for every quote that opens a field"
                raise DataError(Fault(self.place.at(row), expected, "none to the end of the file")) from None
            return None
        return whole if records < _lines(whole) else None

    def _records(self, text: bytes) -> Iterator[tuple[int, list[str]]]:
        """Fields of every row and the number of its first line; raises `csv.Error` where quotes do not match."""
        reader = csv.reader(io.StringIO(text.decode(), newline=""), delimiter=self._delimiter, strict=True)
        first = 1
        for row in reader:
            yield first, row
            first = reader.line_num + 1

    def _read_whole(
        self, whole: bytes, wanted: Sequence[str], keep: tuple[str, Collection[str]] | None
    ) -> tuple[list[pa.Table], list[np.ndarray]]:
        """As `_read`, row by row."""
        at = [self.header.index(name) for name in wanted]
        n = len(self.header)
        every = ((i, row) for i, row in self._records(whole) if i > self._text.before)
        records = [(i, row) for i, row in every if len(row) == n or any(map(str.strip, row))][1:]
        if ragged := [(number, len(row)) for number, row in records if len(row) != n]:
            number, count = ragged[0]
            raise DataError(Fault(self.place.at(number), f"{n} fields", f"{count}{and_more(len(ragged) - 1, 'row')}"))
        columns = [pa.array([row[i] for _, row in records], pa.string()) for i in at]
        table = pa.table(dict(zip(map(str, range(len(at))), columns, strict=True)))
        numbers = np.array([number for number, _ in records], dtype=np.int64)
        table, numbers = self._kept(table, numbers, np.ones(len(records), dtype=bool), wanted, keep)
        return [table], [numbers]

    def _without_spaces(self, block: bytes) -> bytes:
        """`block` without the spaces between a delimiter and a quote, where they are allowed there."""
        if not self._spaced or b' "' not in block:
            return block
        out = io.StringIO(newline="")
        lines = io.StringIO(block.decode(), newline="")
        writer = csv.writer(out, delimiter=self._delimiter, lineterminator="\n")
        writer.writerows(csv.reader(lines, delimiter=self._delimiter, skipinitialspace=True))
        return out.getvalue().encode()

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
        longer = first.actual_columns == first.expected_columns + 1 and len(ragged) > 1
        return Fault(self.place.at(first.number), f"{first.expected_columns} fields", found, _LONGER if longer else "")


def _lines(block: bytes) -> int:
    return block.count(b"\n") + (not block.endswith(b"\n"))


def _blank(table: pa.Table, block: bytes, at: np.ndarray, delimiter: str) -> np.ndarray:
    """Which rows hold nothing: empty in every column that was read, and on their line `at` delimiters at most."""
    empty = np.ones(table.num_rows, dtype=bool)
    for column in table.columns:
        empty &= pc.equal(column, "").to_numpy()
        if not empty.any():
            return empty
    lines, nothing = block.split(b"\n"), f'{delimiter}" \t\r'.encode()
    empty[empty] = [not lines[i].strip(nothing) for i in at[empty]]
    return empty


def _among(column: pa.ChunkedArray, texts: Collection[str]) -> np.ndarray:
    """Which texts, stripped, are among `texts`."""
    found = pc.is_in(pc.utf8_trim_whitespace(column), value_set=pa.array(sorted(texts), pa.string()))
    return np.asarray(found.to_numpy())


def _delimiter(head: str, lines: Sequence[str], path: str) -> str:
    """What cuts the first lines into as many fields each; by the file's name where that does, or nothing does."""
    by_name = "\t" if path.lower().removesuffix(".gz").endswith(_TABS) else ","
    fields = {mark: {len(row) for row in csv.reader(lines, delimiter=mark)} for mark in _DELIMITERS}
    even = [mark for mark, counts in fields.items() if len(counts) == 1 and max(counts) > 1]
    if even and by_name not in even:
        return max(even, key=lambda mark: max(fields[mark]))
    return by_name if by_name in head else max(by_name, *_DELIMITERS, key=head.count)


def _names(fields: Sequence[str]) -> list[str]:
    """Names of the columns, stripped; one without a name is called as pandas calls it."""
    return [field.strip() or f"Unnamed: {i}" for i, field in enumerate(fields)]
