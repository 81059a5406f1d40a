"""What a contrast found, as plain values for JSON: numbers of tests, priors, smallest attainable p, findings as rows.

The words of a report are made from this or taken from it; nothing is computed here but ratios.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from tumint import keys as k
from tumint.config.response import ResponseConfig
from tumint.io.contracts import OUTCOMES, empty
from tumint.response.compare import Result
from tumint.response.grade import grade, linked
from tumint.response.multiplicity import across
from tumint.response.parts import parts_of, sentence
from tumint.response.replicates import advice
from tumint.response.wording import finding, nothing, relation
from tumint.text import integer, probability, setting

_LARGEST = 3  # effects in words where nothing has a p

_FINDING = (
    *(k.FAMILY, k.FEATURE, k.SOURCE, k.TARGET, "effect", "ci_low", "ci_high", "p", "q", "q_all", "p_mixed"),
    *("q_across", "q_primary"),
    *("p_permutation", "p_maxt", "n_subjects_reference", "n_subjects_group", "n_samples"),
    *("mean_reference", "mean_group", "lost"),
    *("effect_low", "effect_high", "sign_kept", "largest_p", k.SUBJECT),  # every subject left out once
    *("robustness", "n_settings", "setting_low", "setting_high"),  # the sensitivity grid
    *("verdict", "effect_adjusted"),  # what remains of a pair at equal shares of both types
)
_ASKED = (
    *(k.FAMILY, k.FEATURE, k.SOURCE, k.TARGET, "effect", "ci_low", "ci_high", "p", "q", "q_primary"),
    *("n_subjects_reference", "n_subjects_group", "mean_reference", "mean_group"),
)
_RELATION = (
    *(k.FAMILY, k.FEATURE, k.SOURCE, k.TARGET, "effect", "ci_low", "ci_high", "p", "q"),
    *("n_subjects", "n_events", "n_samples"),
)


def summarise(
    results: list[Result],
    predictions: list[dict[str, Any]],
    config: ResponseConfig,
    without_features: list[str],
    *,
    grid: pd.DataFrame | None = None,
    left: pd.DataFrame | None = None,
    outcomes: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """Everything of `effects.json`.

    Parameters
    ----------
    predictions
        One per result, from `predicted_groups`.
    without_features
        Samples of the sheet of which no feature was given.
    grid, left, outcomes
        Tables of the contracts `ROBUSTNESS`, `REMAINING` and `OUTCOMES`.
    """
    return {
        "fdr": config.fdr,
        "method": config.method,
        "min_subjects": config.min_subjects,
        "samples_without_features": without_features,
        "contrasts": [
            {**_contrast(result, config, grid, left), "prediction": prediction}
            for result, prediction in zip(results, predictions, strict=True)
        ],
        "outcomes": [_outcome(outcome.name, outcomes, config) for outcome in config.outcomes],
    }


def _contrast(
    result: Result, config: ResponseConfig, grid: pd.DataFrame | None, left: pd.DataFrame | None
) -> dict[str, Any]:
    contrast, effects, ways = result.design.contrast, result.effects, result.ways
    asked = effects[effects["q_primary"].notna()].sort_values(["q_primary", "p", k.FAMILY, k.FEATURE], kind="stable")
    found = effects[(effects["q"] < config.fdr) | (effects["q_primary"] < config.fdr)].sort_values(
        ["q", "p", k.FAMILY, k.FEATURE], kind="stable"
    )
    found = _with_evidence(found, result, grid, left)
    sides, split = contrast.model_dump(mode="json"), parts_of(effects)
    told = {**sides, "domains": list(effects.loc[effects[k.FAMILY] == k.FAMILY_DOMAIN, k.FEATURE])}
    return {
        **sides,
        "subset": result.subset,
        "unit_of_sample": _units(result),
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
        "findings": _findings(found[list(_FINDING)].to_dict("records"), told, split),
        "primary": [_asked(row, told, config.fdr) for row in asked[list(_ASKED)].to_dict("records")],
        "across": across(effects, config.fdr),
        "largest": [finding(row, told)["words"] for row in _largest(effects)],
    }


def _asked(row: dict[Any, Any], sides: dict[str, Any], fdr: float) -> dict[str, Any]:
    """A feature that was named before looking, found or not."""
    said = finding({**row, "q": row["q_primary"]}, sides)
    return {**{name: plain(value) for name, value in row.items()}, **said, "found": bool(row["q_primary"] < fdr)}


def _findings(rows: list[dict[Any, Any]], sides: dict[str, Any], split: dict[str, dict[str, Any]]) -> list[Any]:
    """Every finding with its grade, its sentence and, of a pair, the stronger finding that it shares a type with."""
    found = []
    for row, tied in zip(rows, linked(rows), strict=True):
        parts = split.get(row[k.FEATURE]) if row[k.FAMILY] == k.FAMILY_INTERACTION else None
        parts = None if sides.get("coefficient") else parts
        word, why = grade(row, parts)
        graded = {**row, "grade": word, "why": why, "linked_to": tied}
        numbers = {name: plain(value) for name, value in graded.items()}
        found.append({**numbers, **_in_words(graded, sides, parts)})
    return found


def _in_words(row: dict[Any, Any], sides: dict[str, Any], parts: dict[str, Any] | None) -> dict[str, Any]:
    """A finding's ratios and sentence; of a contact also what the difference in numbers of contacts is made of."""
    said = finding(row, sides)
    if parts is None:
        return said
    words = f"{said['words']} {sentence(row[k.SOURCE], row[k.TARGET], parts, sides)}"
    shares = {
        name: [plain(float(2.0**value)) for value in part] for name, part in parts.items() if name != "carried_by"
    }
    return {**said, "words": words, "parts": shares, "carried_by": parts["carried_by"]}


