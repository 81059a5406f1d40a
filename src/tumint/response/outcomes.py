"""Features against a number or a survival time of each subject; tables in, tables out, as `compare` for groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumint import keys as k
from tumint.config.response import Outcome, ResponseConfig
from tumint.errors import DataError, Fault
from tumint.fdr import benjamini_hochberg
from tumint.io.contracts import OUTCOMES, joined
from tumint.response.compare import stream
from tumint.response.derived import values_of
from tumint.response.design.beforehand import followed
from tumint.response.design.groups import nuisance
from tumint.response.design.matrices import Matrices, matrices, names_of
from tumint.response.design.subjects import Least
from tumint.response.family_tests import prior_of, weights_of
from tumint.response.models.cox import fit_cox
from tumint.response.models.linear import Floats, fit
from tumint.response.models.moderated import moderated_t
from tumint.response.models.permutation import Assignments, permute, shuffles
from tumint.text import nearest

_FEATURE = "feature of the outcome"  # a column made here: no sheet has such a name
_MIN_EVENTS = 5
_LEVEL = 1.959963984540054  # two-sided 95 % of the normal law
_NUMBERS = ("effect", k.SE, "ci_low", "ci_high", "t", "df", "p", "p_permutation", "p_maxt")


@dataclass(frozen=True)
class _Design:
    outcome: Outcome
    units: tuple[str, ...]  # subjects with a value, sorted
    values: Floats  # (S,): the number, in standard deviations, or the time
    event: NDArray[np.bool_]  # (S,)
    nuisance: Floats  # (S, q) with intercept
    strata: NDArray[np.intp] | None


def relate(
    features: pd.DataFrame, sheet: pd.DataFrame, outcome: Outcome, config: ResponseConfig, seed: int, where: str
) -> pd.DataFrame:
    """Relate every feature to `outcome`.

    Parameters
    ----------
    features, sheet
        Tables of the contract `FEATURES` and of the samples.
    where
        How to call the sheet in messages.

    Returns
    -------
    Table of the contract `OUTCOMES`. Fewer than twice `min_subjects` subjects, or five events, give effects and no p.
    """
    units = sheet.set_index(k.SAMPLE)[k.SUBJECT]
    least = Least.of(config)
    values = values_of(features, units, config)
    if outcome.feature is not None:
        sheet, outcome = _of_feature(values, sheet, outcome)
        # a feature goes with itself
        mine, its = ((t[k.FAMILY] == outcome.family) & (t[k.FEATURE] == outcome.feature) for t in (features, values))
        features, values = features[~mine], values[~its]
    design = _build(sheet, outcome, where)
    parts = matrices(features, values, design.units, units, least=least)
    ways = _ways(design, config, seed)
    return joined([_family(part, design, config, ways) for part in parts], OUTCOMES, only=True)


def _of_feature(values: pd.DataFrame, sheet: pd.DataFrame, outcome: Outcome) -> tuple[pd.DataFrame, Outcome]:
    """The sheet with a column of a feature's values, and the outcome of that column."""
    mine = values[(values[k.FAMILY] == outcome.family) & (values[k.FEATURE] == outcome.feature)]
    known = mine[mine[k.STATUS] == k.TESTED].set_index(k.SUBJECT)[k.VALUE]
    if known.empty:
        there = sorted(set(values.loc[values[k.FAMILY] == outcome.family, k.FEATURE]))
        expected = f"a feature of the family `{outcome.family}` with a value"
        found = f"`{outcome.feature}`{nearest(str(outcome.feature), there)}"
        raise DataError(Fault(f"outcome {outcome.name}: `feature`", expected, found))
    texts = sheet[k.SUBJECT].map(known).map(lambda value: "" if np.isnan(value) else repr(float(value)))
    return sheet.assign(**{_FEATURE: texts}), outcome.model_copy(update={"column": _FEATURE})


def _build(sheet: pd.DataFrame, outcome: Outcome, where: str) -> _Design:
    rows = followed(sheet, outcome, where)
    values = rows[outcome.column].to_numpy(dtype=np.float64)
    event = np.zeros(len(rows), dtype=np.bool_) if outcome.event is None else (rows[outcome.event] == "1").to_numpy()
    if outcome.event is None:
        values = (values - values.mean()) / values.std(ddof=1)
    columns, strata = nuisance(rows, outcome.adjust, None)
    return _Design(outcome, tuple(rows.index), values, event, columns, strata)


