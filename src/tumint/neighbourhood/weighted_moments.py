"""Exact mean and variance of weighted sums over pairs of cells when labels are permuted within few strata.

As `kernels.moments`, for symmetric weights and dense sums by stratum: X = Σ w_ij over ordered pairs of labels a, b.
Inside a stratum these are the moments of Cliff & Ord (1981) with weights; between two strata the sum splits into what
is linear in the labels of one, which goes with the inside, and products that are uncorrelated with all else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sums:
    """What the moments depend on beside the numbers of cells; symmetric weights, the last axis is distance.

    Attributes
    ----------
    total, squared
        (S, S, R) Σ w and Σ w² over ordered pairs from one stratum to the other.
    products
        (S, S, S, R) over the cells of the first stratum: product of their sums towards the other two.
    """

    total: np.ndarray
    squared: np.ndarray
    products: np.ndarray


def moments(sums: Sums, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of X, each (K, K, R); `n` (K, S) cells of each label and stratum."""
    K, S = n.shape
    R = sums.total.shape[-1]
    n = n.astype(float)
    sizes = n.sum(axis=0)
    share = np.divide(n, sizes, out=np.zeros_like(n), where=sizes > 0)
    mean, variance = np.zeros((K, K, R)), np.zeros((K, K, R))
    same = np.eye(K)
    for s in range(S):
        pair = _pair(n[:, s], sizes[s], same)
        mean += pair[..., None] * sums.total[s, s]
        variance += _inside(sums, s, n[:, s], sizes[s], same, pair)
        others = [t for t in range(S) if t != s]
        if others:
            variance += _linear(sums, s, others, share, n[:, s], sizes[s], same, pair)
        for t in others:
            mean += (share[:, None, s] * share[None, :, t])[..., None] * sums.total[s, t]
            if t > s:
                variance += _between(sums, s, t, n, sizes, same)
    return mean, np.maximum(variance, 0.0)


def _ratio(top: np.ndarray, bottom: np.ndarray | float) -> np.ndarray:
    return np.asarray(np.where(np.asarray(bottom) > 0, top / np.where(np.asarray(bottom) > 0, bottom, 1.0), 0.0))


def _pair(n: np.ndarray, size: float, same: np.ndarray) -> np.ndarray:
    """Chance that two cells of one stratum carry a and b (K, K)."""
    return _ratio(n[:, None] * np.maximum(n[None, :] - same, 0.0), size * (size - 1.0))


def _third(pair: np.ndarray, have: np.ndarray, size: float) -> np.ndarray:
    """Chance that a third cell carries a label too, of which `have` are left."""
    return pair * _ratio(np.maximum(have, 0.0), size - 2.0)


def _excess(n: np.ndarray, size: float, same: np.ndarray) -> np.ndarray:
    """P(four cells carry a, b, a, b) / P(two carry a, b)² − 1 without cancellation: see `kernels.moments`."""
    known = 1.0 + same
    n_a, have, left = np.broadcast_to(n[:, None], same.shape), n[None, :] - same, size - 1.0
    usable = (n_a > known) & (size > 2) & (have > known) & (left > 2)
    first = _ratio(2 * n_a - known * size, n_a * (size - 2.0))
    second = _ratio(2 * have - known * left, have * (left - 2.0))
    return np.where(usable, first + second + first * second, -1.0)


def _inside(sums: Sums, s: int, n: np.ndarray, size: float, same: np.ndarray, pair: np.ndarray) -> np.ndarray:
    """Variance of what lies inside one stratum, summed as a covariance: E[X²] − E[X]² would lose its digits."""
    excess = _excess(n, size, same)
    four = (pair**2 * (1.0 + excess))[..., None]
    total, squared = sums.total[s, s], sums.squared[s, s]
    fan = sums.products[s, s, s] - squared  # two edges that share one cell, in each of four ways
    p, tie = pair[..., None], same[..., None]
    from_one = _third(pair, n[None, :] - 1.0 - same, size)[..., None]
    to_one = _third(pair, n[:, None] - 1.0 - same, size)[..., None]
    path = (same * _third(pair, np.broadcast_to(n[:, None] - 2.0, same.shape), size))[..., None]
    out = (total * p) ** 2 * excess[..., None]
    out = out + squared * (p - four) + squared * (tie * p - four)
    return np.asarray(out + fan * (from_one - four) + fan * (to_one - four) + 2.0 * fan * (path - four))


def _linear(
    sums: Sums,
    s: int,
    others: list[int],
    share: np.ndarray,
    n: np.ndarray,
    size: float,
    same: np.ndarray,
    pair: np.ndarray,
) -> np.ndarray:
    """Variance of what is linear in the labels of one stratum, and twice its covariance with the inside."""
    if size < 2:
        return np.zeros((*same.shape, sums.total.shape[-1]))
    shares = share[:, others]
    reach = shares @ sums.total[s, others]  # (K, R) Σ over cells of what they reach of a label elsewhere
    spread = np.einsum("at,tur,bu->abr", shares, sums.products[s][np.ix_(others, others)], shares)
    weighed = shares @ sums.products[s, s, others] - reach * sums.total[s, s] / size
    spread = spread - reach[:, None] * reach[None, :] / size
    scale = 1.0 / (size * (size - 1.0))
    single = n * (size - n) * scale
    both = np.where(same > 0, single[:, None], -n[:, None] * n[None, :] * scale)[..., None]
    own = np.einsum("aar->ar", spread)
    out = single[:, None, None] * own[None] + single[None, :, None] * own[:, None] + 2.0 * both * spread
    more_a = _third(pair, n[:, None] - 1.0, size)[..., None]
    more_b = _third(pair, n[None, :] - 1.0, size)[..., None]
    p, tie = pair[..., None], same[..., None]
    apart = (p - 2.0 * more_a) * weighed[None] + (p - 2.0 * more_b) * weighed[:, None]
    alike = (p - _third(pair, np.broadcast_to(n[:, None] - 2.0, same.shape), size)[..., None]) * 4.0 * weighed[None]
    return np.asarray(out + 2.0 * np.where(tie > 0, alike, apart))


def _between(sums: Sums, s: int, t: int, n: np.ndarray, sizes: np.ndarray, same: np.ndarray) -> np.ndarray:
    """Variance of the products over two strata."""
    if min(sizes[s], sizes[t]) < 2:
        return np.zeros((*same.shape, sums.total.shape[-1]))
    total = sums.total[s, t]
    norm = sums.squared[s, t] - sums.products[s, t, t] / sizes[t] - sums.products[t, s, s] / sizes[s]
    norm = norm + total**2 / (sizes[s] * sizes[t])
    single, both = [], []
    for u in (s, t):
        scale = 1.0 / (sizes[u] * (sizes[u] - 1.0))
        alone = n[:, u] * (sizes[u] - n[:, u]) * scale
        single.append(alone)
        both.append(np.where(same > 0, alone[:, None], -n[:, None, u] * n[None, :, u] * scale))
    spread = single[0][:, None] * single[1][None, :] + single[0][None, :] * single[1][:, None] + 2.0 * both[0] * both[1]
    return np.asarray(spread[..., None] * norm)
