"""Counts at places: Poisson regression against closed forms and statsmodels, edgeR's own numbers, weighted FDR."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from tumint.config.response import Contrast
from tumint.fdr import benjamini_hochberg
from tumint.response.abundance import abundance, weighted_fdr
from tumint.response.design import groups
from tumint.response.models.counts import count_test, poisson_fit

ORACLE = Path(__file__).parents[1] / "data" / "oracles" / "edger_places.csv"


def table(rng: np.random.Generator, places: int = 40, animals: int = 10) -> tuple[np.ndarray, np.ndarray]:
    size = rng.integers(300, 1000, animals).astype(float)
    return rng.poisson(0.01 * size * rng.gamma(4, 0.25, (places, animals))).astype(float), size


def test_two_groups_have_the_ratio_of_their_sums():
    counts, size = table(np.random.default_rng(0))
    group = np.repeat([0.0, 1.0], 5)
    beta, _ = poisson_fit(counts, np.column_stack([np.ones(10), group]), size)
    rate = [counts[:, group == g].sum(axis=1) / size[group == g].sum() for g in (0, 1)]
    assert beta[:, 1] == pytest.approx(np.log(rate[1] / rate[0]), abs=1e-8)


def test_covariates_as_statsmodels_has_them():
    rng = np.random.default_rng(1)
    counts, size = table(rng, 5)
    X = np.column_stack([np.ones(10), rng.normal(size=10), np.repeat([0.0, 1.0], 5)])
    beta, _ = poisson_fit(counts, X, size)
    for row, ours in zip(counts, beta, strict=True):
        peer = sm.GLM(row, X, family=sm.families.Poisson(), offset=np.log(size)).fit(tol=1e-12)
        assert ours == pytest.approx(peer.params, abs=1e-7)


def test_equals_edger():
    """`benchmarks/edger_places.R` on the same counts: glmFit and glmQLFit(legacy=TRUE) at dispersion 0."""
    known = pd.read_csv(ORACLE)
    counts = known.filter(like="count_").to_numpy(float)
    size = known.filter(like="size_").to_numpy(float)[0]
    X = np.column_stack([np.ones(10), np.tile([0.0, 1.0, 2.0, 0.5, 1.5], 2), np.repeat([0.0, 1.0], 5)])
    test = count_test(counts, X, size)
    assert test.effect == pytest.approx(known["log_ratio"].to_numpy(), abs=1e-6)
    assert test.f == pytest.approx(known["F"].to_numpy(), rel=1e-5, abs=1e-8)
    assert test.df == pytest.approx(known["df"].to_numpy(), rel=1e-5)
    assert test.p == pytest.approx(known["p"].to_numpy(), rel=1e-5)


def test_weighted_fdr():
    p = np.random.default_rng(0).random(30) ** 3
    assert weighted_fdr(p, np.ones(30)) == pytest.approx(benjamini_hochberg(p))
    # a test of weight two is as good as the same test twice
    weight = np.random.default_rng(1).integers(1, 3, 30)
    twice = benjamini_hochberg(np.repeat(p, weight))[np.cumsum(weight) - 1]
    assert weighted_fdr(p, weight.astype(float)) == pytest.approx(twice)


def test_a_planted_place_is_called_and_animals_that_say_nothing_are_left_out():
    rng = np.random.default_rng(2)
    sheet = pd.DataFrame({"sample": [f"s{i}" for i in range(12)], "subject": [f"m{i}" for i in range(12)]})
    sheet["arm"] = np.repeat(["vehicle", "treated"], 6)
    rate = np.ones((60, 12))
    rate[:5, 6:] = 4.0
    counts = rng.poisson(8 * rate * rng.gamma(10, 0.1, (60, 12)))
    places = pd.DataFrame({"place": np.repeat(np.arange(60), 12), "sample": np.tile(sheet["sample"], 60)})
    places = places.assign(n=counts.reshape(-1), drawn=500, reach=0.2, niche="N01 b", at_sample="s0", at_cell=1)
    contrast = Contrast(name="c", column="arm", reference="vehicle", group="treated")
    found = abundance(places, groups.build(sheet, contrast, "sheet"), 2)
    assert (found.loc[:4, "q"] < 0.01).all()
    assert (found.loc[5:, "q"] > 0.05).all()
    assert found.loc[:4, "effect"].to_numpy() == pytest.approx(np.log(4), abs=0.8)
    few = abundance(places, groups.build(sheet.iloc[[0, 6, 7]], contrast, "sheet"), 2)
    assert few["p"].isna().all()
