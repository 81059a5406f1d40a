"""What is left of a difference in interactions when tissue domains and composition are accounted for."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.config.response import ResponseConfig
from tumint.io.contracts import REMAINING
from tumint.response.compare import Result
from tumint.response.families import Family
from tumint.response.inference import prior_of
from tumint.response.linear import Floats, LinearFit, fit
from tumint.response.moderated import moderated_t

REMAINS, COMPOSITION, NOT_ADJUSTED = "remains", "not apart from composition", "not adjusted"
TISSUE, UNDECIDED, NO_DIFFERENCE = "shared tissue", "undecided", "no difference"
_LEVEL = 0.05  # of the interval at equal composition, and of the change that domains make


def remaining(result: Result, config: ResponseConfig) -> pd.DataFrame:
    """Contract `REMAINING`: every tested interaction beside what could explain it away.

    The effect at equal composition comes from the model of the contrast with the logits of the shares of both types
    (one for a type with itself) as covariates of each pair, its variance moderated over the pairs. What domains change
    is the same contrast of (global − within domain), subject by subject: that one effect is significant and the other
    not does not show that they differ.

    Notes
    -----
    `verdict` is, for a pair with q below the config's `fdr`: "remains" (the interval at equal composition lies on the
    same side of 0), "not apart from composition" (it does not), "not adjusted" (no degree of freedom left, or no
    shares). For one that is so only over the whole image: "shared tissue" (domains take a significant part of it away)
    or "undecided". Else "no difference".
    """
    names = {family.name: family for family in result.families}
    primary, effects = names.get(k.FAMILY_INTERACTION), result.effects
    rows = effects[(effects[k.FAMILY] == k.FAMILY_INTERACTION) & (effects[k.STATUS] == k.TESTED)]
    if primary is None or rows.empty:
        return pd.DataFrame(columns=list(REMAINING.columns))
    rows = rows.reset_index(drop=True)
    table = rows[["contrast", k.FEATURE, k.SOURCE, k.TARGET, "effect", "ci_low", "ci_high", "q"]]
    everywhere = effects[effects[k.FAMILY] == k.FAMILY_INTERACTION_GLOBAL].set_index(k.FEATURE)
    shares = effects[effects[k.FAMILY] == k.FAMILY_COMPOSITION].set_index(k.FEATURE)
    beside = {
        f"{column}_{side}": _looked_up(of, rows[key], column)
        for side, of, key in (
            ("global", everywhere, k.FEATURE),
            ("source", shares, k.SOURCE),
            ("target", shares, k.TARGET),
        )
        for column in ("effect", "q")
    }
    table = table.assign(
        **beside, p_domain=_changed(primary, names.get(k.FAMILY_INTERACTION_GLOBAL), rows, result, config)
    )
    table = table.join(_adjusted(primary, names.get(k.FAMILY_COMPOSITION), rows, result, config))
    return table.assign(verdict=_verdicts(table, config.fdr))


def _looked_up(of: pd.DataFrame, names: pd.Series, column: str) -> Floats:
    return of[column].reindex(names).to_numpy(dtype=float) if len(of) else np.full(len(names), np.nan)


def _changed(
    primary: Family, everywhere: Family | None, rows: pd.DataFrame, result: Result, config: ResponseConfig
) -> Floats:
    """P of what domains change of each effect (F,)."""
    if everywhere is None:
        return np.full(len(rows), np.nan)
    change = _values(everywhere, rows[k.FEATURE]) - _values(primary, rows[k.FEATURE])
    fitted = fit(change, result.design.matrix, result.design.effect)
    return _tests(fitted, config)["p"].to_numpy()


def _adjusted(
    primary: Family, composition: Family | None, rows: pd.DataFrame, result: Result, config: ResponseConfig
) -> pd.DataFrame:
    """Effect, interval, p and degrees of freedom at equal shares of the two types; missing where there are none."""
    Y, X, contrast = _values(primary, rows[k.FEATURE]), result.design.matrix, result.design.effect
    if composition is None:
        parts = [fit(np.full((1, len(X)), np.nan), X, contrast)] * len(rows)
    else:
        parts = [
            _at_equal_shares(y, _values(composition, list(dict.fromkeys(pair))), X, contrast)
            for y, pair in zip(Y, zip(rows[k.SOURCE], rows[k.TARGET], strict=True), strict=True)
        ]
    fitted = LinearFit(*(np.concatenate([getattr(p, name) for p in parts]) for name in LinearFit.__dataclass_fields__))
    return _tests(fitted, config).add_suffix("_adjusted")


def _at_equal_shares(y: Floats, shares: Floats, X: Floats, contrast: Floats) -> LinearFit:
    there = np.isfinite(y) & np.isfinite(shares).all(axis=0)
    covariates = np.where(there, shares - shares[:, there].mean(axis=1, keepdims=True) if there.any() else 0.0, 0.0)
    return fit(
        np.where(there, y, np.nan)[None], np.column_stack([covariates.T, X]), np.append(np.zeros(len(shares)), contrast)
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


def _values(family: Family, features: pd.Series | list[str]) -> Floats:
    """Values of these features (F, S), missing where the family has none of the name."""
    at = {feature: i for i, feature in enumerate(family.features)}
    empty = np.full(family.values.shape[1], np.nan)
    return np.stack([family.values[at[f]] if f in at else empty for f in features])


def _verdicts(table: pd.DataFrame, fdr: float) -> list[str]:
    same = np.sign(table["ci_low_adjusted"]) == np.sign(table["effect"])
    same &= np.sign(table["ci_high_adjusted"]) == np.sign(table["effect"])
    here, everywhere = table["q"] < fdr, table["q_global"] < fdr
    smaller = table["effect"].abs() < table["effect_global"].abs()
    conditions = [
        here & table["effect_adjusted"].isna(),
        here & same,
        here,
        everywhere & smaller & (table["p_domain"] < _LEVEL),
        everywhere,
    ]
    words = [NOT_ADJUSTED, REMAINS, COMPOSITION, TISSUE, UNDECIDED]
    return [str(word) for word in np.select(conditions, words, NO_DIFFERENCE)]
