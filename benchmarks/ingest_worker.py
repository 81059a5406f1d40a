"""One side of the ingest benchmark in a process of its own: `python ingest_worker.py tumint|pandas FOLDER`, JSON out.

FOLDER holds `raw/*.csv` and `params.json`. tumint runs ingest and qc as the workflow does, 16 ROIs a batch; pandas
reads each table with `read_csv` and writes it as h5ad, compressed alike, and checks nothing.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

BATCH = 16


def tumint(folder: Path) -> dict[str, float]:
    """CPU seconds of ingest, of what of it is reading, and of qc."""
    from tumint.config import load_params
    from tumint.ingest import delimited
    from tumint.ingest import stage as ingest
    from tumint.qc import stage as qc

    spent = {"read_s": 0.0, "ingest_s": 0.0, "qc_s": 0.0}
    load = delimited.Delimited.load

    def timed(self: Any, *args: Any) -> None:
        start = time.process_time()
        load(self, *args)
        spent["read_s"] += time.process_time() - start

    delimited.Delimited.load = timed  # type: ignore[method-assign]
    params = {stage: load_params(text) for stage, text in json.loads((folder / "params.json").read_text()).items()}
    files = sorted((folder / "raw").glob("*.csv"))
    rows = [{"sample": file.stem, "path": str(file)} for file in files]
    for number, start in enumerate(range(0, len(rows), BATCH)):
        out, passed = folder / "ingest" / f"b{number:04d}.h5ad", folder / "qc" / f"b{number:04d}.h5ad"
        before = time.process_time()
        ingest.run(params["ingest"], rows[start : start + BATCH], out)
        middle = time.process_time()
        qc.run(params["qc"], out, out.with_suffix(".samples.parquet"), passed)
        spent["ingest_s"] += middle - before
        spent["qc_s"] += time.process_time() - middle
    return spent


def pandas(folder: Path) -> dict[str, float]:
    """CPU seconds of reading and writing."""
    import anndata as ad
    import pandas as pd

    spent = {"read_s": 0.0, "ingest_s": 0.0}
    (folder / "peer").mkdir(exist_ok=True)
    files = sorted((folder / "raw").glob("*.csv"))
    for number, start in enumerate(range(0, len(files), BATCH)):
        before = time.process_time()
        table = pd.concat([pd.read_csv(file).assign(sample=file.stem) for file in files[start : start + BATCH]])
        spent["read_s"] += time.process_time() - before
        table.index = pd.RangeIndex(len(table)).astype(str)
        markers = [name for name in table if name.startswith("Intensity_MeanIntensity") and name.endswith("_c1")]
        cells = ad.AnnData(
            table[markers].to_numpy("float32"),
            obs=table[["sample", "ObjectNumber", "AreaShape_Area"]].assign(sample=table["sample"].astype("category")),
            obsm={"spatial": table[["Location_Center_X", "Location_Center_Y"]].to_numpy()},
        )
        cells.write_h5ad(folder / "peer" / f"b{number:04d}.h5ad", compression="gzip", compression_opts=1)
        spent["ingest_s"] += time.process_time() - before
    return spent


def peak_mb() -> float:
    """Most memory of this process so far; `ru_maxrss` would begin at that of the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


if __name__ == "__main__":
    found = {"tumint": tumint, "pandas": pandas}[sys.argv[1]](Path(sys.argv[2]))
    found["peak_mb"] = peak_mb()
    print(json.dumps(found))
