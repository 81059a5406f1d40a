"""The demo config holds the defaults, the workflow lints, and jobs ask for what their inputs need."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tumint import jobs
from tumint.config import Config
from tumint.errors import TumintError

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "config" / "config.yaml"


def test_the_demo_config_holds_the_defaults_it_calls_so():
    written = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    # the demo's own types, which the file says are no default
    assert DEMO.read_text(encoding="utf-8").count("Default: none") == 2
    del written["neighbourhood"]["niches"]["split_by"], written["neighbourhood"]["networks"]
    config = Config.model_validate(written)
    for name in ("ingest", "cluster", "neighbourhood", "report"):
        section = getattr(config, name)
        assert section == type(section)(), name
    assert config.qc.model_copy(update={"area_um2": None, "dna": None, "total": None}) == type(config.qc)().model_copy(
        update={"area_um2": None, "dna": None, "total": None}
    )


@pytest.mark.whole
def test_lint_finds_only_that_rules_share_one_environment(finished, snakemake):
    # One locked environment holds Snakemake and every command (`make env`), so no rule names one of its own.
    done = snakemake("--configfile", "config.yaml", "--lint", cwd=finished)
    lints = [line.strip() for line in done.stderr.splitlines() if line.startswith("    * ")]
    assert set(lints) == {"* Specify a conda environment or container for each rule.:"}


def test_rows_hold_nothing_of_the_design():
    sheet = pd.DataFrame({"sample": ["a", "b"], "path": ["x", "y"], "pixel_size_um": [1.0, 0.5], "arm": ["p", "q"]})
    assert json.loads(jobs.rows_json(sheet, ["b"])) == [{"sample": "b", "path": "y", "pixel_size_um": 0.5}]


def test_memory_grows_with_input_and_attempt():
    small, large = (jobs.memory_mb("cluster", size, 1) for size in (1, 1000))
    assert 700 <= small < large
    assert jobs.memory_mb("cluster", 1000, 3) == 3 * large
    assert jobs.memory_mb("response", 0, 1) == 700


def test_batches_of_an_earlier_run_go_and_nothing_else(tmp_path):
    kept = ["ingest/b0001.h5ad", "qc/b0001.cells.parquet", "qc/bystander.txt", "cluster/b0002.h5ad", "ingest/b2.h5ad"]
    gone = ["ingest/b0002.edges.parquet", "neighbourhood/b0002/interactions.parquet", "qc/b0003.h5ad"]
    for name in kept + gone:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    jobs.remove_other_batches(tmp_path, ["b0001"])
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()) == sorted(kept)


def test_a_folder_that_cannot_be_written_is_told_with_the_lock(tmp_path):
    (tmp_path / "results").touch()
    with pytest.raises(TumintError, match=r"results/demo/\.lock: expected a folder that can be written, found `"):
        jobs.hold_lock(tmp_path / "results" / "demo" / ".lock")


def test_faults_are_read_from_logs_of_this_run(tmp_path):
    old, new = tmp_path / "old.log", tmp_path / "new.log"
    old.write_text("tumint: old\n")
    os.utime(old, (1, 1))
    new.write_text("progress\ntumint: cells.csv: expected a column, found none.\n")
    assert jobs.faults_in_logs(tmp_path, since=2) == [f"tumint: cells.csv: expected a column, found none. ({new})"]


def test_faults_of_earlier_runs_go_with_their_logs(tmp_path):
    for name, text in (
        ("told.log", "progress\ntumint: cells.csv: expected a column, found none.\n"),
        ("ok.log", "done\n"),
    ):
        (tmp_path / name).write_text(text)
    jobs.remove_told(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["ok.log"]
    jobs.remove_told(tmp_path / "none")
