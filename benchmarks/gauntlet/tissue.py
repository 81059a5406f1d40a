"""Simulated tissues for the gauntlet: labels are drawn by position alone, so that no contact interaction exists.

A tumour with a wavy margin, immune cells that thin out from it, smooth fields of every type, lymphoid aggregates,
holes. Nothing here knows of graphs, strata, exchanges or surroundings, but where a contact effect is planted on purpose
(`Arm.contacts`): then labels change places under a Gibbs law with the same fields.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.spatial import Delaunay

from tumint.kernels import njit
from tumint.kernels.darts import throw_darts
from tumint.neighbourhood.graph import hilbert_order

PIXEL_UM = 4.0
INTERFACE_UM = 25.0
TYPES = ("Tumour", "CD8", "Treg", "CD4", "B", "Macrophage", "Fibroblast", "Endothelium", "Dendritic")
PARENTS = {"T cells": ["CD8", "Treg", "CD4"], "Myeloid": ["Macrophage", "Dendritic"]}
IMMUNE = ("CD8", "Treg", "CD4", "B", "Macrophage", "Dendritic")
RARE = ("Treg", "Dendritic")
# weights inside the tumour at its margin, and in the stroma
WEIGHTS = {
    "Tumour": (10.0, 0.15),
    "CD8": (2.0, 1.2),
    "Treg": (0.9, 0.5),
    "CD4": (1.6, 1.5),
    "B": (0.5, 0.8),
    "Macrophage": (2.0, 1.2),
    "Fibroblast": (0.5, 3.0),
    "Endothelium": (0.4, 1.2),
    "Dendritic": (0.6, 0.5),
}
IN_AGGREGATE = {"B": 12.0, "CD4": 8.0, "CD8": 3.0, "Dendritic": 1.0}


@dataclass(frozen=True)
class Arm:
    """What the tissues of one arm are like; see `attacks`."""

    cells: int = 4000
    area_per_cell: float = 118.0
    depth_um: float = 60.0  # immune weights fall to 1/e inwards
    steepness: float = 1.0  # fall of immune weights outwards, in half log units per 100 µm
    folds: tuple[tuple[str, float], ...] = ()
    aggregates: float = 2.0  # mean number per ROI
    aggregate_um: float = 35.0
    mask_shift_um: float = 0.0
    holes: float = 0.0  # share of the area
    rare: int = 0  # cells of each of `RARE` per ROI
    wrong: float = 0.0  # share of labels drawn anew from the whole ROI
    copied: float = 0.0  # share of labels taken from a neighbour
    contacts: tuple[tuple[str, str, float], ...] = ()  # log odds per contact
    mixed: bool = False  # let labels change places even where no contact effect is planted


@dataclass(frozen=True)
class Mouse:
    """How one animal differs from others of its arm: log depth, log weight and contact weights of every type."""

    depth: float
    weights: np.ndarray
    contacts: np.ndarray


@dataclass(frozen=True)
class Roi:
    """Coordinates in µm, types as codes of `TYPES`, domain codes as the masks have them."""

    xy: np.ndarray
    labels: np.ndarray
    domains: np.ndarray


def make_mouse(rng: np.random.Generator) -> Mouse:
    """An animal."""
    deviation = 0.08 * rng.standard_normal((len(TYPES), len(TYPES)))
    return Mouse(
        0.1 * rng.standard_normal(),
        0.2 * rng.standard_normal(len(TYPES)),
        np.triu(deviation) + np.triu(deviation, 1).T,
    )


def make_roi(rng: np.random.Generator, arm: Arm, mouse: Mouse) -> Roi:
    """One region of an animal."""
    side = float(np.sqrt(arm.cells * arm.area_per_cell / (1 - arm.holes)))
    pixels = int(side / PIXEL_UM) + 1
    depth = _signed_depth(rng, pixels)
    weights = _fields(rng, arm, mouse, depth, side)
    xy = centres(rng, arm, side, _holes(rng, arm, side, pixels))
    at = _pixels(xy, pixels)
    here = weights[:, at[0], at[1]].T
    if arm.rare:
        for name in RARE:
            column = TYPES.index(name)
            here[:, column] *= arm.rare / (here[:, column] / here.sum(axis=1)).sum()
    bounds = np.cumsum(here / here.sum(axis=1, keepdims=True), axis=1)
    labels = np.minimum((rng.uniform(size=len(xy))[:, None] > bounds).sum(axis=1), len(TYPES) - 1)
    indptr, indices = neighbours(xy)
    if arm.contacts or arm.mixed:
        beta = mouse.contacts.copy()
        for a, b, value in arm.contacts:
            i, j = TYPES.index(a), TYPES.index(b)
            beta[i, j] += value
            beta[j, i] = beta[i, j]
        n = 60 * len(xy)
        first, second = rng.integers(0, len(xy), n), rng.integers(0, len(xy), n)
        labels = settle(labels, np.log(here), indptr, indices, beta, first, second, rng.random(n))
    labels = _spoilt(rng, arm, labels, indptr, indices)
    if arm.mask_shift_um:
        angle = rng.uniform(0, 2 * np.pi)
        at = _pixels(xy + arm.mask_shift_um * np.array([np.cos(angle), np.sin(angle)]), pixels)
    inside = depth[at]
    return Roi(xy, labels.astype(np.int64), np.where(np.abs(inside) < INTERFACE_UM, 1, np.where(inside > 0, 2, 0)))


def _noise(rng: np.random.Generator, pixels: int, scale_um: float) -> np.ndarray:
    field = gaussian_filter(rng.standard_normal((pixels, pixels)), scale_um / PIXEL_UM, mode="reflect")
    return (field - field.mean()) / field.std()


def _signed_depth(rng: np.random.Generator, pixels: int) -> np.ndarray:
    """Distance to the tumour margin in µm on a grid, positive inside: a ramp in a random direction, made wavy."""
    angle = rng.uniform(0, 2 * np.pi)
    x, y = np.meshgrid(np.linspace(-1, 1, pixels), np.linspace(-1, 1, pixels), indexing="ij")
    ramp = x * np.cos(angle) + y * np.sin(angle)
    level = ramp / ramp.std() + 0.8 * _noise(rng, pixels, 58.0)
    tumour = level > np.quantile(level, 0.45 + 0.025 * rng.standard_normal())
    return np.asarray(np.where(tumour, distance_transform_edt(tumour), -distance_transform_edt(~tumour)) * PIXEL_UM)


def _fields(rng: np.random.Generator, arm: Arm, mouse: Mouse, depth: np.ndarray, side: float) -> np.ndarray:
    """Weight of every type at every pixel (types × pixels × pixels)."""
    pixels, folds = len(depth), dict(arm.folds)
    inwards = np.exp(-np.maximum(depth, 0) / (arm.depth_um * np.exp(mouse.depth)))
    outwards = np.exp(-0.5 * arm.steepness * np.minimum(np.maximum(-depth, 0), 300) / 100)
    out = np.empty((len(TYPES), pixels, pixels))
    for i, name in enumerate(TYPES):
        inner, outer = WEIGHTS[name]
        weight = np.where(depth > 0, inner, outer)
        if name in IMMUNE:
            weight = weight * np.where(depth > 0, inwards, outwards)
        own = np.exp(0.35 * _noise(rng, pixels, 100.0) + mouse.weights[i] + 0.12 * rng.standard_normal())
        out[i] = weight * own * folds.get(name, 1.0)
    x, y = np.meshgrid(np.arange(pixels) * PIXEL_UM, np.arange(pixels) * PIXEL_UM, indexing="ij")
    for _ in range(rng.poisson(arm.aggregates)):
        centre, radius = rng.uniform(0, side, 2), arm.aggregate_um * np.exp(0.25 * rng.standard_normal())
        disc = 1 / (1 + np.exp((np.hypot(x - centre[0], y - centre[1]) - radius) / 5.0))
        for name, weight in IN_AGGREGATE.items():
            out[TYPES.index(name)] += weight * disc
    return out


def _holes(rng: np.random.Generator, arm: Arm, side: float, pixels: int) -> np.ndarray:
    """Where there is no tissue: round holes of 25 to 80 µm."""
    empty = np.zeros((pixels, pixels), dtype=bool)
    x, y = np.meshgrid(np.arange(pixels) * PIXEL_UM, np.arange(pixels) * PIXEL_UM, indexing="ij")
    while empty.mean() < arm.holes:
        centre, radius = rng.uniform(0, side, 2), rng.uniform(25, 80)
        empty |= np.hypot(x - centre[0], y - centre[1]) < radius
    return empty


def centres(rng: np.random.Generator, arm: Arm, side: float, empty: np.ndarray) -> np.ndarray:
    """Centres of cells with a hard core, outside holes, in Hilbert order."""
    points, count, size = np.empty((arm.cells, 2)), 0, np.array([side, side])
    spacing = 7.5 * np.sqrt(arm.area_per_cell / 118.0)
    while count < arm.cells:
        darts = rng.uniform(0.0, side, (8 * arm.cells, 2))
        darts = darts[~empty[_pixels(darts, len(empty))]]
        count = throw_darts(points, count, darts, spacing, size)
    return points[hilbert_order(points)]


def _pixels(xy: np.ndarray, pixels: int) -> tuple[np.ndarray, np.ndarray]:
    at = np.clip((xy / PIXEL_UM).astype(np.int64), 0, pixels - 1)
    return at[:, 0], at[:, 1]


def neighbours(xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Delaunay neighbours (scipy) at most 50 µm apart."""
    start, found = Delaunay(xy).vertex_neighbor_vertices
    sources = np.repeat(np.arange(len(xy)), np.diff(start))
    near = np.hypot(*(xy[sources] - xy[found]).T) <= 50.0
    return np.concatenate([[0], np.cumsum(np.bincount(sources[near], minlength=len(xy)))]), found[near]


