"""What was named before looking, and findings over several families of features. Tables in, columns out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumint import families
from tumint import keys as k
from tumint.config.response import Named
from tumint.errors import DataError, Fault
from tumint.fdr import benjamini_hochberg
from tumint.text import integer, listed, nearest, plural, setting


def named_rows(effects: pd.DataFrame, named: Sequence[Named]) -> NDArray[np.intp]:
    """For each of the features that were named before looking its row; −1 where there is none."""
    at = {(row.family, row.feature): i for i, row in enumerate(effects[[k.FAMILY, k.FEATURE]].itertuples(index=False))}
    return np.array([next((at[key] for key in _keys(one) if key in at), -1) for one in named], dtype=np.intp)


def check_named(features: pd.DataFrame, named: Sequence[Named]) -> None:
    """Raise `DataError` where a feature is named before looking that no sample has."""
    known = features[[k.FAMILY, k.FEATURE]].astype(str).drop_duplicates()
    missing = np.flatnonzero(named_rows(known, named) < 0)
    faults: list[Fault | str] = []
    for i in map(int, missing):
        one, there = named[i], list(known.loc[known[k.FAMILY] == named[i].family, k.FEATURE])
        expected = f"a feature of the family `{one.family}`"
        if not there:
            expected = f"one of the families {listed(sorted(set(known[k.FAMILY])), 12)}"
        found = f"`{one.feature}`{nearest(one.feature, there)}" if there else f"`{one.family}`"
        faults.append(Fault(f"config: key `response.primary.{i}`", expected, found))
    if faults:
        raise DataError(faults)


def _keys(one: Named) -> list[tuple[str, str]]:
    """How a feature may be called: of a pair that has no direction either end may come first."""
    ends = one.feature.split(k.PAIR_SEPARATOR)
    family = families.find(one.family)
    turned = [k.PAIR_SEPARATOR.join(reversed(ends))] if family is not None and not family.directed else []
    return [(one.family, name) for name in (one.feature, *turned)]


def q_primary(effects: pd.DataFrame, named: Sequence[Named]) -> NDArray[np.float64]:
    """Benjamini–Hochberg over the features that were named before looking alone; missing for all others."""
    q = np.full(len(effects), np.nan)
    rows = named_rows(effects, named)
    rows = np.unique(rows[rows >= 0])
    q[rows] = benjamini_hochberg(effects["p"].to_numpy(dtype=float)[rows])
    return q


def simes(p: NDArray[np.float64]) -> float:
    """P value of "no feature of this family differs" (Simes 1986): the smallest p·m/rank; NaN where none has a p."""
    known = np.sort(p[np.isfinite(p)])
    return float((known * known.size / np.arange(1, known.size + 1)).min()) if known.size else np.nan


def q_across(family: pd.Series, p: pd.Series) -> NDArray[np.float64]:
    """The smallest rate at which each feature is found over all families (Benjamini & Bogomolov 2014).

    At rate α: families whose Simes p passes Benjamini–Hochberg over the m families are taken, R of them; within each,
    features pass Benjamini–Hochberg at αR/m. Then the expected share of false findings, averaged over the families
    taken, is at most α. Families that only look at the same contacts in another way are not counted: missing.
    """
    q = np.full(len(p), np.nan)
    values = p.to_numpy(dtype=float)
    counted = families.chosen(family, lambda one: one.primary) | ~family.isin(list(families.all_families()))
    names = [name for name in dict.fromkeys(family[counted])]
    rows = [np.flatnonzero((family == name).to_numpy()) for name in names]
    rows = [mine for mine in rows if np.isfinite(values[mine]).any()]
    if not rows:
        return q
    whole = benjamini_hochberg([simes(values[mine]) for mine in rows])
    steps, m = np.sort(whole), len(rows)
    for mine, of_family in zip(rows, whole, strict=True):
        within = benjamini_hochberg(values[mine])
        # taken with r families: the rate is at least that of the r-th of them, of this family, and of the feature
        tries = [np.maximum(np.maximum(step, of_family), within * m / r) for r, step in enumerate(steps, start=1)]
        q[mine] = np.where(np.isnan(within), np.nan, np.minimum(1.0, np.min(tries, axis=0)))
    return q


def across(effects: pd.DataFrame, fdr: float) -> dict[str, object]:
    """What holds over all families together, for JSON: how many families, which hold a finding, how many; in words."""
    tested = effects[effects["q_across"].notna()]
    names = list(dict.fromkeys(tested[k.FAMILY]))
    found = tested[tested["q_across"] < fdr]
    holding = sorted(set(found[k.FAMILY]), key=families.rank)
    if not names:
        return {"families": 0, "holding": [], "n_found": 0, "words": ""}
    words = (
        f"Over all {plural(len(names), 'family', 'families')} together (families by Simes' p, then features within): "
    )
    if found.empty:
        words += f"nothing holds at a rate of {setting(fdr)}."
    else:
        listed_names = listed([families.title(name) for name in holding])
        words += (
            f"{integer(len(holding))} of them hold a difference at a rate of {setting(fdr)} ({listed_names}), "
            f"{plural(len(found), 'feature')} in all."
        )
    return {"families": len(names), "holding": holding, "n_found": len(found), "words": words}
