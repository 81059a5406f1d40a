"""What every reader takes and gives: the one contract between the formats and the stage.

A reader turns one file or folder, and the parts of it that are samples, into `Cells`. Its module reads one format and
nothing else; `registry` finds them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tumint.config.ingest import IngestConfig
from tumint.errors import DataError
from tumint.io.raw.source import Identity, Place


@dataclass(frozen=True)
class Channel:
    """A marker of the panel: its name in results, the names it may have in raw tables (best first), use and unit."""

    marker: str
    names: tuple[str, ...]
    use: str
    unit: str = ""


@dataclass(frozen=True)
class Part:
    """A row of the sheet. `part` says which part of the file the sample is; empty: the whole file.

    `files` are those that the row names besides `path`, `(column, path)`, where the reader has such columns.
    """

    sample: str
    path: str
    pixel_size_um: float
    part: str = ""
    files: tuple[tuple[str, str], ...] = ()

    @property
    def place(self) -> Place:
        """How messages call it."""
        return Place(self.path, self.sample)


@dataclass(frozen=True)
class Settings:
    """The config of ingest, and the markers of the panel."""

    config: IngestConfig
    channels: tuple[Channel, ...]


@dataclass(frozen=True)
class Cells:
    """The cells of a sample, in the order of its source.

    Parameters
    ----------
    cell_id
        int64, `(n,)`, unique.
    spatial
        float64, `(n, 2)`, x and y in µm; NaN in every cell where the source has no coordinates.
    area_um2
        float64, `(n,)`, NaN: none.
    domain
        Names, dtype object, `(n,)`; `none`: in no domain.
    intensities
        float32, cells × markers, an array (NaN: no value) or, of transcripts, a `scipy.sparse.csr_matrix`.
    edges
        int64, `(m, 2)`, source and target id: both ways, no self loops, sorted.
    shapes
        Of `keys.SHAPES` what the source has, float64, `(n,)` each.
    image_um
        Width and height of the image whose corner is (0, 0), where the source knows them; never of a stage or slide.
    n_several_masks
        Cells that lie in more than one tissue mask.
    missing_markers
        Markers of the panel that the sample lacks.
    names
        What the source calls the cells where that is no whole number (a barcode, say), dtype object, `(n,)`.
    notes
        What a person should know, a phrase each.
    unread
        Columns that are called as types, flags or tissues are, and that nothing reads.
    nothing
        What was found where there is no cell.
    """

    identity: Identity
    cell_id: np.ndarray
    spatial: np.ndarray
    area_um2: np.ndarray
    domain: np.ndarray
    markers: tuple[Channel, ...]
    intensities: Any
    edges: np.ndarray
    cell_type: np.ndarray | None = None
    shapes: dict[str, np.ndarray] = field(default_factory=dict)
    masks: tuple[str, ...] = ()
    missing_markers: tuple[str, ...] = ()
    image_um: tuple[float, float] | None = None
    n_several_masks: int = 0
    names: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    nothing: str = "a header only"

    @property
    def has_coordinates(self) -> bool:
        """Whether the cells have a place."""
        return not (self.spatial.size and np.isnan(self.spatial).all())


Result = tuple[Part, Cells | DataError]


@dataclass(frozen=True)
class Asked:
    """What a person says of their data, for `tumint init` and `tumint score`: names of columns; None: to be found."""

    x: str | None = None
    y: str | None = None
    label: str | None = None
    sample: str | None = None
    subject: str | None = None
    group: str | None = None


NOTHING = Asked()


@dataclass(frozen=True)
class Decided:
    """A line of what `tumint init` decided: `what`, the column or value, and the `evidence` for it."""

    what: str
    value: str
    evidence: str


@dataclass(frozen=True)
class Found:
    """What a recognised file or folder is, for `tumint init`: what to write, and what a person must check.

    `rows` are `(name, path, part)` of its samples, `markers` `(marker, channel)` in order, `config` keys of `ingest`;
    `features` those of a matrix of transcripts, of which the panel has but a few; `design` `{column: {part: level}}`;
    `one_per_subject`: the parts are animals or patients; `decided` what was decided of the columns and from what;
    `unused` `{column: why}` of those that nothing reads; `per_row` `{column of the sheet: value of each row}`; `files`
    `{column: a path or None for each row}` of the columns of the sheet that name files besides `path`.
    """

    rows: list[tuple[str, Path, str]]
    markers: list[tuple[str, str]]
    config: dict[str, Any] = field(default_factory=dict)
    check: list[str] = field(default_factory=list)
    has_coordinates: bool = True
    has_types: bool = False
    unit: str = ""
    features: Sequence[str] = ()
    design: dict[str, dict[str, str]] = field(default_factory=dict)
    one_per_subject: bool = False
    decided: list[Decided] = field(default_factory=list)
    unused: dict[str, str] = field(default_factory=dict)
    per_row: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, list[Path | None]] = field(default_factory=dict)

    def levels(self) -> dict[str, list[str]]:
        """Columns of the sheet that the data themselves fill, in the order of `rows`."""
        by_part = {name: [of.get(part, "") for _, _, part in self.rows] for name, of in self.design.items()}
        return by_part | self.per_row


def no_more_files(path: str, part: str, config: IngestConfig) -> list[str]:
    """The files that are read besides `path`: none."""
    return []


@dataclass(frozen=True)
class Reader:
    """A format.

    Parameters
    ----------
    read
        `read(path, parts, settings)`: the cells of every part of one file or folder, or its faults, in any order.
    files
        `files(path, part, config)`: what is read besides `path`, as far as it is there.
    recognise
        Whether a file or folder is of this format, and what is in it; must look at little of it.
    needs_panel
        Whether the channels are known by the panel alone; otherwise its absence means no marker, or all features.
    sheet_files
        Columns of the sheet that name files besides `path`: `mask`, or `region_*` for any that begin so, which a sheet
        may lack.
    order
        When it is asked whether it recognises data, lowest first: one that looks for more has to come before one that
        would take any table. Readers of equal order are asked by name.
    recognise_asked
        As `recognise`, where a person has named columns; None: the names go into `ingest.columns` as they are.
    """

    name: str
    read: Callable[[str, Sequence[Part], Settings], Iterator[Result]]
    recognise: Callable[[Path], Found | None]
    files: Callable[[str, str, IngestConfig], list[str]] = no_more_files
    needs_panel: bool = False
    order: int = 500
    recognise_asked: Callable[[Path, Asked], Found | None] | None = None
    sheet_files: tuple[str, ...] = ()


def no_edges() -> np.ndarray:
    """Edges of a source that has none."""
    return np.empty((0, 2), dtype=np.int64)
