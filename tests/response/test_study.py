"""A study to come against statsmodels, against the noncentral t written plainly, and against simulated t tests."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestIndPower, TTestPower

from tumint.fdr import benjamini_hochberg
from tumint.response.models.study import MOST_ANIMALS, Study, animals, detectable, power_at


def _of(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)


def _plainly(d: float, n0: float, n1: float, alpha: float) -> float:
    """Power of a t test as a mean over what the estimated variance may be, without any noncentral t."""
    df, shift = n0 + n1 - 2, d / np.sqrt(1 / n0 + 1 / n1)
    bound = stats.t.isf(alpha / 2, df) * np.sqrt(stats.chi2.ppf((np.arange(20_000) + 0.5) / 20_000, df) / df)
    return float((stats.norm.sf(bound - shift) + stats.norm.cdf(-bound - shift)).mean())


@pytest.mark.parametrize("ratio", [1.0, 0.4, 2.5])
def test_many_tests_need_what_the_plain_mean_says(ratio: float) -> None:
    """statsmodels gives no number at such levels."""
    study, alpha = Study(0.05, 100, ratio=ratio), 0.05 / 100
    for d in (0.35, 0.8, 2.0):
        n0, n1 = (float(one[0]) for one in animals(_of(d), _of(1), study, 0.9))
        assert _plainly(d, n0, n1, alpha) >= 0.9 - 1e-5
        assert _plainly(d, n0 - 1, max(np.ceil(ratio * (n0 - 1) - 1e-9), 2), alpha) < 0.9 + 1e-5
        assert power_at(_of(d), _of(1), (_of(n0), _of(n1)), study)[0] == pytest.approx(
            _plainly(d, n0, n1, alpha), abs=1e-5
        )


@pytest.mark.parametrize("ratio", [1.0, 0.4, 2.5])
def test_animals_effects_and_power_are_those_of_statsmodels(ratio: float) -> None:
    study, peer = Study(0.05, ratio=ratio), TTestIndPower()
    sizes = _of(0.35, 0.8, 2.0)
    reference, group = animals(sizes * 3, _of(3, 3, 3), study, 0.9)
    np.testing.assert_array_equal(group, np.ceil(ratio * reference))
    for d, n0, n1 in zip(sizes, reference, group, strict=True):
        given = {"alpha": 0.05, "effect_size": d}
        assert peer.power(nobs1=n0, ratio=n1 / n0, **given) >= 0.9
        fewer = max(np.ceil(ratio * (n0 - 1) - 1e-9), 2)
        assert peer.power(nobs1=n0 - 1, ratio=fewer / (n0 - 1), **given) < 0.9
    both = _of(6, 6), _of(6, 9)
    for power in (0.3, 0.8, 0.95):
        for found, n1 in zip(detectable(_of(2, 2), both, study, power), (6, 9), strict=True):
            want = peer.solve_power(nobs1=6, ratio=n1 / 6, alpha=0.05, power=power)
            assert found / 2 == pytest.approx(want, rel=1e-4)


def test_pairs_are_those_of_statsmodels() -> None:
    for d in (0.4, 1.2):  # in sd of the difference, which is √2 times ours
        needed = TTestPower().solve_power(effect_size=d, alpha=0.05, power=0.8)
        assert animals(_of(d), _of(np.sqrt(0.5)), Study(paired=True), 0.8)[0][0] == np.ceil(needed)


def test_power_is_the_noncentral_t_and_never_missing() -> None:
    effect = np.concatenate([[0], np.logspace(-3, 3, 200)])
    for n in (2, 7, 300, MOST_ANIMALS):
        for alpha in (0.05, 1e-3, 1e-7):
            found = power_at(effect, np.ones(201), (np.full(201, float(n)),) * 2, Study(alpha))
            assert np.isfinite(found).all()
            assert (np.diff(found) >= -1e-9).all()
            assert found[0] == pytest.approx(alpha, rel=1e-6)
            if n > 100:
                z = stats.norm.isf(alpha / 2)
                normal = stats.norm.sf(z - effect * np.sqrt(n / 2)) + stats.norm.cdf(-z - effect * np.sqrt(n / 2))
                np.testing.assert_allclose(found, normal, atol=0.04)


@pytest.mark.parametrize("noise", ["normal", "t5", "skewed", "unequal"])
def test_simulated_t_tests_find_what_was_promised(noise: str) -> None:
    """ROIs within animals; noise that the method does not assume costs little where arms are alike."""
    rng, many, rois = np.random.default_rng(7), 8000, 3
    between, within, effect = 0.4, 0.6, 0.8
    sd = np.sqrt([between**2 + within**2 / rois])
    n = int(animals(_of(effect), sd, Study(), 0.8)[0][0])

    def draw(*shape: int) -> np.ndarray:
        if noise == "t5":
            return rng.standard_t(5, shape) / np.sqrt(5 / 3)
        return rng.gamma(2, 1 / np.sqrt(2), shape) - np.sqrt(2) if noise == "skewed" else rng.normal(size=shape)

    def arm() -> np.ndarray:
        return between * draw(many, n) + within * draw(many, n, rois).mean(axis=2)

    wide, narrow = (np.sqrt(1.6), np.sqrt(0.4)) if noise == "unequal" else (1.0, 1.0)
    p = stats.ttest_ind(wide * arm(), narrow * arm() + effect, axis=1).pvalue
    promised = power_at(_of(effect), sd, (_of(n), _of(n)), Study())[0]
    assert promised >= 0.8
    assert (p < 0.05).mean() == pytest.approx(promised, abs=0.012 if noise == "normal" else 0.025)


def test_benjamini_hochberg_finds_the_share_that_was_promised() -> None:
    rng, m, share, cohorts = np.random.default_rng(3), 300, 0.2, 60
    study = Study(0.1, m, share)
    n = int(animals(_of(1.0), _of(1.0), study, 0.8)[0][0])
    promised = power_at(_of(1.0), _of(1.0), (_of(n), _of(n)), study)[0]
    assert 0.8 <= promised < 0.86
    true = np.arange(m) < share * m
    found, false = [], []
    for _ in range(cohorts):
        x, y = rng.normal(size=(m, n)), rng.normal(size=(m, n)) + true[:, None]
        named = benjamini_hochberg(stats.ttest_ind(x, y, axis=1).pvalue) < 0.1
        found.append(named[true].mean())
        false.append(named[~true].sum() / max(named.sum(), 1))
    assert np.mean(found) == pytest.approx(promised, abs=0.015)
    assert np.mean(false) == pytest.approx(0.1 * (1 - share), abs=0.015)
    strict = animals(_of(1.0), _of(1.0), Study(0.1, m), 0.8)[0][0]
    assert n < strict  # Bonferroni asks for more
    # one true effect among many is Bonferroni's
    assert Study(0.1, m, 1 / m).level(0.8) == pytest.approx(0.1 / m)


def test_more_than_can_be_told_is_none() -> None:
    reference, group = animals(_of(1e-6, 1.0), _of(1.0, 1.0), Study(), 0.8)
    assert np.isnan([reference[0], group[0]]).all()
    assert reference[1] == 17
