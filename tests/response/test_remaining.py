"""What remains of interactions: against least squares of statsmodels, and a verdict for every kind of difference."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from tumint import keys as k
from tumint.config.response import Contrast, ResponseConfig
from tumint.io.contracts import REMAINING
from tumint.io.tables import check
from tumint.response.compare import Result, compare
from tumint.response.design import groups as design
from tumint.response.remaining import _verdicts, remaining
from tumint.response.summary import summarise

CONFIG = ResponseConfig(contrasts=[Contrast(name="c", column="arm", reference="v", group="t")])


def _result(values: dict[tuple[str, str], np.ndarray], n: int) -> Result:
    """A contrast of n against n subjects, one ROI each; `{(family, feature): values}`."""
    names = [f"s{i:02d}" for i in range(2 * n)]
    sheet = pd.DataFrame({k.SAMPLE: names, k.SUBJECT: names, "arm": np.repeat(["v", "t"], n)}, dtype=object)
    parts = [
        pd.DataFrame(
            {k.SAMPLE: names, k.FAMILY: family, k.FEATURE: feature, k.VALUE: y, k.SE: 1e-4, k.WEIGHT: 1e8, k.N: 9}
        )
        for (family, feature), y in values.items()
    ]
    features = pd.concat(parts, ignore_index=True).assign(**{k.STATUS: k.TESTED})
    return compare(features, design.build(sheet, CONFIG.contrasts[0], "sheet"), CONFIG, 0, beside=())


def test_equals_least_squares_with_the_shares_as_covariates() -> None:
    rng, n = np.random.default_rng(0), 6
    arm = np.repeat([0.0, 1.0], n)
    a, b = rng.normal(size=(2, 2 * n))
    pair, other = 1.2 * arm + 0.5 * a + rng.normal(0, 0.4, (2, 2 * n))
    pair[2] = np.nan
    everywhere = pair + 0.8 * arm + rng.normal(0, 0.3, 2 * n)
    inside, contact, whole = k.FAMILY_INTERACTION, k.FAMILY_CONTACT, k.FAMILY_TOTAL
    values = {
        (inside, "a|b"): pair,
        (inside, "a|a"): other,
        (contact, "a|b"): 1.4 * pair,
        (contact, "a|a"): 1.4 * other,
        (whole, "a|b"): 1.4 * pair + everywhere - pair,
        (whole, "a|a"): 1.4 * other + 0.1 * a,
    }
    values |= {(k.FAMILY_COMPOSITION, "a"): a, (k.FAMILY_COMPOSITION, "b"): b}
    keep = np.isfinite(pair)
    result = _result({key: np.where(np.isfinite(y), y, 0.0) for key, y in values.items()}, n)
    for name in (inside, contact, whole):
        family = next(part for part in result.families if part.name == name)
        family.values[family.features.index("a|b"), ~keep] = np.nan  # not there in one subject
    table = remaining(result, CONFIG)
    check(table, REMAINING, "remaining")
    row = table.set_index(k.FEATURE).loc["a|b"]
    # two pairs: too few for a prior, so that moderated t is the ordinary one
    ols = sm.OLS(pair[keep], np.column_stack([np.ones(2 * n), arm, a, b])[keep]).fit()
    low, high = ols.conf_int()[1]
    got = row[["effect_adjusted", "ci_low_adjusted", "ci_high_adjusted", "p_adjusted", "df_adjusted"]].tolist()
    np.testing.assert_allclose(got, [ols.params[1], low, high, ols.pvalues[1], ols.df_resid], rtol=1e-5)
    one = sm.OLS(other, np.column_stack([np.ones(2 * n), arm, a])).fit()  # a type with itself has one share
    assert table.set_index(k.FEATURE).loc["a|a", "effect_adjusted"] == pytest.approx(one.params[1], rel=1e-5)
    change = sm.OLS((everywhere - pair)[keep], np.column_stack([np.ones(2 * n), arm])[keep]).fit()
    assert row["p_shared"] == pytest.approx(change.pvalues[1], rel=1e-4)
    both = sm.OLS(1.4 * pair[keep], np.column_stack([np.ones(2 * n), arm])[keep]).fit()
    assert row["effect_contact"] == pytest.approx(both.params[1], rel=1e-6)
    shares = result.effects.set_index([k.FAMILY, k.FEATURE]).loc[k.FAMILY_COMPOSITION]
    assert row["effect_source"] == shares.loc["a", "effect"]
    assert row["q_target"] == shares.loc["b", "q"]


def test_every_kind_of_difference_has_its_verdict() -> None:
    rng, n = np.random.default_rng(1), 8
    arm = np.repeat([0.0, 1.0], n)
    types = "abcde"
    shares = {t: rng.normal(0, 0.5, 2 * n) + (2.0 * arm if t == "c" else 0.0) for t in types}
    noise = lambda: rng.normal(0, 0.2, 2 * n)  # noqa: E731
    inside = {f"{s}|{t}": noise() for s in types for t in types if s < t}
    whole = {pair: y + rng.normal(0, 0.05, 2 * n) for pair, y in inside.items()}
    inside["a|b"] = inside["a|b"] + 2 * arm  # a difference of its own
    inside["b|c"] = shares["c"] + 0.2 * noise()  # one that follows the share of c
    for pair in ("a|b", "b|c"):
        whole[pair] = inside[pair] + rng.normal(0, 0.05, 2 * n)
    whole["a|d"] = whole["a|d"] + 2 * arm  # one of where the cells are
    whole["a|e"] = 0.35 * arm + noise()
    inside["a|e"] = 0.6 * whole["a|e"] + rng.normal(0, 0.5, 2 * n)
    values = {(family, pair): y for pair, y in inside.items() for family in (k.FAMILY_INTERACTION, k.FAMILY_CONTACT)}
    values |= {(k.FAMILY_TOTAL, pair): y for pair, y in whole.items()}
    with_shares = values | {(k.FAMILY_COMPOSITION, t): y for t, y in shares.items()}
    table = remaining(_result(with_shares, n), CONFIG).set_index(k.FEATURE)
    assert table.loc["a|b", "verdict"] == "remains"
    assert table.loc["b|c", "verdict"] == "not apart from composition"
    assert table.loc["a|d", "verdict"] == "shared tissue"
    assert table.loc["a|e", "verdict"] == "undecided"
    assert table.loc["d|e", "verdict"] == "no difference"
    bare = remaining(_result(values, n), CONFIG).set_index(k.FEATURE)
    assert bare.loc["a|b", "verdict"] == "not adjusted"
    assert bare["effect_adjusted"].isna().all()


def test_no_interaction_leaves_an_empty_table() -> None:
    result = _result({(k.FAMILY_COMPOSITION, "a"): np.arange(8.0)}, 4)
    table = remaining(result, CONFIG)
    assert table.empty
    check(table, REMAINING, "remaining")


def test_a_verdict_turns_where_its_rule_says() -> None:
    clear = {
        "effect": 1.0,
        "effect_adjusted": 1.0,
        "ci_low_adjusted": 0.1,
        "ci_high_adjusted": 2.0,
        "q": 0.01,
        "q_total": 0.01,
        "effect_contact": 0.5,
        "effect_total": 1.0,
        "p_shared": 0.01,
    }

    def said(**changed: float) -> str:
        return _verdicts(pd.DataFrame([clear | changed]), 0.1)[0]

    assert said() == "remains"
    # both ends of the interval lie on the side of the effect
    assert said(ci_low_adjusted=-0.1) == "not apart from composition"
    assert said(effect=-1.0, ci_low_adjusted=-2.0, ci_high_adjusted=-0.1) == "remains"
    assert said(effect=-1.0, ci_low_adjusted=-2.0, ci_high_adjusted=0.1) == "not apart from composition"
    assert said(ci_low_adjusted=0.0) == "not apart from composition"
    assert said(effect_adjusted=np.nan) == "not adjusted"
    # q itself is not below the rate
    assert said(q=0.1) == "shared tissue"
    assert said(q=0.1, p_shared=0.05) == "undecided"
    assert said(q=0.1, effect_contact=-1.0) == "undecided"
    assert said(q=0.1, q_total=0.1) == "no difference"


def _grades(seed: int, *, confounded: bool, n: int = 6) -> list[tuple[str, str]]:
    """Pairs found and their grades: contacts follow the share of a, commoner in one arm, or a–b truly differ."""
    rng, arm, types = np.random.default_rng(seed), np.repeat([0.0, 1.0], n), "abcde"
    shares = {name: rng.normal(0, 0.5, 2 * n) + 2 * arm * (confounded and name == "a") for name in types}
    values = {(k.FAMILY_COMPOSITION, name): share for name, share in shares.items()}
    for i, source in enumerate(types):
        for target in types[i:]:
            value = rng.standard_t(4, 2 * n) * 0.25  # heavier tails than the model has
            value += 0.9 * shares["a"] * (confounded and source == "a")
            value += 1.5 * arm * (not confounded and (source, target) == ("a", "b"))
            values[k.FAMILY_INTERACTION, f"{source}|{target}"] = value
    result = _result(values, n)
    (said,) = summarise([result], [{}], CONFIG, [], left=remaining(result, CONFIG))["contrasts"]
    return [(row[k.FEATURE], row["grade"]) for row in said["findings"] if row[k.FAMILY] == k.FAMILY_INTERACTION]


@pytest.mark.slow
def test_contact_that_follows_composition_is_not_graded_solid_and_a_true_difference_is() -> None:
    rows = [row for seed in range(20) for row in _grades(seed, confounded=True)]
    mine = [grade for pair, grade in rows if pair.startswith("a|")]
    assert len(mine) > 80
    assert mine.count(k.SOLID) <= 0.05 * len(mine)
    assert mine.count(k.BY_COMPOSITION) >= 0.85 * len(mine)
    true = [grade for seed in range(20) for pair, grade in _grades(seed, confounded=False) if pair == "a|b"]
    assert len(true) >= 18
    assert true.count(k.SOLID) >= 0.9 * len(true)
