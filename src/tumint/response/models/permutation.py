"""Exact permutation of subjects between groups, with max-|t| over a family for the family-wise error.

The statistic is the moderated t with its prior estimated anew in every permutation, so that the observed one is
treated like all others and the test is exact.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tumint.response.models.linear import Floats, orthonormal, patterns
from tumint.response.models.moderated import log_bias, trigamma_inverse

MAX_EXACT = 20_000
_BLOCK = 2_000_000  # features × permutations held at once
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
    observed = permuted_statistics(Y, nuisance, group[:, None])[:, 0]
    threshold = observed * (1 - _TIE)
    beyond, largest = np.zeros(len(Y)), []
    step = max(1, _BLOCK // max(1, len(Y)))
    # the other half of mirrored assignments has the same |t|, so that shares of the first half are those of all
    groups = ways.groups[:, : ways.total // 2] if ways.mirrored else ways.groups
    for start in range(0, groups.shape[1], step):
        t = permuted_statistics(Y, nuisance, groups[:, start : start + step])
        beyond += (t >= threshold[:, None]).sum(axis=1)
        largest.append(t.max(axis=0))
    maxima = np.sort(np.concatenate(largest))
    beyond_max = maxima.size - np.searchsorted(maxima, threshold, side="left")
    seen = 0 if ways.exact else 1  # a sample does not hold the observed assignment
    return Permuted((beyond + seen) / (maxima.size + seen), (beyond_max + seen) / (maxima.size + seen))


def permuted_statistics(Y: Floats, nuisance: Floats, groups: NDArray[np.generic]) -> Floats:
    """|moderated t| of every feature under every assignment, shape (F, P); 0 where a group is empty there."""
    shape = (len(Y), groups.shape[1])
    slope, variance, unscaled = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    df, null_variance = np.zeros(len(Y)), np.zeros(len(Y))
    for subjects, rows in patterns(np.isfinite(Y)):
        basis = orthonormal(nuisance[subjects])
        y = Y[np.ix_(rows, subjects)]
        y = y - (y @ basis) @ basis.T
        g = groups[subjects].astype(np.float64)
        g -= basis @ (basis.T @ g)
        square = np.square(g).sum(axis=0)
        usable = square > _SINGULAR
        scale = np.where(usable, square, 1.0)
        total = np.square(y).sum(axis=1)
        left = subjects.sum() - basis.shape[1] - 1
        b = np.where(usable, (y @ g) / scale, 0.0)
        slope[rows] = b
        variance[rows] = np.maximum(total[:, None] - np.square(b) * scale, 0.0) / max(left, 1)
        unscaled[rows] = np.where(usable, 1 / np.sqrt(scale), 0.0)
        df[rows], null_variance[rows] = left, total / max(left + 1, 1)
    return _moderate(slope, unscaled, variance, df, null_variance)


def _moderate(slope: Floats, unscaled: Floats, variance: Floats, df: Floats, null_variance: Floats) -> Floats:
    valid = (unscaled > 0) & (df > 0)[:, None]
    d = np.maximum(df, 1)
    posterior = variance
    if len(slope) >= 3:
        # zeros are lifted to a level that no assignment changes, unlike the median that the observed test uses
        floor = 1e-5 * (np.median(null_variance) or 1.0)
        e = np.where(valid, np.log(np.maximum(variance, floor)) - log_bias(d)[:, None], 0.0)
        m = np.maximum(valid.sum(axis=0), 1)
        centre = e.sum(axis=0) / m
        spread = np.where(valid, np.square(e - centre), 0.0).sum(axis=0) / np.maximum(m - 1, 1)
        spread -= (valid * special.polygamma(1, d / 2)[:, None]).sum(axis=0) / m
        certain = (spread <= 0) | (m < 3)
        d0 = 2 * trigamma_inverse(np.where(certain, 1.0, spread))
        s0 = np.exp(centre + log_bias(d0))
        posterior = (d[:, None] * variance + d0 * s0) / (d[:, None] + d0)
        if certain.any():
            plain = np.where(valid, variance, 0.0).sum(axis=0) / m
            posterior[:, certain] = plain[certain]
    t = np.zeros(slope.shape)
    sd = np.sqrt(posterior) * unscaled
    np.divide(np.abs(slope), sd, out=t, where=valid & (sd > 0))
    t[valid & (sd <= 0) & (slope != 0)] = np.inf
    return t
