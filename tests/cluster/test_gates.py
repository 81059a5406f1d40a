"""Gates of mixtures that are known, positivity counted by hand, and what is taken out of spillover and batches."""

from __future__ import annotations

import numpy as np
import pytest

from tumint.cluster.gates import gate_table, mixture_gate, positivity, rescaled
from tumint.cluster.integrate import integrate, mixing
from tumint.cluster.normalise import compensate, log_normalise, normalise
from tumint.config.cluster import IntegrateConfig, NormaliseConfig


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7])
def test_the_gate_is_where_two_gaussians_cross(share):
    rng = np.random.default_rng(3)
    n = 40_000
    values = np.where(rng.random(n) < share, rng.normal(4, 0.6, n), rng.normal(0, 0.6, n))
    gate = mixture_gate(values, seed=1)
    # (0 + 4) / 2 + 0.36 log(odds) / 4
    assert gate.at == pytest.approx(2 + 0.36 * np.log((1 - share) / share) / 4, abs=0.12)
    assert (gate.low, gate.high) == pytest.approx((0, 4), abs=0.15)
    assert gate.separation == pytest.approx(4 / 0.6, rel=0.1)
    assert gate == mixture_gate(values, seed=1)


def test_dead_pixels_make_no_gate():
    rng = np.random.default_rng(0)
    values = np.where(rng.random(5000) < 0.3, rng.normal(8, 0.3, 5000), rng.normal(7, 0.2, 5000))
    values[:20] = 0.0
    assert mixture_gate(values, seed=0).at == pytest.approx(7.5, abs=0.15)


@pytest.mark.parametrize("values", [np.zeros(100), np.full(100, np.nan), np.arange(5.0)])
def test_no_gate_where_there_is_nothing_to_part(values):
    gate = mixture_gate(values, seed=0)
    assert np.isnan(gate.at)
    assert np.isnan(rescaled(values, gate)).sum() == np.isnan(values).sum()


def test_gated_values_have_their_border_at_a_half_in_every_sample():
    rng = np.random.default_rng(0)
    positive, sample = rng.random(6000) < 0.25, np.repeat([0, 1], 3000)
    logs = np.where(positive, 6.0, 4.0) + rng.normal(0, 0.3, 6000) + np.where(sample == 1, 1.0, 0.0)
    found = normalise(np.expm1(logs)[:, None].astype(np.float32), NormaliseConfig(method="gate"), sample=sample)[:, 0]
    for s in (0, 1):
        assert ((found >= 0.5) == positive)[sample == s].mean() > 0.99
        assert np.percentile(found[sample == s], 99) == pytest.approx(1, abs=1e-6)


def test_zscores_are_of_each_sample():
    rng = np.random.default_rng(0)
    raw, sample = rng.gamma(2, 3, (500, 2)).astype(np.float32), np.repeat([0, 1], 250)
    raw[sample == 1] *= 4
    found = normalise(raw, NormaliseConfig(method="zscore", cofactor=5), sample=sample)
    for s in (0, 1):
        logs = np.arcsinh(raw[sample == s].astype(float) / 5)
        np.testing.assert_allclose(found[sample == s], (logs - logs.mean(0)) / logs.std(0), atol=1e-5)


def test_transcripts_sparse_and_dense():
    from scipy.sparse import csr_matrix

    counts = np.array([[1, 0, 3], [0, 0, 0], [5, 5, 0]], dtype=np.float32)
    expected = np.log1p([[25, 0, 75], [0, 0, 0], [50, 50, 0]])
    np.testing.assert_allclose(log_normalise(counts, 100), expected, rtol=1e-6)
    np.testing.assert_allclose(log_normalise(csr_matrix(counts), 100).toarray(), expected, rtol=1e-6)


def test_spillover_is_taken_out():
    rng = np.random.default_rng(0)
    matrix = np.array([[1, 0.1, 0], [0.02, 1, 0.05], [0, 0, 1]])
    truth = rng.gamma(1, 5, (200, 3)) * (rng.random((200, 3)) < 0.6)
    np.testing.assert_allclose(compensate(truth @ matrix, matrix), truth, atol=1e-4)
    # what no mixture of non-negative signals explains becomes the nearest that one does
    odd = np.array([[10.0, 0.0, 0.0], [np.nan, 1.0, 1.0]])
    found = compensate(odd, matrix)
    assert (found[0] >= 0).all()
    assert found[0, 0] == pytest.approx(10 / 1.01, rel=1e-6)  # least squares on (1, 0.1)
    np.testing.assert_array_equal(found[1], odd[1].astype(np.float32))


def test_positive_cells_are_counted():
    values = np.array([[0.2, 3.0], [0.7, 1.0], [0.9, 2.0], [0.1, 5.0]])
    gates = gate_table(values, ["A", "B"], {"A": 0.5, "B": 2.0}, root=False, seed=0)
    states = positivity(values, gates, np.array(["s", "s", "t", "t"]), np.array(["X", "X", "X", "Y"]))
    assert gates[["marker", "gate", "gating"]].to_numpy().tolist() == [["A", 0.5, "fixed"], ["B", 2.0, "fixed"]]
    rows = {tuple(row[:3]): tuple(row[3:]) for row in states.itertuples(index=False)}
    assert rows[("s", "X", "A")] == (2, 1)
    assert rows[("t", "X", "A")] == (1, 1)
    assert rows[("t", "Y", "A")] == (1, 0)
    assert rows[("s", "X", "B")] == (2, 1)
    assert rows[("t", "Y", "B")] == (1, 1)


@pytest.mark.long
@pytest.mark.parametrize("method", ["harmony", "centre"])
def test_batches_mix_after_integration_and_types_stay_apart(method):
    rng = np.random.default_rng(0)
    types, batch = rng.integers(0, 4, 1200), rng.integers(0, 2, 1200)
    centres = rng.normal(0, 6, (4, 8))
    values = (centres[types] + rng.normal(size=(1200, 8)) + 1.5 * batch[:, None]).astype(np.float32)
    before = mixing(values, batch, types, "before", seed=0).iloc[0]
    found = integrate(values, batch, IntegrateConfig(method=method), seed=0)
    after = mixing(found, batch, types, "after", seed=0).iloc[0]
    assert before["entropy"] < 0.3
    assert after["entropy"] > 0.9
    assert after["lisi"] == pytest.approx(2, abs=0.15)
    assert after["silhouette"] > before["silhouette"]
    np.testing.assert_array_equal(found, integrate(values, batch, IntegrateConfig(method=method), seed=0))
    assert integrate(values, batch * 0, IntegrateConfig(method=method), seed=0) is values
