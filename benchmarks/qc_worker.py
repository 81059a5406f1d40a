"""One side of the benchmark of quality control in a process of its own: `qc_worker.py tumint|scanpy FOLDER`, JSON out.

FOLDER holds `ingest/*.h5ad` with their tables of samples, and `params.json`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def tumint(folder: Path) -> dict[str, float]:
    """CPU seconds of the three steps, and of what of them is reading and writing files."""
    from tumint.config import load_params
    from tumint.qc import stage

    spent = dict.fromkeys(("measure_s", "gather_s", "judge_s", "io_s"), 0.0)
    for name in ("read_cells", "write_cells", "read_table", "write_table"):
        setattr(stage, name, _timed(getattr(stage, name), spent))
    params = load_params((folder / "params.json").read_text())
    cells = sorted((folder / "ingest").glob("*.h5ad"))
    out = folder / "qc"
    measures = [out / f"{path.stem}.measures.parquet" for path in cells]
    start = time.process_time()
    for path, table in zip(cells, measures, strict=True):
        stage.run_measure(params, path, path.with_suffix(".samples.parquet"), table)
    spent["measure_s"] = time.process_time() - start
    start = time.process_time()
    stage.run_gather(params, measures, out)
    spent["gather_s"] = time.process_time() - start
    start = time.process_time()
    for path, table in zip(cells, measures, strict=True):
        stage.run(params, path, path.with_suffix(".samples.parquet"), out / path.name, table, out)
    spent["judge_s"] = time.process_time() - start
    return spent


def _timed(call: Callable[..., Any], spent: dict[str, float]) -> Callable[..., Any]:
    def timed(*args: Any, **options: Any) -> Any:
        start = time.process_time()
        try:
            return call(*args, **options)
        finally:
            spent["io_s"] += time.process_time() - start

    return timed


def scanpy(folder: Path) -> dict[str, float]:
    """CPU seconds of reading, measuring, filtering and writing, without importing."""
    import anndata as ad
    import scanpy as sc

    (folder / "peer").mkdir(exist_ok=True)
    start = time.process_time()
    for path in sorted((folder / "ingest").glob("*.h5ad")):
        cells = ad.read_h5ad(path)
        sc.pp.calculate_qc_metrics(cells, percent_top=None, inplace=True)
        kept = cells[(cells.obs["total_counts"] > 1) & (cells.obs["area_um2"] > 20)].copy()
        kept.write_h5ad(folder / "peer" / path.name, compression="gzip", compression_opts=1)
    return {"all_s": time.process_time() - start}


if __name__ == "__main__":
    found = {"tumint": tumint, "scanpy": scanpy}[sys.argv[1]](Path(sys.argv[2]))
    # not ru_maxrss: a child is born with that of its parent
    (peak,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    found["peak_mb"] = int(peak.split()[1]) / 1024
    print(json.dumps(found))
