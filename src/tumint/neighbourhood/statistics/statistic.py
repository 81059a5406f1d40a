"""What a statistic of an image is given, and what it gives back. Arrays, no files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tumint import keys as k
from tumint.neighbourhood.graph import Graph


@dataclass(frozen=True)
class Cells:
    """The cells of one image, in an order that keeps neighbours near in memory.

    Attributes
    ----------
    sample
        Name of the image.
    xy
        (n, 2) float64, µm; all NaN where the cells have no coordinates.
    labels
        (n,) int64, index into `types`.
    types
        All types of the cohort, also those without a cell here.
    graph
        Who is whose neighbour; None without coordinates.
    domains
        (n,) int, tissue domain as a code from 0; None where the image has none.
    """

    sample: str
    xy: np.ndarray
    labels: np.ndarray
    types: Sequence[str]
    graph: Graph | None = None
    domains: np.ndarray | None = None

    @property
    def located(self) -> bool:
        """Whether the cells have coordinates; all of an image do, or none."""
        return not np.isnan(self.xy).all()

    @property
    def counts(self) -> np.ndarray:
        """Cells of every type (K,) float64."""
        return np.bincount(self.labels, minlength=len(self.types)).astype(float)


@dataclass(frozen=True)
class Values:
    """One number per feature (F,): its standard error within the image, weight, cells behind it, and status.

    What `weight` means, and how values of several images become one, is said by `pools` of the family.
    """

    value: np.ndarray
    se: np.ndarray
    weight: np.ndarray
    n: np.ndarray
    status: np.ndarray

    @classmethod
    def of(cls, value: np.ndarray, se: np.ndarray | float, n: np.ndarray | float) -> Values:
        """Values weighed by `n` cells (F,) or one number for all; those that are NaN are `absent`."""
        cells = np.broadcast_to(np.asarray(n, dtype=np.int64), value.shape)
        status = np.where(np.isnan(value), k.ABSENT, k.TESTED).astype(object)
        return cls(value, np.broadcast_to(se, value.shape), cells.astype(float), cells, status)

    @classmethod
    def nothing(cls, features: int, n: int, status: str) -> Values:
        """No value for any feature, and why."""
        nan = np.full(features, np.nan)
        return cls(nan, nan, nan, np.full(features, n), np.full(features, status, dtype=object))


def each_type(types: Sequence[str]) -> list[str]:
    """A feature per type."""
    return list(types)


def each_pair(types: Sequence[str]) -> list[str]:
    """A feature per ordered pair of types, sources first."""
    return [f"{source}{k.PAIR_SEPARATOR}{target}" for source in types for target in types]


@dataclass(frozen=True)
class Statistic:
    """A statistic of single images.

    Attributes
    ----------
    family
        Name of the family of `tumint.families` that its features are.
    of
        The statistic: deterministic, of any image with at least one cell.
    features
        Names of its features, from the types of the cohort: `each_type`, `each_pair` or one's own.
    needs_places
        Whether it needs coordinates; without them its features are `no_coordinates`.
    """

    family: str
    of: Callable[[Cells], Values]
    features: Callable[[Sequence[str]], list[str]] = each_type
    needs_places: bool = True
