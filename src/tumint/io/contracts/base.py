"""What a contract is, the columns of every table of cells, and tables of a contract made from none or from parts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from tumint import keys as k

_DTYPES: Final = {"str": "object", "int": "int64", "float": "float64", "bool": "bool"}
_OPTIONAL: Final = "?"


@dataclass(frozen=True)
class Contract:
    """A table: its name, `{column: kind}`, the columns that identify a row (empty: none do), and what may stand in it.

    A kind that ends in `?` may be missing in a row (None or NaN); any other column has a value in every row. A column
    of `allowed` holds nothing but these values (and is missing where its kind lets it).
    """

    name: str
    columns: dict[str, str]
    key: tuple[str, ...] = ()
    allowed: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def kinds(self) -> dict[str, str]:
        """`{column: kind}`, whether a value may be missing or not."""
        return {column: kind.removesuffix(_OPTIONAL) for column, kind in self.columns.items()}

    @property
    def filled(self) -> tuple[str, ...]:
        """The columns that have a value in every row."""
        return tuple(column for column, kind in self.columns.items() if not kind.endswith(_OPTIONAL))


def empty(contract: Contract) -> pd.DataFrame:
    """A table of a contract without rows, each column of its kind."""
    return pd.DataFrame({name: pd.Series(dtype=_DTYPES[kind]) for name, kind in contract.kinds.items()})


def joined(tables: Iterable[pd.DataFrame], contract: Contract, *, only: bool = False) -> pd.DataFrame:
    """The rows of all tables: columns in the order of the contract, then what else they have, unless `only` its own.

    Tables without rows say nothing about kinds, so they are left out; of none, the result is `empty`.
    """
    columns = list(contract.columns)
    parts = [table[columns] if only else table for table in tables if len(table)]
    if not parts:
        return empty(contract)
    whole = pd.concat(parts, ignore_index=True)
    return whole[[*columns, *(name for name in whole.columns if name not in columns)]]


CELL = {k.SAMPLE: "str", k.CELL_ID: "int"}
