"""What users bring to clustering as tables of their own: a reference, spillover, pairs of genes, gates, types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from tumint import keys as k
from tumint.config.cluster import StatesConfig
from tumint.errors import DataError, Fault
from tumint.io.raw.h5ad import Frame, opened
from tumint.io.raw.opening import open_table
from tumint.io.raw.source import Place
from tumint.io.raw.table import Table
from tumint.io.steady import unchanged
from tumint.text import listed, setting

_SHARED = 2  # markers that a reference has to share with the data


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
    with unchanged([path]), opened(place, backed=False) as cells:
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
    with unchanged([path]):
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
    with unchanged([path]):
        table = _opened(path, f"a CSV with columns {listed(f'`{name}`' for name in columns)}")
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


def gates_given(config: StatesConfig, markers: Sequence[str]) -> dict[str, float]:
    """The gates that a person set, in the config or in a table, by marker.

    Raises
    ------
    DataError
        The table or a column is missing, a gate is no number, or a marker is unknown or there twice; or there are gates
        of single samples, which the gates of a cohort have no room for.
    """
    if unknown := [name for name in config.gates if name not in markers]:
        raise DataError(
            Fault("config: key `cluster.states.gates`", "`type` or `state` markers of the data", unknown[0])
        )
    path = config.gates_from
    if path is None:
        return dict(config.gates)
    with unchanged([path]):
        table = _opened(path, "a CSV with columns `marker` and `gate`")
        table.require("marker", "gate")
        if k.SAMPLE in table.header:
            expected = "one gate of each marker for the whole cohort, on its normalised scale"
            table.faults.append(Fault(table.place.at("header"), expected, f"a column `{k.SAMPLE}`"))
        table.stop_on_faults()
        table.load(["marker", "gate"])
    named = pd.Series(list(table.names("marker")), dtype=object)
    known = f"a `type` or `state` marker of the data ({', '.join(markers)})"
    table.fault("marker", ~named.isin(markers).to_numpy(), known)
    table.fault("marker", named.isin(config.gates).to_numpy(), "a marker that `cluster.states.gates` does not set too")
    table.fault("marker", named.duplicated().to_numpy(), "each marker once")
    values = table.numbers("gate", missing=False)
    table.stop_on_faults()
    return dict(config.gates) | dict(zip(named, map(float, values), strict=True))


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
