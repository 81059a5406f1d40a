"""ROIs of 2,000 cells and 27 channels through ingest and quality control, beside pandas and anndata without checks.

Run by `make bench`; the figures go to `benchmarks/ingest.md`. 64 ROIs, or 1,000 with `TUMINT_BENCH_FULL=1`. Tables of
16 different ROIs are written once and linked under as many names as there are ROIs: both sides read from memory.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tumint.cli import main
from tumint.config import load_cohort, stage_params

N = 1000 if os.environ.get("TUMINT_BENCH_FULL") == "1" else 64
WORKER = Path(__file__).with_name("ingest_worker.py")
REPORT = Path(__file__).with_name("ingest.md")


@pytest.fixture(scope="module")
def rois(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Folders with `N` ROIs and with an eighth of them."""
    root = tmp_path_factory.mktemp("rois")
    assert main(["simulate", str(root / "sim"), "--subjects", "8", "--rois", "2", "--cells", "2000"]) == 0
    cohort = load_cohort(root / "sim" / "config.yaml")
    params = {stage: stage_params(cohort.config, cohort.panel, stage) for stage in ("ingest", "qc")}
    tables = [Path(path) for path in cohort.sheet["path"]]
    found = {}
    for n in (N // 8, N):
        folder = root / str(n)
        (folder / "raw").mkdir(parents=True)
        (folder / "params.json").write_text(json.dumps(params))
        for i in range(n):
            table = tables[i % len(tables)]
            name = f"r{i:04d}_{table.name}"
            os.link(table, folder / "raw" / name)
        found[n] = folder
    return found


def _run(side: str, folder: Path) -> dict[str, float]:
    done = subprocess.run([sys.executable, str(WORKER), side, str(folder)], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_many_rois_through_ingest_and_qc(rois: dict[int, Path]) -> None:
    few, many = (_run("tumint", rois[n]) for n in rois)
    peer = _run("pandas", rois[N])
    ours = many["ingest_s"] + many["qc_s"]
    lines = [
        "# Ingest and quality control: many ROIs",
        "",
        f"Written by `make bench`: {N} SIMULATED ROIs of 2,000 cells × 27 channels, 16 a batch, one process. "
        f"python {platform.python_version()}; {platform.machine()}, {os.cpu_count()} cores.",
        "",
        "| what | tumint | pandas + anndata | ratio |",
        "|---|---|---|---|",
        _row("ingest, CPU ms per ROI", many["ingest_s"] / N * 1e3, peer["ingest_s"] / N * 1e3),
        _row("of that reading the text, CPU ms per ROI", many["read_s"] / N * 1e3, peer["read_s"] / N * 1e3),
        f"| quality control, CPU ms per ROI | {many['qc_s'] / N * 1e3:.1f} | | |",
        f"| share of ingest that is not reading | {1 - many['read_s'] / many['ingest_s']:.0%} "
        f"| {1 - peer['read_s'] / peer['ingest_s']:.0%} | |",
        f"| share of ingest and quality control that is not reading | {1 - many['read_s'] / ours:.0%} | | |",
        _row("peak memory, MB", many["peak_mb"], peer["peak_mb"]),
        f"| peak memory with an eighth of the ROIs, MB | {few['peak_mb']:.0f} | | |",
        "",
        "pandas checks nothing and knows no rows: no faults, no domains, no hashes, no table of samples.",
    ]
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    # memory follows the batch, not the cohort
    assert many["peak_mb"] < 1.15 * few["peak_mb"]


def _row(what: str, ours: float, peer: float) -> str:
    return f"| {what} | {ours:.1f} | {peer:.1f} | {ours / peer:.2f} |"
