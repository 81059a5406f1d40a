"""What was found within the samples of a cohort that compares no groups: contacts, and the subjects where they hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.charts import model as charts
from tumint.charts.palette import BRIGHT, GREY
from tumint.report.engine.inputs import Inputs, cells
from tumint.report.engine.page import Column, Finding, Section, Table, Text
from tumint.report.neighbourhood.by_group import subject_odds
from tumint.report.neighbourhood.summary import interactions, primary_null
from tumint.text import listed, percent, plural, ratio

SHOWN, SAID = 12, 3  # pairs in the figure, and in the sentence for each direction
ABOVE, BELOW = "more than chance", "less than chance"
COLOURS = {ABOVE: BRIGHT[0], BELOW: GREY}
COLUMNS = (
    Column("pair", "Pair"),
    Column("times", "Contact odds ratio", "ratio", "median subject"),
    Column("low", "lowest", "ratio", "subject"),
    Column("high", "highest", "ratio", "subject"),
    Column("subjects", "Subjects", "int", "with enough cells of both types"),
    Column("agree", "Same direction", "int", "subjects on the median's side of 1"),
)


def findings(inputs: Inputs) -> list[Finding]:
    """The strongest contacts in words, with the subjects that agree; why there are none, where there are none."""
    pairs, what = _summary(inputs)
    if pairs.empty:
        return [Finding(_instead(inputs))]
    shown = _consistent(pairs)
    said = [Finding(f"{_who(inputs)}: nothing here is a difference, and nothing has a p across subjects.")]
    for word, rows in (("Most", shown[shown["log"] > 0]), ("Least", shown[shown["log"] < 0].iloc[::-1])):
        if len(rows):
            most = listed([_words(row) for row in rows.head(SAID).to_dict("records")])
            said.append(Finding(f"{word} in contact, {what}: {most}.", "within_subjects"))
    return said


def sections(inputs: Inputs) -> list[Section]:
    """A figure of the strongest pairs subject by subject, and a table of all; nothing where nothing was scored."""
    pairs, what = _summary(inputs)
    if pairs.empty:
        return []
    text = Text(
        f"By how many times a neighbour of one type changes the odds that a cell is of the other ({what}), in each "
        "subject by itself."
        if _has_odds(inputs)
        else f"Contacts observed over contacts expected ({what}), in each subject by itself."
    )
    table = Table("within_pairs", "All pairs, the most consistent first.", COLUMNS, pairs.drop(columns="log"))
    return [Section("Within the samples", [text, _figure(inputs, _consistent(pairs)), table])]


def strongest(inputs: Inputs) -> str:
    """The strongest contact in one sentence, for the end of a run."""
    pairs, _ = _summary(inputs)
    if pairs.empty:
        return _instead(inputs)
    best = pairs.iloc[0]
    word = "most" if best["log"] > 0 else "least"
    return f"{_who(inputs)}; of all pairs these touch {word} consistently: {_words(best.to_dict())}."


def _who(inputs: Inputs) -> str:
    return (
        f"No groups are compared, so this is what holds within {plural(inputs.sheet[k.SUBJECT].nunique(), 'subject')}"
    )


def _words(row: Mapping[Any, Any]) -> str:
    times, known = ratio(float(row["times"])), int(row["subjects"])
    agree = f", in {row['agree']} of {plural(known, 'subject')}" if known > 1 else ""
    return f"{row['pair']} ({times}×{agree})"


def _instead(inputs: Inputs) -> str:
    """Why no contact is told of, and which types there are."""
    types = cells(inputs)[k.CELL_TYPE].value_counts(normalize=True)
    if types.empty:
        return "No groups are compared, and no cell came through to be scored."
    common = listed([f"{name} ({percent(share)})" for name, share in types.head(4).items()])
    return f"No groups are compared, and no pair of types could be tested for contact. The most common types: {common}."


def _has_odds(inputs: Inputs) -> bool:
    return bool((interactions(inputs)["direct_information"] > 0).any())


def by_subject(inputs: Inputs) -> pd.DataFrame:
    """`subject, source, target, log` (natural): the odds ratio of a subject, its ROIs weighed by information.

    Where no odds ratio was fitted (over the whole image alone), the mean log enrichment over the ROIs.
    """
    scores = interactions(inputs)
    scores = scores[(scores[k.SOURCE] != k.UNCLASSIFIED) & (scores[k.TARGET] != k.UNCLASSIFIED)]
    scores = scores.assign(subject=scores[k.SAMPLE].map(inputs.subject_of).fillna(scores[k.SAMPLE]))
    key = ["subject", k.SOURCE, k.TARGET]
    if _has_odds(inputs):
        return subject_odds(inputs, scores).rename(columns={"log_odds": "log"})[[*key, "log"]]
    rows = scores[(scores[k.NULL] == primary_null(scores)) & (scores[k.STATUS] == k.TESTED)]
    return (rows.groupby(key, sort=True)["log2_enrichment"].mean() * np.log(2)).rename("log").reset_index()


def _summary(inputs: Inputs) -> tuple[pd.DataFrame, str]:
    """One row per pair, the most consistent first, and how chance was meant."""
    rows = by_subject(inputs)
    wide = rows.pivot_table(index=[k.SOURCE, k.TARGET], columns="subject", values="log")
    mirrored = wide.reorder_levels([1, 0]).rename_axis(wide.index.names).reindex(wide.index)
    symmetric = bool(np.allclose(wide, mirrored, equal_nan=True, atol=1e-9)) if len(wide) else True
    if symmetric:
        wide = wide[[a <= b for a, b in wide.index]]
    median = wide.median(axis=1)
    table = pd.DataFrame(
        {
            "pair": [f"{a} {'–' if symmetric else '→'} {b}" for a, b in wide.index],
            k.SOURCE: [a for a, _ in wide.index],
            k.TARGET: [b for _, b in wide.index],
            "times": np.exp(median.to_numpy(float)),
            "low": np.exp(wide.min(axis=1).to_numpy(float)),
            "high": np.exp(wide.max(axis=1).to_numpy(float)),
            "subjects": wide.notna().sum(axis=1).to_numpy(int),
            "agree": (np.sign(wide.to_numpy(float)) == np.sign(median.to_numpy(float))[:, None]).sum(axis=1),
            "log": median.to_numpy(float),
        }
    )
    # a pair says more in the subjects that have it, the more of them agree, and the further from chance it is
    share = table["agree"] / max(int(table["subjects"].max()) if len(table) else 1, 1)
    order = (share * table["log"].abs()).sort_values(ascending=False, kind="stable").index
    what = "beyond the tissue they share" if _has_odds(inputs) else "against chance over the whole image"
    return table.loc[order].reset_index(drop=True), what


def _consistent(pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs of the figure, from the most to the least in contact."""
    return pairs.head(SHOWN).sort_values("log", ascending=False, kind="stable").reset_index(drop=True)


