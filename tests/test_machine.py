"""What Linux alone has may be missing: each fallback with the names taken away, and no other module that uses one."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tumint import jobs, machine
from tumint.cli import run
from tumint.errors import TumintError

ROOT = Path(__file__).parents[1]
# what is not on macOS, or not on each of Linux, macOS and WSL
LINUX_ALONE = re.compile(
    r"sched_getaffinity|sched_setaffinity|\bfcntl\b|\bresource\.(getrusage|getrlimit|setrlimit|RLIMIT)|/proc\b|/sys/|/dev/shm|"
    r"posix_fadvise|posix_fallocate|O_TMPFILE|O_DIRECT\b|copy_file_range|memfd_create|\bunshare\b|os\.getuid|os\.geteuid|"
    r"os\.uname|os\.fork\b|SC_AVPHYS|signal\.SIG(HUP|XCPU|USR1|USR2|CHLD|KILL|ALRM)|os\.splice|eventfd|inotify|epoll"
)
AWAY = """
import builtins, os, signal, sys
for name in ("sched_getaffinity", "sched_setaffinity", "posix_fadvise", "posix_fallocate", "copy_file_range",
             "memfd_create", "O_TMPFILE", "O_DIRECT", "splice", "eventfd", "getrandom", "unshare"):
    if hasattr(os, name):
        delattr(os, name)
asked = os.sysconf
def sysconf(name):
    if name == "SC_AVPHYS_PAGES":
        raise ValueError("unrecognized configuration name")
    return asked(name)
os.sysconf = sysconf
hidden = os.path.realpath
opened, listed, linked = builtins.open, os.listdir, os.readlink
def away(path):
    return isinstance(path, (str, os.PathLike)) and os.fspath(path).startswith(("/proc", "/sys/fs"))
def open_(file, *args, **kwargs):
    if away(file):
        raise FileNotFoundError(2, "No such file or directory", os.fspath(file))
    return opened(file, *args, **kwargs)
def readlink(path, *args, **kwargs):
    if away(path):
        raise FileNotFoundError(2, "No such file or directory", os.fspath(path))
    return linked(path, *args, **kwargs)
