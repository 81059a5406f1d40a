"""What the comparison found, in the words of `effects.json`, each sentence with a link to the figure that shows it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from tumint import families
from tumint import keys as k
from tumint.report.engine import words
from tumint.report.engine.inputs import Inputs
from tumint.report.engine.page import Finding
from tumint.report.response.contrasts import FOREST_ROWS, Contrast, contrasts
from tumint.report.response.spread import spread
from tumint.report.response.tour import anchor, stops_of
from tumint.text import integer, setting

MOST = 8  # findings of one contrast on the first screen


def findings(inputs: Inputs, most: int = MOST, page: str = "") -> list[Finding]:
    """All contrasts and outcomes in words.

    Parameters
    ----------
    most
        Sentences of a contrast; its table holds all.
    page
        The page that the figures are on; empty: this one.
    """
    said = [
        finding
        for contrast in contrasts(inputs)
        for finding in of_contrast(contrast, most, page, {stop.name for stop in stops_of(inputs, contrast)})
    ]
    for outcome in inputs.json("response/effects.json").get("outcomes", []):
        said += _of_outcome(outcome, most, page)
    return said


def heading(inputs: Inputs) -> str:
    """What stands above the first sentences: they are findings only where something was tested."""
    outcomes = inputs.json("response/effects.json").get("outcomes", [])
    return "Findings" if outcomes or any(contrast.testable for contrast in contrasts(inputs)) else "In short"


def sentences(facts: Mapping[str, Any], *, short: bool = False) -> dict[str, str]:
    """Words of every finding by the `id` of its feature; `short`: without the evidence that its own page shows."""
    return {
        f"{row[k.FAMILY]}:{row[k.FEATURE]}": row.get("short", row["words"]) if short else row["words"]
        for row in facts.get("findings", [])
    }


def of_contrast(contrast: Contrast, most: int = MOST, page: str = "", stops: Collection[str] = ()) -> list[Finding]:
    """One sentence over all, then one per finding of a primary family; where there is none, what could be seen.

    `stops`: names of those whose cells are shown, see `response.tour`.
    """
    facts, effects = contrast.facts, contrast.effects
    head = words.contrast_head(effects, facts, contrast.fdr)
    asked = _asked(contrast, page)
    if not contrast.testable:
        largest = [Finding(text, f"forest_{contrast.name}", page) for text in facts.get("largest", [])]
        return [Finding(head), *largest]
    hits = contrast.primary[contrast.primary["significant"]]
    if hits.empty:
        return [*asked, Finding(head), *map(Finding, without(contrast)[:1])]
    said = sentences(facts, short=bool(page))
    known = {f"{one[k.FAMILY]}:{one[k.FEATURE]}" for one in facts.get("primary", [])}  # told already
    shown = spread(hits[hits["id"].isin(list(said)) & ~hits["id"].isin(known)], most)
    stop_of = {row: name if (name := anchor(contrast, row)) in stops else "" for row in shown}
    found = [Finding(said[row], contrast.figure_of(row), page, cells=stop_of[row]) for row in shown]
    rest = len(hits) - len(shown) - int(hits["id"].isin(known).sum())
    if rest > 0:
        name = f"findings_{contrast.name}"
        found.append(Finding(f"And {integer(rest)} more, by q within their families.", name, page, "all findings"))
    return [*asked, Finding(head), *found]


def _asked(contrast: Contrast, page: str) -> list[Finding]:
    """What was named before looking, found or not."""
    rows = contrast.facts.get("primary", [])
    if not rows:
        return []
    hits = sum(bool(row["found"]) for row in rows)
    head = f"Named before looking, and corrected for each other alone: {integer(hits)} of {integer(len(rows))} at q < "
    said = [
        Finding(row["short"] if page else row["words"], contrast.figure_of(f"{row[k.FAMILY]}:{row[k.FEATURE]}"), page)
        for row in rows
    ]
    return [Finding(f"{head}{setting(contrast.fdr)}."), *said]


def without(contrast: Contrast) -> list[str]:
    """For every primary family without a finding, the effect that this cohort would have shown."""
    silent = [family for family in contrast.facts.get("families", []) if family.get("nothing")]
    primary = [one for one in silent if not (known := families.find(one[k.FAMILY])) or known.primary]
    return [str(one["nothing"]) for one in sorted(primary, key=lambda one: families.rank(one[k.FAMILY]))]


def table(contrast: Contrast) -> pd.DataFrame:
    """Every finding with its sentence and numbers, primary families first."""
    said = sentences(contrast.facts)
    grades = {f"{row[k.FAMILY]}:{row[k.FEATURE]}": row.get("grade") for row in contrast.facts.get("findings", [])}
    hits = contrast.effects[contrast.effects["significant"]]
    hits = hits.assign(words=hits["id"].map(said), grade=hits["id"].map(grades))
    return hits.dropna(subset="words")


def _of_outcome(outcome: Mapping[str, Any], most: int, page: str) -> list[Finding]:
    rows = outcome.get("findings", [])
    if not rows:
        return [Finding(str(outcome.get("nothing", "")))]
    drawn, listed = f"forest_{outcome['name']}", f"outcome_{outcome['name']}"
    head = f"{outcome['name']}: {integer(len(rows))} of {integer(outcome['n_tested'])} features go with it."
    said = [Finding(row["words"], drawn, page) for row in rows[: min(most, FOREST_ROWS)]]
    return [Finding(head, listed, page, "all of them"), *said]
