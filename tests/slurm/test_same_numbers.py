"""A small cohort through a real Slurm gives what a local run gives, bit for bit; `make slurm-demo` brings Slurm up."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from running import SLURM, call, digests, until

STAGES = ("ingest", "qc", "cluster", "neighbourhood", "response")


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    if shutil.which("sbatch") is None:
        pytest.fail("no Slurm here: `make slurm-demo` brings one up")
    call("simulate", "data", "--subjects", 4, "--rois", 1, "--cells", 600, cwd=tmp_path)
    config = tmp_path / "data" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("samples_per_job: 6", "samples_per_job: 2"))
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


def _in_queue(job: str) -> bool:
    asked = ["squeue", "--noheader", "--jobs", job]
    return bool(subprocess.run(asked, text=True, capture_output=True, timeout=60).stdout.strip())


@pytest.mark.slurm_drill
def test_one_allocation_gives_the_same_bytes(cohort):
    """The whole run as one job of Slurm, which asks the scheduler once; and as many jobs."""
    began = time.monotonic()
    jobs = call("run", "data/config.yaml", *SLURM, cwd=cohort).count("has been submitted with SLURM jobid")
    many = time.monotonic() - began
    through_slurm = digests(cohort / "results" / "simulated_lung")
    shutil.move(cohort / "results", cohort / "results_slurm")
    shutil.rmtree(cohort / ".snakemake")
    single = cohort / "single"
    single.mkdir()
    options = {"account": "tumour", "partition": "short", "mem": "8G", "output": "one.log"}
    (single / "config.yaml").write_text(yaml.safe_dump({"sbatch": options}), encoding="utf-8")
    began = time.monotonic()
    said = call("run", "data/config.yaml", "--profile", "single", "--cores", 2, cwd=cohort)
    number = re.search(r"Submitted as job (\d+) of Slurm", said)
    assert number is not None, said
    until(lambda: not _in_queue(number[1]), "the job to end")
    printed = (cohort / "one.log").read_text(encoding="utf-8")
    print(f"many jobs: {many:.0f} s, {jobs} jobs; one job: {time.monotonic() - began:.0f} s")
    assert digests(cohort / "results" / "simulated_lung") == through_slurm, printed
    assert "Provided cores: 2" in printed
    assert re.search("Provided resources: mem_mb=.*8192", printed)
