"""Cohorts from pools of animals, compared as the response stage compares them: moderated t, weights of the config."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gauntlet.pools import Values
from tumint.config.response import ResponseConfig
from tumint.response.design.matrices import Matrices
from tumint.response.family_tests import prior_of, weights_of
from tumint.response.models.linear import fit
from tumint.response.models.moderated import moderated_t

CONFIG = ResponseConfig(contrasts=[])
LEAST = 2  # animals of either arm


@dataclass(frozen=True)
class Compared:
    """Effects and p (cohorts × pairs) of one way to measure pairs; p is missing where a pair is not tested."""

    effect: np.ndarray
    p: np.ndarray


def compare(
    reference: Values, group: Values, family: str, features: list[str], n: int, cohorts: int, seed: int = 0
) -> Compared:
    """`cohorts` cohorts of n against n animals of two pools.

    An animal is in one cohort at most until all have been in one; then the animals are dealt anew. So cohorts beyond
    the first (animals / n) share animals, never all of them.

    Parameters
    ----------
    reference, group
        Values and their standard errors of either arm (pairs × animals).
    features
        Names of the pairs.
    """
    rng = np.random.default_rng([seed, n])
    X = np.column_stack([np.ones(2 * n), np.repeat([0.0, 1.0], n)])
    effects, ps = [], []
    for a, b in _dealt(reference[0].shape[1], group[0].shape[1], n, cohorts, rng):
        values, errors = (
            np.concatenate([one[:, a], other[:, b]], axis=1) for one, other in zip(reference, group, strict=True)
        )
        effect, p = _compared(values, errors, X, family, features)
        effects.append(effect)
        ps.append(p)
    return Compared(np.array(effects), np.array(ps))


def _dealt(
    animals: int, others: int, n: int, cohorts: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Which animals of either pool make up each cohort."""
    made = 0
    while made < cohorts:
        first, second = rng.permutation(animals), rng.permutation(others)
        for start in range(0, min(animals, others) - n + 1, n):
            if made == cohorts:
                return
            yield first[start : start + n], second[start : start + n]
            made += 1


def _compared(
    values: np.ndarray, errors: np.ndarray, X: np.ndarray, family: str, features: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Effect and p of the last column of `X` for every row of `values` (pairs × animals)."""
    nothing = np.zeros((len(values), 0))
    why = np.empty(values.shape, object)
    whole = Matrices(family, features, values, nothing, np.zeros(0, np.intp), nothing, errors, why, values)
    result = fit(values, X, np.array([0.0, 1.0]), weights_of(whole, X, CONFIG))
    there, group = np.isfinite(values), X[:, 1] > 0
    enough = (there[:, group].sum(axis=1) >= LEAST) & (there[:, ~group].sum(axis=1) >= LEAST)
    tested = np.flatnonzero(enough & (result.df > 0) & (result.variance > 0))
    p = np.full(len(values), np.nan)
    if tested.size:
        part = result.take(tested)
        p[tested] = moderated_t(part, prior_of(part, CONFIG)).p
    return np.where(np.isfinite(p), result.effect, np.nan), p
