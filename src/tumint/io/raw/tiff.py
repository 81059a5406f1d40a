"""TIFF and OME-TIFF: planes of one flat image, read band by band, with the names of its channels where it has them.

What is compressed or tiled is unpacked strip by strip or tile by tile, what is neither is mapped: the memory of a read
does not follow the size of the image.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tumint.errors import DataError, Fault
from tumint.io.raw.limits import ALWAYS, check_unpacked
from tumint.io.raw.source import Place, reading
from tumint.text import fixed, integer, listed, plural

BAND = 1 << 20  # pixels held at a time
MOST_PIXELS = 1 << 30  # of one plane: a mask of so many takes 4.3 GB
WHAT = "a whole TIFF"
_CHANNELS = "CIQS"  # axes that may be the channels: named so, or pages and samples of which nothing is said
_DEEP = {"Z": "planes in depth", "T": "time points"}
_COLOURS = {2: "an RGB picture", 3: "a picture of indexed colours", 6: "a picture of colours"}  # by photometric
_ONE_IMAGE = ("ome", "imagej", "shaped", "uniform", "generic")  # others bring thumbnails and labels as series
_UM = {"µm": 1.0, "μm": 1.0, "um": 1.0, "micron": 1.0, "\\u00B5m": 1.0, "nm": 1e-3, "mm": 1e3}

# tifffile writes to stderr what it finds odd; what matters is a fault here
logging.getLogger("tifffile").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Tiff:
    """An image of `height` × `width` pixels.

    `names` holds a name for each of its channels, or nothing; `um_per_px` is NaN where the file does not say.
    """

    place: Place
    height: int
    width: int
    n_channels: int
    dtype: np.dtype[Any]
    names: tuple[str, ...]
    um_per_px: float
    _series: Any
    _axis: int | None  # of the channels, among the axes that are longer than 1

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width

    def bands(self, channel: int = 0) -> Iterator[tuple[int, np.ndarray]]:
        """First row and rows of one channel, from the top, about `BAND` pixels each, shape `(rows, width)`.

        Raises
        ------
        DataError
            The file is cut off or damaged.
        """
        rows = max(1, BAND // self.width)
        with reading(self.place, WHAT):
            whole = self._mapped()
            if whole is None and self._paged():
                yield from _unpacked(self._series, self._series.pages[channel], self.width, rows)
                return
            whole = self._series.asarray() if whole is None else whole
            plane = whole.reshape(self.shape) if self._axis is None else np.moveaxis(whole.squeeze(), self._axis, 0)
            plane = plane if self._axis is None else plane[channel].reshape(self.shape)
            for top in range(0, self.height, rows):
                yield top, np.asarray(plane[top : top + rows])

    def _mapped(self) -> Any:
        """The file as an array that lies on disk; None where it is compressed or in pieces."""
        start = self._series.dataoffset
        if start is None:
            return None
        dtype = self._series.dtype.newbyteorder(self._series.keyframe.parent.byteorder)
        return np.memmap(self.place.path, dtype, "r", start, tuple(self._series.shape))

    def _paged(self) -> bool:
        """Whether each channel is a page."""
        return len(self._series.pages) == self.n_channels and self._series.keyframe.samplesperpixel == 1


@contextmanager
def open_tiff(place: Place) -> Iterator[Tiff]:
    """The image in a file, its header read.

    Raises
    ------
    DataError
        No TIFF, or one that is no flat image with channels: several images, planes in depth, time points, colours,
        pieces in other files; or it is too large.
    """
    import tifffile

    with reading(place, "a TIFF"):
        handle = tifffile.TiffFile(place.path)
    with handle:
        with reading(place, "a TIFF"):
            series = handle.series[0]
            extra = [(axis, n) for axis, n in zip(series.axes, series.shape, strict=True) if n > 1 or axis in "YX"]
            _check_flat(handle, series, extra, place)
            axes = "".join(axis for axis, _ in extra if axis not in "YX")
            sizes = dict(extra)
            axis = _place_of(extra) if axes else None
            n = sizes[axes] if axes else 1
            names, size = _named(handle, n)
            tiff = Tiff(place, sizes["Y"], sizes["X"], n, np.dtype(series.dtype), names, size, series, axis)
            _check_size(tiff, place)
        yield tiff


def _place_of(axes: list[tuple[str, int]]) -> int:
    """Where the channels are among the axes that are longer than 1."""
    longer = [axis for axis, n in axes if n > 1]
    return next(i for i, axis in enumerate(longer) if axis not in "YX")


def _check_flat(handle: Any, series: Any, axes: list[tuple[str, int]], place: Place) -> None:
    """That there is one image with rows, columns and at most one other axis that may be the channels."""

    def stop(found: str) -> None:
        raise DataError(Fault(place.at(), "one flat image, each channel a plane of it", found))

    if len(handle.series) > 1 and series.kind in _ONE_IMAGE:
        stop(f"{integer(len(handle.series))} images in one file")
    letters = [axis for axis, _ in axes]
    if colours := _COLOURS.get(int(series.keyframe.photometric)):
        stop(colours)
    for axis, n in axes:
        if axis in _DEEP:
            stop(f"{integer(n)} {_DEEP[axis]}")
    if not {"Y", "X"} <= set(letters) or len(letters) > 3 or not set(letters) <= {*"YX", *_CHANNELS}:
        stop(f"an image with the axes {''.join(letters)} of {listed([integer(n) for _, n in axes])}")
    if any(page is None for page in series.pages) or series.is_multifile:
        stop("planes that lie in other files or are not there")


def _check_size(tiff: Tiff, place: Place) -> None:
    if (pixels := tiff.height * tiff.width) > MOST_PIXELS:
        expected = f"at most {integer(MOST_PIXELS)} pixels in an image: cut it into several samples"
        raise DataError(Fault(place.at(), expected, integer(pixels)))
    n_bytes = pixels * tiff.n_channels * tiff.dtype.itemsize
    check_unpacked(place.at(), n_bytes, Path(place.path).stat().st_size)
    if tiff.dtype.kind not in "buif":
        raise DataError(Fault(place.at(), "pixels that are numbers", f"`{tiff.dtype}`"))
    if tiff._series.dataoffset is None and not tiff._paged() and n_bytes > ALWAYS:
        found = f"channels interleaved, {fixed(n_bytes / 1e9, 1)} GB"
        raise DataError(Fault(place.at(), "each channel a page of its own in an image over 1 GB", found))


def _unpacked(series: Any, page: Any, width: int, rows: int) -> Iterator[tuple[int, np.ndarray]]:
    """Bands of a page that is in strips or tiles: whole rows of them, `rows` or more."""
    frame, handle = page.keyframe, page.parent.filehandle
    height = series.keyframe.imagelength
    tall = frame.tilelength if frame.is_tiled else min(frame.rowsperstrip, height)
    across = -(-width // frame.tilewidth) if frame.is_tiled else 1
    if len(page.dataoffsets) < across * -(-height // tall):
        raise ValueError(f"{plural(len(page.dataoffsets), 'piece')} where {across * -(-height // tall)} are needed")
    step = max(1, rows // tall) * tall
    for top in range(0, height, step):
        band = np.zeros((min(step, height - top), width), frame.dtype)
        for i in range(top // tall * across, -(-min(top + step, height) // tall) * across):
            offset, count = page.dataoffsets[i], page.databytecounts[i]
            if not count:  # a piece that is left out holds nothing
                continue
            if offset + count > handle.size:  # asked first: a damaged number may be larger than the memory
                raise ValueError(f"a piece that ends {integer(offset + count - handle.size)} bytes after the file")
            handle.seek(offset)
            piece, (_, _, y, x, _), _ = frame.decode(handle.read(count), i, jpegtables=frame.jpegtables)
            if piece is not None:
                part = band[y - top :, x:]
                inside = piece[0, : part.shape[0], : part.shape[1], 0]
                part[: inside.shape[0], : inside.shape[1]] = inside
        yield top, band


def _named(handle: Any, n: int) -> tuple[tuple[str, ...], float]:
    """Names of the `n` channels, or none; and µm per pixel, NaN where it is not said."""
    if handle.is_ome and handle.ome_metadata:
        return _of_ome(handle.ome_metadata, n)
    labels = (handle.imagej_metadata or {}).get("Labels") or [] if handle.is_imagej else []
    labels = [labels] if isinstance(labels, str) else list(labels)
    return (tuple(map(str, labels)) if len(labels) == n and all(labels) else ()), float("nan")


def _of_ome(text: str, n: int) -> tuple[tuple[str, ...], float]:
    from xml.etree import ElementTree

    pixels = ElementTree.fromstring(text).find(".//{*}Pixels")
    if pixels is None:
        return (), float("nan")
    names = [channel.get("Name", "").strip() for channel in pixels.findall("{*}Channel")]
    size, unit = pixels.get("PhysicalSizeX"), pixels.get("PhysicalSizeXUnit", "µm")
    um = float(size) * _UM.get(unit, float("nan")) if size else float("nan")
    return (tuple(names) if len(names) == n and all(names) else ()), um if um > 0 else float("nan")
