"""Which ROIs a page shows where it cannot show all."""

from __future__ import annotations

import pandas as pd

from tumint.text import integer


def by_turns(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most `most` of the rows, in their order: one by turns from each value of `group`, so that all are there."""
    turn = rows.groupby("group", sort=False).cumcount()
    return rows.loc[turn.sort_values(kind="stable").index[:most]].sort_index()


def not_all(shown: int, there: int) -> str:
    """A sentence that starts with a space; nothing where all are shown."""
    if shown == there:
        return ""
    return f" {integer(shown)} of {integer(there)} are shown (`report.max_maps`)."
