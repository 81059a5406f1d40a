"""What other thresholds would have removed, and what of the differences between ROIs goes with the design.

Pure tables; made for the report.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tumint import keys as k

DEVIATIONS = (2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)


def removed_by_deviation(cells: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """`metric, side, mads, n, share`: cells that a limit of so many MADs of their own sample would remove, alone.

    `cells` as `QC_CELLS`; sides are `below` and `above`. As `thresholds.limits`: on the log1p scale, and none where
    more than half of the cells of a sample have one value. `share` is of the cells that have the metric.
    """
    rows = []
    samples = cells[k.SAMPLE].to_numpy()
    for name in metrics:
        values = pd.Series(np.log1p(np.maximum(cells[name].to_numpy(float), 0)))
        measured = int(values.notna().sum())
        if not measured:
            continue
        away = values - values.groupby(samples, sort=False).transform("median")
        spread = 1.4826 * away.abs().groupby(samples, sort=False).transform("median")
        in_mads = (away / spread.where(spread > 0)).to_numpy()
        for side, distance in (("below", -in_mads), ("above", in_mads)):
            for mads in DEVIATIONS:
                n = int((distance > mads).sum())
                rows.append((name, side, mads, n, n / measured))
    return pd.DataFrame(rows, columns=["metric", "side", "mads", "n", "share"])


def removed_by_value(cells: pd.DataFrame, fixed: dict[str, tuple[float | None, float | None]]) -> pd.DataFrame:
    """`metric, side, value, used, n, share`: cells that fixed limits at other values would remove, alone.

    Values are the limit of the config (`used`) times ½, ¾, 1, 5/4, 3/2 and 2.
    """
    rows = []
    for name, limits in fixed.items():
        values = cells[name].to_numpy(float)
        measured = int(np.isfinite(values).sum())
        for side, limit in zip(("below", "above"), limits, strict=True):
            for factor in (0.5, 0.75, 1.0, 1.25, 1.5, 2.0) if limit is not None and measured else ():
                value = float(limit or 0) * factor
                n = int((values < value).sum() if side == "below" else (values > value).sum())
                rows.append((name, side, value, "yes" if factor == 1 else "", n, n / measured))
    return pd.DataFrame(rows, columns=["metric", "side", "value", "used", "n", "share"])


def explained_by(rois: pd.DataFrame, column: str, components: Sequence[str]) -> list[float]:
    """Share of the variance of each component over the ROIs that lies between the levels of `column` (η²)."""
    found = []
    for name in components:
        table = rois[[name, column]].dropna()
        total = float(((table[name] - table[name].mean()) ** 2).sum())
        means = table.groupby(column, sort=False)[name].transform("mean")
        found.append(float(((means - table[name].mean()) ** 2).sum()) / total if total > 0 else np.nan)
    return found
