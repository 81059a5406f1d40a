"""What Slurm knows of a job that ended badly: why, and what it had asked for; and jobs that a killed run left there.

Why: from the job's own log, which every cluster writes; then from `sacct`, and where there is no accounting, from
`scontrol`, which forgets a job after some minutes. Where none of them says anything, nothing is guessed.
"""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 20  # a controller that is away makes these commands wait
# the first that is found: a job that is ended at a limit is `CANCELLED` as well
_SAID = {
    "OUT_OF_MEMORY": re.compile(r"exceeded (job )?memory limit|oom[-_ ]?kill|out[-_ ]of[-_ ]memory", re.IGNORECASE),
    "TIMEOUT": re.compile(r"CANCELLED AT \S+ DUE TO TIME LIMIT"),
    "NODE_FAIL": re.compile(r"CANCELLED AT \S+ DUE TO NODE FAILURE"),
    "PREEMPTED": re.compile(r"CANCELLED AT \S+ DUE TO PREEMPTION"),
    "CANCELLED": re.compile(r"CANCELLED AT \S+"),
    "KILLED": re.compile(r"returned non-zero exit status 137|died with <Signals\.SIGKILL"),
    "exit 3": re.compile(r"returned non-zero exit status 3\b"),  # what `tumint` says where it ran out of something
}
_RUN = re.compile(r"^SLURM run ID: (\S+)$", re.MULTILINE)  # the name of all jobs of a run
_UNITS = {"K": 1 / 1024, "M": 1.0, "G": 1024.0, "T": 1024.0**2}
_LAST = 100_000  # characters of a log


@dataclass(frozen=True)
class Record:
    """Why a job ended: a state of Slurm, `KILLED` or `exit 3`, empty where nobody says; MB and minutes, 0 unknown."""

    why: str = ""
    asked_mb: float = 0.0
    used_mb: float = 0.0
    minutes: float = 0.0


def record(job: str, state: str, logs: list[Path]) -> Record:
    """What is known of job number `job`, which Snakemake saw in `state`; `logs` are those that Snakemake names."""
    known = _sacct(job) or _scontrol(job)
    said = "".join(_tail(path) for path in logs if path.stem == job)
    why = next((name for name, words in _SAID.items() if words.search(said)), "")
    # `FAILED` is what Slurm says of a job at its memory's limit too, and of one whose program found a fault
    plain = [one for one in (state, str(known.get("state", ""))) if one not in ("", "FAILED", "COMPLETED", "UNKNOWN")]
    why = why or next(iter(plain), "")
    numbers = {name: float(known.get(name, 0.0)) for name in ("asked_mb", "used_mb", "minutes")}
    return Record(why, **numbers)


def cancel_left(log: Path, seconds: float = 60.0) -> list[str]:
    """Cancel the jobs that the run with this log of Snakemake left in Slurm, wait until they are gone; their numbers.

    Nobody waits for them, and the next run sends the same ones again: two would write one file.
    """
    try:
        run = _RUN.search(log.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return []
    left = _queued(run[1]) if run else []
    if run and left:
        _printed("scancel", f"--name={run[1]}")
        until = time.monotonic() + seconds
        while _queued(run[1]) and time.monotonic() < until:
            time.sleep(1)
    return left


def _queued(run: str) -> list[str]:
    return _printed("squeue", "--noheader", "--format=%i", f"--name={run}").split()


def _tail(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")[-_LAST:]
    except OSError:
        return ""


def _sacct(job: str) -> dict[str, str | float]:
    fields = "State,ReqMem,MaxRSS,TimelimitRaw,NCPUS,NNodes"
    lines = _printed("sacct", "-j", job, "--noheader", "--parsable2", f"--format={fields}").splitlines()
    rows = [line.split("|") for line in lines if line.count("|") == fields.count(",")]
    if not rows:
        return {}
    state, asked, _, minutes, cpus, nodes = rows[0]
    # before 21.08 the memory asked for is by core (`c`) or by node (`n`)
    times = {"c": cpus, "n": nodes}.get(asked[-1:], "1")
    return {
        "state": state.partition(" ")[0],
        "asked_mb": _mb(asked.rstrip("cn")) * (float(times) if times.isdigit() else 1.0),
        "used_mb": max(_mb(row[2]) for row in rows),
        "minutes": float(minutes) if minutes.isdigit() else 0.0,
    }


def _scontrol(job: str) -> dict[str, str | float]:
    found = dict(re.findall(r"(\w+)=(\S+)", _printed("scontrol", "show", "job", job)))
    if "JobState" not in found:
        return {}
    tres = dict(re.findall(r"(\w+)=([^,]+)", found.get("TRES", "")))
    return {
        "state": found["JobState"],
        "asked_mb": _mb(tres.get("mem", "")),
        "minutes": _minutes(found.get("TimeLimit", "")),
    }


def _printed(*command: str) -> str:
    try:
        done = subprocess.run(command, text=True, capture_output=True, check=False, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def _mb(text: str) -> float:
    """MB of `700M`, `1.5G`, `152228K`; 0 of anything else."""
    found = re.fullmatch(r"([\d.]+)([KMGT])", text)
    return float(found[1]) * _UNITS[found[2]] if found else 0.0


def _minutes(text: str) -> float:
    """Minutes of `[days-]hours:minutes:seconds`; 0 of anything else."""
    found = re.fullmatch(r"(?:(\d+)-)?(\d+):(\d+):(\d+)", text)
    if not found:
        return 0.0
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return days * 1440 + hours * 60 + minutes + seconds / 60
