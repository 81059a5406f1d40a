"""Feature tables as people have them, long or wide, in the columns of the contract `FEATURES`. Pure: no files.

Long: `sample, feature, value`, and where they are there `family, se, weight, n, status`. Wide: one row per sample, a
column per feature.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.io.contracts import FEATURES
from tumint.io.raw.table import Table
from tumint.text import listed

FAMILY = "feature"  # of features that come without one: they are corrected together
LONG = (k.SAMPLE, k.FEATURE, k.VALUE)


def is_long(header: Collection[str]) -> bool:
    """Whether a table has the columns of the long shape."""
    return set(LONG) <= set(header)


def not_recognised(table: Table, sample: str) -> Fault:
    """What a feature table is, and what the columns are."""
    expected = (
        f"`{sample}` (`--sample COL` names it) with a numeric column per feature, or `sample`, `feature` and `value`, "
        "or the output of `tumint score`"
    )
    return Fault(table.place.at(table.top), expected, listed([f"`{name}`" for name in table.header], 12) or "no column")


def from_long(found: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """The contract's columns from those that a long table has; a row without a value is absent, and every n is 1."""
    value = found[k.VALUE]
    rows = len(value)
    defaults = {
        k.FAMILY: np.full(rows, FAMILY, dtype=object),
        k.SE: np.full(rows, np.nan),
        k.WEIGHT: np.full(rows, np.nan),
        k.N: np.ones(rows, dtype=np.int64),
        k.STATUS: np.where(np.isnan(value), k.ABSENT, k.TESTED).astype(object),
    }
    return pd.DataFrame({name: found.get(name, defaults.get(name)) for name in FEATURES.columns})


def from_wide(table: Table, sample: str, beside: Collection[str]) -> tuple[pd.DataFrame, list[str]]:
    """The contract's columns from a loaded table with a row per sample, and the columns that hold no numbers.

    Parameters
    ----------
    sample
        The column that names the sample.
    beside
        Columns of the sheet: they describe the sample, and are no features here.

    Raises
    ------
    DataError
        A sample has no name or two rows, or no column holds numbers.
    """
    names = table.names(sample, needed=True)
    repeated = sorted({str(name) for name in names if (names == name).sum() > 1})
    if repeated:
        expected = f"one row per `{sample}`, or the columns `sample`, `feature` and `value`"
        table.faults.append(Fault(table.place.at(column=sample), expected, f"several of {listed(repeated, 4)}"))
    table.stop_on_faults()
    parts, other = [], []
    for name in table.header:
        if name == sample or name in beside:
            continue
        before = len(table.faults)
        value = table.numbers(name, missing=True)
        if len(table.faults) > before or np.isnan(value).all():
            del table.faults[before:]
            other.append(name)
            continue
        feature = np.full(len(value), name, dtype=object)
        parts.append(from_long({k.SAMPLE: names, k.FEATURE: feature, k.VALUE: value}))
    if not parts:
        raise DataError(not_recognised(table, sample))
    return pd.concat(parts, ignore_index=True), other
