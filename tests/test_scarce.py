"""Where the machine ends a job: one line that says which, what it had, and what to raise."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tumint import ended, jobs
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


def test_a_disk_without_room_for_the_line_either() -> None:
    """The exit code says it then, from which `ended` makes a line."""
    program = _program(
        "def full(_):",
        "    raise OSError(28, 'No space left on device', 'r/x.parquet')",
        "sys.modules['tumint.cli.doctor']._folders = full",
        "sys.exit(cli.main(['doctor']))",
    )
    with open("/dev/full", "w") as log:
        done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.DEVNULL, stderr=log)
    assert done.returncode == scarce.EXIT_CODE


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
    "of a program that found no room": (
        "returned non-zero exit status 3",
        "None",
        "room on the disk for its results and its log",
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


SENT = """Job 5: qc: measure b0001
Job 2: ingest b0002
Job 2 has been submitted with SLURM jobid 7 (log: {slurm}).
[Fri Nov 27 04:17:34 2026]
Error in rule ingest:
    message: {message}
    jobid: 2
    output: c.txt
    log: logs/ingest/b0002.log, {slurm} (check log file(s) for error details)
    external_jobid: 7
Logfile logs/ingest/b0002.log: empty file
"""
FAILED = (
    "SLURM-job '7' failed, SLURM status is: '{}'. Detailed failure reason unavailable (status command is not 'sacct')."
)
REFUSED = (
    "SLURM sbatch failed. The error message was 'sbatch: error: invalid partition specified: nowhere\n"
    "sbatch: error: Batch job submission failed: Invalid partition name specified'.\n    sbatch call:\n        sbatch\n"
    "For further error details see the cluster/cloud log and the log files of the involved rule(s)."
)
# state in squeue, what Slurm wrote, what sacct and scontrol know → what is said
SACCT = {
    "full": "FAILED|700M||30|1|1\nCANCELLED by 0|||||\n",
    "held": "FAILED|700M||30|1|1\nFAILED||819200K|||\n",
    "cores": "TIMEOUT|700Mc||30|2|1\n",
    "": "",
}
SCONTROL = "JobId=7 JobState=FAILED TimeLimit=1-00:30:00 TRES=cpu=4,mem=1.50G,node=1\n"
SLURM_ENDS = {
    "memory, not called so": (
        ("FAILED", "slurmstepd: error: StepId=7.batch exceeded memory limit (1 > 0), being killed", "held", ""),
        "more memory for it: a smaller `samples_per_job`, or `--set-resources ingest:mem_mb=1400` (after `--`, or "
        "`set-resources` in the profile), found that it needed more than the 700 MB it had asked Slurm for (it held",
    ),
    "memory, by cgroup": (
        ("FAILED", "error: Detected 1 oom_kill event in StepId=7.0", "", SCONTROL),
        "the 1,536 MB it",
    ),
    "memory, no more known": (("OUT_OF_MEMORY", "", "", ""), "`--set-resources ingest:mem_mb=N`"),
    "time": (
        ("TIMEOUT", "error: *** JOB 7 ON vm CANCELLED AT 2026-11-27T10:34:17 DUE TO TIME LIMIT ***", "full", ""),
        "`--set-resources ingest:runtime=60` (after `--`, or `set-resources` in the profile), found that it ran longer "
        "than the 30 minutes it had asked Slurm for",
    ),
    "memory by core": (
        ("FAILED", "CANCELLED AT 2026-11-27T10:34:17 DUE TO TIME LIMIT", "cores", ""),
        "the 30 minutes it",
    ),
    "time, of scontrol": (("TIMEOUT", "", "", SCONTROL), "the 1,470 minutes it had asked"),
    "scancel": (
        ("CANCELLED", "*** JOB 7 ON vm CANCELLED AT 2026-11-27T10:34:17 ***", "full", ""),
        "somebody cancelled it in Slurm; it had 700 MB and 30 minutes",
    ),
    "node": (
        ("FAILED", "*** JOB 7 ON vm CANCELLED AT 2026-11-27T10:34:17 DUE TO NODE FAILURE", "", ""),
        "its node failed",
    ),
    "kill": (("FAILED", "died with <Signals.SIGKILL: 9>", "full", ""), "was killed (signal 9); it had 700 MB and"),
    "nobody knows": (("FAILED", None, "", ""), "that Slurm ended it and does not say why"),
}


def _program_that_prints(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\ncat <<'END'\n{text}END\n")
    (folder / name).chmod(0o755)


def _sent(folder: Path, monkeypatch: pytest.MonkeyPatch, state: str, wrote: str | None, sacct: str, known: str) -> Path:
    log, slurm = folder / "log", folder / "7.log"
    _program_that_prints(folder, "sacct", SACCT[sacct])
    _program_that_prints(folder, "scontrol", known)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    if wrote is not None:
        slurm.write_text(wrote + "\n")
    log.write_text(SENT.format(message=FAILED.format(state), slurm=slurm))
    return log


@pytest.mark.parametrize("name", SLURM_ENDS)
def test_jobs_that_slurm_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    given, said = SLURM_ENDS[name]
    (line,) = ended.jobs([str(_sent(tmp_path, monkeypatch, *given))])
    assert line.startswith("tumint: job ingest b0002 (logs/ingest/b0002.log): expected ")
    assert said in line


def test_a_job_that_says_itself_what_is_wrong_is_not_told_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    log = _sent(tmp_path, monkeypatch, "FAILED", "returned non-zero exit status 2", "full", "")
    own = tmp_path / "logs" / "ingest" / "b0002.log"
    own.parent.mkdir(parents=True)
    own.write_text("tumint: x.csv: expected a column `x`, found none.\n")
    assert ended.jobs([str(log)]) == []
    assert len(ended.jobs([str(log)], since=own.stat().st_mtime + 1)) == 1  # it says so of an earlier run


def test_a_job_that_was_sent_again_and_ended_well_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = _sent(tmp_path, monkeypatch, "CANCELLED", "", "full", "")
    log.write_text(log.read_text() * 2)
    assert len(ended.jobs([str(log)])) == 1
    log.write_text(log.read_text() + "Finished jobid: 2 (Rule: ingest)\n")
    assert ended.jobs([str(log)]) == []


def test_what_the_log_of_a_job_prints_is_not_the_run_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = _sent(tmp_path, monkeypatch, "TIMEOUT", "", "full", "")
    inner = LOG.format(rule="ingest", status="died with <Signals.SIGKILL: 9>", message="None").replace(
        "jobid: 2", "jobid: 0"
    )
    text = log.read_text().replace("Job 2", "Job 0").replace("jobid: 2", "jobid: 0")
    log.write_text("SLURM run ID: 64fc6bb9\n" + text + inner)
    (line,) = ended.jobs([str(log)])
    assert line.startswith("tumint: job ingest b0002 (logs/ingest/b0002.log): expected more time for it")


def test_a_job_that_slurm_does_not_take(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(SENT.format(message=REFUSED, slurm="7.log"))
    (line,) = ended.jobs([str(tmp_path / "log")])
    assert line.startswith("tumint: job ingest b0002 (logs/ingest/b0002.log): expected ")
    assert "that Slurm takes it: see the account, partition" in line
    assert "found `sbatch: error: invalid partition specified: nowhere`." in line


def test_that_a_job_was_told_to_stop_is_not_said_twice() -> None:
    stop = "tumint: stopped by SIGTERM: it was told to (by a person, ...); nothing half-written is left (logs/a.log)"
    other = stop.replace("logs/a.log", "logs/b.log")
    end = (
        "tumint: job a (logs/a.log): expected time, found that it ran longer than the 1 minute it had asked Slurm for."
    )
    assert ended.with_faults([end], [stop, other]) == [other, end]


def test_jobs_of_a_killed_run_are_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the name that all jobs of a run have, read from the run's own log."""
    log, memory = tmp_path / "snakemake.log", tmp_path / "cohort.run"
    log.write_text("Building DAG of jobs...\nSLURM run ID: 64fc6bb9-e003\nUsing shell: /usr/bin/bash\n")
    for name, does in (("squeue", "cat queue"), ("scancel", 'echo "$@" >> cancelled; : > queue')):
        (tmp_path / name).write_text(f"#!/bin/sh\ncd {tmp_path}\n{does}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (tmp_path / "queue").write_text("12\n13\n")
    assert jobs.end_earlier(memory, [str(log)]) == []  # the first run in this folder
    assert jobs.end_earlier(memory, ["second.log"]) == ["12", "13"]
    assert (tmp_path / "cancelled").read_text() == "--name=64fc6bb9-e003\n"
    assert jobs.end_earlier(memory, ["third.log"]) == []


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
    assert line.startswith(f"tumint: job qc ({own}): expected room on the disk for its results and its log")
    own.write_text("tumint: tumint qc: expected room on the disk, found none.\n")
    assert ended.jobs([str(tmp_path / "log")]) == []
