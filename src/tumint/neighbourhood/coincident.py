"""Cells at one and the same place: which of them are neighbours. Geometry only, no labels.

Up to `keys.TOGETHER` (21) cells of a place are all neighbours of each other and share all neighbours of their place.
Of more, in the order of their ids, each has the 10 before and the 10 after it (the last is before the first), and the
first 21 stand for the place towards others. So no place has more than 20 edges per cell within it, nor more than 21²
to another, where all pairs would be the square of the cells: 36 million for 6,000. It is the same rule for few and
many, as the 10 on either side of a cell among 21 are all others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tumint import keys as k

REACH = k.TOGETHER // 2  # neighbours within a crowd on either side


@dataclass(frozen=True)
class Sites:
    """Which cells stand at which site.

    Attributes
    ----------
    order
        Cells by site and, within a site, by id (n).
    start
        Where each site begins in `order` (sites + 1).
    """

    order: np.ndarray
    start: np.ndarray

    @classmethod
    def of(cls, site: np.ndarray, ids: np.ndarray | None = None) -> Sites:
        """From the site of every cell (n,), codes from 0; without `ids` the rows stand for them."""
        if ids is None:
            order = np.argsort(site, kind="stable")
        else:
            order = np.lexsort((ids.astype(str) if ids.dtype == object else ids, site))
        return cls(order, np.searchsorted(site[order], np.arange(site.max(initial=-1) + 2)))

    @property
    def sizes(self) -> np.ndarray:
        """Number of cells of each site."""
        return np.diff(self.start)

    @property
    def crowded(self) -> bool:
        """Whether more than `keys.TOGETHER` cells stand at one site."""
        return bool(self.sizes.max(initial=0) > k.TOGETHER)

    def spread(self, edges: np.ndarray) -> np.ndarray:
        """Edges between cells (m × 2) from edges between their sites, and those within sites."""
        few = np.minimum(self.sizes, k.TOGETHER)  # of a crowd, those that stand for it
        shared = np.flatnonzero((self.sizes > 1) & (self.sizes <= k.TOGETHER))
        edges = np.concatenate([edges, np.column_stack([shared, shared])])
        first, second = few[edges[:, 0]], few[edges[:, 1]]
        each = np.repeat(np.arange(len(edges)), first * second)
        offset = np.arange(len(each)) - np.repeat(np.cumsum(first * second) - first * second, first * second)
        a = self.order[self.start[edges[each, 0]] + offset // second[each]]
        b = self.order[self.start[edges[each, 1]] + offset % second[each]]
        pairs = np.column_stack([a, b])
        return np.concatenate([pairs, self.rings(REACH, k.TOGETHER)]) if self.crowded else pairs

    def rings(self, reach: int, beyond: int) -> np.ndarray:
        """Edges (m × 2) from each cell of a site with more than `beyond` cells to the `reach` that follow it there."""
        size = np.repeat(self.sizes, self.sizes)
        base = np.repeat(self.start[:-1], self.sizes)
        at = np.flatnonzero(size > beyond)
        size, base = size[at], base[at]
        steps = np.arange(1, reach + 1)[:, None]
        after = self.order[base + (at - base + steps) % size]
        return np.column_stack([np.tile(self.order[at], reach), after.reshape(-1)])


def places(xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct coordinates, and the one of every cell; the cells themselves, in their order, where none coincide."""
    order = np.lexsort((xy[:, 1], xy[:, 0]))
    first = np.ones(len(xy), dtype=bool)
    first[1:] = (np.diff(xy[order], axis=0) != 0).any(axis=1)
    if first.all():
        return xy, np.arange(len(xy))
    site = np.empty(len(xy), dtype=np.int64)
    site[order] = np.cumsum(first) - 1
    return xy[order[first]], site
