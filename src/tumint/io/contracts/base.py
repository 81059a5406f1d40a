"""What a contract is, and the columns that every table of cells has."""

from __future__ import annotations

from dataclasses import dataclass

from tumint import keys as k


@dataclass(frozen=True)
class Contract:
    """A table: its name, `{column: kind}`, and the columns that identify a row (empty: none do)."""

    name: str
    columns: dict[str, str]
    key: tuple[str, ...] = ()


CELL = {k.SAMPLE: "str", k.CELL_ID: "int"}
