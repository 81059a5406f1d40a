"""Functions of distance between groups: curves of subjects, t at every distance, and a band that holds over all.

Subjects are exchanged between the groups in every way, the largest |t| over the distances is noted, and what is larger
than in 95 % of the ways differs somewhere (max-|t| of Westfall & Young 1993). The moderated t of a distance shares its
prior over the pairs of types, anew in every way. Tables in, table out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.io.contracts import CURVES, joined
from tumint.response.compare import Result
from tumint.response.models.linear import Floats, fit
from tumint.response.models.permutation import permuted_statistics

LEVEL = 0.95
KINDS = ("within", "around")  # columns of the contract FUNCTIONS
MOST_WAYS = 2_000  # a band needs a quantile, not a small p


def curve_table(functions: pd.DataFrame, results: Sequence[Result]) -> pd.DataFrame:
    """`contracts.CURVES` of every contrast whose subjects can be exchanged.

    Parameters
    ----------
    functions
        Table of the contract `FUNCTIONS`, over samples; the pairs of the ROIs of a subject are added up.
    """
    parts = [_of_contrast(functions, result, kind) for result in results if result.ways is not None for kind in KINDS]
    return joined(parts, CURVES, only=True)


def subject_curves(functions: pd.DataFrame, unit_of_sample: pd.Series, kind: str) -> pd.DataFrame:
    """log2((seen + ½) / (expected + ½)) of every subject, pair and distance, in the order of distances.

    Returns
    -------
    `subject, source, target, r_um, value`; subjects in which nothing is expected have no row.
    """
    rows = functions.assign(subject=functions[k.SAMPLE].astype(str).map(unit_of_sample)).dropna(subset=[k.SUBJECT])
    keys = [k.SUBJECT, k.SOURCE, k.TARGET, "r_um"]
    sums = rows.groupby(keys, observed=True, sort=True)[[kind, f"{kind}_expected"]].sum().reset_index()
    sums = sums[sums[f"{kind}_expected"] > 0]
    return sums[keys].assign(value=np.log2((sums[kind] + 0.5) / (sums[f"{kind}_expected"] + 0.5)))


def _of_contrast(functions: pd.DataFrame, result: Result, kind: str) -> pd.DataFrame:
    design, ways = result.design, result.ways
    values = subject_curves(functions, design.unit_of_sample, kind)
    values = values[values[k.SUBJECT].isin(design.units)]
    if values.empty or ways is None:
        return pd.DataFrame()
    wide = values.pivot_table(index=[k.SOURCE, k.TARGET, "r_um"], columns=k.SUBJECT, values="value", observed=True)
    wide = wide.reindex(columns=list(design.units))
    distance = wide.index.get_level_values("r_um").to_numpy(float)
    Y, group = wide.to_numpy(float), design.group
    pair = wide.groupby(level=[0, 1], sort=False).ngroup().to_numpy()
    groups = ways.groups[:, : ways.total // 2] if ways.mirrored else ways.groups
    exact = ways.exact and groups.shape[1] <= MOST_WAYS
    if groups.shape[1] > MOST_WAYS:  # they come in order: evenly from all of them
        groups = groups[:, np.linspace(0, groups.shape[1] - 1, MOST_WAYS).astype(int)]
    t, largest = np.zeros(len(Y)), np.zeros((pair.max() + 1, groups.shape[1]))
    for r in np.unique(distance):
        rows = np.flatnonzero(distance == r)
        t[rows] = permuted_statistics(Y[rows], design.nuisance, group[:, None])[:, 0]
        largest[pair[rows]] = np.maximum(largest[pair[rows]], permuted_statistics(Y[rows], design.nuisance, groups))
    largest.sort(axis=1)
    critical = largest[:, int(np.ceil(LEVEL * largest.shape[1])) - 1]
    found = fit(Y, design.matrix, design.effect)
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.where(t > 0, np.abs(found.effect) / t, np.nan)
    observed = pd.Series(t).groupby(pair).max().to_numpy()
    beyond = np.array([(row >= top * (1 - 1e-9)).mean() for row, top in zip(largest, observed, strict=True)])
    table = wide.index.to_frame(index=False).assign(
        contrast=design.contrast.name,
        function=kind,
        effect=found.effect,
        se=se,
        band_low=found.effect - critical[pair] * se,
        band_high=found.effect + critical[pair] * se,
        p=_at_least(beyond, exact, largest.shape[1])[pair],
        smallest_p=1.0 / largest.shape[1],
    )
    return table[np.isfinite(found.effect) & np.isfinite(se)]


def _at_least(share: Floats, exact: bool, n: int) -> Floats:
    """p of a sample of ways counts the observed one too."""
    return share if exact else (share * n + 1) / (n + 1)
