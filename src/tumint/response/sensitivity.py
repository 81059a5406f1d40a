"""Interactions over the sensitivity grid: does an effect keep its sign and its q under other graphs and nulls?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.config.response import ResponseConfig
from tumint.fdr import benjamini_hochberg
from tumint.io.contracts import ROBUSTNESS, joined
from tumint.response.compare import Result
from tumint.response.design.groups import Design
from tumint.response.design.matrices import matrices
from tumint.response.design.status import feature_status
from tumint.response.design.subjects import Least, subject_values
from tumint.response.family_tests import prior_of, weights_of
from tumint.response.models.linear import fit
from tumint.response.models.moderated import moderated_t


def robustness(grid: pd.DataFrame, results: Sequence[Result], config: ResponseConfig) -> pd.DataFrame:
    """Contract `ROBUSTNESS`: every tested interaction of every contrast against all settings of the grid.

    Each setting is compared as the interactions themselves are, by moderated t over the same pairs, with its own q. A
    setting that has no p for a pair counts as one where it is not significant.

    Parameters
    ----------
    grid
        Contract `GRID`.
    """
    if grid.empty:
        return joined([], ROBUSTNESS, only=True)
    pairs = grid[k.SOURCE].astype(str) + k.PAIR_SEPARATOR + grid[k.TARGET].astype(str)
    grid = grid.assign(**{k.FEATURE: pairs, "setting": grid["setting"].astype(str)})
    return joined([_contrast(grid, result, config) for result in results], ROBUSTNESS, only=True)


def _contrast(grid: pd.DataFrame, result: Result, config: ResponseConfig) -> pd.DataFrame:
    effects = result.effects
    family = effects[effects[k.FAMILY] == k.FAMILY_INTERACTION]
    # q of a setting is over all pairs that the family holds, tested in the main setting or not
    grid = grid[grid[k.FEATURE].isin(set(family[k.FEATURE]))]
    tested = family[family[k.STATUS] == k.TESTED].reset_index(drop=True)
    settings = [_effects(part, result.design, config) for _, part in grid.groupby("setting", sort=True)]
    if tested.empty or not settings:
        return pd.DataFrame()
    found = [setting.reindex(tested[k.FEATURE]) for setting in settings]
    effect, q = (np.stack([setting[name].to_numpy(float) for setting in found]) for name in ("effect", "q"))
    same = np.sign(effect) == np.sign(tested["effect"].to_numpy(float))
    columns = ["contrast", k.FAMILY, k.FEATURE, k.SOURCE, k.TARGET, "effect", "q"]
    return tested[columns].assign(
        effect_low=np.fmin.reduce(effect, axis=0),
        effect_high=np.fmax.reduce(effect, axis=0),
        sign_kept=same.mean(axis=0),
        robustness=(same & (q < config.fdr)).mean(axis=0),
        n_settings=len(settings),
    )


def _effects(rows: pd.DataFrame, design: Design, config: ResponseConfig) -> pd.DataFrame:
    """Effect and q of every pair under one setting (index: feature)."""
    features = _features(rows)
    least = Least.of(config)
    values = subject_values(features, design.unit_of_sample, least)
    pairs = None if design.pair is None else (design.pair, design.group)
    (family,) = matrices(features, values, design.units, design.unit_of_sample, pairs, least)
    result = fit(family.values, design.matrix, design.effect, weights_of(family, design.matrix, config))
    status, _ = feature_status(family, design, result, config.min_subjects)
    tested = np.flatnonzero(status == k.TESTED)
    q = np.full(len(family.features), np.nan)
    if tested.size:
        part = result.take(tested)
        q[tested] = benjamini_hochberg(moderated_t(part, prior_of(part, config)).p)
    return pd.DataFrame({"effect": result.effect, "q": q}, index=family.features)


def _features(rows: pd.DataFrame) -> pd.DataFrame:
    """Counts and expectations of one setting as contract `FEATURES`."""
    expected = rows["expected"].astype(float)
    tested = rows[k.STATUS] == k.TESTED
    return pd.DataFrame(
        {
            k.SAMPLE: rows[k.SAMPLE].astype(str),
            k.FAMILY: k.FAMILY_CONTACT,
            k.FEATURE: rows[k.FEATURE],
            k.VALUE: np.log2((rows["observed"] + 0.5) / (expected + 0.5)).where(tested),
            k.SE: (rows["sd"] / ((expected + 0.5) * np.log(2))).where(tested),
            k.WEIGHT: expected.where(tested, 0.0),
            k.N: 1,
            k.STATUS: rows[k.STATUS].astype(str),
        }
    )
