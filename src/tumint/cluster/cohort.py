"""The cells of all batches as one cohort: read, sorted, checked, and which markers all of it can use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.io.cells import read_cells

_OPTIONAL = (k.CELL_TYPE_PROVIDED,)


@dataclass(frozen=True)
class Cells:
    """All cells, in the order of the sheet and of their ids: arrays and obs columns of equal length."""

    raw: np.ndarray  # cells × markers, float32; NaN where a sample lacks the marker
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
        return [self.markers.index(marker) for marker in markers]

    def canonical(self) -> np.ndarray:
        """Order of the cells by name of the sample and id: the same however the sheet is sorted."""
        return np.lexsort((self.obs[k.CELL_ID].to_numpy(), self.obs[k.SAMPLE].to_numpy().astype(str)))


def read_cohort(paths: Sequence[Path]) -> Cells:
    """Read the batches; `paths` and the samples within them are in the order of the sheet.

    Raises
    ------
    DataError
        A file is missing or breaks its contract, or there is no cell in any of them.
    """
    batches = [read_cells(path) for path in paths]
    if not sum(batch.n_obs for batch in batches):
        found = f"none in {', '.join(map(str, paths))}"
        raise DataError(Fault("cluster", "at least one cell that passed quality control", found))
    use: dict[str, str] = {}
    for batch in batches:
        use |= {m: u for m, u in zip(batch.var_names, batch.var[k.USE].astype(str), strict=True) if m not in use}
    markers = list(use)
    parts, tables = [], []
    for batch in (batch for batch in batches if batch.n_obs):
        part = np.full((batch.n_obs, len(markers)), np.nan, dtype=np.float32)
        if batch.n_vars:
            part[:, [markers.index(m) for m in batch.var_names]] = np.asarray(batch.X)
        parts.append(part)
        columns = [k.SAMPLE, k.CELL_ID, k.AREA_UM2, k.DOMAIN, *(c for c in _OPTIONAL if c in batch.obs)]
        tables.append(batch.obs[columns].astype({c: object for c in columns if c not in (k.CELL_ID, k.AREA_UM2)}))
    obs = pd.concat(tables, ignore_index=True)
    spatial = np.concatenate([np.asarray(batch.obsm[k.SPATIAL], dtype=float).reshape(-1, 2) for batch in batches])
    rank = pd.Categorical(obs[k.SAMPLE], categories=list(dict.fromkeys(obs[k.SAMPLE]))).codes
    order = np.lexsort((obs[k.CELL_ID].to_numpy(), rank))
    return Cells(
        np.concatenate(parts)[order],
        markers,
        [use[m] for m in markers],
        obs.iloc[order].reset_index(drop=True),
        spatial[order],
    )


def missing_markers(cells: Cells) -> dict[str, list[str]]:
    """`{marker: samples that lack it}`: those where no cell has a value."""
    found: dict[str, list[str]] = {}
    for m, marker in enumerate(cells.markers):
        lacking = np.isnan(cells.raw[:, m])
        if lacking.any():
            every = pd.Series(lacking).groupby(cells.obs[k.SAMPLE], sort=False).all()
            if every.any():
                found[marker] = list(every.index[every])
    return found


def without(cells: Cells, markers: Sequence[str]) -> Cells:
    """The cohort without these markers."""
    kept = [i for i, marker in enumerate(cells.markers) if marker not in markers]
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


def read_type_table(path: str, clusters: Sequence[str]) -> dict[str, str]:
    """The cluster→type table a person edited; an empty type means `unclassified`.

    Raises
    ------
    DataError
        The file or a column is missing, a cluster is missing, unknown or named twice, or a type holds `|`.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", skipinitialspace=True)
    except FileNotFoundError:
        raise DataError(Fault(path, "a CSV with columns `cluster` and `cell_type`", "no file")) from None
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        found = f"`{str(error).strip().splitlines()[-1]}`"
        raise DataError(Fault(path, "a CSV with columns `cluster` and `cell_type`", found)) from None
    table = table.rename(columns=str.strip)
    faults: list[Fault | str] = [
        Fault(f"{path} header", f"a column `{column}`", ", ".join(table.columns))
        for column in (k.CLUSTER, k.CELL_TYPE)
        if column not in table
    ]
    if faults:
        raise DataError(faults)
    named = [name.strip() for name in table[k.CLUSTER]]
    types = [cell_type.strip() for cell_type in table[k.CELL_TYPE]]
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
