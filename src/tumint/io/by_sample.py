"""Rows of single samples of a parquet table. Its footer, which grows with the number of samples, is read once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.io.seal import readable


class BySample:
    """A parquet table that is open, to be read sample by sample, from any thread.

    Where a row group holds one sample, as `write_table` has it with `row_groups_by`, a sample costs what it holds
    itself, however many others there are. Any other order is read too: row groups whose statistics leave open whether
    they hold the sample are read and filtered.

    Raises
    ------
    DataError
        The file is missing or not parquet; the same when rows are read.
    """

    def __init__(self, path: str | Path) -> None:
        self._path, self._lock = path, Lock()
        with readable(path):
            self._file = pq.ParquetFile(path, page_checksum_verification=True)
        self._groups: dict[str, list[int]] = {}  # row groups of one sample alone
        self._mixed: list[tuple[int, str | None, str | None]] = []  # others, with their first and last name if known
        self._index()

    def _index(self) -> None:
        metadata = self._file.metadata
        names = [metadata.schema.column(i).path for i in range(metadata.num_columns)]
        if k.SAMPLE not in names:
            raise DataError(Fault(str(self._path), f"a column `{k.SAMPLE}`", "none"))
        at = names.index(k.SAMPLE)
        for group in range(metadata.num_row_groups):
            found = metadata.row_group(group).column(at).statistics
            known = found is not None and found.has_min_max and isinstance(found.min, str)
            low, high = (found.min, found.max) if known else (None, None)
            if low is not None and low == high:
                self._groups.setdefault(low, []).append(group)
            else:
                self._mixed.append((group, low, high))

    @property
    def columns(self) -> list[str]:
        """Names of all columns."""
        return list(self._file.schema_arrow.names)

    def lowest(self, column: str) -> float:
        """Smallest number of a column; infinite where there is none. Reads that column alone."""
        low = float("inf")
        with self._lock, readable(self._path, check=False):
            for batch in self._file.iter_batches(columns=[column]):
                found = pc.min(pc.if_else(pc.is_nan(batch.column(0)), None, batch.column(0))).as_py()
                low = low if found is None else min(low, found)
        return low

    def rows(self, samples: Sequence[str], columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows of `samples` in the order of the file, all columns or `columns`; none where no cell is theirs."""
        groups = [group for sample in dict.fromkeys(samples) for group in self._groups.get(sample, ())]
        groups += [
            group
            for group, low, high in self._mixed
            if low is None or high is None or any(low <= sample <= high for sample in samples)
        ]
        wanted = None if columns is None else list(dict.fromkeys([*columns, k.SAMPLE]))
        with self._lock, readable(self._path, check=False):
            table = self._file.read_row_groups(sorted(groups), columns=wanted)
        if table.num_rows:  # a column of no rows has no kind to compare names with
            names = table[k.SAMPLE].cast(pa.large_string())
            table = table.filter(pc.is_in(names, value_set=pa.array(list(samples), pa.large_string())))
        return (table if columns is None else table.select(list(columns))).to_pandas()

    def distinct(self, column: str) -> list[str]:
        """Values of a text column in order of appearance; reads that column alone."""
        found: dict[str, None] = {}
        with self._lock, readable(self._path, check=False):
            for batch in self._file.iter_batches(columns=[column]):
                found.update(dict.fromkeys(map(str, batch.column(0).unique().to_pylist())))
        return list(found)
