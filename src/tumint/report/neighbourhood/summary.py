"""Pairs of types over all ROIs, as the neighbourhood report counts them: medians, shares, odds ratios of subjects."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.io import contracts
from tumint.report.engine.inputs import Inputs
from tumint.report.engine.page import Column
from tumint.report.neighbourhood.pairs import is_symmetric
from tumint.text import listed, plural, setting

SIGNIFICANT = 0.05  # q within an image, for the shares of ROIs
MANY, FEW = 0.5, 0.2  # a pair vanishes: significant globally in at least MANY of the ROIs, within domain in at most FEW
ODDS_COLUMNS = (Column("odds", "Contact odds ratio", "ratio", "median over subjects, all pairs in one fit"),)
NULL_NAMES = {
    k.LOCAL: "Nearby",
    k.WITHIN_DOMAIN: "Within domain",
    k.GLOBAL: "Whole image",
    k.PARENT: "Within parent type",
    k.PARENT_LOCAL: "Within parent, nearby",
}


def interactions(inputs: Inputs) -> pd.DataFrame:
    """All scores of edges; what other statistics say goes on to the comparison."""
    scores = inputs.table("neighbourhood/interactions.parquet", contracts.INTERACTIONS)
    return scores[scores["statistic"] == "edges"]


def summarise(scores: pd.DataFrame) -> pd.DataFrame:
    """`null, source, target, median_log2, n_tested, significant`, medians and shares over the ROIs where tested."""
    key = [k.NULL, k.SOURCE, k.TARGET]
    columns = [*key, "median_log2", "median_z", "n_tested", "significant"]
    if scores.empty:
        return pd.DataFrame(columns=columns)
    tested = scores[scores[k.STATUS] == k.TESTED]
    rows = tested.assign(hit=tested["q"] < SIGNIFICANT).groupby(key, sort=True)
    found = rows.agg(
        median_log2=("log2_enrichment", "median"),
        median_z=("z", "median"),
        n_tested=(k.SAMPLE, "nunique"),
        significant=("hit", "mean"),
    ).reset_index()
    every = scores[key].drop_duplicates()
    return every.merge(found, on=key, how="left").fillna({"n_tested": 0}).astype({"n_tested": int})[columns]


def primary_null(scores: pd.DataFrame) -> str:
    """The null that the comparison of subjects is made under: the one with odds ratios of all pairs in one fit."""
    fitted = scores.loc[scores["direct_log_odds"].notna(), k.NULL]
    return str(fitted.iloc[0]) if len(fitted) else k.GLOBAL


def pair_table(summary: pd.DataFrame, odds: pd.Series | None = None) -> pd.DataFrame:
    """One row per pair with all nulls and the contact odds ratio; where pairs are symmetric, a–b stands for b–a too."""
    parts = []
    for null in NULL_NAMES:
        rows = summary[summary[k.NULL] == null].set_index([k.SOURCE, k.TARGET])
        parts.append(
            pd.DataFrame(
                {
                    f"{null}_log2": rows["median_log2"].astype(float),
                    f"{null}_times": 2.0 ** rows["median_log2"].astype(float),
                    f"{null}_share": rows["significant"].astype(float),
                    f"{null}_z": rows["median_z"].astype(float),
                    f"{null}_tested": rows["n_tested"],
                }
            )
        )
    table = pd.concat(parts, axis=1).rename_axis([k.SOURCE, k.TARGET])
    table["odds"] = np.nan if odds is None else np.exp(odds.reindex(table.index).astype(float))
    table = table.reset_index()
    if table.empty:
        return table.assign(pair=[], n_tested=[])
    tested = [f"{null}_tested" for null in NULL_NAMES]
    table["n_tested"] = table[tested].max(axis=1).fillna(0).astype(int)
    symmetric = is_symmetric(summary)
    if symmetric:
        table = table[table[k.SOURCE] <= table[k.TARGET]]
    sign = " – " if symmetric else " → "
    return table.drop(columns=tested).assign(pair=table[k.SOURCE] + sign + table[k.TARGET])


def pair_columns(pairs: pd.DataFrame) -> list[Column]:
    """Columns of the nulls that there are."""
    columns = [Column("pair", "Pair"), Column("n_tested", "ROIs tested", "int"), *ODDS_COLUMNS]
    for null, name in NULL_NAMES.items():
        columns += [
            Column(f"{null}_times", f"{name}: observed / expected", "ratio", "median ROI"),
            Column(f"{null}_z", "z", "number", "median ROI"),
            Column(f"{null}_share", f"ROIs with q < {setting(SIGNIFICANT)}", "percent"),
        ]
    return [column for column in columns if column.key in ("pair", "n_tested") or pairs[column.key].notna().any()]


def vanishing(pairs: pd.DataFrame, primary: str) -> pd.DataFrame:
    """Pairs that are significant globally in many ROIs, in few under the primary null, and whose effect halves."""
    mine, everywhere = pairs[f"{primary}_log2"].abs(), pairs[f"{k.GLOBAL}_log2"].abs()
    clear = (pairs[f"{k.GLOBAL}_share"] >= MANY) & (pairs[f"{primary}_share"] <= FEW)
    order = (everywhere - mine).sort_values(ascending=False, kind="stable").index
    return pairs.loc[order][(clear & (mine < 0.5 * everywhere)).loc[order]]


def vanishing_words(gone: pd.DataFrame, where: str) -> str:
    """Pairs that are far from chance only because of where their types live: those together, then those apart."""
    # what has no type is in the table, and no headline
    gone = gone[[k.UNCLASSIFIED not in re.split(" [–→] ", pair) for pair in gone["pair"]]]
    if gone.empty:
        return f"Every pair that clearly differs from chance over the whole image also differs {where}."
    together, apart = (gone[(gone[f"{k.GLOBAL}_log2"] > 0) == side]["pair"].tolist() for side in (True, False))
    said = []
    if together:
        verb = "meets" if len(together) == 1 else "meet"
        said.append(
            f"{plural(len(together), 'pair')} {verb} more than by chance over the whole image only because both types "
            f"live in the same tissue: {listed(together, 4)}."
        )
    if apart:
        verb = "meets" if len(apart) == 1 else "meet"
        said.append(
            f"{plural(len(apart), 'pair')} {verb} less than by chance over the whole image only because the types live "
            f"apart: {listed(apart, 4)}."
        )
    return " ".join(said)
