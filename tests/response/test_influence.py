"""Leave one subject out, against refits by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.config.response import Contrast
from tumint.response.design import groups as design
from tumint.response.influence import influence
from tumint.response.models.linear import LinearFit
from tumint.response.models.moderated import Prior, fit_prior


def _prior(fit: LinearFit) -> Prior:
    return fit_prior(fit.variance, fit.df)


def _design(n: int) -> design.Design:
    names = [f"{arm}{i}" for arm in "tv" for i in range(n)]
    sheet = pd.DataFrame({k.SAMPLE: names, k.SUBJECT: names, "arm": [name[0] for name in names]}, dtype=object)
    return design.build(sheet, Contrast(name="c", column="arm", reference="v", group="t"), "sheet")


def test_the_subject_that_carries_an_effect_is_named() -> None:
    Y = np.array([[9.0, 1, 0, 1, 0, 1], [3.0, 3.2, 2.9, 0, 0.2, 0.1], [1.0, np.nan, 2.0, 0.5, 2, 4]])
    got = influence(Y, _design(3), 2, _prior)
    assert got["subject"].tolist()[0] == "t0"
    assert got.loc[0, "effect_without"] == pytest.approx(0.5 - 2 / 3)
    assert got["sign_kept"].tolist() == [False, True, False]
    without = [np.delete(Y[1, :3], i).mean() - Y[1, 3:].mean() for i in range(3)]
    without += [Y[1, :3].mean() - np.delete(Y[1, 3:], i).mean() for i in range(3)]
    assert got.loc[1, "effect_low"] == pytest.approx(min(without))
    assert got.loc[1, "effect_high"] == pytest.approx(max(without))
    assert got.loc[1, "largest_p"] < 0.05 < got.loc[0, "largest_p"]


def test_a_refit_with_too_few_subjects_has_an_effect_and_no_p() -> None:
    Y = np.random.default_rng(0).normal(size=(3, 4))
    got = influence(Y, _design(2), 2, _prior)
    assert got["p_without"].isna().all()
    assert got["largest_p"].isna().all()
    assert got["effect_low"].notna().all()
