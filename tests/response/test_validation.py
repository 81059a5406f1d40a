"""The calibration script runs, is calibrated where it must be, and shows what naive tests would claim."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "validate_response.py"


def _script() -> Any:
    spec = importlib.util.spec_from_file_location("validate_response", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_null_rates_of_a_few_cohorts() -> None:
    module = _script()
    table = module.null_rates(3, 5, 3)
    assert table.loc["moderated t"].mean() < 0.12
    assert table.loc["cells as replicates"].min() > 0.4
    assert table.loc["ROIs as replicates"].min() > 0.1
    again = module.null_rates(3, 5, 3)
    assert table.equals(again)


def test_a_part_leaves_the_other_sections_as_they_are() -> None:
    module = _script()
    before = "# t\n\n## No effect: share of p < 0.05\n\nkept\n\n## The detectable effect\n\nold\n"
    text = module.report(["detectable"], 10, 3, before)
    assert "## No effect: share of p < 0.05\n\nkept\n" in text
    assert "old" not in text
    assert "| 8 v 8 | composition" in text
