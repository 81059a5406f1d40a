"""Functions of distance: K, L, the pair correlation g and co-occurrence, with exact mean and variance under chance.

K of Ripley (1976) between types, translation-corrected (Ohser 1983), as `spatstat.explore::Kcross(correction =
"translate")`; g with an Epanechnikov kernel, as `pcfcross(divisor = "r")`. Chance: labels permuted within strata. Its
mean is what tissue, gaps and how cells are packed bring about; no permutation is drawn. One image, no files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.kernels.functions import pair_sums, products
from tumint.neighbourhood.moments import cross_table
from tumint.neighbourhood.weighted_moments import Sums, moments
from tumint.neighbourhood.window import Window


def radii_of(up_to_um: float, step_um: float) -> np.ndarray:
    """Multiples of a step up to a distance (R,), in µm."""
    return np.arange(1, int(up_to_um / step_um + 1e-9) + 1) * step_um


@dataclass(frozen=True)
class Curves:
    """Weighted pairs of every two types at every distance (K, K, R), seen and by chance; symmetric.

    Pairs of a type with itself are counted twice, once from either cell.
    """

    observed: np.ndarray
    expected: np.ndarray
    sd: np.ndarray


def pair_curves(
    xy: np.ndarray,
    labels: np.ndarray,
    n_types: int,
    radii: np.ndarray,
    *,
    strata: np.ndarray | None = None,
    window: Window | None = None,
    half_width: float = 0.0,
) -> Curves:
    """Pairs up to every distance or, with a `half_width` above 0, around it.

    Parameters
    ----------
    xy
        (n × 2, float64) in µm.
    labels
        (n) codes from 0.
    radii
        (R) distances in µm, rising by equal steps, above 0.
    strata
        (n) codes from 0 within which labels are permuted; None: the image.
    window
        In which cells were seen; None: the tissue (`Window.of_tissue`).
    half_width
        Of the kernel in µm: a pair at d counts 1 − ((d − r) / half_width)² at r. 0: 1 where d ≤ r.
    """
    K, R = n_types, len(radii)
    codes = np.zeros(len(xy), np.int64) if strata is None else strata.astype(np.int64)
    S = int(codes.max(initial=0)) + 1
    seen, rows = np.zeros((K, K, R)), np.zeros((len(xy), S, R))
    squared, sums, total = np.zeros((S, S, R)), np.zeros((S, S, S, R)), np.zeros((S, S, R))
    if len(xy) > 1:
        window = window or Window.of_tissue(xy)
        cover = window.cover(float(radii[-1]) + half_width)
        pair_sums(
            np.ascontiguousarray(xy), labels.astype(np.int64), codes, cover, window.side, radii, half_width, seen,
            rows, squared,
        )  # fmt: skip
        products(rows, codes, sums, total)
    observed = seen + seen.transpose(1, 0, 2)  # the diagonal is doubled by this, as it should be
    expected, variance = moments(Sums(total, squared, sums), cross_table(labels, codes, K, S))
    return Curves(observed, expected, np.sqrt(variance))


def ripley_k(curves: np.ndarray, n: np.ndarray, area_um2: float) -> np.ndarray:
    """K in µm² (K, K, R) of pairs up to each distance; `n` (K) cells of each type. NaN where there is no pair."""
    return _per_pair(curves, n) * area_um2


def border_k(xy: np.ndarray, labels: np.ndarray, n_types: int, radii: np.ndarray, window: Window) -> np.ndarray:
    """K in µm² (K, K, R) with the border correction: only cells of a at least r from the border look around them.

    As `Kest` and `Kcross` of spatstat with `correction = "border"`. `Kcross` puts cells into bins of r by their
    distance to the border, so that those in the bin below r look around too. The density of b is that of all
    its cells, also as seen from one of them.
    """
    K, R = n_types, len(radii)
    codes, reach = labels.astype(np.int64), float(radii[-1])
    around = np.zeros((len(xy), K, R))
    endless = np.ones((2, 3, 3))  # every pair weighs 1
    pair_sums(
        np.ascontiguousarray(xy), codes, codes, endless, np.full(2, reach + 1.0), radii, 0.0, np.zeros((K, K, R)),
        around, np.zeros((K, K, R)),
    )  # fmt: skip
    far = window.depth(xy, reach)[:, None] >= radii
    n = np.bincount(codes, minlength=K)
    out = np.full((K, K, R), np.nan)
    for a in range(K):
        mine = codes == a
        looking = far[mine].sum(axis=0)
        seen = (around[mine] * far[mine][:, None, :]).sum(axis=0)
        out[a] = window.area_um2 * np.divide(
            seen, np.maximum(n, 1)[:, None] * looking, out=np.full((K, R), np.nan), where=looking > 0
        )
    return out


def pair_correlation(
    curves: np.ndarray, n: np.ndarray, area_um2: float, radii: np.ndarray, half_width: float
) -> np.ndarray:
    """g (K, K, R) of pairs around each distance: 1 where types are placed independently and evenly."""
    kernel = 3.0 / (4.0 * half_width)
    return _per_pair(curves, n) * area_um2 * kernel / (2.0 * np.pi * radii)


def besag_l(k_um2: np.ndarray) -> np.ndarray:
    """L in µm: the root of K / π (Besag 1977)."""
    return np.sqrt(k_um2 / np.pi)


def co_occurrence(curves: Curves, n: np.ndarray) -> np.ndarray:
    """Share of b among all cells up to each distance from a, over the share of b in the image (K, K, R).

    With the weights of the translation correction; of disjoint rings where it is given differences of curves.
    """
    around = curves.observed.sum(axis=1, keepdims=True)
    share = np.divide(curves.observed, around, out=np.full_like(curves.observed, np.nan), where=around > 0)
    return np.asarray(share / (n / n.sum())[None, :, None])


def _per_pair(curves: np.ndarray, n: np.ndarray) -> np.ndarray:
    pairs = n[:, None] * (n[None, :] - np.eye(len(n)))
    return np.asarray(np.where(pairs > 0, 1.0, np.nan)[..., None] * curves / np.maximum(pairs, 1)[..., None])


def function_table(
    sample: str,
    xy: np.ndarray,
    labels: np.ndarray,
    types: Sequence[str],
    radii: np.ndarray,
    half_width: float,
    strata: np.ndarray | None = None,
) -> pd.DataFrame:
    """`contracts.FUNCTIONS` of one image: a row per unordered pair of types that it has and distance."""
    n = np.bincount(labels, minlength=len(types)).astype(float)
    window = Window.of_tissue(xy)
    within = pair_curves(xy, labels, len(types), radii, strata=strata, window=window)
    around = pair_curves(xy, labels, len(types), radii, strata=strata, window=window, half_width=half_width)
    a, b = np.triu_indices(len(types))
    there = np.where(a == b, n[a] > 1, (n[a] > 0) & (n[b] > 0))
    a, b = a[there], b[there]
    once = np.where(a == b, 0.5, 1.0)[:, None]  # pairs of a type with itself as many as there are
    columns = {
        f"{name}{suffix}": (values[a, b] * once).reshape(-1)
        for name, curves in (("within", within), ("around", around))
        for suffix, values in (("", curves.observed), ("_expected", curves.expected), ("_sd", curves.sd))
    }
    names, R = np.asarray(types, dtype=object), len(radii)
    area = window.area_um2
    return pd.DataFrame(
        {
            k.SAMPLE: sample,
            k.SOURCE: np.repeat(names[a], R),
            k.TARGET: np.repeat(names[b], R),
            "r_um": np.tile(radii, len(a)),
            "k_um2": ripley_k(within.observed, n, area)[a, b].reshape(-1),
            "g": pair_correlation(around.observed, n, area, radii, half_width)[a, b].reshape(-1),
            **columns,
        }
    )
