"""From features of samples to values of subjects: the animal is the unit, never the ROI.

How is said by `pools` of the family (`tumint.families`): the mean of the ROIs weighed by information, which is the fit
of all ROIs as one; the ratio of added counts to added expectations; the odds of added counts; for all others the mean
weighted by `n`.
Only rows of status `tested` count. No ROI is left out for being sparse: whether a subject can say something is judged
over all of its ROIs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumint import families
from tumint import keys as k
from tumint.errors import DataError, Fault

if TYPE_CHECKING:
    from tumint.config.response import ResponseConfig

_TOGETHER = 200_000  # rows
_ADDED = ["expected", "excess", "weight", "plain", "weighted", "tested", "hits", "misses", "seen"]
_REASONS = (k.TOO_FEW, k.NO_VARIATION, k.ABSENT)  # the first that any ROI has is the subject's


@dataclass(frozen=True)
class Least:
    """What all ROIs of a subject together must hold: `information` on a pair, source `cells` for means over cells."""

    information: float = 2.0
    cells: float = 10.0

    @classmethod
    def of(cls, config: ResponseConfig) -> Least:
        """What the config asks for."""
        return cls(config.min_information, config.min_cells)


def check_values(features: pd.DataFrame, where: str) -> None:
    """Raise `DataError` where a tested row has no finite value, or one whose weight has a meaning no usable weight."""
    tested = features[features[k.STATUS] == k.TESTED]
    weight = tested[k.WEIGHT].to_numpy(dtype=float)
    usable = np.isfinite(weight) & (weight >= 0)
    ratio, odds, share = (_pooled(tested[k.FAMILY], how) for how in ("counts", "information", "shares"))
    bad = {
        f"a finite `{k.VALUE}`": ~np.isfinite(tested[k.VALUE].to_numpy(dtype=float)),
        f"`{k.WEIGHT}` to be the expected count": ratio & ~usable,
        f"`{k.WEIGHT}` to be the information that is expected": share & ~usable,
        f"`{k.WEIGHT}` to be the information": odds & ~(usable & (weight > 0)),
    }
    faults: list[Fault | str] = []
    for expected, rows in bad.items():
        for row in tested[rows].head(3).to_dict("records"):
            place = f"{where} ({row[k.SAMPLE]}, {row[k.FAMILY]}, {row[k.FEATURE]})"
            faults.append(Fault(place, expected, f"`{row[k.VALUE if k.VALUE in expected else k.WEIGHT]}`"))
    if faults:
        raise DataError(faults)


def subject_values(features: pd.DataFrame, subject: pd.Series, least: Least = Least()) -> pd.DataFrame:
    """Value, standard error and number of samples of every feature in every subject.

    Parameters
    ----------
    features
        Table of the contract `FEATURES`.
    subject
        Subject of each sample (index: sample). Samples that are not in it are left out.
    least
        What a subject must hold to have a value.

    Returns
    -------
    Table of the contract `SUBJECTS`, sorted by its key, whatever the order of `features`, with a row also where a
    subject has no value; `status` says why. A ratio is log2((ΣC+½)/(ΣE+½)) with C = 2**value·(E+½) − ½ of each sample,
    exactly 0 where all of them are 0, odds of shares log((ΣC+½)/(Σn−ΣC+½)) with the C that is in `value` and `n`,
    and its `se` follows from the samples' null standard deviations; means have the se of a weighted mean. A missing
    `se` of one sample makes the subject's missing.
    """
    rows = features[features[k.SAMPLE].isin(subject.index)]
    of_samples, samples = _coded(rows[k.SAMPLE])
    of_units, units = pd.factorize(subject.astype(str).reindex(samples).to_numpy(dtype=object), sort=True)
    named = {k.SUBJECT: (of_units[of_samples], units), **{n: _coded(rows[n]) for n in (k.FAMILY, k.FEATURE)}}
    keys = [codes for codes, _ in named.values()]
    # sums of floats depend on their order, so it is fixed here
    order = np.lexsort((of_samples, *reversed(keys)))
    first = np.append(True, np.any([key[order][1:] != key[order][:-1] for key in keys], axis=0))[: len(order)]
    parts = []
    for block in _blocks(first):
        at, number = order[block], np.cumsum(first[block])
        heads = at[first[block]]
        key = pd.DataFrame({name: names[codes[heads]].astype(object) for name, (codes, names) in named.items()})
        parts.append(_finish(key, *_sums(rows.iloc[at], number), least))
    return pd.concat(parts, ignore_index=True)


def _coded(column: pd.Series) -> tuple[NDArray[np.intp], NDArray[np.object_]]:
    """Which name each row has, and the names in order as text: of millions of rows, each name is looked at once."""
    codes, different = pd.factorize(column)
    ranks, names = pd.factorize(np.array([*map(str, different), None], dtype=object)[:-1], sort=True)
    return ranks[codes], names


def _blocks(first: NDArray[np.bool_]) -> Iterator[slice]:
    """Rows that are worked on together, so that memory does not follow their number; each value is in one of them."""
    starts = np.flatnonzero(first)
    begin = 0
    while begin + _TOGETHER < len(first):
        end = int(starts[np.searchsorted(starts, begin + _TOGETHER, side="right") - 1])
        end = end if end > begin else int(next(iter(starts[starts > begin]), len(first)))
        yield slice(begin, end)
        begin = end
    yield slice(begin, len(first))


def _sums(rows: pd.DataFrame, number: NDArray[np.intp]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """What is added up over the rows of each value (`number`, ascending): sums, squared errors, how it is pooled."""
    tested = (rows[k.STATUS] == k.TESTED).to_numpy()
    table = pd.DataFrame({"tested": tested, **{name: (rows[k.STATUS] == name).to_numpy() for name in _REASONS}})
    value, se, n, weight = (
        np.where(tested, rows[name].to_numpy(dtype=float), 0.0) for name in (k.VALUE, k.SE, k.N, k.WEIGHT)
    )
    ratio, odds, share = (_pooled(rows[k.FAMILY], how) for how in ("counts", "information", "shares"))
    table["ratio"], table["odds"] = ratio, odds
    half = np.where(tested & ratio, weight + 0.5, 0.0)  # E + ½
    table["expected"] = np.where(tested & ratio, weight, 0.0)
    # C − E, which is exactly 0 where the ratio is 1
    table["excess"] = half * np.expm1(np.where(ratio, value, 0.0) * np.log(2))
    table["weight"] = np.where(odds, weight, np.where(tested, n, 0.0))
    # C of log((C + ½) / (n − C + ½)), and n − C
    hits = np.where(tested & share, (n + 1) / (1 + np.exp(-np.where(share, value, 0.0))) - 0.5, 0.0)
    table["hits"], table["misses"] = hits, np.where(tested & share, n - hits, 0.0)
    table["seen"] = np.where(tested & share, weight, 0.0)
    table["plain"], table["weighted"] = value, table["weight"] * value
    table["variance"] = np.square(np.where(ratio, se * half * np.log(2), se * table["weight"]))
    table["plain_variance"] = np.square(se)
    grouped = table.groupby(number, sort=False)
    sums = grouped[[*_ADDED, *_REASONS]].sum()
    spread = (
        grouped[["variance", "plain_variance"]]
        .sum(min_count=1)
        .where(grouped["variance"].count().eq(grouped.size()), axis=0)
    )
    return sums, spread, grouped[["ratio", "odds"]].first()


def _finish(
    table: pd.DataFrame, sums: pd.DataFrame, spread: pd.DataFrame, kind: pd.DataFrame, least: Least
) -> pd.DataFrame:
    """Value, error and status of each value, beside its names in `table`."""
    excess, below = sums["excess"].to_numpy(), sums["expected"].to_numpy() + 0.5
    weight, n = sums["weight"].to_numpy(), sums["tested"].to_numpy(dtype=float)
    weighed = weight > 0  # a subject whose samples all have n = 0 gets the plain mean
    safe, count = np.where(weighed, weight, 1.0), np.maximum(n, 1.0)
    mean = np.where(weighed, sums["weighted"] / safe, sums["plain"] / count)
    mean_se = np.where(weighed, np.sqrt(spread["variance"]) / safe, np.sqrt(spread["plain_variance"]) / count)
    is_ratio, is_odds = kind["ratio"].to_numpy(dtype=bool), kind["odds"].to_numpy(dtype=bool)
    of_cells = _pooled(table[k.FAMILY], "cells")
    # of counts, what a change of labels can change is their variance; where that is not known, what is expected
    counts = np.where(np.isnan(spread["variance"]), sums["expected"], np.fmin(spread["variance"], sums["expected"]))
    is_share = _pooled(table[k.FAMILY], "shares")
    hits, misses = (np.maximum(sums[name].to_numpy(), 0.0) + 0.5 for name in ("hits", "misses"))
    held = np.select([is_ratio, is_share], [counts, sums["seen"].to_numpy()], weight)
    asked = np.select([is_ratio | is_odds | is_share, of_cells], [least.information, least.cells], 0.0)
    there, enough = n > 0, held >= asked
    reasons = [sums[name].to_numpy() > 0 for name in _REASONS]
    states = [k.TESTED, k.TOO_FEW, *_REASONS]
    status = np.select([there & enough, there, *reasons], states, k.NO_COORDINATES)
    known = status == k.TESTED
    values = [_log2(excess, below), np.log(hits / misses)]
    table[k.VALUE] = np.where(known, np.select([is_ratio, is_share], values, mean), np.nan)
    errors = [np.sqrt(spread["variance"]) / (below * np.log(2)), np.sqrt(1 / hits + 1 / misses)]
    se = np.select([is_ratio, is_share], errors, mean_se)
    table[k.SE] = np.where(known, se, np.nan)
    table["n_samples"] = np.where(known, n, 0).astype(np.int64)
    table[k.STATUS] = status.astype(object)
    return table


def _pooled(family: pd.Series, how: str) -> NDArray[np.bool_]:
    """Which rows are of families whose ROIs become subjects in this way."""
    return families.chosen(family, lambda one: one.pools == how).to_numpy(dtype=np.bool_)


def _log2(excess: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """log2((below + excess) / below)."""
    return np.log1p(excess / below) / np.log(2)
