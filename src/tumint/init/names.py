"""Subject, ROI, tumour and treatment from names of samples, such as `BRAC3495.3f_ROI1_t1_Vehicle`. Pure text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

_ROI = re.compile(r"(roi|region|reg|r|fov|field|image|img|core|spot|acq|ac|a)[-.]?\d+", re.IGNORECASE)
_TUMOUR = re.compile(r"(t|tumou?r|lesion|nodule)[-.]?\d+", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")
# words for arms of an experiment, in lower case; the first of them are what others are compared with
REFERENCES = (
    "vehicle",
    "control",
    "ctrl",
    "cntrl",
    "ctl",
    "untreated",
    "placebo",
    "healthy",
    "naive",
    "wt",
    "pbs",
    "igg",
)
_ARMS = (*REFERENCES, "treated", "treatment", "drug", "tumor", "tumour", "mrtx", "antipd1", "apd1", "combo", "ko")
_WORD = re.compile(r"[A-Za-z][A-Za-z+.-]*\d{0,5}[A-Za-z]*")
_MOST_ARMS = 6


@dataclass(frozen=True)
class Named:
    """What a name says: `subject` always, the others where they are there (else empty)."""

    subject: str
    roi: str = ""
    tumour: str = ""
    treatment: str = ""


def guess(names: Sequence[str]) -> list[Named]:
    """What each of `names` says, seen together: parts between `_` that are the same everywhere say nothing.

    Names with other numbers of parts are their own subject, cut before what looks like a ROI.
    """
    split = [name.split("_") for name in names]
    if len({len(parts) for parts in split}) != 1:
        return [_alone(parts) for parts in split]
    columns = [list(values) for values in zip(*split, strict=True)]
    role = _roles(columns)
    found = []
    for parts in split:
        of = {
            what: "_".join(p for p, r in zip(parts, role, strict=True) if r == what)
            for what in ("roi", "tumour", "treatment")
        }
        subject = [p for p, r in zip(parts, role, strict=True) if r == "subject"]
        found.append(Named("_".join(subject) or "_".join(p for p, r in zip(parts, role, strict=True) if r == ""), **of))
    found = [name if name.subject else Named(whole) for name, whole in zip(found, names, strict=True)]
    return _apart(found)


def _apart(named: list[Named]) -> list[Named]:
    """Subjects that are counted anew in every arm, `vehicle_1` and `treated_1`: the arm is part of their name."""
    arms: dict[str, set[str]] = {}
    for name in named:
        arms.setdefault(name.subject, set()).add(name.treatment)
    if not any(len(found) > 1 for found in arms.values()):
        return named
    return [replace(name, subject="_".join(filter(None, (name.treatment, name.subject)))) for name in named]


def _roles(columns: Sequence[Sequence[str]]) -> list[str]:
    """`subject`, `roi`, `tumour`, `treatment` or nothing, of each part of the names."""
    role = [""] * len(columns)
    for i, values in enumerate(columns):
        if all(_TUMOUR.fullmatch(v) for v in values):
            role[i] = "tumour"
        elif all(_ROI.fullmatch(v) for v in values):
            role[i] = "roi"
        elif len(set(values)) > 1 and all(_is_arm(v) for v in values):
            role[i] = "treatment"
        elif len(set(values)) > 1:
            role[i] = "subject"
    subjects = [i for i, r in enumerate(role) if r == "subject"]
    # the last of several numbers counts images of a subject
    if "roi" not in role and len(subjects) > 1 and all(_NUMBER.fullmatch(v) for v in columns[subjects[-1]]):
        role[subjects.pop()] = "roi"
    if "treatment" not in role and len(subjects) > 1:
        last = columns[subjects[-1]]
        of_subject = {tuple(columns[j][n] for j in subjects[:-1]): value for n, value in enumerate(last)}
        constant = all(of_subject[tuple(columns[j][n] for j in subjects[:-1])] == value for n, value in enumerate(last))
        few = 2 <= len(set(last)) <= _MOST_ARMS and len(of_subject) >= 2 * len(set(last))
        if constant and few and all(_WORD.fullmatch(v) for v in last):
            role[subjects.pop()] = "treatment"
    return role


def _is_arm(text: str) -> bool:
    bare = re.sub(r"[^a-z0-9]", "", text.lower())
    return bare in _ARMS or re.sub(r"\d+$", "", bare) in _ARMS


def _alone(parts: Sequence[str]) -> Named:
    at = next((i for i, part in enumerate(parts) if _ROI.fullmatch(part) and i > 0), None)
    return Named("_".join(parts)) if at is None else Named("_".join(parts[:at]), roi=parts[at])


def reference_of(levels: Sequence[str]) -> str:
    """The level that the others are compared with: one called so, else the first."""
    named = [v for word in REFERENCES for v in levels if re.sub(r"[^a-z]", "", v.lower()) == word]
    return named[0] if named else levels[0]
