"""Normalisation against a slow one, written cell by cell."""

from __future__ import annotations

import numpy as np
import pytest

from tumint.cluster.normalise import features, normalise, reference_levels
from tumint.config.cluster import NormaliseConfig


def _percentile(values, percent):
    """Linear interpolation between order statistics (R's type 7)."""
    ordered = sorted(values)
    at = (len(ordered) - 1) * percent / 100
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


@pytest.fixture
def raw():
    rng = np.random.default_rng(1)
    values = rng.gamma(0.7, 2.0, size=(400, 3)) * (rng.random((400, 3)) < 0.8)
    return values.astype(np.float32), rng.integers(0, 4, size=400), rng.gamma(20, 1.0, size=400).astype(np.float32)


def test_reference_is_the_published_pipeline(raw):
    values, sample, reference = raw
    levels = reference_levels(reference, sample)
    found = normalise(values, NormaliseConfig(percentile=97.0), scale=levels[sample])
    for s in range(4):
        assert levels[s] == pytest.approx(_percentile([float(r) for r in reference[sample == s]], 50))
    for m in range(3):
        divided = [float(v) / levels[s] for v, s in zip(values[:, m], sample, strict=True)]
        top = _percentile([v for v in divided if v > 0.001], 97.0)
        np.testing.assert_allclose(found[:, m], [v / top for v in divided], rtol=1e-6)
    assert found.max() > 1  # not cut
    assert found.dtype == np.float32


def test_gain_of_a_sample_cancels(raw):
    values, sample, reference = raw
    gain = np.array([1.0, 3.0, 0.2, 8.0])[sample]
    one = normalise(values, NormaliseConfig(), scale=reference_levels(reference, sample)[sample])
    brighter = (values * gain[:, None]).astype(np.float32)
    levels = reference_levels((reference * gain).astype(np.float32), sample)
    np.testing.assert_allclose(normalise(brighter, NormaliseConfig(), scale=levels[sample]), one, rtol=1e-5)


def test_other_methods_and_empty_markers(raw):
    values = raw[0].copy()
    arcsinh = normalise(values, NormaliseConfig(method="arcsinh", cofactor=2.0))
    halves = values.astype(float) / 2
    np.testing.assert_allclose(arcsinh, np.log(halves + np.sqrt(halves**2 + 1)), rtol=1e-6)
    np.testing.assert_array_equal(normalise(values, NormaliseConfig(method="none")), values)
    values[:, 0], values[:100, 1] = 0.0, np.nan
    found = normalise(values, NormaliseConfig(), scale=np.ones(len(values)))
    assert (found[:, 0] == 0).all()
    assert np.isnan(found[:100, 1]).all()
    assert np.isfinite(found[100:]).all()


def test_reference_without_a_value_is_nan():
    levels = reference_levels(np.array([np.nan, 2.0, np.nan, 6.0], dtype=np.float32), np.array([0, 1, 1, 1]))
    assert np.isnan(levels[0])
    assert levels[1] == 4.0


def test_features_are_square_roots_of_scaled_counts_only():
    values = np.array([[4.0, -1.0]], dtype=np.float32)
    assert features(values, NormaliseConfig()).tolist() == [[2.0, 0.0]]
    assert features(values, NormaliseConfig(method="arcsinh")).tolist() == [[4.0, -1.0]]
