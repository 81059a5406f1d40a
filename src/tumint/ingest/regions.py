"""Cells of a label image: how large, where and of which shape they are, and means of other images over them.

Measured band by band, so that the memory beside the label image itself does not follow its size. The definitions are
those of `skimage.measure.regionprops` (moments of the pixels; axes of the ellipse with the same second moments), which
measures one region after the other and takes minutes for what takes seconds here. Pure arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

_BAND = 1 << 20  # pixels
Bands = Iterable[tuple[int, np.ndarray]]


@dataclass(frozen=True)
class Regions:
    """The cells of a label image.

    Parameters
    ----------
    labels
        int32, rows × columns: 0 outside cells, else the place of the cell among `ids`, from 1.
    ids
        int64, `(n,)`: the labels as the image has them, in order.
    """

    labels: np.ndarray
    ids: np.ndarray


@dataclass(frozen=True)
class Shape:
    """Measures of `n` cells, float64, `(n,)` each, in pixels; `x` and `y` are the centre, 0 that of the first pixel."""

    area: np.ndarray
    x: np.ndarray
    y: np.ndarray
    axis_major: np.ndarray
    axis_minor: np.ndarray
    eccentricity: np.ndarray


def regions(bands: Bands, shape: tuple[int, int]) -> Regions:
    """The cells of a label image that comes in bands of whole numbers of at least 0."""
    raw = np.zeros(shape, np.uint32)
    for top, band in bands:
        raw[top : top + len(band)] = band
    labels = raw.view(np.int32)  # numbered in place: one image of this size is held, never two
    top = int(raw.max(initial=0))
    if top <= max(raw.size, 1 << 24):
        there = np.zeros(top + 1, dtype=bool)
        for rows in _rows(shape):
            there[raw[rows]] = True
        there[0] = False
        ids, place = np.flatnonzero(there), np.cumsum(there, dtype=np.int32)
        for rows in _rows(shape):
            labels[rows] = place[raw[rows]]
        return Regions(labels, ids)
    ids = np.unique(np.concatenate([np.unique(raw[rows]) for rows in _rows(shape)]))
    ids = ids[ids > 0]
    for rows in _rows(shape):
        labels[rows] = np.where(raw[rows] == 0, 0, np.searchsorted(ids, raw[rows]) + 1)
    return Regions(labels, ids.astype(np.int64))


def measure(found: Regions) -> Shape:
    """Area, centre and axes of every cell."""
    n = found.ids.size
    area, sx, sy = np.zeros(n), np.zeros(n), np.zeros(n)
    for label, y, x in _pixels(found.labels):
        area += np.bincount(label, minlength=n)
        sx += np.bincount(label, x, n)
        sy += np.bincount(label, y, n)
    x0, y0 = np.rint(sx / area), np.rint(sy / area)
    xx, yy, xy = np.zeros(n), np.zeros(n), np.zeros(n)
    for label, y, x in _pixels(found.labels):  # from whole pixels near the centre, so that every sum is exact
        dx, dy = x - x0[label], y - y0[label]
        xx += np.bincount(label, dx * dx, n)
        yy += np.bincount(label, dy * dy, n)
        xy += np.bincount(label, dx * dy, n)
    cx, cy = sx / area, sy / area
    rx, ry = cx - x0, cy - y0
    vx, vy, cov = xx / area - rx * rx, yy / area - ry * ry, xy / area - rx * ry
    middle, spread = (vx + vy) / 2, np.hypot((vx - vy) / 2, cov)
    major, minor = middle + spread, np.maximum(middle - spread, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        eccentricity = np.where(major > 0, np.sqrt(1 - minor / major), 0.0)
    return Shape(area, cx, cy, 4 * np.sqrt(major), 4 * np.sqrt(minor), eccentricity)


def means(found: Regions, area: np.ndarray, bands: Bands) -> np.ndarray:
    """Mean over every cell of an image that comes in bands, float64, `(n,)`."""
    sums = np.zeros(found.ids.size + 1)
    for top, band in bands:
        label = found.labels[top : top + len(band)].ravel()
        sums += np.bincount(label, np.asarray(band, dtype=np.float64).ravel(), sums.size)
    return sums[1:] / area


def _rows(shape: tuple[int, ...]) -> Iterator[slice]:
    step = max(1, _BAND // max(shape[1], 1))
    return (slice(top, top + step) for top in range(0, shape[0], step))


def _pixels(labels: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Place among the ids, row and column of the pixels of cells, a band at a time."""
    for rows in _rows(labels.shape):
        part = labels[rows]
        y, x = np.nonzero(part)
        if y.size:
            yield part[y, x] - 1, (y + rows.start).astype(np.float64), x.astype(np.float64)
