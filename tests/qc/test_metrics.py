"""Metrics and limits of quality control on arrays."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import median_abs_deviation

from tumint.config.qc import Threshold
from tumint.qc.metrics import cell_metrics, lacks_intensity
from tumint.qc.thresholds import join_reasons, limits, outside

USES = ["type", "state", "dna", "dna", "reference", "ignore"]


def test_metrics_by_use():
    X = np.array([[1, 2, 3, 5, 100, 1000], [0.5, 0.25, 1, 2, 100, 1000]], dtype=np.float32)
    found = cell_metrics(X, USES, np.array([10.0, np.nan]))
    np.testing.assert_array_equal(found["area_um2"], [10.0, np.nan])
    np.testing.assert_array_equal(found["dna"], [4.0, 1.5])
    np.testing.assert_array_equal(found["total"], [3.0, 0.75])
    assert found["total"].dtype == np.float64


def test_a_marker_that_the_sample_lacks_is_left_out():
    X = np.array([[1, np.nan, 3, np.nan, 1, 1], [2, np.nan, 4, np.nan, 1, np.nan]], dtype=np.float32)
    found = cell_metrics(X, USES, np.zeros(2))
    np.testing.assert_array_equal(found["dna"], [3.0, 4.0])
    np.testing.assert_array_equal(found["total"], [1.0, 2.0])
    assert not lacks_intensity(X, USES).any()
    assert np.isnan(cell_metrics(X[:, :0], [], np.zeros(2))["total"]).all()


def test_a_cell_that_lacks_what_others_have():
    X = np.array([[1, np.nan, 3, 4, 1, 1], [2, 2, 4, 4, 1, np.nan]], dtype=np.float32)
    np.testing.assert_array_equal(lacks_intensity(X, USES), [True, False])


@pytest.mark.parametrize("deviations", [1.0, 2.0])
def test_limits_by_deviation_equal_scipys_on_the_log_scale(deviations):
    values = np.random.default_rng(1).lognormal(3, 1, 501)
    logs = np.log1p(values)
    reach = deviations * median_abs_deviation(logs, scale=1 / 1.4826)
    found = limits(values, Threshold(mad_below=deviations, mad_above=deviations))
    np.testing.assert_allclose(np.log1p(found.low), np.median(logs) - reach, rtol=1e-12)
    np.testing.assert_allclose(np.log1p(found.high), np.median(logs) + reach, rtol=1e-12)
    low, high = outside(values, found)
    np.testing.assert_array_equal(low, logs < np.median(logs) - reach)
    np.testing.assert_array_equal(high, logs > np.median(logs) + reach)
    assert low.any() or high.any()


def test_the_narrower_limit_holds():
    values = np.arange(1.0, 101.0)
    by_mad = limits(values, Threshold(mad_below=1, mad_above=1))
    assert limits(values, Threshold(min=1, max=1000, mad_below=1, mad_above=1)) == by_mad
    both = limits(values, Threshold(min=by_mad.low + 1, max=by_mad.high - 1, mad_below=1, mad_above=1))
    assert (both.low, both.high) == (by_mad.low + 1, by_mad.high - 1)


def test_no_limit_where_none_is_set_or_nothing_can_be_measured():
    none = limits(np.array([1.0, 2.0]), Threshold())
    assert np.isnan([none.low, none.high]).all()
    nothing = limits(np.full(3, np.nan), Threshold(min=2, mad_below=3))
    assert (nothing.low, np.isnan(nothing.high)) == (2, True)
    low, high = outside(np.full(3, np.nan), nothing)
    assert not low.any()
    assert not high.any()


def test_cells_that_mostly_have_one_value_give_no_spread():
    found = limits(np.array([0.0, 0, 0, 0, 5]), Threshold(mad_below=3, mad_above=3))
    assert np.isnan([found.low, found.high]).all()


def test_a_value_at_the_limit_passes():
    low, high = outside(np.array([19.9, 20.0, 400.0, 400.1]), limits(np.ones(4), Threshold(min=20, max=400)))
    assert low.tolist() == [True, False, False, False]
    assert high.tolist() == [False, False, False, True]


def test_reasons_keep_their_order():
    masks = {"a": np.array([True, False, True, False]), "b": np.array([True, True, False, False])}
    assert join_reasons(4, masks).tolist() == ["a;b", "b", "a", ""]
    assert join_reasons(0, {"a": np.empty(0, dtype=bool)}).tolist() == []
