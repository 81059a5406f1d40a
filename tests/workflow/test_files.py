"""The demo config holds the defaults, the workflow lints, and jobs ask for what their inputs need."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import yaml

from tumint import workflow
from tumint.config import Config

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "config" / "config.yaml"


def test_the_demo_config_holds_the_defaults_it_calls_so():
    config = Config.model_validate(yaml.safe_load(DEMO.read_text(encoding="utf-8")))
    for name in ("ingest", "cluster", "neighbourhood", "report"):
        section = getattr(config, name)
        assert section == type(section)(), name
    assert config.qc.model_copy(update={"area_um2": None, "dna": None, "total": None}) == type(config.qc)().model_copy(
        update={"area_um2": None, "dna": None, "total": None}
    )


def test_lint_finds_only_that_rules_share_one_environment(finished, snakemake):
    # One locked environment holds Snakemake and every command (`make env`), so no rule names one of its own.
    done = snakemake("--configfile", "config.yaml", "--lint", cwd=finished)
    lints = [line.strip() for line in done.stderr.splitlines() if line.startswith("    * ")]
    assert set(lints) == {"* Specify a conda environment or container for each rule.:"}


def test_batches_keep_the_order_of_the_sheet():
    sheet = pd.DataFrame({"sample": list("dacbe"), "path": ["x"] * 5})
    assert workflow.batches(sheet, 2) == {"b0001": ["d", "a"], "b0002": ["c", "b"], "b0003": ["e"]}


def test_rows_hold_nothing_of_the_design():
    sheet = pd.DataFrame({"sample": ["a", "b"], "path": ["x", "y"], "pixel_size_um": [1.0, 0.5], "arm": ["p", "q"]})
    assert json.loads(workflow.rows_json(sheet, ["b"])) == [{"sample": "b", "path": "y", "pixel_size_um": 0.5}]


def test_memory_grows_with_input_and_attempt():
    small, large = (workflow.memory_mb("cluster", size, 1) for size in (1, 1000))
    assert 700 <= small < large
    assert workflow.memory_mb("cluster", 1000, 3) == 3 * large
    assert workflow.memory_mb("response", 0, 1) == 700
