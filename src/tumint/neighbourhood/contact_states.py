"""Whether a marker of a cell is higher where it touches a cell of another type, with spillover measured and taken out.

Signal of a neighbour that is read in a cell looks like a state that contact brings. So the share of neighbours' signal
that cells carry is measured in each image on markers that a type lacks, and taken out of all markers; what of the
neighbour's lineage markers still rises on contact is reported as control, and sets a floor (`tumint.response.floor`).
Arrays in, a table out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from tumint import keys as k

LEAST = 5  # cells of a type with the contact, and without, of which a slope is made
LACKS = 0.2  # a type lacks a marker where its mean is below this part of the highest among types
SHOWS = 0.5  # and shows it as lineage from this part on
_FEWEST = 20  # cells of a type whose level counts


@dataclass(frozen=True)
class Contacts:
    """The cells of one image: labels, strata (tissue domains as codes), who touches whom; types of the cohort."""

    sample: str
    labels: np.ndarray
    strata: np.ndarray
    graph: csr_array
    types: Sequence[str]

    def levels(self, values: np.ndarray) -> np.ndarray:
        """Mean of each marker in each type (K, M); NaN of types with too few cells."""
        K = len(self.types)
        n = np.bincount(self.labels, minlength=K)
        sums = np.stack([np.bincount(self.labels, weights=column, minlength=K) for column in values.T], axis=1)
        return np.where((n >= _FEWEST)[:, None], sums / np.maximum(n, 1)[:, None], np.nan)


def spilled(cells: Contacts, lineage: np.ndarray) -> np.ndarray:
    """Shares (2,) of the neighbours' summed and mean signal that cells carry: least squares on what their types lack.

    Parameters
    ----------
    lineage
        (n × L) normalised values of lineage markers.
    """
    levels = cells.levels(lineage)
    with np.errstate(invalid="ignore"):
        lacks = levels < LACKS * np.nanmax(levels, axis=0, initial=0.0)
    degree = np.diff(cells.graph.indptr).astype(float)
    product, right = np.zeros((2, 2)), np.zeros(2)
    group = cells.labels * (cells.strata.max(initial=0) + 1) + cells.strata
    for j in range(lineage.shape[1]):
        rows = np.flatnonzero(lacks[cells.labels, j] & (degree > 0))
        if rows.size < _FEWEST or not (peak := np.nanmax(levels[:, j])) > 0:
            continue
        total = (cells.graph @ lineage[:, j])[rows]
        X = np.column_stack([total, total / degree[rows]]) / peak
        both = _within(np.column_stack([X, lineage[rows, j] / peak]), group[rows])
        product += both[:, :2].T @ both[:, :2]
        right += both[:, :2].T @ both[:, 2]
    if not np.linalg.det(product) > 0:
        return np.zeros(2)
    return np.asarray(np.linalg.solve(product, right))


def without_spillover(cells: Contacts, values: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Values (n × M) less the measured share of the neighbours' signal."""
    total = cells.graph @ values
    degree = np.maximum(np.diff(cells.graph.indptr), 1)[:, None]
    return np.asarray(values - shares[0] * total - shares[1] * total / degree)


