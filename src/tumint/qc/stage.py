"""The quality control stage: cells of a batch in; those that pass, a verdict for all, and metrics of samples out."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.config.model import StageParams
from tumint.config.qc import QcConfig
from tumint.errors import DataError, Fault
from tumint.io.cells import read_cells, write_cells
from tumint.io.contracts import QC_CELLS, QC_METRICS, SAMPLES
from tumint.io.tables import read_table, write_table
from tumint.provenance import run_metadata
from tumint.qc.metrics import METRICS, cell_metrics, lacks_intensity
from tumint.qc.thresholds import Limits, join_reasons, limits, outside

PASS, DROP, FAIL = "pass", "drop", "fail"
NO_INTENSITY, SAMPLE_FAILED = "no_intensity", "sample failed: "


@dataclass(frozen=True)
class Failure:
    """Why a sample fails: as a fault, and in words for tables (without `;`, which joins reasons)."""

    expected: str
    found: str
    words: str


@dataclass(frozen=True)
class Judged:
    """The cells of one sample: their metrics, their own reasons, and what of the sample as a whole failed."""

    sample: str
    metrics: dict[str, np.ndarray]
    masks: dict[str, np.ndarray]
    limits: dict[str, Limits]
    reasons: np.ndarray
    upstream: str  # why ingest gave no cells
    failures: list[Failure]

    @property
    def failure(self) -> str:
        """Why the sample failed, in words; empty where it passed."""
        return self.upstream or " and ".join(failure.words for failure in self.failures)


def run(params: StageParams, cells: Path, samples: Path, out: Path) -> None:
    """Judge every cell; write `<batch>.h5ad`, `<batch>.cells.parquet` and `<batch>.metrics.parquet`.

    Parameters
    ----------
    cells, samples
        `<batch>.h5ad` and `<batch>.samples.parquet` of ingest.
    out
        `<batch>.h5ad` with the cells that pass, `X` as it was; the tables are written beside it.

    Raises
    ------
    DataError
        The files do not belong together, or a sample fails and the config says to stop; then nothing is written.
    """
    config = params.qc
    if config is None:
        raise DataError(Fault("--params", "a section `qc`", "none"))
    read = read_cells(cells)
    table = read_table(samples, SAMPLES)
    of_sample = _rows_of_samples(read, table, str(cells), str(samples))
    X, uses = np.asarray(read.X, dtype=np.float32), list(read.var[k.USE].astype(str))
    area = read.obs[k.AREA_UM2].to_numpy(dtype=float)
    judged = []
    for row in table.to_dict("records"):
        rows = of_sample[row[k.SAMPLE]]
        upstream = "" if row[k.STATUS] == "ok" else str(row[k.REASON])
        judged.append(judge(row[k.SAMPLE], X[rows], uses, area[rows], config, upstream))
    _stop_or_say(judged, config, str(cells))
    reasons = np.full(read.n_obs, "", dtype=object)
    for one in judged:
        reasons[of_sample[one.sample]] = _with_sample(one)
    verdicts = _verdicts(read, judged, of_sample, reasons)
    passed = reasons == ""
    metrics = pd.DataFrame([_summary(one, int(passed[of_sample[one.sample]].sum())) for one in judged])
    meta = run_metadata("qc", params.model_dump(mode="json", exclude_none=True))
    write_table(verdicts, out.with_suffix(".cells.parquet"), QC_CELLS, meta=meta)
    write_table(metrics, out.with_suffix(".metrics.parquet"), QC_METRICS, meta=meta)
    write_cells(_passing(read, passed), out, meta=meta)
    print(f"qc: {passed.sum():,} of {read.n_obs:,} cells pass, of {len(judged)} samples")


def _rows_of_samples(read: ad.AnnData, table: pd.DataFrame, cells: str, samples: str) -> dict[str, np.ndarray]:
    """Positions of each sample's cells, in order."""
    names = [str(name) for name in table[k.SAMPLE]]
    of_cells = read.obs[k.SAMPLE].astype(str).to_numpy()
    groups = pd.Series(np.arange(read.n_obs)).groupby(of_cells, sort=False).indices
    faults: list[Fault | str] = [
        Fault(cells, f"only samples of {samples}", f"`{name}`") for name in groups if name not in names
    ]
    found = {name: np.asarray(groups.get(name, []), dtype=np.int64) for name in names}
    for name, expected in zip(names, table["n_cells"], strict=True):
        if found[name].size != expected:
            faults.append(
                Fault(f"{cells} (sample {name})", f"{expected} cells, as in {samples}", str(found[name].size))
            )
    if faults:
        raise DataError(faults)
    return found


