"""Jobs that something outside ended, told from Snakemake's log: by a signal, or by a cluster at a limit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tumint.errors import Fault

_STATUS = re.compile(r"returned non-zero exit status (\d+)|died with <Signals\.\w+: (\d+)>")
_RULE = re.compile(r"^Error in rule (\w+)")
_LOG = re.compile(r"^\s+log: (\S.*?)(?: \(check log file.*)?$")
_SLURM = re.compile(r"SLURM status is: '(\w+)'")
_MORE = "`samples_per_job`, or `--set-resources {rule}:mem_mb=N`"
# what was expected, what was found; by the number of a signal, or the word of Slurm
_WORDS = {
    "9": (
        f"memory for it: free some, fewer `--cores`, a smaller {_MORE}",
        "that it was killed (signal 9), as where memory ran out",
    ),
    "24": ("enough time: raise `ulimit -t`", "that its processor time was used up (signal 24)"),
    "25": ("to write a file of any size: raise `ulimit -f`", "that a file grew too large (signal 25)"),
    "OUT_OF_MEMORY": (f"memory for it: a smaller {_MORE}", "that it used more than it had asked Slurm for"),
    "TIMEOUT": (
        "time for it: `--set-resources {rule}:runtime=MINUTES`",
        "that it ran longer than it had asked Slurm for",
    ),
    "NODE_FAIL": ("a node that stays up: run again", "that its node failed"),
    # what a verb ends with where the machine lacks something; its log says what, if there was room for that
    "exit 3": ("room on the disk for it and for its log: free some, or put `results` on another", "none"),
    "CANCELLED": ("to end by itself: run again", "that somebody cancelled it in Slurm"),
}


def jobs(logs: Iterable[str]) -> list[str]:
    """A line for every job of these logs of Snakemake that something outside ended, in the form of a fault."""
    found = [fault for log in logs for fault in _of(Path(log))]
    return list(dict.fromkeys(f"tumint: {fault}" for fault in found))


def _of(log: Path) -> Iterator[Fault]:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    why, rule, place = "", "", ""
    for line in [*lines, ""]:
        inside = line.startswith((" ", "\t"))
        if rule and not inside:
            if why in _WORDS and not (why == "exit 3" and _says(place)):
                expected, said = _WORDS[why]
                yield Fault(f"job {rule}{f' ({place})' if place else ''}", expected.format(rule=rule), said)
            why, rule, place = "", "", ""
        if status := _STATUS.search(line):
            code = int(status[1] or status[2])
            why = f"exit {code}" if status[1] and code < 128 else str(code - 128 if status[1] else code)
        elif start := _RULE.match(line):
            rule = start[1]
        elif rule and (where := _LOG.match(line)):
            place = where[1]
        if rule and (state := _SLURM.search(line)):
            why = state[1]


def _says(log: str) -> bool:
    """Whether a job told by itself what it lacked."""
    try:
        return "tumint: " in Path(log).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
