"""The numbers of one family as matrices: features × subjects, and features × ROIs for the mixed model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumint import families
from tumint import keys as k
from tumint.response.design.subjects import Least
from tumint.response.models.linear import Floats


@dataclass(frozen=True)
class Matrices:
    """F features of one family in the S subjects and the N ROIs of a contrast; NaN: not there."""

    name: str
    features: list[str]
    values: Floats  # (F, S)
    rois: Floats  # (F, N), the values of single ROIs
    subject: NDArray[np.intp]  # (N,), position among the subjects
    errors: Floats  # (F, N), standard errors of the values of single ROIs
    precision: Floats  # (F, S), standard errors of the values
    why: NDArray[np.object_]  # (F, S), the status of each value
    used: Floats  # (F, S), ROIs behind each value

    @property
    def n_rois(self) -> NDArray[np.int64]:
        """In how many ROIs each feature was measured (F,)."""
        return np.nansum(self.used, axis=1).astype(np.int64)


def matrices(
    features: pd.DataFrame,
    values: pd.DataFrame,
    subjects: Sequence[str],
    unit_of_sample: pd.Series,
    pairs: tuple[NDArray[np.intp], NDArray[np.bool_]] | None = None,
    least: Least = Least(),  # noqa: B008
) -> list[Matrices]:
    """All families and features that any sample has, sorted by name, in the given subjects.

    Parameters
    ----------
    features
        Table of the contract `FEATURES`.
    values
        Subject values made from it.
    subjects
        The columns of the matrices.
    unit_of_sample
        Subject of each sample (index: sample).
    pairs
        Pair and group of each subject, in a paired design: only whole pairs are kept.
    least
        The mixed model takes ROIs one by one, so there each must hold what else a subject must.
    """
    units = {unit: i for i, unit in enumerate(subjects)}
    inside = unit_of_sample[unit_of_sample.isin(units)].sort_index()
    samples = {str(sample): i for i, sample in enumerate(inside.index)}
    subject = np.array([units[unit] for unit in inside], dtype=np.intp)
    odds = families.chosen(features[k.FAMILY], lambda family: family.pools in ("information", "shares"))
    sparse = odds & (features[k.WEIGHT] < least.information)
    columns = [k.SAMPLE, k.FAMILY, k.FEATURE, k.VALUE, k.SE]
    tested = features.loc[(features[k.STATUS] == k.TESTED) & ~sparse, columns]
    names = features[[k.FAMILY, k.FEATURE]].drop_duplicates().astype(str).drop_duplicates()
    found = []
    for name, part in names.groupby(k.FAMILY, sort=True):
        order = {feature: i for i, feature in enumerate(sorted(part[k.FEATURE]))}
        of_subjects = _Places.of(values, str(name), k.SUBJECT, order, units)
        matrix, precision = (of_subjects.matrix(values[column]) for column in (k.VALUE, k.SE))
        why = of_subjects.matrix(values[k.STATUS], k.ABSENT)
        of_rois = _Places.of(tested, str(name), k.SAMPLE, order, samples)
        rois = of_rois.matrix(tested[k.VALUE])
        if pairs is not None:
            matrix[~_has_partner(matrix, *pairs)] = np.nan
        rois[np.isnan(matrix)[:, subject]] = np.nan
        errors = of_rois.matrix(tested[k.SE])
        used = of_subjects.matrix(values["n_samples"])
        used[np.isnan(matrix)] = 0
        found.append(Matrices(str(name), list(order), matrix, rois, subject, errors, precision, why, used))
    return found


def names_of(family: Matrices) -> pd.DataFrame:
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


@dataclass(frozen=True)
class _Places:
    """Where in a matrix of features the rows of one family stand in a table."""

    rows: NDArray[np.intp]  # of the table
    row: NDArray[np.intp]  # of the matrix
    column: NDArray[np.intp]
    shape: tuple[int, int]

    @classmethod
    def of(
        cls, table: pd.DataFrame, family: str, column: str, rows: dict[str, int], columns: dict[str, int]
    ) -> _Places:
        """Rows by feature, columns by the names in `column` of the table; rows with other names are left out."""
        at_column = _positions(table[column], columns)
        mine = np.flatnonzero((table[k.FAMILY] == family).to_numpy() & (at_column >= 0))
        return cls(mine, _positions(table[k.FEATURE].iloc[mine], rows), at_column[mine], (len(rows), len(columns)))

    def matrix(self, values: pd.Series, empty: float | str = np.nan) -> Any:
        """`values` of the table by feature and column; `empty` where it has none."""
        matrix = np.full(self.shape, empty, dtype=object if isinstance(empty, str) else np.float64)
        matrix[self.row, self.column] = values.iloc[self.rows]
        return matrix


def _positions(names: pd.Series, known: dict[str, int]) -> NDArray[np.intp]:
    """The number of each name, -1 of one that is not `known`."""
    codes, different = pd.factorize(names)
    return np.array([*(known.get(str(name), -1) for name in different), -1], dtype=np.intp)[codes]


def _has_partner(matrix: Floats, pairs: NDArray[np.intp], group: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the pair of a subject has a value in both groups: a half pair says nothing about the effect."""
    present: NDArray[np.bool_] = ~np.isnan(matrix)
    kept = np.zeros(matrix.shape, dtype=np.bool_)
    for mine in np.eye(pairs.max(initial=0) + 1, dtype=np.bool_)[:, pairs]:
        sides = [present[:, mine & group].any(axis=1), present[:, mine & ~group].any(axis=1)]
        kept[:, mine] = np.column_stack(sides).all(axis=1, keepdims=True)
    return kept
