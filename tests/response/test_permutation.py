"""Permutation p against brute force over the same assignments."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tumint.response.models import permutation
from tumint.response.models.linear import fit
from tumint.response.models.moderated import fit_prior, moderated_t
from tumint.response.models.permutation import Assignments, assignments, permute

RNG = np.random.default_rng
ONE = np.zeros(6, dtype=np.intp)


def _all(group: np.ndarray, strata: np.ndarray) -> Assignments:
    return assignments(group, strata, 500, RNG(0))


def _brute_force(Y: np.ndarray, nuisance: np.ndarray, ways: list[np.ndarray], group: np.ndarray) -> np.ndarray:
    """|moderated t| by the tested route, one assignment at a time: rows are assignments."""

    def t(g: np.ndarray) -> np.ndarray:
        X = np.column_stack([nuisance, g])
        result = fit(Y, X, np.append(np.zeros(nuisance.shape[1]), 1.0))
        return np.abs(moderated_t(result, fit_prior(result.variance, result.df)).t)

    return np.vstack([t(group.astype(float)), *(t(g) for g in ways)])


def test_three_against_three_equals_brute_force_and_cannot_go_below_a_tenth() -> None:
    group = np.array([True, False, True, False, True, False])
    Y = RNG(3).normal(size=(5, 6))
    Y[0] += 20 * group
    ways = _all(group, ONE)
    assert (ways.total, ways.exact, ways.smallest_p) == (20, True, 0.1)
    got = permute(Y, np.ones((6, 1)), group, ways)
    every = [np.isin(np.arange(6), chosen).astype(float) for chosen in itertools.combinations(range(6), 3)]
    t = _brute_force(Y, np.ones((6, 1)), every, group)
    observed, permuted = t[0] * (1 - 1e-9), t[1:]
    np.testing.assert_allclose(got.p, (permuted >= observed).mean(axis=0))
    np.testing.assert_allclose(got.p_maxt, (permuted.max(axis=1)[:, None] >= observed).mean(axis=0))
    assert got.p[0] == got.p_maxt[0] == 0.1


def test_four_against_four_and_unequal_groups() -> None:
    assert _all(np.arange(8) < 4, np.zeros(8, dtype=np.intp)).smallest_p == pytest.approx(2 / 70)
    assert _all(np.arange(7) < 3, np.zeros(7, dtype=np.intp)).smallest_p == pytest.approx(1 / 35)


def test_pairs_flip_and_blocks_keep_their_numbers() -> None:
    group = np.tile([True, False], 5)
    pairs = np.repeat(np.arange(5), 2)
    ways = _all(group, pairs)
    assert ways.total == 2**5
    assert (ways.groups.reshape(5, 2, -1).sum(axis=1) == 1).all()
    assert len(np.unique(ways.groups, axis=1).T) == 32
    difference = RNG(4).normal(1, 1, size=5)
    Y = np.zeros((1, 10))
    Y[0, group] = difference
    blocks = np.column_stack([np.ones(10), pairs[:, None] == np.arange(1, 5)]).astype(float)
    signs = np.array(list(itertools.product([1, -1], repeat=5)))
    flips = np.abs((signs * difference).mean(axis=1))  # |t| of a paired test rises with |mean|
    want = (flips >= abs(difference.mean()) * (1 - 1e-9)).mean()
    assert permute(Y, blocks, group, ways).p[0] == pytest.approx(want)


def test_missing_subjects_move_with_their_values() -> None:
    group = np.arange(6) < 3
    Y = RNG(5).normal(size=(2, 6))
    Y[1, 0] = np.nan
    got = permute(Y, np.ones((6, 1)), group, _all(group, ONE))
    there = np.isfinite(Y[1])
    count = []
    for chosen in [tuple(np.flatnonzero(group)), *itertools.combinations(range(6), 3)]:
        g = np.isin(np.arange(6), chosen)[there]
        y = Y[1][there]
        pooled = ((y[g] - y[g].mean()) ** 2).sum() + ((y[~g] - y[~g].mean()) ** 2).sum()
        count.append(abs(y[g].mean() - y[~g].mean()) / np.sqrt(pooled / 3 * (1 / g.sum() + 1 / (~g).sum())))
    want = (np.array(count[1:]) >= count[0] * (1 - 1e-9)).mean()
    assert got.p[1] == pytest.approx(want)


def test_sampled_assignments_follow_the_seed_and_never_give_zero() -> None:
    group = np.arange(20) < 10
    one, two, other = (assignments(group, np.zeros(20, dtype=np.intp), 300, RNG(s)) for s in (1, 1, 2))
    assert not one.exact
    np.testing.assert_array_equal(one.groups, two.groups)
    assert (one.groups != other.groups).any()
    assert (one.groups.sum(axis=0) == 10).all()
    Y = RNG(6).normal(size=(4, 20)) + 10 * group
    np.testing.assert_allclose(permute(Y, np.ones((20, 1)), group, one).p, 1 / 301)


def test_an_assignment_without_variance_counts_as_beyond() -> None:
    group = np.array([True, True, False, True, False, False])
    Y = np.array([[1.0, 1, 1, 2, 2, 2], [1, 1, 1, 1, 1, 2]])  # two features: no prior to lend them variance
    got = permute(Y, np.ones((6, 1)), group, _all(group, ONE))
    # feature 0: every assignment splits its two values at least as far; feature 1: all assignments are alike
    np.testing.assert_allclose(got.p, 1.0)
    split = np.arange(6) < 3
    assert permute(Y, np.ones((6, 1)), split, _all(split, ONE)).p[0] == 0.1


@pytest.mark.parametrize("missing", [0.0, 0.05])
def test_blocks_of_permutations_change_no_p(monkeypatch: pytest.MonkeyPatch, missing: float) -> None:
    """Without missing values one pattern, with them more than are taken one by one."""
    group = np.arange(20) < 10
    Y = RNG(7).normal(size=(90, 20)) + group * RNG(8).normal(size=(90, 1))
    Y[RNG(9).random(Y.shape) < missing] = np.nan
    ways = assignments(group, np.zeros(20, dtype=np.intp), 300, RNG(1))
    nuisance = np.column_stack([np.ones(20), RNG(2).normal(size=20)])
    whole = permute(Y, nuisance, group, ways)
    monkeypatch.setattr(permutation, "_BLOCK", 7 * len(Y))
    blocks = permute(Y, nuisance, group, ways)
    np.testing.assert_array_equal(blocks.p, whole.p)
    np.testing.assert_array_equal(blocks.p_maxt, whole.p_maxt)
    monkeypatch.setattr(permutation, "_FEW", len(Y))
    one_by_one = permute(Y, nuisance, group, ways)
    np.testing.assert_array_equal(one_by_one.p, whole.p)
    np.testing.assert_array_equal(one_by_one.p_maxt, whole.p_maxt)
