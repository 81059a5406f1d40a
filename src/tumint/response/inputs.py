"""Feature tables as people bring them: our contract, or the output of `tumint score`, as any table that `io.raw` reads.

The stage does not need this: it reads what the neighbourhood stage wrote.
"""

from __future__ import annotations

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

# scores of means and shares have no counts to add up: they are averaged
FAMILY_RATE = "interaction_mean"


def read_features(path: Path) -> pd.DataFrame:
    """Read a feature table or scores as a table of the contract `FEATURES`.

    Raises
    ------
    DataError
        The file is missing or is neither, with the columns that it lacks.
    """
    kinds = {"statistic": "str", k.NULL: "str", **SCORES.kinds, **FEATURES.kinds}
    with unchanged([path]):
        table = open_table(Place(str(path)))
        wanted = [name for name in dict.fromkeys(table.header) if name in kinds]
        contract = SCORES if "log2_enrichment" in wanted and k.VALUE not in wanted else FEATURES
        table.require(*dict.fromkeys([*contract.columns, *wanted]))
        table.stop_on_faults()
        table.load(wanted)
    found = pd.DataFrame({name: _column(table, name, kinds[name]) for name in wanted})
    table.stop_on_faults()
    check(found, contract, str(path))
    return from_scores(found, str(path)) if contract is SCORES else found


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
