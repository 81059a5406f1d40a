"""Names and scales of effects, and a contrast in one sentence, made from rows of the effects table and nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from tumint import families
from tumint import keys as k
from tumint.report.engine.formats import is_missing
from tumint.text import integer, listed, plural, probability, setting


def feature_name(row: Mapping[Any, Any]) -> str:
    """`A – B` for a pair, `A in tumour` for a type at a place, `tumour domain`, else the name of the feature."""
    if row[k.FAMILY] == k.FAMILY_DOMAIN:
        return f"{row[k.FEATURE]} domain"
    if is_missing(row[k.SOURCE]) or is_missing(row[k.TARGET]):
        return families.spoken(str(row[k.FEATURE]))
    family = families.find(row[k.FAMILY])
    if family and family.place:
        return f"{row[k.SOURCE]}{family.place}{row[k.TARGET]}"
    arrow = "→" if family and family.directed else "–"
    return f"{row[k.SOURCE]} {arrow} {row[k.TARGET]}"


def fold(effect: float, family: str) -> float:
    """An effect as a ratio; NaN where there is none or the scale of the family is not known."""
    found = None if is_missing(effect) else families.ratio(effect, family)
    return math.nan if found is None else found


def ranked(effects: pd.DataFrame) -> pd.DataFrame:
    """Rows with an effect: families in the order of a report, by p where there is one, else by size of the effect."""
    rows = effects[effects["effect"].notna()].copy()
    rows["_family"] = rows[k.FAMILY].map(families.rank)
    rows["_size"] = -families.log2_fold(rows["effect"], rows[k.FAMILY]).abs()
    return rows.sort_values(["_family", "p", "_size", k.FEATURE], kind="stable", na_position="last").drop(
        columns=["_family", "_size"]
    )


def has_domains(effects: pd.DataFrame) -> bool:
    """Whether tissue domains explain anything: without domains all of it is exactly nothing."""
    return bool((effects.loc[effects[k.FAMILY] == k.FAMILY_SHARED_DOMAIN, "effect"].fillna(0.0) != 0.0).any())


def is_primary(effects: pd.DataFrame) -> pd.Series:
    """Rows of the families that findings come from; the others are other ways to look at the same contacts."""
    return ~families.chosen(effects[k.FAMILY], lambda family: not family.primary)


def smallest_p(contrast: Mapping[str, Any]) -> float | None:
    """The smallest p that an exact permutation of these subjects can give."""
    given = (contrast.get("permutation") or {}).get("smallest_p")
    return None if given is None or is_missing(given) else float(given)


_HARDLY = 0.001  # a smallest p that keeps no finding from being one


def contrast_head(effects: pd.DataFrame, contrast: Mapping[str, Any], fdr: float) -> str:
    """One sentence over all that a contrast found."""
    name, against = contrast["name"], f"{contrast['group']} against {contrast['reference']}"
    head = f"{against[0].upper()}{against[1:]} ({contrast['column']})"
    if name != f"{contrast['group']}_vs_{contrast['reference']}":
        head = f"{name} ({contrast['column']}: {against})"
    tested = effects[effects["p"].notna() & is_primary(effects)]
    if tested.empty:
        return f"{head}: {_why_no_p(effects, contrast)}"
    found = tested[tested["q"] < fdr]
    if found.empty:
        return f"{head}: {_nothing(tested, contrast, fdr)}"
    counts = found[k.FAMILY].value_counts()
    per = [
        f"{integer(counts[f])} of {integer((tested[k.FAMILY] == f).sum())} in {families.title(f)}"
        for f in sorted(counts.index, key=families.rank)
    ]
    return f"{head}: {plural(len(found), 'difference')} at q < {setting(fdr)}: {_families(per)}."


def _families(said: Sequence[str], most: int = 6) -> str:
    """`4 of 105 in contact and 2 of 14 in density`; of many families the first, and how many more there are."""
    if len(said) <= most + 1:
        return listed(said, len(said))
    return f"{', '.join(said[:most])}, and more in {integer(len(said) - most)} other families"


def _why_no_p(effects: pd.DataFrame, contrast: Mapping[str, Any]) -> str:
    reason = contrast.get("reason") or ""
    if not reason and len(effects):
        reasons = effects.loc[effects[k.REASON] != "", k.REASON].value_counts()
        reason = str(reasons.index[0]) if len(reasons) else ""
    why = reason or ("features that could not be compared" if len(effects) else "a lack of features to compare")
    after = " What follows are effects without evidence." if len(effects) else ""
    return f"no p can be given, because of {why.removesuffix(', so no p')}.{after}"


def _nothing(tested: pd.DataFrame, contrast: Mapping[str, Any], fdr: float) -> str:
    n = len(tested)
    said = f"no difference was found at q < {setting(fdr)} among {plural(n, 'feature')} compared"
    said += f" (smallest q = {probability(float(tested['q'].min()))})."
    least = smallest_p(contrast)
    if least is not None and least > _HARDLY:
        sizes = [len(names) for names in (contrast.get("subjects") or {}).values()]
        versus = f" at {' v '.join(map(str, sizes))} subjects" if len(sizes) == 2 else ""
        said += f" The smallest p that a permutation of subjects can give{versus} is {probability(least)}."
    return said


def contrasts_of(summary: Mapping[str, Any], effects: pd.DataFrame) -> Sequence[Mapping[str, Any]]:
    """The contrasts of `effects.json`; those that only the table knows come with their name alone."""
    known = list(summary.get("contrasts", []))
    names = {contrast["name"] for contrast in known}
    for name in dict.fromkeys(effects["contrast"]):
        if name not in names:
            known.append({"name": name, "column": "group", "group": "the group", "reference": "the reference"})
    return known
