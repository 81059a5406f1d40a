"""A small cohort through a real Slurm gives what a local run gives, bit for bit; `make slurm-demo` brings Slurm up."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from running import LONGEST, SLURM, TUMINT, call, digests

STAGES = ("ingest", "qc", "cluster", "neighbourhood", "response")


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    if shutil.which("sbatch") is None:
        pytest.fail("no Slurm here: `make slurm-demo` brings one up")
    call("simulate", "data", "--subjects", 4, "--rois", 2, "--cells", 600, cwd=tmp_path)
    config = tmp_path / "data" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("samples_per_job: 6", "samples_per_job: 4"))
    return tmp_path


@pytest.mark.slurm
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


@pytest.mark.slurm_drill
def test_one_allocation_gives_the_same_bytes(cohort):
    """The whole run as one job of Slurm, which asks the scheduler once; and as many jobs."""
    began = time.monotonic()
    jobs = call("run", "data/config.yaml", *SLURM, cwd=cohort).count("has been submitted with SLURM jobid")
    many = time.monotonic() - began
    through_slurm = digests(cohort / "results" / "simulated_lung")
    shutil.move(cohort / "results", cohort / "results_slurm")
    shutil.rmtree(cohort / ".snakemake")
    tumint = shlex.join([*TUMINT, "run", "data/config.yaml"])
    where = ("--account=tumour", "--partition=short", "--cpus-per-task=2", "--mem=8G", "--output=one.log")
    began = time.monotonic()
    done = subprocess.run(["sbatch", "--wait", *where, "--wrap", tumint], cwd=cohort, timeout=LONGEST)
    printed = (cohort / "one.log").read_text(encoding="utf-8")
    assert done.returncode == 0, printed
    print(f"many jobs: {many:.0f} s, {jobs} jobs; one job: {time.monotonic() - began:.0f} s")
    assert digests(cohort / "results" / "simulated_lung") == through_slurm
    assert "Provided cores: 2" in printed
    assert re.search("Provided resources: mem_mb=.*8192", printed)
