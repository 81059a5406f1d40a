"""`tumint plan`: which jobs would run, and why, in words. Runs nothing: it reads Snakemake's dry run."""

from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tumint.cli.snakemake import command, environment
from tumint.handed import MARK
from tumint.stages import ALL
from tumint.text import plural
from tumint.watch import KEY

_JOB = re.compile(r"^Job \d+: (?P<name>.+)\n(?:Reason: (?P<reason>.*))?", re.MULTILINE)
_PARAMS = re.compile(r"Params have changed since last execution: .*?before: (?P<before>.*) now: (?P<now>.*)", re.DOTALL)
_BATCH = re.compile(r" ([bg]\d+)$")
_WORDS = {
    "Missing output files": "not made yet",
    "Incomplete output files": "was interrupted",
    "Updated input files": "an input file was edited",
    "Set of input files has changed": "other input files",
    "Code has changed": "its rule was edited",
    "Software environment definition has changed": "its environment was edited",
    "Forced execution": "asked for, or a file of it was changed or removed",
    "Input files updated by another job": "reads what is made again",
}


@dataclass
class Step:
    """What would run of one rule: its batches, and the reasons in words."""

    name: str
    batches: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        batches = sorted(self.batches)
        count = (
            ""
            if not batches
            else f" ({batches[0]})"
            if len(batches) == 1
            else f" ({plural(len(batches), 'batch', 'batches')})"
        )
        return f"{self.name}{count}: {'; '.join(self.reasons)}"


def add_verbs(verbs: Any) -> None:
    """Add the verb."""
    summary = "what would run again and why, in words; runs nothing"
    parser: argparse.ArgumentParser = verbs.add_parser("plan", help=summary, description=summary)
    parser.add_argument("config", type=Path, help="config file of the cohort")
    parser.set_defaults(call=_plan)


def _plan(a: argparse.Namespace) -> int:
    from tumint import preflight

    cohort = preflight.load(a.config)
    dry_run = [*command(a.config), "--cores", "1", "--dry-run", "--quiet", "host", "--nolock"]
    done = subprocess.run(dry_run, text=True, capture_output=True, check=False, env=environment())
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
        return done.returncode
    steps = read_dry_run(done.stdout + done.stderr)
    folder = f"{cohort.config.results}/{cohort.config.cohort}"
    if not steps:
        print(f"Nothing to do: everything in {folder} is up to date.")
        return 0
    jobs = sum(max(1, len(step.batches)) for step in steps)
    print(f"{plural(jobs, 'job')} would run for {folder}:")
    for step in steps:
        print(f"  {step}")
    return 0


def read_dry_run(text: str) -> list[Step]:
    """The steps of a dry run, in the order of the stages, the reports last."""
    steps: dict[str, Step] = {}
    for match in _JOB.finditer(text):
        if match["name"] == "all":  # the target: it runs no command
            continue
        name = _BATCH.sub("", match["name"])
        step = steps.setdefault(name, Step(name))
        if batch := _BATCH.search(match["name"]):
            step.batches.append(batch[1])
        for reason in _in_words(match["reason"] or ""):
            if reason not in step.reasons:
                step.reasons.append(reason)
    return sorted(steps.values(), key=_rank)


_WITHIN = ("measure", "compare", "learn", "", "gather")  # the parts of a stage, by the first word after the colon


def _rank(step: Step) -> tuple[bool, int, int]:
    """Place of a step: stages before reports, in the order of the stages; in a stage in that of its parts."""
    head, _, part = step.name.partition(":")
    *report, stage = head.split()
    first = next(iter(part.split()), "")
    order = list(ALL)
    within = _WITHIN.index(first) if first in _WITHIN else len(_WITHIN)
    return bool(report), order.index(stage) if stage in order else len(order), within


def _in_words(reason: str) -> list[str]:
    """Snakemake's reason as a person says it; that outputs are missing says more than what follows from it."""
    found = [words for start, words in _WORDS.items() if start in reason]
    if params := _PARAMS.search(reason):
        found = [*_changes(_values(params["before"]), _values(params["now"])), *found]
    if len(found) > 1 and _WORDS["Input files updated by another job"] in found:
        found.remove(_WORDS["Input files updated by another job"])
    return found or [reason]


def _values(text: str) -> list[Any]:
    """Params as Snakemake prints them, `'a','b'`; those that are JSON are read as such."""
    try:
        values = ast.literal_eval(f"[{text}]")
    except (SyntaxError, ValueError):
        return []
    return [json.loads(v) if isinstance(v, str) and v[:1] in "{[" else v for v in values]


def _changes(before: list[Any], now: list[Any]) -> Iterator[str]:
    (old_files, before), (new_files, now) = _files(before), _files(now)
    if old_files != new_files:
        yield _WORDS["Updated input files" if set(old_files) == set(new_files) else "Set of input files has changed"]
    old, new = ([v for v in values if isinstance(v, dict)] for values in (before, now))
    if old and new:
        yield "settings changed: " + ", ".join(_differences(old[0], new[0]))
    texts = [v for v in now if isinstance(v, str)]
    if any(not v.startswith(MARK) for v in texts):
        yield "its code was edited"
    if any(v.startswith(MARK) and ".params-" not in v for v in texts):
        yield "other samples"


def _files(values: list[Any]) -> tuple[dict[str, str], list[Any]]:
    """What users' files held (`tumint.watch`), and the other params."""
    found = [value for value in values if isinstance(value, dict) and set(value) == {KEY}]
    return {path: held for value in found for path, held in value[KEY].items()}, [v for v in values if v not in found]


def _differences(old: Any, new: Any, key: str = "") -> Iterator[str]:
    """`key old → new` for every leaf that differs."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            yield from _differences(old.get(name), new.get(name), f"{key}.{name}".lstrip("."))
    elif old != new:
        yield f"{key} {_short(old)} → {_short(new)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
