"""The calibration script runs and shows what naive tests would claim; the committed table holds what it promises."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module("validate_response")


def test_null_rates_of_a_few_cohorts(script: ModuleType, tmp_path: Path) -> None:
    run = script.Run(3, seed=3, keep=tmp_path)
    table = run.each("null", script.null_of, 4, 3)
    assert table.filter(like="moderated t|").mean(axis=None) < 0.12
    assert table.filter(like="cells as replicates|").min(axis=None) > 0.4
    assert table.filter(like="ROIs as replicates|").mean(axis=None) > 0.1
    assert table["mixed model|density"].notna().sum() == 1
    quick = script.p_of_primary(*script.cohort(4, np.random.default_rng(0), script.planted()))
    whole = script.p_of_tests(*script.cohort(4, np.random.default_rng(0), script.planted()))
    np.testing.assert_allclose(quick["moderated t"].sort_index(), whole["moderated t"].sort_index(), rtol=1e-12)
    kept = script.Run(3, seed=3, keep=tmp_path).each("null", None, 4, 3)  # read, not made again
    pd.testing.assert_frame_equal(kept, table)
    again = script.null_of(4, 3, 1)
    assert again == table.loc[1, list(again)].to_dict()


def test_the_mean_over_cohorts_comes_with_its_error(script: ModuleType) -> None:
    assert script.mean(pd.Series([0.02, 0.04, 0.06, 0.08])) == "0.050 ± 0.025"


def test_a_part_leaves_the_other_sections_as_they_are(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    title, _ = script.SECTIONS["detectable"]
    monkeypatch.setitem(script.SECTIONS, "detectable", (title, lambda run: f"new, of {run.cohorts}"))
    before = "# t\n\n## No effect: share of p < 0.05\n\nkept\n\n## The detectable effect\n\nold\n"
    text = script.report(["detectable"], script.Run(10, 3), {}, before)
    assert "## No effect: share of p < 0.05\n\nkept\n" in text
    assert "old" not in text
    assert "--part detectable --cohorts 10 --seed 3`\n\nnew, of 10\n" in text


def _section(title: str) -> list[list[str]]:
    """Rows of the table of one section of the committed document, as text."""
    text = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    (mine,) = (part for part in text.split("\n## ") if part.startswith(title))
    rows = [line.strip("| ").split(" | ") for line in mine.splitlines() if re.match(r"\| \d+ v \d+ \|", line)]
    assert {row[0] for row in rows} == {"3 v 3", "4 v 4", "6 v 6", "8 v 8"}
    return rows


def _first(cell: str) -> float:
    return float(cell.split(" ± ")[0])


def test_the_committed_calibration_is_within_its_limits() -> None:
    null = [row for row in _section("No effect") if row[1] == "moderated t"]
    assert all(0.03 <= _first(cell) <= 0.07 for row in null for cell in row[2:])
    planted = [row for row in _section("With effects") if row[1] == "moderated t"]
    assert all(_first(row[2]) <= 0.12 for row in planted)
    found = [cell.split(": ")[1] for row in _section("The detectable effect") for cell in row[1:]]
    assert all(0.75 <= _first(cell) <= 0.85 for cell in found)
