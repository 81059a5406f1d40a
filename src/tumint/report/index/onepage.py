"""The findings of a cohort on one page, for a slide or a figure: PDF and SVG, as wide as columns of journals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from tumint import keys as k
from tumint.charts.still import Sheet, draw_sheet, pdf, svg
from tumint.io.atomic import write_bytes
from tumint.report.engine import words
from tumint.report.engine.files import SUMMARY_MM, summary_names
from tumint.report.engine.inputs import Inputs
from tumint.report.engine.page import Download, Finding, Page, Section, Text
from tumint.report.index import matters
from tumint.report.response.contrasts import Contrast, contrasts
from tumint.report.response.spread import fitting
from tumint.text import fixed, integer, listed, plural, ratio

_ROWS = {89: 14, 183: 22}  # findings that fit
COLUMNS = ("What differs", "In", "Effect (95 % interval)", "n", "Grade")
KINDS = {"svg": "image/svg+xml", "pdf": "application/pdf"}
_SENTENCES = 6  # where there are no groups to compare


def with_summary(page: Page, inputs: Inputs, folder: Path) -> Page:
    """Write the files into `folder`; the page with a section to save them from."""
    saved: list[Download] = []
    drawings = {width: draw_sheet(sheet(inputs, page, width), width) for width in SUMMARY_MM}
    for name, (width, kind) in summary_names(inputs.params.cohort).items():
        data = pdf(drawings[width]) if kind == "pdf" else svg(drawings[width]).encode()
        write_bytes(folder / name, data)
        what = f"{'one column' if width == min(SUMMARY_MM) else 'two columns'} of a journal, {kind.upper()}"
        saved.append(Download(name, what, data, KINDS[kind]))
    said = Text(
        "The findings on one page, for a slide, a paper or the printer. Text stays text, so that it can be edited."
    )
    return replace(page, sections=[*page.sections, Section("One-page summary", [said, *saved])])


def sheet(inputs: Inputs, page: Page, width: int) -> Sheet:
    """What the page says: the first contrast that found something, else what was looked for."""
    params = inputs.params
    known = contrasts(inputs)
    first = next((contrast for contrast in known if len(matters.graded(contrast))), None)
    title = " · ".join(filter(None, (params.cohort, params.title)))
    warning = "SIMULATED data: no animal was measured" if params.simulated else ""
    if first is None:
        told = [(one.text if isinstance(one, Finding) else one).replace("`", "") for one in page.findings]
        return Sheet(title, [page.lead, *told[:_SENTENCES]], warning=warning)
    rows = matters.graded(first)
    shown = fitting(rows, _ROWS[width])
    pairs = rows[rows[k.FAMILY] == k.FAMILY_INTERACTION].head(matters.MOST)
    panels = matters.rings(first, pairs)[0] if len(pairs) else []
    return Sheet(
        title,
        [page.lead, *(words.contrast_head(contrast.effects, contrast.facts, contrast.fdr) for contrast in known)],
        panels,
        matters.COLOURS,
        "contact",
        COLUMNS,
        _table(shown),
        _foot(first, shown, len(pairs) > 0, len(rows)),
        warning,
    )


def _table(rows: pd.DataFrame) -> Sequence[Sequence[str]]:
    def times(row: Mapping[Any, Any]) -> str:
        numbers = [float(row[name]) for name in ("times", "times_low", "times_high")]
        if pd.isna(numbers[0]):  # a family of chances has no ratios
            return _difference(row)
        interval = "" if pd.isna(numbers[1]) else f" ({ratio(numbers[1])} to {ratio(numbers[2])})"
        return f"{ratio(numbers[0])}×{interval}"

    return [
        (str(row["name"]), str(row["family_name"]), times(row), str(row["versus"]), str(row["grade"]))
        for row in rows.to_dict("records")
    ]


def _difference(row: Mapping[Any, Any]) -> str:
    low, high = (float(row[name]) for name in ("ci_low", "ci_high"))
    interval = "" if pd.isna(low) else f" ({fixed(low)} to {fixed(high)})"
    return f"{fixed(float(row['effect']), plus=True)}{interval}"


def _foot(contrast: Contrast, rows: pd.DataFrame, drawn: bool, found: int) -> list[str]:
    group, reference = contrast.facts["group"], contrast.facts["reference"]
    said = [f"×: {group} divided by {reference}; n: subjects, {reference} v {group}."]
    if rows["times"].isna().any():
        said[0] += f" Effects without ×: the chance in {group} less that in {reference}."
    if drawn:
        said.append(
            "Lines join types whose contact differs, the thicker the further from chance; numbers are contact odds "
            "ratios; a dashed line is a finding that is not solid."
        )
    reasons = dict.fromkeys(f"{row['name']}: {row['why']}" for row in rows.to_dict("records") if row["why"])
    if reasons:
        said.append(f"Why a grade is not solid: {listed(reasons, 4)}.")
    if found > len(rows):
        said.append(f"{plural(found - len(rows), 'more finding')} of {integer(found)}: see the report.")
    return said
