"""The first screen of every report, word for word; and no number in it that a table of the reports does not hold.

Of a small simulated cohort always; of the demo and of the real cohorts, which the workflow has to have run through, in
the drill. After a change that was meant: `TUMINT_SNAPSHOT=write pytest tests/report/test_first_screen.py`, and read
what differs.
"""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path

import pandas as pd
import pytest

from tumint.config import load_cohort, load_params, stage_params
from tumint.report.engine import formats
from tumint.report.engine.inputs import Inputs
from tumint.report.engine.page import Finding, Page, Table
from tumint.report.index import page as index
from tumint.text import NBSP, integer

pytestmark = pytest.mark.long  # pages are drawn

ROOT = Path(__file__).parents[2]
KEPT = Path(__file__).with_name("first_screen.txt")
COHORTS = ("demo", "luad_cycif", "mouse_lung_scrna", "mouse_tumour_codex", "nsclc_mif")
PAGES = ("index", *index.PAGES)
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:e-\d+)?(?![\w])")


def built(written: object, page: str) -> Page:
    inputs = Inputs.load(written.params, written.results, written.sheet)
    return importlib.import_module(f"tumint.report.{page}.page").build(inputs)


def sentences(page: Page) -> list[str]:
    return [finding.text if isinstance(finding, Finding) else finding for finding in page.findings]


def first_screen(page: Page) -> str:
    lines = [f"== {page.stage}: {page.title}", page.lead, f"[{page.state.light}] {' | '.join(page.state.reasons)}"]
    lines += [f"{number.label}: {number.value} {number.note}".rstrip() for number in page.numbers]
    return "\n".join([*lines, *(f"- {text}" for text in sentences(page))]).replace(NBSP, " ")


def test_the_first_screens_say_what_they_said(make) -> None:
    written = make(subjects=8, cells=400)
    _kept(KEPT, [first_screen(built(written, page)) for page in PAGES])


@pytest.mark.slow
@pytest.mark.parametrize("name", COHORTS)
def test_the_first_screens_of_cohorts_say_what_they_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    cohort = load_cohort(Path("config", "config.yaml" if name == "demo" else f"cohorts/{name}.yaml"))
    results = Path(cohort.config.results, cohort.config.cohort)
    if not (results / "reports" / "index.html").exists():
        pytest.fail(f"{results} has no reports: `make drill` makes them first")
    params = load_params(stage_params(cohort.config, cohort.panel, "report"))
    inputs = Inputs.load(params, results, Path(cohort.config.samples))
    pages = [importlib.import_module(f"tumint.report.{page}.page").build(inputs) for page in PAGES]
    _kept(KEPT.with_name("first_screens") / f"{name}.txt", [first_screen(page) for page in pages])


def _kept(file: Path, screens: list[str]) -> None:
    said = "\n\n".join(screens) + "\n"
    if os.environ.get("TUMINT_SNAPSHOT") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(said, encoding="utf-8")
    assert said == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_every_number_in_words_is_one_of_a_table(make, page: str) -> None:
    written = make(subjects=8, cells=400)
    mine = built(written, page)
    pages = [mine] if page != "index" else [mine, built(written, "response")]
    shown: set[str] = {"95", "0.1", "0.5", "1"}  # of intervals, the rate asked for, and limits that the config names
    for one in pages:
        for number in one.numbers:
            shown |= set(NUMBER.findall(f"{number.value} {number.note}"))
        for table in (block for section in one.sections for block in section.blocks if isinstance(block, Table)):
            shown |= _cells(table)
    unheard = {number for text in sentences(mine) for number in NUMBER.findall(text)} - shown
    assert unheard == set()


def _cells(table: Table) -> set[str]:
    """Every number as the table shows it, medians, how many rows there are, and how many of each value of a column."""
    found = {integer(len(table.frame))}
    for column in table.columns:
        if column.key in table.frame:
            texts = [formats.cell(value, column.kind) for value in table.frame[column.key]]
            found |= {number for text in texts for number in NUMBER.findall(text)}
            found |= {integer(texts.count(text)) for text in set(texts)}
            if pd.api.types.is_numeric_dtype(table.frame[column.key]):
                found |= set(NUMBER.findall(formats.cell(float(table.frame[column.key].median()), column.kind)))
    return found
