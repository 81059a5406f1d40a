"""What a contrast found, as plain values for JSON: numbers of tests, priors, smallest attainable p, findings as rows.

The words of a report are made from this or taken from it; nothing is computed here but ratios.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from tumint import keys as k
from tumint.config.response import ResponseConfig
from tumint.response.compare import Result
from tumint.response.wording import finding, nothing

_FINDING = (
    *(k.FAMILY, k.FEATURE, k.SOURCE, k.TARGET, "effect", "ci_low", "ci_high", "p", "q", "q_all", "p_mixed"),
    *("p_permutation", "p_maxt", "n_subjects_reference", "n_subjects_group", "n_samples"),
    *("effect_low", "effect_high", "sign_kept", "largest_p", k.SUBJECT),  # every subject left out once
)


def summarise(
    results: list[Result], predictions: list[dict[str, Any]], config: ResponseConfig, without_features: list[str]
) -> dict[str, Any]:
    """Everything of `effects.json`.

    Parameters
    ----------
    predictions
        One per result, from `foretell`.
    without_features
        Samples of the sheet of which no feature was given.
    """
    return {
        "fdr": config.fdr,
        "method": config.method,
        "min_subjects": config.min_subjects,
        "samples_without_features": without_features,
        "contrasts": [
            {**_contrast(result, config), "prediction": prediction}
            for result, prediction in zip(results, predictions, strict=True)
        ],
    }


def _contrast(result: Result, config: ResponseConfig) -> dict[str, Any]:
    contrast, effects, ways = result.design.contrast, result.effects, result.ways
    found = effects[effects["q"] < config.fdr].sort_values(["q", "p", k.FAMILY, k.FEATURE], kind="stable")
    beside = [k.FAMILY, k.FEATURE, "effect_low", "effect_high", "sign_kept", "largest_p", k.SUBJECT]
    found = found.merge(result.influence[beside], on=[k.FAMILY, k.FEATURE], how="left")
    sides = contrast.model_dump(mode="json")
    domains = bool((effects[k.FAMILY] == k.FAMILY_INTERACTION_GLOBAL).any())
    return {
        **sides,
        "subset": result.subset,
        "subjects": {
            contrast.reference: result.design.names(group=False),
            contrast.group: result.design.names(group=True),
        },
        "left_out": result.design.left_out,
        "reason": result.reason,
        "permutation": {
            "assignments": ways.total if ways else None,
            "used": int(ways.groups.shape[1]) if ways else None,
            "exact": ways.exact if ways else None,
            "smallest_p": ways.smallest_p if ways else None,
            "reason": result.no_permutation,
        },
        "families": [_family(str(name), part, result, config) for name, part in effects.groupby(k.FAMILY, sort=True)],
        "findings": [
            {**{name: plain(row[name]) for name in _FINDING}, **finding(row, sides, domains=domains)}
            for row in found[list(_FINDING)].to_dict("records")
        ],
    }


def _family(name: str, effects: pd.DataFrame, result: Result, config: ResponseConfig) -> dict[str, Any]:
    prior = result.priors.get(name, {})
    power = result.power[result.power[k.FAMILY] == name].astype({"detectable": float, "detectable_alone": float})
    untested = effects.loc[effects[k.STATUS] != k.TESTED, k.REASON]
    row = {
        k.FAMILY: name,
        "n_features": len(effects),
        "n_tested": int((effects[k.STATUS] == k.TESTED).sum()),
        "n_significant": int((effects["q"] < config.fdr).sum()),
        "smallest_q": plain(effects["q"].min()),
        "d0": plain(prior.get("d0", math.nan)),
        "s0_squared": plain(prior.get("s0_squared", math.nan)),
        "detectable": plain(float(power["detectable"].median())),
        "detectable_alone": plain(float(power["detectable_alone"].median())),
        "reasons": {str(reason): int(count) for reason, count in sorted(untested.value_counts().items())},
    }
    empty = row["n_tested"] and not row["n_significant"]
    sides = result.design.contrast.model_dump(mode="json")
    return {**row, "nothing": nothing(row, sides, fdr=config.fdr, power=config.power) if empty else ""}


def plain(value: Any) -> Any:
    """A value as JSON has it: missing is null, infinite is the text `inf`."""
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return "inf" if math.isinf(value) else value
    return value.item() if hasattr(value, "item") else value
