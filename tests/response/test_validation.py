"""The calibration script runs, is calibrated where it must be, and shows what naive tests would claim."""

from __future__ import annotations

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "validate_response.py"


def test_null_rates_of_a_few_cohorts() -> None:
    spec = importlib.util.spec_from_file_location("validate_response", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    table, stated = module.null_rates(3, 5, 3)
    assert table.loc["moderated t"].mean() < 0.12
    assert table.loc["cells as replicates"].min() > 0.4
    assert table.loc["ROIs as replicates"].min() > 0.1
    assert (stated > 0).all()
    again, _ = module.null_rates(3, 5, 3)
    assert table.equals(again)
