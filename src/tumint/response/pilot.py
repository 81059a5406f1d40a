"""What a pilot says of the next study: variance between animals and between ROIs, and how well it knows them. Pure.

Components are those of the mixed model of the comparison (`models.mixed`). The variance of the mean of k ROIs of an
animal has a chi-square interval where k is the pilot's own number; for any other k it is that of Graybill & Wang 1980,
where it is a sum of two mean squares, and of Ting et al. 1990 without their product, where it is a difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from tumint import keys as k
from tumint.errors import DataError, Fault, SheetError
from tumint.response.design.groups import check_covariates, nuisance
from tumint.response.design.matrices import Matrices, matrices
from tumint.response.design.subjects import check_values, subject_values
from tumint.response.models.linear import Floats, fit, orthonormal
from tumint.response.models.mixed import fit_mixed
from tumint.text import listed

ONE_ROI = "no animal with two usable ROIs: animals and ROIs cannot be told apart"
NO_ANIMALS = "too few animals in the pilot"
NO_SPREAD = "the same value in all animals"
_UNIT, _LEVEL = "unit of the pilot", "level of the pilot"  # columns made here: no sheet has such names
_LEVEL_OF_INTERVAL = 0.95


@dataclass(frozen=True)
class Layout:
    """The columns of the sheet by which animals of a pilot differ."""

    group: str | None = None
    adjust: Sequence[str] = ()
    paired: str | None = None


def components(features: pd.DataFrame, sheet: pd.DataFrame, layout: Layout, names: tuple[str, str]) -> pd.DataFrame:
    """One row per feature, all groups of the pilot together.

    Parameters
    ----------
    features, sheet
        Table of the contract `FEATURES`; one row per sample with `subject` and the columns of `layout`.
    names
        How messages call the two.

    Returns
    -------
    `family`, `feature`, `subject_variance` and `residual_variance` of the mixed model, `variance` of the values of
    animals as they are compared, `df` that is left for it, `n_subjects`, `n_samples` and `reason` where there is none.
    In a paired layout all are of what is left beside the pairs.

    Raises
    ------
    TumintError
        The features or the sheet are wrong, or they do not belong together.
    """
    check_values(features, names[0])
    if unknown := sorted(set(features[k.SAMPLE].astype(str)) - set(sheet[k.SAMPLE])):
        raise SheetError(Fault(names[0], f"only samples of {names[1]}", listed(unknown, 5)))
    units, of_sample = _units(sheet, layout, names[1])
    columns, _ = nuisance(units, [*([_LEVEL] if layout.group else []), *layout.adjust], layout.paired)
    values = subject_values(features, of_sample)
    found = [_of_family(one, columns) for one in matrices(features, values, list(units[_UNIT]), of_sample)]
    if not found:
        raise DataError(Fault(names[0], "at least one feature", "none"))
    return pd.concat(found, ignore_index=True)


def _units(sheet: pd.DataFrame, layout: Layout, where: str) -> tuple[pd.DataFrame, pd.Series]:
    """One row per animal, or half of one that is paired with itself, and the unit of each sample."""
    named = [column for column in (layout.group, *layout.adjust, layout.paired) if column]
    if missing := [column for column in named if column not in sheet]:
        raise SheetError([Fault(where, f"a column `{column}`", "none") for column in missing])
    rows = sheet if layout.group is None else sheet[sheet[layout.group] != ""]
    rows = rows if layout.paired is None else rows[rows[layout.paired] != ""]
    if rows.empty:
        wanted = listed([f"`{column}`" for column in (layout.group, layout.paired) if column])
        raise SheetError(Fault(where, f"samples with a value of {wanted}", "none"))
    level = rows[layout.group] if layout.group else pd.Series("", index=rows.index)
    rows = rows.assign(**{_LEVEL: "= " + level})  # a name, also where levels are numbers
    several = rows.groupby(k.SUBJECT)[_LEVEL].nunique()
    if (several > 1).any() and layout.paired is None:
        name = str(several.index[several > 1][0])
        expected = f"one value of `{layout.group}` per subject, or the subject's column as `paired`"
        found = listed(sorted(set(level[rows[k.SUBJECT] == name])))
        raise SheetError(Fault(f"{where} (subject {name})", expected, found))
    halves = (several > 1).any()
    rows[_UNIT] = rows[k.SUBJECT] + (" [" + level + "]" if halves else "")
    units = rows.drop_duplicates(_UNIT).sort_values(_UNIT, kind="stable")
    check_covariates(units.set_index(_UNIT), "the pilot", [*layout.adjust], where)
    return units, rows.set_index(k.SAMPLE)[_UNIT]


def _of_family(family: Matrices, columns: Floats) -> pd.DataFrame:
    X = orthonormal(columns)
    first = np.eye(X.shape[1])[0]
    plain = fit(family.values, X, np.zeros(X.shape[1]))
    Y = family.rois - np.where(np.isfinite(family.rois), family.rois, 0.0).mean(axis=1, keepdims=True)
    mixed = fit_mixed(Y, X[family.subject], family.subject, first)
    there = np.isfinite(family.values)
    repeated = ((np.isfinite(family.rois) @ np.eye(len(X))[family.subject]) > 1).any(axis=1)
    reason = np.select([plain.df < 1, plain.variance == 0, ~repeated], [NO_ANIMALS, NO_SPREAD, ONE_ROI], "").astype(
        object
    )
    lost = (reason == "") & np.isnan(mixed.subject_variance)
    reason[lost] = NO_ANIMALS
    return pd.DataFrame(
        {
            k.FAMILY: family.name,
            k.FEATURE: family.features,
            "subject_variance": mixed.subject_variance,
            "residual_variance": mixed.residual_variance,
            "variance": plain.variance,
            "df": plain.df,
            "n_subjects": there.sum(axis=1),
            "n_samples": family.n_rois,
            k.REASON: reason,
        }
    )


def variance_of_mean(table: pd.DataFrame, rois: float | None) -> tuple[Floats, Floats, Floats]:
    """Variance of an animal's mean of so many ROIs, and its 95 % interval; None: as many as the pilot's animals have.

    Missing where the pilot does not say it: of features with one ROI per animal only that of one ROI is known.
    """
    between, within, plain, df = (
        table[name].to_numpy(dtype=float) for name in ("subject_variance", "residual_variance", "variance", "df")
    )
    animals, samples = (table[name].to_numpy(dtype=float) for name in ("n_subjects", "n_samples"))
    there = np.maximum(animals, 1)
    own = np.maximum(samples, 1) / there  # ROIs per animal
    asked = own if rois is None else np.full(len(own), float(rois))
    told_apart = np.isfinite(between)
    # mean squares: of animals, as the variance of their means, and of ROIs
    first = np.where(told_apart, between + within / own, np.where(asked == own, plain, np.nan))
    second = np.where(told_apart, within * (1 / asked - 1 / own), 0.0)
    variance = np.where(table[k.REASON].isin([NO_ANIMALS, NO_SPREAD]), np.nan, first + second)
    down, up = _limits(df)
    down_rois, up_rois = _limits(samples - animals)
    less = second < 0  # of a difference, what is taken away is large where the whole is small
    low = np.hypot(down * first, np.where(less, up_rois, down_rois) * second)
    high = np.hypot(up * first, np.where(less, down_rois, up_rois) * second)
    return variance, np.maximum(variance - low, 0.0), variance + high


def _limits(df: Floats) -> tuple[Floats, Floats]:
    """By which shares of itself a mean square on `df` may be too large, and too small."""
    tail, safe = (1 - _LEVEL_OF_INTERVAL) / 2, np.maximum(df, 1.0)
    down = 1 - safe / stats.chi2.isf(tail, safe)
    up = safe / stats.chi2.ppf(tail, safe) - 1
    return down, up
