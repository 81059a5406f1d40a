"""One sample: its raw table → arrays in µm, or every fault of it. What the stage writes is not known here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tumint import keys as k
from tumint.config.ingest import IngestConfig
from tumint.errors import DataError
from tumint.ingest import domains, layout
from tumint.ingest.delimited import Table
from tumint.ingest.layout import Channel, Layout
from tumint.ingest.relationships import beside, read_edges
from tumint.ingest.source import Place, read_source


@dataclass(frozen=True)
class Cells:
    """The cells of a sample, in the order of its table.

    `intensities` float32 (cells × markers of the cohort; NaN for a missing value and for every cell where the sample
    lacks the marker), `spatial` float64 (x, y in µm), `area_um2` float64 (NaN: none), `domain` codes into
    `domains.CATEGORIES`, `edges` int64 (source id, target id).
    """

    sha256: str
    n_bytes: int
    cell_id: np.ndarray
    spatial: np.ndarray
    area_um2: np.ndarray
    shapes: dict[str, np.ndarray]  # of `keys.SHAPES` what the source has
    domain: np.ndarray
    intensities: np.ndarray
    edges: np.ndarray
    cell_type: np.ndarray | None
    masks: list[str]
    missing_markers: list[str]


def read_sample(
    path: str, sample: str, pixel_size_um: float, config: IngestConfig, channels: Sequence[Channel]
) -> Cells:
    """Read the table of a sample, and its neighbours where they lie beside it.

    Raises
    ------
    DataError
        One line for every fault.
    """
    source = read_source(Place(path, sample))
    table = Table(source)
    where = layout.find(table, config, list(channels))
    table.stop_on_faults()
    table.load(where.columns())
    xy = [table.numbers(name, missing=False) * pixel_size_um for name in (where.x, where.y)]
    area = _area(table, where)
    shapes = {name: table.numbers(column, missing=True, low=0, high=1) for name, column in where.shapes.items()}
    codes = _domain(table, where)
    cell_type = _cell_type(table, where)
    intensities = _intensities(table, where, channels)
    cell_id = np.arange(1, len(table) + 1)
    if where.cell_id is not None:
        cell_id = table.whole_numbers(where.cell_id)
    image = _image(table, where)
    if where.cell_id is not None and not table.faults:
        table.unique(where.cell_id, cell_id)
    edges = _edges(table, path, sample, cell_id, image) if config.relationships and where.cell_id else _no_edges()
    table.stop_on_faults()
    return Cells(
        sha256=source.sha256,
        n_bytes=source.n_bytes,
        cell_id=cell_id,
        spatial=np.column_stack(xy),
        area_um2=area * pixel_size_um**2,
        shapes=shapes,
        domain=codes,
        intensities=intensities,
        edges=edges,
        cell_type=cell_type,
        masks=[domain for domain in k.DOMAINS if domain in where.masks],
        missing_markers=[c.marker for c in channels if c.marker not in where.markers],
    )


def _area(table: Table, where: Layout) -> np.ndarray:
    return np.full(len(table), np.nan) if where.area is None else table.numbers(where.area, missing=True, low=0)


def _domain(table: Table, where: Layout) -> np.ndarray:
    if where.domain is None:
        means = {domain: table.numbers(c, missing=True, low=0, high=1) for domain, c in where.masks.items()}
        return domains.from_masks(means, len(table))
    allowed = ", ".join(domains.CATEGORIES)
    before = len(table.faults)
    table.check(where.domain, {*domains.CATEGORIES}, f"one of {allowed}")
    names = table.text(where.domain, k.NO_DOMAIN)
    return domains.from_names(names) if len(table.faults) == before else np.empty(0, dtype=np.int8)


def _cell_type(table: Table, where: Layout) -> np.ndarray | None:
    """Types as the source names them; a cell without one is `unclassified`."""
    if where.cell_type is None:
        return None
    types = table.text(where.cell_type, k.UNCLASSIFIED)
    odd = np.array([k.PAIR_SEPARATOR in name for name in types], dtype=bool)
    table.fault(where.cell_type, odd, f"a cell type without `{k.PAIR_SEPARATOR}`")
    return types


def _intensities(table: Table, where: Layout, channels: Sequence[Channel]) -> np.ndarray:
    values = np.full((len(table), len(channels)), np.nan, dtype=np.float32)
    for i, channel in enumerate(channels):
        if (column := where.markers.get(channel.marker)) is not None:
            numbers = table.numbers(column, missing=True)
            with np.errstate(over="ignore"):  # what does not fit is a fault already
                values[:, i] = numbers
    return values


def _image(table: Table, where: Layout) -> int | None:
    """The image number of the table, which must hold one image."""
    if where.image is None:
        return None
    before = len(table.faults)
    numbers = table.whole_numbers(where.image)
    if not numbers.size or len(table.faults) > before:
        return None
    table.fault(where.image, numbers != numbers[0], f"one image in the table, number {numbers[0]}")
    return int(numbers[0])


def _edges(table: Table, path: str, sample: str, cell_id: np.ndarray, image: int | None) -> np.ndarray:
    """Neighbours beside the table; none to look for where its own cells have faults."""
    neighbours = beside(path)
    if table.faults or not cell_id.size or not neighbours.is_file():
        return _no_edges()
    try:
        return read_edges(neighbours, sample, cell_id, image)
    except DataError as error:
        table.faults += error.faults
        return _no_edges()


def _no_edges() -> np.ndarray:
    return np.empty((0, 2), dtype=np.int64)
