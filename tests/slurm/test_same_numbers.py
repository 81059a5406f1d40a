"""A small cohort through a real Slurm gives what a local run gives, bit for bit; `make slurm-demo` brings Slurm up."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from running import SLURM, call, digests

STAGES = ("ingest", "qc", "cluster", "neighbourhood", "response")
pytestmark = pytest.mark.slurm


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    if shutil.which("sbatch") is None:
        pytest.fail("no Slurm here: `make slurm-demo` brings one up")
    call("simulate", "data", "--subjects", 4, "--rois", 2, "--cells", 600, cwd=tmp_path)
    config = tmp_path / "data" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("samples_per_job: 6", "samples_per_job: 3"))
    return tmp_path


def test_slurm_and_local_give_the_same_bytes(cohort):
    printed = call("run", "data/config.yaml", *SLURM, cwd=cohort)
    assert "has been submitted with SLURM jobid" in printed
    through_slurm = digests(cohort / "results" / "simulated_lung")
    shutil.move(cohort / "results", cohort / "results_slurm")
    shutil.rmtree(cohort / ".snakemake")
    call("run", "data/config.yaml", "--cores", 2, cwd=cohort)
    local = digests(cohort / "results" / "simulated_lung")
    assert local == through_slurm
    assert {name.split("/")[0] for name in local} == {*STAGES, "cohort.h5ad", "figures", "reports", "runs"}
