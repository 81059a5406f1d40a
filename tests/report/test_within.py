"""The index of a cohort that compares no groups: what holds within its samples, against an own count."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.config.model import StageParams
from tumint.report.engine import render
from tumint.report.engine.inputs import Inputs
from tumint.report.index import ending, within
from tumint.response import stage as response

pytestmark = pytest.mark.long  # pages are drawn


@pytest.fixture(scope="module")
def alone(make, tmp_path_factory):
    """alone(**plan): a cohort whose config has no contrast."""

    def cohort(**fields: object):
        cohort = make(subjects=4, rois=2, **fields)
        results = tmp_path_factory.mktemp("alone") / "results"
        shutil.copytree(cohort.results, results)
        settings = StageParams.model_validate({"response": {"contrasts": []}, "seed": 1})
        response.run(settings, results / "neighbourhood/features.parquet", cohort.sheet, results / "response")
        return replace(cohort, results=results)

    return cohort


def _inputs(cohort) -> Inputs:
    return Inputs.load(cohort.params, cohort.results, cohort.sheet)


def test_values_of_subjects_are_what_the_comparison_takes(alone):
    """The contact odds ratio of a subject here is the value of the family `interaction` there."""
    cohort = alone()
    mine = within.by_subject(_inputs(cohort)).set_index(["subject", k.SOURCE, k.TARGET])["log"]
    theirs = pd.read_parquet(cohort.results / "response/subjects.parquet")
    theirs = theirs[(theirs[k.FAMILY] == k.FAMILY_INTERACTION) & (theirs[k.STATUS] == k.TESTED)]
    checked = 0
    for row in theirs.to_dict("records"):
        source, target = str(row[k.FEATURE]).split(k.PAIR_SEPARATOR)
        if k.UNCLASSIFIED in (source, target):
            continue
        assert mine[(row[k.SUBJECT], source, target)] == pytest.approx(row[k.VALUE], abs=1e-9)
        checked += 1
    assert checked > 10


def test_the_index_tells_the_strongest_contacts_with_their_subjects(alone, tmp_path: Path):
    cohort = alone()
    inputs = _inputs(cohort)
    said = [finding.text for finding in within.findings(inputs)]
    assert said[0].startswith("No groups are compared, so this is what holds within 4 subjects")
    logs = within.by_subject(inputs).pivot_table(index=[k.SOURCE, k.TARGET], columns="subject", values="log")
    (section,) = within.sections(inputs)
    table = next(block for block in section.blocks if getattr(block, "name", "") == "within_pairs").frame
    for row in table.to_dict("records"):
        values = logs.loc[(row[k.SOURCE], row[k.TARGET])].dropna()
        assert row["times"] == pytest.approx(float(np.exp(np.median(values))))
        assert (row["subjects"], row["agree"]) == (
            len(values),
            int((np.sign(values) == np.sign(values.median())).sum()),
        )
    assert f"{table['pair'][0]} (" in " ".join(said)
    assert "of 4 subjects)" in " ".join(said)
    out = cohort.results / "reports" / "index.html"
    render.run("index", cohort.params, cohort.results, cohort.sheet, out)
    page = out.read_text(encoding="utf-8")
    assert "Nothing was compared yet" not in page
    assert "Within the samples" in page
    assert (cohort.results / "figures/index/within_subjects.svg").is_file()


def test_without_places_the_types_are_told(alone):
    (said,) = within.findings(_inputs(alone(located=False, domains=False, edges=False)))
    assert "no pair of types could be tested for contact. The most common types: " in said.text


def test_a_cohort_with_groups_says_nothing_of_it(make):
    cohort = make(subjects=4, rois=2)
    page = render.importlib.import_module("tumint.report.index.page").build(_inputs(cohort))
    assert "Within the samples" not in [section.title for section in page.sections]


def test_the_end_of_a_run_says_where_what_and_what_was_lost(alone, make):
    cohort = alone()
    index = cohort.results / "reports" / "index.html"
    index.parent.mkdir(exist_ok=True)
    index.write_text("x")
    where, found, lost = ending.lines(cohort.params, cohort.results, cohort.sheet)
    assert where == f"tumint: the report: {index}"
    assert found.startswith("tumint: found: No groups are compared, so this is what holds within 4 subjects")
    assert lost == "tumint: lost: no sample of 8."
    cohort = make(subjects=4, rois=2)
    found = ending.lines(cohort.params, cohort.results, cohort.sheet)[-2]
    assert found.startswith("tumint: found: arms")


def test_the_end_of_a_run_names_lost_samples(make, tmp_path: Path):
    cohort = make(subjects=4, rois=2)
    results = tmp_path / "results"
    shutil.copytree(cohort.results, results)
    path = min((results / "qc").glob("b*.metrics.parquet"))
    from tumint.io import contracts
    from tumint.io.tables import read_meta, read_table, write_table

    table = read_table(path, contracts.QC_METRICS)
    table.loc[0, [k.STATUS, k.REASON]] = ["fail", "12 cells pass, fewer than 50 (`min_cells`)"]
    write_table(table, path, contracts.QC_METRICS, meta=read_meta(path))
    lost = ending.lines(cohort.params, results, cohort.sheet)[-1]
    assert lost == (
        f"tumint: lost: 1 sample of 8: {table[k.SAMPLE][0]} (12 cells pass, fewer than 50 (`min_cells`)); "
        "no subject is without a sample."
    )


def test_pages_tell_of_a_contrast_that_could_not_be_computed(make, tmp_path: Path):
    cohort = make(subjects=4, rois=2)
    results = tmp_path / "results"
    shutil.copytree(cohort.results, results)
    arms = {"name": "arms", "column": "arm", "reference": "vehicle", "group": "treated"}
    nowhere = {"feature": "no|where", "family": k.FAMILY_INTERACTION, "quantile": 0.5, "keep": "high"}
    asked = [{**arms, "name": "bad", "subset": [nowhere]}, arms]
    settings = StageParams.model_validate({"response": {"contrasts": asked}, "seed": 1})
    response.run(settings, results / "neighbourhood/features.parquet", cohort.sheet, results / "response")
    for name in ("response", "index"):
        out = results / "reports" / f"{name}.html"
        render.run(name, cohort.params, results, cohort.sheet, out)
        page = out.read_text(encoding="utf-8")
        assert "bad: not compared: contrast bad:" in page
    found = ending.lines(cohort.params, results, cohort.sheet)[-2]
    assert "arms (arm: treated against vehicle)" in found  # the strongest is told, and not the one that failed
    assert "Not compared: bad." in found
