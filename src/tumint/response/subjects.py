"""From features of samples to values of subjects: the animal is the unit, never the ROI.

Ratio families (`keys.RATIO_FAMILIES`) add up counts and expectations over a subject's ROIs; all others take the mean
weighted by `n`. Only rows of status `tested` count.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.errors import DataError, Fault

_KEY = [k.SUBJECT, k.FAMILY, k.FEATURE]


def check_values(features: pd.DataFrame, where: str) -> None:
    """Raise `DataError` where a tested row has no finite value, or a ratio family no usable expectation."""
    tested = features[features[k.STATUS] == k.TESTED]
    ratio = tested[k.FAMILY].isin(k.RATIO_FAMILIES)
    weight = tested[k.WEIGHT].to_numpy(dtype=float)
    bad = {
        f"a finite `{k.VALUE}`": ~np.isfinite(tested[k.VALUE].to_numpy(dtype=float)),
        f"`{k.WEIGHT}` to be the expected count": ratio.to_numpy() & ~(np.isfinite(weight) & (weight >= 0)),
    }
    faults: list[Fault | str] = []
    for expected, rows in bad.items():
        for row in tested[rows].head(3).to_dict("records"):
            place = f"{where} ({row[k.SAMPLE]}, {row[k.FAMILY]}, {row[k.FEATURE]})"
            faults.append(Fault(place, expected, f"`{row[k.VALUE if k.VALUE in expected else k.WEIGHT]}`"))
    if faults:
        raise DataError(faults)


def subject_values(features: pd.DataFrame, subject: pd.Series) -> pd.DataFrame:
    """Value, standard error and number of samples of every feature in every subject.

    Parameters
    ----------
    features
        Table of the contract `FEATURES`.
    subject
        Subject of each sample (index: sample). Samples that are not in it are left out.

    Returns
    -------
    Table of the contract `SUBJECTS`, sorted by its key, whatever the order of `features`. A ratio is
    log2((ΣC+½)/(ΣE+½)) with C = 2**value·(E+½) − ½ of each sample, and its `se` follows from the samples' null
    standard deviations; a mean has the se of a weighted mean. A missing `se` of one sample makes the subject's missing.
    """
    rows = features[(features[k.STATUS] == k.TESTED) & features[k.SAMPLE].isin(subject.index)]
    table = pd.DataFrame(
        {
            k.SUBJECT: rows[k.SAMPLE].astype(str).map(subject.astype(str)).astype(object),
            k.FAMILY: rows[k.FAMILY].astype(str).astype(object),
            k.FEATURE: rows[k.FEATURE].astype(str).astype(object),
            k.SAMPLE: rows[k.SAMPLE].astype(str).astype(object),
        }
    )
    value, se = rows[k.VALUE].to_numpy(dtype=float), rows[k.SE].to_numpy(dtype=float)
    ratio = table[k.FAMILY].isin(k.RATIO_FAMILIES).to_numpy()
    expected = np.where(ratio, rows[k.WEIGHT].to_numpy(dtype=float), 0.0)
    n = rows[k.N].to_numpy(dtype=float)
    table["ratio"] = ratio
    table["expected"] = expected
    table["count"] = np.where(ratio, np.exp2(np.where(ratio, value, 0.0)) * (expected + 0.5) - 0.5, 0.0)
    table["weight"] = n
    table["plain"], table["weighted"] = value, n * value
    table["variance"] = np.square(np.where(ratio, se * (expected + 0.5) * np.log(2), se * n))
    table["plain_variance"] = np.square(se)
    # sums of floats depend on their order, so it is fixed here
    grouped = table.sort_values([*_KEY, k.SAMPLE], kind="stable").groupby(_KEY, sort=True)
    sums = grouped[["expected", "count", "weight", "plain", "weighted"]].sum()
    spread = (
        grouped[["variance", "plain_variance"]]
        .sum(min_count=1)
        .where(grouped["variance"].count().eq(grouped.size()), axis=0)
    )
    sizes = grouped.size()
    return _finish(sums, spread, sizes, grouped["ratio"].first())


def _finish(sums: pd.DataFrame, spread: pd.DataFrame, sizes: pd.Series, ratio: pd.Series) -> pd.DataFrame:
    above, below = sums["count"].to_numpy() + 0.5, sums["expected"].to_numpy() + 0.5
    weight, n = sums["weight"].to_numpy(), sizes.to_numpy()
    weighed = weight > 0  # a subject whose samples all have n = 0 gets the plain mean
    safe = np.where(weighed, weight, 1.0)
    mean = np.where(weighed, sums["weighted"] / safe, sums["plain"] / n)
    mean_se = np.where(weighed, np.sqrt(spread["variance"]) / safe, np.sqrt(spread["plain_variance"]) / n)
    is_ratio = ratio.to_numpy(dtype=bool)
    table = sums.index.to_frame(index=False)
    table[k.VALUE] = np.where(is_ratio, np.log2(above / below), mean)
    table[k.SE] = np.where(is_ratio, np.sqrt(spread["variance"]) / (below * np.log(2)), mean_se)
    table["n_samples"] = n.astype(np.int64)
    return table
