"""Strips in which the signal drops: found where they are, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from tumint.qc.stripes import find_stripes

OPTIONS = {"min_depth": 0.25, "max_width_um": 100.0}


def _tissue(seed: int, n: int = 3000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centres over 600 × 500 µm, a signal, and ten channels."""
    rng = np.random.default_rng(seed)
    spatial = rng.uniform(0, 1, (n, 2)) * [600, 500]
    return spatial, rng.lognormal(3, 0.25, n), rng.lognormal(1, 0.6, (n, 10))


def _dim(spatial: np.ndarray, axis: int, low: float, high: float, left: float) -> np.ndarray:
    at = spatial[:, axis]
    return np.where((at > low) & (at < high), left, 1.0)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("axis", "low", "high", "left"), [(0, 200, 220, 0.5), (1, 80, 150, 0.65), (0, 575, 600, 0.4)])
def test_a_strip_is_found_in_its_place(seed, axis, low, high, left):
    spatial, signal, channels = _tissue(seed)
    factor = _dim(spatial, axis, low, high, left)
    (found,) = find_stripes(spatial, signal * factor, channels * factor[:, None], **OPTIONS)
    assert found.axis == "xy"[axis]
    assert abs(found.start_um - low) <= 5
    assert abs(found.end_um - high) <= 5
    assert found.depth == pytest.approx(1 - left, abs=0.08)
    assert found.n_cells == pytest.approx((factor < 1).sum(), rel=0.1)


def test_strips_of_both_directions_are_found():
    spatial, signal, channels = _tissue(1, 5000)
    factor = _dim(spatial, 0, 100, 125, 0.5) * _dim(spatial, 0, 400, 430, 0.4) * _dim(spatial, 1, 250, 270, 0.45)
    found = find_stripes(spatial, signal * factor, channels * factor[:, None], **OPTIONS)
    assert [(s.axis, round(s.start_um, -1), round(s.end_um, -1)) for s in found] == [
        ("x", 100, 120) if round(found[0].end_um, -1) == 120 else ("x", 100, 130),
        ("x", 400, 430),
        ("y", 250, 270),
    ]


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_found_where_nothing_is(seed):
    assert find_stripes(*_tissue(seed), **OPTIONS) == []


def test_tissue_of_another_kind_is_no_strip():
    spatial, signal, channels = _tissue(2)
    band = _dim(spatial, 0, 200, 240, 0.5)
    # the signal drops there, and half of the channels rise
    mixed = channels.copy()
    mixed[:, :5] *= band[:, None]
    mixed[:, 5:] /= band[:, None]
    assert find_stripes(spatial, signal * band, mixed, **OPTIONS) == []


def test_shallow_and_wide_strips_are_left_by_what_the_config_says():
    spatial, signal, channels = _tissue(3)
    shallow, wide = _dim(spatial, 0, 200, 230, 0.85), _dim(spatial, 0, 200, 350, 0.5)
    assert find_stripes(spatial, signal * shallow, channels * shallow[:, None], **OPTIONS) == []
    assert find_stripes(spatial, signal * wide, channels * wide[:, None], **OPTIONS) == []
    assert find_stripes(spatial, signal * wide, channels * wide[:, None], min_depth=0.25, max_width_um=200.0)


def test_too_little_to_look_at():
    spatial, signal, channels = _tissue(0, 30)
    assert find_stripes(spatial, signal, channels, **OPTIONS) == []
    spatial, signal, channels = _tissue(0, 300)
    assert find_stripes(np.zeros_like(spatial), signal, channels, **OPTIONS) == []
    assert find_stripes(spatial, np.full(300, np.nan), channels, **OPTIONS) == []
