"""Size and time of the reports of a large cohort: 12 ROIs of 25,000 SIMULATED cells, every ROI as a map.

The bounds are what a reader is promised: 8 MB per report, and all of them in 60 s on 2 cores. A report is one process,
as in the workflow, two at a time.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from tumint.config.report import ReportConfig

STAGES = ("ingest", "qc", "cluster", "neighbourhood", "response")
COHORTS = Path(__file__).parents[1] / "tests" / "report" / "cohorts.py"
MOST_BYTES, MOST_SECONDS = 8_000_000, 60


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory):
    spec = importlib.util.spec_from_file_location("report_cohorts", COHORTS)
    cohorts = importlib.util.module_from_spec(spec)
    sys.modules["report_cohorts"] = cohorts
    spec.loader.exec_module(cohorts)
    return cohorts.write(tmp_path_factory.mktemp("large"), cohorts.Plan(subjects=6, rois=2, cells=25_000))


def test_size_and_time(written) -> None:
    params = written.params.model_copy(update={"report": ReportConfig(maps_per_subject=2)})
    text = json.dumps(params.model_dump(mode="json", exclude_none=True))
    reports = written.results / "reports"
    seconds: dict[str, float] = {}

    def make(stage: str) -> None:
        start = time.perf_counter()
        common = ("--params", text, "--results", written.results, "--sheet", written.sheet)
        command = (sys.executable, "-m", "tumint", "report", stage, *common, "-o", reports / f"{stage}.html")
        subprocess.run([str(part) for part in command], check=True)
        seconds[stage] = time.perf_counter() - start

    start = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(make, STAGES))
    make("index")
    total = time.perf_counter() - start
    table = pd.DataFrame({"MB": {s: (reports / f"{s}.html").stat().st_size / 1e6 for s in seconds}, "seconds": seconds})
    print(f"\n{table.round(2)}\nall reports: {total:.1f} s on 2 cores")
    assert table["MB"].max() * 1e6 <= MOST_BYTES
    assert total <= MOST_SECONDS
