"""What is odd about the cells of a sample, counted; and cells outside the image, handled as the config says."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tumint.config.ingest import IngestConfig
from tumint.errors import DataError, Fault
from tumint.ingest.overlap import nearness
from tumint.ingest.reader import Cells, Part
from tumint.text import integer, percent, setting


@dataclass(frozen=True)
class Oddities:
    """Numbers of cells: with a centre `outside` the image; `coincident` with an earlier one; at the one place that has
    most (`crowd`), which is `crowded_at`; in `several_masks`; and of ids that are skipped between the first and the
    last (`id_gaps`); `no_place` of cells without coordinates in an image of cells that have them.
    """

    outside: int = 0
    coincident: int = 0
    id_gaps: int = 0
    several_masks: int = 0
    no_place: int = 0
    crowd: int = 0
    crowded_at: tuple[float, float] | None = None


def settle(cells: Cells, part: Part, config: IngestConfig) -> tuple[Cells, Oddities]:
    """Count what is odd; leave cells outside the image out where the config says so.

    Coincident cells, skipped ids and masks that disagree change nothing: cells at one place are neighbours of each
    other and never of themselves, ids are names, and of several masks one goes before by `keys.DOMAINS`.

    Raises
    ------
    DataError
        Cells lie outside the image and the config calls that an error; or on one another, unless it keeps them.
    """
    if config.overlapping_cells == "error":
        _check_overlap(cells, part)
    placed = np.isfinite(cells.spatial).all(axis=1)
    if cells.has_coordinates and not placed.all():
        cells = replace(cells, spatial=np.where(placed[:, None], cells.spatial, np.nan))
    outside = _outside(cells)
    coincident, crowd, crowded_at = _coincident(cells.spatial[placed])
    found = Oddities(
        outside=int(outside.sum()),
        coincident=coincident,
        crowd=crowd,
        crowded_at=crowded_at,
        id_gaps=int(np.ptp(cells.cell_id)) + 1 - cells.cell_id.size if cells.cell_id.size else 0,
        several_masks=cells.n_several_masks,
        no_place=int((~placed).sum()) if cells.has_coordinates else 0,
    )
    if not found.outside or config.outside_image == "keep":
        return cells, found
    if config.outside_image == "error":
        first = int(np.argmax(outside))
        x, y = cells.spatial[first]
        width, height = cells.image_um or (np.nan, np.nan)
        size = f" of {setting(width)} × {setting(height)} µm" if np.isfinite([width, height]).all() else ""
        text = (
            f"{integer(found.outside)} outside, such as cell {cells.cell_id[first]} at ({setting(x)}, {setting(y)}) µm"
        )
        raise DataError(Fault(part.place.at(), f"all cells inside the image{size}", text))
    return _without(cells, outside), found


def _outside(cells: Cells) -> np.ndarray:
    """Which centres are below 0 or beyond an image of known size, whose far border counts as inside.

    Of an image whose size nobody gave, 0 may be anywhere: stage and slide coordinates have either sign.
    """
    if not cells.has_coordinates or cells.image_um is None:
        return np.zeros(cells.cell_id.size, dtype=bool)
    # NaN: a size that is not known, so nothing is beyond it
    return np.asarray(((cells.spatial < 0) | (cells.spatial > np.asarray(cells.image_um))).any(axis=1))


def _check_overlap(cells: Cells, part: Part) -> None:
    """Raise where cells lie nearer to each other than cells have room, as those of several images do in one."""
    if not cells.has_coordinates:
        return
    near = nearness(cells.spatial, cells.area_um2)
    if near.overlaps:
        found = f"{percent(near.share)} of {integer(near.n)} nearer than {setting(near.limit, 2)} µm to another"
        mends = (
            "if they are of several images, tell those apart by `ingest.columns.part` and `part` in the sheet; else "
            "see to `pixel_size_um`, or keep them by `ingest.overlapping_cells: keep`"
        )
        raise DataError(Fault(part.place.at(), "cells that do not lie on one another", found, mends))


def _coincident(spatial: np.ndarray) -> tuple[int, int, tuple[float, float] | None]:
    """How many cells lie exactly where an earlier one does; how many at the place that has most, and that place."""
    if not len(spatial) or np.isnan(spatial).any():
        return 0, 0, None
    ordered = spatial[np.lexsort(spatial.T)]
    first = np.flatnonzero(np.append(True, (np.diff(ordered, axis=0) != 0).any(axis=1)))
    sizes = np.diff(np.append(first, len(ordered)))
    x, y = ordered[first[sizes.argmax()]].tolist()
    return len(ordered) - len(first), int(sizes.max()), (x, y)


def _without(cells: Cells, out: np.ndarray) -> Cells:
    kept = ~out
    gone = cells.cell_id[out]
    return replace(
        cells,
        cell_id=cells.cell_id[kept],
        spatial=cells.spatial[kept],
        area_um2=cells.area_um2[kept],
        domain=cells.domain[kept],
        intensities=cells.intensities[np.flatnonzero(kept)],
        edges=cells.edges[~np.isin(cells.edges, gone).any(axis=1)],
        shapes={name: values[kept] for name, values in cells.shapes.items()},
        cell_type=None if cells.cell_type is None else cells.cell_type[kept],
        names=None if cells.names is None else cells.names[kept],
        notes=(*cells.notes, f"{integer(out.sum())} cells outside the image left out"),
    )
