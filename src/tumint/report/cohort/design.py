"""The columns of the sample sheet for every cell: what groups by them finds them in obs. Pure tables."""

from __future__ import annotations

import pandas as pd

from tumint import keys as k

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