def contact_features(
    cells: Contacts,
    states: Mapping[str, np.ndarray],
    lineage: Mapping[str, np.ndarray],
    gates: Mapping[str, float],
    told_by: Mapping[str, Sequence[str]] = {},
) -> pd.DataFrame:
    """Rows of the contract `FEATURES`: families `state_by_contact`, `spillover` (controls), `positivity_by_contact`.

    Notes
    -----
    Cells of a type within their domains; the contact with b (0 or 1) beside the number of neighbours and the share of b
    around (neighbours of neighbours): slope by least squares, se robust to unequal variance (HC0). `n` is the smaller
    of the cells with and without the contact. A control is a slope as part of the level that b has. Positive
    cells among those with the contact are counted against the hypergeometric expectation within domains.
    """
    names = [*states, *lineage]
    if not states or not lineage:
        return pd.DataFrame()
    raw = np.column_stack([*states.values(), *lineage.values()]).astype(float)
    raw = np.nan_to_num(raw)
    shares = spilled(cells, raw[:, len(states) :])
    clean = without_spillover(cells, raw, shares)
    levels = cells.levels(raw)
    with np.errstate(invalid="ignore"):
        high = levels >= SHOWS * np.nanmax(levels, axis=0, initial=0.0)
        low = levels < LACKS * np.nanmax(levels, axis=0, initial=0.0)
    here = np.zeros((len(cells.labels), len(cells.types)))
    here[np.arange(len(cells.labels)), cells.labels] = 1.0
    touched = cells.graph @ here
    around = cells.graph @ touched
    around /= np.maximum(around.sum(axis=1, keepdims=True), 1.0)
    degree = np.diff(cells.graph.indptr).astype(float)
    gated = {name for name in states if np.isfinite(gates.get(name, np.nan))}
    rows: list[tuple[object, ...]] = []
    kinds = [i for i, name in enumerate(cells.types) if name != k.UNCLASSIFIED]
    for a in kinds:
        mine = np.flatnonzero(cells.labels == a)
        # what does not depend on the other type is had once
        strata, y = cells.strata[mine], clean[mine]
        centred = _within(y, strata)
        counted = {name: _Positive.of(y[:, j] >= gates[name], strata) for j, name in enumerate(states) if name in gated}
        for b in (b for b in kinds if b != a):
            pair = (cells.types[a], cells.types[b])
            contact = touched[mine, b] > 0
            one = int(contact.sum())
            fewer = min(one, len(mine) - one)
            if fewer < LEAST:
                status = k.TOO_FEW if len(mine) else k.ABSENT
                rows += [
                    (k.FAMILY_STATE, name, *pair, np.nan, np.nan, fewer, fewer, status)
                    for name in states
                    if name not in told_by.get(pair[0], ())
                ]
                continue
            beside = np.column_stack([degree[mine], around[mine, b]])
            slope, se = _slopes(contact.astype(float), beside, centred, strata)
            touching = np.bincount(strata, weights=contact)
            for j, name in enumerate(names):
                if not np.isfinite(se[j]):
                    continue
                if j < len(states) and name not in told_by.get(pair[0], ()):
                    rows.append((k.FAMILY_STATE, name, *pair, slope[j], se[j], fewer, fewer, k.TESTED))
                    if name in gated:
                        rows += counted[name].on_contact(name, pair, contact, touching)
                elif j >= len(states) and high[b, j] and low[a, j]:
                    level = levels[b, j]
                    rows.append(
                        (k.FAMILY_SPILLOVER, name, *pair, slope[j] / level, se[j] / level, fewer, fewer, k.TESTED)
                    )
    table = pd.DataFrame(rows, columns=[k.FAMILY, "marker", "a", "b", k.VALUE, k.SE, k.WEIGHT, k.N, k.STATUS])
    feature = table["marker"] + k.PAIR_SEPARATOR + table["a"] + k.PAIR_SEPARATOR + table["b"]
    table[k.SAMPLE], table[k.FEATURE] = cells.sample, feature
    table[k.WEIGHT] = table[k.WEIGHT].where(table[k.STATUS] == k.TESTED, 0.0).astype(float)
    return table[[k.SAMPLE, k.FAMILY, k.FEATURE, k.VALUE, k.SE, k.WEIGHT, k.N, k.STATUS]]


def _within(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Columns less their mean within each group."""
    n = np.bincount(group)
    means = np.stack([np.bincount(group, weights=column) / np.maximum(n, 1) for column in values.T], axis=1)
    return np.asarray(values - means[group])


def _slopes(
    contact: np.ndarray, beside: np.ndarray, centred: np.ndarray, strata: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Slope of every column on the contact within strata, beside two covariates, and its robust error.

    `centred` is less its mean in each stratum already.
    """
    whole = _within(np.column_stack([beside, contact]), strata)
    Z, c = whole[:, :2], whole[:, 2:3]
    basis, triangle = np.linalg.qr(Z)
    basis = basis[:, np.abs(triangle.diagonal()) > 1e-9]
    c = (c - basis @ (basis.T @ c))[:, 0]
    rest = centred - basis @ (basis.T @ centred)
    information = float(c @ c)
    if information < 1e-6:
        return np.full(centred.shape[1], np.nan), np.full(centred.shape[1], np.nan)
    slope = c @ rest / information
    off = rest - c[:, None] * slope
    return slope, np.sqrt(np.square(c) @ np.square(off)) / information


@dataclass(frozen=True)
class _Positive:
    """The positive cells of a type: each (n,), and how many cells and positive ones there are in each stratum."""

    cells: np.ndarray
    total: np.ndarray
    up: np.ndarray

    @classmethod
    def of(cls, positive: np.ndarray, strata: np.ndarray) -> _Positive:
        """Counted by stratum."""
        return cls(positive, np.bincount(strata), np.bincount(strata, weights=positive))

    def on_contact(
        self, name: str, pair: tuple[str, str], contact: np.ndarray, touching: np.ndarray
    ) -> list[tuple[object, ...]]:
        """Positive cells with the contact over those expected: a hypergeometric law in every domain, added up.

        `touching` is how many cells have the contact in each stratum. No row where it cannot vary: two in three were
        such.
        """
        share = touching / np.maximum(self.total, 1)
        expected = float((self.up * share).sum())
        variance = self.up * share * (1 - share) * (self.total - self.up) / np.maximum(self.total - 1, 1)
        sd, seen = float(np.sqrt(variance.sum())), float((contact & self.cells).sum())
        if not sd > 0:
            return []
        value, se = np.log2((seen + 0.5) / (expected + 0.5)), sd / ((expected + 0.5) * np.log(2))
        return [(k.FAMILY_POSITIVE_CONTACT, name, *pair, value, se, expected, len(contact), k.TESTED)]
