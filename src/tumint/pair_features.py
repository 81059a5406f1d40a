"""Scores of pairs of types → features, for the workflow and for `tumint compare` on what `tumint score` wrote."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k

ODDS = {  # family: columns of value, se and information
    k.FAMILY_INTERACTION: ("direct_log_odds", "direct_se", "direct_information"),
    k.FAMILY_PAIRWISE: ("log_odds", "log_odds_se", "information"),
    k.FAMILY_MIXING: ("chi", "chi_se", "chi_information"),
}

FUNCTION_FAMILIES = tuple(  # column of FUNCTIONS, name of the family, distance in µm
    (kind, f"{kind}_{distance}", float(distance))
    for kind, distances in (("within", (20, 50, 100)), ("around", (10, 20, 30)))
    for distance in distances
)


def odds_features(scores: pd.DataFrame, family: str) -> pd.DataFrame:
    """Contact odds ratios of the rows of one null; a–b and b–a are one feature."""
    value, se, information = ODDS[family]
    rows = _once(scores)
    if family == k.FAMILY_MIXING:
        rows = rows[rows[k.SOURCE].astype(str) != rows[k.TARGET].astype(str)]
    known = rows[information].to_numpy(dtype=float) > 0
    status = np.where(rows[k.STATUS].isin([k.TESTED, k.TOO_FEW]), k.NO_VARIATION, rows[k.STATUS].astype(str))
    return _features(rows, family, rows[value], rows[se], rows[information], np.where(known, k.TESTED, status))


def part_features(scores: pd.DataFrame, *, symmetric: bool) -> pd.DataFrame:
    """Total and parts of what was seen against the image, under one null; `symmetric` keeps one of a→b and b→a."""
    rows = _once(scores) if symmetric else scores
    parts = [rows[name].to_numpy(dtype=float) for name in ("log2_domain", "log2_region", "log2_contact")]
    in_image, sd = rows["expected_global"].to_numpy(dtype=float), rows["sd"].to_numpy(dtype=float)
    # nothing expected comes back as 0, give or take a rounding
    in_domain = np.maximum(np.exp2(parts[0]) * (in_image + 0.5) - 0.5, 0.0)
    # a null that moves cells has no parts: what is expected under it is all there is
    at_null = np.where(
        np.isnan(in_domain), rows["expected"], np.maximum(np.exp2(parts[1]) * (in_domain + 0.5) - 0.5, 0.0)
    )
    status = rows[k.STATUS].astype(str).replace(k.TOO_FEW, k.TESTED).to_numpy(dtype=object)
    status[(status == k.TESTED) & ~(sd > 0)] = k.NO_VARIATION
    columns = {
        k.FAMILY_TOTAL: (np.sum(parts, axis=0), np.nan, in_image),
        k.FAMILY_SHARED_DOMAIN: (parts[0], np.nan, in_image),
        k.FAMILY_SHARED_REGION: (parts[1], np.nan, in_domain),
        k.FAMILY_CONTACT: (parts[2], sd / ((at_null + 0.5) * np.log(2)), at_null),
    }
    known = [family for family, (value, _, _) in columns.items() if not np.isnan(value[status == k.TESTED]).any()]
    return pd.concat([_features(rows, family, *columns[family], status) for family in known])


def allocation_features(scores: pd.DataFrame) -> pd.DataFrame:
    """Allocation of ordered pairs of two types under one null; what is known of a subject is judged over its ROIs."""
    rows = scores[scores[k.SOURCE].astype(str) != scores[k.TARGET].astype(str)]
    expected, sd = rows["expected"].to_numpy(dtype=float), rows["sd"].to_numpy(dtype=float)
    status = rows[k.STATUS].astype(str).replace(k.TOO_FEW, k.TESTED).to_numpy(dtype=object)
    status[(status == k.TESTED) & ~(sd > 0)] = k.NO_VARIATION
    se = sd / ((expected + 0.5) * np.log(2))
    return _features(rows, k.FAMILY_ALLOCATION, rows["log2_contact"], se, expected, status)


def function_features(scores: pd.DataFrame, functions: pd.DataFrame) -> list[pd.DataFrame]:
    """Pairs within and around the distances that have a family, against chance within domains.

    Parameters
    ----------
    scores
        Rows of one null and one statistic, for the status of every pair of every sample.
    functions
        Table of the contract `FUNCTIONS`; distances that it lacks have no features.
    """
    rows = _once(scores)
    pairs = [k.SAMPLE, k.SOURCE, k.TARGET]
    status = rows[k.STATUS].astype(str).replace(k.TOO_FEW, k.TESTED).to_numpy(dtype=object)
    features = []
    for kind, family, distance in FUNCTION_FAMILIES:
        part = functions[functions["r_um"] == distance]
        if part.empty:
            continue
        found = rows[pairs].astype(str).merge(part.astype(dict.fromkeys(pairs, str)), on=pairs, how="left")
        seen, expected, sd = (found[f"{kind}{end}"].to_numpy(dtype=float) for end in ("", "_expected", "_sd"))
        known = np.where((status == k.TESTED) & ~(sd > 0), k.NO_VARIATION, status)
        value, se = np.log2((seen + 0.5) / (expected + 0.5)), sd / ((expected + 0.5) * np.log(2))
        features.append(_features(rows, family, value, se, expected, known))
    return features


def statistic_features(scores: pd.DataFrame, family: str) -> pd.DataFrame:
    """Scores of another statistic, of ordered pairs, where the image gives them."""
    return _features(
        scores, family, scores["log2_enrichment"], scores[k.SE], scores["n_source"], scores[k.STATUS].astype(str)
    )


def _once(scores: pd.DataFrame) -> pd.DataFrame:
    return scores[scores[k.SOURCE].astype(str) <= scores[k.TARGET].astype(str)]


def _features(rows: pd.DataFrame, family: str, value: Any, se: Any, weight: Any, status: Any) -> pd.DataFrame:
    tested = np.asarray(status) == k.TESTED
    return pd.DataFrame(
        {
            k.SAMPLE: rows[k.SAMPLE],
            k.FAMILY: family,
            k.FEATURE: pair_names(rows),
            k.VALUE: np.where(tested, value, np.nan),
            k.SE: np.where(tested, se, np.nan),
            k.WEIGHT: np.where(tested, weight, 0.0),
            k.N: rows["n_source"],
            k.STATUS: status,
        }
    )


def pair_names(table: pd.DataFrame) -> pd.Series:
    """The name of the feature of each row's source and target."""
    return table[k.SOURCE].astype(str) + k.PAIR_SEPARATOR + table[k.TARGET].astype(str)