def _figure(inputs: Inputs, pairs: pd.DataFrame) -> charts.Figure:
    place = {(row[k.SOURCE], row[k.TARGET]): i for i, row in enumerate(pairs.to_dict("records"))}
    dots = by_subject(inputs)
    at = np.array([place.get(pair, np.nan) for pair in zip(dots[k.SOURCE], dots[k.TARGET], strict=True)], dtype=float)
    dots = dots.assign(row=at).dropna(subset="row")
    dots = dots.assign(
        log2=dots["log"] / np.log(2),
        times=[ratio(float(np.exp(value))) for value in dots["log"]],
        pair=[pairs["pair"][int(i)] for i in dots["row"]],
        side=np.where(dots["log"] > 0, ABOVE, BELOW),
    )
    dots = dots.sort_values(["row", "subject"], kind="stable").reset_index(drop=True)
    medians = pd.DataFrame({"x": pairs["log"] / np.log(2), "low": pairs.index - 0.3, "high": pairs.index + 0.3})
    medians["by"] = "median"
    reading = (
        "Each dot is a subject; the short line is the median of the subjects. Right of 1 the two types touch more than "
        "chance has it, left of it less."
    )
    hover = {"pair": "", "subject": "subject", "times": "times"}
    layers: list[charts.Layer] = [
        charts.Mark(0),
        charts.Dots(dots, "log2", "row", "side", COLOURS, hover=hover),
        charts.Lines(medians, "x", "low", "x", "high", "by", {"median": BRIGHT[1]}, width=2.4),
    ]
    names = charts.Axis(kind="names", names=list(pairs["pair"]))
    chart = charts.Chart(
        [charts.Panel(layers, charts.Axis("times", kind="ratio"), names)],
        *(6.6, 1.1 + 0.3 * len(pairs)),
        legend=COLOURS,
        legend_marker="o",
    )
    columns = ["pair", "subject", "log2", "times"]
    return charts.Figure(
        "within_subjects", "Contacts, subject by subject", reading, dots[[*columns, "row", "side"]], chart
    )
