"""Cohorts of `tumint simulate --no-effect` from raw tables to the comparison, the stages called in this process.

Used by `validate_response.py --workflow`, which writes what comes out of it.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pandas as pd

from tumint import keys as k
from tumint.cluster import stage as cluster
from tumint.config import load_cohort, load_params, stage_params
from tumint.ingest import stage as ingest
from tumint.io.contracts import EFFECTS_ALL
from tumint.io.tables import read_table
from tumint.neighbourhood import stage as neighbourhood
from tumint.qc import stage as qc
from tumint.response import stage as response
from tumint.simulate.cohort import Settings
from tumint.simulate.write import write_cohort
from tumint.workflow import rows_json

ROIS, CELLS = 2, 1000


def effects_of(folder: Path, n: int, seed: int) -> pd.DataFrame:
    """Effects of one cohort of n against n mice without a difference; everything is written to `folder`."""
    write_cohort(folder / "data", Settings(2 * n, ROIS, CELLS, seed, effect=False), lambda *_: None)
    cohort = load_cohort(folder / "data" / "config.yaml")
    stages = ("ingest", "qc", "cluster", "neighbourhood", "response")
    params = {name: load_params(stage_params(cohort.config, cohort.panel, name)) for name in stages}
    samples = list(cohort.sheet[k.SAMPLE])
    raw, kept = folder / "ingest" / "b.h5ad", folder / "qc" / "b.h5ad"
    for path in (raw, kept):
        path.parent.mkdir()
    ingest.run(params["ingest"], json.loads(rows_json(cohort.sheet, samples)), raw)
    qc.run(params["qc"], raw, raw.with_name("b.samples.parquet"), kept)
    cluster.run(params["cluster"], [kept], folder, threads=1)
    cells = folder / "cells.parquet"
    scored, gathered = folder / "scored", folder / "gathered"
    neighbourhood.run(params["neighbourhood"], cells, samples, raw.with_name("b.edges.parquet"), scored)
    neighbourhood.gather(params["neighbourhood"], [scored], cells, gathered)
    response.run(params["response"], gathered / "features.parquet", folder / "data" / "samples.tsv", folder / "out")
    return read_table(folder / "out" / "effects.parquet", EFFECTS_ALL)


def workflow_rates(n: int, cohorts: int, seed: int) -> pd.DataFrame:
    """Tests, share of p < 0.05 and q < 0.1, and cohorts with any q < 0.1, by family."""
    found = []
    for i in range(cohorts):
        with tempfile.TemporaryDirectory() as folder:
            found.append(effects_of(Path(folder), n, seed + i).assign(cohort=i))
    tested = pd.concat(found, ignore_index=True)
    tested = tested[tested["p"].notna()].assign(low=lambda t: t["p"] < 0.05, hit=lambda t: t["q"] < 0.1)
    by = tested.groupby(tested[k.FAMILY].astype(str))
    any_hit = tested[tested["hit"]].groupby(k.FAMILY, observed=True)["cohort"].nunique()
    table = pd.DataFrame({"tests": by.size(), "p": by["low"].mean(), "q": by["hit"].mean()})
    return table.assign(any=any_hit.reindex(table.index, fill_value=0))


def workflow_section(cohorts: int, seed: int, designs: tuple[int, ...]) -> str:
    """What came out, as text."""
    lines = [_HEAD.format(rois=ROIS, cells=CELLS)]
    for n in designs:
        for family, row in workflow_rates(n, cohorts, seed).iterrows():
            numbers = f"{row['tests']:.0f} | {row['p']:.3f} | {row['q']:.3f} | {row['any']:.0f} of {cohorts}"
            lines.append(f"| {n} v {n} | {family} | {numbers} |")
    return "\n".join(lines)


_HEAD = """Cohorts of `tumint simulate --no-effect` with {rois} ROIs of about {cells:,} cells per mouse, from raw tables
through ingest, qc, cluster and neighbourhood to the comparison (moderated t). Features of one cohort depend on each
other, so that few cohorts say little: a share is to be read with the number of cohorts, not of tests.

| design | family | tests | p < 0.05 | q < 0.1 | cohorts with q < 0.1 |
|---|---|---|---|---|---|"""
