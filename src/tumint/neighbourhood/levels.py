"""Levels of exchangeability: within what the labels of an image are permuted, and which cells may exchange theirs.

Global: the image. Domain: its tissue domains. Local: domains, and near by: tiles for counts, a reach for exchanges.
Parent: domains, and only among the types of one parent; parent_local: both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tumint import keys as k
from tumint.neighbourhood.exchange import Rules
from tumint.neighbourhood.nulls import image_key

# of `around_um`: so near that aggregates are regions, and not so near that contact is; measured, see docs/statistics.md
NEARBY = 2 / 3
TILINGS = 4  # over which the expected counts of the local null are averaged, so that where tiles begin does not matter


@dataclass(frozen=True)
class Nearby:
    """Who is near whom: places in µm (n × 2), strata within which (n, int64), and how far.

    What two types owe to regions is told from those within `reach_um`, weighed by how near they are.
    """

    xy: np.ndarray
    strata: np.ndarray
    reach_um: float


@dataclass(frozen=True)
class Level:
    """One level of one image.

    Attributes
    ----------
    tilings
        Strata of each cell (codes from 0, each in use) that labels are permuted within; where there are several, their
        expected counts are averaged, and variance and p are those of the first.
    rules
        Who may exchange labels with whom.
    image
        Strata of the level `global`: one, or two where a guard zone keeps labels inside it and outside it apart.
    nearby
        Of local levels: what stands in for tiles where shared regions are told from contact.
    """

    name: str
    tilings: tuple[np.ndarray, ...]
    rules: Rules
    image: np.ndarray
    nearby: Nearby | None = None


@dataclass(frozen=True)
class Scales:
    """Lengths of the local null in µm: see `config.NeighbourhoodConfig`."""

    local_um: float = 100.0
    around_um: float = 60.0


def parent_codes(types: Sequence[str], parents: Mapping[str, Sequence[str]]) -> np.ndarray:
    """Parent of every type (K, codes): those of one parent share a code, all others have one of their own."""
    of = {name: parent for parent, names in parents.items() for name in names}
    codes: dict[str, int] = {}
    # a type may be called as a parent is: cells that could be of any of its kinds
    return np.array([codes.setdefault(f"of {of[t]}" if t in of else f"is {t}", len(codes)) for t in types], np.int64)


def within(strata: np.ndarray) -> Level:
    """The level `domain` of given strata (n, codes from 0, each in use)."""
    return Level(
        k.WITHIN_DOMAIN, (strata.astype(np.int32),), Rules(strata.astype(np.int64)), np.zeros(len(strata), np.int32)
    )


def level(
    name: str,
    sample: str,
    xy: np.ndarray,
    labels: np.ndarray,
    domains: np.ndarray | None = None,
    parents: np.ndarray | None = None,
    scales: Scales = Scales(),
    seed: int = 0,
    guarded: np.ndarray | None = None,
) -> Level:
    """The level called `name`.

    Parameters
    ----------
    labels, domains
        (n) codes from 0; no domains: the image is one.
    parents
        (K) of `parent_codes`, for the levels that ask for it.
    guarded
        (n, bool) cells of the guard zone, which have no edges of their own: they are not exchangeable with the others,
        neither in counts nor in the fit. A type that keeps away from the border would else have more edges than chance.
    """
    classes = np.zeros(len(xy), np.int64) if domains is None or name == k.GLOBAL else domains.astype(np.int64)
    if name in (k.PARENT, k.PARENT_LOCAL):
        if parents is None:
            raise ValueError(f"the level {name} needs parents")
        classes = _joint(classes, parents[labels])
    ring = np.zeros(len(xy), np.int64) if guarded is None else guarded.astype(np.int64)
    image, exchanged = _joint(ring), np.where(ring > 0, -1, classes)
    if name not in (k.LOCAL, k.PARENT_LOCAL):
        return Level(name, (_joint(ring, classes),), Rules(exchanged), image)
    tiles = [tile(xy, scales.local_um, origin) for origin in _origins(sample, scales.local_um, seed)]
    strata = tuple(_joint(ring, classes, *columns) for columns in tiles)
    nearby = Nearby(xy, _joint(ring, classes).astype(np.int64), NEARBY * scales.around_um)
    rules = Rules(exchanged, scales.local_um, scales.around_um)
    return Level(name, strata, rules, image, nearby if scales.around_um > 0 else None)


def tile(xy: np.ndarray, side_um: float, origin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Column and row of the square tile that each cell lies in."""
    square = np.floor((xy - origin) / side_um).astype(np.int64)
    return square[:, 0], square[:, 1]


def _origins(sample: str, side_um: float, seed: int) -> np.ndarray:
    """Where the tiles of each tiling begin (`TILINGS` × 2): a place from the seed, and half a tile away from it."""
    key = int(image_key(seed, f"{sample}/tiles"))
    first = np.array([key & 0xFFFFFFFF, key >> 32]) / 2**32
    return (first + np.array([[0.0, 0.0], [0.5, 0.5], [0.5, 0.0], [0.0, 0.5]])[:TILINGS]) * side_um


def _joint(*codes: np.ndarray) -> np.ndarray:
    """One code from 0 for every combination of several that occurs, by their order."""
    if len(codes[0]) == 0:
        return np.zeros(0, np.int32)
    order = np.lexsort(codes[::-1])
    new = np.zeros(len(order), np.int32)
    for column in codes:
        new[1:] |= column[order[1:]] != column[order[:-1]]
    out = np.empty(len(order), np.int32)
    out[order] = np.cumsum(new, dtype=np.int32)
    return out


def describe(levels: Sequence[Level], labels: np.ndarray) -> list[dict[str, object]]:
    """`null, n_strata, cells_per_stratum, pinned` of each level (`contracts.NULLS`), of its first tiling."""
    rows: list[dict[str, object]] = []
    for one in levels:
        strata = one.tilings[0]
        sizes = np.bincount(strata)
        first = np.full(len(sizes), -1, np.int64)
        first[strata[::-1]] = labels[::-1]
        alone = np.ones(len(sizes), bool)
        alone[strata[labels != first[strata]]] = False
        rows.append(
            {
                k.NULL: one.name,
                "n_strata": len(sizes),
                "cells_per_stratum": float(np.median(sizes[strata])),
                "pinned": float(alone[strata].mean()),
            }
        )
    return rows
