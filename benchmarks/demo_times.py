"""Write the stage times of the last demo run into README.md: `python benchmarks/demo_times.py` after `make demo`.

The times are Snakemake's own benchmark files; a stage's seconds are summed over its jobs.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "demo"
STAGES = ("ingest", "qc", "cluster", "neighbourhood", "response", "report")


def main() -> None:
    """Replace what stands between the markers in README.md."""
    rows = ["| stage | jobs | seconds, summed over jobs | peak memory of a job, MB |", "|---|---|---|---|"]
    total = 0.0
    for stage in STAGES:
        files = sorted((RESULTS / "benchmarks" / stage).rglob("*.tsv"))
        table = pd.concat([pd.read_csv(path, sep="\t", na_values="NA") for path in files])
        total += table["s"].sum()
        rows.append(f"| {stage} | {len(files)} | {table['s'].sum():.0f} | {table['max_rss'].max():.0f} |")
    n_cells = pd.concat([pd.read_parquet(p) for p in sorted((RESULTS / "ingest").glob("*.samples.parquet"))])["n_cells"]
    text = (
        f"Measured on the demo ({n_cells.sum():,} cells, {len(n_cells)} regions, {os.cpu_count()} cores), each job "
        f"with its start-up; {total:.0f} s of jobs in all, run side by side where they do not wait for each other:\n\n"
        + "\n".join(rows)
    )
    readme = ROOT / "README.md"
    block = re.compile(r"(<!-- demo-times -->).*?(<!-- /demo-times -->)", re.S)
    readme.write_text(block.sub(rf"\1\n{text}\n\2", readme.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
