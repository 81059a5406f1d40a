"""Exact permutation of subjects between groups, with max-|t| over a family for the family-wise error.

The statistic is the moderated t with its prior estimated anew in every permutation, so that the observed one is
treated like all others and the test is exact.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tumint.response.models.linear import Floats, orthonormal, patterns
from tumint.response.models.moderated import log_bias, trigamma_inverse

MAX_EXACT = 20_000
_BLOCK = 500_000  # features × permutations held at once: what a cache holds
_FEW = 32  # patterns of who is missing that are taken one by one
_STACKED = 10_000_000  # numbers of their bases that are held together, else one by one too
_TIE = 1e-9  # statistics that differ by less than this share are equal but for rounding
_SINGULAR = 1e-10


@dataclass(frozen=True)
class Assignments:
    """Ways to give the subjects their groups: `groups` (S, P), 1 for the group and 0 for the reference.

    For an outcome that is a number, the ways to give the subjects their numbers.
    """

    groups: NDArray[np.int8] | Floats
    total: int  # how many ways there are
    exact: bool  # all of them are in `groups`, the observed one among them
    smallest_p: float  # of any feature, two-sided
    mirrored: bool = False  # the second half swaps the two groups of the first, in the opposite order


@dataclass(frozen=True)
class Permuted:
    """P values of every feature, shape (F,): two-sided, and adjusted for the family by max-|t|."""

    p: Floats
    p_maxt: Floats


def assignments(
    group: NDArray[np.bool_], strata: NDArray[np.intp], permutations: int, rng: np.random.Generator
) -> Assignments:
    """All assignments of subjects to groups that keep the numbers within each stratum, or a sample of them.

    Parameters
    ----------
    group
        True for subjects of the group, shape (S,).
    strata
        Subjects are exchanged only within equal values, shape (S,): blocks, pairs, levels of a covariate. Those below
        0 are in neither group and stay so.
    permutations
        How many to sample where there are more than `MAX_EXACT`.
    """
    members = [np.flatnonzero(strata == s) for s in np.unique(strata[strata >= 0])]
    sizes = [(len(m), int(group[m].sum())) for m in members]
    total = math.prod(math.comb(n, k) for n, k in sizes)
    if total > MAX_EXACT:
        groups = np.zeros((len(group), permutations), dtype=np.int8)
        for m in members:
            groups[m] = rng.permuted(np.tile(group[m].astype(np.int8)[:, None], permutations), axis=0)
        return Assignments(groups, total, False, 1 / (permutations + 1))
    groups = np.zeros((len(group), total), dtype=np.int8)
    choices = [itertools.combinations(m, k) for m, (_, k) in zip(members, sizes, strict=True)]
    for column, chosen in enumerate(itertools.product(*choices)):
        groups[[i for part in chosen for i in part], column] = 1
    # swapping the two groups gives the same |t|, and is itself an assignment where they are equally large
    twins = all(n == 2 * k for n, k in sizes) and total > 1
    return Assignments(groups, total, True, min(1.0, (2 if twins else 1) / total), mirrored=twins)


def shuffles(values: Floats, strata: NDArray[np.intp], permutations: int, rng: np.random.Generator) -> Assignments:
    """As `assignments`, for an outcome that is a number: all orders of the numbers within each stratum, or a sample."""
    members = [np.flatnonzero(strata == s) for s in np.unique(strata)]
    total = math.prod(math.factorial(len(m)) for m in members)
    exact = total <= MAX_EXACT
    ways = np.empty((len(values), total if exact else permutations))
    if exact:
        orders = itertools.product(*(itertools.permutations(m) for m in members))
        for column, order in enumerate(orders):
            for m, drawn in zip(members, order, strict=True):
                ways[m, column] = values[list(drawn)]
    else:
        for m in members:
            ways[m] = rng.permuted(np.tile(values[m][:, None], permutations), axis=0)
    return Assignments(ways, total, exact, 1 / total if exact else 1 / (permutations + 1))


def permute(Y: Floats, nuisance: Floats, group: NDArray[np.bool_] | Floats, ways: Assignments) -> Permuted:
    """Permutation p of every row of `Y`.

    Parameters
    ----------
    Y
        Values of one family, shape (F, S); NaN is missing and moves with its subject.
    nuisance
        Intercept and covariates, shape (S, q).
    group
        The observed groups or numbers, shape (S,).
    ways
        From `assignments` or `shuffles`.
    """
    alike = _prepared(Y, nuisance)
    observed = _statistics(alike, group[:, None])[:, 0]
    threshold = observed * (1 - _TIE)
    beyond, largest = np.zeros(len(Y)), []
    step = max(1, _BLOCK // max(1, len(Y)))
    # the other half of mirrored assignments has the same |t|, so that shares of the first half are those of all
    groups = ways.groups[:, : ways.total // 2] if ways.mirrored else ways.groups
    for start in range(0, groups.shape[1], step):
        t = _statistics(alike, groups[:, start : start + step])
        beyond += np.count_nonzero(t >= threshold[:, None], axis=1)
        largest.append(t.max(axis=0))
    maxima = np.sort(np.concatenate(largest))
    beyond_max = maxima.size - np.searchsorted(maxima, threshold, side="left")
    seen = 0 if ways.exact else 1  # a sample does not hold the observed assignment
    return Permuted((beyond + seen) / (maxima.size + seen), (beyond_max + seen) / (maxima.size + seen))


def permuted_statistics(Y: Floats, nuisance: Floats, groups: NDArray[np.generic]) -> Floats:
    """|moderated t| of every feature under every assignment, shape (F, P); 0 where a group is empty there."""
    return _statistics(_prepared(Y, nuisance), groups)


@dataclass(frozen=True)
class _Prepared:
    """What no assignment changes: the values of F features less what the nuisance explains, by who has them."""

    parts: list[tuple[NDArray[np.bool_], NDArray[np.intp], Floats, Floats]]  # subjects, features, basis, residuals
    total: Floats  # residual squares (F, 1)
    df: Floats  # left with the group in the model (F,)
    stacked: _Stacked | None  # instead of the parts where they are many
    null_variance: float  # median over the features, without the group
    bias: Floats  # expectation and variance of the logarithm of a variance on `df`, both (F,)
    trigamma: Floats


@dataclass(frozen=True)
class _Stacked:
    """All parts as one, 0 where a subject has no value: products of large matrices instead of many small ones."""

    residuals: Floats  # (F, S)
    present: Floats  # (K, S), 1 where the features of a part have a value
    bases: list[Floats]  # each (K, S)
    part: NDArray[np.intp]  # of each feature (F,)


def _prepared(Y: Floats, nuisance: Floats) -> _Prepared:
    parts, total, df = [], np.zeros((len(Y), 1)), np.zeros(len(Y))
    for subjects, rows in patterns(np.isfinite(Y)):
        basis = orthonormal(nuisance[subjects])
        y = Y[np.ix_(rows, subjects)]
        y = y - (y @ basis) @ basis.T
        parts.append((subjects, rows, basis, y))
        total[rows, 0], df[rows] = np.square(y).sum(axis=1), subjects.sum() - basis.shape[1] - 1
    many = len(parts) > _FEW and len(parts) * nuisance.size <= _STACKED
    stacked = _stacked(parts, Y.shape, nuisance.shape[1]) if many else None
    null_variance = float(np.median(total[:, 0] / np.maximum(df + 1, 1))) if len(Y) else 0.0
    d = np.maximum(df, 1)
    return _Prepared([] if many else parts, total, df, stacked, null_variance, log_bias(d), special.polygamma(1, d / 2))


def _stacked(parts: list[tuple[Any, ...]], shape: tuple[int, ...], q: int) -> _Stacked:
    residuals, part = np.zeros(shape), np.zeros(shape[0], dtype=np.intp)
    present, bases = np.zeros((len(parts), shape[1])), np.zeros((q, len(parts), shape[1]))
    for i, (subjects, rows, basis, y) in enumerate(parts):
        residuals[np.ix_(rows, subjects)] = y
        part[rows], present[i] = i, subjects
        bases[: basis.shape[1], i, subjects] = basis.T
    return _Stacked(residuals, present, list(bases), part)


def _statistics(alike: _Prepared, groups: NDArray[np.generic]) -> Floats:
    product, square = _products(alike, groups)
    usable = square > _SINGULAR
    scale = np.where(usable, square, 1.0)
    slope = np.divide(product, scale, out=product)
    np.copyto(slope, 0.0, where=~usable)
    variance = np.square(slope)
    variance *= scale
    np.subtract(alike.total, variance, out=variance)
    np.maximum(variance, 0.0, out=variance)
    variance /= np.maximum(alike.df, 1)[:, None]
    unscaled = np.where(usable, 1 / np.sqrt(scale), 0.0)
    return _moderate(slope, unscaled, variance, alike)


def _products(alike: _Prepared, groups: NDArray[np.generic]) -> tuple[Floats, Floats]:
    """Of residuals and group, and the squares of the group, both less the nuisance: (F, P), the second read only."""
    shape = (len(alike.total), groups.shape[1])
    if alike.stacked is not None:
        g = groups - groups.mean(axis=0)  # the nuisance holds an intercept: shorter, so fewer digits are lost below
        stacked = alike.stacked
        inside = stacked.present @ np.square(g)
        square = inside.copy()
        for basis in stacked.bases:
            square -= np.square(basis @ g)
        square[square <= _SINGULAR * np.maximum(inside, 1.0)] = 0.0
        return stacked.residuals @ g, square[stacked.part]
    product, square = np.zeros(shape), np.zeros(shape)
    for subjects, rows, basis, y in alike.parts:
        g = groups[subjects].astype(np.float64)
        g -= basis @ (basis.T @ g)
        if len(rows) == shape[0]:  # then it is one row for all, and stays one
            return y @ g, np.square(g).sum(axis=0, keepdims=True)
        product[rows], square[rows] = y @ g, np.square(g).sum(axis=0)
    return product, square


def _moderate(slope: Floats, unscaled: Floats, variance: Floats, alike: _Prepared) -> Floats:
    """|t| in place of `slope` and `variance` (F, P), which are lost; `unscaled` (F, P), or (1, P) for all."""
    valid = np.broadcast_to((unscaled > 0) & (alike.df > 0)[:, None], slope.shape)
    whole = bool(valid.all())
    d = np.maximum(alike.df, 1)
    posterior = variance
    if len(slope) >= 3:
        # zeros are lifted to a level that no assignment changes, unlike the median that the observed test uses
        floor = 1e-5 * (alike.null_variance or 1.0)
        e = np.maximum(variance, floor)
        np.log(e, out=e)
        e -= alike.bias[:, None]
        if not whole:
            e[~valid] = 0.0
        m = np.maximum(valid.sum(axis=0), 1)
        centre = e.sum(axis=0) / m
        e -= centre
        np.square(e, out=e)
        if not whole:
            e[~valid] = 0.0
        spread = e.sum(axis=0) / np.maximum(m - 1, 1)
        spread -= (alike.trigamma.sum() if whole else alike.trigamma @ valid) / m
        certain = (spread <= 0) | (m < 3)
        plain = np.where(valid, variance, 0.0).sum(axis=0) / m if certain.any() else None
        d0 = 2 * trigamma_inverse(np.where(certain, 1.0, spread))
        s0 = np.exp(centre + log_bias(d0))
        posterior *= d[:, None]
        posterior += d0 * s0
        posterior /= np.add(d[:, None], d0, out=e)
        if plain is not None:
            posterior[:, certain] = plain[certain]
    sd = np.sqrt(posterior, out=posterior)
    sd *= unscaled
    fine = sd > 0
    if not whole:
        fine &= valid
    if fine.all():
        return np.divide(np.abs(slope, out=slope), sd, out=slope)
    t = np.zeros(slope.shape)
    np.divide(np.abs(slope), sd, out=t, where=fine)
    t[valid & (sd <= 0) & (slope != 0)] = np.inf
    return t
