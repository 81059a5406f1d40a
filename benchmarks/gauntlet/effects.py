"""Tissues of three types in which one contact effect is known: bias and coverage of its estimates.

Labels change places under a Gibbs law with the planted log odds per contact; composition is what differs between the
tissues, not the effect.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from gauntlet.pools import features_of, values_of
from gauntlet.tissue import Arm, Roi, centres, neighbours, settle
from tumint import keys as k

TYPES = ("a", "b", "c")
PAIRS = ("a|a", "a|b", "a|c", "b|b", "b|c", "c|c")
AB = PAIRS.index("a|b")
NULLS = (k.GLOBAL, k.LOCAL)
WAYS = {
    (k.LOCAL, k.FAMILY_INTERACTION): "odds ratio, local, all pairs (primary)",
    (k.LOCAL, k.FAMILY_PAIRWISE): "odds ratio, local, pair by pair",
    (k.LOCAL, k.FAMILY_CONTACT): "log ratio, local",
    (k.GLOBAL, k.FAMILY_CONTACT): "log ratio, image",
}
BETAS = (-0.7, -0.25, 0.25, 0.7, 1.2)
COMPOSITIONS = (
    (0.33, 0.33, 0.34),
    (0.10, 0.30, 0.60),
    (0.05, 0.05, 0.90),
    (0.60, 0.30, 0.10),
    (0.03, 0.30, 0.67),
    (0.15, 0.15, 0.70),
)
LAYOUTS = ("even", "half of it of one type", "gradient")
SWAPS = 60  # tried per cell


@dataclass(frozen=True)
class Planted:
    """A subject: shares of the types, what every a–b contact (and every contact of c with both) adds, its layout."""

    shares: tuple[float, float, float]
    beta: float
    layout: str = "even"
    third: float = 0.0
    cells: int = 4000
    images: int = 1
    spread: float = 0.0  # standard deviation between subjects of the β of every pair


def subject(planted: Planted, seed: int, i: int) -> np.ndarray:
    """Values and standard errors (ways × pairs × 2) of one subject; log ratios are natural logarithms."""
    rng = np.random.default_rng([seed, i, *hashlib.sha256(repr(planted).encode()).digest()[:4]])
    beta = np.array([[0, planted.beta, planted.third], [planted.beta, 0, planted.third], [planted.third] * 2 + [0]])
    own = np.triu(np.random.default_rng([seed, i]).standard_normal(beta.shape))
    own[0, 1] = rng.standard_normal()
    beta = beta + planted.spread * (own + np.triu(own, 1).T)
    features = features_of([image(rng, planted, beta) for _ in range(planted.images)], TYPES, {}, NULLS)
    values = values_of(features, list(WAYS), PAIRS)
    logs = [family == k.FAMILY_CONTACT for _, family in WAYS]
    values[logs] *= np.log(2)
    return values


def image(rng: np.random.Generator, planted: Planted, beta: np.ndarray) -> Roi:
    """One image of a subject, without domains; `beta` (types × types) is what each contact adds to the log odds."""
    arm = Arm(cells=planted.cells)
    side = float(np.sqrt(arm.cells * arm.area_per_cell))
    xy = centres(rng, arm, side, np.zeros((1000, 1000), bool))
    weights = np.zeros((len(xy), len(TYPES)))
    if planted.layout == "gradient":  # a thins out from left to right by a factor of seven, b the other way round
        across = 2 * xy[:, 0] / side - 1
        weights[:, 0], weights[:, 1] = across, -across
    free = np.arange(len(xy))
    if planted.layout == "half of it of one type":
        weights[xy[:, 0] > side / 2, :2] = -np.inf
        free = np.flatnonzero(xy[:, 0] <= side / 2)
    chance = np.exp(weights) * planted.shares
    labels = np.full(len(xy), 2)
    bounds = np.cumsum(chance / chance.sum(axis=1, keepdims=True), axis=1)[free]
    labels[free] = np.minimum((rng.uniform(size=len(free))[:, None] > bounds).sum(axis=1), 2)
    n = SWAPS * len(free)
    first, second = rng.choice(free, n), rng.choice(free, n)
    indptr, indices = neighbours(xy)
    labels = settle(labels, np.maximum(weights, -1e9), indptr, indices, beta, first, second, rng.random(n))
    return Roi(xy, labels.astype(np.int64), np.zeros(len(xy), np.int64))
