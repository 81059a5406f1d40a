"""Leave one subject out: how far each effect moves, and which subject carries it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumint.response.design.groups import Design
from tumint.response.models.linear import Floats, LinearFit, fit
from tumint.response.models.moderated import Prior, moderated_t


def influence(
    Y: Floats,
    design: Design,
    least: int,
    prior_of: Callable[[LinearFit], Prior],
    weights: Floats | None = None,
) -> pd.DataFrame:
    """Refit every feature without each subject (each pair, in a paired design).

    Parameters
    ----------
    Y
        Values of the tested features of one family, shape (F, S).
    least
        A refit that leaves fewer subjects in a group gives an effect and no p.
    weights
        Of the values, shape (F, S).

    Returns
    -------
    One row per feature: range of the effect, its sign kept or not, largest p, and the subject whose absence moves the
    effect most, with effect and p without it. Missing where no subject can be left out.
    """
    units = np.arange(len(design.units)) if design.pair is None else design.pair
    names = pd.Series(design.units).groupby(units).agg(" + ".join)
    full = fit(Y, design.matrix, design.effect, weights).effect
    shape = (len(names), len(Y))
    effects, p = np.full(shape, np.nan), np.full(shape, np.nan)
    for i, unit in enumerate(names.index):
        effects[i], p[i] = _refit(Y, design, units == unit, least, prior_of, weights)
    moved = np.where(np.isfinite(effects), np.abs(effects - full), -1.0)
    carrier = moved.argmax(axis=0) if len(names) else np.zeros(len(Y), dtype=np.intp)
    none = ~np.isfinite(effects).any(axis=0)
    at = (carrier, np.arange(len(Y)))
    with np.errstate(invalid="ignore"):
        kept = np.where(np.isfinite(effects), np.sign(effects) == np.sign(full), True).all(axis=0)
    return pd.DataFrame(
        {
            "effect": full,
            "effect_low": np.where(none, np.nan, np.nanmin(np.where(none, 0.0, effects), axis=0)),
            "effect_high": np.where(none, np.nan, np.nanmax(np.where(none, 0.0, effects), axis=0)),
            "sign_kept": kept,
            "largest_p": _largest(p),
            "subject": np.where(none, "", names.to_numpy(dtype=object)[carrier]),
            "effect_without": effects[at],
            "p_without": p[at],
        }
    )


def _refit(
    Y: Floats,
    design: Design,
    out: NDArray[np.bool_],
    least: int,
    prior_of: Callable[[LinearFit], Prior],
    weights: Floats | None,
) -> tuple[Floats, Floats]:
    values = Y.copy()
    values[:, out] = np.nan
    result = fit(values, design.matrix, design.effect, weights)
    p = np.full(len(Y), np.nan)
    there = np.isfinite(values)
    enough = (there[:, design.group].sum(axis=1) >= least) & (there[:, design.reference].sum(axis=1) >= least)
    tested = np.flatnonzero(enough & (result.df > 0) & (result.variance > 0))
    if tested.size:
        part = result.take(tested)
        p[tested] = moderated_t(part, prior_of(part)).p
    effect = result.effect.copy()
    effect[~np.isfinite(Y[:, out]).any(axis=1)] = np.nan  # this feature never had the subject
    p[np.isnan(effect)] = np.nan
    return effect, p


def _largest(p: Floats) -> Floats:
    return np.where(np.isfinite(p).any(axis=0), np.nanmax(np.where(np.isfinite(p), p, -1.0), axis=0), np.nan)
