"""Write what was measured into README.md: `python benchmarks/readme.py` after `make demo` and `make bench`.

Stage times of the demo come from Snakemake's own benchmark files, a stage's seconds summed over its jobs; the rows of
speed are those of `benchmarks/*.md`, the rows of calibration and attacks those of `docs/validation.md`.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "demo"
STAGES = ("ingest", "qc", "cluster", "neighbourhood", "response", "report")
# file, and how the rows begin that README shows
SPEED = (
    ("neighbourhood", "exact z against nhood_enrichment"),
    ("neighbourhood", "one permutation"),
    ("neighbourhood", "10,000,000 cells"),
    ("cluster", "280,000 cells × 27 markers: normalise"),
    ("response", "mixed model"),
)
DESIGN = "4 v 4"
TESTS = ("moderated t", "ROIs as replicates", "cells as replicates")
ATTACKED = ("log ratio, domain", "**odds ratio, local, all pairs (primary)**")
Row = list[str]
BLOCKS = ("demo-times", "speed", "calibration", "attacks")


def demo_times() -> str:
    """Seconds and memory of each stage in the last run of the demo."""
    rows, total = [], 0.0
    for stage in STAGES:
        files = sorted((RESULTS / "benchmarks" / stage).rglob("*.tsv"))
        table = pd.concat([pd.read_csv(path, sep="\t", na_values="NA") for path in files])
        total += table["s"].sum()
        rows.append([stage, str(len(files)), f"{table['s'].sum():.0f}", f"{table['max_rss'].max():.0f}"])
    n_cells = pd.concat([pd.read_parquet(p) for p in sorted((RESULTS / "ingest").glob("*.samples.parquet"))])["n_cells"]
    head = (
        f"Measured on the demo ({n_cells.sum():,} cells, {len(n_cells)} regions, {os.cpu_count()} cores), each job "
        f"with its start-up; {total:.0f} s of jobs in all, run side by side where they do not wait for each other:"
    )
    columns = ["stage", "jobs", "seconds, summed over jobs", "peak memory of a job, MB"]
    return f"{head}\n\n{as_table(columns, rows)}"


def speed() -> str:
    """Rows of the benchmarks, each beside a peer in the same run."""
    rows = []
    for name, start in SPEED:
        found = [row for row in table_rows(ROOT / "benchmarks" / f"{name}.md") if row[0].startswith(start)]
        if not found:
            raise SystemExit(f"benchmarks/{name}.md: expected a row that begins with `{start}`, found none.")
        rows += found
    return as_table(["what", "tumint", "peer, in the same run", "ratio"], rows)


def calibration() -> str:
    """Share of p < 0.05 where nothing differs, of the test that is offered and of those that are not."""
    found = table_rows(ROOT / "docs" / "validation.md", "No effect")
    wanted = [row for row in found if row[0] == DESIGN and row[1] in TESTS]
    return as_table(["design", "test", "composition", "density", "distance", "interaction"], wanted)


def attacks() -> str:
    """Mean share of p < 0.05 at 6 v 6 where arms differ in all but contact: log ratio within domains, and primary."""
    found: dict[str, Row] = {}
    for row in table_rows(ROOT / "docs" / "validation.md", "Contact under attack"):
        if row[1] in ATTACKED:
            found.setdefault(row[0], [row[0]]).append(row[6].split(" ")[0])
    return as_table(["arms differ in", "log ratio within domains", "contact odds ratio"], list(found.values()))


def table_rows(path: Path, section: str = "") -> Iterator[Row]:
    """Cells of the rows of tables in a Markdown file, below the heading that begins with `section`."""
    text = path.read_text(encoding="utf-8")
    if section:
        text = text.split(f"## {section}", 1)[1].split("\n## ", 1)[0]
    for line in text.splitlines():
        if line.startswith("| "):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def as_table(head: Sequence[str], rows: Sequence[Row]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _filled(new: str, block: re.Match[str]) -> str:
    return f"{block[1]}\n{new}\n{block[2]}"


def main() -> None:
    """Replace what stands between the markers in README.md."""
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("blocks", nargs="*", choices=BLOCKS, default=BLOCKS, help="only these")
    for name in parser.parse_args().blocks:
        write = {"demo-times": demo_times, "speed": speed, "calibration": calibration, "attacks": attacks}[name]
        block = re.compile(rf"(<!-- {name} -->).*?(<!-- /{name} -->)", re.S)
        text = block.sub(partial(_filled, write()), text)
    readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
