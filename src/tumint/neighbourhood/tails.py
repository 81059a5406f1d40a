"""Tails of the Pearson III law, and the two-sided p of a count with three known moments. No graph here."""

from __future__ import annotations

import numpy as np
from scipy.special import gammainc, gammaincc, gammainccinv, gammaincinv, ndtr, ndtri

_FLAT = 1e-4  # a skewness below this is none: the normal law, to within 1e-5 of the p


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


def beyond(count: np.ndarray, mean: np.ndarray, sd: np.ndarray, skew: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Whether a count lies past the end of the law, where it has no p though it can happen."""
    away = np.abs(count - mean) - step / 2
    z = np.divide(np.maximum(away, 0.0) * np.sign(count - mean), sd, out=np.zeros_like(sd), where=sd > 0)
    return np.asarray(z * skew <= -2.0)


def two_sided(count: np.ndarray, mean: np.ndarray, sd: np.ndarray, skew: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Two-sided p of counts that are multiples of `step`, by the Pearson III law; 1 where they cannot vary.

    A count c has the mass of the law from c − step/2 to c + step/2. The p is that of the counts on its side that are
    further out, two thirds of that of c itself, and on the other side of all whose tail is no more likely than that of
    c (Blaker 2000). Doubling one tail, as is common, counts what the other side does not have: where 0 cannot be
    significant, the whole level is for the upper tail. The third that is left out is between the exact p, which at
    small counts claims too seldom, and Lancaster's mid-p, which leaves out half and may claim 1.4 times too often.
    """
    varies = sd > 0
    scale = np.where(varies, sd, 1.0)
    # a count below the mean is looked at from the other side, so that the tail is always the upper one
    side = np.where(_tail(count, -1.0, mean, scale, skew, step) < _tail(count, 1.0, mean, scale, skew, step), -1.0, 1.0)
    tail = _tail(count, side, mean, scale, skew, step)
    further = _tail(count + side * step, side, mean, scale, skew, step)
    p = (2 * tail + further) / 3 + _opposite(tail, side, mean, scale, skew, step)
    return np.where(varies, np.clip(p, np.finfo(float).tiny, 1.0), 1.0)


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
