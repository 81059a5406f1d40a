"""Feature tables as people bring them: long or wide, or the output of `tumint score`, as any table that `io.raw` reads.

The stage does not need this: it reads what the neighbourhood stage wrote.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.io.contracts import FEATURES, SCORES
from tumint.io.raw.opening import open_table
from tumint.io.raw.source import Place
from tumint.io.raw.table import Table
from tumint.io.steady import unchanged
from tumint.io.tables import check
from tumint.pair_features import allocation_features, odds_features, part_features, statistic_features
from tumint.response import user_tables
from tumint.text import listed

# scores of means and shares have no counts to add up: they are averaged
FAMILY_RATE = "interaction_mean"


def read_features(path: Path, sample: str = k.SAMPLE, beside: Collection[str] = ()) -> pd.DataFrame:
    """Read features, long or wide, or scores, as a table of the contract `FEATURES`.

    Parameters
    ----------
    sample
        The column that names the sample.
    beside
        Columns of the sheet, which are no features where the table is wide.

    Raises
    ------
    DataError
        The file is missing or is none of these, with the columns that it has.
    """
    with unchanged([path]):
        return features_of(open_table(Place(str(path))), sample, beside)


def features_of(table: Table, sample: str = k.SAMPLE, beside: Collection[str] = ()) -> pd.DataFrame:
    """What `read_features` returns, of an open table."""
    kinds = {"statistic": "str", k.NULL: "str", **SCORES.kinds, **FEATURES.kinds}
    where = table.place.path
    as_ours = [k.SAMPLE if name == sample else name for name in table.header]
    wanted = [name for name in dict.fromkeys(as_ours) if name in kinds]
    is_scores = "log2_enrichment" in wanted and k.VALUE not in wanted
    if not is_scores and not user_tables.is_long(wanted):
        return _wide(table, sample, beside)
    contract = SCORES if is_scores else FEATURES
    there = {name: sample if name == k.SAMPLE else name for name in wanted}
    needed = [*contract.columns, *wanted] if is_scores else wanted
    table.require(*dict.fromkeys(there.get(name, name) for name in needed))
    table.stop_on_faults()
    table.load(there.values())
    found = {name: _column(table, there[name], kinds[name]) for name in wanted}
    table.stop_on_faults()
    rows = pd.DataFrame(found) if is_scores else user_tables.from_long(found)
    check(rows, contract, where)
    return from_scores(rows, where) if is_scores else rows


def _wide(table: Table, sample: str, beside: Collection[str]) -> pd.DataFrame:
    """One row per sample; what holds no numbers is named on stderr."""
    if sample not in table.header or (k.FEATURE in table.header) != (k.VALUE in table.header):
        raise DataError(user_tables.not_recognised(table, sample))
    table.require(*dict.fromkeys(table.header))
    table.stop_on_faults()
    table.load(table.header)
    rows, other = user_tables.from_wide(table, sample, beside)
    if other:
        print(f"tumint: {table.place.path}: no numbers, so no features: {listed(other)}", file=sys.stderr)
    check(rows, FEATURES, table.place.path)
    return rows


def _column(table: Table, name: str, kind: str) -> np.ndarray:
    """Text as it stands (a cell type may be called NA), numbers as numbers."""
    if kind == "str":
        return table.names(name)
    return table.whole_numbers(name) if kind == "int" else table.numbers(name, missing=True, infinite=True)


def from_scores(scores: pd.DataFrame, where: str) -> pd.DataFrame:
    """Scores of one statistic as features, in the families of `tumint.neighbourhood.features`.

    Of a pair and its mirror only source ≤ target is kept where all mirrored rows are equal, as on an undirected graph:
    else each finding would be counted twice. A statistic that is no count has no parts: it becomes `interaction_mean`.
    """
    for column, what in (("statistic", "one statistic"), (k.NULL, "one null")):
        if column in scores and len(scores[column].unique()) > 1:
            raise DataError(Fault(f"{where} column `{column}`", what, ", ".join(map(str, scores[column].unique()))))
    check(scores, replace(SCORES, key=(k.SAMPLE, k.SOURCE, k.TARGET)), where)
    odds = [odds_features(scores, family) for family in (k.FAMILY_INTERACTION, k.FAMILY_PAIRWISE)]
    observed = scores["observed"].dropna().to_numpy(dtype=float)
    if (scores["p_method"] == k.HYPERGEOMETRIC).any():
        parts = allocation_features(scores)
    elif np.allclose(observed, np.rint(observed)):
        parts = part_features(scores, symmetric=is_symmetric(scores))
    else:
        kept = scores[scores[k.SOURCE].astype(str) <= scores[k.TARGET].astype(str)] if is_symmetric(scores) else scores
        parts = statistic_features(kept, FAMILY_RATE)
    table = pd.concat([*odds, parts], ignore_index=True)
    return table.assign(**{name: table[name].astype(str).astype(object) for name in (k.SAMPLE, k.STATUS)})


def is_symmetric(scores: pd.DataFrame) -> bool:
    """Whether every pair has a mirror with the same observed and expected value and the same status."""
    columns = ["observed", "expected", k.STATUS]
    there = scores.set_index([k.SAMPLE, k.SOURCE, k.TARGET])[columns].sort_index()
    mirrored = scores.set_index([k.SAMPLE, k.TARGET, k.SOURCE])[columns].sort_index()
    if not there.index.equals(mirrored.index.set_names(there.index.names)):
        return False
    numbers = (there[c].to_numpy(dtype=float) for c in columns[:2])
    mirrors = (mirrored[c].to_numpy(dtype=float) for c in columns[:2])
    same = all(np.allclose(a, b, rtol=1e-9, equal_nan=True) for a, b in zip(numbers, mirrors, strict=True))
    return same and bool((there[k.STATUS].astype(str).to_numpy() == mirrored[k.STATUS].astype(str).to_numpy()).all())
