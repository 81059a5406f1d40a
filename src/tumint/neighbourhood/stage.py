"""The neighbourhood stage: cells of a batch → its scores; the scores of all batches → the cohort's tables."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from tumint import keys as k
from tumint.errors import DataError, Fault
from tumint.io import contracts
from tumint.io.tables import read_table, write_table
from tumint.neighbourhood.distances import distance_table
from tumint.neighbourhood.features import GLOBAL, WITHIN, cell_features, feature_table
from tumint.neighbourhood.image import GraphSpec, build_graph, codes, make_image
from tumint.neighbourhood.scores import Method, score_image
from tumint.provenance import run_metadata

if TYPE_CHECKING:
    from tumint.config.model import StageParams
    from tumint.config.neighbourhood import NeighbourhoodConfig

_COLUMNS = [k.SAMPLE, k.CELL_ID, k.X_UM, k.Y_UM, k.DOMAIN, k.CELL_TYPE]


def run(
    params: StageParams, cells: Path, samples: Sequence[str], edges: Path | None, out: Path, *, threads: int = 1
) -> None:
    """Score the `samples` of a batch: `out/interactions.parquet` and `out/distances.parquet`.

    Every type of the cohort gets its rows in every sample. Rows with `null` = `domain` (labels permuted within tissue
    domains, where `none` is one more) are written for samples that have at least one domain. Samples without cells in
    `cells` are skipped. The bytes do not depend on `threads` nor, per sample, on the batch.
    """
    config = _config(params)
    if config.graph.kind == "provided" and edges is None:
        raise DataError(Fault("--edges", "the batch's edges, for `neighbourhood.graph.kind: provided`", "none"))
    types = cohort_values(cells, k.CELL_TYPE)

    def one(sample: str) -> tuple[pd.DataFrame, pd.DataFrame] | None:
        return _score_sample(config, params.seed, cells, sample, edges, types)

    with ThreadPoolExecutor(max_workers=threads) as pool:
        results = [result for result in pool.map(one, samples) if result is not None]
    meta = _meta(params)
    parts = zip(*results, strict=True) if results else ((), ())
    for name, contract, tables in zip(("interactions", "distances"), _CONTRACTS, parts, strict=True):
        write_table(_concat(tables, contract), out / f"{name}.parquet", contract, meta=meta)


_CONTRACTS = (contracts.INTERACTIONS, contracts.DISTANCES)


def gather(params: StageParams, batches: Sequence[Path], cells: Path, out: Path) -> None:
    """The cohort's `interactions`, `distances` and `features`, samples in the order of `cells`."""
    config = _config(params)
    names = cohort_values(cells, k.SAMPLE, in_order=True)
    rank = {sample: i for i, sample in enumerate(names)}
    tables = []
    for name, contract in zip(("interactions", "distances"), _CONTRACTS, strict=True):
        table = _concat([read_table(batch / f"{name}.parquet", contract) for batch in batches], contract)
        tables.append(
            table.iloc[np.argsort(table[k.SAMPLE].map(rank).to_numpy(), kind="stable")].reset_index(drop=True)
        )
    interactions, distances = tables
    types = cohort_values(cells, k.CELL_TYPE)
    per_cell = [_cell_features(cells, sample, types) for sample in names]
    features = feature_table(
        pd.concat(per_cell, ignore_index=True),
        interactions,
        distances,
        domains=bool((interactions[k.NULL] == WITHIN).any()),
        symmetric=is_symmetric(config),
    )
    meta = _meta(params)
    write_table(interactions, out / "interactions.parquet", contracts.INTERACTIONS, meta=meta)
    write_table(distances, out / "distances.parquet", contracts.DISTANCES, meta=meta)
    write_table(features, out / "features.parquet", contracts.FEATURES, meta=meta)


def is_symmetric(config: NeighbourhoodConfig) -> bool:
    """Whether the count of a→b equals that of b→a on every image: all graphs but directed kNN.

    Provided edges are written both ways by ingest.
    """
    return config.graph.kind != "knn" or config.graph.symmetric


def cohort_values(cells: Path, column: str, *, in_order: bool = False) -> list[str]:
    """Distinct values of a text column of the cohort, sorted or in order of appearance; reads that column alone."""
    found: dict[str, None] = {}
    try:
        with pq.ParquetFile(cells) as file:
            for batch in file.iter_batches(columns=[column]):
                found.update(dict.fromkeys(map(str, batch.column(0).unique().to_pylist())))
    except FileNotFoundError:
        raise DataError(Fault(str(cells), "a file", "none")) from None
    return list(found) if in_order else sorted(found)


def _config(params: StageParams) -> NeighbourhoodConfig:
    if params.neighbourhood is None:
        raise DataError(Fault("--params", "a section `neighbourhood`", "none"))
    return params.neighbourhood


def _meta(params: StageParams) -> dict[str, Any]:
    return run_metadata("neighbourhood", params.model_dump(mode="json", exclude_none=True))


def _concat(tables: Sequence[pd.DataFrame], contract: contracts.Contract) -> pd.DataFrame:
    """The rows of all tables, columns in the order of the contract."""
    columns = list(contract.columns)
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True)[columns] if filled else pd.DataFrame(columns=columns)


def _cell_features(cells: Path, sample: str, types: Sequence[str]) -> pd.DataFrame:
    table = read_table(cells, columns=_COLUMNS, samples=[sample])
    return cell_features(sample, table[[k.X_UM, k.Y_UM]].to_numpy(float), codes(table[k.CELL_TYPE], types), types)


def _score_sample(
    config: NeighbourhoodConfig, seed: int, cells: Path, sample: str, edges: Path | None, types: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Interactions and distances of one sample; None where it has no cell."""
    table = read_table(cells, columns=_COLUMNS, samples=[sample])
    if table.empty:
        return None
    domains = table[k.DOMAIN].astype(str).to_numpy(object)
    image = make_image(
        sample,
        table[[k.X_UM, k.Y_UM]].to_numpy(float),
        codes(table[k.CELL_TYPE], types),
        domains,
        table[k.CELL_ID].to_numpy(),
    )
    given = read_table(edges, samples=[sample]) if config.graph.kind == "provided" and edges is not None else None
    graph = build_graph(image, GraphSpec(**config.graph.model_dump()), given)
    method = Method(seed=seed, min_cells=config.min_cells)
    nulls: list[tuple[str, np.ndarray | None]] = [(GLOBAL, None)]
    if config.within_domain and (domains != k.NO_DOMAIN).any():
        nulls.append((WITHIN, image.strata))
    scored = [
        score_image(sample, graph, image.labels, types, method, strata).assign(statistic=method.statistic, null=null)
        for null, strata in nulls
    ]
    return pd.concat(scored), distance_table(sample, image.xy, image.labels, types, config.min_cells)
