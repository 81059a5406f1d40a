"""One contrast over all features: effects, intervals, p and q, and a plain reason wherever there is no p.

Tables in, tables out, no files: shared by the stage and by `tumint compare`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumint import keys as k
from tumint.config.response import ResponseConfig
from tumint.errors import Fault, SheetError
from tumint.fdr import benjamini_hochberg
from tumint.io.contracts import EFFECTS
from tumint.response.design import Design
from tumint.response.linear import Floats, LinearFit, fit
from tumint.response.moderated import moderated_t
from tumint.response.permutation import Assignments, assignments, permute
from tumint.response.subjects import subject_values


@dataclass(frozen=True)
class Family:
    """The features of one family in the subjects of a contrast, F × S."""

    name: str
    features: list[str]
    values: Floats  # NaN: not there in this subject
    n_samples: NDArray[np.int64]


@dataclass(frozen=True)
class Result:
    """A contrast: its design, effects, subject values, and per family what the test learnt."""

    design: Design
    effects: pd.DataFrame
    values: pd.DataFrame
    priors: dict[str, dict[str, float]]  # family → d0, s0_squared
    ways: Assignments | None  # None: no permutation test, `no_permutation` says why
    no_permutation: str
    reason: str  # why no feature of this contrast has a p; empty where some may


def families(features: pd.DataFrame, values: pd.DataFrame, design: Design) -> list[Family]:
    """Subject values as one matrix per family: families and features by name, all that any sample has."""
    position = {unit: i for i, unit in enumerate(design.units)}
    values = values[values[k.SUBJECT].isin(position)]
    found = []
    names = features[[k.FAMILY, k.FEATURE]].astype(str).drop_duplicates()
    for name, part in names.groupby(k.FAMILY, sort=True):
        order = sorted(part[k.FEATURE])
        row = {feature: i for i, feature in enumerate(order)}
        matrix = np.full((len(order), len(position)), np.nan)
        count = np.zeros(matrix.shape, dtype=np.int64)
        mine = values[values[k.FAMILY] == name]
        at = mine[k.FEATURE].map(row).to_numpy(dtype=np.intp), mine[k.SUBJECT].map(position).to_numpy(dtype=np.intp)
        matrix[at], count[at] = mine[k.VALUE], mine["n_samples"]
        if design.pair is not None:
            matrix[~_has_partner(matrix, design.pair, design.group)] = np.nan
        count[np.isnan(matrix)] = 0
        found.append(Family(str(name), order, matrix, count))
    return found


def _has_partner(matrix: Floats, pairs: NDArray[np.intp], group: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the pair of a subject has a value in both groups: a half pair says nothing about the effect."""
    present: NDArray[np.bool_] = ~np.isnan(matrix)
    kept = np.zeros(matrix.shape, dtype=np.bool_)
    for pair in np.unique(pairs):
        mine = pairs == pair
        kept[:, mine] = (present[:, mine & group].any(axis=1) & present[:, mine & ~group].any(axis=1))[:, None]
    return kept


def compare(features: pd.DataFrame, design: Design, config: ResponseConfig, seed: int) -> Result:
    """Compare the two groups of `design` on every feature.

    Parameters
    ----------
    features
        Table of the contract `FEATURES`, in any order.
    seed
        Seed of the sampled permutations; each contrast has a stream of its own, by its name.

    Raises
    ------
    SheetError
        The covariates cannot be told from the groups.
    """
    values = subject_values(features, design.unit_of_sample)
    parts = families(features, values, design)
    reason = _contrast_reason(design, config.min_subjects)
    if not reason:
        _check_estimable(design)
    ways, no_permutation = _assignments(design, config, seed, reason)
    frames, priors = [], {}
    for family in parts:
        frame, prior = _family_effects(family, design, config, ways)
        frames.append(frame)
        if prior:
            priors[family.name] = prior
    effects = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(EFFECTS.columns))
    return Result(design, effects[list(EFFECTS.columns)], values, priors, ways, no_permutation, reason)


def _contrast_reason(design: Design, least: int) -> str:
    contrast = design.contrast
    sizes = [(contrast.reference, int((~design.group).sum())), (contrast.group, int(design.group.sum()))]
    return _too_few(sizes, least)


def _too_few(sizes: list[tuple[str, int]], least: int) -> str:
    """Why these numbers of subjects give no p, in words; empty where they do."""
    short = [(name, n) for name, n in sizes if n < least]
    if not short:
        return ""
    said = " and ".join(f"{n or 'no'} subject{'s' if n != 1 else ''} in group `{name}`" for name, n in short)
    if min(n for _, n in short) <= 1:
        return f"{said}: no between-subject variance, so no p"
    return f"{said}: fewer than the {least} that the config asks for, so no p"


def _check_estimable(design: Design) -> None:
    X, c = design.matrix, design.effect
    if np.abs(c - c @ np.linalg.pinv(X) @ X).max() > 1e-8:
        contrast = design.contrast
        told = ", ".join(f"`{name}`" for name in contrast.adjust)
        raise SheetError(
            Fault(
                f"contrast {contrast.name}",
                f"covariates that differ within `{contrast.column}`",
                f"{told}, which do not",
            )
        )


