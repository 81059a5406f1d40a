"""Which ROIs a page shows where it cannot show all."""

from __future__ import annotations

import pandas as pd

from tumint.charts.model import Chart, Heat, Panel
from tumint.charts.palette import DIVERGING
from tumint.charts.still.draw import draw
from tumint.charts.still.house import svg
from tumint.report.engine.turns import by_turns, not_all


def test_each_group_has_as_many_as_there_are() -> None:
    rows = pd.DataFrame({"sample": list("abcdefgh"), "group": ["v"] * 6 + ["t"] * 2})
    assert list(by_turns(rows, 4)["sample"]) == ["a", "b", "g", "h"]
    assert list(by_turns(rows, 6)["sample"]) == ["a", "b", "c", "d", "g", "h"]
    assert by_turns(rows, 100).equals(rows)
    assert by_turns(rows, 0).empty


def test_what_is_left_out_is_said() -> None:
    assert not_all(80, 80) == ""
    assert not_all(24, 1080) == " 24 of 1,080 are shown (`report.max_maps`)."


def _heat(rows: int) -> str:
    matrix = pd.DataFrame([[(i * j) % 13 - 6.0 for j in range(30)] for i in range(rows)])
    return svg(draw(Chart([Panel([Heat(matrix, DIVERGING, (-6, 6), "z")])], 8, 6)))


def test_a_heatmap_of_many_cells_is_drawn_as_pixels() -> None:
    few, many = _heat(100), _heat(400)
    assert few.count("<path") > 3000
    assert many.count("<path") < 500
    assert many.count("<image") == few.count("<image") + 1
