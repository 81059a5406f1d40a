"""Any CSV, TSV or parquet table, by the column map of the config (`ingest.columns`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tumint.ingest import plain
from tumint.ingest.layout import Layout, find_markers, require, with_columns
from tumint.ingest.reader import Part, Reader, Result, Settings
from tumint.ingest.rows import read_table_parts
from tumint.io.raw.table import Table


def read(path: str, parts: Sequence[Part], settings: Settings) -> Iterator[Result]:
    """The cells of one table."""
    return read_table_parts(path, parts, settings, _find)


def _find(table: Table, settings: Settings) -> Layout:
    columns = settings.config.columns
    assert columns is not None and columns.x and columns.y  # noqa: PT018  (the config's own check)
    markers = find_markers(table, settings, lambda name: [name])
    return require(table, with_columns(Layout((columns.x,), (columns.y,), markers=markers), settings.config))


READER = Reader("table", read, plain.recognise, order=1000, recognise_asked=plain.recognise)
