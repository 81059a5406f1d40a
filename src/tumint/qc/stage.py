"""The quality control stage in three steps: measure a batch, compare the ROIs of the cohort, judge a batch's cells.

Only the middle step sees more than one batch, and it reads tables of ROIs and single columns, never intensities.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from tumint import keys as k
from tumint.annotated import Annotated
from tumint.config.model import StageParams
from tumint.config.qc import MARKER, QcConfig
from tumint.errors import DataError, Fault
from tumint.io import contracts as c
from tumint.io.cells import write_cells
from tumint.io.tables import read_table, write_table
from tumint.provenance import run_metadata
from tumint.qc import cohort
from tumint.qc.batch import Batch, check_same_cells, read_batch
from tumint.qc.judge import DROP, EXCLUDED, NO_INTENSITY, NO_PLACE, PASS, Judged, judge, summary
from tumint.qc.metrics import METRICS
from tumint.qc.thresholds import Limits, limits
from tumint.text import integer, plural

if TYPE_CHECKING:
    from tumint.qc.measure import Measures

MEASURES = ".measures.parquet"
_BESIDE = {"rois": c.QC_ROI_MEASURES, "channels": c.QC_CHANNELS, "stripes": c.QC_STRIPES}


@dataclass(frozen=True)
class Compared:
    """What of the cohort the last step needs: limits of metrics, and why samples fail."""

    limits: dict[str, Limits]
    failures: dict[str, str]


@threadpool_limits.wrap(limits=1, user_api="blas")  # many small matrices; and the same bits whatever the threads
def run_measure(params: StageParams, cells: Path, samples: Path, out: Path) -> None:
    """Measure every cell and sample of a batch; write `<batch>.{measures,rois,channels,stripes}.parquet`.

    Parameters
    ----------
    cells, samples
        `<batch>.h5ad` and `<batch>.samples.parquet` of ingest.
    out
        `<batch>.measures.parquet`; the other tables are written beside it.

    Raises
    ------
    DataError
        The files do not belong together, or the config names a marker that they lack.
    """
    config = _config(params)
    batch = read_batch(cells, samples, config)
    found = _measured(batch, config, params.seed)
    meta = run_metadata("qc", params.model_dump(mode="json", exclude_none=True))
    for name, contract in _BESIDE.items():
        write_table(getattr(found, name), beside(out, name), contract, meta=meta)
    write_table(found.cells, out, c.QC_MEASURES, meta=meta)
    rois, stripes = plural(len(found.rois), "sample"), plural(len(found.stripes), "stripe")
    print(f"qc: {plural(len(found.cells), 'cell')} of {rois} measured, {stripes} found")


@threadpool_limits.wrap(limits=1, user_api="blas")
def run_gather(params: StageParams, measures: Sequence[Path], out: Path) -> None:
    """Compare the ROIs of all batches; write `{limits,rois,channels,spillover,stripes}.parquet` into the folder `out`.

    Parameters
    ----------
    measures
        `<batch>.measures.parquet` of all batches in the order of the sheet, the other tables of each beside it.

    Raises
    ------
    DataError
        A table is missing or broken, a sample is in two batches, or a ROI fails and the config says to stop.
    """
    config = _config(params)
    tables = {
        name: c.joined([read_table(beside(path, name), contract) for path in measures], contract)
        for name, contract in _BESIDE.items()
    }
    repeated = tables["rois"][k.SAMPLE][tables["rois"][k.SAMPLE].duplicated()]
    if len(repeated):
        raise DataError(Fault(str(out), "each sample in one batch", f"{repeated.iloc[0]} in two"))
    pooled = {name: [read_table(path, columns=[name, EXCLUDED]) for path in measures] for name in _of_cohort(config)}
    found = _limits(config, {name: pd.concat(parts, ignore_index=True) for name, parts in pooled.items()})
    channels = cohort.with_z(tables["channels"])
    rois = cohort.roi_table(tables["rois"], channels, config.rois)
    _stop_on_rois(rois, config, str(out))
    meta = run_metadata("qc", params.model_dump(mode="json", exclude_none=True))
    write_table(found, out / "limits.parquet", c.QC_LIMITS, meta=meta)
    write_table(channels, out / "channels.parquet", c.QC_CHANNELS_Z, meta=meta)
    write_table(cohort.spillover_table(tables["channels"]), out / "spillover.parquet", c.QC_SPILLOVER, meta=meta)
    write_table(tables["stripes"], out / "stripes.parquet", c.QC_STRIPES, meta=meta)
    write_table(rois, out / "rois.parquet", c.QC_ROIS, meta=meta)
    failed = int((rois[k.STATUS] != PASS).sum())
    print(f"qc: {len(rois)} ROIs compared, {failed} unlike the others, {len(tables['stripes'])} stripes")


@threadpool_limits.wrap(limits=1, user_api="blas")
def run(
    params: StageParams,
    cells: Path,
    samples: Path,
    out: Path,
    measures: Path | None = None,
    compared: Path | None = None,
) -> None:
    """Judge every cell; write `<batch>.h5ad`, `<batch>.cells.parquet` and `<batch>.metrics.parquet`.

    Parameters
    ----------
    cells, samples
        `<batch>.h5ad` and `<batch>.samples.parquet` of ingest.
    out
        `<batch>.h5ad` with the cells that pass, `X` as it was; the tables are written beside it.
    measures
        What `run_measure` wrote of this batch.
    compared
        The folder that `run_gather` wrote, needed where a limit is that of the cohort (`QcConfig.needs_cohort`).
        Without both of these the batch is measured here, as a cohort of its own.

    Raises
    ------
    DataError
        The files do not belong together, or a sample fails and the config says to stop; then nothing is written.
    """
    config = _config(params)
    batch = read_batch(cells, samples, config)
    if measures is None:
        found = _measured(batch, config, params.seed)
        table, against = found.cells, _compared_alone(found, config)
    else:
        if compared is None and config.needs_cohort:
            raise DataError(Fault("--cohort", "the cohort's tables, for limits that are the cohort's", "none"))
        table = read_table(measures, c.QC_MEASURES)
        against = _read_compared(compared) if compared is not None else Compared({}, {})
        check_same_cells(batch, table, str(measures))
    metrics = [*METRICS, *(f"{MARKER}{name}" for name in config.markers)]
    judged = [
        judge(
            row[k.SAMPLE],
            table.iloc[batch.rows[row[k.SAMPLE]]],
            metrics,
            config,
            against.limits,
            upstream="" if row[k.STATUS] == k.OK else str(row[k.REASON]),
            roi_failure=against.failures.get(row[k.SAMPLE], ""),
        )
        for row in batch.samples.to_dict("records")
    ]
    _stop_or_say(judged, config, batch.where)
    reasons = np.full(batch.read.n_obs, "", dtype=object)
    for one in judged:
        reasons[batch.rows[one.sample]] = one.verdicts
    passed = reasons == ""
    verdicts = table.drop(columns=[EXCLUDED, NO_INTENSITY, NO_PLACE])
    verdicts = verdicts.assign(**{k.VERDICT: np.where(passed, PASS, DROP), k.REASON: reasons})
    summaries = pd.DataFrame([summary(one, int(passed[batch.rows[one.sample]].sum())) for one in judged])
    meta = run_metadata("qc", params.model_dump(mode="json", exclude_none=True))
    write_table(verdicts, out.with_suffix(".cells.parquet"), c.QC_CELLS, meta=meta)
    write_table(summaries, out.with_suffix(".metrics.parquet"), c.QC_METRICS, meta=meta)
    write_cells(_passing(batch.read, passed), out, meta=meta)
    print(f"qc: {integer(passed.sum())} of {plural(batch.read.n_obs, 'cell')} pass, of {plural(len(judged), 'sample')}")


def beside(measures: Path, name: str) -> Path:
    """The table `name` beside `<batch>.measures.parquet`."""
    return measures.with_name(f"{measures.name.removesuffix(MEASURES)}.{name}.parquet")


def _config(params: StageParams) -> QcConfig:
    if params.qc is None:
        raise DataError(Fault("--params", "a section `qc`", "none"))
    return params.qc


def _of_cohort(config: QcConfig) -> list[str]:
    """Metrics whose median and MAD are those of the cohort."""
    metrics = [*METRICS, *(f"{MARKER}{name}" for name in config.markers)]
    return [name for name in metrics if config.threshold(name).per == "cohort"]


def _limits(config: QcConfig, pooled: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Limits over the cells of the cohort that are not excluded."""
    found = [
        (name, limits(table[name].to_numpy(float)[~table[EXCLUDED].to_numpy(bool)], config.threshold(name)))
        for name, table in pooled.items()
    ]
    rows = [(name, limit.low, limit.high) for name, limit in found]
    return pd.DataFrame(rows, columns=list(c.QC_LIMITS.columns)).astype({"metric": object, "low": float, "high": float})


