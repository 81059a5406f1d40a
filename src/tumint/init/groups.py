"""Which column of the sheet holds the groups: every candidate, with its counts, and the rule that took or left it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tumint.ingest.columns import tokens
from tumint.text import listed

_MOST_LEVELS = 6
_FIRST = (
    "treatment",
    "arm",
    "group",
    "condition",
    "response",
    "responder",
    "outcome",
    "genotype",
    "diagnosis",
    "cohort",
)
# of how the data were made, and of who the subject is: never what is asked
_TECHNICAL = frozenset(
    [
        "batch",
        "run",
        "plate",
        "date",
        "slide",
        "file",
        "path",
        "scanner",
        "operator",
        "lane",
        "chip",
        "prep",
        "library",
        "acquisition",
        "image",
        "width",
        "height",
        "id",
        "row",
        "column",
        "well",
        "panel",
        "cycle",
        "site",
        "version",
        "start",
        "end",
        "channels",
        "recovered",
        "source",
    ]
)
_COVARIATES = frozenset(["sex", "gender", "age", "weight", "bmi", "smoker", "smoking", "race", "ethnicity"])


@dataclass(frozen=True)
class Candidate:
    """A column: `{level: subjects}`, and why it is no group; empty: it could be."""

    column: str
    counts: dict[str, int]
    why: str

    @property
    def said(self) -> str:
        """`vehicle 4, treated 4`."""
        return listed((f"{level} {count}" for level, count in self.counts.items()), _MOST_LEVELS)


def candidates(columns: Mapping[str, Sequence[str]], subjects: Sequence[str]) -> list[Candidate]:
    """All columns with at least two levels over the samples, in their order, those that could be groups first."""
    found = [_candidate(name, values, subjects) for name, values in columns.items() if len({*values}) > 1]
    return sorted(found, key=lambda one: (bool(one.why), _rank(one.column)))


def _rank(column: str) -> int:
    mine = tokens(column)
    return min((i for i, word in enumerate(_FIRST) if word in mine), default=len(_FIRST))


def _candidate(name: str, values: Sequence[str], subjects: Sequence[str]) -> Candidate:
    levels: dict[str, set[str]] = {}
    of: dict[str, set[str]] = {}
    for value, subject in zip(values, subjects, strict=True):
        levels.setdefault(value, set()).add(subject)
        of.setdefault(subject, set()).add(value)
    counts = {level: len(who) for level, who in levels.items()}
    return Candidate(name, counts, _why(name, counts, of))


def _why(name: str, counts: Mapping[str, int], of: Mapping[str, set[str]]) -> str:
    if "" in counts:
        return "not every sample has a level"
    if any(len(found) > 1 for found in of.values()):
        return "it differs within a subject"
    if len(counts) == len(of):
        return "it is the subject by another name: one subject in each level"
    if alone := [level for level, count in counts.items() if count < 2]:
        return "a level with one subject" if len(alone) == 1 else "levels with one subject"
    if len(counts) > _MOST_LEVELS:
        return f"{len(counts)} levels, more than {_MOST_LEVELS}"
    if _TECHNICAL & set(tokens(name)):
        return "by its name it says how the data were made"
    if _COVARIATES & set(tokens(name)):
        return "by its name a covariate (`adjust`)"
    return ""