def _units(result: Result) -> dict[str, str] | None:
    """The unit of each sample, where the sheet does not say it: some samples are left out, or subjects have parts."""
    units, contrast = result.design.unit_of_sample, result.design.contrast
    if not contrast.subset and contrast.paired is None:
        return None
    return {str(sample): str(unit) for sample, unit in units.sort_index().items()}


def _with_evidence(
    found: pd.DataFrame, result: Result, grid: pd.DataFrame | None, left: pd.DataFrame | None
) -> pd.DataFrame:
    """Findings with one subject left out, over the sensitivity grid, and at equal shares of both types."""
    beside = [k.FAMILY, k.FEATURE, "effect_low", "effect_high", "sign_kept", "largest_p", k.SUBJECT]
    found = found.merge(result.influence[beside], on=[k.FAMILY, k.FEATURE], how="left")
    over = {"effect_low": "setting_low", "effect_high": "setting_high"}
    held = _of_contrast(grid, result, ["robustness", "n_settings", *over]).rename(columns=over)
    pairs = _of_contrast(left, result, ["verdict", "effect_adjusted"], k.FAMILY_INTERACTION)
    for table in (held, pairs):
        found = found.merge(table, on=[k.FAMILY, k.FEATURE], how="left")
    return found


def _of_contrast(table: pd.DataFrame | None, result: Result, columns: list[str], family: str = "") -> pd.DataFrame:
    """Some columns of a table of all contrasts, by family and feature; numbers as floats; no rows without a table."""
    if table is None or table.empty:
        return pd.DataFrame(columns=[k.FAMILY, k.FEATURE, *columns])
    mine = table[table["contrast"] == result.design.contrast.name]
    mine = mine.assign(**{k.FAMILY: family}) if family else mine
    mine = mine[[k.FAMILY, k.FEATURE, *columns]]
    return mine.astype({name: float for name in columns if name != "verdict"})


def _largest(effects: pd.DataFrame) -> list[dict[Any, Any]]:
    """The largest effects on interactions, where nothing has a p: what these subjects look like."""
    if effects["p"].notna().any():
        return []
    rows = effects[(effects[k.FAMILY] == k.FAMILY_INTERACTION) & effects["effect"].notna()]
    order = rows["effect"].abs().sort_values(ascending=False, kind="stable").index
    return rows.loc[order].head(_LARGEST).to_dict("records")


def _outcome(name: str, outcomes: pd.DataFrame | None, config: ResponseConfig) -> dict[str, Any]:
    """What a number or a survival time goes with."""
    rows = empty(OUTCOMES) if outcomes is None else outcomes
    rows = rows[rows["outcome"] == name]
    found = rows[rows["q"] < config.fdr].sort_values(["q", "p", k.FAMILY, k.FEATURE], kind="stable")
    tested = int(rows["p"].notna().sum())
    said = {"name": name, "n_tested": tested, "smallest_q": plain(float(rows["q"].astype(float).min()))}
    findings = [
        {**{column: plain(row[column]) for column in _RELATION}, "words": relation(row)}
        for row in found.to_dict("records")
    ]
    none = f"Nothing goes with {name} at q < {setting(config.fdr)} among {integer(tested)} features"
    if tested:
        none += f" (smallest q = {probability(said['smallest_q'])})"
    return {**said, "findings": findings, "nothing": "" if findings else f"{none}."}


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
    mixed = result.mixed[result.mixed[k.FAMILY] == name]
    row |= {"replicates": advice(mixed, _rois(result), config.animal_cost)}
    empty = row["n_tested"] and not row["n_significant"]
    sides = result.design.contrast.model_dump(mode="json")
    return {**row, "nothing": nothing(row, sides, fdr=config.fdr, power=config.power) if empty else ""}


def _rois(result: Result) -> float:
    """ROIs per animal of those that are compared."""
    units = result.design.unit_of_sample
    counts = units[units.isin(result.design.units)].value_counts()
    return float(counts.mean()) if len(counts) else 0.0


def plain(value: Any) -> Any:
    """A value as JSON has it: missing is null, infinite is the text `inf`."""
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return "inf" if math.isinf(value) else value
    return value.item() if hasattr(value, "item") else value
