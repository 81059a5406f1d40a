"""One contrast over all features: effects, intervals, p and q, and a plain reason wherever there is no p.

Tables in, tables out, no files: shared by the stage and by `tumint compare`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from tumint import keys as k
from tumint.config.response import Contrast, ResponseConfig
from tumint.errors import Fault, TumintError
from tumint.fdr import benjamini_hochberg
from tumint.io.contracts import EFFECTS_ALL, INFLUENCE, MIXED, POWER, SUBJECTS, empty, joined
from tumint.response.derived import values_of
from tumint.response.design.groups import Design, nobody
from tumint.response.design.matrices import Matrices, matrices
from tumint.response.design.status import check_estimable, contrast_reason
from tumint.response.design.subjects import Least
from tumint.response.family_tests import BESIDE, PERMUTATION, TESTS, family_tests
from tumint.response.floor import with_floor
from tumint.response.models.permutation import Assignments, assignments
from tumint.response.multiplicity import q_across, q_primary


@dataclass(frozen=True)
class Result:
    """A contrast: its design, effects, subject values, and per family what the test learnt."""

    design: Design
    effects: pd.DataFrame  # contract EFFECTS_ALL
    mixed: pd.DataFrame  # contract MIXED
    power: pd.DataFrame  # contract POWER
    influence: pd.DataFrame  # contract INFLUENCE
    values: pd.DataFrame
    families: list[Matrices]
    priors: dict[str, dict[str, float]]  # family → d0, s0_squared
    ways: Assignments | None  # None: no permutation test, `no_permutation` says why
    no_permutation: str
    reason: str  # why no feature of this contrast has a p; empty where some may
    subset: list[dict[str, Any]] = field(default_factory=list)  # what each condition left
    faults: tuple[Fault | str, ...] = ()  # why it could not be computed at all; then every table is empty


@threadpool_limits.wrap(limits=1, user_api="blas")  # many small matrices
def compare(
    features: pd.DataFrame,
    design: Design,
    config: ResponseConfig,
    seed: int,
    *,
    beside: Sequence[str] = BESIDE,
    tests: Sequence[str] = TESTS,
) -> Result:
    """Compare the two groups of `design` on every feature.

    Parameters
    ----------
    features
        Table of the contract `FEATURES`, in any order.
    seed
        Seed of the sampled permutations; each contrast has a stream of its own, by its name.
    beside
        Which of `power` and `influence` (refits without each subject) are wanted too; the others stay empty.
    tests
        Which of `mixed` and `permutation` fill their columns beside the test that `config.method` names; the others
        are not computed and stay empty.

    Raises
    ------
    SheetError
        The covariates cannot be told from the groups.
    """
    least = Least.of(config)
    values = values_of(features, design.unit_of_sample, config)
    reason = contrast_reason(design, config.min_subjects)
    if not reason:
        check_estimable(design)
    if PERMUTATION in (*tests, config.method):
        ways, no_permutation = _assignments(design, config, seed, reason)
    else:
        ways, no_permutation = None, reason or "no permutation test was asked for"
    whole = design.pair is not None and design.contrast.formula is None  # a formula can use half a pair
    pairs = (design.pair, design.group) if whole and design.pair is not None else None
    of_families = matrices(features, values, design.units, design.unit_of_sample, pairs, least)
    parts, priors = [], {}
    for family in of_families:
        part, prior = family_tests(family, design, config, ways, beside, tests)
        parts.append(part)
        if prior:
            priors[family.name] = prior
    tables: dict[str, Any] = {
        c.name: joined([part[c.name] for part in parts], c, only=True) for c in (EFFECTS_ALL, MIXED, POWER, INFLUENCE)
    }
    effects = tables[EFFECTS_ALL.name]
    effects["q_all"] = benjamini_hochberg(effects["p"])
    effects["q_across"] = q_across(effects[k.FAMILY], effects["p"])
    effects["q_primary"] = q_primary(effects, config.primary)
    tables[EFFECTS_ALL.name] = with_floor(effects)
    return Result(
        design,
        **tables,
        values=values,
        families=of_families,
        priors=priors,
        ways=ways,
        no_permutation=no_permutation,
        reason=reason,
    )


def not_compared(contrast: Contrast, error: TumintError) -> Result:
    """A contrast that the sheet, or what is left of the features, does not allow: no row, and the reason in words."""
    tables: dict[str, Any] = {c.name: joined([], c, only=True) for c in (EFFECTS_ALL, MIXED, POWER, INFLUENCE)}
    said = " ".join(str(fault).rstrip(".") for fault in error.faults[:1])
    return Result(
        nobody(contrast),
        **tables,
        values=empty(SUBJECTS),
        families=[],
        priors={},
        ways=None,
        no_permutation=said,
        reason=said,
        faults=tuple(error.faults),
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
