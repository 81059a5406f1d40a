"""One contrast over all features: effects, intervals, p and q, and a plain reason wherever there is no p.

Tables in, tables out, no files: shared by the stage and by `tumint compare`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from threadpoolctl import threadpool_limits

from tumint import keys as k
from tumint.config.response import ResponseConfig
from tumint.errors import Fault, SheetError
from tumint.fdr import benjamini_hochberg
from tumint.io.contracts import EFFECTS_ALL, INFLUENCE, MIXED, POWER, Contract
from tumint.response.design import Design
from tumint.response.families import Family, families
from tumint.response.influence import influence
from tumint.response.linear import Floats, LinearFit, fit, orthonormal
from tumint.response.mixed import MixedFit, fit_mixed
from tumint.response.moderated import Moderated, Prior, fit_prior, moderated_t
from tumint.response.permutation import Assignments, assignments, permute
from tumint.response.power import power_table
from tumint.response.repeats import subject_weights
from tumint.response.robust import fit_prior_robust
from tumint.response.subjects import subject_values

ALPHA = 0.05  # of a single test, for statements about power


@dataclass(frozen=True)
class Result:
    """A contrast: its design, effects, subject values, and per family what the test learnt."""

    design: Design
    effects: pd.DataFrame  # contract EFFECTS_ALL
    mixed: pd.DataFrame  # contract MIXED
    power: pd.DataFrame  # contract POWER
    influence: pd.DataFrame  # contract INFLUENCE
    values: pd.DataFrame
    families: list[Family]
    priors: dict[str, dict[str, float]]  # family → d0, s0_squared
    ways: Assignments | None  # None: no permutation test, `no_permutation` says why
    no_permutation: str
    reason: str  # why no feature of this contrast has a p; empty where some may
    subset: list[dict[str, Any]] = field(default_factory=list)  # what each condition left


@threadpool_limits.wrap(limits=1, user_api="blas")  # many small matrices
def compare(
    features: pd.DataFrame, design: Design, config: ResponseConfig, seed: int, *, leave_out: bool = True
) -> Result:
    """Compare the two groups of `design` on every feature.

    Parameters
    ----------
    features
        Table of the contract `FEATURES`, in any order.
    seed
        Seed of the sampled permutations; each contrast has a stream of its own, by its name.
    leave_out
        Also refit without each subject; else the influence is empty.

    Raises
    ------
    SheetError
        The covariates cannot be told from the groups.
    """
    values = subject_values(features, design.unit_of_sample)
    reason = _contrast_reason(design, config.min_subjects)
    if not reason:
        _check_estimable(design)
    ways, no_permutation = _assignments(design, config, seed, reason)
    whole = design.pair is not None and design.contrast.formula is None  # a formula can use half a pair
    pairs = (design.pair, design.group) if whole and design.pair is not None else None
    matrices = families(features, values, design.units, design.unit_of_sample, pairs)
    parts, priors = [], {}
    for family in matrices:
        part, prior = _family(family, design, config, ways, leave_out)
        parts.append(part)
        if prior:
            priors[family.name] = prior
    tables: dict[str, Any] = {
        c.name: joined([part[c.name] for part in parts], c) for c in (EFFECTS_ALL, MIXED, POWER, INFLUENCE)
    }
    effects = tables[EFFECTS_ALL.name]
    effects["q_all"] = benjamini_hochberg(effects["p"])
    return Result(
        design,
        **tables,
        values=values,
        families=matrices,
        priors=priors,
        ways=ways,
        no_permutation=no_permutation,
        reason=reason,
    )


def joined(frames: list[pd.DataFrame], contract: Contract) -> pd.DataFrame:
    """Tables of one contract below each other."""
    columns = list(contract.columns)
    full = [frame[columns] for frame in frames if len(frame)]  # empty ones have no kinds to keep
    return pd.concat(full, ignore_index=True) if full else pd.DataFrame(columns=columns)


def _contrast_reason(design: Design, least: int) -> str:
    contrast = design.contrast
    sizes = [(contrast.reference, len(design.names(group=False))), (contrast.group, len(design.names(group=True)))]
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
        told = f"`{contrast.formula}`" if contrast.formula else ", ".join(f"`{name}`" for name in contrast.adjust)
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
        if design.contrast.formula:
            return (
                None,
                "the formula is more than groups and categories: subjects cannot be exchanged between the groups",
            )
        return None, "a covariate is a number: subjects cannot be exchanged without breaking its relation to the values"
    return assignments(design.group, design.strata, config.permutations, stream(seed, design.contrast.name)), ""


def stream(seed: int, name: str) -> np.random.Generator:
    """A stream of random numbers of its own for every contrast, outcome and prediction."""
    return np.random.default_rng([seed, int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")])


def _family(
    family: Family, design: Design, config: ResponseConfig, ways: Assignments | None, leave_out: bool
) -> tuple[dict[str, pd.DataFrame], dict[str, float]]:
    """The tables of one family by the names of their contracts, and its prior where anything was tested."""
    Y = family.values
    weights = subject_weights(family.rois, design.matrix, family.subject) if config.weights == "rois" else None
    result = fit(Y, design.matrix, design.effect, weights)
    table = _frame(family, design)
    status, reason = feature_status(family, design, result, config.min_subjects)
    tested = np.flatnonzero(status == k.TESTED)
    columns = {name: np.full(len(Y), np.nan) for name in _NUMBERS}
    columns["effect"] = result.effect.copy()
    columns[k.SE] = np.sqrt(result.variance) * result.unscaled
    columns["df"] = np.where(result.df > 0, result.df, np.nan)
    plain = (status == k.NO_P) & np.isnan(result.effect)
    columns["effect"][plain] = _difference(Y[plain], design)
    mixed = _mixed(family, design, tested)
    columns["p_mixed"] = mixed["p"].to_numpy()
    prior: dict[str, float] = {}
    extras = {POWER.name: pd.DataFrame(), INFLUENCE.name: pd.DataFrame()}
    if tested.size:
        part = result.take(tested)
        test = moderated_t(part, prior_of(part, config))
        for name in (k.SE, "t", "df", "p", "ci_low", "ci_high"):
            columns[name][tested] = getattr(test, name)
        prior = {"d0": float(test.prior.df.max()), "s0_squared": float(np.median(test.prior.variance))}
        if ways is not None:
            permuted = permute(Y[tested], design.nuisance, design.group, ways)
            columns["p_permutation"][tested], columns["p_maxt"][tested] = permuted.p, permuted.p_maxt
        key = table.iloc[tested].reset_index(drop=True)
        extras[POWER.name] = _power(key, part, test, config, paired=design.pair is not None)
        if leave_out:
            mine = () if weights is None else (weights[tested],)
            moved = influence(Y[tested], design, config.min_subjects, lambda fit: prior_of(fit, config), *mine)
            extras[INFLUENCE.name] = key[_KEY].join(moved)
    reason = _choose(config.method, columns, mixed, status, reason)
    columns["q"] = benjamini_hochberg(columns["p"])
    return {
        EFFECTS_ALL.name: table.assign(**columns, q_all=np.nan, **{k.STATUS: status, k.REASON: reason}),
        MIXED.name: table[_KEY].join(mixed).iloc[tested],
        **extras,
    }, prior


def _power(
    rows: pd.DataFrame, part: LinearFit, test: Moderated, config: ResponseConfig, *, paired: bool
) -> pd.DataFrame:
    """Contract POWER of the tested features."""
    sizes = rows["n_subjects_reference"].to_numpy(dtype=float), rows["n_subjects_group"].to_numpy(dtype=float)
    can = power_table(part, test, sizes, alpha=ALPHA, fdr=config.fdr, power=config.power, paired=paired)
    return rows[_KEY].assign(
        effect=part.effect,
        sd=np.sqrt(test.variance),
        detectable=can.detectable,
        detectable_alone=can.detectable_alone,
        subjects_needed=can.needed,
    )


def prior_of(fit: LinearFit, config: ResponseConfig) -> Prior:
    """The prior of the variances that the config asks for."""
    if config.robust:
        return fit_prior_robust(fit.variance, fit.df)
    return fit_prior(fit.variance, fit.df, fit.mean if config.trend else None)


def _mixed(family: Family, design: Design, tested: NDArray[np.intp]) -> pd.DataFrame:
    """The mixed model of every feature, missing where it is not tested."""
    matrix = np.column_stack([orthonormal(design.nuisance), design.regressor])[family.subject]
    Y = np.full(family.rois.shape, np.nan)
    # the mean says nothing about the effect, and without it sums of squares keep their digits
    Y[tested] = family.rois[tested] - np.nanmean(family.rois[tested], axis=1, keepdims=True)
    found = fit_mixed(Y, matrix, family.subject, np.append(np.zeros(matrix.shape[1] - 1), 1.0))
    return pd.DataFrame({name: getattr(found, name) for name in MixedFit.__dataclass_fields__})


def _choose(
    method: str,
    columns: dict[str, Floats],
    mixed: pd.DataFrame,
    status: NDArray[np.object_],
    reason: NDArray[np.object_],
) -> NDArray[np.object_]:
    """Put the numbers of the chosen test into effect, interval and p; the reasons where it has none."""
    tested = status == k.TESTED
    if method == "permutation":
        columns["p"] = columns["p_permutation"].copy()
        lost, words = tested & np.isnan(columns["p"]), "no exact permutation in this design, so no p"
    elif method == "mixed":
        for name in ("effect", k.SE, "df", "t", "p"):
            columns[name] = np.where(tested, mixed[name].to_numpy(), columns[name])
        margin = stats.t.ppf(0.975, columns["df"]) * columns[k.SE]
        for name, sign in (("ci_low", -1), ("ci_high", 1)):
            columns[name] = np.where(tested, columns["effect"] + sign * margin, np.nan)
        lost, words = tested & np.isnan(columns["p"]), "too few ROIs for a mixed model: one per subject, so no p"
    else:
        return reason
    status[lost] = k.NO_P
    return np.where(lost, words, reason)


_KEY = ["contrast", k.FAMILY, k.FEATURE]
_NUMBERS = ("effect", k.SE, "ci_low", "ci_high", "t", "df", "p", "q", "p_mixed", "p_permutation", "p_maxt")


def _frame(family: Family, design: Design) -> pd.DataFrame:
    """Who and how many: the columns that are known before any test."""
    present = np.isfinite(family.values)
    return names_of(family).assign(
        contrast=design.contrast.name,
        n_subjects_reference=design.count(present, group=False),
        n_subjects_group=design.count(present, group=True),
        n_samples=family.n_rois,
    )


def names_of(family: Family) -> pd.DataFrame:
    """Family, feature, and the two ends of a feature that is a pair."""
    pairs = [feature.split(k.PAIR_SEPARATOR) for feature in family.features]
    ends = [pair if len(pair) == 2 else ["", ""] for pair in pairs]
    return pd.DataFrame(
        {
            k.FAMILY: family.name,
            k.FEATURE: family.features,
            k.SOURCE: [source for source, _ in ends],
            k.TARGET: [target for _, target in ends],
        }
    )


def feature_status(
    family: Family, design: Design, result: LinearFit, least: int
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """`tested`, `no_p` (an effect without a test) or `absent` (no effect), with the reason in words."""
    present = np.isfinite(family.values)
    contrast = design.contrast
    status, reason = np.full(len(present), k.TESTED, dtype=object), np.full(len(present), "", dtype=object)
    counts = zip(design.count(present, group=False), design.count(present, group=True), strict=True)
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


def _difference(Y: Floats, design: Design) -> Floats:
    """Difference of means of the values that are there."""
    if not len(Y):
        return np.zeros(0)
    return np.nanmean(Y[:, design.group], axis=1) - np.nanmean(Y[:, design.reference], axis=1)
