"""Why a contrast or a feature has no p, in words: too few subjects, no variance, no degree of freedom."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tumint import keys as k
from tumint.errors import Fault, SheetError
from tumint.response.design.groups import Design
from tumint.response.design.matrices import Matrices
from tumint.response.models.linear import LinearFit
from tumint.text import listed, plural


def contrast_reason(design: Design, least: int) -> str:
    """Why no feature of this contrast has a p; empty where some may."""
    contrast = design.contrast
    sizes = [(contrast.reference, len(design.names(group=False))), (contrast.group, len(design.names(group=True)))]
    return _too_few(sizes, least)


def _too_few(sizes: list[tuple[str, int]], least: int) -> str:
    """Why these numbers of subjects give no p, in words; empty where they do."""
    short = [(name, n) for name, n in sizes if n < least]
    if not short:
        return ""
    said = listed(f"{plural(n, 'subject', none='no')} in group `{name}`" for name, n in short)
    if min(n for _, n in short) <= 1:
        return f"{said}: no between-subject variance, so no p"
    return f"{said}: fewer than the {least} that the config asks for, so no p"


def check_estimable(design: Design) -> None:
    """Raise `SheetError` where the covariates cannot be told from the groups."""
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


def feature_status(
    family: Matrices, design: Design, result: LinearFit, least: int
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """`tested`, `no_p` (an effect without a test) or `absent` (no effect), with the reason in words."""
    present = np.isfinite(family.values)
    contrast = design.contrast
    status, reason = np.full(len(present), k.TESTED, dtype=object), np.full(len(present), "", dtype=object)
    counts = zip(design.count(present, group=False), design.count(present, group=True), strict=True)
    for i, (n_reference, n_group) in enumerate(counts):
        sizes = [(contrast.reference, int(n_reference)), (contrast.group, int(n_group))]
        if n_reference == 0 or n_group == 0:
            absent = listed(f"`{name}`" for name, n in sizes if n == 0)
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
