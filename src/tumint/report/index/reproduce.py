"""The config that gives a run again, put together from what each stage recorded of its settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import yaml

from tumint.config.model import StageParams
from tumint.config.response import ResponseConfig
from tumint.stages import STAGES

PANEL_FILE = "panel.yaml"


def config(metas: Mapping[str, Mapping[str, Any]], params: StageParams, sheet: str) -> tuple[str, str]:
    """The config and the panel as YAML; both empty where a stage recorded nothing, the panel where there is none.

    Parameters
    ----------
    metas
        Stage → its run metadata.
    params
        Those of the report, which know the cohort's name, title, source and data folder.
    sheet
        The sample sheet as the config named it; of an absolute path only the name is given.
    """
    recorded = {stage: dict(metas.get(stage, {}).get("params", {})) for stage in STAGES}
    if not all(recorded[stage].get(stage) for stage in STAGES):
        return "", ""
    panel = recorded["cluster"].get("panel") or recorded["ingest"].get("panel")
    values: dict[str, Any] = {name: getattr(params, name) for name in ("cohort", "title", "source", "simulated")}
    values["samples"] = _relative(sheet)
    if params.data is not None:
        values["data"] = _relative(params.data)
    if params.exclude:
        values["exclude"] = params.exclude
    if panel:
        values["panel"] = PANEL_FILE
    values["seed"] = recorded["response"].get("seed", 0)
    if params.samples_per_job is not None:
        values["samples_per_job"] = params.samples_per_job
    for stage in STAGES:
        values[stage] = _with_nulls(recorded[stage][stage], _defaults(stage))
    if params.report is not None:
        values["report"] = params.report.model_dump(mode="json")
    head = (
        "# What this cohort ran with. Sheet and data folder are named as they were, relative to the working folder.\n"
    )
    return head + _yaml(values), _yaml(panel) if panel else ""


def _defaults(stage: str) -> dict[str, Any]:
    if stage == "response":
        return ResponseConfig.model_construct(contrasts=[]).model_dump(mode="json")
    annotation = StageParams.model_fields[stage].annotation
    section = next(kind for kind in annotation.__args__ if kind is not type(None))  # type: ignore[union-attr]
    return dict(section().model_dump(mode="json"))


def _with_nulls(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with the keys that are missing because they were empty, where that is not the default."""
    whole = {
        key: _with_nulls(value, defaults[key])
        if isinstance(value, dict) and isinstance(defaults.get(key), dict)
        else value
        for key, value in values.items()
    }
    return whole | {key: None for key, value in defaults.items() if key not in values and value is not None}


def _relative(path: str) -> str:
    return PurePath(path).name if PurePath(path).is_absolute() else path


def _yaml(values: Mapping[str, Any]) -> str:
    return str(yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, width=100))
