"""What `tumint compare` says at its end: rows and where they are, subjects used and lost, the strongest finding."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumint import keys as k
from tumint.text import integer, listed, plural, probability, setting

if TYPE_CHECKING:
    import pandas as pd

_MOST = 3  # reasons that are told


def per_contrast(result: Any, fdr: float) -> str:
    """One line for a contrast: features, how many were tested, how many differ, and why there is no p."""
    effects, name = result.effects, result.design.contrast.name
    if result.faults:
        return f"{name}: not compared; {result.reason}"
    tested = int(effects["p"].notna().sum())
    line = f"{name}: {plural(len(effects), 'feature')}, {integer(tested)} tested"
    line += f", {integer((effects['q'] < fdr).sum())} at q<{setting(fdr)}" if tested else ""
    return f"{line}; {result.reason}" if result.reason else line


def at_the_end(results: Sequence[Any], features: pd.DataFrame, sheet: pd.DataFrame, fdr: float, out: Path) -> str:
    """The last line."""
    rows = sum(len(result.effects) for result in results)
    used, lost = _subjects(results, features, sheet)
    said = f"{plural(len(used), 'subject')} used, {lost}"
    return f"compare: {plural(rows, 'row')} in {out}; {said}; {_strongest(results, fdr)}"


def _subjects(results: Sequence[Any], features: pd.DataFrame, sheet: pd.DataFrame) -> tuple[list[str], str]:
    """Subjects that any contrast used, and those that none did, by reason."""
    subject = dict(zip(sheet[k.SAMPLE], sheet[k.SUBJECT], strict=True))
    there = {subject[name] for name in _different(features[k.SAMPLE]) if name in subject}
    usable = features.loc[features[k.STATUS] == k.TESTED, k.SAMPLE]
    valued = {subject[name] for name in _different(usable) if name in subject}
    in_design: set[str] = set()
    why: dict[str, str] = {}
    for result in results:
        of_sample = result.design.unit_of_sample
        units = set(result.design.units)
        in_design |= {subject[s] for s, unit in of_sample.items() if unit in units and s in subject}
        why |= {name: reason for name, reason in result.design.left_out.items() if name not in why}
    reasons: dict[str, list[str]] = {}
    for name in dict.fromkeys(sheet[k.SUBJECT]):
        if name not in there:
            reasons.setdefault("no row in the features", []).append(name)
        elif name not in in_design:
            reasons.setdefault(why.get(name, _halves(name, why) or "in no contrast"), []).append(name)
        elif name not in valued:
            reasons.setdefault("no value in any feature", []).append(name)
    lost = sum(map(len, reasons.values()))
    told = [f"{listed(names, 3)}: {reason}" for reason, names in list(reasons.items())[:_MOST]]
    used = sorted(in_design & valued)
    return used, f"{integer(lost)} lost ({'; '.join(told)})" if lost else "none lost"


def _different(names: pd.Series) -> list[str]:
    return [str(name) for name in names.unique()]


def _halves(name: str, why: dict[str, str]) -> str:
    """The reason of a half of a paired subject."""
    return next((reason for unit, reason in why.items() if unit.startswith(f"{name} [")), "")


def _strongest(results: Sequence[Any], fdr: float) -> str:
    """The finding of smallest q in words, or that there is none and how near the nearest came."""
    from tumint.response.wording import finding

    tables = [(result, result.effects[result.effects["q"].notna()]) for result in results]
    tested = sum(len(table) for _, table in tables)
    if not tested:
        reason = next((result.reason for result in results if result.reason), "")
        if not reason:
            told = [text for result in results for text in result.effects[k.REASON].astype(str) if text]
            reason = max(set(told), key=told.count) if told else "no feature has a value in both groups"
        return f"no p: {reason}"
    best: tuple[float, float, str, Any] | None = None
    for result, table in tables:
        for row in table.sort_values(["q", "p"], kind="stable").head(1).to_dict("records"):
            if best is None or (row["q"], row["p"]) < best[:2]:
                best = (row["q"], row["p"], "", (row, result))
    assert best is not None
    if best[0] >= fdr:
        among = f"among {integer(tested)} tested (smallest q = {probability(best[0])})"
        return f"nothing differs at q < {setting(fdr)} {among}"
    row, result = best[3]
    words = finding(row, result.design.contrast.model_dump(mode="json"))["words"]
    return f"strongest of {integer(sum((t['q'] < fdr).sum() for _, t in tables))}: {words.rstrip('.')}"
