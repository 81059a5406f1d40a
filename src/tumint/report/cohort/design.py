"""What cells are told beside their own: the columns of the sample sheet, and where they lie. Pure tables."""

from __future__ import annotations

import pandas as pd

from tumint import keys as k
from tumint.errors import DataError, Fault

_FILES = (k.SAMPLE, k.PATH, k.PART, k.PIXEL_SIZE_UM)  # where the data lay says nothing of a cell
_MISSING = {"", "na", "n/a", "nan"}


def of_cells(sheet: pd.DataFrame, obs: pd.DataFrame) -> pd.DataFrame:
    """Subject, arm, outcome and whatever else the sheet has, a row for each cell of `obs`, whose samples it has.

    Columns of numbers are float64 (NaN: none), others categorical, their levels in the order of the sheet. One that obs
    has already, such as `domain`, is called `sheet_domain`; `/`, which HDF5 keeps for itself, becomes `_`.
    """
    rows = sheet.set_index(k.SAMPLE).index.get_indexer(pd.Index(obs[k.SAMPLE].astype(str)))
    found: dict[str, pd.Series] = {}
    for column in sheet.columns:
        if column in _FILES:
            continue
        name = str(column).replace("/", "_")
        name = f"sheet_{name}" if name in obs or name in found else name
        texts = sheet[column].fillna("").astype(str)
        missing = texts.str.strip().str.lower().isin(_MISSING)
        numbers = pd.to_numeric(texts.where(~missing), errors="coerce")
        if column != k.SUBJECT and not missing.all() and numbers.notna().equals(~missing):
            found[name] = pd.Series(numbers.to_numpy(float)[rows], index=obs.index)
        else:
            levels = list(dict.fromkeys(texts[~missing]))
            values = pd.Categorical(texts.where(~missing).to_numpy(object)[rows], categories=levels)
            found[name] = pd.Series(values, index=obs.index)
    return pd.DataFrame(found, index=obs.index)


def with_places(obs: pd.DataFrame, places: pd.DataFrame, where: str) -> pd.DataFrame:
    """`obs` with the domain (categorical) and `margin_um` of a table of the contract `PLACES`; it holds each cell."""
    index = pd.MultiIndex.from_arrays([places[k.SAMPLE].astype(str), places[k.CELL_ID]])
    at = index.get_indexer(pd.MultiIndex.from_arrays([obs[k.SAMPLE].astype(str), obs[k.CELL_ID]]))
    if (at < 0).any():
        raise DataError(Fault(where, "every cell of the cohort", f"{(at < 0).sum()} that it lacks"))
    domain = pd.Categorical(places[k.DOMAIN].astype(str).to_numpy(object)[at])
    out = obs.copy()
    out[k.DOMAIN], out[k.MARGIN_UM] = domain, places[k.MARGIN_UM].to_numpy(float)[at]
    return out
