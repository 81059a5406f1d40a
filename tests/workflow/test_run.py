"""Real runs of a small cohort: to the end, again, after a kill, into one report file, and on data that are wrong."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

STAGES = ("ingest", "qc", "cluster", "neighbourhood", "response")
pytestmark = pytest.mark.whole
_MAIN = "import sys; from tumint.cli import main; sys.exit(main())"


@pytest.fixture(scope="session")
def _ran(tmp_path_factory, tumint):
    folder = tmp_path_factory.mktemp("ran")
    done = tumint("simulate", "data", "--subjects", 4, "--rois", 1, "--cells", 400, cwd=folder)
    assert done.returncode == 0, done.stderr
    config = folder / "data" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("samples_per_job: 6", "samples_per_job: 2"))
    shutil.copytree(folder, folder.with_name("raw"))
    done = tumint("run", "data/config.yaml", "--cores", 2, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def ran(_ran, tmp_path):
    """A cohort of four ROIs in two batches that ran to the end."""
    return shutil.copytree(_ran, tmp_path / "ran")


@pytest.fixture
def raw(_ran, tmp_path):
    """The same cohort before anything ran."""
    return shutil.copytree(_ran.with_name("raw"), tmp_path / "raw")


def _digests(folder: Path) -> dict[str, str]:
    results = folder / "results" / "simulated_lung"
    return {
        str(path.relative_to(results)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in results.rglob("*")
        if path.is_file()
        and path.name[0] != "."  # what was there after the run, with its dates
        and path.suffix in (".parquet", ".h5ad", ".json", ".html", ".svg", ".csv")
    }


def test_every_report_is_there_and_says_simulated(ran):
    for name in (*STAGES, "index"):
        assert "SIMULATED" in (ran / "results" / "simulated_lung" / "reports" / f"{name}.html").read_text()


def test_a_second_run_has_nothing_to_do(ran, tumint):
    done = tumint("run", "data/config.yaml", "--cores", 1, cwd=ran)
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout + done.stderr


def test_snakemakes_own_report(ran, snakemake):
    done = snakemake("--configfile", "data/config.yaml", "--report", "report.zip", cwd=ran)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(ran / "report.zip") as report:
        names = report.namelist()
    assert {Path(n).name for n in names if n.endswith(".html")} >= {f"{name}.html" for name in (*STAGES, "index")}
    assert any(name.endswith(".svg") for name in names)


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(raw, ran, tumint):
    process = subprocess.Popen(
        [sys.executable, "-c", _MAIN, "run", "data/config.yaml", "--cores", "1"],
        cwd=raw,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(raw / "results" / "simulated_lung" / "logs" / "cluster" / "cells.log")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert "cluster/cells.parquet" not in _digests(raw)
    made = {p: p.stat().st_mtime_ns for p in (raw / "results" / "simulated_lung" / "qc").glob("*.h5ad")}
    assert len(made) == 2
    done = tumint("run", "data/config.yaml", "--cores", 2, cwd=raw)
    assert done.returncode == 0, done.stderr
    assert {p: p.stat().st_mtime_ns for p in made} == made
    assert _digests(raw) == _digests(ran)


def _wait_for(path: Path) -> None:
    for _ in range(1200):
        if path.exists():
            return
        time.sleep(0.1)
    pytest.fail(f"{path} was never begun")


def test_batches_change_no_number(raw, ran, tumint):
    config = raw / "data" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("samples_per_job: 2", "samples_per_job: 3"))
    done = tumint("run", "data/config.yaml", "--cores", 2, "--", "--until", "response", cwd=raw)
    assert done.returncode == 0, done.stderr
    for name in ("cluster/cells.parquet", "neighbourhood/features.parquet", "response/effects.parquet"):
        assert _digests(raw)[name] == _digests(ran)[name], name


def test_two_runs_of_a_cohort_are_kept_apart(raw, tumint):
    lock = raw / ".snakemake" / "tumint_simulated_lung.lock"
    lock.parent.mkdir()
    with open(lock, "w") as other_run:
        fcntl.flock(other_run, fcntl.LOCK_EX)
        done = tumint("run", "data/config.yaml", "--cores", 1, cwd=raw)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "tumint: .snakemake/tumint_simulated_lung.lock: expected no other run of this cohort in this folder, "
        "found one that is running."
    )
    assert not (raw / "results").exists()


@pytest.mark.slow  # the drill lets real runs meet
def test_two_runs_into_one_folder_from_two_are_kept_apart(raw, tumint):
    lock = raw / "results" / "simulated_lung" / ".lock"
    left = lock.parent / "ingest" / ".tmp-1-b0001.h5ad.part"  # of the other run, which is writing it
    left.parent.mkdir(parents=True)
    left.touch()
    with open(lock, "w") as other_run:
        fcntl.flock(other_run, fcntl.LOCK_EX)
        done = tumint("run", "data/config.yaml", "--cores", 1, cwd=raw)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("found one that is running.")
    assert left.exists()


def test_wrong_data_stop_the_run_with_one_clear_line(raw, tumint):
    table = min((raw / "data" / "raw").glob("AllCellsMask_*.csv"))
    table.write_text(table.read_text(encoding="utf-8").replace("Location_Center_X", "Location_X", 1))
    done = tumint("run", "data/config.yaml", "--cores", 1, cwd=raw)
    assert done.returncode == 1
    printed = done.stdout + done.stderr
    faults = [line for line in printed.splitlines() if line.startswith("tumint: ") and line.endswith(".log)")]
    assert len(faults) == 1
    (fault,) = faults
    assert table.name in fault
    assert "Location_Center_X" in fault
    assert "Traceback" not in printed
    assert not list((raw / "results" / "simulated_lung").rglob("b0003*.h5ad"))  # of that sample
