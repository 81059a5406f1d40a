"""What changed between runs, and the config that gives a run again."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from tumint import families
from tumint import keys as k
from tumint.cli import main
from tumint.config.load import validate
from tumint.config.model import Config, StageParams, stage_params
from tumint.config.panel import Panel
from tumint.io import contracts
from tumint.io.tables import read_table, write_table
from tumint.report.engine import render, runs
from tumint.report.index import reproduce

pytestmark = pytest.mark.long  # pages are drawn

ROOT = Path(__file__).parents[2]
RUN: dict[str, Any] = {
    "format": runs.FORMAT,
    "tumint": "0.1.0",
    **{"cohort": "a", "title": "A", "source": "", "simulated": True},
    "settings": {"qc": {"qc": {"min_cells": 50, "area_um2": {"min": 10.0}}}},
    "code": {"qc": "x", "response": "y"},
    "subjects": {"M0_R1": "M0", "M1_R1": "M1"},
    "cells": {"M0_R1": 100, "M1_R1": 200},
    "types": {"A": 250, "B": 50},
    "fdr": 0.1,
    "contrasts": {
        "arms": {
            "interaction\tA – B": [1.0, 0.05],
            "interaction\tA – A": [0.5, 0.2],
            "density\tA": [-0.5, 0.09],
            "density\tB": [0.1, 0.900],
        }
    },
}


def changed(**edits: Any) -> dict[str, Any]:
    run = copy.deepcopy(RUN)
    for path, value in edits.items():
        *parents, last = path.split("__")
        place = run
        for name in parents:
            place = place[name]
        place[last] = value
    return run


def test_equal_runs_differ_in_nothing() -> None:
    found = runs.compare(RUN, copy.deepcopy(RUN))
    assert found.said == ["Nothing is different."]
    assert [len(t) for t in (found.settings, found.types, found.features)] == [0, 0, 0]


def test_every_kind_of_change_is_said_and_stands_in_a_table() -> None:
    after = changed(
        settings__qc__qc__area_um2__min=12.0,
        code__qc="z",
        subjects={"M0_R1": "M0", "M1_R1": "M1", "M2_R1": "M2", "M2_R2": "M2"},
        cells={"M0_R1": 90, "M1_R1": 200, "M2_R1": 10, "M2_R2": 30},
        types={"A": 250, "C": 80},
    )
    after["contrasts"]["arms"] = {
        "interaction\tA – B": [-1.0, 0.05],  # turned
        "interaction\tA – A": [0.5, 0.03],  # gained
        "density\tA": [-0.5, 0.11],  # lost
        "density\tB": [0.1, 0.91],  # within a twentieth: the same
        "density\tC": [0.1, 0.91],  # new
    }
    found = runs.compare(RUN, after)
    assert found.said == [
        "2 ROIs added: M2_R1 and M2_R2.",
        "1 subject added: M2.",
        "300 cells before, 330 now (10.0\u00a0% more); 1 ROI of both runs with another number of cells.",
        "1 cell type new: C.",
        "1 cell type gone: B.",
        "1 setting changed: qc.area_um2.min.",
        "Other code ran in qc.",
        "arms: q of 2 in contact changed, q of 1 in density changed and 1 feature new.",
        "Now below the false discovery rate: A – A.",
        "No longer below it: A.",
        "Below it in both runs, in the other direction: A – B.",
    ]
    assert found.settings.to_dict("records") == [{"setting": "qc.area_um2.min", "before": "10.0", "after": "12.0"}]
    assert found.types.to_dict("records") == [
        {k.CELL_TYPE: "B", "before": 50, "after": 0},
        {k.CELL_TYPE: "C", "before": 0, "after": 80},
    ]
    assert dict(zip(found.features["name"], found.features["change"], strict=True)) == {
        **{"A – B": runs.TURNED, "A – A": runs.GAINED, "A": runs.LOST, "C": runs.ADDED}
    }


def test_a_run_is_kept_once_and_compared_with_the_one_before(tmp_path: Path) -> None:
    first, second = RUN, changed(fdr=0.2)
    assert runs.record(tmp_path, first) is None
    assert runs.record(tmp_path, first) is None
    assert runs.record(tmp_path, second) == first
    kept = {path.name: path.read_bytes() for path in (tmp_path / "runs").iterdir()}
    assert sorted(kept) == ["0001.json", "0002.json"]
    assert runs.record(tmp_path, second) == first
    assert {path.name: path.read_bytes() for path in (tmp_path / "runs").iterdir()} == kept
    assert runs.record(tmp_path, first) == second
    assert runs.newest(tmp_path) == first
    (tmp_path / "runs" / "0002.json").unlink()
    assert runs.record(tmp_path, first) == first  # what is left


def test_the_index_says_what_changed_since_the_run_before(cohorts, tmp_path: Path) -> None:
    written = cohorts.write(tmp_path, cohorts.Plan(subjects=4, rois=1))
    out = written.results / "reports/index.html"
    render.run("index", written.params, written.results, written.sheet, out)
    assert "Since the run before" not in out.read_text(encoding="utf-8")
    path = written.results / "response/effects.parquet"
    effects = read_table(path)
    row = effects.index[effects["q"].notna()][0]
    effects.loc[row, "q"] = 0.99 if effects.loc[row, "q"] < 0.5 else 0.01
    write_table(effects, path, contracts.EFFECTS)
    render.run("index", written.params, written.results, written.sheet, out)
    text = out.read_text(encoding="utf-8")
    assert "Since the run before" in text
    assert f"arms: q of 1 in {families.title(effects.loc[row, k.FAMILY])} changed." in text


def test_the_command_line_compares_two_folders(cohorts, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = []
    for name, subjects in (("one", 4), ("two", 6)):
        (tmp_path / name).mkdir()
        written = cohorts.write(tmp_path / name, cohorts.Plan(subjects=subjects, rois=1))
        render.run("index", written.params, written.results, written.sheet, tmp_path / "index.html")
        folders.append(written.results)
    out = tmp_path / "against.html"
    assert main(["report", "--results", str(folders[1]), "--against", str(folders[0]), "-o", str(out)]) == 0
    text = out.read_text(encoding="utf-8")
    assert "2 ROIs added: M4_ROI1 and M5_ROI1." in text
    assert "SIMULATED" in text
    table = pd.read_csv(folders[1] / "figures/against/features.csv")
    assert set(table["change"]) <= {runs.GAINED, runs.LOST, runs.TURNED, runs.MOVED, runs.ADDED, runs.REMOVED}
    assert (folders[1] / "figures/against/effects_against.svg").exists()
    capsys.readouterr()
    assert main(["report", "--results", str(folders[1]), "--against", str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["report", "--results", str(folders[1])]) == 2


@pytest.mark.parametrize("name", ["config.yaml", "cohorts/nsclc_mif.yaml", "cohorts/mouse_tumour_codex.yaml"])
def test_the_config_of_a_report_gives_every_stage_what_it_had(name: str) -> None:
    config = Config.model_validate(yaml.safe_load((ROOT / "config" / name).read_text(encoding="utf-8")))
    panel = None
    if config.panel is not None:
        panel = Panel.model_validate(yaml.safe_load((ROOT / config.panel).read_text(encoding="utf-8")))
    config = config.model_copy(update={"seed": 7})
    stages = ("ingest", "qc", "cluster", "neighbourhood", "response")
    wanted = {stage: StageParams.model_validate_json(stage_params(config, panel, stage)) for stage in stages}
    metas = {stage: {"params": wanted[stage].model_dump(mode="json", exclude_none=True)} for stage in stages}
    params = StageParams.model_validate_json(stage_params(config, panel, "report"))
    text, panel_text = reproduce.config(metas, params, config.samples)
    again = validate(Config, yaml.safe_load(text), "again")
    panel_again = Panel.model_validate(yaml.safe_load(panel_text)) if panel_text else None
    assert (panel_again is None) == (panel is None)
    for stage in (*stages, "report"):
        assert json.loads(stage_params(again, panel_again, stage)) == json.loads(stage_params(config, panel, stage))
    assert (again.samples, again.data) == (config.samples, config.data)


def test_a_key_that_was_emptied_stays_empty() -> None:
    given, defaults = {"a": {"b": 1}}, {"a": {"b": 2, "c": 3}, "d": None, "e": 4}
    assert reproduce._with_nulls(given, defaults) == {"a": {"b": 1, "c": None}, "e": None}
