"""Barriers and spread of distances: ROIs of a subject added up, in the figures as in their tables."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.report.neighbourhood import barriers, distance_spread


def inputs(table: pd.DataFrame) -> Any:
    """Four subjects of two groups, two ROIs each, and one table."""
    rows = pd.DataFrame([(f"r{i}{j}", f"m{i}", "ab"[i % 2]) for i in range(4) for j in range(2)])
    rows.columns = pd.Index([k.SAMPLE, k.SUBJECT, "group"])
    subject_of = dict(zip(rows[k.SAMPLE], rows[k.SUBJECT], strict=True))
    return SimpleNamespace(rows=rows, subject_of=subject_of, group_column="arm", table=lambda *_, **__: table)


def barrier_rows() -> pd.DataFrame:
    seen, expected = [4.0, 8.0], [2.0, 4.0]
    return pd.DataFrame(
        [
            {
                k.SAMPLE: f"r{i}{j}",
                k.FAMILY: k.FAMILY_BARRIER,
                k.FEATURE: "Fibroblasts between T cells and Tumour cells",
                k.VALUE: np.log2((seen[j] + 0.5) / (expected[j] + 0.5)),
                k.WEIGHT: expected[j],
                k.STATUS: k.TESTED,
            }
            for i in range(4)
            for j in range(2)
        ]
    )


def test_the_rois_of_a_subject_are_added_up() -> None:
    found = barriers.passed(inputs(barrier_rows()))
    assert found[k.SUBJECT].tolist() == ["m0", "m1", "m2", "m3"]
    assert found["way"].unique().tolist() == ["T cells and Tumour cells"]
    assert found[k.CELL_TYPE].unique().tolist() == ["Fibroblasts"]
    assert found["observed"].tolist() == pytest.approx([12.0] * 4)
    assert found["log2"].tolist() == pytest.approx([np.log2(12.5 / 6.5)] * 4)


def test_one_panel_for_each_way_and_none_without_barriers() -> None:
    figure = barriers.barriers(inputs(barrier_rows()))
    assert figure is not None
    assert [panel.title for panel in figure.chart.panels] == ["between T cells and Tumour cells"]
    assert barriers.barriers(inputs(barrier_rows().assign(family="interaction"))) is None


def distance_rows() -> pd.DataFrame:
    """T cells are twice as far from B cells in group b, and as far from tumour cells."""
    rows = []
    for i in range(4):
        for j in range(2):
            for target, um in (("B cells", 20.0 * (1 + i % 2)), ("Tumour cells", 30.0)):
                middle = um * (1 + 0.01 * i)
                spread = zip(distance_spread.QUANTILES, middle * np.array([0.5, 0.7, 1, 1.5, 2]), strict=True)
                row = {k.SAMPLE: f"r{i}{j}", k.SOURCE: "T cells", k.TARGET: target, k.N: 10 * (j + 1)}
                rows.append({**row, **dict(spread), k.STATUS: k.TESTED})
    return pd.DataFrame(rows)


def test_pairs_whose_distances_differ_come_first() -> None:
    given = inputs(distance_rows())
    table = distance_spread.of_subjects(given)
    assert distance_spread.pairs_apart(table, 2) == [("T cells", "B cells"), ("T cells", "Tumour cells")]
    figure = distance_spread.spreads(given)
    assert figure is not None
    mine = figure.table[(figure.table[k.TARGET] == "B cells") & (figure.table[k.SUBJECT] == "m1")]
    assert mine["median_um"].item() == pytest.approx(40.4)
    assert mine["p90_um"].item() == pytest.approx(80.8)
    assert distance_spread.spreads(inputs(distance_rows().assign(status=k.ABSENT))) is None
