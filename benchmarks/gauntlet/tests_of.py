"""Cohorts from pools of animals, compared as the response stage compares them: moderated t, weights of the config."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from gauntlet.pools import PAIRS, Pool

from tumint.config.response import ResponseConfig
from tumint.response.families import Family
from tumint.response.inference import prior_of, weights_of
from tumint.response.linear import fit
from tumint.response.moderated import moderated_t

CONFIG = ResponseConfig(contrasts=[])
LEAST = 2  # animals of either arm


def cohorts(
    reference: Pool, group: Pool, way: tuple[str, str], n: int, number: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Effect and p of every pair in `number` cohorts of n against n animals, each animal in one cohort."""
    X = np.column_stack([np.ones(2 * n), np.repeat([0.0, 1.0], n)])
    for c in range(number):
        side = slice(c * n, (c + 1) * n)
        values, errors = (
            np.concatenate([a[:, side], b[:, side]], axis=1) for a, b in zip(reference[way], group[way], strict=True)
        )
        yield compared(values, errors, X, way[1])


def compared(values: np.ndarray, errors: np.ndarray, X: np.ndarray, family: str) -> tuple[np.ndarray, np.ndarray]:
    """Effect and p of the last column of `X` for every row of `values` (pairs × animals)."""
    n = len(X)
    nothing = np.zeros((len(values), 0))
    whole = Family(
        family, PAIRS, values, nothing, np.zeros(0, np.intp), nothing, errors, np.empty(values.shape, object), values
    )
    contrast = np.array([0.0, 1.0])
    result = fit(values, X, contrast, weights_of(whole, X, CONFIG))
    there = np.isfinite(values)
    group = X[:, 1] > 0
    enough = (there[:, group].sum(axis=1) >= LEAST) & (there[:, ~group].sum(axis=1) >= LEAST)
    tested = np.flatnonzero(enough & (result.df > 0) & (result.variance > 0))
    p = np.full(len(values), np.nan)
    if tested.size:
        part = result.take(tested)
        p[tested] = moderated_t(part, prior_of(part, CONFIG)).p
    effect = np.where(np.isfinite(p), result.effect, np.nan)
    assert len(effect) == len(values) and n == values.shape[1]
    return effect, p
