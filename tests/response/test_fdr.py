"""Benjamini-Hochberg against an independent implementation."""

from __future__ import annotations

import numpy as np
from statsmodels.stats.multitest import multipletests

from tumint.fdr import benjamini_hochberg


def test_equals_statsmodels_with_ties() -> None:
    p = np.round(np.random.default_rng(0).uniform(size=200) ** 2, 2)
    np.testing.assert_allclose(benjamini_hochberg(p), multipletests(p, method="fdr_bh")[1], rtol=1e-14)


def test_missing_p_counts_in_no_way() -> None:
    p = np.array([0.01, np.nan, 0.04, np.nan, 0.03])
    np.testing.assert_allclose(benjamini_hochberg(p), [0.03, np.nan, 0.04, np.nan, 0.04])
    assert benjamini_hochberg(np.array([])).shape == (0,)
    assert np.isnan(benjamini_hochberg([np.nan])).all()
