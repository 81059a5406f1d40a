"""`cohort.h5ad`: all cells with types, columns of the sheet, graph and colours, as scanpy and squidpy look for them.

Values are copied from file to file and the graph is added sample by sample: memory follows the number of cells,
and not that of their features.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.charts.palette import DOMAIN_COLOURS, GREY, level_colours, type_colours
from tumint.config.model import StageParams
from tumint.config.report import ReportConfig
from tumint.errors import DataError, Fault
from tumint.io.atomic import replacing
from tumint.io.by_sample import BySample
from tumint.io.contracts import MEMBERS, PLACES
from tumint.io.seal import readable, seal_whole
from tumint.io.tables import read_table
from tumint.provenance import run_metadata
from tumint.report.cohort.design import of_cells, with_places
from tumint.samples import read_sheet
from tumint.text import plural

CONNECTIVITIES, DISTANCES = "spatial_connectivities", "spatial_distances"
_NAMES = (k.SAMPLE, k.CLUSTER, k.CELL_NAME)  # no colours: there may be very many
_PIECE = 65_536  # numbers of the graph that are packed together
_COPIED = ("X", "layers")  # of the size of cells × features


def write(
    params: StageParams,
    cells: Path,
    graphs: Sequence[Path],
    sheet: Path,
    out: Path,
    *,
    places: Path | None = None,
    members: Path | None = None,
) -> None:
    """Write the cohort.

    `X` normalised, `layers["counts"]` raw (0 where missing), obs of `cluster/cells.h5ad` and all columns of the sheet,
    `obsm["spatial"]` in µm, `obsp["spatial_connectivities"]` (block by block for each sample) and
    `obsp["spatial_distances"]` in µm, `uns["<column>_colors"]`. Equal inputs give equal bytes.

    Parameters
    ----------
    cells
        `cluster/cells.h5ad`.
    graphs
        `graph.parquet` of all jobs of the neighbourhood stage; none: no graph.
    places
        `neighbourhood/places.parquet`: domains, given or inferred, take the place of those of `cells`, and `margin_um`
        is added.
    members
        `neighbourhood/cells.parquet`, whose niches and networks become columns of obs; None: none do.

    Raises
    ------
    DataError
        A file is missing or damaged, or the sheet lacks a sample of the cells.
    """
    import anndata as ad
    import h5py

    config = params.report or ReportConfig()
    rows = read_sheet(sheet, check_files=False)
    with readable(cells, "an h5ad file"), h5py.File(cells, "r") as source:
        obs = ad.io.read_elem(source["obs"])
        spatial = np.asarray(ad.io.read_elem(source["obsm"][k.SPATIAL]), dtype=float)
        if lacking := sorted({*obs[k.SAMPLE].astype(str)} - {*rows[k.SAMPLE]}):
            raise DataError(Fault(str(sheet), f"the samples of {cells}", f"no {lacking[0]}"))
        if places is not None:
            obs = with_places(obs, read_table(places, PLACES), str(places))
        obs = pd.concat([obs, *_members(obs, members), of_cells(rows, obs)], axis=1)
        slim = ad.AnnData(obs=obs, var=ad.io.read_elem(source["var"]), obsm={k.SPATIAL: spatial})
        slim.uns = _uns(obs, config, params)
        with replacing(out) as temporary:
            slim.write_h5ad(temporary, compression="gzip", compression_opts=1)
            with h5py.File(temporary, "r+") as target:
                for name in _COPIED:
                    if name in target:
                        del target[name]
                    if name in source:
                        source.copy(name, target)
                if graphs:
                    _add_graph(target["obsp"], obs, spatial, [BySample(path) for path in graphs])
            seal_whole(temporary)
    print(f"report cohort: {plural(len(obs), 'cell')} of {plural(obs[k.SAMPLE].nunique(), 'sample')}")


def _members(obs: pd.DataFrame, members: Path | None) -> list[pd.DataFrame]:
    """Niche (empty: none) and number of each network of every cell, as columns in the order of obs."""
    if members is None:
        return []
    table = read_table(members, MEMBERS)
    key = [table[k.SAMPLE].astype(str), table[k.CELL_ID]]
    at = pd.MultiIndex.from_arrays([obs[k.SAMPLE].astype(str), obs[k.CELL_ID]])
    found = table.drop(columns=[k.SAMPLE, k.CELL_ID]).set_axis(pd.MultiIndex.from_arrays(key)).reindex(at)
    found = found.set_axis(obs.index)
    return [
        found.fillna({k.NICHE: ""})
        .fillna(0)
        .astype({k.NICHE: "category"})
        .astype({name: "int64" for name in found.columns if name != k.NICHE})
    ]


def _uns(obs: pd.DataFrame, config: ReportConfig, params: StageParams) -> dict[str, Any]:
    """Colours of the categories, where scanpy looks for them, and what squidpy wants to know of the graph."""
    chosen = {
        k.CELL_TYPE: lambda names: type_colours(names, config.palette),
        k.DOMAIN: lambda names: {name: DOMAIN_COLOURS.get(name, GREY) for name in names},
    }
    meta = run_metadata("report_cohort", params.model_dump(mode="json", exclude_none=True))
    uns: dict[str, Any] = {k.META: json.dumps(meta, sort_keys=True)}
    for name in obs.columns:
        if isinstance(obs[name].dtype, pd.CategoricalDtype) and name not in _NAMES:
            names = list(obs[name].cat.categories)
            colours = chosen.get(name, level_colours)(names)
            uns[f"{name}_colors"] = np.array([_hex(colours[one]) for one in names], dtype=object)
    uns["spatial_neighbors"] = {
        "connectivities_key": CONNECTIVITIES,
        "distances_key": DISTANCES,
        "params": {"coord_type": "generic"},
    }
    return uns


def _hex(colour: str) -> str:
    from matplotlib.colors import to_hex

    return to_hex(colour)


def _add_graph(group: Any, obs: pd.DataFrame, spatial: np.ndarray, graphs: Sequence[BySample]) -> None:
    """Two square CSR matrices, to which the rows of one sample after the other are added."""
    import anndata as ad
    from scipy import sparse

    n = len(obs)
    for name in (CONNECTIVITIES, DISTANCES):
        # int64 from the start: anndata keeps the kind that it finds, and a cohort may have more edges than int32
        start = sparse.csr_matrix((0, n), dtype=np.float32)
        start.indptr, start.indices = start.indptr.astype(np.int64), start.indices.astype(np.int64)
        # by themselves, data sets that begin empty have pieces of a few numbers, which are slow to read again
        pieces = {"compression": "gzip", "compression_opts": 1, "chunks": (_PIECE,)}
        ad.io.write_elem(group, name, start, dataset_kwargs=pieces)
    out = [ad.io.sparse_dataset(group[name]) for name in (CONNECTIVITIES, DISTANCES)]
    for first, edges in _blocks(obs, graphs):
        length = np.hypot(*(spatial[edges[:, 0]] - spatial[edges[:, 1]]).T)
        height = len(first)
        at = (edges[:, 0] - first.start, edges[:, 1])
        for dataset, values in zip(out, (np.ones(len(edges)), length), strict=True):
            dataset.append(sparse.csr_matrix((values.astype(np.float32), at), shape=(height, n)))


def _blocks(obs: pd.DataFrame, graphs: Sequence[BySample]) -> Iterator[tuple[range, np.ndarray]]:
    """The rows of each sample, and its edges (m × 2) as rows of the cohort; no row is left out."""
    codes = obs[k.SAMPLE].cat.codes.to_numpy()
    starts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1])) if len(codes) else np.empty(0, dtype=np.int64)
    for start, end in zip(starts, np.append(starts[1:], len(codes)), strict=True):
        sample = str(obs[k.SAMPLE].iloc[start])
        ids = obs[k.CELL_ID].to_numpy()[start:end]
        table = pd.concat([graph.rows([sample], [k.SOURCE_CELL, k.TARGET_CELL]) for graph in graphs])
        order = np.argsort(ids, kind="stable")
        ends = table[[k.SOURCE_CELL, k.TARGET_CELL]].to_numpy(np.int64)
        at = np.searchsorted(ids[order], ends).clip(max=len(ids) - 1)
        if len(ends) and (ids[order][at] != ends).any():
            raise DataError(Fault(f"sample {sample}", "a graph of the cells of cluster/cells.h5ad", "one of others"))
        yield range(int(start), int(end)), order[at] + start
