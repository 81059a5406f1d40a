"""Contact odds ratios by subject and by group: what a median over everything hides. Tables in, figures out."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from tumint import keys as k
from tumint.charts import model as charts
from tumint.charts.model import Figure
from tumint.charts.palette import DIVERGING
from tumint.charts.sizes import by_similarity, label_inch
from tumint.fdr import benjamini_hochberg
from tumint.report.engine.inputs import Inputs
from tumint.text import listed, ratio, setting

LEAST_INFORMATION = 2.0  # of all ROIs of a subject, as `response.min_information` has it
LEAST_SUBJECTS = 3  # a pair seen in fewer is not called more or less than chance
SURE = 0.05  # q over the pairs, of subjects against chance
MOST_GROUPS = 4
_PAIR = [k.SOURCE, k.TARGET]


def subject_odds(inputs: Inputs, scores: pd.DataFrame) -> pd.DataFrame:
    """`subject, group, source, target, log_odds`: contact log odds ratios, the ROIs of a subject pooled."""
    rows = scores[scores["direct_information"] > 0]
    rows = rows.assign(subject=rows[k.SAMPLE].map(inputs.subject_of).fillna(rows[k.SAMPLE]))
    rows = rows.assign(group=rows[k.SAMPLE].map(inputs.groups).fillna("") if inputs.groups else "")
    rows = rows.assign(weighted=rows["direct_log_odds"] * rows["direct_information"])
    sums = rows.groupby(["subject", "group", *_PAIR], sort=True)[["weighted", "direct_information"]].sum()
    pooled = (sums["weighted"] / sums["direct_information"])[sums["direct_information"] >= LEAST_INFORMATION]
    found = pooled.rename("log_odds").reset_index()
    order = {level: i for i, level in enumerate(dict.fromkeys(inputs.rows["group"]))}
    return found.iloc[found["group"].map(order).fillna(len(order)).to_numpy().argsort(kind="stable")]


def against_chance(odds: pd.DataFrame) -> pd.DataFrame:
    """`odds, n, q` of every pair (index: source, target): the median over subjects, and whether it is off 1.

    q is Benjamini and Hochberg's over the pairs, of a t test of the subjects' log odds ratios against 0; missing where
    a pair was seen in fewer than `LEAST_SUBJECTS` subjects.
    """
    groups = odds.groupby(_PAIR, sort=True)["log_odds"]
    table = pd.DataFrame(
        {"odds": np.exp(groups.median()), "n": groups.size(), "mean": groups.mean(), "sd": groups.std()}
    )
    known = (table["n"] >= LEAST_SUBJECTS) & (table["sd"] > 0)
    t = table["mean"].abs() / (table["sd"] / np.sqrt(table["n"]))
    p = pd.Series(2 * special.stdtr((table["n"] - 1).clip(lower=1), -t), index=table.index)[known]
    # a pair stands in both orders; one of them is a test
    once = [(a, b) for a, b in p.index if a <= b]
    q = pd.Series(benjamini_hochberg(p.loc[once].to_numpy(float)), index=pd.MultiIndex.from_tuples(once)) if once else p
    table["q"] = [q.get((min(a, b), max(a, b)), np.nan) for a, b in table.index]
    return table[["odds", "n", "q"]]


def in_words(odds: pd.DataFrame, most: int = 3) -> str:
    """The pairs that are sure to touch more, or less, than by chance within shared tissue, with their groups."""
    table = against_chance(odds)
    table = table[[a <= b for a, b in table.index]]
    sure = table[table["q"] < SURE].sort_values("odds", kind="stable")
    if sure.empty:
        few = len(table) and not table["q"].notna().any()
        return (
            f"In fewer than {LEAST_SUBJECTS} subjects, no pair can be told from chance."
            if few
            else "No pair touches more or less than by chance within shared tissue, consistently over subjects."
        )
    more, less = sure[sure["odds"] > 1].iloc[::-1].head(most), sure[sure["odds"] < 1].head(most)
    said = [
        f"{word} than by chance: {listed([f'{a} – {b} ({_values(odds, a, b)})' for a, b in part.index])}"
        for word, part in (("more", more), ("less", less))
        if len(part)
    ]
    return (
        f"Within shared tissue, in contact {'; '.join(said)} (q < {setting(SURE)}, over subjects). "
        "The numbers are contact odds ratios of the median subject."
    )


def _values(odds: pd.DataFrame, source: str, target: str) -> str:
    """`1.47× in treated, 0.72× in vehicle`, or one value where subjects have no groups."""
    mine = odds[(odds[k.SOURCE] == source) & (odds[k.TARGET] == target)]
    medians = mine.groupby("group", sort=False)["log_odds"].median()
    if len(medians) < 2 or len(medians) > MOST_GROUPS:
        return f"{ratio(float(np.exp(mine['log_odds'].median())))}×"
    return listed([f"{ratio(float(np.exp(value)))}× in {group}" for group, value in medians.items()])


def differing(odds: pd.DataFrame, most: int) -> list[tuple[str, str]]:
    """The pairs whose groups lie furthest apart for the spread of their subjects, one order of each pair."""
    if not 2 <= odds["group"].nunique() <= MOST_GROUPS:
        return []
    rows = odds[odds[k.SOURCE] <= odds[k.TARGET]].groupby([*_PAIR, "group"], sort=True)["log_odds"]
    table = pd.DataFrame({"mean": rows.mean(), "variance": rows.var(), "n": rows.size()}).reset_index()
    table = table[table["n"] >= 2]
    pairs = table.groupby(_PAIR, sort=True)
    apart: pd.Series = pairs["mean"].agg(np.ptp) / np.sqrt(
        (table["variance"] / table["n"]).groupby([table[c] for c in _PAIR]).sum()
    )
    apart = apart[(pairs.size() >= 2) & np.isfinite(apart)].sort_values(ascending=False, kind="stable")
    return [(str(a), str(b)) for a, b in apart.index[:most]]


def by_group(odds: pd.DataFrame, column: str | None) -> Figure | None:
    """Matrices of contact odds ratios, one per group, and of two groups their difference; None without groups."""
    levels = list(dict.fromkeys(odds["group"]))
    if column is None or not 2 <= len(levels) <= MOST_GROUPS:
        return None
    medians = odds.groupby(["group", *_PAIR], sort=True)["log_odds"].median() / np.log(2)
    names = sorted({*odds[k.SOURCE], *odds[k.TARGET]})
    wide = {level: _square(medians[level], names) for level in levels}
    titles = {level: f"{column}: {level}" for level in levels}
    if len(levels) == 2:
        wide["difference"] = wide[levels[1]] - wide[levels[0]]
        titles["difference"] = f"{levels[1]} / {levels[0]}"
    order = by_similarity(wide[levels[0]])
    biggest = max(float(np.nanmax(np.abs(matrix.to_numpy(float)))) for matrix in wide.values())
    limit = float(np.clip(np.ceil(biggest * 2) / 2, 0.5, 2.0))
    side, label = max(0.2 * len(order), 1.4), label_inch(order)
    panels = [
        charts.Panel(
            [charts.Heat(matrix.loc[order, order], DIVERGING, (-limit, limit), "log2 contact odds ratio")],
            title=titles[level],
        )
        for level, matrix in wide.items()
    ]
    width = label + 1.5 + len(panels) * max(side + 0.2, 2.2)
    table = medians.rename("log2_odds").reset_index().assign(odds=lambda t: 2.0 ** t["log2_odds"])
    return Figure(
        "by_group",
        "Contact in each group",
        "Contact odds ratio of the median subject of each group, within shared tissue: red pairs touch more than by "
        "chance, blue ones less, grey ones could not be told. "
        + (
            "The last panel is the ratio of the two groups; the report of the response says what of it is sure. "
            if len(levels) == 2
            else ""
        )
        + f"±1 is twice or half; colours end at ±{setting(limit)}.",
        table,
        charts.Chart(panels, width, side + label + 0.8, columns=len(panels), share_y=True),
    )


def _square(values: pd.Series, names: list[str]) -> pd.DataFrame:
    """Values by source and target as a matrix, missing where there are none."""
    wide = values.rename("value").reset_index().pivot_table(index=k.SOURCE, columns=k.TARGET, values="value")
    return wide.reindex(index=names, columns=names)