def judge(
    sample: str, X: np.ndarray, uses: list[str], area_um2: np.ndarray, config: QcConfig, upstream: str = ""
) -> Judged:
    """Metrics, limits and reasons of the cells of one sample (see `metrics.cell_metrics` for the arrays)."""
    metrics = cell_metrics(X, uses, area_um2)
    applied = {name: limits(metrics[name], getattr(config, name)) for name in METRICS}
    masks: dict[str, np.ndarray] = {}
    for name in METRICS:
        masks[f"{name}_low"], masks[f"{name}_high"] = outside(metrics[name], applied[name])
    masks[NO_INTENSITY] = lacks_intensity(X, uses)
    reasons = join_reasons(len(X), masks)
    failures = [] if upstream else _failures(int((reasons == "").sum()), len(X), config)
    return Judged(sample, metrics, masks, applied, reasons, upstream, failures)


def _failures(n_pass: int, n: int, config: QcConfig) -> list[Failure]:
    failures = []
    if n_pass < config.min_cells:
        words = f"{n_pass} cells pass, fewer than {config.min_cells} (`min_cells`)"
        failures.append(Failure(f"at least {config.min_cells} cells that pass", f"{n_pass} of {n}", words))
    if n and (share := (n - n_pass) / n) > config.max_dropped:
        words = f"{share:.1%} of the cells dropped, more than {config.max_dropped:.1%} (`max_dropped`)"
        failures.append(Failure(f"at most {config.max_dropped:.1%} of the cells dropped", f"{share:.1%}", words))
    return failures


def _stop_or_say(judged: list[Judged], config: QcConfig, cells: str) -> None:
    faults: list[Fault | str] = [
        Fault(f"{cells} (sample {one.sample})", failure.expected, failure.found)
        for one in judged
        for failure in one.failures
    ]
    if faults and config.on_failed_sample == "stop":
        raise DataError(faults)
    for one in judged:
        if one.failures:
            print(f"tumint: sample {one.sample} is quarantined: {one.failure}.", file=sys.stderr)
        for name in METRICS:
            without = int(np.isnan(one.metrics[name]).sum())
            if without and getattr(config, name).model_dump(exclude_none=True):
                text = f"sample {one.sample}: {without:,} cells have no {name} and are not filtered on it"
                print(f"tumint: {text}.", file=sys.stderr)


def _with_sample(one: Judged) -> np.ndarray:
    """Reasons of the cells, with that of a failed sample added to each."""
    if not one.failures:
        return one.reasons
    failed = f"{SAMPLE_FAILED}{one.failure}"
    return np.array([f"{reason};{failed}" if reason else failed for reason in one.reasons], dtype=object)


def _verdicts(
    read: ad.AnnData, judged: list[Judged], of_sample: dict[str, np.ndarray], reasons: np.ndarray
) -> pd.DataFrame:
    """A row for every cell, in the order of the input."""
    xy = np.asarray(read.obsm[k.SPATIAL], dtype=np.float64)
    table = pd.DataFrame(
        {
            k.SAMPLE: read.obs[k.SAMPLE].astype(str).to_numpy(),
            k.CELL_ID: read.obs[k.CELL_ID].to_numpy(),
            k.X_UM: xy[:, 0],
            k.Y_UM: xy[:, 1],
        }
    )
    for name in METRICS:
        values = np.full(read.n_obs, np.nan)
        for one in judged:
            values[of_sample[one.sample]] = one.metrics[name]
        table[name] = values
    table[k.VERDICT] = np.where(reasons == "", PASS, DROP)
    table[k.REASON] = reasons
    return table


def _summary(one: Judged, n_out: int) -> dict[str, Any]:
    """The row of a sample: counts, reasons (a cell counts once for each of its own), medians, limits that applied."""
    n_in = len(one.reasons)
    row: dict[str, Any] = {k.SAMPLE: one.sample, "n_in": n_in, "n_out": n_out}
    row[k.STATUS], row[k.REASON] = (FAIL, one.failure) if one.failure else (PASS, "")
    row |= {f"n_{name}": int(mask.sum()) for name, mask in one.masks.items()}
    for name in METRICS:
        measured = one.metrics[name][~np.isnan(one.metrics[name])]
        row[f"median_{name}"] = float(np.median(measured)) if measured.size else np.nan
        row[f"min_{name}"], row[f"max_{name}"] = one.limits[name].low, one.limits[name].high
        row[f"n_without_{name}"] = n_in - measured.size
    return row


def _passing(read: ad.AnnData, passed: np.ndarray) -> ad.AnnData:
    """The cells that pass. Made anew: a subset of an AnnData would lose the names of domains that no cell is in."""
    return ad.AnnData(
        X=np.asarray(read.X)[passed],
        obs=read.obs[passed].copy(),
        var=read.var.copy(),
        obsm={k.SPATIAL: np.asarray(read.obsm[k.SPATIAL])[passed]},
    )
