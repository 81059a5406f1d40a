"""What is checked before any job: config, panel, sheet, the files they name, and what the comparison asks of the sheet.

`tumint run`, `plan` and `doctor` and the Snakefile begin here, so that a fault costs seconds and not the run.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from tumint import keys as k
from tumint.cluster.types_from import check_header
from tumint.config.load import Cohort, load_cohort
from tumint.config.model import Config
from tumint.errors import Fault, TumintError
from tumint.ingest import registry
from tumint.response.design import beforehand


def load(config: str | Path | Mapping[str, Any], where: str | None = None) -> Cohort:
    """The cohort of `config`, as `load_cohort` reads it, and files that other columns of its sheet name for the reader
    joined to the folder of the data, as `path` is.

    Raises
    ------
    TumintError
        One line for every fault, those of contrasts, outcomes and folders among them.
    """
    cohort = load_cohort(config, where, also=_also)
    columns = registry.sheet_files(cohort.config.ingest.format, cohort.sheet.columns)
    return replace(
        cohort, sheet=cohort.sheet.assign(**{name: _joined(cohort.config, cohort.sheet, name) for name in columns})
    )


def _joined(config: Config, sheet: pd.DataFrame, column: str) -> list[str]:
    folder = Path(config.samples).parent if config.data is None else Path(config.data)
    return [str(folder / text) if text else "" for text in sheet[column]]


def _also(config: Config, sheet: pd.DataFrame, where: str) -> list[Fault | str]:
    own = config.cluster.types_from
    return [
        *beforehand.faults(sheet, config.response, config.samples, where),
        *folders(config.results, where),
        *_other_files(config, sheet),
        *(check_header(own, config.cluster.typing) if own is not None else []),
    ]


def _other_files(config: Config, sheet: pd.DataFrame) -> list[Fault | str]:
    """Columns of the sheet that the reader needs besides `path`, and files that they name and that are not there."""
    name = config.ingest.format
    try:
        lacking, there = registry.lacking_files(name, sheet.columns), registry.sheet_files(name, sheet.columns)
    except TumintError as error:
        return error.faults
    expected = f"for `ingest.format: {name}`"
    found: list[Fault | str] = [
        Fault(f"{config.samples} header", f"a column `{column}` of files, {expected}", ", ".join(sheet.columns))
        for column in lacking
    ]
    for column in there:
        for sample, given, file in zip(sheet[k.SAMPLE], sheet[column], _joined(config, sheet, column), strict=True):
            needed = column in registry.reader(name).sheet_files
            if (needed or given) and not (given and Path(file).is_file()):
                where = f"{config.samples} (sample {sample})"
                found.append(
                    Fault(where, f"`{column}` to be a file, {expected}", f"`{file}`" if given else "an empty field")
                )
    return found


def folders(results: str, where: str) -> list[Fault | str]:
    """The folders that a run writes to and that cannot be written: of results, and the working folder."""
    path = Path(results).absolute()
    above = next((folder for folder in (path, *path.parents) if os.path.isdir(folder)), Path("/"))
    found: list[Fault | str] = []
    for place, folder in ((f"{where}: key `results`", above), ("working folder", Path.cwd())):
        if not _writable(folder):
            found.append(Fault(place, "a folder that can be written", f"`{folder}`, which cannot"))
    return found


def _writable(folder: Path) -> bool:
    """Whether files can be made in it: tried, because some folders take none from those who may write there either."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError as error:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)  # a full disk is said in words of its own
