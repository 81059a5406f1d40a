"""What was named before looking, and rates over families, against their definitions step by step."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.config.response import Named
from tumint.errors import DataError
from tumint.fdr import benjamini_hochberg
from tumint.response.multiplicity import across, check_named, q_across, q_primary, simes

FAMILIES = (k.FAMILY_INTERACTION, k.FAMILY_COMPOSITION, k.FAMILY_MARKER)


def found_at(family: pd.Series, p: np.ndarray, alpha: float) -> np.ndarray:
    """Benjamini & Bogomolov 2014 as they write it: Simes, families by BH, then BH at αR/m within each."""
    names = list(dict.fromkeys(family))
    of_family = {}
    for name in names:
        ordered = np.sort(p[(family == name).to_numpy()])
        of_family[name] = min(ordered[i] * len(ordered) / (i + 1) for i in range(len(ordered)))
    ordered = sorted(of_family.values())
    R = max((i + 1 for i, value in enumerate(ordered) if value <= alpha * (i + 1) / len(names)), default=0)
    taken = sorted(names, key=lambda name: of_family[name])[:R]
    found = np.zeros(len(p), dtype=bool)
    for name in taken:
        rows = np.flatnonzero((family == name).to_numpy())
        level, values = alpha * R / len(names), np.sort(p[rows])
        most = max((i + 1 for i, value in enumerate(values) if value <= level * (i + 1) / len(values)), default=0)
        found[rows] = p[rows] <= (values[most - 1] if most else -1.0)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_the_rate_over_families_is_the_smallest_at_which_a_feature_is_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    family = pd.Series(rng.choice(FAMILIES, 40), dtype=object)
    p = rng.random(40) ** rng.choice([1, 4], 40)
    q = q_across(family, pd.Series(p))
    for alpha in (0.001, 0.01, 0.05, 0.1, 0.2, 0.5):
        np.testing.assert_array_equal(q <= alpha, found_at(family, p, alpha))
    for rate in q[q < 1][:5]:  # and at no smaller one
        mine = np.isclose(q, rate, rtol=1e-9)
        assert found_at(family, p, rate * (1 + 1e-9))[mine].all()
        assert not found_at(family, p, rate * (1 - 1e-9))[mine].any()


def test_one_family_is_corrected_as_within_it_and_other_views_of_contact_are_not_counted() -> None:
    p = pd.Series([0.001, 0.02, 0.5, np.nan, 1e-9])
    family = pd.Series([k.FAMILY_MARKER] * 4 + [k.FAMILY_TOTAL], dtype=object)
    np.testing.assert_allclose(q_across(family, p), [*benjamini_hochberg(p[:4]), np.nan])
    assert simes(np.array([0.5, 0.02, np.nan])) == pytest.approx(0.04)
    effects = pd.DataFrame({k.FAMILY: family, "q_across": q_across(family, p)})
    assert (
        across(effects, 0.1)["words"].endswith(
            "1 of them hold a difference at a rate of 0.1 (marker), 2 features in all."
        )
        or across(effects, 0.1)["n_found"] == 2
    )
    assert across(effects, 0.001)["words"].endswith("nothing holds at a rate of 0.001.")


def table() -> pd.DataFrame:
    rows = [("interaction", "A|B", 0.03), ("interaction", "A|C", 0.5), ("distance", "B|A", 0.01), ("marker", "m", 0.04)]
    return pd.DataFrame(rows, columns=[k.FAMILY, k.FEATURE, "p"])


def test_three_questions_asked_before_pay_for_three_tests() -> None:
    named = [Named(feature="B|A"), Named(family="distance", feature="B|A"), Named(family="marker", feature="m")]
    q = q_primary(table(), named)
    np.testing.assert_allclose(q[[0, 2, 3]], benjamini_hochberg([0.03, 0.01, 0.04]))
    assert np.isnan(q[1])
    assert np.isnan(q_primary(table(), [])).all()


@pytest.mark.parametrize(
    ("named", "line"),
    [
        (Named(family="distance", feature="A|B"), r"`response.primary.0`: expected a feature of the family `distance`"),
        (Named(family="markers", feature="m"), r"`response.primary.0`: expected one of the families .*found `markers`"),
    ],
)
def test_what_no_sample_has_is_one_line(named: Named, line: str) -> None:
    with pytest.raises(DataError, match=line):
        check_named(table(), [named])
