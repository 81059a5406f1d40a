"""What the stage writes: the cohort as parquet and h5ad, and the tables of its report, each by its contract."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.annotated import Annotated
from tumint.cluster.assign import Typing
from tumint.cluster.cohort import Cells
from tumint.io import contracts as c
from tumint.io.cells import write_cells
from tumint.io.tables import write_table

MARKER_PREFIX = "marker_"  # of the marker columns of cells.parquet


@dataclass(frozen=True)
class Results:
    """Types in the order of the sheet, and the tables that go beside the cells; a table without rows: not asked for.

    `votes` (n,), where not all cells were clustered: the share of the nearest clustered cells that are of the cluster
    a cell joined, 1 for those that were clustered.
    """

    typing: Typing
    means: pd.DataFrame
    gates: pd.DataFrame
    states: pd.DataFrame
    ridges: pd.DataFrame
    sweep: pd.DataFrame = field(default_factory=lambda: c.empty(c.SWEEP))
    mixing: pd.DataFrame = field(default_factory=lambda: c.empty(c.MIXING))
    confusion: pd.DataFrame = field(default_factory=lambda: c.empty(c.CONFUSION))
    umap: pd.DataFrame = field(default_factory=lambda: c.empty(c.UMAP))
    moran: pd.DataFrame = field(default_factory=lambda: c.empty(c.MORAN))
    ligand_receptor: pd.DataFrame = field(default_factory=lambda: c.empty(c.LIGAND_RECEPTOR))
    votes: np.ndarray | None = None


def write(cells: Cells, values: Any, shown: list[str], results: Results, out: Path, meta: dict[str, Any]) -> None:
    """Write everything into the folder `out`; `values` (n × all markers of `cells`) are normalised."""
    typing = results.typing
    table = pd.DataFrame(
        {
            k.SAMPLE: cells.obs[k.SAMPLE],
            k.CELL_ID: cells.obs[k.CELL_ID].astype(np.int64),
            k.X_UM: cells.spatial[:, 0],
            k.Y_UM: cells.spatial[:, 1],
            k.AREA_UM2: cells.obs[k.AREA_UM2].astype(float),
            k.DOMAIN: cells.obs[k.DOMAIN],
            k.CLUSTER: typing.cluster,
            k.CELL_TYPE: typing.cell_type,
            k.CONFIDENCE: typing.confidence,
            **({} if results.votes is None else {k.CLUSTER_CONFIDENCE: results.votes.astype(np.float32)}),
            **{f"{MARKER_PREFIX}{m}": _column(values, i) for m, i in zip(shown, cells.columns(shown), strict=True)},
        }
    )
    for name, contract in (
        ("gates", c.GATES),
        ("states", c.STATES),
        ("ridges", c.RIDGES),
        ("sweep", c.SWEEP),
        ("mixing", c.MIXING),
        ("confusion", c.CONFUSION),
        ("umap", c.UMAP),
        ("moran", c.MORAN),
        ("ligand_receptor", c.LIGAND_RECEPTOR),
    ):
        write_table(getattr(results, name), out / f"{name}.parquet", contract, meta=meta)
    write_table(typing.clusters, out / "clusters.parquet", c.CLUSTERS, meta=meta)
    write_table(results.means, out / "marker_means.parquet", c.MARKER_MEANS, meta=meta)
    _write_anndata(cells, values, typing, table, out / "cells.h5ad", meta)
    write_table(table, out / "cells.parquet", c.CELLS, meta=meta, row_groups_by=k.SAMPLE)


def _column(values: Any, at: int) -> np.ndarray:
    return values[:, at] if isinstance(values, np.ndarray) else values[:, [at]].toarray().ravel()


def _write_anndata(
    cells: Cells, values: Any, typing: Typing, table: pd.DataFrame, path: Path, meta: dict[str, Any]
) -> None:
    columns = [k.SAMPLE, k.CELL_ID, k.AREA_UM2, k.DOMAIN, k.CLUSTER, k.CELL_TYPE, k.CONFIDENCE, k.CLUSTER_CONFIDENCE]
    obs = table[[name for name in columns if name in table]].copy()
    if k.CELL_NAME in cells.obs:
        obs[k.CELL_NAME] = cells.obs[k.CELL_NAME].fillna("").astype(str).to_numpy(object)
    obs.index = pd.Index(obs[k.SAMPLE].astype(str) + ":" + obs[k.CELL_ID].astype(str))
    domains = [*k.DOMAINS, k.NO_DOMAIN]
    categories = {
        k.SAMPLE: cells.samples,
        k.DOMAIN: [*domains, *sorted(set(obs[k.DOMAIN]) - set(domains))],
        k.CLUSTER: list(typing.clusters[k.CLUSTER]),
        k.CELL_TYPE: typing.types,
    }
    for column, names in categories.items():
        present = set(obs[column])
        obs[column] = pd.Categorical(obs[column], categories=[name for name in names if name in present])
    cohort = Annotated(
        X=values,
        obs=obs,
        var=pd.DataFrame({k.USE: pd.Categorical(cells.use)}, index=pd.Index(cells.markers, dtype=object)),
        obsm={k.SPATIAL: cells.spatial},
        layers={"counts": cells.raw if cells.sparse else np.where(np.isnan(cells.raw), np.float32(0), cells.raw)},
    )
    write_cells(cohort, path, meta=meta)
