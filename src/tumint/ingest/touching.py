"""Which cells of a label image touch: neighbours as steinbock finds them. Pure arrays.

Distances are between the centres of pixels, in pixels: cells side by side are 1 apart, at a corner √2. Those of the
kinds `expansion` (every cell grows into the background, then those side by side) and `borders` are found band by band,
with as many rows of the next bands as a distance reaches; so they are those of the whole image.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

_BAND = 1 << 20  # pixels


def expanded(labels: np.ndarray, within: float) -> np.ndarray:
    """Pairs of cells that lie side by side once each has grown by `within` pixels into what is no cell.

    Parameters
    ----------
    labels
        int32, rows × columns, 0: no cell.

    Returns
    -------
    Labels, int64, `(m, 2)`, each pair once, the smaller first, sorted.
    """
    if within < 1:
        return _unique([_side_by_side(part) for part, _ in _bands(labels, 1)])
    from skimage.segmentation import expand_labels

    reach = math.ceil(within) + 1
    found = []
    for part, own in _bands(labels, reach):
        grown = expand_labels(part, within)
        found.append(_side_by_side(grown[own.start : own.stop + 1]))
    return _unique(found)


def bordering(labels: np.ndarray, within: float) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of cells whose nearest pixels are at most `within` pixels apart, as of `expanded`, and their distances."""
    codes: dict[int, list[np.ndarray]] = {}
    reach = math.floor(within)
    steps = [
        (y, x)
        for y in range(reach + 1)
        for x in range(-reach if y else 1, reach + 1)
        if 0 < y * y + x * x <= within * within
    ]
    for part, own in _bands(labels, reach):
        rows = part[own]
        for y, x in steps:
            below = part[own.start + y : own.stop + y]
            here = rows[: len(below)]
            if x >= 0:
                pairs = _differing(here[:, : here.shape[1] - x], below[:, x:])
            else:
                pairs = _differing(here[:, -x:], below[:, :x])
            codes.setdefault(y * y + x * x, []).append(pairs)
    every, distance, seen = [], [], np.empty(0, np.int64)
    for squared in sorted(codes):
        new = np.setdiff1d(np.unique(np.concatenate(codes[squared])), seen, assume_unique=True)
        seen = np.union1d(seen, new)
        every.append(new)
        distance.append(np.full(new.size, math.sqrt(squared)))
    joined = np.concatenate([np.empty(0, np.int64), *every])
    order = np.argsort(joined, kind="stable")
    return _ends(joined[order]), np.concatenate([np.empty(0), *distance])[order]


def near(xy: np.ndarray, within: float | None, nearest: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of cells whose centres are at most `within` apart, or of which one is among the `nearest` of the other.

    Returns
    -------
    Places in `xy`, int64, `(m, 2)`, the smaller first, sorted, and distances.
    """
    from scipy.spatial import cKDTree

    tree = cKDTree(xy)
    if nearest is None:
        pairs = tree.query_pairs(float(within or 0), output_type="ndarray").astype(np.int64).reshape(-1, 2)
    else:
        k = min(nearest + 1, len(xy))
        distance, other = tree.query(
            xy, k=k, distance_upper_bound=np.inf if within is None else np.nextafter(within, np.inf)
        )
        here = np.repeat(np.arange(len(xy)), k).reshape(len(xy), k)
        kept = np.isfinite(distance.reshape(here.shape)) & (other.reshape(here.shape) != here)
        pairs = np.sort(np.column_stack([here[kept], other.reshape(here.shape)[kept]]), axis=1)
    pairs = np.unique(pairs, axis=0)
    return pairs, np.linalg.norm(xy[pairs[:, 0]] - xy[pairs[:, 1]], axis=1)


def nearest_of(pairs: np.ndarray, distance: np.ndarray, n: int) -> np.ndarray:
    """`pairs` of which one is among the `n` nearest of the other: of several at one distance the lower label."""
    ends = np.concatenate([pairs, pairs[:, ::-1]])
    number = np.tile(np.arange(len(pairs)), 2)
    order = np.lexsort((ends[:, 1], np.tile(distance, 2), ends[:, 0]))
    cell = ends[order, 0]
    first = np.searchsorted(cell, cell, side="left")
    return pairs[np.unique(number[order][np.arange(cell.size) - first < n])]


def _bands(labels: np.ndarray, reach: int) -> Iterator[tuple[np.ndarray, slice]]:
    """Rows with `reach` rows more on either side where there are, and which of them are the band's own."""
    step = max(1, reach, _BAND // max(labels.shape[1], 1))
    for top in range(0, labels.shape[0], step):
        first = max(0, top - reach)
        part = labels[first : top + step + reach]
        yield part, slice(top - first, min(top - first + step, len(part)))


def _side_by_side(part: np.ndarray) -> np.ndarray:
    return np.concatenate([_differing(part[:, :-1], part[:, 1:]), _differing(part[:-1], part[1:])])


def _differing(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Two different cells at the same place of `a` and `b`, as one number, each pair once."""
    at = (a != b) & (a > 0) & (b > 0)
    one, other = a[at].astype(np.int64), b[at].astype(np.int64)
    return np.unique(np.minimum(one, other) << 32 | np.maximum(one, other))


def _unique(codes: list[np.ndarray]) -> np.ndarray:
    return _ends(np.unique(np.concatenate([np.empty(0, np.int64), *codes])))


def _ends(codes: np.ndarray) -> np.ndarray:
    return np.column_stack([codes >> 32, codes & 0xFFFFFFFF])
