"""Where the machine ends a job: one line that says which, what it had, and what to raise."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tumint import ended
from tumint.cli import main, scarce

ERRORS: dict[str, tuple[BaseException, str]] = {
    "memory": (MemoryError(), "expected memory for it: fewer samples in a job (`samples_per_job`)"),
    "disk": (OSError(errno.ENOSPC, "No space left on device", "r/x.parquet"), "doctor: r/x.parquet: expected room on"),
    "disk, h5py": (
        OSError("Can't write data (errno = 28, error message = 'No space ...')"),
        "expected room on the disk",
    ),
    "quota": (OSError(errno.EDQUOT, "Disk quota exceeded"), "expected room on the disk"),
    "read-only": (OSError(errno.EROFS, "Read-only file system", "r"), "found Read-only file system."),
    "files": (OSError(errno.EMFILE, "Too many open files"), "raise `ulimit -n`"),
    "threads": (RuntimeError("can't start new thread"), "fewer `--cores`"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_what_the_machine_lacks_is_one_line(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error, said = ERRORS[name]

    def raising(_: object) -> None:
        raise error

    monkeypatch.setattr("tumint.cli.doctor._folders", raising)
    assert main(["doctor"]) == scarce.EXIT_CODE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tumint: tumint doctor")
    assert said in line
    assert "internal" not in line


def test_an_internal_error_names_its_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("tumint.cli.doctor._folders", lambda _: 1 / 0)
    assert main(["doctor"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    found = re.fullmatch(
        r"tumint: internal error in `tumint doctor`, please report it \(the log is (.+)\): ZeroDivisionError: .+", line
    )
    assert found is not None
    assert "Traceback" in Path(found[1]).read_text()


def _program(*lines: str) -> str:
    return "\n".join(["import os, resource, sys", "import numpy as np", "from tumint import cli", *lines])


def test_the_log_of_a_job_has_the_traceback_beside_it(tmp_path: Path) -> None:
    program = _program(
        "cli.doctor = sys.modules['tumint.cli.doctor']",
        "cli.doctor._folders = lambda faults: 1 / 0",
        "sys.exit(cli.main(['doctor']))",
    )
    with open(tmp_path / "job.log", "w") as log:
        done = subprocess.run([sys.executable, "-c", program], stdout=log, stderr=log)
    assert done.returncode == 1
    assert f"the log is {tmp_path / 'job.traceback.txt'}" in (tmp_path / "job.log").read_text()
    assert "Traceback" not in (tmp_path / "job.log").read_text()
    assert "ZeroDivisionError" in (tmp_path / "job.traceback.txt").read_text()


def test_memory_that_the_account_may_not_have() -> None:
    """A real limit: an array that does not fit."""
    program = _program(
        "resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))",
        "cli.doctor = sys.modules['tumint.cli.doctor']",
        "cli.doctor._folders = lambda faults: np.ones(10**10)",
        "sys.exit(cli.main(['doctor']))",
    )
    done = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True)
    assert done.returncode == scarce.EXIT_CODE
    assert re.search(r"found none left: it held \d[\d,]* MB of [\d,]+ MB allowed\.$", done.stderr.strip())


def test_files_that_the_account_may_not_write(tmp_path: Path) -> None:
    """A real limit: the tables of a cohort are larger."""
    program = _program(
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))",
        f"sys.exit(cli.main(['simulate', {str(tmp_path / 'data')!r}, '--subjects', '4', '--cells', '400']))",
    )
    done = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True)
    assert done.returncode == scarce.EXIT_CODE
    assert "raise `ulimit -f`, found a limit of 4,096 bytes." in done.stderr
    assert "Traceback" not in done.stderr


LOG = """Job 2: {rule}
RuleException:
CalledProcessError in file "Snakefile", line 16:
Command 'set -euo pipefail;  tumint {rule}' {status}.
[Fri Nov 27 04:17:34 2026]
Error in rule {rule}:
    message: {message}
    jobid: 2
    output: c.txt
    log: logs/{rule}.log (check log file(s) for error details)
    shell:
        tumint {rule}
        (command exited with non-zero exit code)
