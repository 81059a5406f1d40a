"""The index of a cohort: what it is, how every stage went, what was found, how many cells came through."""

from __future__ import annotations

import importlib

import pandas as pd

from tumint import keys as k
from tumint.io import contracts
from tumint.report.engine import runs
from tumint.report.engine.inputs import Inputs
from tumint.report.engine.page import (
    Column,
    Download,
    Finding,
    Items,
    Light,
    Number,
    Page,
    Section,
    State,
    Table,
    Text,
    state,
)
from tumint.report.index import against, matters, reproduce, within
from tumint.report.response.findings import findings, heading
from tumint.stages import STAGES
from tumint.text import MISSING, integer, listed, percent, plural

PAGES = {name: importlib.import_module(f"tumint.report.{name}.page") for name in STAGES}
COLUMNS = (
    Column("stage", "Stage"),
    Column("word", "State", "light"),
    Column("subjects", "Subjects", "int"),
    Column("rois", "ROIs", "int"),
    Column("cells_in", "Cells in", "int"),
    Column("cells_out", "Cells out", "int"),
    Column("kept", "Kept", "percent"),
    Column("reasons", "Why"),
)


def build(inputs: Inputs) -> Page:
    """The page."""
    states = {name: page.stage_state(inputs) for name, page in PAGES.items()}
    table = counts(inputs, states)
    design = [_spread(inputs, name) for name in inputs.design[:4]]
    subjects = inputs.sheet[k.SUBJECT].nunique()
    found: list[Finding | str] = [*findings(inputs, most=10, page="response")]
    if found and (left := matters.not_compared(inputs)):
        found.append(left)
    facts = inputs.json("response/effects.json")
    alone = bool(facts) and not facts.get("contrasts")  # no groups are compared: what holds within the samples is told
    return Page(
        stage="index",
        title=inputs.params.title or inputs.params.cohort or "Overview",
        lead=f"{plural(subjects, 'subject')}, {plural(len(inputs.samples), 'ROI')}."
        + (f" By {'; by '.join(design)}." if design else ""),
        state=_overall(states),
        numbers=(
            Number("Subjects", integer(subjects)),
            Number("ROIs", integer(len(inputs.samples)), "in the sheet"),
            Number("Cells read", _last(table, "ingest")),
            _went_on(inputs, table),
        ),
        findings_title=heading(inputs),
        findings=[*(within.findings(inputs) if alone else []), *found] or ["Nothing was compared yet."],
        sections=(
            *matters.sections(inputs),
            *(within.sections(inputs) if alone else []),
            Section(
                "From raw tables to findings",
                [Table("stages", "What came in and what went on, stage by stage.", COLUMNS, table)],
            ),
            *_since(inputs),
            *_again(inputs),
        ),
        links={name: stage.says for name, stage in STAGES.items()},
        method=[
            *_excluded(inputs),
            *(text for page in PAGES.values() for text in page.method(inputs)),
            "The subject is the unit of inference throughout. The reports of the stages name their sources.",
        ],
        citations=(),
    )


def _excluded(inputs: Inputs) -> list[str]:
    """What was left out and why, for a paper."""
    said = [f"{name} ({why})" for name, why in inputs.params.exclude.items()]
    return [f"Excluded from all analyses: {listed(said, len(said))}."] if said else []


def _since(inputs: Inputs) -> list[Section]:
    """What is different since the run before this one."""
    if inputs.previous is None:
        return []
    changes = runs.compare(inputs.previous, runs.summarise(inputs))
    tables = [block for section in against.sections(changes) for block in section.blocks if isinstance(block, Table)]
    return [Section("Since the run before", [Items(changes.said), *tables])]


def _again(inputs: Inputs) -> list[Section]:
    """The config that gives this run again."""
    config, panel = reproduce.config(inputs.metas, inputs.params, inputs.sheet_name)
    files = [Download(f"{inputs.params.cohort or 'cohort'}.yaml", "the config of this run, every key", config)]
    files += [Download(reproduce.PANEL_FILE, "the panel that it names", panel)] if panel else []
    said = (
        "With these, the sample sheet and the raw tables, whose SHA-256 the report of ingest lists, `tumint run` gives "
        "the same numbers."
    )
    return [Section("Run it again", [Text(said), *files])] if config else []


def _spread(inputs: Inputs, column: str) -> str:
    """`arm: vehicle (4), treated (4)` in subjects."""
    of_subject = inputs.sheet.drop_duplicates(k.SUBJECT)[column]
    sizes = of_subject.value_counts(sort=False)
    return f"{column}: " + ", ".join(f"{level or 'none given'} ({n})" for level, n in sizes.items())


def _overall(states: dict[str, State]) -> State:
    reasons: list[tuple[Light, str]] = [
        (value.light, f"{STAGES[name].title}: {reason}")
        for name, value in states.items()
        if value.light != "green"
        for reason in value.reasons
    ]
    return state(reasons, "Every stage went well.")


def counts(inputs: Inputs, states: dict[str, State]) -> pd.DataFrame:
    """One row per stage: subjects, ROIs and cells."""
    found = []
    for name, page in PAGES.items():
        passed = page.passed(inputs)
        unique, n_in, n_out = set(passed.samples), passed.cells_in, passed.cells_out
        found.append(
            {
                "stage": STAGES[name].title,
                "word": states[name].word,
                "subjects": len({inputs.subject_of[s] for s in unique if s in inputs.subject_of}),
                "rois": len(unique),
                "cells_in": n_in,
                "cells_out": n_out,
                "kept": n_out / n_in if n_in and n_out is not None else None,
                "reasons": listed(list(states[name].reasons), 3),
            }
        )
    return pd.DataFrame(found)


def _went_on(inputs: Inputs, table: pd.DataFrame) -> Number:
    """Cells that were scored; of cells without a place, where none is, those that have been given a type."""
    scored = _last(table, "neighbourhood")
    typed = scored in ("0", MISSING)
    return Number(
        "Cells typed" if typed else "Cells scored", _last(table, "cluster") if typed else scored, _unclassified(inputs)
    )


def _unclassified(inputs: Inputs) -> str:
    """The share of cells without a type, beside the number of cells."""
    types = inputs.table("cluster/cells.parquet", contracts.CELLS, columns=(k.SAMPLE, k.CELL_TYPE), optional=True)
    share = float((types[k.CELL_TYPE] == k.UNCLASSIFIED).mean()) if len(types) else 0.0
    return f"{percent(share)} of them unclassified" if share else "all with a type"


def _last(table: pd.DataFrame, stage: str) -> str:
    value = table.loc[table["stage"] == STAGES[stage].title, "cells_out"].iloc[0]
    return integer(value)
