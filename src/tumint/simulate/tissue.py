"""The tissue of one ROI: domains as smooth blobs, centres of cells with a hard core, neighbours.

Neither labels nor markers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial import Delaunay

from tumint import keys as k
from tumint.kernels.darts import throw_darts

PIXEL_UM = 2.0  # of the maps that domains are drawn on
AREA_PER_CELL_UM2 = 118.0
SPACING_UM = 7.5
DEBRIS_SPACING_UM = 4.5
MAX_EDGE_UM = 50.0
_ALVEOLI = 0.25  # share of normal lung that is air


@dataclass(frozen=True)
class Tissue:
    """Cells and debris of a ROI.

    `xy` (n, 2) in µm, cells first, then debris; `n_cells`; `masks` (n, 4) the mean of each domain's mask under the
    object, in the order of `keys.DOMAINS`; `domain` (n,) code of the mask that wins where they overlap; `size` in µm.
    """

    xy: np.ndarray
    n_cells: int
    masks: np.ndarray
    domain: np.ndarray
    size: tuple[float, float]


def make_tissue(rng: np.random.Generator, n_cells: int, n_debris: int, shares: np.ndarray) -> Tissue:
    """A ROI of `n_cells` cells whose domains cover `shares` of its area, in the order of `keys.DOMAINS`."""
    side = np.sqrt(n_cells * AREA_PER_CELL_UM2)
    stretch = np.exp(rng.normal(0.0, 0.05))
    size = (float(side * stretch), float(side / stretch))
    maps, air = _domain_maps(rng, size, shares)
    xy = _centres(rng, n_cells, n_debris, size, air)
    masks = _mask_means(maps, xy)
    # the first mask of keys.DOMAINS that covers at least half of the object; tumour and normal together cover all
    domain = np.argmax(masks >= 0.5, axis=1)
    return Tissue(xy, n_cells, masks, domain, size)


def _smooth_noise(rng: np.random.Generator, shape: tuple[int, int], scale_um: float) -> np.ndarray:
    noise = gaussian_filter(rng.standard_normal(shape), scale_um / PIXEL_UM, mode="reflect")
    return (noise - noise.mean()) / noise.std()


def _domain_maps(
    rng: np.random.Generator, size: tuple[float, float], shares: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Masks (4, nx, ny) in the order of `keys.DOMAINS`, and where there is air.

    As drawn by a person, tumour and normal meet in the middle of the interface band, and structures lie over both.
    """
    shape = (int(size[0] / PIXEL_UM) + 1, int(size[1] / PIXEL_UM) + 1)
    side = float(np.sqrt(size[0] * size[1]))
    centre = rng.uniform(0.35, 0.65, size=2)
    x, y = np.meshgrid(np.linspace(0, 1, shape[0]), np.linspace(0, 1, shape[1]), indexing="ij")
    depth = np.hypot(x - centre[0], y - centre[1])
    depth = (depth - depth.mean()) / depth.std() + 0.7 * _smooth_noise(rng, shape, 0.11 * side)
    share = dict(zip(k.DOMAINS, shares, strict=True))
    vessels = _smooth_noise(rng, shape, 0.06 * side) + 0.9 * depth
    structural = vessels > np.quantile(vessels, 1 - share["structural"])
    free = depth[~structural]
    left = 1 - share["structural"]
    inner, outer, middle = np.quantile(
        free,
        np.clip(
            [
                share["tumour"] / left,
                (share["tumour"] + share["interface"]) / left,
                (share["tumour"] + share["interface"] / 2) / left,
            ],
            0,
            1,
        ),
    )
    masks = {
        "structural": structural,
        "interface": (depth >= inner) & (depth < outer),
        "tumour": depth < middle,
        "normal": depth >= middle,
    }
    alveoli = _smooth_noise(rng, shape, 9.0)
    air = (depth >= outer) & ~structural & (alveoli > np.quantile(alveoli, 1 - _ALVEOLI))
    return np.stack([masks[name] for name in k.DOMAINS]), air


def _pixels(xy: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    column = np.clip((xy[:, 0] / PIXEL_UM).astype(np.int64), 0, shape[0] - 1)
    row = np.clip((xy[:, 1] / PIXEL_UM).astype(np.int64), 0, shape[1] - 1)
    return column, row


def _centres(
    rng: np.random.Generator, n_cells: int, n_debris: int, size: tuple[float, float], air: np.ndarray
) -> np.ndarray:
    """Centres of cells with a hard core, outside air, then debris in the gaps."""
    points = np.empty((n_cells + n_debris, 2))
    count = 0
    extent = np.array(size)
    for goal, spacing in ((n_cells, SPACING_UM), (n_cells + n_debris, DEBRIS_SPACING_UM)):
        while count < goal:
            darts = rng.uniform(0.0, 1.0, size=(8 * goal, 2)) * extent
            darts = darts[~air[_pixels(darts, air.shape)]]
            count = throw_darts(points[:goal], count, darts, spacing, extent)
    return points


def _mask_means(maps: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Mean of each mask over nine points of the object: its centre and a ring of 4 µm."""
    angles = np.arange(8) * np.pi / 4
    ring = np.vstack([[0.0, 0.0], 4.0 * np.column_stack([np.cos(angles), np.sin(angles)])])
    total = np.zeros((xy.shape[0], maps.shape[0]))
    for offset in ring:
        column, row = _pixels(xy + offset, maps.shape[1:])
        total += maps[:, column, row].T
    return total / len(ring)


def delaunay_edges(xy: np.ndarray, max_edge_um: float) -> np.ndarray:
    """Edges (m, 2) of the Delaunay triangulation of at most `max_edge_um`, both directions, sorted."""
    triangles = Delaunay(xy).simplices
    pairs = np.vstack([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]).astype(np.int64)
    pairs = np.unique(np.vstack([pairs, pairs[:, ::-1]]), axis=0)
    length = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    return pairs[length <= max_edge_um]


def csr(edges: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """`indptr` and `indices` of sorted directed edges over `n` cells."""
    indptr = np.concatenate([[0], np.cumsum(np.bincount(edges[:, 0], minlength=n))])
    return indptr.astype(np.int64), np.ascontiguousarray(edges[:, 1])