Logfile logs/{rule}.log: empty file
"""
ENDS = {
    "killed": ("returned non-zero exit status 137", "None", "was killed (signal 9), as where memory ran out"),
    "killed at once": ("died with <Signals.SIGKILL: 9>", "None", "was killed (signal 9), as where memory ran out"),
    "time": ("returned non-zero exit status 152", "None", "raise `ulimit -t`"),
    "Slurm, memory": (
        "returned non-zero exit status 1",
        "SLURM-job '7' failed, SLURM status is: 'OUT_OF_MEMORY'. ",
        "`--set-resources cluster:mem_mb=N`, found that it used more than it had asked Slurm for",
    ),
    "Slurm, time": (
        "returned non-zero exit status 1",
        "SLURM-job '7' failed, SLURM status is: 'TIMEOUT'. ",
        "`--set-resources cluster:runtime=MINUTES`",
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_jobs_that_something_outside_ended(tmp_path: Path, name: str) -> None:
    status, message, said = ENDS[name]
    other = LOG.format(rule="qc", status="returned non-zero exit status 2", message="None")
    (tmp_path / "log").write_text(other + LOG.format(rule="cluster", status=status, message=message))
    (line,) = ended.jobs([str(tmp_path / "log"), str(tmp_path / "gone")])
    assert line.startswith("tumint: job cluster (logs/cluster.log): expected ")
    assert said in line


def test_a_home_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tumint.cli import snakemake

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for name in ("XDG_CONFIG_HOME", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, "before")
    monkeypatch.setenv("HOME", str(tmp_path))
    snakemake.command(Path("c.yaml"))
    assert "XDG_CACHE_HOME" not in os.environ
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/cache")
    snakemake.command(Path("c.yaml"))
    assert os.environ["XDG_CACHE_HOME"] == str(tmp_path / ".snakemake" / "cache")


@pytest.mark.parametrize("both", [False, True])
def test_a_log_on_a_full_disk(both: bool) -> None:
    """Where there is no room for the line either, the exit code tells the workflow."""
    program = _program("sys.modules['tumint.cli.doctor']._doctor = lambda _: print('checked')")
    program += "\nsys.exit(cli.main(['doctor']))"
    with open("/dev/full", "w") as full:
        streams = {"stdout": full, "stderr": full if both else subprocess.PIPE}
        done = subprocess.run([sys.executable, "-c", program], text=True, **streams)
    assert done.returncode == scarce.EXIT_CODE
    if not both:
        assert done.stderr.startswith("tumint: tumint doctor: expected room on the disk: free some, or put `results`")
        assert done.stderr.count("\n") == 1


def test_the_disk_that_is_full_is_the_one_that_was_written_to(tmp_path: Path) -> None:
    fault = scarce.fault_of(OSError(errno.ENOSPC, "No space left on device"), "qc", tmp_path / "qc" / "b0001.h5ad")
    assert fault is not None
    assert fault.where == f"tumint qc: {tmp_path}/qc/b0001.h5ad"
    assert fault.found.endswith(f"GB free in {tmp_path}")


def test_a_job_without_room_for_its_own_line(tmp_path: Path) -> None:
    own = tmp_path / "qc.log"
    text = LOG.format(rule="qc", status="returned non-zero exit status 3", message="None")
    (tmp_path / "log").write_text(text.replace("logs/qc.log", str(own), 1))
    own.touch()
    (line,) = ended.jobs([str(tmp_path / "log")])
    assert line.startswith(f"tumint: job qc ({own}): expected room on the disk for it and for its log: free some")
    own.write_text("tumint: tumint qc: expected room on the disk, found none.\n")
    assert ended.jobs([str(tmp_path / "log")]) == []
