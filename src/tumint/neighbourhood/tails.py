"""Tails of the Pearson III law, and the two-sided p of a count with three known moments. No graph here."""

from __future__ import annotations

import numpy as np
from scipy.special import gammainc, gammaincc, gammainccinv, gammaincinv, ndtr, ndtri

_FLAT = 1e-4  # a skewness below this is none: the normal law, to within 1e-5 of the p
MOST = 1.3  # how many times too often a p may be below a level, for any level, were the law exact


def pearson3_tails(z: np.ndarray, skew: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """P(Z ≤ z) and P(Z ≥ z) of the Pearson III law with mean 0, variance 1 and skewness `skew`."""
    flat, shape = _shape(skew)
    mirrored = np.where(skew < 0, -z, z)
    at = np.maximum(shape + mirrored * np.sqrt(shape), 0.0)
    below, above = gammainc(shape, at), gammaincc(shape, at)
    lower = np.where(flat, ndtr(z), np.where(skew < 0, above, below))
    upper = np.where(flat, ndtr(-z), np.where(skew < 0, below, above))
    return lower, upper


def pearson3_quantile(lower: np.ndarray, skew: np.ndarray) -> np.ndarray:
    """The z below which the law has `lower` of its mass; its end, which may be infinite, where that is 0."""
    flat, shape = _shape(skew)
    at = np.where(skew < 0, gammainccinv(shape, lower), gammaincinv(shape, lower))
    return np.where(flat, ndtri(lower), np.where(skew < 0, -1.0, 1.0) * (at - shape) / np.sqrt(shape))


def _shape(skew: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where there is no skewness, and the shape of the gamma law elsewhere."""
    flat = np.abs(skew) < _FLAT
    return flat, 4.0 / np.where(flat, 1.0, skew) ** 2


def panjer_skewness(mean: np.ndarray, sd: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Skewness of the law of Panjer's class (binomial, Poisson, negative binomial) of counts in steps, by two moments.

    Missing where there is no spread. Over strata, counts are sums of many small ones, which such laws fit.
    """
    there = (sd > 0) & (mean > 0)
    m, s = np.where(there, mean / step, 1.0), np.where(there, sd / step, 1.0)
    return np.where(there, (2 * s * s / m - 1) / s, 0.0)


def beyond(count: np.ndarray, mean: np.ndarray, sd: np.ndarray, skew: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Whether a count lies past the end of the law, where it has no p though it can happen."""
    sd, skew = _uncut(sd, skew, step)
    away = np.abs(count - mean) - step / 2
    z = np.divide(np.maximum(away, 0.0) * np.sign(count - mean), sd, out=np.zeros_like(sd), where=sd > 0)
    return np.asarray(z * skew <= -2.0)


def two_sided(count: np.ndarray, mean: np.ndarray, sd: np.ndarray, skew: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Two-sided p of counts that are multiples of `step`, by the Pearson III law; 1 where they cannot vary.

    A count c has the mass of the law from c − step/2 to c + step/2. Its side is all counts as far out or further, the
    other side all whose tail is no likelier than that (Blaker 2000): together the exact p. Doubling one tail, as is
    common, counts what the other side does not have: where 0 cannot be significant, the whole level is for the upper
    tail. An exact p claims too seldom, since few levels can be attained; so half the mass of c is left out (Lancaster's
    mid-p), which is right on average and claims too often where that mass is much of the p. Hence a floor: the exact p
    over 1.3, by which no level is exceeded more than 1.3 times.
    """
    varies = sd > 0
    scale, skew = _uncut(np.where(varies, sd, 1.0), skew, step)
    # a count below the mean is looked at from the other side, so that the tail is always the upper one
    side = np.where(_tail(count, -1.0, mean, scale, skew, step) < _tail(count, 1.0, mean, scale, skew, step), -1.0, 1.0)
    tail = _tail(count, side, mean, scale, skew, step)
    further = _tail(count + side * step, side, mean, scale, skew, step)
    exact = tail + _opposite(tail, side, mean, scale, skew, step)
    p = np.maximum(exact - (tail - further) / 2, exact / MOST)
    return np.where(varies, np.clip(p, np.finfo(float).tiny, 1.0), 1.0)


def _uncut(sd: np.ndarray, skew: np.ndarray, step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sd and skewness of the law that has those given once it is cut into steps.

    Cutting adds step² / 12 to a variance and nothing to the third moment (Sheppard); not where that is most of it.
    """
    share = 1 - np.minimum(np.divide(step**2 / 12, sd**2, out=np.ones_like(sd), where=sd > 0), 0.25)
    return sd * np.sqrt(share), skew / share**1.5


def _tail(
    count: np.ndarray, side: np.ndarray | float, mean: np.ndarray, sd: np.ndarray, skew: np.ndarray, step: np.ndarray
) -> np.ndarray:
    """Chance of `count` and all further out, upwards (`side` 1) or downwards (−1); there is nothing below 0."""
    z = (count - side * step / 2 - mean) / sd
    chance = pearson3_tails(side * z, side * skew)[1]
    return np.where((side < 0) & (count < 0), 0.0, chance)


def _opposite(
    tail: np.ndarray, side: np.ndarray, mean: np.ndarray, sd: np.ndarray, skew: np.ndarray, step: np.ndarray
) -> np.ndarray:
    """The likeliest tail of the other side that is no likelier than `tail`."""
    z = side * pearson3_quantile(tail, side * skew)  # turned so that the other side is the lower one
    nearest = np.round(np.nan_to_num((mean + sd * z) / step, posinf=1e15, neginf=-1e15))
    found = np.zeros_like(tail)
    for shift in (-2, -1, 0, 1, 2):  # on the lattice, and to be safe from the rounding of the quantile
        other = _tail((nearest + shift) * step, -side, mean, sd, skew, step)
        found = np.where((other <= tail * (1 + 1e-9)) & (other > found), other, found)
    return found
