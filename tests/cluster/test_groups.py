"""Rows of each sample: as a comparison with each of them finds them."""

from __future__ import annotations

import numpy as np

from tumint.cluster.groups import rows_of_each


def test_rows_of_each_are_those_that_a_comparison_finds() -> None:
    codes = np.random.default_rng(0).choice([0, 1, 3, 6], size=200)
    found = rows_of_each(codes)
    assert len(found) == 7
    for code, rows in enumerate(found):
        np.testing.assert_array_equal(rows, np.flatnonzero(codes == code))
    assert [len(rows) for rows in rows_of_each(np.array([1, 1]), 4)] == [0, 2, 0, 0]
    assert rows_of_each(np.empty(0, dtype=np.int64)) == []
    assert [rows.tolist() for rows in rows_of_each(np.empty(0, dtype=np.int64), 2)] == [[], []]
