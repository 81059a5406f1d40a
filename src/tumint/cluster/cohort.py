"""The cells of all batches as one cohort: checked, and which markers all of it can use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.io.raw.h5ad import Frame, opened
from tumint.io.raw.opening import open_table
from tumint.io.raw.source import Place
from tumint.io.raw.table import Table
from tumint.text import setting

_SHARED = 2  # markers that a reference has to share with the data


@dataclass(frozen=True)
class Cells:
    """All cells, in the order of the sheet and of their ids: arrays and obs columns of equal length."""

    raw: Any  # cells × markers, float32: an array, NaN where a sample lacks the marker, or (transcripts) a CSR matrix
    markers: list[str]
    use: list[str]  # of each marker
    obs: pd.DataFrame  # sample (object), cell_id, area_um2, domain (object) and, where it came, cell_type_provided
    spatial: np.ndarray

    @property
    def samples(self) -> list[str]:
        """Names in the order of the sheet."""
        return list(dict.fromkeys(self.obs[k.SAMPLE]))

    def used(self, *uses: str) -> list[str]:
        """The markers with one of these uses."""
        return [marker for marker, use in zip(self.markers, self.use, strict=True) if use in uses]

    def columns(self, markers: Sequence[str]) -> list[int]:
        """Where these markers stand."""
        at = positions(self.markers)
        return [at[marker] for marker in markers]

    @property
    def sparse(self) -> bool:
        """Whether these are transcripts."""
        return not isinstance(self.raw, np.ndarray)

    def take(self, rows: np.ndarray) -> Cells:
        """These cells, in this order."""
        obs = self.obs.iloc[rows].reset_index(drop=True)
        return replace(self, raw=self.raw[rows], obs=obs, spatial=self.spatial[rows])

    def canonical(self) -> np.ndarray:
        """Order of the cells by name of the sample and id: the same however the sheet is sorted."""
        return np.lexsort((self.obs[k.CELL_ID].to_numpy(), self.obs[k.SAMPLE].to_numpy().astype(str)))


def positions(markers: Sequence[str]) -> dict[str, int]:
    """Where each of the markers stands: a list that is searched for every gene takes genes² steps."""
    return {marker: i for i, marker in enumerate(markers)}


def missing_markers(cells: Cells) -> dict[str, list[str]]:
    """`{marker: samples that lack it}`: those where no cell has a value."""
    found: dict[str, list[str]] = {}
    if cells.sparse:
        return found
    codes, samples = pd.factorize(cells.obs[k.SAMPLE].to_numpy(object))
    sizes = np.bincount(codes)
    for m, marker in enumerate(cells.markers):
        lacking = np.isnan(cells.raw[:, m])
        if lacking.any():
            every = np.bincount(codes[lacking], minlength=sizes.size) == sizes
            if every.any():
                found[marker] = list(samples[every])
    return found


def without(cells: Cells, markers: Sequence[str]) -> Cells:
    """The cohort without these markers."""
    if not markers:
        return cells
    out = set(markers)
    kept = [i for i, marker in enumerate(cells.markers) if marker not in out]
    return replace(
        cells, raw=cells.raw[:, kept], markers=[cells.markers[i] for i in kept], use=[cells.use[i] for i in kept]
    )


def provided_types(cells: Cells) -> np.ndarray:
    """The type that came with each cell (n,), `unclassified` where it is empty.

    Raises
    ------
    DataError
        One line for every sample that came without types and every type whose name holds `|`.
    """
    given = cells.obs.get(k.CELL_TYPE_PROVIDED, pd.Series(None, index=cells.obs.index, dtype=object))
    types = given.where(given.notna(), "").astype(str).str.strip()
    faults: list[Fault | str] = []
    for sample, named in (types != "").groupby(cells.obs[k.SAMPLE], sort=False).any().items():
        if not named:
            expected = "cells with a type, for `cluster.typing: provided`"
            faults.append(Fault(f"sample {sample}", expected, "none; does `ingest.columns.cell_type` name its column?"))
    for cell_type in sorted(t for t in set(types) if k.PAIR_SEPARATOR in t):
        samples = ", ".join(dict.fromkeys(cells.obs[k.SAMPLE][types == cell_type]))
        faults.append(Fault(f"sample {samples}", f"cell types without `{k.PAIR_SEPARATOR}`", f"`{cell_type}`"))
    if faults:
        raise DataError(faults)
    return types.replace("", k.UNCLASSIFIED).to_numpy(dtype=object)


@dataclass(frozen=True)
class Reference:
    """Annotated cells: cells × markers (array or CSR, not normalised), names of the markers, type of each cell."""

    raw: Any
    markers: list[str]
    types: np.ndarray


def read_reference(path: str, column: str, markers: Sequence[str]) -> Reference:
    """The cells of a reference that have a type, and those of `markers` that it has; layer `counts` before `X`.

    Raises
    ------
    DataError
        The file or the column is not there, or fewer than two markers are shared.
    """
    place = Place(path)
    with opened(place, backed=False) as cells:
        obs = Frame(place, cells.obs)
        obs.require(column)
        obs.stop_on_faults()
    here = set(cells.var_names)
    shared = [m for m in markers if m in here]
    if len(shared) < _SHARED:
        found = ", ".join(shared) or "none"
        raise DataError(Fault(path, f"at least {_SHARED} of the markers that the data have", found))
    types = cells.obs[column].astype(object)
    cells = cells[(types.notna() & (types != k.UNCLASSIFIED)).to_numpy(), shared]
    raw = cells.layers.get("counts", cells.X)
    return Reference(raw if issparse(raw) else np.asarray(raw), shared, cells.obs[column].astype(str).to_numpy(object))


def read_matrix(path: str, markers: Sequence[str]) -> np.ndarray:
    """A spillover matrix for `markers`: rows emit, columns receive; the identity for markers it does not name.

    Raises
    ------
    DataError
        The file is missing, a value is no number, no marker is named, a diagonal is not 1, or it has no inverse.
    """
    table = _opened(path, "a CSV of numbers whose first column and header name channels")
    names, known = table.header[0], [m for m in markers if m in table.header[1:]]
    table.require(*known)
    table.stop_on_faults()
    table.load([names, *known])
    rows = list(table.names(names))
    repeated = np.array([row in known and row in rows[:i] for i, row in enumerate(rows)], dtype=bool)
    table.fault(names, repeated, "each channel once")
    values = {m: table.numbers(m, missing=True) for m in known}
    table.stop_on_faults()
    known = [m for m in known if m in rows]
    for m in known:
        table.fault(m, np.isnan(values[m]) & np.isin(rows, known), "a number")
    table.stop_on_faults()
    matrix = pd.DataFrame(np.eye(len(markers)), index=list(markers), columns=list(markers))
    at = [rows.index(m) for m in known]
    for m in known:
        matrix.loc[known, m] = values[m][at]
    if not known:
        raise DataError(Fault(path, "markers of the data in its first column and its header", "none"))
    if not np.isfinite(matrix.to_numpy()).all() or np.linalg.matrix_rank(matrix.to_numpy()) < len(markers):
        raise DataError(Fault(path, "a matrix of finite numbers that has an inverse", "another"))
    diagonal = dict(zip(markers, np.diag(matrix.to_numpy(float)), strict=True))
    if wrong := [f"{setting(value)} for {m}" for m, value in diagonal.items() if not np.isclose(value, 1.0)]:
        raise DataError(Fault(path, "1 on the diagonal", ", ".join(wrong)))
    return matrix.to_numpy()


def _opened(path: str, what: str) -> Table:
    """A table that people write by hand."""
    if not Path(path).is_file():
        raise DataError(Fault(path, what, "no file"))
    return open_table(Place(path), spaced=True)


def _text(path: str, *columns: str) -> pd.DataFrame:
    """These columns of such a table, as text."""
    table = _opened(path, f"a CSV with columns {' and '.join(f'`{name}`' for name in columns)}")
    table.require(*columns)
    table.stop_on_faults()
    table.load(columns)
    return pd.DataFrame({name: table.names(name) for name in columns}, dtype=object)


def read_pairs(path: str, genes: Sequence[str]) -> pd.DataFrame:
    """Ligands and receptors (`source`, `target`) that are both among `genes`.

    Raises
    ------
    DataError
        The file or a column is missing, or no pair is in the data.
    """
    table = _text(path, k.SOURCE, k.TARGET)
    here = set(genes)
    kept = table[table[k.SOURCE].isin(here) & table[k.TARGET].isin(here)].drop_duplicates([k.SOURCE, k.TARGET])
    if kept.empty:
        raise DataError(Fault(path, "pairs whose ligand and receptor are both in the data", "none"))
    return kept


def read_type_table(path: str, clusters: Sequence[str]) -> dict[str, str]:
    """The cluster→type table a person edited; an empty type means `unclassified`.

    Raises
    ------
    DataError
        The file or a column is missing, a cluster is missing, unknown or named twice, or a type holds `|`.
    """
    table = _text(path, k.CLUSTER, k.CELL_TYPE)
    faults: list[Fault | str] = []
    named, types = list(table[k.CLUSTER]), list(table[k.CELL_TYPE])
    if absent := [c for c in clusters if c not in named]:
        faults.append(Fault(path, "a row for every cluster", f"none for {', '.join(absent)}"))
    if unknown := [c for c in dict.fromkeys(named) if c not in clusters]:
        faults.append(Fault(path, f"clusters 0 to {len(clusters) - 1}", ", ".join(f"`{c}`" for c in unknown)))
    if repeated := [c for c in dict.fromkeys(named) if named.count(c) > 1]:
        faults.append(Fault(path, "each cluster once", f"{', '.join(f'`{c}`' for c in repeated)} more than once"))
    if barred := [t for t in dict.fromkeys(types) if k.PAIR_SEPARATOR in t]:
        faults.append(Fault(path, f"cell types without `{k.PAIR_SEPARATOR}`", ", ".join(f"`{t}`" for t in barred)))
    if faults:
        raise DataError(faults)
    return {name: cell_type or k.UNCLASSIFIED for name, cell_type in zip(named, types, strict=True)}
