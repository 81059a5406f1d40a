"""Cells by domain and by distance to the margin → features. Tables in, table out, no files.

Made for the whole cohort at once: what can be said of a rare type in a small domain is judged by how common it is over
all ROIs, never by the ROI's own count, which is what is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.text import setting

_INSIDE = 0.0  # µm: below it a cell is in the tumour
_KEY = [k.SAMPLE, k.DOMAIN, k.CELL_TYPE]


def place_features(
    domains: pd.DataFrame,
    margins: pd.DataFrame,
    phenotypes: pd.DataFrame,
    samples: Sequence[str],
    bins_um: Sequence[float],
) -> pd.DataFrame:
    """All families of tables of the contracts `DOMAINS`, `MARGINS` and `PHENOTYPES`."""
    tissue = phenotypes.set_index(k.SAMPLE)["tissue_mm2"].reindex(list(samples))
    why = np.where(tissue.isna(), k.NO_COORDINATES, k.ABSENT).astype(object)

    def lost(table: pd.DataFrame) -> np.ndarray:
        return np.where(np.isin(samples, list(set(table[k.SAMPLE].astype(str)))), "", why)

    parts = [domain_features(domains, samples, lost(domains))]
    parts.append(infiltration_features(margins, samples, lost(margins), bins_um))
    return pd.concat(parts, ignore_index=True)


def domain_features(domains: pd.DataFrame, samples: Sequence[str], lost: np.ndarray) -> pd.DataFrame:
    """Families `domain`, `composition_in_domain`, `domain_of_type` and `domain_preference` of every sample.

    Parameters
    ----------
    domains
        Contract `DOMAINS`. A domain that a sample lacks has no cell and no area there.
    lost
        Why a sample has no row at all (S,); empty: it has some.
    """
    names = [name for name in sorted(set(domains[k.DOMAIN])) if name != k.NO_DOMAIN]
    if not names:
        return pd.DataFrame()
    types = sorted(set(domains[k.CELL_TYPE]))
    every = pd.MultiIndex.from_product([samples, names, types], names=_KEY)
    n = domains.set_index(_KEY)[k.N].reindex(every, fill_value=0).to_numpy(float).reshape(len(samples), len(names), -1)
    areas = domains.drop_duplicates([k.SAMPLE, k.DOMAIN]).set_index([k.SAMPLE, k.DOMAIN])
    places = pd.MultiIndex.from_product([samples, names])
    area = areas["area_mm2"].reindex(places, fill_value=0.0).to_numpy(float).reshape(len(samples), -1)
    of_sample = domains.drop_duplicates(k.SAMPLE).set_index(k.SAMPLE)
    tissue = of_sample["tissue_mm2"].reindex(list(samples)).to_numpy(float)
    # all cells of a type, also those in no domain
    by_type = domains.groupby([k.SAMPLE, k.CELL_TYPE])[k.N].sum()
    n_type = _wide(by_type, samples, types)
    n_all = n_type.sum(axis=1)
    pairs = [f"{t}{k.PAIR_SEPARATOR}{d}" for d in names for t in types]
    in_domain = np.broadcast_to(n.sum(axis=2)[:, :, None], n.shape)
    of_type = np.broadcast_to(n_type[:, None, :], n.shape)
    return pd.concat(
        [
            _areas(samples, names, area, tissue, n_all, lost),
            _shares(samples, k.FAMILY_IN_DOMAIN, pairs, n, in_domain, lost),
            _shares(samples, k.FAMILY_OF_TYPE, pairs, n, of_type, lost),
            _preference(samples, pairs, n, in_domain, of_type, n_all, lost),
        ],
        ignore_index=True,
    )


def infiltration_features(
    margins: pd.DataFrame, samples: Sequence[str], lost: np.ndarray, bins_um: Sequence[float]
) -> pd.DataFrame:
    """Families `infiltration` and `infiltration_inside`; a sample without a row of `MARGINS` has no margin."""
    if margins.empty:
        return pd.DataFrame()
    at = np.asarray(bins_um, float)
    rows = margins.assign(
        bin=np.searchsorted(at, margins["from_um"].to_numpy(float), side="right"),
        inside=margins["to_um"] <= _INSIDE,
    )
    types, said = sorted(set(rows[k.CELL_TYPE])), bin_names(bins_um)
    every = pd.MultiIndex.from_product([samples, range(len(said)), types])
    sums = rows.groupby([k.SAMPLE, "bin", k.CELL_TYPE])[[k.N, "area_mm2"]].sum().reindex(every, fill_value=0.0)
    n, area = (sums[name].to_numpy(float).reshape(len(samples), len(said), -1) for name in (k.N, "area_mm2"))
    density = n.sum(axis=(0, 1)) / area.sum(axis=(0, 1))  # of the cohort
    expected = area * density
    pairs = [f"{t}{k.PAIR_SEPARATOR}{where}" for where in said for t in types]
    n_type = np.broadcast_to(n.sum(axis=1)[:, None, :], n.shape)
    value = np.where(expected > 0, np.log2((n + 0.5) / (expected + 0.5)), np.nan)
    counted = _rows(
        samples,
        k.FAMILY_INFILTRATION,
        pairs,
        value,
        1 / (np.sqrt(expected + 0.5) * np.log(2)),
        expected,
        n_type,
        _status(value, lost),
    )
    mine = rows[rows["inside"]].groupby([k.SAMPLE, k.CELL_TYPE])[k.N].sum()
    inside = _wide(mine, samples, types)
    return pd.concat(
        [counted, _shares(samples, k.FAMILY_INSIDE, types, inside, n.sum(axis=1), lost)], ignore_index=True
    )


def bin_names(bins_um: Sequence[float]) -> list[str]:
    """How the bins of the margin are called, from the deepest to the farthest out."""
    at = [setting(abs(value)) for value in bins_um]
    said = [_beyond(bins_um[0], at[0], below=True)]
    for (low, high), (a, b) in zip(pairwise(bins_um), pairwise(at), strict=True):
        if low < 0 < high:
            said.append(f"{a} µm inside to {b} µm outside")
        else:
            said.append(f"{b} to {a} µm inside" if high <= 0 else f"{a} to {b} µm outside")
    return [*said, _beyond(bins_um[-1], at[-1], below=False)]


def _beyond(value: float, said: str, *, below: bool) -> str:
    if value == 0:
        return "inside" if below else "outside"
    if (value < 0) == below:
        return f"over {said} µm {'inside' if below else 'outside'}"
    return f"inside to {said} µm outside" if below else f"{said} µm inside to outside"


def _areas(
    samples: Sequence[str],
    names: Sequence[str],
    area: np.ndarray,
    tissue: np.ndarray,
    n_all: np.ndarray,
    lost: np.ndarray,
) -> pd.DataFrame:
    """log2 of the area of each domain over that of the tissue, both in areas of a cell, ½ added; `weight`: the latter.

    An area has no error of counting: what it varies by is told from the ROIs.
    """
    cells = np.broadcast_to(n_all[:, None], area.shape)
    share = area / np.where(tissue > 0, tissue, np.nan)[:, None]
    value = np.log2((share * cells + 0.5) / (cells + 0.5))
    return _rows(samples, k.FAMILY_DOMAIN, names, value, np.nan, cells, cells, _status(value, lost))


def _shares(
    samples: Sequence[str],
    family: str,
    features: Sequence[str],
    n: np.ndarray,
    of: np.ndarray,
    lost: np.ndarray,
) -> pd.DataFrame:
    """Log odds of `n` among `of` cells; `weight` = of · p (1 − p) with the cohort's share p: what can be seen there."""
    total = of.sum(axis=0)
    p = np.divide(n.sum(axis=0), total, out=np.zeros_like(total), where=total > 0)
    value = np.log((n + 0.5) / (of - n + 0.5))
    se = np.sqrt(1 / (n + 0.5) + 1 / (of - n + 0.5))
    value = np.where(of > 0, value, np.nan)
    return _rows(samples, family, features, value, se, of * p * (1 - p), of, _status(value, lost))


