"""docs/cohorts.md: its examples do what they say, on data made for it, and the page is what its script writes."""

from __future__ import annotations

import importlib.util
import shlex
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import yaml

from tumint import jobs
from tumint.cli import main
from tumint.config import load_cohort, stage_params
from tumint.io.cells import read_anndata

ROOT = Path(__file__).parents[2]
spec = importlib.util.spec_from_file_location("cohorts_page", ROOT / "docs" / "cohorts.py")
assert spec is not None
assert spec.loader is not None
docs = importlib.util.module_from_spec(spec)
sys.modules["cohorts_page"] = docs
spec.loader.exec_module(docs)


@pytest.fixture
def made(request, formats, transcripts, phenotypes, tmp_path, monkeypatch):
    """The data of an example in the working folder."""
    modules = {"make_formats": formats, "make_transcripts": transcripts, "make_phenotypes": phenotypes}
    monkeypatch.chdir(tmp_path)

    def make(example, n=None):
        module, function, arguments = example.make
        path = Path(example.source.partition("/tables/")[0], example.inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        extra = [formats.matrix_h5] if function == "visium_hd" else []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            getattr(modules[module], function)(path, *extra, **arguments, **({} if n is None else {"n": n}))

    return make


@pytest.mark.parametrize("example", docs.EXAMPLES, ids=lambda example: example.title)
def test_an_example(made, example):
    made(example)
    command, run = example.commands
    assert main(shlex.split(command)[1:]) == 0
    cohort = load_cohort(shlex.split(run)[2])
    written = yaml.safe_load(Path("cohort/config.yaml").read_text())
    left = {"pixel_size_um": 1.0, "other_features": "type"}  # what init writes for all and a person may check
    decided = {key: value for key, value in written["ingest"].items() if left.get(key) != value}
    assert decided == example.decided
    assert (cohort.config.cluster.typing == "provided") == example.types
    samples = list(cohort.sheet["sample"])
    params, rows = stage_params(cohort.config, cohort.panel, "ingest"), jobs.rows_json(cohort.sheet, samples)
    assert main(["ingest", "--params", params, "--rows", rows, "-o", "b.h5ad"]) == 0
    assert (len(samples), read_anndata("b.h5ad").n_obs) == example.n


@pytest.mark.slow
@pytest.mark.parametrize("example", docs.EXAMPLES, ids=lambda example: example.title)
def test_an_example_to_its_report(made, example):
    made(example, n=300)
    for command in example.commands:
        done = subprocess.run([sys.executable, "-m", *shlex.split(command)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert Path("results/cohort/reports/index.html").is_file()
    assert Path("results/cohort/cohort.h5ad").is_file()


def test_the_page_is_what_its_script_writes():
    assert docs.PAGE.read_text(encoding="utf-8") == docs.page(), "run `make docs`"
    for section in docs.page().split("\n## ")[1 : len(docs.EXAMPLES) + 1]:
        assert len(section.strip().splitlines()) <= docs.LONGEST, section