import io
builtins.open = io.open = open_
os.readlink = readlink
"""


def test_no_module_but_one_asks_for_what_linux_alone_has() -> None:
    found = {}
    for path in sorted((ROOT / "src").rglob("*.py")) + sorted((ROOT / "workflow").rglob("*.smk")):
        text = path.read_text(encoding="utf-8")
        if path.name != "machine.py" and (names := sorted({match[0] for match in LINUX_ALONE.finditer(text)})):
            found[path.relative_to(ROOT).as_posix()] = names
    assert found == {}


def test_threads_with_and_without_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    if hasattr(os, "sched_getaffinity"):
        assert machine.usable_threads() == len(os.sched_getaffinity(0))
        monkeypatch.delattr(os, "sched_getaffinity")
    assert machine.usable_threads() == os.cpu_count()
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert machine.usable_threads() == 1


def test_free_memory_by_each_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:  2000000 kB\n")
    monkeypatch.setattr(machine, "_PROC", tmp_path)
    assert machine.free_memory_gb() == pytest.approx(2.048)
    (tmp_path / "meminfo").unlink()
    asked = os.sysconf

    def of_macos(name: str) -> int:
        if name == "SC_AVPHYS_PAGES":
            raise ValueError(name)
        return 16384 if name == "SC_PAGE_SIZE" else asked(name)

    monkeypatch.setattr(os, "sysconf", of_macos)
    said = "Mach Virtual Memory Statistics: (page size of 16384 bytes)\nPages free:    1000.\nPages inactive:  500.\n"
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: SimpleNamespace(stdout=said + "Pages wired down:  9.\n"))
    assert machine.free_memory_gb() == pytest.approx(1500 * 16384 / 1e9)

    def gone(*_: object, **__: object) -> None:
        raise FileNotFoundError("vm_stat")

    monkeypatch.setattr(subprocess, "run", gone)
    assert machine.free_memory_gb() is None


def test_limits_without_the_module_that_knows_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert machine.limit("NOFILE") is None or machine.limit("NOFILE") > 0
    assert machine.limit("NO_SUCH_LIMIT") is None
    assert machine.peak_memory_mb() > 10
    (tmp_path / "memory.max").write_text("5000000\n")
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    assert machine.allowed_memory() <= 5_000_000
    monkeypatch.setattr(machine, "resource", None)
    assert machine.limit("NOFILE") is None
    assert machine.peak_memory_mb() is None
    assert machine.allowed_memory() == 5_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.allowed_memory() is None


def test_peak_memory_is_counted_in_bytes_on_macos(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = SimpleNamespace(getrusage=lambda _: SimpleNamespace(ru_maxrss=2**30), RUSAGE_SELF=0)
    monkeypatch.setattr(machine, "resource", usage)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert machine.peak_memory_mb() == 1024
    monkeypatch.setattr(sys, "platform", "linux")
    assert machine.peak_memory_mb() == 1024**2


def test_a_run_needs_no_locks_but_keeps_them_where_there_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if machine.fcntl is not None:
        jobs.hold_lock(tmp_path / "lock")
        with pytest.raises(TumintError, match="no other run of this cohort"):
            jobs.hold_lock(tmp_path / "lock")

        def no_locks(*_: object) -> None:
            raise OSError(45, "Operation not supported")

        broken = SimpleNamespace(flock=no_locks, LOCK_EX=2, LOCK_NB=4)
        monkeypatch.setattr(machine, "fcntl", broken)
        jobs.hold_lock(tmp_path / "lock")
    monkeypatch.setattr(machine, "fcntl", None)
    jobs.hold_lock(tmp_path / "lock")


def test_the_file_of_a_stream(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with open(tmp_path / "a.log", "w") as handle:
        if Path("/proc/self/fd").is_dir() or sys.platform == "darwin":
            assert machine.file_of(handle) == tmp_path / "a.log"
        monkeypatch.setattr(machine, "_PROC", tmp_path / "none")
        monkeypatch.setattr(sys, "platform", "linux")
        assert machine.file_of(handle) is None
        asked = SimpleNamespace(fcntl=lambda *_: b"/Users/me/a.log".ljust(1024, b"\0"))
        monkeypatch.setattr(machine, "fcntl", asked)
        monkeypatch.setattr(sys, "platform", "darwin")
        assert machine.file_of(handle) == Path("/Users/me/a.log")


def test_users_and_signals_that_a_system_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert signal.SIGTERM in machine.ending_signals()
    monkeypatch.delattr(signal, "SIGXCPU", raising=False)
    assert [one.name for one in machine.ending_signals()] == ["SIGTERM", "SIGHUP", "SIGINT"]
    monkeypatch.delattr(os, "getuid")
    assert machine.user_id() == 0


@pytest.mark.slow
def test_verbs_with_every_such_name_taken_away(tmp_path: Path) -> None:
    """A process that begins without them, as on macOS: simulate, plan and doctor go to their end."""
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / "sitecustomize.py").write_text(AWAY, encoding="utf-8")
    (tmp_path / "work").mkdir()
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "away"), str(ROOT / "src")])}

    def tumint(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "tumint", *words], cwd=tmp_path / "work", env=env, text=True, capture_output=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    tumint("simulate", "data", "--subjects", "2", "--rois", "1", "--cells", "200")
    assert "jobs would run" in tumint("plan", "data/config.yaml")
    said = tumint("doctor", "data/config.yaml")
    assert re.search(rf"^threads +{os.cpu_count()} usable of {os.cpu_count()}$", said, re.MULTILINE)
    assert re.search(r"^memory +not known on this system$", said, re.MULTILINE)
    assert said.endswith("All is well.\n")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, None),
        ({"SLURM_JOB_ID": "7"}, None),  # of salloc, on the login node
        ({"SLURM_JOB_ID": "7", "SLURM_CPUS_ON_NODE": "8", "SLURM_MEM_PER_NODE": "64000"}, (8, 64000)),
        ({"SLURM_JOB_ID": "7", "SLURM_CPUS_ON_NODE": "8", "SLURM_MEM_PER_CPU": "4000"}, (8, 32000)),
        ({"SLURM_JOB_ID": "7", "SLURM_CPUS_ON_NODE": "8"}, (8, None)),
        ({"SLURM_JOB_ID": "7", "SLURM_CPUS_ON_NODE": "8", "SLURM_MEM_PER_NODE": "0"}, (8, None)),  # all of the node
    ],
)
def test_what_a_slurm_job_was_given(monkeypatch, given, found) -> None:
    for name in ("JOB_ID", "CPUS_ON_NODE", "MEM_PER_NODE", "MEM_PER_CPU"):
        monkeypatch.delenv(f"SLURM_{name}", raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert machine.allocation() == found
    limits = run._limits(None, ())
    assert limits[:2] == ["--cores", str(min(machine.usable_threads(), found[0] if found else 1000))]
    assert limits[2:] == (["--resources", f"mem_mb={found[1]}"] if found and found[1] else [])
    assert run._limits(3, ("--resources", "gpu=1")) == ["--cores", "3"]