def _preference(
    samples: Sequence[str],
    pairs: Sequence[str],
    n: np.ndarray,
    in_domain: np.ndarray,
    of_type: np.ndarray,
    n_all: np.ndarray,
    lost: np.ndarray,
) -> pd.DataFrame:
    """log2 of a type's cells in a domain over those if its cells were any of the ROI's; sd hypergeometric."""
    N = np.maximum(n_all, 2.0)[:, None, None]
    expected = of_type * in_domain / N
    sd = np.sqrt(expected * (1 - in_domain / N).clip(0) * (N - of_type) / (N - 1))
    value = np.where(of_type > 0, np.log2((n + 0.5) / (expected + 0.5)), np.nan)
    status = _status(value, lost)
    status[(status == k.TESTED) & ~(sd > 0)] = k.NO_VARIATION
    se = sd / ((expected + 0.5) * np.log(2))
    return _rows(samples, k.FAMILY_PREFERENCE, pairs, value, se, expected, of_type, status)


def _wide(values: pd.Series, samples: Sequence[str], types: Sequence[str]) -> np.ndarray:
    """Values by sample and type as a matrix (S, K), 0 where there is none."""
    every = pd.MultiIndex.from_product([samples, types])
    return np.asarray(values.reindex(every, fill_value=0).to_numpy(float).reshape(len(samples), len(types)))


def _status(value: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """Tested where there is a value, in samples that are not lost for a reason of their own."""
    why = lost.reshape(-1, *(1,) * (value.ndim - 1))
    return np.where(why == "", np.where(np.isnan(value), k.ABSENT, k.TESTED), why).astype(object)


def _rows(
    samples: Sequence[str],
    family: str,
    features: Sequence[str],
    value: Any,
    se: Any,
    weight: np.ndarray,
    n: np.ndarray,
    status: np.ndarray,
) -> pd.DataFrame:
    """Arrays whose first axis is the sample as rows of the contract `FEATURES`."""
    status = np.asarray(status, dtype=object).ravel()
    tested = status == k.TESTED
    se = np.broadcast_to(se, np.shape(value)).ravel()
    return pd.DataFrame(
        {
            k.SAMPLE: np.repeat(np.asarray(samples, dtype=object), len(features)),
            k.FAMILY: family,
            k.FEATURE: np.tile(np.asarray(features, dtype=object), len(samples)),
            k.VALUE: np.where(tested, np.ravel(value), np.nan),
            k.SE: np.where(tested, se, np.nan),
            k.WEIGHT: np.where(tested, weight.ravel(), 0.0),
            k.N: n.ravel().astype(np.int64),
            k.STATUS: status,
        }
    )
