"""Cohorts of `tumint simulate --no-effect` from raw tables to the comparison, the stages called in this process.

Used by `validate_response.py --part workflow`, which writes what comes out of it.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from validation_run import Run

from tumint import keys as k
from tumint.cluster import stage as cluster
from tumint.config import load_cohort, load_params, stage_params
from tumint.ingest import stage as ingest
from tumint.io.contracts import EFFECTS_ALL
from tumint.io.tables import read_table
from tumint.jobs import rows_json
from tumint.neighbourhood import stage as neighbourhood
from tumint.qc import stage as qc
from tumint.response import stage as response
from tumint.simulate.cohort import Settings
from tumint.simulate.write import write_cohort

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
    subjects = dict(zip(samples, cohort.sheet[k.SUBJECT], strict=True))
    neighbourhood.run(params["neighbourhood"], cells, subjects, [raw.with_name("b.edges.parquet")], scored)
    neighbourhood.gather(params["neighbourhood"], [scored], cells, gathered)
    response.run(params["response"], gathered / "features.parquet", folder / "data" / "samples.tsv", folder / "out")
    return read_table(folder / "out" / "effects.parquet", EFFECTS_ALL)


def rates_of(n: int, seed: int, i: int) -> dict[str, float]:
    """Tests, share of p < 0.05 and whether any q < 0.1 in one cohort, by family."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        tested = effects_of(Path(folder), n, seed + i)
    tested = tested[tested["p"].notna()].assign(low=lambda t: t["p"] < 0.05, hit=lambda t: t["q"] < 0.1)
    by = tested.groupby(tested[k.FAMILY].astype(str))
    columns = {"tests": by.size(), "low": by["low"].mean(), "hit": by["hit"].any()}
    return {f"{name}|{family}": float(v) for name, values in columns.items() for family, v in values.items()}


def section(run: Run, cohorts: Mapping[int, int]) -> str:
    """What came out of so many cohorts of each design, as text."""
    lines = [_HEAD.format(rois=ROIS, cells=CELLS)]
    for n, many in ((n, many) for n, many in cohorts.items() if many):
        table = run.each("workflow", rates_of, n, many)
        for family in sorted(name.split("|")[1] for name in table.columns if name.startswith("tests|")):
            share = table[f"low|{family}"].dropna()
            half = float(stats.t.ppf(0.975, len(share) - 1)) * share.std(ddof=1) / np.sqrt(len(share))
            low = f"{share.mean():.3f} | {max(share.mean() - half, 0):.3f} to {share.mean() + half:.3f}"
            any_hit = f"{int(table[f'hit|{family}'].sum())} of {len(share)}"
            lines.append(f"| {n} v {n} | {family} | {table[f'tests|{family}'].sum():.0f} | {low} | {any_hit} |")
    return "\n".join(lines)


_HEAD = """Cohorts of `tumint simulate --no-effect`, with {rois} ROIs of about {cells:,} cells per mouse, from raw
tables through ingest, qc, cluster and neighbourhood to the comparison (moderated t). Features of one cohort depend on
each other (shares of types add up to one, densities share that of the tissue), so the share of p < 0.05 is averaged
over cohorts, and its 95 % interval is that of a t test over cohorts. Of 6 v 6 and 8 v 8 there were 10 cohorts at first;
the numbers were raised after composition at 6 v 6 had come to 0.071.

| design | family | tests | p < 0.05 | interval | cohorts with q < 0.1 |
|---|---|---|---|---|---|"""
