"""The ingest stage: raw tables of a batch in; its cells, its table of samples and its edges out."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.config.ingest import IngestConfig
from tumint.config.model import StageParams
from tumint.errors import DataError, Fault
from tumint.ingest.domains import CATEGORIES
from tumint.ingest.layout import Channel, channels
from tumint.ingest.sample import Cells, read_sample
from tumint.ingest.source import Place, file_identity
from tumint.io.cells import write_cells
from tumint.io.contracts import EDGES, SAMPLES
from tumint.io.tables import write_table
from tumint.provenance import run_metadata

OK, EMPTY, QUARANTINED = "ok", "empty", "quarantined"


@dataclass(frozen=True)
class Row:
    """A row of the sheet, as far as this stage needs it."""

    sample: str
    path: str
    pixel_size_um: float


@dataclass(frozen=True)
class Sample:
    """What became of a row: cells or None, and why."""

    row: Row
    status: str
    reason: str
    cells: Cells | None


def run(params: StageParams, rows: Sequence[dict[str, Any]], out: Path) -> None:
    """Read the samples of `rows`; write `<batch>.h5ad`, `<batch>.samples.parquet` and `<batch>.edges.parquet`.

    Parameters
    ----------
    rows
        Rows of the sheet, in order: `sample`, `path`, and `pixel_size_um` where the sheet has it.
    out
        `<batch>.h5ad`; the tables are written beside it.

    Raises
    ------
    TumintError
        One line for every fault of every sample that is not to be quarantined; then nothing is written.
    """
    config = params.ingest
    if config is None:
        raise DataError(Fault("--params", "a section `ingest`", "none"))
    wanted = channels(config, params.panel)
    samples = _read(check_rows(rows, config.pixel_size_um), config, wanted)
    meta = run_metadata("ingest", params.model_dump(mode="json", exclude_none=True))
    cells, table, edges = _cells(samples, wanted), _samples_table(samples, wanted), _edges_table(samples)
    write_table(edges, out.with_suffix(".edges.parquet"), EDGES, meta=meta)
    write_table(table, out.with_suffix(".samples.parquet"), SAMPLES, meta=meta)
    write_cells(cells, out, meta=meta)
    print(f"ingest: {cells.n_obs:,} cells of {len(samples)} samples, {cells.n_vars} markers, {len(edges):,} edges")


def check_rows(rows: object, pixel_size_um: float) -> list[Row]:
    """`rows` as a person or the workflow gives them, each with its pixel size or `pixel_size_um`.

    Raises
    ------
    DataError
        One line for every fault.
    """
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise DataError(Fault("--rows", "a JSON list of the sheet's rows", f"{type(rows).__name__}"))
    faults: list[Fault | str] = []
    checked: list[Row] = []
    for number, row in enumerate(rows, start=1):
        where = f"--rows, row {number} (sample {row.get(k.SAMPLE) or 'without a name'})"
        for name in (k.SAMPLE, k.PATH):
            if not isinstance(row.get(name), str) or not row[name]:
                faults.append(Fault(where, f"`{name}` to be a text", f"`{row.get(name)}`"))
        size = row.get(k.PIXEL_SIZE_UM)
        size = pixel_size_um if size is None else size
        if not isinstance(size, int | float) or not (math.isfinite(size) and size > 0):
            faults.append(Fault(where, f"`{k.PIXEL_SIZE_UM}` to be a positive number", f"`{size}`"))
        if row.get(k.SAMPLE) in {earlier.sample for earlier in checked}:
            faults.append(Fault(where, f"each `{k.SAMPLE}` once", "it twice"))
        if not faults:
            checked.append(Row(row[k.SAMPLE], row[k.PATH], float(size)))
    if faults:
        raise DataError(faults)
    return checked


def _read(rows: Sequence[Row], config: IngestConfig, wanted: Sequence[Channel]) -> list[Sample]:
    """Every sample, one at a time; the faults of all of them at once where a bad one stops the run."""
    samples: list[Sample] = []
    faults: list[Fault | str] = []
    for row in rows:
        try:
            samples.append(_sample(row, config, wanted))
        except DataError as error:
            samples.append(Sample(row, QUARANTINED, " ".join(map(str, error.faults)), None))
            faults += error.faults
        if samples[-1].status == EMPTY:
            faults.append(samples[-1].reason)
    if faults and config.on_bad_sample == "stop":
        raise DataError(faults)
    for sample in samples:
        if sample.cells is None:
            _say(f"sample {sample.row.sample} is quarantined: {sample.reason}")
        elif lacking := _lacking(sample, wanted):
            named = ", ".join(lacking)
            _say(f"sample {sample.row.sample} goes on without {named} (`missing_marker: {config.missing_marker}`)")
    return samples


def _sample(row: Row, config: IngestConfig, wanted: Sequence[Channel]) -> Sample:
    cells = read_sample(row.path, row.sample, row.pixel_size_um, config, wanted)
    if cells.cell_id.size:
        return Sample(row, OK, "", cells)
    return Sample(row, EMPTY, str(Fault(Place(row.path, row.sample).at(), "at least one cell", "a header only")), None)


def _lacking(sample: Sample, wanted: Sequence[Channel]) -> list[str]:
    """Markers that the sample lacks and that somebody will miss."""
    if sample.cells is None:
        return []
    return [c.marker for c in wanted if c.use != "ignore" and c.marker in sample.cells.missing_markers]


def _say(text: str) -> None:
    print(f"tumint: {text}", file=sys.stderr)


def _cells(samples: Sequence[Sample], wanted: Sequence[Channel]) -> ad.AnnData:
    """The cells of all samples, in the order of the sheet."""
    parts = [(sample.row.sample, sample.cells) for sample in samples if sample.cells is not None]
    sizes = [cells.cell_id.size for _, cells in parts]
    names = [sample.row.sample for sample in samples]
    cell_id = _joined([cells.cell_id for _, cells in parts], np.empty(0, dtype=np.int64))
    codes = np.repeat([names.index(name) for name, _ in parts], sizes).astype(np.int64)
    domain = _joined([cells.domain for _, cells in parts], np.empty(0, dtype=np.int8))
    obs = pd.DataFrame(
        {
            k.SAMPLE: pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(names)),
            k.CELL_ID: cell_id,
            k.AREA_UM2: _joined([cells.area_um2 for _, cells in parts], np.empty(0)),
            k.DOMAIN: pd.Categorical.from_codes(domain, dtype=pd.CategoricalDtype(list(CATEGORIES))),
        },
        index=[f"{names[code]}:{cell}" for code, cell in zip(codes.tolist(), cell_id.tolist(), strict=True)],
    )
    for name in k.SHAPES:
        if any(name in cells.shapes for _, cells in parts):
            obs[name] = np.concatenate([c.shapes.get(name, np.full(c.cell_id.size, np.nan)) for _, c in parts])
    if types := [cells.cell_type for _, cells in parts if cells.cell_type is not None]:
        obs[k.CELL_TYPE_PROVIDED] = pd.Categorical(np.concatenate(types))
    var = pd.DataFrame({k.USE: [c.use for c in wanted]}, index=[c.marker for c in wanted], dtype=object)
    return ad.AnnData(
        X=_joined([cells.intensities for _, cells in parts], np.empty((0, len(wanted)), dtype=np.float32)),
        obs=obs,
        var=var,
        obsm={k.SPATIAL: _joined([cells.spatial for _, cells in parts], np.empty((0, 2)))},
    )


def _joined(parts: Sequence[np.ndarray], none: np.ndarray) -> np.ndarray:
    return np.concatenate(parts) if parts else none


def _samples_table(samples: Sequence[Sample], wanted: Sequence[Channel]) -> pd.DataFrame:
    """One row per sample, also where nothing could be read."""
    records = []
    for sample in samples:
        row, cells = sample.row, sample.cells
        sha256, n_bytes = file_identity(row.path) if cells is None else (cells.sha256, cells.n_bytes)
        domains = np.bincount(
            np.empty(0, np.int8) if cells is None else cells.domain, minlength=len(CATEGORIES)
        ).tolist()
        records.append(
            {
                k.SAMPLE: row.sample,
                k.PATH: row.path,
                "sha256": sha256,
                "bytes": n_bytes,
                "n_cells": 0 if cells is None else cells.cell_id.size,
                "n_edges": 0 if cells is None else len(cells.edges),
                k.PIXEL_SIZE_UM: row.pixel_size_um,
                "missing_markers": ";".join(_lacking(sample, wanted)),
                "masks": "" if cells is None else ";".join(cells.masks),
                **{f"n_domain_{name}": n for name, n in zip(CATEGORIES, domains, strict=True)},
                k.STATUS: sample.status,
                k.REASON: sample.reason,
            }
        )
    return pd.DataFrame(records)


def _edges_table(samples: Sequence[Sample]) -> pd.DataFrame:
    """Edges of all samples, in the order of the sheet."""
    parts = [(s.row.sample, s.cells.edges) for s in samples if s.cells is not None]
    edges = _joined([part for _, part in parts], np.empty((0, 2), dtype=np.int64))
    names = np.repeat(np.array([name for name, _ in parts], dtype=object), [len(part) for _, part in parts])
    return pd.DataFrame({k.SAMPLE: names, k.SOURCE_CELL: edges[:, 0], k.TARGET_CELL: edges[:, 1]})
