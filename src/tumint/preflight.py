"""What is checked before any job: config, panel, sheet, the files they name, and what the comparison asks of the sheet.

`tumint run`, `plan` and `doctor` and the Snakefile begin here, so that a fault costs seconds and not the run.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from tumint.cluster.types_from import check_header
from tumint.config.load import Cohort, load_cohort
from tumint.config.model import Config
from tumint.errors import Fault
from tumint.response.design import beforehand


def load(config: str | Path | Mapping[str, Any], where: str | None = None) -> Cohort:
    """The cohort of `config`, as `load_cohort` reads it.

    Raises
    ------
    TumintError
        One line for every fault, those of contrasts, outcomes and folders among them.
    """
    return load_cohort(config, where, also=_also)


def _also(config: Config, sheet: pd.DataFrame, where: str) -> list[Fault | str]:
    own = config.cluster.types_from
    return [
        *beforehand.faults(sheet, config.response, config.samples, where),
        *folders(config.results, where),
        *(check_header(own, config.cluster.typing) if own is not None else []),
    ]


def folders(results: str, where: str) -> list[Fault | str]:
    """The folders that a run writes to and that cannot be written: of results, and the working folder."""
    path = Path(results).absolute()
    above = next((folder for folder in (path, *path.parents) if folder.is_dir()), Path("/"))
    found: list[Fault | str] = []
    for place, folder in ((f"{where}: key `results`", above), ("working folder", Path.cwd())):
        if not os.access(folder, os.W_OK | os.X_OK):
            found.append(Fault(place, "a folder that can be written", f"`{folder}`, which cannot"))
    return found
