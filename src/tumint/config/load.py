"""Read and validate config, panel and sample sheet: ALL faults at once, each with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import yaml
from pydantic import BaseModel, ValidationError

from tumint.config.model import Config, StageParams
from tumint.config.panel import Panel
from tumint.errors import ConfigError, Fault, TumintError
from tumint.samples import check_design, read_sheet

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Cohort:
    """A config, its sheet (one row per sample, order kept) and its panel, all valid and consistent with each other."""

    config: Config
    sheet: pd.DataFrame
    panel: Panel | None

    @property
    def samples(self) -> list[str]:
        """Names of the samples, in the order of the sheet."""
        return list(self.sheet["sample"])


def read_yaml(path: str | Path) -> dict[str, Any]:
    """A YAML file as a dict.

    Raises
    ------
    ConfigError
        The file is missing, is not YAML, or is not a mapping.
    """
    try:
        loaded = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        raise ConfigError(Fault(str(path), "a YAML file", "none")) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path} line {mark.line + 1}" if mark else str(path)
        raise ConfigError(Fault(where, "YAML", getattr(error, "problem", None) or "text that is not UTF-8")) from None
    if not isinstance(loaded, dict):
        raise ConfigError(Fault(str(path), "keys and values", type(loaded).__name__))
    return loaded


def validate(model: type[M], values: Mapping[str, Any], where: str) -> M:
    """`values` as a `model`; a `ConfigError` with one line for every fault otherwise."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError([_fault(e, where) for e in error.errors()]) from None


def _fault(error: Any, where: str) -> Fault:
    key = ".".join(map(str, error["loc"]))
    place = f"{where}: key `{key}`" if key else where
    found = error["input"]
    match error["type"]:
        case "extra_forbidden":
            return Fault(place, "only keys that config/README.md names", f"`{key.rsplit('.', 1)[-1]}`")
        case "missing":
            return Fault(place, "a value", "none")
        case "value_error":
            return Fault(place, str(error["ctx"]["error"]), "otherwise")
        case _:
            text = error["msg"].removeprefix("Input should be ")
            return Fault(place, text, "a section" if isinstance(found, dict) else f"`{found}`")


def load_params(text: str) -> StageParams:
    """The `StageParams` that a rule passes as JSON."""
    try:
        return StageParams.model_validate_json(text)
    except ValidationError as error:
        raise ConfigError([_fault(e, "--params") for e in error.errors()]) from None


def load_cohort(config: str | Path | Mapping[str, Any], where: str | None = None) -> Cohort:
    """Validate a whole cohort.

    Parameters
    ----------
    config
        Path of a config file, or its contents as Snakemake holds them.
    where
        How to call the config in messages; default its path.

    Raises
    ------
    TumintError
        One line for every fault of config, panel and sheet together.
    """
    values = config if isinstance(config, Mapping) else read_yaml(config)
    where = where or ("config" if isinstance(config, Mapping) else str(config))
    model = validate(Config, values, where)
    faults: list[Fault | str] = []
    panel, sheet = None, None
    try:
        panel = validate(Panel, read_yaml(model.panel), model.panel) if model.panel else None
        faults += _check_panel(model, panel, where)
    except TumintError as error:
        faults += error.faults
    try:
        sheet = read_sheet(model.samples, data=model.data)
        faults += check_design(sheet, model.response, model.samples, where)
    except TumintError as error:
        faults += error.faults
    if faults or sheet is None:
        raise ConfigError(faults)
    return Cohort(model, sheet, panel)


def _check_panel(config: Config, panel: Panel | None, where: str) -> list[Fault | str]:
    """What config and panel must agree on."""
    faults: list[Fault | str] = []
    wants = config.cluster.typing != "provided"
    if panel is None:
        if wants or config.ingest.format == "cellprofiler":
            faults.append(
                Fault(f"{where}: key `panel`", "a panel file, which clustering and CellProfiler tables need", "none")
            )
        return faults
    if config.cluster.typing == "signatures" and not panel.signatures:
        faults.append(
            Fault(f"{config.panel}: key `signatures`", "at least one, for `cluster.typing: signatures`", "none")
        )
    if wants and config.cluster.normalise.method == "reference" and not panel.used("reference"):
        expected = "a marker with `use: reference`, for `cluster.normalise.method: reference`"
        faults.append(Fault(f"{config.panel}: key `markers`", expected, "none"))
    return faults
