"""How far a finding can be trusted, in one plain grade with its reason, from the evidence that stands beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, TypeGuard

from tumint import keys as k
from tumint.text import integer, probability

LEVEL: Final = 0.05
"""With any one subject left out, a solid finding keeps its direction and p at most so high."""
MOST_SETTINGS: Final = 0.5
"""A solid finding keeps its direction and q on more than this share of the sensitivity grid."""
CONTACT: Final = (k.FAMILY_INTERACTION, k.FAMILY_PAIRWISE, k.FAMILY_MIXING)


def grade(row: Mapping[Any, Any], parts: Mapping[str, Any] | None = None) -> tuple[str, str]:
    """The grade (one of `keys.GRADES`) of a finding and the reason in words; a solid one has none.

    Parameters
    ----------
    row
        A finding: its effect, its influence (`sign_kept`, `largest_p`, `subject`), its share of the grid
        (`robustness`, `n_settings`, `setting_low`, `setting_high`), and of a pair what remains at equal composition
        (`verdict`, `effect_adjusted`).
    parts
        What the difference in numbers of contacts is made of, from `response.parts.parts_of`.

    Notes
    -----
    What explains a finding away comes before what makes it fragile. Composition explains a contact whose effect at
    equal shares of both types is less than half and whose interval holds no difference; shared tissue explains it where
    a shared domain or region carries the difference in contacts and the interval of contact itself holds none.
    """
    if row[k.FAMILY] in CONTACT:
        if explained := _composition(row):
            return explained
        if parts is not None and _only_shared(parts):
            return k.BY_TISSUE, "what differs is how much tissue they share, not contact itself"
    reasons = [why for why in (*_one_subject(row), *_settings(row), *_shares(row)) if why]
    return (k.FRAGILE, reasons[0]) if reasons else (k.SOLID, "")


def _composition(row: Mapping[Any, Any]) -> tuple[str, str] | None:
    left = row.get("effect_adjusted")
    if row.get("verdict") != k.NOT_APART or not _there(left):
        return None
    if abs(left) < 0.5 * abs(row["effect"]) or left * row["effect"] < 0:
        return k.BY_COMPOSITION, "at equal shares of both types less than half of it remains"
    return None


def _only_shared(parts: Mapping[str, Any]) -> bool:
    carried = parts.get("carried_by") in (k.FAMILY_SHARED_DOMAIN, k.FAMILY_SHARED_REGION)
    _, low, high = parts[k.FAMILY_CONTACT]
    return carried and not math.isnan(low) and low <= 0 <= high


def _one_subject(row: Mapping[Any, Any]) -> list[str]:
    """Whether it hangs on a single subject."""
    if row.get("sign_kept") is not None and _there(row.get("effect_low")) and not bool(row["sign_kept"]):
        return [f"its direction reverses without {row[k.SUBJECT]}"]
    largest = row.get("largest_p")
    if _there(largest) and largest > LEVEL:
        return [f"with one subject left out p rises to {probability(largest)}"]
    return []


def _settings(row: Mapping[Any, Any]) -> list[str]:
    """Whether it hangs on how contact was measured."""
    share = row.get("robustness")
    if not _there(share):
        return []
    low, high, n = row.get("setting_low"), row.get("setting_high"), int(row["n_settings"])
    if _there(low) and _there(high) and low * high < 0:
        return [f"its direction changes over {integer(n)} other settings"]
    if share <= MOST_SETTINGS:
        return [f"it holds on only {round(share * n)} of {integer(n)} other settings"]
    return []


def _shares(row: Mapping[Any, Any]) -> list[str]:
    if row.get("verdict") == k.NOT_APART:
        return ["at equal shares of both types its interval includes no difference"]
    return []


def linked(found: list[dict[str, Any]]) -> list[str]:
    """For every finding of contact the stronger one that it shares a type with; empty where there is none.

    Labels are dealt out to the same cells: where A touches B more, it must touch another type less. Findings come with
    the strongest first.
    """
    said: list[str] = []
    before: list[dict[str, Any]] = []
    for row in found:
        if row[k.FAMILY] != k.FAMILY_INTERACTION:
            said.append("")
            continue
        mine = {row[k.SOURCE], row[k.TARGET]}
        stronger = [one for one in before if mine & {one[k.SOURCE], one[k.TARGET]}]
        said.append(f"{stronger[0][k.SOURCE]} – {stronger[0][k.TARGET]}" if stronger else "")
        before.append(row)
    return said


def _there(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not math.isnan(value)
