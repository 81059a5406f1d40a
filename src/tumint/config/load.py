"""Read and validate config, panel and sample sheet: ALL faults at once, each with its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
from pydantic import ValidationError

from tumint.config.faults import faults_of
from tumint.config.faults import validate as validate
from tumint.config.model import Config, StageParams
from tumint.config.named import check_named
from tumint.config.panel import Panel
from tumint.config.yaml_file import read_yaml
from tumint.errors import ConfigError, Fault, TumintError
from tumint.io.kinds import EMPTY, FOLDER, oddity
from tumint.samples import check_excluded, read_sheet, without
from tumint.sheet_design import check_design

T = TypeVar("T")


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


def load_params(text: str) -> StageParams:
    """The `StageParams` that a rule passes as JSON."""
    try:
        return StageParams.model_validate_json(text)
    except ValidationError as error:
        raise ConfigError(list(faults_of(error, _json(text), "--params", StageParams))) from None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _nothing(config: Config, sheet: pd.DataFrame, where: str) -> list[Fault | str]:
    return []


def load_cohort(
    config: str | Path | Mapping[str, Any],
    where: str | None = None,
    also: Callable[[Config, pd.DataFrame, str], list[Fault | str]] = _nothing,
) -> Cohort:
    """Validate a whole cohort.

    Parameters
    ----------
    config
        Path of a config file, or its contents as Snakemake holds them.
    where
        How to call the config in messages; default its path.
    also
        What else is looked at where config and sheet can be read: `also(config, sheet, where)`, its faults.

    Raises
    ------
    TumintError
        One line for every fault of config, panel and sheet together.
    """
    values = config if isinstance(config, Mapping) else read_yaml(config)
    where = where or ("config" if isinstance(config, Mapping) else str(config))
    faults: list[Fault | str] = []
    model = _try(lambda: validate(Config, values, where), faults)
    # panel and sheet are read even where the config has faults, so that one look shows everything
    wrong = {fault.where for fault in faults if isinstance(fault, Fault)}
    panel_path = _named(values, "panel", "a panel file", where, wrong, faults)
    sheet_path = _named(values, "samples", "a sample sheet", where, wrong, faults)
    data = _text(values.get("data"))
    if data is not None and oddity(data) != FOLDER:
        faults.append(Fault(f"{where}: key `data`", "a folder", f"`{data}`, which is {oddity(data) or 'a file'}"))
        sheet_path = None
    panel = _try(lambda: validate(Panel, read_yaml(panel_path), panel_path), faults) if panel_path else None
    sheet = _try(lambda: read_sheet(sheet_path, data=data), faults) if sheet_path else None
    if model is not None and sheet is not None and model.exclude:
        left_out = check_excluded(sheet, model.exclude, model.samples, where)
        faults += left_out
        sheet = sheet if left_out else without(sheet, model.exclude)
    if model is not None:
        if panel is not None or model.panel is None:
            faults += _check_panel(model, panel, where)
        if sheet is not None:
            batch = model.cluster.integrate.batch
            if batch not in sheet:
                expected = f"`sample` or a column of the sample sheet ({', '.join(sheet.columns)})"
                faults.append(Fault(f"{where}: key `cluster.integrate.batch`", expected, f"`{batch}`"))
            faults += check_design(sheet, model.response, model.samples, where)
            faults += _check_qc(model, panel, set(sheet["sample"]), where)
            faults += also(model, sheet, where)
        faults += check_named(model, panel, sheet, where)
    if faults or model is None or sheet is None:
        raise ConfigError(faults)
    return Cohort(model, sheet, panel)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _named(
    values: Mapping[str, Any], name: str, what: str, where: str, wrong: set[str], faults: list[Fault | str]
) -> str | None:
    """The file that a key names; None, with a fault that names the key, where there is none to read."""
    key = f"{where}: key `{name}`"
    path = _text(values.get(name))
    if path is None or key in wrong:
        return None
    if (odd := oddity(path)) and odd != EMPTY:  # asked first, because to open a pipe is to wait
        faults.append(Fault(key, what, f"none at `{path}`" if odd == "none" else f"`{path}`, which is {odd}"))
        return None
    return path


def _try(step: Callable[[], T], faults: list[Fault | str]) -> T | None:
    """What `step` returns, or None with its faults added to `faults`."""
    try:
        return step()
    except TumintError as error:
        faults += error.faults
        return None


def _check_qc(config: Config, panel: Panel | None, samples: set[str], where: str) -> list[Fault | str]:
    """What quality control names must be there: samples of the sheet, markers of the panel."""
    faults: list[Fault | str] = [
        Fault(f"{where}: key `qc.exclude_regions.{i}.sample`", f"a sample of {config.samples}", f"`{region.sample}`")
        for i, region in enumerate(config.qc.exclude_regions)
        if region.sample not in samples
    ]
    if panel is not None:
        known = {marker.marker for marker in panel.markers}
        faults += [
            Fault(f"{where}: key `qc.markers`", f"markers of {config.panel}", f"`{name}`")
            for name in config.qc.markers
            if name not in known
        ]
    return faults


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