def _assignments(design: Design, config: ResponseConfig, seed: int, reason: str) -> tuple[Assignments | None, str]:
    if reason:
        return None, reason
    if design.strata is None:
        return None, "a covariate is a number: subjects cannot be exchanged without breaking its relation to the values"
    words = [seed, int.from_bytes(hashlib.sha256(design.contrast.name.encode()).digest()[:8], "big")]
    return assignments(design.group, design.strata, config.permutations, np.random.default_rng(words)), ""


def _family_effects(
    family: Family, design: Design, config: ResponseConfig, ways: Assignments | None
) -> tuple[pd.DataFrame, dict[str, float]]:
    Y = family.values
    result = fit(Y, design.matrix, design.effect)
    table = _frame(family, design)
    status, reason = _status(family, design, result, config.min_subjects)
    tested = np.flatnonzero(status == k.TESTED)
    columns = {name: np.full(len(Y), np.nan) for name in _NUMBERS}
    columns["effect"] = np.where(status == k.ABSENT, np.nan, result.effect)
    columns[k.SE] = np.sqrt(result.variance) * result.unscaled
    columns["df"] = np.where(result.df > 0, result.df, np.nan)
    plain = (status == k.NO_P) & np.isnan(result.effect)
    columns["effect"][plain] = _difference(Y[plain], design.group)
    prior: dict[str, float] = {}
    if tested.size:
        test = moderated_t(_take(result, tested), trend=config.trend)
        for name in (k.SE, "t", "df", "p", "ci_low", "ci_high"):
            columns[name][tested] = getattr(test, name)
        prior = {"d0": float(test.prior.df[0]), "s0_squared": float(np.median(test.prior.variance))}
        if ways is not None:
            permuted = permute(Y[tested], design.nuisance, design.group, ways)
            columns["p_permutation"][tested], columns["p_maxt"][tested] = permuted.p, permuted.p_maxt
            if config.method == "permutation":
                columns["p"] = columns["p_permutation"].copy()
    columns["q"] = benjamini_hochberg(columns["p"])
    return table.assign(**columns, **{k.STATUS: status, k.REASON: reason}), prior


_NUMBERS = ("effect", k.SE, "ci_low", "ci_high", "t", "df", "p", "q", "p_mixed", "p_permutation", "p_maxt")


def _frame(family: Family, design: Design) -> pd.DataFrame:
    """Who and how many: the columns that are known before any test."""
    present = np.isfinite(family.values)
    pairs = [feature.split(k.PAIR_SEPARATOR) for feature in family.features]
    ends = [pair if len(pair) == 2 else ["", ""] for pair in pairs]
    return pd.DataFrame(
        {
            "contrast": design.contrast.name,
            k.FAMILY: family.name,
            k.FEATURE: family.features,
            k.SOURCE: [source for source, _ in ends],
            k.TARGET: [target for _, target in ends],
            "n_subjects_reference": present[:, ~design.group].sum(axis=1),
            "n_subjects_group": present[:, design.group].sum(axis=1),
            "n_samples": family.n_samples.sum(axis=1),
        }
    )


def _status(
    family: Family, design: Design, result: LinearFit, least: int
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """`tested`, `no_p` (an effect without a test) or `absent` (no effect), with the reason in words."""
    present = np.isfinite(family.values)
    contrast = design.contrast
    status, reason = np.full(len(present), k.TESTED, dtype=object), np.full(len(present), "", dtype=object)
    counts = zip(present[:, ~design.group].sum(axis=1), present[:, design.group].sum(axis=1), strict=True)
    for i, (n_reference, n_group) in enumerate(counts):
        sizes = [(contrast.reference, int(n_reference)), (contrast.group, int(n_group))]
        if n_reference == 0 or n_group == 0:
            absent = " and ".join(f"`{name}`" for name, n in sizes if n == 0)
            status[i], reason[i] = k.ABSENT, f"in no subject of group {absent}"
        elif words := _too_few(sizes, least):
            status[i], reason[i] = k.NO_P, words
        elif np.isnan(result.effect[i]):
            status[i], reason[i] = k.NO_P, "covariates cannot be told from the groups in the subjects that have it"
        elif result.df[i] <= 0:
            status[i], reason[i] = k.NO_P, "no degree of freedom left: as many coefficients as subjects"
        elif result.variance[i] == 0:
            status[i], reason[i] = k.NO_P, "no variance within the groups, so no p"
        if status[i] == k.NO_P and np.isnan(result.effect[i]):
            reason[i] += "; the effect is the difference of means, not adjusted"
    return status, reason


def _difference(Y: Floats, group: NDArray[np.bool_]) -> Floats:
    """Difference of means of the values that are there."""
    if not len(Y):
        return np.zeros(0)
    return np.nanmean(Y[:, group], axis=1) - np.nanmean(Y[:, ~group], axis=1)


def _take(result: LinearFit, rows: NDArray[np.intp]) -> LinearFit:
    return LinearFit(*(getattr(result, name)[rows] for name in ("effect", "unscaled", "variance", "df", "mean")))
