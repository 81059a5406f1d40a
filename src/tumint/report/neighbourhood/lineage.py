"""Pairs of one lineage that turn: more contacts than chance in the image, fewer among the lineage, or the reverse.

In words, for the findings of the neighbourhood page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.text import fixed, listed, plural

CLEAR_Z = 3.0  # of the median ROI
_LISTED = 3  # as many z are given one by one; of more ROIs their median
_NULLS = (k.GLOBAL, k.WITHIN_DOMAIN, k.PARENT)


def turned(scores: pd.DataFrame, parents: Mapping[str, Sequence[str]], subjects: Mapping[str, str]) -> list[str]:
    """One sentence on the pair that turns most clearly, and how many others do; nothing where none does.

    Parameters
    ----------
    scores
        `contracts.INTERACTIONS` of edges.
    parents
        `neighbourhood.parents`: `{parent: types}`.
    subjects
        Subject of each sample.
    """
    found = []
    for parent, types in parents.items():
        for i, one in enumerate(types):
            for other in types[i + 1 :]:
                z = _z(scores, one, other)
                if z is not None and _turns(z[[k.GLOBAL, k.PARENT]].median()):
                    found.append((abs(z[k.GLOBAL].median()), _sentence(one, other, parent, z, subjects)))
    if not found:
        return []
    # of pairs that are equally clear, the first as the config has them
    strongest = max(found, key=lambda pair: pair[0])[1]
    others = f" So do {plural(len(found) - 1, 'other pair')}." if len(found) > 2 else ""
    return [strongest + (" So does one other pair." if len(found) == 2 else others)]


def _z(scores: pd.DataFrame, one: str, other: str) -> pd.DataFrame | None:
    """z of the ROIs (rows) where the pair was tested in the image and among its lineage, under `_NULLS` (columns)."""
    mine = scores[(scores[k.SOURCE] == one) & (scores[k.TARGET] == other) & (scores[k.STATUS] == k.TESTED)]
    table = mine.pivot_table(index=k.SAMPLE, columns=k.NULL, values="z", sort=False).reindex(columns=list(_NULLS))
    table = table.dropna(subset=[k.GLOBAL, k.PARENT])
    return None if table.empty else table


def _turns(z: pd.Series) -> bool:
    here, there = z[k.GLOBAL], z[k.PARENT]
    return bool(abs(here) > CLEAR_Z and abs(there) > CLEAR_Z and np.sign(here) != np.sign(there))


def _sentence(one: str, other: str, parent: str, z: pd.DataFrame, subjects: Mapping[str, str]) -> str:
    more = z[k.GLOBAL].median() > 0
    here, there = ("more", "less") if more else ("less", "more")
    domains = z[k.WITHIN_DOMAIN].dropna()
    domain = 0.0 if domains.empty else domains.median()
    inside = ""
    if abs(domain) > CLEAR_Z:
        inside = f"within tissue domains ({_values(z[k.WITHIN_DOMAIN])})"
    same = (domain > 0) == more
    as_in_image = f" and {inside}" if inside and same else ""
    as_in_lineage = f"{inside} and " if inside and not same else ""
    why = (
        "they live in the same parts of the tissue, but do not seek each other"
        if more
        else "they live in different parts of the tissue, but where they meet they seek each other"
    )
    return (
        f"{one} and {other} touch {here} often than chance in the whole image (z {_values(z[k.GLOBAL])}){as_in_image}, "
        f"but {there} often {as_in_lineage}among {parent} alone ({_values(z[k.PARENT])})"
        f"{_subjects(z, subjects)}: {why}."
    )


def _values(z: pd.Series) -> str:
    """`+19 and +12`, or the median where there are many."""
    values = z.dropna()
    shown = list(values) if len(values) <= _LISTED else [values.median()]
    texts = [fixed(v, 0 if abs(v) >= 10 else 1, plus=True) for v in shown]
    return ("" if len(values) <= _LISTED else "median ") + listed(texts)


def _subjects(z: pd.DataFrame, subjects: Mapping[str, str]) -> str:
    """In how many of the subjects the median ROI turns as the pair does, whether clearly or not."""
    of = [subjects.get(str(sample), str(sample)) for sample in z.index]
    medians = z[[k.GLOBAL, k.PARENT]].groupby(of).median()
    same = (np.sign(medians) == np.sign(z[[k.GLOBAL, k.PARENT]].median())).all(axis=1)
    n, N = int(same.sum()), len(same)
    if N == 1:
        return ""
    return ", in both subjects" if n == N == 2 else f", in all {N} subjects" if n == N else f", in {n} of {N} subjects"
