"""A few samples, read as ingest will read them: how many cells, how near to each other, in which unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tumint import keys as k
from tumint.config.ingest import IngestConfig
from tumint.config.qc import QcConfig
from tumint.errors import DataError, Fault, TumintError
from tumint.ingest.overlap import Nearness, nearness
from tumint.ingest.reader import Cells, Channel, Decided, Found, Part, Reader, Settings
from tumint.init.panel import Guessed
from tumint.io.raw.odd_numbers import DECIMAL
from tumint.io.raw.table import RENUMBER
from tumint.text import integer, listed, setting

_SAMPLES, _MOST_BYTES = 3, 400 << 20
_LOW_UM, _HIGH_UM = 4.0, 11.0  # between neighbouring cells of tissue; 5.5 to 10 in the cohorts that are tested


@dataclass
class Tried:
    """`unit`: micrometres per pixel and what a person must know of it; None: the data are in µm, or without a
    place; `config`: keys of `ingest` without which they cannot be read."""

    unit: tuple[float, str] | None = None
    decided: list[Decided] = field(default_factory=list)
    check: list[str] = field(default_factory=list)
    must: list[str] = field(default_factory=list)  # those of `check` without which a run makes no sense
    config: dict[str, Any] = field(default_factory=dict)


def tried(
    reader: Reader, found: Found, markers: Sequence[Guessed], um_per_px: float | None, min_cells: int | None = None
) -> Tried:
    """Read the first, middle and last sample; say what came of them."""
    out = Tried()
    of_format = None if um_per_px is not None else found.config.get(k.PIXEL_SIZE_UM)
    if found.has_coordinates and um_per_px is not None:
        out.unit = um_per_px, "--um-per-px"
    elif found.has_coordinates and of_format is None:
        out.unit = 1.0, "micrometres per pixel"
    chosen = sorted({0, len(found.rows) // 2, len(found.rows) - 1})[:_SAMPLES]
    rows = [_part(found, i) for i in chosen]
    if sum(_size(Path(part.path)) for part in rows) > _MOST_BYTES:
        if out.unit is not None and um_per_px is None:
            _ask(out, "the files are too large to be tried: micrometres per unit of x and y: give `--um-per-px`")
        return out
    settings = _settings(reader, found, markers)
    if "decimal" not in found.config and _has_commas(reader, rows[0], settings):
        out.config["decimal"] = ","
        out.decided.append(Decided("decimal mark", ",", "numbers of the table"))
        settings = replace(settings, config=settings.config.model_copy(update=out.config))
    um = um_per_px or of_format or 1.0
    if "repeated_ids" not in found.config and _has_repeated_ids(reader, rows, settings, um, out):
        settings = replace(settings, config=settings.config.model_copy(update=out.config))
    read = [_read(reader, row, settings, um, out) for row in rows]
    cells = [one for one in read if one is not None and one.cell_id.size]
    if not cells:
        return out
    counts = listed((integer(one.cell_id.size) for one in cells), _SAMPLES)
    sizes, least = [one.cell_id.size for one in cells], QcConfig().min_cells if min_cells is None else min_cells
    if np.median(sizes) < least:
        few = f"images of {integer(int(np.median(sizes)))} cells fail quality control, which wants {integer(least)}"
        _ask(out, f"{few}: lower `qc.min_cells` in config.yaml if they are whole, or give `--min-cells`")
    missing = sum(int(np.isnan(one.spatial).any(axis=1).sum()) for one in cells if one.has_coordinates)
    lost = f"; {integer(missing)} without a place" if missing else ""
    out.decided.append(Decided("cells", counts, f"samples {listed((part.sample for part in rows), _SAMPLES)}{lost}"))
    _unit(
        out, reader, rows[0], settings, cells, um_per_px or of_format, "--um-per-px" if um_per_px else "of the format"
    )
    return out


def _part(found: Found, i: int) -> Part:
    """A row of the sheet, as it will be written."""
    name, path, part = found.rows[i]
    named = ((column, files[i]) for column, files in found.files.items())
    return Part(name, str(path), 1.0, part, tuple((column, str(file)) for column, file in named if file is not None))


def _ask(out: Tried, text: str) -> None:
    """What only a person can say, and a run needs."""
    out.check.append(text)
    out.must.append(text)


def _has_commas(reader: Reader, part: Part, settings: Settings) -> bool:
    """Whether a sample cannot be read for its decimal commas, and can with them."""
    return any(fault.remedy.startswith(DECIMAL) for fault in _faults(reader, part, settings))


def _faults(reader: Reader, part: Part, settings: Settings) -> list[Fault]:
    """What stands in the way of a sample."""
    try:
        for _, cells in reader.read(part.path, [part], settings):
            if isinstance(cells, DataError):
                raise cells
    except TumintError as error:
        return [one for one in error.faults if isinstance(one, Fault)]
    return []


def _has_repeated_ids(reader: Reader, rows: Sequence[Part], settings: Settings, um: float, out: Tried) -> bool:
    """Whether ids repeat within a sample, of cells at other places: counted anew in each field. Decided in `out`.

    Rows whose cells lie on one another may be there twice, which is left to a person.
    """
    fault = next(
        (one for row in rows for one in _faults(reader, row, settings) if one.remedy.startswith(RENUMBER)), None
    )
    if fault is None:
        return False
    config = settings.config.model_copy(update={"repeated_ids": "renumber"})
    quiet = Tried()
    anew = (_read(reader, row, replace(settings, config=config), um, quiet) for row in rows)
    twice = sum(_in_place_of_another(one.spatial) for one in anew if one is not None)
    if twice or quiet.check:
        return False
    out.config["repeated_ids"] = "renumber"
    said = f"{fault.where}: {fault.found}; no two cells at one place: ids are counted anew in each field"
    out.decided.append(Decided("cell ids", "numbered by row", said))
    out.check.append("cells are numbered by row, since their ids repeat: neighbours that the data list are left out")
    return True


def _in_place_of_another(spatial: np.ndarray) -> int:
    """Cells that have exactly the place of another."""
    placed = spatial[~np.isnan(spatial).any(axis=1)]
    return len(placed) - len(np.unique(placed, axis=0))


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _settings(reader: Reader, found: Found, markers: Sequence[Guessed]) -> Settings:
    values: dict[str, Any] = {"format": reader.name, **found.config, "missing_marker": "fill"}
    channels = tuple(Channel(m.marker, (m.channel, *m.synonyms), m.use, found.unit) for m in markers)
    return Settings(IngestConfig.model_validate(values), channels)


def _read(reader: Reader, part: Part, settings: Settings, um: float, out: Tried) -> Cells | None:
    try:
        for _, cells in reader.read(part.path, [replace(part, pixel_size_um=um)], settings):
            if isinstance(cells, DataError):
                raise cells
            return cells
    except TumintError as error:
        for fault in error.faults[:3]:
            _ask(out, f"it cannot be read as it is: {fault}")
    return None


def _unit(
    out: Tried,
    reader: Reader,
    part: Part,
    settings: Settings,
    cells: Sequence[Cells],
    um_per_px: float | None,
    source: str,
) -> None:
    """Pixels or µm, from how near cells lie to each other; and whether several images lie on one another."""
    near = [nearness(one.spatial, one.area_um2) for one in cells if one.has_coordinates]
    near = [one for one in near if one.n > 1 and np.isfinite(one.median)]
    if not near:
        return
    median = float(np.median([one.median for one in near]))
    in_um = _is_in_um(reader, part, settings)
    if in_um:
        out.unit = None
    unit = "µm" if in_um or um_per_px is not None else "units"
    said = f"half of the cells lie within {setting(median, 2)} {unit} of another"
    if um_per_px is not None and not in_um:
        out.decided.append(Decided("unit", f"{setting(um_per_px)} µm per pixel", f"{source}; {said}"))
    elif in_um:
        out.decided.append(Decided("unit", "µm", f"the format or the names of columns; {said}"))
    elif _LOW_UM <= median <= _HIGH_UM:
        out.unit = 1.0, f"x and y seem to be in µm: {said}, as cells do"
        out.decided.append(Decided("unit", "µm (1 µm per pixel)", f"{said}, as cells do"))
    else:
        out.unit = 1.0, f"x and y are not in µm: {said}, and cells within 5 to 10 µm; --um-per-px"
        out.decided.append(Decided("unit", "pixels of unknown size", f"{said}, and cells within 5 to 10 µm"))
        _ask(out, "micrometres per pixel: give `--um-per-px`, or edit `ingest.pixel_size_um`")
    _overlaps(out, near)


def _is_in_um(reader: Reader, part: Part, settings: Settings) -> bool:
    """Whether the size of a pixel changes nothing."""
    twice = [_read(reader, part, settings, um, Tried()) for um in (1.0, 2.0)]
    one, two = twice
    return one is not None and two is not None and np.array_equal(one.spatial, two.spatial, equal_nan=True)


def _overlaps(out: Tried, near: Sequence[Nearness]) -> None:
    if any(one.overlaps for one in near):
        said = "cells of one sample lie on one another: are they several images? `--sample` names the column of images"
        _ask(out, f"{said}; or the unit is wrong (`--um-per-px`)")
