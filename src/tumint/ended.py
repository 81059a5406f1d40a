"""Jobs that something outside ended, told from Snakemake's log: by a signal, or by a cluster at a limit."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tumint import slurm
from tumint.errors import Fault
from tumint.text import integer, plural, together

_STATUS = re.compile(r"returned non-zero exit status (\d+)|died with <Signals\.\w+: (\d+)>")
_JOB = re.compile(r"^Job (\d+): (.+)")
_DONE = re.compile(r"^Finished jobid: (\d+)\b")
_RULE = re.compile(r"^Error in rule (\w+)")
_ID = re.compile(r"^\s+jobid: (\d+)")
_LOG = re.compile(r"^\s+log: (\S.*?)(?: \(check log file.*)?$")
_SLURM = re.compile(r"SLURM-job '([^']+)' failed.*?SLURM status is: '(\w+)'")
_UNSENT = re.compile(r"SLURM sbatch failed\. The error message was '(.*?)'?\.?$")
_INSIDE = (
    " ",
    "\t",
    "sbatch: ",
    "For further error details",
)  # how lines of an error begin, those of sbatch among them
_SET = "`--set-resources {rule}:{resource}={value}`"
_PROFILE = "after `--`, or `set-resources` in the profile"
# what was expected, what was found; by the number of a signal or exit code, the word of Slurm, `unsent`: it took no job
_WORDS = {
    "9": (
        "memory for it: free some, fewer `--cores`, {smaller}{memory}",
        "that it was killed (signal 9), as where memory ran out",
    ),
    "24": ("enough time: raise `ulimit -t`", "that its processor time was used up (signal 24)"),
    "25": ("to write a file of any size: raise `ulimit -f`", "that a file grew too large (signal 25)"),
    "OUT_OF_MEMORY": (
        f"more memory for it: {{smaller}}{{memory}} ({_PROFILE})",
        "that it needed more than the {had_memory} it had asked Slurm for{used}",
    ),
    "TIMEOUT": (
        f"more time for it: {{smaller}}{{time}} ({_PROFILE})",
        "that it ran longer than the {had_time} it had asked Slurm for",
    ),
    "NODE_FAIL": ("a node that stays up: run again", "that its node failed"),
    "PREEMPTED": ("to run to its end: run again", "that Slurm gave its place to another job"),
    "CANCELLED": ("to end by itself: run again", "that somebody cancelled it in Slurm{had}"),
    "KILLED": (
        f"to end by itself: run again, and where memory ran out, {{smaller}}{{memory}} ({_PROFILE})",
        "that it was killed (signal 9){had}",
    ),
    "FAILED": (
        "to end by itself: run again; {log} has what Slurm wrote",
        "that Slurm ended it and does not say why{had}",
    ),
    "exit 3": (
        "room on the disk for its results and its log, and memory: free some, or raise what it may have, and run again",
        "that it ran out of one of them (exit code 3), with no word in its log",
    ),
    "unsent": ("that Slurm takes it: see the account, partition, memory and time of the profile", "`{said}`"),
}
_BATCH = re.compile(r" [bg]\d+$")


@dataclass
class _End:
    """What Snakemake's log says of one job that ended badly."""

    rule: str
    name: str = ""  # in words, as the rule's message has it
    why: str = ""
    slurm: str = ""  # number of the job there
    said: str = ""
    logs: tuple[str, ...] = ()


def jobs(logs: Iterable[str], since: float = 0.0) -> list[str]:
    """A line for every job of these logs of Snakemake that something outside ended, in the form of a fault.

    A job that was sent again and came to its end is none of them. `since`: when the run began, in seconds of the epoch.
    """
    found = [fault for log in logs for end in _ends(Path(log)) if (fault := _fault(end, since)) is not None]
    return list(dict.fromkeys(f"tumint: {fault}" for fault in found))


