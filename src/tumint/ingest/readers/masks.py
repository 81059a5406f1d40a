"""Masks and images, as steinbock keeps them in `img/` and `masks/`: a multi-channel TIFF (`path` of the sheet), a label
image of its cells (`mask`), and masks of tissue (`region_<domain>`).

Intensities are means over a cell, neighbours those whose masks touch (`ingest.contacts`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from tumint import keys as k
from tumint.config.base import A_DOMAIN, is_domain
from tumint.config.ingest import IngestConfig
from tumint.errors import DataError, Fault
from tumint.ingest import domains, touching
from tumint.ingest.edges import both_ways
from tumint.ingest.image_channels import find_channels, names_of, panel_of
from tumint.ingest.image_folder import MASK, REGION, recognise
from tumint.ingest.reader import Cells, Part, Reader, Result, Settings, no_edges
from tumint.ingest.regions import Regions, Shape, means, measure, regions
from tumint.io.raw.source import Place, file_identity, joint_identity
from tumint.io.raw.tiff import Tiff, open_tiff
from tumint.text import integer, listed, plural, setting, together

_BINARY = (1, 255, 65_535)  # what programs write for inside
_EXACT = 1 << 24  # above it, float32 has no longer every whole number
_LABELS = "a whole number for each cell, 0 outside cells"
_FLOAT32_MAX = float(np.finfo(np.float32).max)


def read(path: str, parts: Sequence[Part], settings: Settings) -> Iterator[Result]:
    """The cells of one image."""
    for part in parts:
        try:
            yield part, _one(part, settings)
        except DataError as error:
            yield part, error


def _one(part: Part, settings: Settings) -> Cells:
    files = dict(part.files)
    if part.part or not files.get(MASK):
        wanted = "no `part`, as an image is one sample" if part.part else f"a mask of its cells (column `{MASK}`)"
        raise DataError(Fault(part.place.at(), wanted, f"`{part.part}`" if part.part else "none"))
    with open_tiff(part.place) as image:
        channels = find_channels(names_of(image), settings, part.place)
        with _of_its_size(Place(files[MASK], part.sample), image) as mask:
            cells = regions(_labels(mask), mask.shape)
            _check_labelled(cells, mask)
        shape = measure(cells)
        values = _intensities(cells, shape, image, channels, settings)
        inside = _inside(cells, shape, image, files)
        notes = _notes(image, part)
    size = part.pixel_size_um
    besides = [file for file in (*_files(part.path, "", settings.config), *files.values()) if file]
    return Cells(
        identity=joint_identity({file: file_identity(file) for file in (part.path, *besides)}),
        cell_id=cells.ids,
        spatial=np.column_stack([shape.x, shape.y]) * size,
        area_um2=shape.area * size**2,
        domain=domains.from_masks(inside, cells.ids.size),
        markers=settings.channels,
        intensities=values,
        edges=_edges(cells, shape, settings.config),
        shapes={k.ECCENTRICITY: shape.eccentricity},
        masks=tuple(domains.in_order(inside)),
        missing_markers=tuple(c.marker for c in settings.channels if c.marker not in channels),
        image_um=(image.width * size, image.height * size),
        n_several_masks=domains.in_several(inside),
        notes=tuple(notes),
        nothing="no label above 0 in its mask",
    )


@contextmanager
def _of_its_size(place: Place, image: Tiff) -> Iterator[Tiff]:
    """A mask of an image, one plane of the same pixels."""
    with open_tiff(place) as mask:
        if mask.n_channels > 1:
            raise DataError(Fault(place.at(), "a mask of one plane", plural(mask.n_channels, "plane")))
        if mask.shape != image.shape:
            height, width = (integer(n) for n in image.shape)
            expected = f"{height} rows and {width} columns, as its image {image.place.path} has"
            raise DataError(Fault(place.at(), expected, together([integer(n) for n in mask.shape])))
        yield mask


def _labels(mask: Tiff) -> Iterator[tuple[int, np.ndarray]]:
    """The bands of a mask of cells, whole numbers from 0 to 2³² − 1 for certain."""
    if mask.dtype.kind == "b":
        raise DataError(Fault(mask.place.at(), _LABELS, "inside and outside only: label its cells"))
    most = _EXACT if mask.dtype.kind == "f" else np.iinfo(np.uint32).max
    for top, band in mask.bands():
        bad = band < 0
        if mask.dtype.kind == "f":
            bad = ~((band >= 0) & (band <= most) & (np.rint(band) == band))
        elif mask.dtype.itemsize > 4:
            bad |= band > most
        if bad.any():
            row, column = np.argwhere(bad)[0]
            found = f"`{setting(float(band[row, column]))}` in row {top + row + 1}, column {column + 1}"
            raise DataError(Fault(mask.place.at(), _LABELS, found))
        yield top, band


def _check_labelled(cells: Regions, mask: Tiff) -> None:
    """That the cells of an image are not all one label, which is a mask of inside and outside."""
    if cells.ids.size == 1 and cells.ids[0] in _BINARY:
        from scipy import ndimage

        _, pieces = ndimage.label(cells.labels, np.ones((3, 3)))
        if pieces > 1:
            found = f"{integer(pieces)} pieces that are all {cells.ids[0]}: label them"
            raise DataError(Fault(mask.place.at(), _LABELS, found))


def _intensities(cells: Regions, shape: Shape, image: Tiff, channels: dict[str, int], settings: Settings) -> np.ndarray:
    values = np.full((cells.ids.size, len(settings.channels)), np.nan, dtype=np.float32)
    for i, channel in enumerate(settings.channels):
        if channel.marker in channels:
            number = channels[channel.marker]
            found = means(cells, shape.area, image.bands(number)) * settings.config.intensity_scale
            if (bad := ~np.isnan(found) & ~(np.abs(found) <= _FLOAT32_MAX)).any():
                cell = cells.ids[np.argmax(bad)]
                where = image.place.at(f"channel {number + 1}")
                raise DataError(Fault(where, "finite values", f"a mean of `{found[bad][0]}` in cell {cell}"))
            values[:, i] = found
    return values


def _inside(cells: Regions, shape: Shape, image: Tiff, files: dict[str, str]) -> dict[str, np.ndarray]:
    """`{domain: share}` of every cell that lies in a mask of tissue: what is above 0 in it."""
    found = {}
    for column, file in files.items():
        if column.startswith(REGION) and file:
            name = column.removeprefix(REGION)
            if not is_domain(name) or name == k.NO_DOMAIN:
                raise DataError(Fault(image.place.at(column=column), f"`{REGION}` and {A_DOMAIN}", f"`{column}`"))
            name = str(domains.from_names(np.array([name], dtype=object))[0])
            if name in found:
                raise DataError(Fault(image.place.at(column=column), f"one mask of {name}", "several"))
            with _of_its_size(Place(file, image.place.sample), image) as mask:
                bands = ((top, band > 0) for top, band in mask.bands())
                found[name] = means(cells, shape.area, bands)
    return found


def _edges(cells: Regions, shape: Shape, config: IngestConfig) -> np.ndarray:
    """Neighbours as `ingest.contacts` says."""
    how, n = config.contacts, cells.ids.size
    if not config.relationships or n < 2:
        return no_edges()
    if how.kind == "centroids":
        pairs, _ = touching.near(np.column_stack([shape.x, shape.y]), how.within_px, how.nearest)
        return both_ways(cells.ids, *pairs.T)
    if how.kind == "borders":
        pairs, distance = touching.bordering(cells.labels, how.within_px or 0)
        pairs = pairs if how.nearest is None else touching.nearest_of(pairs, distance, how.nearest)
    else:
        pairs = touching.expanded(cells.labels, how.within_px or 0 if how.kind == "expansion" else 0)
    return both_ways(cells.ids, *(pairs - 1).T)


def _notes(image: Tiff, part: Part) -> list[str]:
    """What a person should know: another pixel size than the file has, tissue without a mask."""
    said = []
    given = part.pixel_size_um
    if image.um_per_px > 0 and abs(image.um_per_px / given - 1) > 0.01:
        said.append(f"the image says {setting(image.um_per_px)} µm per pixel, the sheet or config {setting(given)}")
    if lacking := [
        column.removeprefix(REGION) for column, file in part.files if column.startswith(REGION) and not file
    ]:
        said.append(f"no mask of {listed(lacking)}")
    return said


def _files(path: str, part: str, config: IngestConfig) -> list[str]:
    panel = panel_of(path)
    return [] if panel is None else [str(panel)]


READER = Reader("masks", read, recognise, _files, needs_panel=True, order=45, sheet_files=(MASK, f"{REGION}*"))
