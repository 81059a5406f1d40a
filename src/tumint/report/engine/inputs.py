"""What a report reads: tables of a cohort with their run metadata and hashes, the sample sheet, its design columns.

A file that is not there becomes an empty table of its contract, and is named; a broken one is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.batches import batches, subject_batches
from tumint.config.model import StageParams
from tumint.config.report import ReportConfig
from tumint.errors import DataError, Fault
from tumint.io import contracts
from tumint.io.contracts import Contract, empty
from tumint.io.sealed_json import read_json
from tumint.io.tables import read_meta, read_table
from tumint.provenance import file_sha256
from tumint.samples import read_sheet, without

_NOT_DESIGN = {k.SAMPLE, k.SUBJECT, k.PATH, k.PART, k.PIXEL_SIZE_UM}


@dataclass
class Inputs:
    """The files of a cohort as the pages read them; each is read once."""

    params: StageParams
    results: Path
    sheet: pd.DataFrame  # one row per sample, order of the sheet
    hashes: dict[str, str] = field(default_factory=dict)  # file, relative to `results` → sha256
    metas: dict[str, dict[str, Any]] = field(default_factory=dict)  # stage → run metadata
    missing: list[str] = field(default_factory=list)
    sheet_name: str = ""  # the sheet as the config names it
    previous: dict[str, Any] | None = None  # only of the index: the run before this one, see `report.runs`
    made: dict[str, Any] = field(default_factory=dict)  # what several parts of a page need, and is worked out once
    _tables: dict[tuple[str, tuple[str, ...] | None], pd.DataFrame] = field(default_factory=dict)

    @classmethod
    def load(cls, params: StageParams, results: Path, sheet: Path) -> Inputs:
        """Inputs of the cohort in `results`; only names and design of the sheet are read, not its files."""
        rows = without(read_sheet(sheet, check_files=False), params.exclude)
        return cls(params, Path(results), rows, sheet_name=Path(sheet).as_posix())

    @property
    def config(self) -> ReportConfig:
        """How figures look."""
        return self.params.report or ReportConfig()

    def table(
        self, pattern: str, contract: Contract, *, columns: tuple[str, ...] | None = None, optional: bool = False
    ) -> pd.DataFrame:
        """The table of this name under the results; where it holds `{batch}`, those of all batches of the sheet as one.

        Samples are in the order of the sheet, text columns are plain text. A file that is not there adds no rows, and
        unless it is `optional`, `missing` names it. No other file is looked at, whatever lies in the folder.
        """
        if (pattern, columns) not in self._tables:
            known = len(self.missing)
            self._tables[pattern, columns] = self._read(pattern, contract, columns)
            if optional:
                del self.missing[known:]
        return self._tables[pattern, columns]

    def rows_of(self, name: str, contract: Contract, samples: Sequence[str]) -> pd.DataFrame:
        """The rows of these samples of one table with a row group per sample; empty where the file is not there."""
        path = self.results / name
        if not path.exists() or not samples:
            return empty(contract)
        self.hashes[name] = file_sha256(path)
        columns = list(contract.columns)
        return self._plain(read_table(path, contract, columns=columns, samples=sorted(set(samples))))

    def files(self, pattern: str) -> list[Path]:
        """The path of this name; where it holds `{batch}` or `{group}`, one for every batch or group of the sheet."""
        for place, names_of in (("{batch}", batches), ("{group}", subject_batches)):
            if place in pattern:
                names = names_of(self.sheet, self.params.samples_per_job)
                return [self.results / pattern.replace(place, name) for name in names]
        return [self.results / pattern]

    def _read(self, pattern: str, contract: Contract, columns: tuple[str, ...] | None) -> pd.DataFrame:
        wanted = self.files(pattern)
        paths, parts = [path for path in wanted if path.exists()], []
        for path in paths:
            self.hashes[path.relative_to(self.results).as_posix()] = file_sha256(path)
            meta = read_meta(path)
            if "part" not in meta:  # a part of a stage was given only what it reads
                self.metas.setdefault(str(meta.get("stage", pattern.split("/")[0])), meta)
            part = read_table(path, contract, columns=list(columns) if columns else None)
            if len(part) or len(paths) == 1:
                parts.append(part)
        if not paths:
            self.missing.append(pattern.replace("{batch}", "*"))
        else:
            self.missing += [p.relative_to(self.results).as_posix() for p in wanted if p not in paths]
        if not parts:
            return empty(contract)
        return self._plain(pd.concat(parts, ignore_index=True))

    def _plain(self, table: pd.DataFrame) -> pd.DataFrame:
        for name in table.columns:
            if not pd.api.types.is_numeric_dtype(table[name].dtype):
                table[name] = _text(table[name])
        if k.SAMPLE in table and len(table):
            rank = {sample: i for i, sample in enumerate(self.sheet[k.SAMPLE])}
            place = table[k.SAMPLE].map(rank).fillna(len(rank)).to_numpy()
            if (place[1:] < place[:-1]).any():
                table = table.iloc[place.argsort(kind="stable")].reset_index(drop=True)
        return table

    def json(self, name: str) -> dict[str, Any]:
        """A JSON file of the results, or an empty dict."""
        path = self.results / name
        if not path.exists():
            if name not in self.missing:
                self.missing.append(name)
            return {}
        self.hashes[name] = file_sha256(path)
        return read_json(path)

    @cached_property
    def subject_of(self) -> dict[str, str]:
        """Subject of each sample."""
        return dict(zip(self.sheet[k.SAMPLE], self.sheet[k.SUBJECT], strict=True))

    @property
    def samples(self) -> list[str]:
        """Names of the samples, in the order of the sheet."""
        return list(self.sheet[k.SAMPLE])

    @cached_property
    def design(self) -> list[str]:
        """Columns of the sheet with 2 to 6 levels, one per subject; those that a comparison could use come first."""
        found: list[tuple[int, str]] = []
        for name in self.sheet.columns:
            if name in _NOT_DESIGN:
                continue
            by_subject = self.sheet.groupby(k.SUBJECT, sort=False)[name]
            levels = by_subject.first()
            if by_subject.nunique().eq(1).all() and 2 <= levels.nunique() <= 6:
                found.append((0 if levels.value_counts().min() >= 2 else 1, name))
        return [name for _, name in sorted(found, key=lambda entry: entry[0])]

    @cached_property
    def group_column(self) -> str | None:
        """The design column that figures are ordered and coloured by."""
        chosen = self.config.group
        if chosen is not None and chosen not in self.sheet:
            expected = f"a column of the sample sheet ({', '.join(self.sheet.columns)})"
            raise DataError(Fault("config: key `report.group`", expected, f"`{chosen}`"))
        return chosen or next(iter(self.design), None)

    @cached_property
    def groups(self) -> dict[str, str]:
        """Group of each sample, in the order of the sheet; empty where the sheet has no design column."""
        if self.group_column is None:
            return {}
        return dict(zip(self.sheet[k.SAMPLE], self.sheet[self.group_column].astype(str), strict=True))

    @cached_property
    def rows(self) -> pd.DataFrame:
        """`sample, subject, group`, ordered by group, then subject, each as they first appear in the sheet."""
        rows = pd.DataFrame({k.SAMPLE: self.samples, k.SUBJECT: list(self.sheet[k.SUBJECT])})
        rows["group"] = [self.groups.get(sample, "") for sample in self.samples]
        for name in ("group", k.SUBJECT):
            rows[f"_{name}"] = pd.factorize(rows[name])[0]
        return rows.sort_values(["_group", f"_{k.SUBJECT}"], kind="stable")[[k.SAMPLE, k.SUBJECT, "group"]].reset_index(
            drop=True
        )


def _text(values: pd.Series) -> pd.Series:
    """As plain text, nothing as an empty one; every different text is held once."""
    codes, texts = pd.factorize(values)
    known = np.append(np.array([str(text) for text in texts], dtype=object), "")  # code −1, the last: nothing
    return pd.Series(known[codes], index=values.index, dtype=object)


def cells(inputs: Inputs) -> pd.DataFrame:
    """Typed cells; only what maps and compositions need."""
    columns = (k.SAMPLE, k.CELL_ID, k.X_UM, k.Y_UM, k.DOMAIN, k.CLUSTER, k.CELL_TYPE, k.CONFIDENCE)
    return inputs.table("cluster/cells.parquet", contracts.CELLS, columns=columns)
