"""The spillover floor of states by contact: what a neighbour's lineage markers do on contact, a state may do as well.

What is left of spillover after it was measured and taken out is seen on lineage markers of b in cells of a, which have
no business there. The largest such rise of a pair, as part of the level of b, times the level that the state marker has
in b is how much of a state could be spillover. Only what is larger is called, and at a quarter of the false discovery
rate: where nothing but spillover is, one cohort in ten would have a finding by chance at 0.1. Tables in, tables out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.text import ratio

_WEIGHT = 4.0  # q counts so many times
_Q = ("q", "q_all", "q_across", "q_primary")


def with_floor(effects: pd.DataFrame) -> pd.DataFrame:
    """The effects of a contrast with `floor` for states by contact, whose q count four times.

    What does not clear the floor has q 1 and a reason. p stays, and so does the number of tests: to leave out small
    effects before the correction would make it too mild.
    """
    effects = effects.assign(floor=np.nan)
    mine = np.flatnonzero(effects[k.FAMILY] == k.FAMILY_STATE)
    if not mine.size:
        return effects
    controls, levels = _controls(effects), _levels(effects)
    floors, reasons = [], []
    for feature, effect in zip(effects[k.FEATURE].iloc[mine], effects["effect"].iloc[mine], strict=True):
        marker, a, b = feature.split(k.PAIR_SEPARATOR)
        share, level = controls.get((a, b), np.nan), levels.get(f"{marker} of {b}", np.nan)
        floor = share * level
        floors.append(floor)
        if np.isnan(share):
            reasons.append(f"no lineage marker of {b} that {a} lack, so spillover cannot be told apart")
        elif np.isnan(level) or not abs(effect) > floor:
            reasons.append(
                f"within what spillover explains ({ratio(floor)})" if floor == floor else "no spillover floor"
            )
        else:
            reasons.append("")
    said = np.full(len(effects), "", dtype=object)
    said[mine] = reasons
    limit = np.full(len(effects), np.nan)
    limit[mine] = floors
    held = (said != "") & (effects[k.STATUS] == k.TESTED).to_numpy()
    states = (effects[k.FAMILY] == k.FAMILY_STATE).to_numpy()
    stricter = {name: np.where(states, np.minimum(_WEIGHT * effects[name], 1.0), effects[name]) for name in _Q}
    changed = {name: np.where(held & effects[name].notna(), 1.0, q) for name, q in stricter.items()}
    return effects.assign(**changed, floor=limit, **{k.REASON: np.where(held, said, effects[k.REASON])})


def _controls(effects: pd.DataFrame) -> dict[tuple[str, str], float]:
    """For each pair of types the largest share of the neighbour's lineage level read on contact, in either arm."""
    rows = effects[effects[k.FAMILY] == k.FAMILY_SPILLOVER]
    found: dict[tuple[str, str], float] = {}
    largest = np.fmax(rows["mean_reference"].abs(), rows["mean_group"].abs())
    for feature, share in zip(rows[k.FEATURE], largest, strict=True):
        _, a, b = feature.split(k.PAIR_SEPARATOR)
        if np.isfinite(share):
            found[a, b] = max(found.get((a, b), 0.0), float(share))
    return found


def _levels(effects: pd.DataFrame) -> dict[str, float]:
    """The level of each marker in each type, in the arm in which it is higher."""
    found: dict[str, float] = {}
    for family in (k.FAMILY_MARKER, k.FAMILY_MARKER_DIFFERENCE):
        rows = effects[effects[k.FAMILY] == family]
        means = np.fmax(rows["mean_reference"].to_numpy(dtype=float), rows["mean_group"].to_numpy(dtype=float))
        values = np.exp(means) if family == k.FAMILY_MARKER else np.abs(means)
        found |= dict(zip(rows[k.FEATURE], values.tolist(), strict=True))
    return found
