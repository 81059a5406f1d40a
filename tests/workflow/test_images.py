"""From images and masks to the finished reports, by the two commands that a person types."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def make():
    """`tests/data/make_images.py`."""
    spec = importlib.util.spec_from_file_location("make_images", ROOT / "tests" / "data" / "make_images.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_from_images_to_reports(make, tmp_path, tumint, edit):
    make.project(tmp_path / "data", subjects=4)
    done = tumint("init", "cohort", "--from", "data", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    edit(tmp_path / "cohort", neighbourhood={"graph": {"kind": "provided"}})
    done = tumint("run", "cohort/config.yaml", "--cores", 2, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    results = tmp_path / "results" / "cohort"
    for name in ("ingest", "qc", "cluster", "neighbourhood", "response", "index"):
        assert (results / "reports" / f"{name}.html").stat().st_size > 10_000
    samples = pd.concat(map(pd.read_parquet, sorted((results / "ingest").glob("*.samples.parquet"))))
    assert (samples["status"] == "ok").all()
    assert (samples[["n_cells", "n_edges", "n_domain_tumour"]] > 50).all(axis=None)
    effects = pd.read_parquet(results / "response" / "effects.parquet")
    assert set(effects["contrast"]) == {"Treated_vs_Vehicle"}
    # as it was simulated: more T cells in tumours of treated animals
    composition = effects[effects["family"] == "composition"].set_index("feature")["effect"]
    assert composition.filter(like="CD8").gt(0).any()
