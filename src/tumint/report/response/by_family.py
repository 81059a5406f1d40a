"""Families of features: how many findings each has, what holds over all of them, and more ROIs or more animals."""

from __future__ import annotations

import pandas as pd

from tumint import families
from tumint import keys as k
from tumint.report.engine.page import Block, Column, Items, Table, Text
from tumint.report.response.contrasts import Contrast

FAMILY_COLUMNS = (
    Column("name", "Family"),
    Column("features", "Features", "int"),
    Column("tested", "Tested", "int"),
    Column("hits", "q below the rate", "int"),
    Column("smallest_q", "Smallest q", "p"),
    Column("between_animals", "Between subjects", "percent", "of the variance of a ROI, the mean over features"),
    Column("best_rois", "Best ROIs per subject", "int", "by the cost of a subject, response.animal_cost"),
)
MOST = 4  # families whose advice is written out
FAMILIES_CAPTION = (
    "Families of features. How many ROIs per subject are best follows from how much subjects differ, and "
    "ROIs of one subject."
)


def blocks(contrast: Contrast) -> list[Block]:
    """A sentence over all families, their table, and what it says of the next cohort."""
    across = contrast.facts.get("across") or {}
    over = str(across.get("words") or "") if across.get("families", 2) > 1 else ""  # of one there is nothing to add
    table = Table(f"families_{contrast.name}", FAMILIES_CAPTION, FAMILY_COLUMNS, _families(contrast))
    return [*([Text(over)] if over else []), table, *_advice(contrast)]


def _families(contrast: Contrast) -> pd.DataFrame:
    groups = contrast.effects.groupby(k.FAMILY, sort=False)
    table = groups.agg(
        features=(k.FEATURE, "size"), tested=("p", "count"), hits=("significant", "sum"), smallest_q=("q", "min")
    ).reset_index()
    table.insert(1, "name", table[k.FAMILY].map(families.title))
    known = {one[k.FAMILY]: one.get("replicates") or {} for one in contrast.facts.get("families", [])}
    for name in ("between_animals", "best_rois"):
        table[name] = [known.get(family, {}).get(name) for family in table[k.FAMILY]]
    table["best_rois"] = table["best_rois"].astype(float).round()
    return table.iloc[table[k.FAMILY].map(families.rank).to_numpy().argsort(kind="stable")]


def _advice(contrast: Contrast) -> list[Block]:
    """More ROIs or more animals, for the families that come first; the table above has all of them."""
    known = [one for one in contrast.facts.get("families", []) if (one.get("replicates") or {}).get("advice")]
    ordered = sorted(known, key=lambda one: families.rank(one[k.FAMILY]))
    said = [f"{families.title(one[k.FAMILY])}: {one['replicates']['advice']}" for one in ordered[:MOST]]
    return [Items(said, "More ROIs, or more subjects?")] if said else []