def _spoilt(
    rng: np.random.Generator, arm: Arm, labels: np.ndarray, indptr: np.ndarray, indices: np.ndarray
) -> np.ndarray:
    """Labels with those that are wrong, or copied from a neighbour."""
    out = labels.copy()
    if arm.wrong:
        hit = rng.uniform(size=len(labels)) < arm.wrong
        share = np.bincount(labels, minlength=len(TYPES)) / len(labels)
        out[hit] = rng.choice(len(TYPES), int(hit.sum()), p=share)
    if arm.copied:
        for i in np.flatnonzero(rng.uniform(size=len(labels)) < arm.copied):
            around = indices[indptr[i] : indptr[i + 1]]
            if len(around):
                out[i] = labels[rng.choice(around)]
    return out


@njit
def settle(
    labels: np.ndarray,
    log_weights: np.ndarray,
    indptr: np.ndarray,
    indices: np.ndarray,
    beta: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    threshold: np.ndarray,
) -> np.ndarray:
    """Labels after Metropolis swaps over the whole image, under fields and contact weights."""
    labels = labels.copy()
    for step in range(first.size):
        i, j = first[step], second[step]
        a, b = labels[i], labels[j]
        if a == b:
            continue
        gain = log_weights[i, b] + log_weights[j, a] - log_weights[i, a] - log_weights[j, b]
        for p in range(indptr[i], indptr[i + 1]):
            if indices[p] != j:
                gain += beta[b, labels[indices[p]]] - beta[a, labels[indices[p]]]
        for p in range(indptr[j], indptr[j + 1]):
            if indices[p] != i:
                gain += beta[a, labels[indices[p]]] - beta[b, labels[indices[p]]]
        if gain >= 0.0 or threshold[step] < np.exp(gain):
            labels[i], labels[j] = b, a
    return labels