def with_faults(ends: Iterable[str], faults: Iterable[str]) -> list[str]:
    """The lines of `jobs`, and those of the jobs' logs that say more than that a job was told to stop."""
    told = list(ends)
    stops = [line for line in told if "signal 9" not in line]
    rest = [one for one in faults if not (": stopped by SIG" in one and any(_place(one) in line for line in stops))]
    return [*rest, *told]


def _place(fault: str) -> str:
    """The log at the end of a line of `jobs.faults_in_logs`."""
    return fault.rpartition(" (")[2].rstrip(")")


def _ends(log: Path) -> list[_End]:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    names: dict[str, str] = {}
    ends: dict[str, _End] = {}  # the last of each job, which may be sent several times
    why, end, number = "", None, ""
    # logs of jobs that failed are printed here, and those of Slurm hold what another Snakemake says of its job 0
    through_slurm = any(line.startswith("SLURM run ID: ") for line in lines)
    for line in [*lines, ""]:
        if end and not line.startswith(_INSIDE):
            end.name = names.get(number, "")
            if not through_slurm or end.slurm or end.why == "unsent":
                ends[number or str(len(ends))] = end
            why, end, number = "", None, ""
        if status := _STATUS.search(line):
            code = int(status[1]) - 128 if status[1] else int(status[2])
            why = str(code) if code > 0 else f"exit {status[1]}"
        elif start := _RULE.match(line):
            end = _End(start[1], why=why)
        elif name := _JOB.match(line):
            names[name[1]] = names.get(name[1], name[2]) if through_slurm else name[2]
        elif done := _DONE.match(line):
            ends.pop(done[1], None)
        elif end is not None:
            number = _read(end, line) or number
    return list(ends.values())


def _read(end: _End, line: str) -> str:
    """Take up what a line of an error says; the number of the job in Snakemake, if it is that."""
    if job := _ID.match(line):
        return job[1]
    if where := _LOG.match(line):
        end.logs = tuple(where[1].split(", "))
    elif state := _SLURM.search(line):
        end.slurm, end.why = state.groups()
    elif refused := _UNSENT.search(line):
        end.why, end.said = "unsent", refused[1]
    return ""


def _fault(end: _End, since: float) -> Fault | None:
    known = slurm.Record()
    if end.slurm:
        known = slurm.record(end.slurm, end.why, [Path(log) for log in end.logs])
        end.why = known.why or "FAILED"
    if end.why not in _WORDS or (end.why in ("exit 3", "FAILED") and _says_why(end.logs[:1], since)):
        return None
    expected, found = _WORDS[end.why]
    words = _words(end, known)
    place = f" ({end.logs[0]})" if end.logs else ""
    return Fault(f"job {end.name or end.rule}{place}", expected.format_map(words), found.format_map(words))


def _says_why(logs: Iterable[str], since: float) -> bool:
    """Whether a job's own log, if it is of this run, has a fault in words, which is printed anyway."""
    for log in map(Path, logs):
        try:
            return log.stat().st_mtime >= since and "tumint: " in log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
    return False


def _words(end: _End, known: slurm.Record) -> dict[str, str]:
    memory, time = f"{integer(known.asked_mb)} MB", plural(math.ceil(known.minutes), "minute", "minutes")
    had = [text for text, is_known in ((memory, known.asked_mb), (time, known.minutes)) if is_known]
    more_mb = str(math.ceil(2 * known.asked_mb)) if known.asked_mb else "N"
    more_time = str(math.ceil(2 * known.minutes)) if known.minutes else "MINUTES"
    return {
        "smaller": "a smaller `samples_per_job`, or " if _BATCH.search(end.name) or not end.name else "",
        "memory": _SET.format(rule=end.rule, resource="mem_mb", value=more_mb),
        "time": _SET.format(rule=end.rule, resource="runtime", value=more_time),
        "had_memory": memory if known.asked_mb else "memory",
        "had_time": time if known.minutes else "time",
        "used": f" (it held {integer(known.used_mb)} MB)" if known.used_mb > known.asked_mb else "",
        "had": f"; it had {together(had)}" if had else "",
        "log": end.logs[-1] if end.logs else "its log",
        "said": end.said[:300],
    }
