"""Feature tables of simulated cohorts, made without any cell, and the p that tests of all kinds give on them.

Used by `validate_response.py`. The tables go through the same code as a cohort of a user; what naive tests of cells and
ROIs would have claimed of the same tables stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import stats

from tumint import keys as k
from tumint.config.response import Contrast, ResponseConfig
from tumint.response.compare import Result, compare
from tumint.response.design import groups as design
from tumint.response.design.matrices import matrices
from tumint.response.design.subjects import subject_values
from tumint.response.family_tests import weights_of
from tumint.response.models.linear import fit
from tumint.response.models.moderated import fit_prior, moderated_t
from tumint.response.models.robust_prior import fit_prior_robust
from tumint.response.models.roi_weights import subject_weights

FAMILIES = (k.FAMILY_COMPOSITION, k.FAMILY_DENSITY, k.FAMILY_DISTANCE, k.FAMILY_CONTACT, k.FAMILY_INTERACTION)
FEATURES = 30  # per family
PLANTED = 0.2  # share of features with an effect, in cohorts that have one
NOTHING = np.zeros((len(FAMILIES), FEATURES))
WEIGHTS = ("equal", "rois", "precision")
PRIMARY = "moderated t"
TESTS = (PRIMARY, "moderated t, robust", "mixed model", "permutation", "ROIs as replicates", "cells as replicates")
CONFIG = ResponseConfig(contrasts=[Contrast(name="c", column="arm", reference="vehicle", group="treated")])
Table = tuple[pd.DataFrame, pd.DataFrame]


def planted() -> np.ndarray:
    """An effect of 1 in the unit of the family, in the first of its features."""
    effects = NOTHING.copy()
    effects[:, : int(PLANTED * FEATURES)] = 1.0
    return effects


def cohort(n: int, rng: np.random.Generator, effects: np.ndarray, features: np.random.Generator | None = None) -> Table:
    """A sheet and a feature table of n against n animals.

    Every animal has 2 to 4 ROIs of 1,500 to 5,000 cells. The variance between animals differs from feature to feature
    (scaled inverse χ² on 6 degrees of freedom), a quarter of it is shared by all features, and ROIs of an animal
    differ by half its standard deviation; counts are Poisson or binomial around that, mean log distances normal.

    Parameters
    ----------
    effects
        Difference between the groups, shape (families, FEATURES), in the unit of each family.
    features
        What the features are like (variance and level), so that another cohort can have the same; default: `rng`.
    """
    kind = rng if features is None else features
    arm = np.repeat([0, 1], n)
    rois = rng.integers(2, 5, size=2 * n)
    animal = np.repeat(np.arange(2 * n), rois)
    names = [f"m{a:02d}_R{r}" for a, count in enumerate(rois) for r in range(count)]
    sheet = pd.DataFrame({k.SAMPLE: names, k.SUBJECT: [f"m{a:02d}" for a in animal]}, dtype=object)
    sheet["arm"] = np.where(arm[animal] == 1, "treated", "vehicle").astype(object)
    cells = rng.integers(1500, 5000, size=len(names))
    shape = (len(FAMILIES), FEATURES)
    sd = np.sqrt(0.15 * 6 / kind.chisquare(6, size=shape))
    own, shared = rng.normal(size=(2 * n, *shape)), rng.normal(size=(2 * n, 1, 1))
    latent = (np.sqrt(0.75) * own + np.sqrt(0.25) * shared) * sd + arm[:, None, None] * effects
    latent = latent[animal] + 0.5 * sd * rng.normal(size=(len(names), *shape))
    base = kind.normal(size=shape)
    tables = [_measure(family, latent[:, i], base[i], cells, rng) for i, family in enumerate(FAMILIES)]
    return sheet, pd.concat([t.assign(**{k.SAMPLE: np.repeat(names, FEATURES)}) for t in tables], ignore_index=True)


def _measure(family: str, x: np.ndarray, base: np.ndarray, cells: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    total = np.broadcast_to(cells[:, None], x.shape)
    weight = n = total.astype(float)
    match family:
        case k.FAMILY_COMPOSITION:
            count = rng.binomial(total, 1 / (1 + np.exp(-(x + base - 2.5))))
            value = np.log((count + 0.5) / (total - count + 0.5))
            se = np.sqrt(1 / (count + 0.5) + 1 / (total - count + 0.5))
        case k.FAMILY_DENSITY:
            count = rng.poisson(0.08 * total * np.exp(x + 0.5 * base))
            value, se = np.log((count + 0.5) / (total / 4000)), 1 / np.sqrt(count + 0.5)
        case k.FAMILY_DISTANCE:
            weight = n = 10.0 + rng.poisson(0.08 * total * np.exp(0.5 * base))
            se = 0.9 / np.sqrt(n)
            value = 3.0 + x + 0.5 * base + se * rng.normal(size=x.shape)
        case k.FAMILY_INTERACTION:  # log odds ratios, of which an image knows the better the more cells it has
            weight = 0.004 * total * np.exp(0.8 * base)
            se = np.sqrt(1.3 / weight)
            value = x + se * rng.normal(size=x.shape)
        case _:
            weight = 0.02 * total * np.exp(0.8 * base)
            count = rng.poisson(weight * np.exp2(x))
            value, se = np.log2((count + 0.5) / (weight + 0.5)), np.sqrt(weight) / ((weight + 0.5) * np.log(2))
    columns = {k.VALUE: value, k.SE: se, k.WEIGHT: weight, k.N: n.astype(int)}
    flat = pd.DataFrame({name: np.ravel(values) for name, values in columns.items()})
    features = np.tile([f"{family}_{i:02d}" for i in range(x.shape[1])], len(x))
    return flat.assign(**{k.FAMILY: family, k.FEATURE: features, k.STATUS: k.TESTED})


def compared(sheet: pd.DataFrame, features: pd.DataFrame, *beside: str) -> Result:
    """The comparison as a user has it; of what stands beside it only what is asked for."""
    return compare(features, design.build(sheet, CONFIG.contrasts[0], "sheet"), CONFIG, 0, beside=beside)


def p_of_primary(sheet: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """As `p_of_tests`, of moderated t alone, by the same steps: much quicker."""
    built = design.build(sheet, CONFIG.contrasts[0], "sheet")
    values = subject_values(features, built.unit_of_sample)
    found = {}
    for part in matrices(features, values, built.units, built.unit_of_sample):
        fitted = fit(part.values, built.matrix, built.effect, weights_of(part, built.matrix, CONFIG))
        test = moderated_t(fitted, fit_prior(fitted.variance, fitted.df))
        found |= {(part.name, feature): p for feature, p in zip(part.features, test.p, strict=True)}
    return pd.DataFrame({PRIMARY: pd.Series(found)})


def p_of_tests(sheet: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """P of every feature (index: family, feature), a column per test of `TESTS`."""
    result = compared(sheet, features)
    effects = result.effects.set_index([k.FAMILY, k.FEATURE])
    built, robust = result.design, {}
    for part in result.families:
        fitted = fit(part.values, built.matrix, built.effect, weights_of(part, built.matrix, CONFIG))
        test = moderated_t(fitted, fit_prior_robust(fitted.variance, fitted.df))
        robust |= {(part.name, feature): p for feature, p in zip(part.features, test.p, strict=True)}
    ours = [effects["p"], pd.Series(robust), effects["p_mixed"], effects["p_permutation"]]
    named = zip(TESTS, [*ours, *_naive(sheet, features)], strict=True)
    return pd.DataFrame({name: p.reindex(effects.index) for name, p in named})


def _naive(sheet: pd.DataFrame, features: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """P values of two tests that count ROIs, or cells, as if they were animals."""
    treated = set(sheet.loc[sheet["arm"] == "treated", k.SAMPLE])
    wide = features.pivot_table(index=[k.FAMILY, k.FEATURE], columns=k.SAMPLE, values=[k.VALUE, k.SE])
    values, w = wide[k.VALUE], 1 / wide[k.SE].to_numpy() ** 2
    side = np.array([sample in treated for sample in values.columns])
    roi = stats.ttest_ind(values.to_numpy()[:, side], values.to_numpy()[:, ~side], axis=1).pvalue
    means = [(w * values).loc[:, s].sum(axis=1).to_numpy() / w[:, s].sum(axis=1) for s in (side, ~side)]
    z = (means[0] - means[1]) / np.sqrt(1 / w[:, side].sum(axis=1) + 1 / w[:, ~side].sum(axis=1))
    return pd.Series(roi, values.index), pd.Series(2 * stats.norm.sf(np.abs(z)), values.index)


def p_by_weights(sheet: pd.DataFrame, features: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    """P values of each family with subjects of equal weight, and weighted by their ROIs."""
    built = design.build(sheet, CONFIG.contrasts[0], "sheet")
    values = subject_values(features, built.unit_of_sample)
    for part in matrices(features, values, built.units, built.unit_of_sample):
        for kind in WEIGHTS:
            errors = part.errors if kind == "precision" else None
            mine = (part.rois, built.matrix, part.subject, errors)
            weights = None if kind == "equal" else subject_weights(*mine)
            fitted = fit(part.values, built.matrix, built.effect, weights)
            yield kind, moderated_t(fitted, fit_prior(fitted.variance, fitted.df)).p
