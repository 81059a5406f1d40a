"""What a run was made from, as it goes into a crate: config, sheet, panel and raw data, each at a path inside it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from tumint import jobs
from tumint import keys as k
from tumint.config.load import Cohort
from tumint.config.yaml_file import read_yaml
from tumint.errors import Fault, TumintError
from tumint.ingest import registry
from tumint.samples import read_sheet
from tumint.text import listed, nearest

CONFIG, SHEET = "config.yaml", "samples.tsv"
_ALWAYS = (k.SAMPLE, k.SUBJECT, k.PATH, k.PART, k.PIXEL_SIZE_UM)
# keys whose values are no files, or have a place of their own
_NO_FILE = ("samples", "data", "results", "title", "source", "cohort")
_TEXT, _WORD = re.compile(r'"((?:[^"\\]|\\.)*)"'), re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True)
class Inputs:
    """`named` files and `raw` data by their path inside the crate; config and sheet as they go in."""

    named: list[str]
    raw: list[str]
    config: dict[str, Any]
    sheet: pd.DataFrame
    left_out: pd.DataFrame  # columns that stay behind


def collect(cohort: Cohort, config: Path, columns: Collection[str] = ()) -> Inputs:
    """Everything that a run of `config` reads.

    Parameters
    ----------
    columns
        Columns of the sheet that go in besides those that ingest reads and the config names.

    Raises
    ------
    TumintError
        A column is not in the sheet, or a file lies outside the working folder.
    """
    values = dict(read_yaml(config))
    where = cohort.config.samples
    sheet = read_sheet(where, data=cohort.config.data)
    if unknown := [name for name in columns if name not in sheet]:
        expected = f"columns of {where} ({', '.join(sheet.columns)})"
        raise TumintError(Fault("--columns", expected, f"`{unknown[0]}`{nearest(unknown[0], sheet.columns)}"))
    needed = {*_ALWAYS, *registry.sheet_files(cohort.config.ingest.format, sheet.columns), *columns, *_words(values)}
    kept = [name for name in sheet if name in needed]
    named = sorted(set(_files(values)))
    raw = jobs.raw_files(sheet, list(sheet[k.SAMPLE]), cohort.config.ingest)
    _check_inside([*named, *raw])
    values |= {"samples": SHEET, "data": "."}  # `read_sheet` has joined the paths to the folder of the data
    return Inputs(named, raw, values, sheet[kept], sheet.drop(columns=kept))


def _words(values: Any) -> set[str]:
    """Whatever in a config may be a column of the sheet: its texts, and the words in them."""
    texts = _TEXT.findall(json.dumps(values, ensure_ascii=False, default=str))
    return {*texts, *(word for text in texts for word in _WORD.findall(text))}


def _files(values: Mapping[str, Any]) -> Iterator[str]:
    """Files that a config names: the panel, and tables of the user."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _files(value)
        elif isinstance(value, str) and key not in _NO_FILE and Path(value).suffix and Path(value).is_file():
            yield value


def _check_inside(files: Collection[str]) -> None:
    outside = [name for name in files if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts]
    if outside:
        expected = "paths inside the working folder, which hold anywhere (sheet, and `data` in the config)"
        raise TumintError(Fault("share", expected, listed([f"`{name}`" for name in outside], 3)))
