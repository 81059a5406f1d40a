"""Values of subjects, with the contrasts of features that the config names. Tables in, tables out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumint import families
from tumint import keys as k
from tumint.config.response import Difference, Named, ResponseConfig
from tumint.errors import DataError, Fault
from tumint.io.contracts import FEATURES, joined
from tumint.response.design.subjects import Least, subject_values
from tumint.text import nearest


def values_of(features: pd.DataFrame, subject: pd.Series, config: ResponseConfig) -> pd.DataFrame:
    """`subject_values`, and of every contrast of features the difference of the two values of each subject.

    Each feature is pooled over the ROIs of a subject in its own way before one is taken from the other: a ROI in which
    a pair is sparse says little of it, and nothing is made of that little.
    """
    values = subject_values(features, subject, Least.of(config))
    if not config.differences:
        return values
    values = values[~values[k.FAMILY].isin([k.FAMILY_FEATURES, k.FAMILY_FEATURES_INDEX])]
    parts = [_difference(values, one, [k.SUBJECT])[list(values.columns)] for one in config.differences]
    whole = pd.concat([values, *(part for part in parts if len(part))], ignore_index=True)
    return whole.sort_values([k.SUBJECT, k.FAMILY, k.FEATURE], kind="stable", ignore_index=True)


def with_differences(features: pd.DataFrame, config: ResponseConfig) -> pd.DataFrame:
    """Features of samples, and every contrast of features in those samples that have both, for the mixed model.

    Raises
    ------
    DataError
        A feature is not there, or a ratio would be taken from what is none.
    """
    if not config.differences:
        return features
    faults = [fault for i, one in enumerate(config.differences) for fault in _faults(features, one, i)]
    if faults:
        raise DataError(faults)
    parts = [features, *(_difference(features, one, [k.SAMPLE]) for one in config.differences)]
    return joined(parts, FEATURES, only=True)


def _difference(table: pd.DataFrame, one: Difference, by: list[str]) -> pd.DataFrame:
    """Rows of the contrast in units of natural logarithms, or of the index of both."""
    plus, minus = (_side(table, named, by) for named in (one.plus, one.minus))
    both = plus.add_suffix("_plus").join(minus.add_suffix("_minus"), how="inner")
    tested = (both["status_plus"] == k.TESTED) & (both["status_minus"] == k.TESTED)
    status = both["status_plus"].where(both["status_plus"] != k.TESTED, both["status_minus"])
    found = pd.DataFrame(
        {
            k.FAMILY: _family(one),
            k.FEATURE: one.name,
            k.VALUE: (both["value_plus"] - both["value_minus"]).where(tested),
            k.SE: ((both["se_plus"] ** 2 + both["se_minus"] ** 2) ** 0.5).where(tested),
            k.STATUS: status.where(~tested, k.TESTED),
        }
    ).reset_index()
    if by == [k.SAMPLE]:
        n = both[["n_plus", "n_minus"]].min(axis=1).to_numpy()
        return found.assign(**{k.N: n, k.WEIGHT: np.where(tested, n, 0.0)})
    least = both[["n_samples_plus", "n_samples_minus"]].min(axis=1).where(tested, 0)
    return found.assign(n_samples=least.to_numpy())


def _side(table: pd.DataFrame, named: Named, by: list[str]) -> pd.DataFrame:
    """One of the two features by sample or subject, ratios in natural logarithms."""
    rows = table[(table[k.FAMILY] == named.family) & (table[k.FEATURE] == named.feature)]
    family = families.find(named.family)
    unit = np.log(2) if family is not None and family.scale == "log2" else 1.0
    kept = [name for name in (k.VALUE, k.SE, k.STATUS, k.N, "n_samples") if name in rows]
    rows = rows.assign(**{name: rows[name].astype(float) * unit for name in (k.VALUE, k.SE)})
    return rows.astype({name: object for name in (*by, k.STATUS)}).set_index(by)[kept]


def _family(one: Difference) -> str:
    family = families.find(one.plus.family)
    return k.FAMILY_FEATURES_INDEX if family is not None and family.scale == "index" else k.FAMILY_FEATURES


def _faults(features: pd.DataFrame, one: Difference, i: int) -> list[Fault | str]:
    found: list[Fault | str] = []
    for side, named in (("plus", one.plus), ("minus", one.minus)):
        there = features.loc[features[k.FAMILY] == named.family, k.FEATURE].astype(str)
        if not (there == named.feature).any():
            expected = f"a feature of the family `{named.family}`"
            key = f"config: key `response.differences.{i}.{side}`"
            found.append(Fault(key, expected, f"`{named.feature}`{nearest(named.feature, sorted(set(there)))}"))
    scales = [(family.scale if (family := families.find(named.family)) else "log") for named in (one.plus, one.minus)]
    if (scales[0] == "index") != (scales[1] == "index"):
        said = f"`{one.plus.family}` and `{one.minus.family}`"
        found.append(Fault(f"config: key `response.differences.{i}`", "two ratios, or two that are none", said))
    return found
