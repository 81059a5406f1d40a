"""A small cohort through a real Slurm gives what a local run gives, bit for bit; `make slurm-demo` brings Slurm up."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUMINT = (sys.executable, "-m", "tumint")
STAGES = ("ingest", "qc", "cluster", "neighbourhood", "response")
SLURM = (
    *("--profile", ROOT / "workflow" / "profiles" / "slurm", "--"),
    *("--default-resources", "slurm_account=tumour", "slurm_partition=short"),
    *("--slurm-init-seconds-before-status-checks", "2", "--seconds-between-status-checks", "2", "--latency-wait", "10"),
)
pytestmark = pytest.mark.slurm


def _tumint(*arguments: object, cwd: Path) -> str:
    # a hung submission must end the test, not the CI run
    done = subprocess.run(
        [*TUMINT, *map(str, arguments)],
        cwd=cwd,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def _digests(results: Path) -> dict[str, str]:
    """SHA-256 of everything but logs and benchmarks, by path."""
    found = {}
    for path in sorted(results.rglob("*")):
        name = path.relative_to(results)
        if (
            path.is_file()
            and name.parts[0] not in ("logs", "benchmarks", ".lock", ".made.json")
            and path.name != ".snakemake_timestamp"
        ):
            found[str(name)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    if shutil.which("sbatch") is None:
        pytest.fail("no Slurm here: `make slurm-demo` brings one up")
    _tumint("simulate", "data", "--subjects", 4, "--rois", 2, "--cells", 600, cwd=tmp_path)
    config = tmp_path / "data" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("samples_per_job: 6", "samples_per_job: 3"))
    return tmp_path


def test_slurm_and_local_give_the_same_bytes(cohort):
    printed = _tumint("run", "data/config.yaml", *SLURM, cwd=cohort)
    assert "has been submitted with SLURM jobid" in printed
    through_slurm = _digests(cohort / "results" / "simulated_lung")
    shutil.move(cohort / "results", cohort / "results_slurm")
    shutil.rmtree(cohort / ".snakemake")
    _tumint("run", "data/config.yaml", "--cores", 2, cwd=cohort)
    local = _digests(cohort / "results" / "simulated_lung")
    assert local == through_slurm
    assert {name.split("/")[0] for name in local} == {*STAGES, "figures", "reports", "runs"}
