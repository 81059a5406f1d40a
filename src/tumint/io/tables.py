"""Parquet and CSV tables in and out, each checked against its contract; run metadata travels in the parquet schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.io.atomic import replacing
from tumint.io.by_sample import BySample
from tumint.io.contracts import Contract
from tumint.io.seal import readable, seal_footer
from tumint.text import and_more

_KINDS = {
    "str": lambda s: isinstance(s.dtype, pd.CategoricalDtype) or pd.api.types.is_string_dtype(s.dtype) or s.empty,
    "int": lambda s: pd.api.types.is_integer_dtype(s.dtype) or s.empty,
    "float": lambda s: pd.api.types.is_numeric_dtype(s.dtype) or s.empty,
    "bool": lambda s: pd.api.types.is_bool_dtype(s.dtype) or s.empty,
}

_PACKED: dict[str, Any] = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zip": "zip", ".zst": "zstd"}


def check(table: pd.DataFrame, contract: Contract, where: str, arrow: pa.Table | None = None) -> None:
    """Raise `DataError` with every fault of `table` against `contract`; `where` names the file.

    `arrow` is the same table where it is at hand: looking for missing and other values is a matter of moments there.
    """
    faults: list[Fault | str] = []
    for column, kind in contract.kinds.items():
        if column not in table.columns:
            faults.append(Fault(f"{where} ({contract.name})", f"a column `{column}`", "none"))
        elif not _KINDS[kind](table[column]):
            faults.append(Fault(f"{where} column `{column}`", f"values of kind {kind}", f"{table[column].dtype}"))
    if not faults and len(table):
        faults += _wrong_values(table, contract, where, arrow)
    if not faults and contract.key:
        repeated = table.duplicated(list(contract.key))
        if repeated.any():
            row = table.loc[repeated, list(contract.key)].iloc[0].to_dict()
            faults.append(Fault(f"{where} ({contract.name})", f"unique {', '.join(contract.key)}", f"{row} twice"))
    if faults:
        raise DataError(faults)


def _wrong_values(table: pd.DataFrame, contract: Contract, where: str, arrow: pa.Table | None) -> Iterator[Fault]:
    """Columns that lack a value in some row and may not, or hold another than they may."""
    for column in dict.fromkeys((*contract.filled, *contract.allowed)):
        values = pa.Array.from_pandas(table[column]) if arrow is None else arrow[column]
        if column in contract.filled and values.null_count:
            rows = np.flatnonzero(table[column].isna())
            found = f"none in row {rows[0] + 1}{and_more(len(rows) - 1, 'row')}"
            yield Fault(f"{where} column `{column}`", "a value in every row", found)
        allowed = contract.allowed.get(column)
        there = {str(value) for value in pc.unique(values).to_pylist() if value is not None} if allowed else set()
        if allowed and (others := sorted(there - {*allowed})):
            found = f"`{others[0]}`{and_more(len(others) - 1, 'value')}"
            yield Fault(f"{where} column `{column}`", f"one of {', '.join(allowed)}", found)


def write_table(
    table: pd.DataFrame,
    path: str | Path,
    contract: Contract | None = None,
    *,
    meta: dict[str, Any] | None = None,
    row_groups_by: str | None = None,
) -> None:
    """Write `table` as parquet, whole or not at all, so that a bit that changes later is noticed (`io.seal`).

    Parameters
    ----------
    meta
        Stored as JSON in the schema metadata under `keys.META`.
    row_groups_by
        A column whose runs of equal values become one row group each, so that a reader of one sample reads no other.
    """
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    if contract is not None:
        check(table, contract, str(path), arrow)
    metadata = dict(arrow.schema.metadata or {})
    if meta is not None:
        metadata[k.META.encode()] = json.dumps(meta, sort_keys=True).encode()
    arrow = arrow.replace_schema_metadata(metadata)
    with replacing(path) as temporary:
        checked = {"compression": "zstd", "write_page_checksum": True}
        with pq.ParquetWriter(temporary, arrow.schema, **checked) as writer:
            for start, length in _runs(table, row_groups_by):
                writer.write_table(arrow.slice(start, length), row_group_size=max(length, 1))
        seal_footer(temporary)


def _runs(table: pd.DataFrame, column: str | None) -> list[tuple[int, int]]:
    if column is None or table.empty:
        return [(0, len(table))]
    values = table[column].astype(str).to_numpy()
    starts = [0, *(i for i in range(1, len(values)) if values[i] != values[i - 1])]
    ends = [*starts[1:], len(values)]
    return [(start, end - start) for start, end in zip(starts, ends, strict=True)]


def read_table(
    path: str | Path,
    contract: Contract | None = None,
    *,
    columns: Sequence[str] | None = None,
    samples: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Read a parquet table of ours; only `columns` and only the rows of `samples` where given.

    Who reads sample after sample opens the table once, as `tumint.io.by_sample.BySample`.

    Raises
    ------
    DataError
        The file is missing, damaged, not parquet, or breaks its contract.
    """
    arrow = None
    if samples is not None:
        table = BySample(path).rows(samples, columns)
    else:
        with readable(path):
            arrow = pq.read_table(path, columns=columns, page_checksum_verification=True)
            table = arrow.to_pandas()
    if contract is not None and columns is None:
        check(table, contract, str(path), arrow)
    return table


def read_meta(path: str | Path) -> dict[str, Any]:
    """The run metadata that `write_table` stored, or an empty dict."""
    with readable(path):
        raw = (pq.read_schema(path).metadata or {}).get(k.META.encode())
        return json.loads(raw) if raw else {}


def csv_text(table: pd.DataFrame) -> str:
    """`table` as CSV for people; what a spreadsheet would run as a formula, in a cell or the header, gets a quote."""
    return str(_safe(table).to_csv(index=False, lineterminator="\n"))


def write_csv(table: pd.DataFrame, path: str | Path) -> None:
    """Write `table` as `csv_text` has it."""
    with replacing(path) as temporary:
        packed = _PACKED.get(Path(path).suffix)
        _safe(table).to_csv(temporary, index=False, lineterminator="\n", compression=packed)


def _safe(table: pd.DataFrame) -> pd.DataFrame:
    safe = table.copy()
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column].dtype):
            safe[column] = _harmless(safe[column])
    return safe.set_axis([neutralise(column) for column in safe.columns], axis=1)


def _harmless(cells: pd.Series) -> pd.Series:
    """`neutralise` of every cell: most columns hold few texts, and nothing to change."""
    texts = [cell for cell in pd.unique(cells.astype(object)) if isinstance(cell, str)]
    return cells if all(neutralise(text) == text for text in texts) else cells.map(neutralise)


def neutralise(cell: object) -> object:
    """Prefix text that begins with = + - @ (or a control character) by a quote, so that no spreadsheet runs it.

    A carriage return becomes a space: it stands without quotes in a CSV, and what follows it would begin a row.
    """
    if not isinstance(cell, str):
        return cell
    return ("'" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else "") + cell.replace("\r", " ")
