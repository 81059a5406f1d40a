"""The ingest stage: raw data of a batch in; its cells, its table of samples and its edges out."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from tumint import keys as k
from tumint.config.ingest import IngestConfig
from tumint.config.model import StageParams
from tumint.errors import ConfigError, DataError, Fault
from tumint.ingest import domains, registry
from tumint.ingest.assemble import cells_of_batch, edges_of_batch, one_list
from tumint.ingest.layout import channels
from tumint.ingest.oddities import Oddities, settle
from tumint.ingest.reader import Cells, Part, Reader, Settings
from tumint.io.cells import write_cells
from tumint.io.contracts import EDGES, SAMPLES
from tumint.io.raw.source import file_identity
from tumint.io.steady import unchanged
from tumint.io.tables import write_table
from tumint.provenance import run_metadata
from tumint.text import integer, listed, plural, setting

OK, EMPTY, QUARANTINED = k.OK, k.EMPTY, k.QUARANTINED
_OF_ALL = (k.SAMPLE, k.PATH, k.PART, k.PIXEL_SIZE_UM)  # what rows have for every format


@dataclass(frozen=True)
class Sample:
    """What became of a row of the sheet: cells or None, and why."""

    part: Part
    status: str
    reason: str
    cells: Cells | None
    odd: Oddities = field(default_factory=Oddities)


def run(params: StageParams, rows: Sequence[dict[str, Any]], out: Path) -> None:
    """Read the samples of `rows`; write `<batch>.h5ad`, `<batch>.samples.parquet` and `<batch>.edges.parquet`.

    Parameters
    ----------
    rows
        Rows of the sheet, in order: `sample`, `path`, and `part`, `pixel_size_um` and the columns of more files of the
        reader (`Reader.sheet_files`) where the sheet has them.
    out
        `<batch>.h5ad`; the tables are written beside it.

    Raises
    ------
    TumintError
        One line for every fault of every sample that is not to be quarantined, and for every file that was changed
        while it was read; then nothing is written.
    """
    config = params.ingest
    if config is None:
        raise DataError(Fault("--params", "a section `ingest`", "none"))
    reader = registry.reader(config.format)
    if reader.needs_panel and params.panel is None:
        raise ConfigError(Fault("config: key `panel`", f"a panel, which the format `{config.format}` needs", "none"))
    settings = Settings(config, channels(config, params.panel))
    checked = check_rows(rows, config.pixel_size_um)
    with unchanged(_files(checked, config)):  # of what is left out too, and of the hashes
        samples = _read(checked, reader, settings)
        table = _samples_table(samples, settings)
    parts = [(sample.part.sample, sample.cells) for sample in samples if sample.cells is not None]
    markers = one_list(parts, config.missing_marker, settings.channels)
    for sample in samples:
        _say_about(sample, settings)
    _say_unread(samples)
    meta = run_metadata("ingest", params.model_dump(mode="json", exclude_none=True), config.format)
    cells = cells_of_batch(parts, [sample.part.sample for sample in samples], markers)
    edges = edges_of_batch(parts)
    write_table(edges, out.with_suffix(".edges.parquet"), EDGES, meta=meta, row_groups_by=k.SAMPLE)
    write_table(table, out.with_suffix(".samples.parquet"), SAMPLES, meta=meta)
    write_cells(cells, out, meta=meta)
    counts = (plural(cells.n_vars, "marker"), plural(len(edges), "edge"))
    print(f"ingest: {plural(cells.n_obs, 'cell')} of {plural(len(samples), 'sample')}, {', '.join(counts)}")


def _files(parts: Sequence[Part], config: IngestConfig) -> Iterator[str]:
    """What is read for `parts`; where a reader cannot say because it is broken, the path itself."""
    for part in parts:
        try:
            yield from registry.files(part.path, part.part, config, (file for _, file in part.files if file))
        except DataError:
            yield part.path


def check_rows(rows: object, pixel_size_um: float) -> list[Part]:
    """`rows` as a person or the workflow gives them, each with its pixel size or `pixel_size_um`.

    Raises
    ------
    DataError
        One line for every fault.
    """
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise DataError(Fault("--rows", "a JSON list of the sheet's rows", f"{type(rows).__name__}"))
    faults: list[Fault | str] = []
    checked: list[Part] = []
    for number, row in enumerate(rows, start=1):
        where = f"--rows, row {number} (sample {row.get(k.SAMPLE) or 'without a name'})"
        for name in (k.SAMPLE, k.PATH):
            if not isinstance(row.get(name), str) or not row[name]:
                faults.append(Fault(where, f"`{name}` to be a text", f"`{row.get(name)}`"))
        part = row.get(k.PART) or ""
        if not isinstance(part, str):
            faults.append(Fault(where, f"`{k.PART}` to be a text", f"`{part}`"))
        size = row.get(k.PIXEL_SIZE_UM)
        size = pixel_size_um if size is None else size
        if not isinstance(size, int | float) or not (math.isfinite(size) and size > 0):
            faults.append(Fault(where, f"`{k.PIXEL_SIZE_UM}` to be a positive number", f"`{size}`"))
        if row.get(k.SAMPLE) in {earlier.sample for earlier in checked}:
            faults.append(Fault(where, f"each `{k.SAMPLE}` once", "it twice"))
        if not faults:
            others = tuple((name, file) for name, file in row.items() if name not in _OF_ALL and isinstance(file, str))
            checked.append(Part(row[k.SAMPLE], row[k.PATH], float(size), part, others))
    if faults:
        raise DataError(faults)
    return checked


def _read(parts: Sequence[Part], reader: Reader, settings: Settings) -> list[Sample]:
    """Every sample, one file at a time; the faults of all of them at once where a bad one stops the run."""
    by_path: dict[str, list[Part]] = {}
    for part in parts:
        by_path.setdefault(part.path, []).append(part)
    found: dict[str, Sample] = {}
    for path, of_path in by_path.items():
        for part, result in reader.read(path, of_path, settings):
            found[part.sample] = _sample(part, result, settings.config)
    samples = [found[part.sample] for part in parts]
    # a fault of a file that holds several samples is that of each
    faults = list(dict.fromkeys(line for s in samples if s.status != OK for line in s.reason.split("\n")))
    if faults and settings.config.on_bad_sample == "stop":
        raise DataError(_once(faults))
    return samples


def _once(faults: Sequence[str]) -> list[Fault | str]:
    """Faults that the same key mends as one line: the first, and how many more."""
    by_remedy: dict[str, list[str]] = {}
    for line in faults:
        remedy = line.rpartition("; ")[2]
        by_remedy.setdefault(remedy if "`ingest." in remedy else line, []).append(line)
    return [lines[0] + _like_it(len(lines) - 1) for lines in by_remedy.values()]


def _like_it(count: int) -> str:
    return f" (and {plural(count, 'more line')} like it)" if count else ""


def _sample(part: Part, result: Cells | DataError, config: IngestConfig) -> Sample:
    try:
        if isinstance(result, DataError):
            raise result
        cells, odd = settle(result, part, config)
    except DataError as error:
        return Sample(part, QUARANTINED, "\n".join(map(str, error.faults)), None)
    if cells.cell_id.size:
        return Sample(part, OK, "", cells, odd)
    return Sample(part, EMPTY, str(Fault(part.place.at(), "at least one cell", cells.nothing)), None, odd)


def _say_about(sample: Sample, settings: Settings) -> None:
    name = sample.part.sample
    if sample.cells is None:
        _say(f"sample {name} is quarantined: {_one_line(sample.reason)}")
        return
    if lacking := _lacking(sample, settings):
        policy = settings.config.missing_marker
        _say(f"sample {name} goes on without {', '.join(lacking)} (`missing_marker: {policy}`)")
    if not sample.cells.has_coordinates:
        _say(f"sample {name} has no coordinates: nothing that needs a place will be computed")
    if sample.odd.no_place:
        _say(f"sample {name}: {plural(sample.odd.no_place, 'cell')} without a place, which quality control drops")
    if sample.odd.outside:
        what = "are left out" if settings.config.outside_image == "drop" else "are kept"
        _say(f"sample {name}: {integer(sample.odd.outside)} cells lie outside the image and {what} (`outside_image`)")
    if sample.odd.crowd > k.TOGETHER and sample.odd.crowded_at is not None:
        x, y = sample.odd.crowded_at
        _say(
            f"sample {name}: {integer(sample.odd.crowd)} cells stand at one and the same place, ({setting(x)}, "
            f"{setting(y)}) µm: are their coordinates right? Of more than {k.TOGETHER} at one place, not all are "
            "neighbours"
        )


def _say_unread(samples: Sequence[Sample]) -> None:
    """Columns that somebody might miss, once for all samples that have them."""
    counts = Counter(name for sample in samples if sample.cells is not None for name in sample.cells.unread)
    if counts:
        named = listed((f"`{name}`" for name in counts), 8)
        where = plural(max(counts.values()), "sample")
        _say(f"recognised and not read in {where}: {named} (`ingest.columns` names what is read)")


def _lacking(sample: Sample, settings: Settings) -> list[str]:
    """Markers that the sample lacks and that somebody will miss."""
    missing = () if sample.cells is None else sample.cells.missing_markers
    return [c.marker for c in settings.channels if c.use != "ignore" and c.marker in missing]


def _one_line(reason: str) -> str:
    return reason.replace("\n", " ")


def _say(text: str) -> None:
    print(f"tumint: {text}", file=sys.stderr)


def _samples_table(samples: Sequence[Sample], settings: Settings) -> pd.DataFrame:
    """One row per sample, also where nothing could be read."""
    records = []
    names = domains.categories({name for sample in samples if sample.cells is not None for name in sample.cells.domain})
    for sample in samples:
        part, cells, odd = sample.part, sample.cells, sample.odd
        identity = file_identity(part.path) if cells is None else cells.identity
        counts = Counter(() if cells is None else cells.domain)
        records.append(
            {
                k.SAMPLE: part.sample,
                k.PATH: part.path,
                k.PART: part.part,
                "sha256": identity.sha256,
                "bytes": identity.n_bytes,
                "n_cells": 0 if cells is None else cells.cell_id.size,
                "n_edges": 0 if cells is None else len(cells.edges),
                k.PIXEL_SIZE_UM: part.pixel_size_um,
                "has_coordinates": cells is not None and cells.has_coordinates,
                "n_outside": odd.outside,
                "n_coincident": odd.coincident,
                "n_id_gaps": odd.id_gaps,
                "n_several_masks": odd.several_masks,
                "n_no_place": odd.no_place,
                "missing_markers": ";".join(_lacking(sample, settings)),
                "masks": "" if cells is None else ";".join(cells.masks),
                **{f"n_domain_{name}": counts[name] for name in names},
                "unread": "" if cells is None else ";".join(cells.unread),
                "notes": "" if cells is None else "; ".join(cells.notes),
                k.STATUS: sample.status,
                k.REASON: _one_line(sample.reason),
            }
        )
    return pd.DataFrame(records)
