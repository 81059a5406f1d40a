"""Size and time of the reports of a large cohort: 12 ROIs of 25,000 SIMULATED cells, every ROI as a map; and frames.

The bounds are what a reader is promised: 8 MB per report, and all of them in 60 s on 2 cores. A report is one process,
as in the workflow, two at a time. How fluid a map is, `map_frames.py` measures in a headless Chromium. The figures go
to `benchmarks/report.md`.
"""

from __future__ import annotations

import importlib.util
import json
import platform
import shutil
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
REPORT = Path(__file__).with_name("report.md")


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
    rows = [f"| {row.Index} | {row.MB:.2f} | {row.seconds:.1f} |" for row in table.itertuples()]
    head = ["| report | MB | seconds |", "|---|---|---|"]
    _write("Size and time", SIZE, [*head, *rows, f"| all, two at a time | | {total:.1f} |"])
    assert table["MB"].max() * 1e6 <= MOST_BYTES
    assert total <= MOST_SECONDS


def test_fluidity() -> None:
    if not (shutil.which("chromium") and shutil.which("chromedriver") and shutil.which("unshare")):
        pytest.skip("chromium, chromium-driver or unshare is not installed")
    script = Path(__file__).with_name("map_frames.py")
    command = ["unshare", "--map-root-user", "--net", sys.executable, str(script)]
    done = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)
    rows = [
        f"| {row['cells']:,} | "
        + " | ".join(f"{row[f'{kind}_ms']} ({row[f'{kind}_ms_95']}) | {row[f'{kind}_script_ms']}" for kind in KINDS)
        + " |"
        for row in json.loads(done.stdout)
    ]
    head = ["| cells | drag: ms (95 %) | script, ms | zoom: ms (95 %) | script, ms |", "|---|---|---|---|---|"]
    _write("Frames of a map", FRAMES, [*head, *rows])


SIZE = "12 ROIs of 25,000 SIMULATED cells, a map of every ROI; a process per report, two at a time."
KINDS = ("pan", "zoom")
FRAMES = (
    "Headless Chromium without a GPU (SwiftShader on the same 2 cores), 1280 px wide, cells drawn at random: from a "
    "step of a drag, or of a zoom, until its pixels could be read back; median of 40, in brackets the 95th percentile. "
    "What of it is the script's stays on a machine with a GPU; the rest is drawing in software."
)


def _write(title: str, said: str, lines: list[str]) -> None:
    """Put a section into the file of figures in place of the one of that title."""
    where = f"python {platform.python_version()}; {platform.machine()}."
    text = REPORT.read_text(encoding="utf-8") if REPORT.exists() else "# Reports: size, time, fluid maps\n"
    before, _, after = text.partition(f"\n## {title}\n")
    rest = after[after.find("\n## ") :] if "\n## " in after else ""
    section = "\n".join([f"\n## {title}\n", f"Written by `make bench`. {said} {where}\n", *lines])
    REPORT.write_text(f"{before.rstrip()}\n{section}\n{rest}", encoding="utf-8")
    print("\n".join(["", *lines]))
