"""Feature tables as people bring them: our contract, or the output of `tumint score`, as parquet or CSV.

The stage does not need this: it reads what the neighbourhood stage wrote.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.io.contracts import FEATURES, SCORES, Contract
from tumint.io.tables import check, read_table
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
    if path.suffix.lower() == ".parquet":
        table = read_table(path)
    elif path.suffix.lower() in {".csv", ".tsv"}:
        table = _read_text(path)
    else:
        raise DataError(Fault(str(path), "a name that ends in .parquet, .csv or .tsv", f"`{path.suffix}`"))
    if "log2_enrichment" in table and k.VALUE not in table:
        check(table, SCORES, str(path))
        return from_scores(table, str(path))
    check(table, FEATURES, str(path))
    return table


def _read_text(path: Path) -> pd.DataFrame:
    """CSV with text columns as text: a cell type may be called NA."""
    kinds = {**SCORES.columns, **FEATURES.columns}
    try:
        table = pd.read_csv(
            path,
            sep="\t" if path.suffix.lower() == ".tsv" else ",",
            dtype={name: object for name, kind in kinds.items() if kind == "str"},
            keep_default_na=False,
            na_values={name: ["", "NA", "nan", "NaN"] for name, kind in kinds.items() if kind != "str"},
            encoding="utf-8-sig",
        )
    except FileNotFoundError:
        raise DataError(Fault(str(path), "a file", "none")) from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(Fault(str(path), "a table", f"`{str(error).splitlines()[0]}`")) from None
    return _numbers(table, kinds, path)


def _numbers(table: pd.DataFrame, kinds: dict[str, str], path: Path) -> pd.DataFrame:
    faults: list[Fault | str] = []
    for name in (c for c in table.columns if kinds.get(c, "str") != "str"):
        numbers = pd.to_numeric(table[name], errors="coerce")
        if (bad := numbers.isna() & table[name].notna()).any():
            row = int(np.flatnonzero(bad)[0])
            faults.append(Fault(f"{path} row {row + 2} column `{name}`", "a number", f"`{table[name].iloc[row]}`"))
        elif kinds[name] == "int" and numbers.isna().any():
            faults.append(Fault(f"{path} column `{name}`", "a whole number in every row", "an empty field"))
        else:
            table[name] = numbers
    if faults:
        raise DataError(faults)
    return table


def from_scores(scores: pd.DataFrame, where: str) -> pd.DataFrame:
    """Scores of one statistic as features, in the families of `tumint.neighbourhood.features`.

    Of a pair and its mirror only source ≤ target is kept where all mirrored rows are equal, as on an undirected graph:
    else each finding would be counted twice. A statistic that is no count has no parts: it becomes `interaction_mean`.
    """
    for column, what in (("statistic", "one statistic"), (k.NULL, "one null")):
        if column in scores and len(scores[column].unique()) > 1:
            raise DataError(Fault(f"{where} column `{column}`", what, ", ".join(map(str, scores[column].unique()))))
    check(scores, Contract("scores", SCORES.columns, (k.SAMPLE, k.SOURCE, k.TARGET)), where)
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
