"""Barriers: which types stand between two others more often than chance has it. One image, no files.

From each source cell a way leads through neighbours to the nearest target cell (`kernels.barriers.between`). The cells
on it that are neither source nor target are counted by type. By chance: the labels of those cells are permuted within
strata, sources, targets and ways stay. The count is linear in these labels, so its mean and variance are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.kernels.barriers import between
from tumint.neighbourhood.graph import Graph
from tumint.neighbourhood.moments import cross_table


@dataclass(frozen=True)
class Passed:
    """Cells of every type that are passed (K,): seen, and mean and variance by chance; `walkers` that pass any."""

    observed: np.ndarray
    expected: np.ndarray
    variance: np.ndarray
    walkers: int


def passed_cells(
    graph: Graph, labels: np.ndarray, n_types: int, source: int, target: int, strata: np.ndarray | None = None
) -> Passed:
    """Who is passed on the ways from cells of type `source` to the nearest of type `target`.

    Parameters
    ----------
    labels
        (n) codes from 0.
    strata
        (n) codes from 0 within which labels are permuted; None: the image.
    """
    codes = np.zeros(graph.n, np.int64) if strata is None else strata.astype(np.int64)
    weight = np.zeros(graph.n)
    is_source, is_target = labels == source, labels == target
    walkers = between(graph.indptr, graph.indices, *graph.turned(), is_source, is_target, weight)
    free = ~(is_source | is_target)
    weight, mine, codes = weight[free], labels[free].astype(np.int64), codes[free]
    S = int(codes.max(initial=0)) + 1
    n = cross_table(mine, codes, n_types, S).astype(float)
    sizes = np.maximum(n.sum(axis=0), 1)
    total = np.bincount(codes, weight, S)
    spread = np.maximum(np.bincount(codes, weight**2, S) - total**2 / sizes, 0.0)
    share = n / sizes
    expected = share @ total
    variance = (share * (1 - share) * sizes / np.maximum(sizes - 1, 1)) @ spread
    return Passed(np.bincount(mine, weight, n_types), expected, variance, int(walkers))


def barrier_features(
    sample: str,
    graph: Graph,
    labels: np.ndarray,
    types: Sequence[str],
    asked: Sequence[tuple[str, str]],
    strata: np.ndarray | None = None,
) -> pd.DataFrame:
    """`contracts.FEATURES` of one image: a row per asked (source, target) and every other type."""
    sizes = np.bincount(labels, minlength=len(types))
    tables = []
    for pair in asked:
        source, target = (list(types).index(name) for name in pair)
        found = passed_cells(graph, labels, len(types), source, target, strata)
        others = np.array([t for t in range(len(types)) if t not in (source, target)], dtype=np.intp)
        seen, expected, sd = found.observed[others], found.expected[others], np.sqrt(found.variance[others])
        there = sizes[source] > 0 and sizes[target] > 0
        status = np.where((sizes[others] > 0) & there, np.where(sd > 0, k.TESTED, k.NO_VARIATION), k.ABSENT)
        tested = status == k.TESTED
        tables.append(
            pd.DataFrame(
                {
                    k.SAMPLE: sample,
                    k.FAMILY: k.FAMILY_BARRIER,
                    k.FEATURE: [f"{types[t]} between {pair[0]} and {pair[1]}" for t in others],
                    k.VALUE: np.where(tested, np.log2((seen + 0.5) / (expected + 0.5)), np.nan),
                    k.SE: np.where(tested, sd / ((expected + 0.5) * np.log(2)), np.nan),
                    k.WEIGHT: np.where(tested, expected, 0.0),
                    k.N: found.walkers,
                    k.STATUS: status,
                }
            )
        )
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
