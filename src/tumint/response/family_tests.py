"""All tests of one family of features: moderated t, mixed model, permutation, power and influence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from tumint import families
from tumint import keys as k
from tumint.config.response import ResponseConfig
from tumint.fdr import benjamini_hochberg
from tumint.io.contracts import EFFECTS_ALL, INFLUENCE, MIXED, POWER
from tumint.response.design.groups import Design
from tumint.response.design.matrices import Matrices, names_of
from tumint.response.design.status import feature_status
from tumint.response.influence import influence
from tumint.response.models.linear import Floats, LinearFit, fit, orthonormal
from tumint.response.models.mixed import MixedFit, fit_mixed
from tumint.response.models.moderated import Moderated, Prior, fit_prior, moderated_t
from tumint.response.models.permutation import Assignments, permute
from tumint.response.models.power import power_table
from tumint.response.models.precision import precision_weights
from tumint.response.models.robust_prior import fit_prior_robust
from tumint.response.models.roi_weights import subject_weights
from tumint.text import plural

PERMUTATION = "permutation"
TESTS = (MIXED.name, PERMUTATION)  # beside the moderated t
BESIDE = (POWER.name, INFLUENCE.name)
ALPHA = 0.05  # of a single test, for statements about power
_OVER = ("q_all", "q_across", "q_primary", "floor")  # of all families of a contrast: known when all of them are
_KEY = ["contrast", k.FAMILY, k.FEATURE]
_NUMBERS = ("effect", k.SE, "ci_low", "ci_high", "t", "df", "p", "q", "p_mixed", "p_permutation", "p_maxt")


def family_tests(
    family: Matrices,
    design: Design,
    config: ResponseConfig,
    ways: Assignments | None,
    beside: Sequence[str],
    tests: Sequence[str] = TESTS,
) -> tuple[dict[str, pd.DataFrame], dict[str, float]]:
    """The tables of one family by the names of their contracts, and its prior where anything was tested.

    Of `BESIDE` and `TESTS` only what is in `beside` and `tests` is computed, and the test that `config.method` names;
    `ways` None: no permutation.
    """
    Y = family.values
    weights = weights_of(family, design.matrix, config)
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
    mixed = _mixed(family, design, tested) if MIXED.name in (*tests, config.method) else pd.DataFrame()
    if len(mixed):
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
        if POWER.name in beside:
            extras[POWER.name] = _power(key, part, test, config, paired=design.pair is not None)
        if INFLUENCE.name in beside:
            mine = () if weights is None else (weights[tested],)
            moved = influence(Y[tested], design, config.min_subjects, lambda fit: prior_of(fit, config), *mine)
            extras[INFLUENCE.name] = key[_KEY].join(moved)
    reason = _choose(config.method, columns, mixed, status, reason)
    columns["q"] = benjamini_hochberg(columns["p"])
    table = table.assign(**_means(family, design, weights), lost=_lost(family, design))
    return {
        EFFECTS_ALL.name: table.assign(
            **columns, **dict.fromkeys(_OVER, np.nan), **{k.STATUS: status, k.REASON: reason}
        ),
        MIXED.name: table[_KEY].join(mixed).iloc[tested] if len(mixed) else mixed,
        **extras,
    }, prior


def weights_of(family: Matrices, X: Floats, config: ResponseConfig) -> Floats | None:
    """Weights of the values of a family (F, S) that the config asks for, under the design `X` (S, p); None: equal."""
    if config.weights == "auto":
        return (
            precision_weights(family.values, family.precision, X)
            if families.pools(family.name, "information")
            else None
        )
    if config.weights == "equal":
        return None
    errors = family.errors if config.weights == "precision" else None
    return subject_weights(family.rois, X, family.subject, errors)


def _power(
    rows: pd.DataFrame, part: LinearFit, test: Moderated, config: ResponseConfig, *, paired: bool
) -> pd.DataFrame:
    """Contract POWER of the tested features."""
    sizes = rows["n_subjects_reference"].to_numpy(dtype=float), rows["n_subjects_group"].to_numpy(dtype=float)
    can = power_table(part, test, sizes, alpha=ALPHA, fdr=config.fdr, power=config.power, paired=paired)
    return rows[_KEY].assign(
        effect=part.effect,
        sd=test.se / np.sqrt(1 / sizes[0] + 1 / sizes[1]),
        detectable=can.detectable,
        detectable_alone=can.detectable_alone,
        subjects_needed=can.needed,
    )


def prior_of(fit: LinearFit, config: ResponseConfig) -> Prior:
    """The prior of the variances that the config asks for."""
    if config.robust:
        return fit_prior_robust(fit.variance, fit.df)
    return fit_prior(fit.variance, fit.df, fit.mean if config.trend else None)


def _mixed(family: Matrices, design: Design, tested: NDArray[np.intp]) -> pd.DataFrame:
    """The mixed model of every feature, missing where it is not tested."""
    matrix = np.column_stack([orthonormal(design.nuisance), design.regressor])[family.subject]
    Y = np.full(family.rois.shape, np.nan)
    tested = tested[np.isfinite(family.rois[tested]).any(axis=1)]
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


def _frame(family: Matrices, design: Design) -> pd.DataFrame:
    """Who and how many: the columns that are known before any test."""
    present = np.isfinite(family.values)
    return names_of(family).assign(
        contrast=design.contrast.name,
        n_subjects_reference=design.count(present, group=False),
        n_subjects_group=design.count(present, group=True),
        n_samples=family.n_rois,
    )


def _means(family: Matrices, design: Design, weights: Floats | None) -> dict[str, Floats]:
    """Mean of either group (F,), weighed as in the test; missing where a group has none."""
    there = np.isfinite(family.values)
    weights = np.where(there, 1.0 if weights is None else weights, 0.0)
    values = np.where(there, family.values, 0.0)
    means = {}
    for name, side in (("mean_reference", design.reference), ("mean_group", design.group)):
        total = weights[:, side].sum(axis=1)
        sums = (weights * values)[:, side].sum(axis=1)
        means[name] = np.divide(sums, total, out=np.full(len(total), np.nan), where=total > 0)
    return means


_WHY = {
    k.TOO_FEW: "too few cells",
    k.NO_VARIATION: "nothing that can vary",
    k.ABSENT: "a type is absent",
    k.NO_COORDINATES: "no coordinates",
    k.TESTED: "no partner in the pair",
}


def _lost(family: Matrices, design: Design) -> NDArray[np.object_]:
    """Which subjects and samples of the contrast say nothing about each feature, in words (F,)."""
    inside = design.group | design.reference
    samples = np.bincount(family.subject, minlength=len(inside))
    missing = ~np.isfinite(family.values) & inside
    unused = np.where(inside & ~missing, samples - np.nan_to_num(family.used), 0).sum(axis=1).astype(int)
    row_of, of = np.nonzero(missing)  # few of all: texts are slow to compare
    names = family.why[row_of, of]
    counts = {why: np.bincount(row_of[names == name], minlength=len(missing)) for name, why in _WHY.items()}
    said = []
    for row, n in enumerate(unused):
        words = [f"{plural(int(of[row]), 'subject')}: {why}" for why, of in counts.items() if of[row]]
        if n:
            words.append(f"{plural(n, 'sample')} of the others without it")
        said.append("; ".join(words))
    return np.array(said, dtype=object)


def _difference(Y: Floats, design: Design) -> Floats:
    """Difference of means of the values that are there."""
    if not len(Y):
        return np.zeros(0)
    return np.nanmean(Y[:, design.group], axis=1) - np.nanmean(Y[:, design.reference], axis=1)
