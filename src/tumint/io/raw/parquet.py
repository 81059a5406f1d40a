"""A parquet file as a `Table`, row group by row group. Rows count from 1."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tumint.errors import DataError, Fault
from tumint.io.raw.limits import check_unpacked
from tumint.io.raw.source import Identity, Place, file_identity
from tumint.io.raw.table import Table, as_text, plain

_BATCH = 1 << 18


class Parquet(Table):
    """The rows of a parquet file."""

    def __init__(self, place: Place) -> None:
        try:
            with pq.ParquetFile(place.path) as file:
                self._schema = file.schema_arrow
        except FileNotFoundError:
            raise DataError(Fault(place.at(), "a file", "none")) from None
        except (pa.ArrowInvalid, OSError) as error:
            raise DataError(Fault(place.at(), "a parquet table", f"`{str(error).splitlines()[0]}`")) from None
        # pandas keeps an index without a name as such a column
        super().__init__(place, [name for name in self._schema.names if not name.startswith("__index_level_")])

    @property
    def identity(self) -> Identity:
        return file_identity(self.place.path)

    def load(self, names: Iterable[str], keep: tuple[str, Collection[str]] | None = None) -> None:
        wanted = list(dict.fromkeys([*names, *([keep[0]] if keep else [])]))
        parts, rows, start = [], [], 1
        try:
            with pq.ParquetFile(self.place.path) as file:
                self._check_size(file.metadata, len(wanted))
                for batch in file.iter_batches(_BATCH, columns=wanted):
                    table = pa.Table.from_batches([batch])
                    numbers = np.arange(start, start + table.num_rows)
                    start += table.num_rows
                    if keep is not None:
                        texts = pc.utf8_trim_whitespace(pc.fill_null(as_text(table[keep[0]]), ""))
                        kept = pc.is_in(texts, value_set=pa.array(sorted(keep[1]), pa.string()))
                        table, numbers = table.filter(kept), numbers[kept.to_numpy()]
                    parts.append(table)
                    rows.append(numbers)
        except (pa.ArrowInvalid, OSError) as error:
            found = f"`{str(error).splitlines()[0]}`"
            raise DataError(Fault(self.place.at(), "a whole parquet table", found)) from None
        whole = pa.concat_tables(parts) if parts else self._schema.empty_table()
        self.rows = np.concatenate(rows) if rows else np.empty(0, dtype=np.int64)
        self._columns = {name: plain(whole[name]) for name in wanted}

    def _check_size(self, about: pq.FileMetaData, n_columns: int) -> None:
        """Runs of equal values take no room in the file, and 8 bytes each in memory."""
        pages = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
        unpacked = max(pages, 8 * about.num_rows * n_columns)
        check_unpacked(self.place.at(), unpacked, Path(self.place.path).stat().st_size)
