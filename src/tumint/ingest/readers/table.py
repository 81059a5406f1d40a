"""Any CSV, TSV or parquet table, by the column map of the config (`ingest.columns`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tumint.ingest.layout import Layout, find_markers, require
from tumint.ingest.reader import Found, Part, Reader, Result, Settings
from tumint.ingest.recognise import guess_columns, header_of, stem, table_of, tables_in, values_of
from tumint.ingest.rows import read_table_parts
from tumint.io.raw.table import Table


def read(path: str, parts: Sequence[Part], settings: Settings) -> Iterator[Result]:
    """The cells of one table."""
    return read_table_parts(path, parts, settings, _find)


def _find(table: Table, settings: Settings) -> Layout:
    columns = settings.config.columns
    assert columns is not None and columns.x and columns.y  # noqa: PT018  (the config's own check)
    names = columns.model_dump(include={"cell_id", "area", "cell_type", "domain", "part"})
    markers = find_markers(table, settings, lambda name: [name])
    return require(table, Layout((columns.x,), (columns.y,), **names, markers=markers))


def recognise(path: Path) -> Found | None:
    """Tables with columns that can only be coordinates."""
    tables = [file for file in tables_in(path) if {"x", "y"} <= set(guess_columns(header_of(file)))]
    if not tables:
        return None
    header = header_of(tables[0])
    columns = guess_columns(header)
    rows = _rows(tables, columns)
    if all(not part for _, _, part in rows):
        columns.pop("part", None)
    left = [name for name in header if name not in columns.values()]
    markers = _numeric(tables[0], left)
    check = ["which column is what was guessed from its name: see `ingest.columns`"]
    has_types = "cell_type" in columns
    return Found(rows, [(name, name) for name in markers], {"columns": columns}, check, has_types=has_types)


def _rows(tables: list[Path], columns: dict[str, str]) -> list[tuple[str, Path, str]]:
    rows: list[tuple[str, Path, str]] = []
    for file in tables:
        parts = values_of(file, columns["part"]) if "part" in columns else []
        rows += [(name, file, name) for name in parts] if len(parts) > 1 else [(stem(file), file, "")]
    return rows


def _numeric(path: Path, names: list[str]) -> list[str]:
    """Those of `names` whose column holds numbers that are not all whole and small: intensities, not codes."""
    table = table_of(path)
    unique = [] if table is None else [name for name in names if table.header.count(name) == 1]
    if table is None or not unique:
        return []
    table.load(unique)
    markers = []
    for name in unique:
        before = len(table.faults)
        values = table.numbers(name, missing=True)
        if len(table.faults) == before and (values % 1 != 0).any():
            markers.append(name)
        del table.faults[before:]
    return markers


READER = Reader("table", read, recognise, order=1000)
