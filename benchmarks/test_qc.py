"""Quality control of many ROIs of 2,000 cells and 27 channels, batch by batch, beside scanpy on the same files.

Run by `make bench`; the figures go to `benchmarks/qc.md`. 64 ROIs, or 1,000 with `TUMINT_BENCH_FULL=1`. One batch of 16
SIMULATED ROIs is written once and linked under as many names as there are batches, its samples renamed in each.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tumint import keys as k
from tumint.cli import main
from tumint.config import load_cohort, stage_params
from tumint.io.cells import read_cells, write_cells
from tumint.io.tables import read_table, write_table
from tumint.jobs import rows_json

N = 1000 if os.environ.get("TUMINT_BENCH_FULL") == "1" else 64
BATCH = 16
WORKER = Path(__file__).with_name("qc_worker.py")
REPORT = Path(__file__).with_name("qc.md")


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Folders with batches of ingest: `N` ROIs, and a quarter of them."""
    root = tmp_path_factory.mktemp("qc")
    assert main(["simulate", str(root / "sim"), "--subjects", "8", "--rois", "2", "--cells", "2000"]) == 0
    cohort = load_cohort(root / "sim" / "config.yaml")
    first = root / "first.h5ad"
    params = stage_params(cohort.config, cohort.panel, "ingest")
    assert (
        main(["ingest", "--params", params, "--rows", rows_json(cohort.sheet, cohort.samples), "-o", str(first)]) == 0
    )
    found = {n: root / str(n) for n in (N // 4, N)}
    for n, folder in found.items():
        (folder / "ingest").mkdir(parents=True)
        (folder / "params.json").write_text(stage_params(cohort.config, cohort.panel, "qc"))
        for i in range(-(-n // BATCH)):
            _renamed(first, folder / "ingest" / f"b{i:04d}.h5ad", i)
    return found


def _renamed(first: Path, out: Path, number: int) -> None:
    """The batch with its samples under names of its own."""
    cells, table = read_cells(first), read_table(first.with_suffix(".samples.parquet"))
    names = {name: f"{number:04d}_{name}" for name in table[k.SAMPLE]}
    cells.obs[k.SAMPLE] = cells.obs[k.SAMPLE].cat.rename_categories(names)
    write_cells(cells, out, meta={})
    write_table(table.assign(**{k.SAMPLE: table[k.SAMPLE].map(names)}), out.with_suffix(".samples.parquet"))


def _run(side: str, folder: Path) -> dict[str, float]:
    done = subprocess.run([sys.executable, str(WORKER), side, str(folder)], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_quality_control_of_many_rois(batches: dict[int, Path]) -> None:
    few, many = (_run("tumint", batches[n]) for n in batches)
    peer = _run("scanpy", batches[N])
    n = -(-N // BATCH) * BATCH
    steps = {name: many[f"{name}_s"] for name in ("measure", "gather", "judge")}
    ours = sum(steps.values())
    lines = [
        "# Quality control: many ROIs",
        "",
        f"Written by `make bench`: {n} SIMULATED ROIs of 2,000 cells × 27 channels, {BATCH} a batch, one process. "
        f"python {platform.python_version()}; {platform.machine()}, {os.cpu_count()} cores.",
        "",
        "| | CPU seconds | ms per ROI | peak MB |",
        "|---|---|---|---|",
        *(f"| tumint, {name} | {seconds:.1f} | {1000 * seconds / n:.1f} | |" for name, seconds in steps.items()),
        f"| tumint, in all | {ours:.1f} | {1000 * ours / n:.1f} | {many['peak_mb']:.0f} |",
        f"| tumint, {n // 4} ROIs | {sum(few[f'{s}_s'] for s in steps):.1f} | | {few['peak_mb']:.0f} |",
        f"| scanpy: read, `calculate_qc_metrics`, filter, write | {peer['all_s']:.1f} | {1000 * peer['all_s'] / n:.1f} "
        f"| {peer['peak_mb']:.0f} |",
        "",
        "Against scanpy, which measures two numbers of a cell where tumint measures ten and looks for stripes and "
        f"doublets: {ours / peer['all_s']:.1f} × the time. Of the three steps {many['io_s'] / ours:.0%} is reading and "
        "writing files.",
    ]
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(*lines, sep="\n")
    # memory follows the batch: four times the ROIs need no more than their tables of ROIs and channels
    assert many["peak_mb"] < 1.25 * few["peak_mb"]
