"""The variance of a pilot: of a table of features and its design, or of what a finished run has written already."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.errors import DataError, Fault, TumintError
from tumint.io.contracts import EFFECTS, MIXED, POWER
from tumint.io.tables import read_meta, read_table
from tumint.response.pilot import NO_ANIMALS, ONE_ROI
from tumint.text import listed

_KEY = [k.FAMILY, k.FEATURE]
FEATURES = "neighbourhood/features.parquet"  # of a finished run


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Whether this is a folder of results."""
    return Path(path).is_dir()


def of_results(
    folder: str | os.PathLike[str], contrast: str | None, said: Callable[[str], str]
) -> tuple[pd.DataFrame, bool]:
    """Components, as of `tumint.response.pilot.components`, of a contrast of a finished run, and whether it is paired.

    Animals that the comparison did not use are not in it, nor are features that it did not test.
    """
    response = Path(folder) / "response"
    if not (response / "mixed.parquet").is_file():
        raise DataError(Fault(str(folder), "results of a finished run", "no response/mixed.parquet in it"))
    mixed, effects, power = (read_table(response / f"{one.name}.parquet", one) for one in (MIXED, EFFECTS, POWER))
    names = list(dict.fromkeys(mixed["contrast"].astype(str)))
    if not names:
        raise DataError(Fault(str(folder), "a contrast with features that were tested", "none"))
    if contrast not in (None, *names) or (contrast is None and len(names) > 1):
        found = "none named" if contrast is None else f"`{contrast}`"
        raise TumintError(Fault(said("contrast"), f"one of {listed(names, 12)}", found))
    name = names[0] if contrast is None else contrast
    config = read_meta(response / "mixed.parquet").get("params", {}).get("response", {})
    paired = any(one.get("name") == name and one.get("paired") for one in config.get("contrasts", []))
    table, *beside = (_of(one, name) for one in (mixed, effects, power))
    for one in beside:
        table = table.join(one[[column for column in one if column not in table]])
    return _components(table, paired=paired), paired


def _of(table: pd.DataFrame, contrast: str) -> pd.DataFrame:
    rows = table[table["contrast"].astype(str) == contrast]
    return rows.assign(**{name: rows[name].astype(str).astype(object) for name in _KEY}).set_index(_KEY)


def _components(table: pd.DataFrame, *, paired: bool) -> pd.DataFrame:
    animals = (table["n_subjects_reference"] + table["n_subjects_group"]).to_numpy(dtype=float)
    # what covariates cost is in the df of the mixed model where animals vary at all
    df = np.fmin(table["df"].to_numpy(dtype=float), animals / 2 - 1 if paired else animals - 2)
    reason = np.where(table["subject_variance"].isna(), ONE_ROI, "").astype(object)
    reason[df < 1] = NO_ANIMALS
    return pd.DataFrame(
        {
            **{name: table.index.get_level_values(name) for name in _KEY},
            "subject_variance": table["subject_variance"].to_numpy(dtype=float),
            "residual_variance": table["residual_variance"].to_numpy(dtype=float),
            "variance": np.square(table["sd"].to_numpy(dtype=float)),
            "df": df,
            "n_subjects": animals.astype(np.int64),
            "n_samples": table["n_samples"].to_numpy(dtype=np.int64),
            k.REASON: reason,
        }
    )


def of_families(components: pd.DataFrame, family: Sequence[str] | None, said: Callable[[str], str]) -> pd.DataFrame:
    """Those of the families that were asked for."""
    known = set(components[k.FAMILY])
    if unknown := sorted(set(family or []) - known):
        raise TumintError(Fault(said("family"), f"one of {', '.join(sorted(known))}", ", ".join(unknown)))
    return components[components[k.FAMILY].isin(family)].reset_index(drop=True) if family else components
