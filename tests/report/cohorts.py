"""Small simulated cohorts, as the tables that the reports read: those up to typing are drawn, the rest computed."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.batches import batches, subject_batches
from tumint.config import load_params
from tumint.config.model import StageParams
from tumint.io import contracts
from tumint.io.tables import write_table
from tumint.neighbourhood import stage as neighbourhood
from tumint.provenance import run_metadata
from tumint.report.engine import render
from tumint.response import stage as response

TYPES = ("Tumour cells", "Fibroblasts", "CD8 T cells", "B cells", k.UNCLASSIFIED)
MARKERS = ("EPCAM", "aSMA", "CD8a", "B220", "DNA1")


@dataclass(frozen=True)
class Plan:
    """What a cohort is like; `mark` is put into every name that comes from data."""

    subjects: int = 6
    rois: int = 2
    cells: int = 260
    levels: tuple[str, ...] = ("vehicle", "treated")
    domains: bool = True
    markers: bool = True
    edges: bool = True
    located: bool = True
    outcomes: bool = False  # a volume and a time to an event, which go with the share of CD8 T cells
    simulated: bool = True
    mark: str = ""
    lead: str = ""  # before the names of cell types
    seed: int = 0
    effect: float = 1.5


@dataclass(frozen=True)
class Written:
    """Where a cohort lies and what its reports are given."""

    results: Path
    sheet: Path
    params: StageParams
    design: pd.DataFrame

    @property
    def samples(self) -> list[str]:
        """Names of the samples."""
        return list(self.design[k.SAMPLE])


def shared(base: Path) -> Path:
    """The folder that all workers of one run of pytest share, from the base of the temporary folders of this one."""
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cohorts"
    folder.mkdir(exist_ok=True)
    return folder


def kept(folder: Path, plan: Plan) -> Written:
    """The cohort of a plan in a shared folder: the first test that asks for it writes it, for all workers."""
    mine = folder / hashlib.sha256(repr(plan).encode()).hexdigest()[:16]
    mine.mkdir(exist_ok=True)
    written = mine / "written.pickle"
    with _alone(mine):
        if not written.exists():
            made = write(mine, plan)
            written.write_bytes(pickle.dumps(made))
            return made
        found: Written = pickle.loads(written.read_bytes())
        return found


def page(written: Written, stage: str) -> Path:
    """The report of a stage of a cohort, made when a test of any worker first asks for it."""
    out = written.results / "reports" / f"{stage}.html"
    with _alone(written.results.parent):
        if not out.exists():
            render.run(stage, written.params, written.results, written.sheet, out)
    return out


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One worker at a time."""
    with (folder / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def write(folder: Path, plan: Plan) -> Written:
    """Write the tables of every stage and the sheet."""
    rng = np.random.default_rng(plan.seed)
    sheet = _sheet(plan)
    sheet.to_csv(folder / "samples.tsv", sep="\t", index=False)
    results = folder / "results"
    types = [f"{plan.lead}{name}{plan.mark}" if name != k.UNCLASSIFIED else name for name in TYPES]
    cells = pd.concat([_roi(rng, plan, row, types) for row in sheet.to_dict("records")], ignore_index=True)
    _ingest(results, plan, sheet, cells)
    _qc(results, plan, sheet, cells)
    kept = cells[cells[k.VERDICT] == "pass"]
    _cluster(results, plan, kept, types, rng)
    _scores(results, folder / "samples.tsv", plan, sheet)
    params = StageParams.model_validate(
        {
            "report": {"maps_per_subject": 1},
            "cohort": "tiny",
            "title": f"A small cohort{plan.mark}",
            "source": f"tests of the reports{plan.mark}",
            "simulated": plan.simulated,
            "samples_per_job": _per_job(sheet),
        }
    )
    return Written(results, folder / "samples.tsv", params, sheet)


def _sheet(plan: Plan) -> pd.DataFrame:
    rows = []
    for i in range(plan.subjects):
        level = plan.levels[i % len(plan.levels)]
        for j in range(plan.rois):
            mark = plan.mark.replace(" ", "").replace("/", "")
            name = f"M{i}_ROI{j + 1}{mark}"
            rows.append({k.SAMPLE: name, k.SUBJECT: f"M{i}{plan.mark}", k.PATH: f"raw/{name}.csv", "arm": level})
            if plan.outcomes:
                high = level == plan.levels[-1]
                rows[-1] |= {"volume": str(10 * high + i / 10), "days": str(20 + 30 * high + i), "seen": "1"}
    return pd.DataFrame(rows)


def _roi(rng: np.random.Generator, plan: Plan, row: dict[str, str], types: list[str]) -> pd.DataFrame:
    """Cells on a jittered grid; the left half is tumour; CD8 T cells join tumour cells more in the second level."""
    n = plan.cells
    side = int(np.ceil(np.sqrt(n)))
    xy = (np.indices((side, side)).reshape(2, -1).T[:n] + rng.uniform(0, 0.8, (n, 2))) * 12.0
    tumour = xy[:, 0] < side * 6
    shares = np.where(tumour[:, None], [0.60, 0.10, 0.15, 0.10, 0.05], [0.08, 0.42, 0.22, 0.23, 0.05])
    shares[:, 2] *= plan.effect if row["arm"] == plan.levels[-1] else 1.0
    shares /= shares.sum(axis=1, keepdims=True)
    label = (rng.random(n)[:, None] > np.cumsum(shares, axis=1)).sum(axis=1).clip(max=len(types) - 1)
    area = rng.lognormal(4.2, 0.3, n)
    dropped = rng.random(n) < 0.03
    return pd.DataFrame(
        {
            k.SAMPLE: row[k.SAMPLE],
            k.CELL_ID: np.arange(1, n + 1),
            k.X_UM: xy[:, 0] if plan.located else np.nan,
            k.Y_UM: xy[:, 1] if plan.located else np.nan,
            k.AREA_UM2: np.where(dropped, 5.0, area),
            "dna": rng.lognormal(1, 0.4, n) if plan.markers else np.nan,
            "total": rng.lognormal(3, 0.5, n) if plan.markers else np.nan,
            k.DOMAIN: np.where(tumour, "tumour", "normal") if plan.domains else k.NO_DOMAIN,
            k.CELL_TYPE: np.array(types, dtype=object)[label],
            k.VERDICT: np.where(dropped, "drop", "pass"),
            k.REASON: np.where(dropped, f"area below 10 µm²{plan.mark}", ""),
        }
    )


def _ingest(results: Path, plan: Plan, sheet: pd.DataFrame, cells: pd.DataFrame) -> None:
    counts = cells.groupby(k.SAMPLE, sort=False).size()
    table = pd.DataFrame(
        {
            k.SAMPLE: sheet[k.SAMPLE],
            k.PATH: sheet[k.PATH],
            "sha256": [f"{i:064x}" for i in range(len(sheet))],
            "bytes": 1000,
            "n_cells": sheet[k.SAMPLE].map(counts).fillna(0).astype(int),
            "n_edges": 600 if plan.edges else 0,
            k.PIXEL_SIZE_UM: 1.0,
            "missing_markers": "",
            k.STATUS: "ok",
            k.REASON: "",
        }
    )
    if plan.domains:
        wide = pd.crosstab(cells[k.SAMPLE], cells[k.DOMAIN])
        for name in wide:
            table[f"n_domain_{name}"] = table[k.SAMPLE].map(wide[name])
    panel = {"name": "tiny", "markers": [{"marker": m, "use": "type"} for m in MARKERS]} if plan.markers else None
    params = {"ingest": {"format": "table"}, **({"panel": panel} if panel else {})}
    meta = run_metadata("ingest", params)
    for batch, samples in batches(sheet, _per_job(sheet)).items():
        part = table[table[k.SAMPLE].isin(samples)]
        write_table(part, results / f"ingest/{batch}.samples.parquet", contracts.SAMPLES, meta=meta)


def _per_job(sheet: pd.DataFrame) -> int:
    """So few that there are several batches."""
    return -(-len(sheet) // 2)


def _qc(results: Path, plan: Plan, sheet: pd.DataFrame, cells: pd.DataFrame) -> None:
    meta = run_metadata(
        "qc", {"qc": {"area_um2": {"min": 10.0, "mad_above": 5.0}, "min_cells": 50, "max_dropped": 0.5}}
    )
    columns = list(contracts.QC_CELLS.columns)
    grouped = cells.groupby(k.SAMPLE, sort=False)[k.VERDICT]
    metrics = pd.DataFrame({"n_in": grouped.size(), "n_out": grouped.agg(lambda v: int((v == "pass").sum()))})
    metrics = metrics.reset_index().assign(**{k.STATUS: "pass", k.REASON: ""})
    for batch, samples in batches(sheet, _per_job(sheet)).items():
        own = cells.loc[cells[k.SAMPLE].isin(samples), columns]
        write_table(own, results / f"qc/{batch}.cells.parquet", contracts.QC_CELLS, meta=meta)
        part = metrics[metrics[k.SAMPLE].isin(samples)]
        write_table(part, results / f"qc/{batch}.metrics.parquet", contracts.QC_METRICS, meta=meta)


def _cluster(results: Path, plan: Plan, cells: pd.DataFrame, types: list[str], rng: np.random.Generator) -> None:
    meta = run_metadata("cluster", {"cluster": {"typing": "signatures" if plan.markers else "provided"}, "seed": 0})
    code = {name: f"{i + 1:02d}" for i, name in enumerate(types)}
    table = cells.assign(**{k.CLUSTER: cells[k.CELL_TYPE].map(code) if plan.markers else "", k.CONFIDENCE: 0.9})
    columns = list(contracts.CELLS.columns)
    write_table(table[columns], results / "cluster/cells.parquet", contracts.CELLS, meta=meta, row_groups_by=k.SAMPLE)
    sizes = table[k.CELL_TYPE].value_counts()
    clusters = pd.DataFrame(
        {
            k.CLUSTER: list(code.values()),
            k.N: [int(sizes.get(name, 0)) for name in types],
            k.CELL_TYPE: types,
            "score": [0.8, 0.6, 0.9, 0.7, 0.1],
            "runner_up": [types[1], types[0], types[3], types[2], types[0]],
            "runner_up_score": [0.1, 0.2, 0.3, 0.1, 0.05],
            "agreement": [0.9, 0.8, 0.9, 0.7, 0.3],
            "conflicts": ["", "", "", "", "CD3 is low (0.20)"],
        }
    )
    means = pd.DataFrame(
        [
            {"by": by, "group": group, "marker": f"{m}{plan.mark}", "mean": float(rng.random()), k.N: 10}
            for by, groups in ((k.CLUSTER, code.values()), (k.CELL_TYPE, types))
            for group in groups
            for m in MARKERS
        ]
    )
    if not plan.markers:
        clusters, means = clusters.iloc[:0], means.iloc[:0]
    write_table(clusters, results / "cluster/clusters.parquet", contracts.CLUSTERS, meta=meta)
    write_table(means, results / "cluster/marker_means.parquet", contracts.MARKER_MEANS, meta=meta)


def _scores(results: Path, sheet: Path, plan: Plan, design: pd.DataFrame) -> None:
    params = load_params('{"neighbourhood": {"min_cells": 5}}')
    # all of it as if it were that of the first job: what the others would have is not asked for
    batch = results / "neighbourhood" / next(iter(subject_batches(design, _per_job(design))))
    cells = results / "cluster/cells.parquet"
    neighbourhood.run(params, cells, dict(zip(design[k.SAMPLE], design[k.SUBJECT], strict=True)), [], batch)
    neighbourhood.gather(params, [batch], cells, results / "neighbourhood")
    contrast = {"name": "arms", "column": "arm", "reference": plan.levels[0], "group": plan.levels[1]}
    volume = {"name": "volume", "column": "volume"}
    survival = {"name": "survival", "column": "days", "event": "seen"}
    asked = {"contrasts": [contrast], "outcomes": [volume, survival] if plan.outcomes else []}
    settings = StageParams.model_validate({"response": asked, "seed": 1})
    response.run(settings, results / "neighbourhood/features.parquet", sheet, results / "response")
