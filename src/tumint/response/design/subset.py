"""The samples that a contrast is made of: those of some levels of a column, or of some rank of a feature."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.config.response import Contrast, Subset
from tumint.errors import Fault, SheetError


def restricted(
    sheet: pd.DataFrame, features: pd.DataFrame, contrast: Contrast, where: str
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The rows of `sheet` that meet the conditions of `contrast`, and what each condition left, for JSON.

    Samples that lack the feature of a condition do not meet it.

    Raises
    ------
    SheetError
        A condition names a column or feature that is not there, or leaves no sample.
    """
    said: list[dict[str, Any]] = []
    for i, condition in enumerate(contrast.subset):
        place, bound = f"contrast {contrast.name}: `subset.{i}`", None
        if condition.column is not None:
            if condition.column not in sheet:
                raise SheetError(Fault(place, f"a column of {where}", f"`{condition.column}`"))
            kept = sheet[condition.column].astype(str).isin(condition.values).to_numpy()
        else:
            values = _feature(features, condition, place).reindex(sheet[k.SAMPLE]).to_numpy(dtype=float)
            compared = np.isfinite(values)
            if contrast.formula is None:
                compared &= sheet[contrast.column].isin([contrast.reference, contrast.group]).to_numpy()
            if not compared.any():
                raise SheetError(Fault(place, f"`{condition.feature}` in a sample that is compared", "none"))
            bound = float(np.quantile(values[compared], condition.quantile))
            with np.errstate(invalid="ignore"):
                kept = values >= bound if condition.keep == "high" else values < bound
        sheet = sheet[kept]
        if sheet.empty:
            raise SheetError(Fault(place, "a condition that some sample meets", "no sample left"))
        sides = {level: sheet[sheet[contrast.column] == level] for level in (contrast.reference, contrast.group)}
        said.append(
            {
                **condition.model_dump(mode="json", exclude_none=True),
                "bound": bound,
                "samples": {level: len(rows) for level, rows in sides.items()},
                "subjects": {level: int(rows[k.SUBJECT].nunique()) for level, rows in sides.items()},
            }
        )
    return sheet, said


def _feature(features: pd.DataFrame, condition: Subset, place: str) -> pd.Series:
    """Values of the feature of a condition by sample."""
    mine = features[(features[k.FAMILY] == condition.family) & (features[k.FEATURE] == condition.feature)]
    if mine.empty:
        raise SheetError(Fault(place, f"a feature of the family `{condition.family}`", f"`{condition.feature}`"))
    mine = mine[mine[k.STATUS] == k.TESTED]
    return mine.set_index(mine[k.SAMPLE].astype(str))[k.VALUE]
