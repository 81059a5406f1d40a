"""The two animals that show a feature at its ends: whose tissue a finding is looked at in. Tables in, facts out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from tumint import families
from tumint import keys as k
from tumint.report.engine.formats import is_missing
from tumint.text import number

LOWEST, HIGHEST = "lowest", "highest"


@dataclass(frozen=True)
class End:
    """A subject, the ROI that is shown of it, and why it was chosen."""

    sample: str
    subject: str
    level: str
    said: str  # its value in words
    which: str  # `lowest` or `highest`


@dataclass(frozen=True)
class Ends:
    """The reference on the left, the group on the right, whichever is higher; `note`: what a reader must know."""

    left: End
    right: End
    note: str = ""


def ends_of(row: Any, subjects: pd.DataFrame, rois: pd.DataFrame, reference: str, group: str) -> Ends | None:
    """The subjects with the lowest and with the highest value of a feature, each by the ROI nearest to its value.

    Where both are of one group, the one that the effect points to is shown beside the opposite end of the other group,
    so that either side always holds the same group. Ties go by name.

    Parameters
    ----------
    row
        `id, family, effect` of the feature.
    subjects, rois
        `id, subject, level, value` (and `sample`), as `contrasts.values_of`.
    """
    mine = subjects[(subjects["id"] == row["id"]) & subjects[k.VALUE].notna()]
    mine = mine.sort_values([k.VALUE, k.SUBJECT], kind="stable")
    sides = [mine[mine["level"] == level] for level in (reference, group)]
    if any(side.empty for side in sides):
        return None
    low, high = mine.iloc[0], mine.iloc[-1]
    note = ""
    if low["level"] == high["level"]:
        up = bool(row["effect"] >= 0)
        note = f"The lowest and the highest value are both in {low['level']}: shown is one end of either group."
        chosen = [(sides[0].iloc[0], LOWEST), (sides[1].iloc[-1], HIGHEST)]
        if not up:
            chosen = [(sides[0].iloc[-1], HIGHEST), (sides[1].iloc[0], LOWEST)]
    else:
        chosen = [(low, LOWEST), (high, HIGHEST)]
        if low["level"] != reference:
            chosen.reverse()
    found = [_end(row, one, which, rois) for one, which in chosen]
    left, right = found
    return Ends(left, right, note) if left and right else None


def _end(row: Any, subject: pd.Series, which: str, rois: pd.DataFrame) -> End | None:
    here = rois[(rois["id"] == row["id"]) & (rois[k.SUBJECT] == subject[k.SUBJECT])].sort_values(k.SAMPLE)
    here = here[here[k.VALUE].notna()]
    if here.empty:
        return None
    nearest = here.iloc[int((here[k.VALUE] - subject[k.VALUE]).abs().to_numpy().argmin())]
    said = value_in_words(row, subject)
    return End(str(nearest[k.SAMPLE]), str(subject[k.SUBJECT]), str(subject["level"]), said, which)


def value_in_words(row: Any, subject: pd.Series) -> str:
    """`contact odds ratio 1.73`."""
    family = families.find(str(row[k.FAMILY]))
    log2 = subject["log2_value"]
    value = number(float(subject[k.VALUE]) if is_missing(log2) else 2.0 ** float(log2))
    return f"{family.value if family else 'value'} {value}"
