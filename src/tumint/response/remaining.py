"""Beside every interaction what could explain it away: composition; and what two types share without contact."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.config.response import ResponseConfig
from tumint.io.contracts import REMAINING, empty
from tumint.response.compare import Result
from tumint.response.design.matrices import Matrices
from tumint.response.family_tests import prior_of, weights_of
from tumint.response.models.linear import Floats, LinearFit, fit
from tumint.response.models.moderated import moderated_t

_LEVEL = 0.05  # of the interval at equal composition, and of what is shared without contact


def remaining(result: Result, config: ResponseConfig) -> pd.DataFrame:
    """Contract `REMAINING`: every tested interaction beside what could explain it away.

    The effect at equal composition comes from the model of the contrast with the logits of the shares of both types
    (one for a type with itself) as covariates of each pair, its variance moderated over the pairs. What is shared
    without contact is the same contrast of (total − contact), subject by subject: that one effect is significant and
    the other not does not show that they differ.

    Notes
    -----
    `verdict` is, for a pair with q below the config's `fdr`: "remains" (the interval at equal composition lies on the
    same side of 0), "not apart from composition" (it does not), "not adjusted" (no degree of freedom left, or no
    shares). For one whose contacts differ in number, and not in odds: "shared tissue" (what is shared without contact
    is a significant part of it) or "undecided". Else "no difference".
    """
    names = {family.name: family for family in result.families}
    primary, effects = names.get(k.FAMILY_INTERACTION), result.effects
    rows = effects[(effects[k.FAMILY] == k.FAMILY_INTERACTION) & (effects[k.STATUS] == k.TESTED)]
    if primary is None or rows.empty:
        return empty(REMAINING)
    rows = rows.reset_index(drop=True)
    table = rows[["contrast", k.FEATURE, k.SOURCE, k.TARGET, "effect", "ci_low", "ci_high", "q"]]
    total = effects[effects[k.FAMILY] == k.FAMILY_TOTAL].set_index(k.FEATURE)
    shares = effects[effects[k.FAMILY] == k.FAMILY_COMPOSITION].set_index(k.FEATURE)
    beside = {
        f"{column}_{side}": _looked_up(of, rows[key], column)
        for side, of, key in (
            ("total", total, k.FEATURE),
            ("source", shares, k.SOURCE),
            ("target", shares, k.TARGET),
        )
        for column in ("effect", "q")
    }
    shared, by_contact = (_parts(names, rows, result, config, name) for name in (k.FAMILY_TOTAL, k.FAMILY_CONTACT))
    table = table.assign(**beside, effect_contact=by_contact.effect, p_shared=_tests(shared, config)["p"])
    table = table.join(_adjusted(primary, names.get(k.FAMILY_COMPOSITION), rows, result, config))
    return table.assign(verdict=_verdicts(table, config.fdr))


def _looked_up(of: pd.DataFrame, names: pd.Series, column: str) -> Floats:
    return of[column].reindex(names).to_numpy(dtype=float) if len(of) else np.full(len(names), np.nan)


def _parts(
    names: dict[str, Matrices], rows: pd.DataFrame, result: Result, config: ResponseConfig, of: str
) -> LinearFit:
    """The contrast of contact alone or, of the total, of what is shared without contact; missing without either."""
    families = [names.get(name) for name in (k.FAMILY_TOTAL, k.FAMILY_CONTACT)]
    total, contact = (
        np.full((len(rows), len(result.design.units)), np.nan) if family is None else _values(family, rows[k.FEATURE])
        for family in families
    )
    values = contact if of == k.FAMILY_CONTACT else total - contact
    return fit(values, result.design.matrix, result.design.effect)


def _adjusted(
    primary: Matrices, composition: Matrices | None, rows: pd.DataFrame, result: Result, config: ResponseConfig
) -> pd.DataFrame:
    """Effect, interval, p and degrees of freedom at equal shares of the two types; missing where there are none."""
    Y, X, contrast = _values(primary, rows[k.FEATURE]), result.design.matrix, result.design.effect
    weights = weights_of(primary, X, config)
    if composition is None:
        parts = [fit(np.full((1, len(X)), np.nan), X, contrast)] * len(rows)
    else:
        at, ends = {name: i for i, name in enumerate(primary.features)}, (k.FEATURE, k.SOURCE, k.TARGET)
        parts = [
            _at_equal_shares(
                y,
                _values(composition, list(dict.fromkeys((source, target)))),
                X,
                contrast,
                None if weights is None else weights[at[feature]],
            )
            for y, feature, source, target in zip(Y, *(rows[name] for name in ends), strict=True)
        ]
    fitted = LinearFit(*(np.concatenate([getattr(p, name) for p in parts]) for name in LinearFit.__dataclass_fields__))
    return _tests(fitted, config).add_suffix("_adjusted")


def _at_equal_shares(y: Floats, shares: Floats, X: Floats, contrast: Floats, weights: Floats | None) -> LinearFit:
    there = np.isfinite(y) & np.isfinite(shares).all(axis=0)
    covariates = np.where(there, shares - shares[:, there].mean(axis=1, keepdims=True) if there.any() else 0.0, 0.0)
    return fit(
        np.where(there, y, np.nan)[None],
        np.column_stack([covariates.T, X]),
        np.append(np.zeros(len(shares)), contrast),
        None if weights is None else weights[None],
    )


def _tests(fitted: LinearFit, config: ResponseConfig) -> pd.DataFrame:
    """Moderated t of the features that have a variance; the effect of those that have none stays missing too."""
    columns = {name: np.full(len(fitted.effect), np.nan) for name in ("effect", "ci_low", "ci_high", "p", "df")}
    usable = np.flatnonzero(np.isfinite(fitted.effect) & (fitted.df > 0) & (fitted.variance > 0))
    if usable.size:
        part = fitted.take(usable)
        test = moderated_t(part, prior_of(part, config), level=1 - _LEVEL)
        columns["effect"][usable] = part.effect
        for name in ("ci_low", "ci_high", "p", "df"):
            columns[name][usable] = getattr(test, name)
    return pd.DataFrame(columns)


def _values(family: Matrices, features: pd.Series | list[str]) -> Floats:
    """Values of these features (F, S), missing where the family has none of the name."""
    at = {feature: i for i, feature in enumerate(family.features)}
    empty = np.full(family.values.shape[1], np.nan)
    return np.stack([family.values[at[f]] if f in at else empty for f in features])


def _verdicts(table: pd.DataFrame, fdr: float) -> list[str]:
    same = np.sign(table["ci_low_adjusted"]) == np.sign(table["effect"])
    same &= np.sign(table["ci_high_adjusted"]) == np.sign(table["effect"])
    here, in_all = table["q"] < fdr, table["q_total"] < fdr
    smaller = table["effect_contact"].abs() < table["effect_total"].abs()
    conditions = [
        here & table["effect_adjusted"].isna(),
        here & same,
        here,
        in_all & smaller & (table["p_shared"] < _LEVEL),
        in_all,
    ]
    words = [k.NOT_ADJUSTED, k.REMAINS, k.NOT_APART, k.SHARED_TISSUE, k.UNDECIDED]
    return [str(word) for word in np.select(conditions, words, k.NO_DIFFERENCE)]
