"""Ratios against peers over the runs of `make bench`: what of a table is one, what is kept, when a fall is told."""

from __future__ import annotations

import history
import pandas as pd

TABLE = """# Interaction scores

## Speed

| what | tumint | peer | ratio |
|---|---|---|---|
| 20,000 cells | 0.1 s | 1 s | 10.0× |
| 200,000 cells | 0.1 s | 400 s | 4,000× |
| the same without Delaunay | 5 s | 2 s | 2.4× the time |
"""


def runs(*ratios: float) -> pd.DataFrame:
    table = pd.DataFrame({"document": "a.md", "row": "Speed: 20,000 cells", "ratio": ratios})
    return table.assign(day="2026-01-01", commit="abc")[["day", "commit", "document", "row", "ratio"]]


def test_ratios_are_cells_of_a_table_that_are_nothing_else() -> None:
    assert history.ratios(TABLE) == {"Speed: 20,000 cells": 10.0, "Speed: 200,000 cells": 4000.0}


def test_a_run_adds_what_it_measured_and_no_more() -> None:
    before = {("a.md", "x"): 2.0, ("a.md", "y"): 3.0}
    grown = history.added(runs(10.0), before, {**before, ("a.md", "y"): 2.9, ("b.md", "z"): 1.0})
    assert grown[history.KEY].to_numpy().tolist()[1:] == [["a.md", "y"], ["b.md", "z"]]
    assert list(grown) == list(runs(10.0))
    assert len(history.added(runs(10.0), before, before)) == 1


def test_a_fall_of_a_fifth_below_the_median_is_told_and_less_is_not() -> None:
    assert history.worse(runs(10.0, 12.0, 8.0, 8.1)) == []
    (line,) = history.worse(runs(10.0, 12.0, 9.0, 8.0))
    assert line == "a.md, Speed: 20,000 cells: 8× now, 10× before (median of 3 runs)"
    assert history.worse(runs(10.0)) == []


def test_the_history_holds_what_the_documents_say_now() -> None:
    """Else somebody wrote a table without `make bench`, or lost the history."""
    last = history.read().groupby(history.KEY)["ratio"].last()
    now = history.measured()
    assert {key: last.get(key) for key in now} == now