def _measured(batch: Batch, config: QcConfig, seed: int) -> Measures:
    from tumint.qc.measure import measure_batch  # a quarter of the start, which the other steps need not wait for

    return measure_batch(batch.read, batch.rows, config, seed)


def _compared_alone(found: Measures, config: QcConfig) -> Compared:
    """A batch as a cohort of its own."""
    table = _limits(config, {name: found.cells[[name, EXCLUDED]] for name in _of_cohort(config)})
    rois = cohort.roi_table(found.rois, cohort.with_z(found.channels), config.rois)
    return _compared(table, rois)


def _read_compared(folder: Path) -> Compared:
    return _compared(read_table(folder / "limits.parquet", c.QC_LIMITS), read_table(folder / "rois.parquet", c.QC_ROIS))


def _compared(table: pd.DataFrame, rois: pd.DataFrame) -> Compared:
    return Compared(
        {row["metric"]: Limits(row["low"], row["high"]) for row in table.to_dict("records")},
        {row[k.SAMPLE]: row[k.REASON] for row in rois.to_dict("records") if row[k.STATUS] != PASS},
    )


def _stop_on_rois(rois: pd.DataFrame, config: QcConfig, where: str) -> None:
    failed = rois[rois[k.STATUS] != PASS]
    if len(failed) and config.on_failed_sample == "stop":
        expected = "a ROI like the others of the cohort"
        raise DataError(
            [Fault(f"{where} (sample {row[k.SAMPLE]})", expected, row[k.REASON]) for row in failed.to_dict("records")]
        )


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
        for name, values in one.metrics.items():
            without = int(np.isnan(values).sum())
            if without and config.threshold(name).limits_anything:
                text = f"sample {one.sample}: {integer(without)} cells have no {name} and are not filtered on it"
                print(f"tumint: {text}.", file=sys.stderr)


def _passing(read: Annotated, passed: np.ndarray) -> Annotated:
    """The cells that pass. The names of domains that no cell is in stay."""
    X: Any = read.X
    return Annotated(
        X=X[passed],
        obs=read.obs[passed].copy(),
        var=read.var.copy(),
        obsm={k.SPATIAL: np.asarray(read.obsm[k.SPATIAL])[passed]},
    )
