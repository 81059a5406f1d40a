"""Before a study: animals per arm, detectable effect or power of a t test, for an sd that is known or assumed. Pure.

Two-sided t tests of the values of animals, noncentral t. Of several tests each is held to the level that its correction
leaves it: of Bonferroni `alpha` over their number, of Benjamini-Hochberg the level at which the rate is `alpha` where a
share of the tests has this effect (Jung 2005; Liu & Hwang 2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumint.response.models.linear import Floats
from tumint.response.models.power import noncentrality, power_of

MOST_ANIMALS = 100_000  # per arm; more is told as none
FEWEST = 2  # animals of an arm, or pairs
_STEPS = 60


@dataclass(frozen=True)
class Study:
    """What is asked of every test."""

    alpha: float = 0.05  # level of p of a single test; of several, of the family-wise or false discovery rate
    tests: int = 1
    true_share: float | None = None  # of the tests, those with this effect; None: Bonferroni
    ratio: float = 1.0  # animals of the group for one of the reference
    paired: bool = False

    @property
    def strictest(self) -> float:
        """The level of p that is a finding whatever the other tests say, by either correction."""
        return self.alpha / self.tests

    def level(self, power: float) -> float:
        """The level of p of every test at which `power` of the true effects are found.

        Under Benjamini-Hochberg the level t holds t = alpha (t (1 - s) + power s) with s the share of true effects.
        """
        if self.true_share is None or self.tests == 1:
            return self.strictest
        false = 1 - self.true_share
        return max(self.strictest, self.alpha * self.true_share * power / (1 - self.alpha * false))

    def group_of(self, reference: Floats) -> Floats:
        """Animals of the group beside so many of the reference."""
        return np.maximum(np.ceil(reference * self.ratio - 1e-9), FEWEST)


def power_at(effect: Floats, sd: Floats, sizes: tuple[Floats, Floats], study: Study) -> Floats:
    """Power of every test; of several under Benjamini-Hochberg the expected share of the true effects that are found.

    Parameters
    ----------
    effect, sd
        Difference of the means, and sd of the values of animals within an arm; of a paired study that of the
        difference within a pair, over √2.
    sizes
        Animals of the reference and of the group; pairs twice.
    """
    ncp, df = _shift(effect, sd, sizes), _df(sizes, study)
    if study.true_share is None or study.tests == 1:
        return power_of(ncp, df, study.strictest)
    low, high = (np.full(len(ncp), np.log(value)) for value in (study.strictest, study.alpha))
    for _ in range(_STEPS):  # the power is concave in the level: there is one crossing, or none above the strictest
        middle = (low + high) / 2
        level = np.exp(middle)
        found = power_of(ncp, df, level)
        holds = level <= study.alpha * (level * (1 - study.true_share) + found * study.true_share)
        low, high = np.where(holds, middle, low), np.where(holds, high, middle)
    return power_of(ncp, df, np.exp(low))


def detectable(sd: Floats, sizes: tuple[Floats, Floats], study: Study, power: float) -> Floats:
    """The smallest effect that is found with `power`."""
    return noncentrality(_df(sizes, study), study.level(power), power) * sd * np.sqrt(1 / sizes[0] + 1 / sizes[1])


def animals(effect: Floats, sd: Floats, study: Study, power: float) -> tuple[Floats, Floats]:
    """The fewest animals of the reference, and of the group; NaN: more than `MOST_ANIMALS`."""
    level = study.level(power)

    def enough(reference: Floats, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        sizes = reference, study.group_of(reference)
        return power_of(_shift(effect[rows], sd[rows], sizes), _df(sizes, study), level) >= power

    # a t test needs more than a z test; rounding up gives the group at most two animals more than its ratio
    known = noncentrality(np.array([np.inf]), level, power)[0] / _shift(effect, sd, (np.ones(1), np.ones(1)))
    least = np.square(known) * (1 + 1 / study.ratio) / 2 - 2 / study.ratio - 1
    low = np.clip(np.floor(np.minimum(least, MOST_ANIMALS)), FEWEST - 1, MOST_ANIMALS)
    high, step, rows = np.full(len(sd), np.nan), 1.0, np.flatnonzero(low < MOST_ANIMALS)
    while rows.size:
        tried = np.minimum(low[rows] + step, MOST_ANIMALS)
        yes = enough(tried, rows)
        high[rows[yes]], low[rows[~yes]] = tried[yes], tried[~yes]
        rows, step = rows[~yes & (tried < MOST_ANIMALS)], 2 * step
    rows = np.flatnonzero(high - low > 1)
    while rows.size:
        middle = np.floor((low[rows] + high[rows]) / 2)
        yes = enough(middle, rows)
        high[rows[yes]], low[rows[~yes]] = middle[yes], middle[~yes]
        rows = rows[high[rows] - low[rows] > 1]
    return high, study.group_of(high)


def _shift(effect: Floats, sd: Floats, sizes: tuple[Floats, Floats]) -> Floats:
    se = sd * np.sqrt(1 / sizes[0] + 1 / sizes[1])
    return np.abs(effect) / np.maximum(se, np.finfo(float).tiny)


def _df(sizes: tuple[Floats, Floats], study: Study) -> Floats:
    return np.asarray(sizes[0] - 1 if study.paired else sizes[0] + sizes[1] - 2, dtype=np.float64)