def _ways(design: _Design, config: ResponseConfig, seed: int) -> Assignments | None:
    if design.strata is None or design.outcome.event is not None:
        return None
    return shuffles(design.values, design.strata, config.permutations, stream(seed, design.outcome.name))


def _family(family: Matrices, design: _Design, config: ResponseConfig, ways: Assignments | None) -> pd.DataFrame:
    present = np.isfinite(family.values)
    survival = design.outcome.event is not None
    n, events = present.sum(axis=1), present[:, design.event].sum(axis=1)
    status, reason = np.full(len(n), k.TESTED, dtype=object), np.full(len(n), "", dtype=object)
    least = 2 * config.min_subjects
    _mark(status, reason, n < least, k.NO_P, f"in fewer than {least} subjects, so no p")
    if survival:
        _mark(status, reason, events < _MIN_EVENTS, k.NO_P, f"fewer than {_MIN_EVENTS} events, so no p")
    columns = {name: np.full(len(n), np.nan) for name in _NUMBERS}
    (_survival if survival else _slope)(family, design, config, ways, columns, status, reason)
    _mark(status, reason, np.isnan(columns["effect"]), k.ABSENT, "no estimate: too few subjects, or a perfect fit")
    return names_of(family).assign(
        outcome=design.outcome.name,
        kind="survival" if survival else "number",
        **columns,
        q=benjamini_hochberg(columns["p"]),
        n_subjects=n,
        n_events=events,
        n_samples=family.n_rois,
        **{k.STATUS: status, k.REASON: reason},
    )


def _mark(
    status: NDArray[np.object_], reason: NDArray[np.object_], rows: NDArray[np.bool_], value: str, words: str
) -> None:
    """Give `rows` a status and a reason, unless they have one."""
    rows = rows & (status == k.TESTED)
    status[rows], reason[rows] = value, words


def _slope(
    family: Matrices,
    design: _Design,
    config: ResponseConfig,
    ways: Assignments | None,
    columns: dict[str, Floats],
    status: NDArray[np.object_],
    reason: NDArray[np.object_],
) -> None:
    """Moderated t of the slope: change of the feature per standard deviation of the outcome."""
    q = design.nuisance.shape[1]
    X = np.column_stack([design.nuisance, design.values])
    result = fit(family.values, X, np.append(np.zeros(q), 1.0), weights_of(family, X, config))
    columns["effect"][:] = result.effect
    _mark(status, reason, ~(result.df > 0), k.NO_P, "no degree of freedom left, so no p")
    _mark(status, reason, ~(result.variance > 0), k.NO_P, "no variance around the line, so no p")
    tested = np.flatnonzero(status == k.TESTED)
    if not tested.size:
        return
    part = result.take(tested)
    test = moderated_t(part, prior_of(part, config))
    for name in (k.SE, "t", "df", "p", "ci_low", "ci_high"):
        columns[name][tested] = getattr(test, name)
    if ways is not None:
        permuted = permute(family.values[tested], design.nuisance, design.values, ways)
        columns["p_permutation"][tested], columns["p_maxt"][tested] = permuted.p, permuted.p_maxt


def _survival(
    family: Matrices,
    design: _Design,
    config: ResponseConfig,
    ways: Assignments | None,
    columns: dict[str, Floats],
    status: NDArray[np.object_],
    reason: NDArray[np.object_],
) -> None:
    """Cox's model: log hazard ratio per standard deviation of the feature over its subjects."""
    rows = np.flatnonzero(np.isfinite(family.values).sum(axis=1) > design.nuisance.shape[1] + 1)
    if not rows.size:
        return
    Y = family.values[rows]
    Y = Y / np.where((spread := np.nanstd(Y, axis=1, ddof=1)) > 0, spread, 1.0)[:, None]
    found = fit_cox(Y, design.nuisance[:, 1:], design.values, design.event)
    columns["effect"][rows], columns[k.SE][rows] = found.effect, found.se
    tested = (status[rows] == k.TESTED) & np.isfinite(found.effect)
    at = rows[tested]
    columns["t"][at], columns["p"][at] = found.z[tested], found.p[tested]
    for name, sign in (("ci_low", -1), ("ci_high", 1)):
        columns[name][at] = found.effect[tested] + sign * _LEVEL * found.se[tested]
