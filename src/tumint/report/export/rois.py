"""The cells of a finished run, ROI by ROI: types, domains, margin, niches and networks from `cohort.h5ad`.

Columns of all cells are read once; what grows with cells × features is read for the rows of one ROI.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_integer_dtype

from tumint import keys as k
from tumint.charts.palette import GREY, level_colours
from tumint.errors import DataError, Fault
from tumint.io.contracts import SAMPLES
from tumint.io.seal import readable
from tumint.io.tables import read_table
from tumint.report.export.findings import Pair, touching
from tumint.report.export.layers import NONE, Layer, Roi
from tumint.text import nearest

IN_NETWORK, IN_NO_NETWORK = "in a network", "in none"
_NETWORK = "network_"
CONNECTIVITIES = "spatial_connectivities"
_TITLES = {k.CELL_TYPE: "cell type", k.DOMAIN: "tissue domain", k.NICHE: "niche"}


@dataclass(frozen=True)
class Cohort:
    """The cells of all ROIs: `obs` in the order of the file, their places in µm, colours of the levels."""

    path: Path
    obs: pd.DataFrame
    places: np.ndarray
    colours: dict[str, dict[str, str]]
    title: str = ""  # its name, and that it is simulated where it is

    @property
    def samples(self) -> list[str]:
        """ROIs in the order of the file."""
        return [str(name) for name in pd.unique(self.obs[k.SAMPLE].astype(str))]

    def rows(self, sample: str) -> np.ndarray:
        """Row numbers of the cells of a ROI that have a place."""
        mine = np.flatnonzero((self.obs[k.SAMPLE] == sample).to_numpy())
        return mine[np.isfinite(self.places[mine]).all(axis=1)]

    @cached_property
    def legends(self) -> dict[str, dict[str, str]]:
        """Of types, domains and niches: a colour for every level of the cohort, so that all ROIs have one legend."""
        found = {}
        for column in (name for name in _TITLES if name in self.obs):
            known = self.colours.get(column, {})
            there = set(_text(pd.Series(self.obs[column].unique())))
            levels = sorted(there - {NONE})
            others = level_colours([name for name in levels if name not in known])
            found[column] = {name: known.get(name) or others[name] for name in levels}
            found[column] |= {NONE: GREY} if NONE in there else {}
        return found

    def matrix(self, sample: str) -> tuple[Any, list[str]]:
        """`X` of `rows(sample)`, dense or CSR, and the names of its columns."""
        import anndata as ad
        import h5py

        rows = self.rows(sample)
        first, last = (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 0)
        with readable(self.path, "an h5ad file", check=False), h5py.File(self.path, "r") as file:
            X = file["X"]
            block = ad.io.sparse_dataset(X)[first:last] if isinstance(X, h5py.Group) else X[first:last]
            names = [str(name) for name in ad.io.read_elem(file["var"]).index]
        return block[rows - first], names

    def contacts(self, sample: str) -> np.ndarray | None:
        """Neighbours among `rows(sample)`, as numbers of these (m × 2); None where the run has no graph.

        The graph that was scored, as `cohort.h5ad` holds it: of the tables of the jobs, one of an earlier run may lie
        in the folder.
        """
        import anndata as ad
        import h5py

        rows = self.rows(sample)
        with readable(self.path, "an h5ad file", check=False), h5py.File(self.path, "r") as file:
            if CONNECTIVITIES not in file.get("obsp", {}):
                return None
            block = ad.io.sparse_dataset(file["obsp"][CONNECTIVITIES])[int(rows[0]) : int(rows[-1]) + 1].tocoo()
        at = pd.Index(rows)
        ends = np.stack([at.get_indexer(block.row + rows[0]), at.get_indexer(block.col)], axis=1)
        return ends[(ends >= 0).all(axis=1)]


def read_cohort(results: Path) -> Cohort:
    """The cohort in a folder of results.

    Raises
    ------
    DataError
        The folder is not that of a finished run, or its file is damaged.
    """
    import anndata as ad
    import h5py

    path = results / "cohort.h5ad"
    if not path.is_file():
        raise DataError(
            Fault(str(results), "the results of a finished run, with cohort.h5ad", "none", "`tumint run` makes them")
        )
    with readable(path, "an h5ad file"), h5py.File(path, "r") as file:
        obs = ad.io.read_elem(file["obs"])
        places = np.asarray(ad.io.read_elem(file["obsm"][k.SPATIAL]), dtype=float)
        params = (
            json.loads(str(ad.io.read_elem(file["uns"][k.META]))).get("params", {}) if k.META in file["uns"] else {}
        )
        uns = {name: ad.io.read_elem(file["uns"][name]) for name in file["uns"] if name.endswith("_colors")}
    faults = [Fault(str(path), f"an obs column `{name}`", "none") for name in _needed(obs)]
    if faults:
        raise DataError(faults)
    colours = {}
    for name, values in uns.items():
        column = name.removesuffix("_colors")
        if column in obs and isinstance(obs[column].dtype, pd.CategoricalDtype):
            levels = map(str, obs[column].cat.categories)
            colours[column] = dict(zip(levels, (str(value)[:7] for value in values), strict=False))
    title = str(params.get("cohort", "")) + (" (SIMULATED data)" if params.get("simulated") else "")
    return Cohort(path, obs, places, colours, title.strip())


def _needed(obs: pd.DataFrame) -> list[str]:
    return [name for name in (k.SAMPLE, k.CELL_ID, k.CELL_TYPE, k.DOMAIN) if name not in obs]


def chosen(cohort: Cohort, asked: Sequence[str]) -> list[str]:
    """The ROIs that were asked for, all where none was; each has cells with places.

    Raises
    ------
    DataError
        A name is no ROI of the cohort, or no cell has a place.
    """
    there = cohort.samples
    unknown = [name for name in asked if name not in there]
    if unknown:
        raise DataError([Fault("--sample", "a ROI of the cohort", f"`{n}`{nearest(n, there)}") for n in unknown])
    located = [name for name in (dict.fromkeys(asked) or there) if len(cohort.rows(name))]
    if not located:
        raise DataError(Fault(str(cohort.path), "cells with places, which a viewer shows", "none"))
    return located


def pixel_sizes(results: Path) -> dict[str, float]:
    """µm per pixel of each ROI, as its raw data were read with (the sheet's `pixel_size_um`, else the config's)."""
    found: dict[str, float] = {}
    for path in sorted((results / "ingest").glob("*.samples.parquet")):
        table = read_table(path, SAMPLES)
        found |= dict(zip(table[k.SAMPLE].astype(str), table[k.PIXEL_SIZE_UM].astype(float), strict=True))
    return {sample: size for sample, size in found.items() if np.isfinite(size) and size > 0}


def roi_of(cohort: Cohort, sample: str, um_per_px: float, pairs: Sequence[Pair]) -> Roi:
    """The cells of one ROI with all layers that the results have, the findings last."""
    rows = cohort.rows(sample)
    obs = cohort.obs.iloc[rows]
    names = [name for name in (k.CELL_NAME, k.AREA_UM2) if name in obs]
    cells = obs[[k.CELL_ID, *names]].reset_index(drop=True)
    cells[[k.X_UM, k.Y_UM]] = cohort.places[rows]
    layers, numbers = [], []
    for column, colours in cohort.legends.items():
        cells[column] = _text(obs[column])
        layers.append(Layer(column, _TITLES[column], colours))
    if k.MARGIN_UM in obs:
        cells[k.MARGIN_UM] = obs[k.MARGIN_UM].to_numpy(float)
        numbers.append(k.MARGIN_UM)
    for column in (name for name in map(str, obs) if name.startswith(_NETWORK) and is_integer_dtype(obs[name])):
        number, title = f"{column}_number", column.removeprefix(_NETWORK).replace("_", " ")
        cells[number] = obs[column].to_numpy(np.int64)
        cells[column] = np.where(cells[number] > 0, IN_NETWORK, IN_NO_NETWORK).astype(object)
        colours = {IN_NETWORK: next(iter(level_colours([title]).values())), IN_NO_NETWORK: GREY}
        layers.append(Layer(column, f"network: {title}", colours))
        numbers.append(number)
    types = cells[k.CELL_TYPE].to_numpy(object)
    contacts = cohort.contacts(sample) if pairs else None
    if contacts is not None:
        for i, pair in enumerate(pairs, start=1):
            column = f"finding_{i}"
            cells[column], colours = touching(pair, types, contacts, cohort.legends[k.CELL_TYPE])
            layers.append(Layer(column, f"finding {i}: {pair.title}", colours, pair.words))
    return Roi(sample, cells, layers, numbers, um_per_px)


def _text(values: pd.Series) -> np.ndarray:
    texts = values.astype(object).where(values.notna(), NONE).astype(str).to_numpy(object)
    return np.where(texts == "", NONE, texts)
