"""The neighbourhood stage: cells of a batch → its scores; the scores of all batches → the cohort's tables."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
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
from tumint.neighbourhood.grid import grid_table
from tumint.neighbourhood.image import GraphSpec, Image, build_graph, codes, in_guard, make_image
from tumint.neighbourhood.scores import EXACT, Method, score_image
from tumint.neighbourhood.unlocated import unlocated_distances, unlocated_scores
from tumint.provenance import run_metadata

if TYPE_CHECKING:
    from tumint.config.model import StageParams
    from tumint.config.neighbourhood import NeighbourhoodConfig

_COLUMNS = [k.SAMPLE, k.CELL_ID, k.X_UM, k.Y_UM, k.DOMAIN, k.CELL_TYPE]


def run(
    params: StageParams, cells: Path, samples: Sequence[str], edges: Path | None, out: Path, *, threads: int = 1
) -> None:
    """Score the `samples` of a batch: `interactions`, `distances` and `grid` (parquet) in `out`.

    Every type of the cohort gets its rows in every sample; in one without coordinates all are `no_coordinates`. Rows
    with `null` = `domain` (labels permuted within tissue domains, where `none` is one more) are written for samples
    that have at least one domain. Samples without cells in `cells` are skipped. The bytes do not depend on `threads`
    nor, per sample, on the batch.
    """
    config = _config(params)
    if _needs_edges(config) and edges is None:
        raise DataError(Fault("--edges", "the batch's edges, for `neighbourhood.graph.kind: provided`", "none"))
    types = cohort_values(cells, k.CELL_TYPE)

    def one(sample: str) -> tuple[pd.DataFrame, ...] | None:
        return _score_sample(config, params.seed, cells, sample, edges, types)

    with ThreadPoolExecutor(max_workers=threads) as pool:
        results = [result for result in pool.map(one, samples) if result is not None]
    meta = _meta(params)
    parts = zip(*results, strict=True) if results else ((), (), ())
    for contract, tables in zip(_CONTRACTS, parts, strict=True):
        write_table(_concat(tables, contract), out / f"{contract.name}.parquet", contract, meta=meta)


_CONTRACTS = (contracts.INTERACTIONS, contracts.DISTANCES, contracts.GRID)


def gather(params: StageParams, batches: Sequence[Path], cells: Path, out: Path) -> None:
    """The cohort's `interactions`, `distances`, `grid` and `features`, samples in the order of `cells`."""
    config = _config(params)
    names = cohort_values(cells, k.SAMPLE, in_order=True)
    rank = {sample: i for i, sample in enumerate(names)}
    tables = []
    for contract in _CONTRACTS:
        table = _concat([read_table(batch / f"{contract.name}.parquet", contract) for batch in batches], contract)
        tables.append(
            table.iloc[np.argsort(table[k.SAMPLE].map(rank).to_numpy(), kind="stable")].reset_index(drop=True)
        )
    interactions, distances, _ = tables
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
    for contract, table in zip(_CONTRACTS, tables, strict=True):
        write_table(table, out / f"{contract.name}.parquet", contract, meta=meta)
    write_table(features, out / "features.parquet", contracts.FEATURES, meta=meta)


def is_symmetric(config: NeighbourhoodConfig) -> bool:
    """Whether the count of a→b equals that of b→a on every image: all graphs but directed kNN, without a guard zone.

    Provided edges are written both ways by ingest.
    """
    return config.guard_um == 0 and (config.graph.kind != "knn" or config.graph.symmetric)


def _needs_edges(config: NeighbourhoodConfig) -> bool:
    return any(graph.kind == "provided" for graph in (config.graph, *config.robustness.graphs))


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
    """The rows of all tables, columns in the order of the contract, then what else they have."""
    columns = list(contract.columns)
    filled = [table for table in tables if len(table)]
    if not filled:
        return pd.DataFrame(columns=columns)
    whole = pd.concat(filled, ignore_index=True)
    return whole[[*columns, *(name for name in whole.columns if name not in columns)]]


def _cell_features(cells: Path, sample: str, types: Sequence[str]) -> pd.DataFrame:
    table = read_table(cells, columns=_COLUMNS, samples=[sample])
    return cell_features(sample, table[[k.X_UM, k.Y_UM]].to_numpy(float), codes(table[k.CELL_TYPE], types), types)


def _score_sample(
    config: NeighbourhoodConfig, seed: int, cells: Path, sample: str, edges: Path | None, types: Sequence[str]
) -> tuple[pd.DataFrame, ...] | None:
    """Interactions, distances and grid of one sample; None where it has no cell."""
    table = read_table(cells, columns=_COLUMNS, samples=[sample])
    if table.empty:
        return None
    if not located(table):
        print(f"tumint: sample {sample} has no coordinates: nothing is scored in it", file=sys.stderr)
        return _unlocated(config, sample, codes(table[k.CELL_TYPE], types), types)
    domains = table[k.DOMAIN].astype(str).to_numpy(object)
    image = make_image(
        sample,
        table[[k.X_UM, k.Y_UM]].to_numpy(float),
        codes(table[k.CELL_TYPE], types),
        domains,
        table[k.CELL_ID].to_numpy(),
    )
    given = read_table(edges, samples=[sample]) if _needs_edges(config) and edges is not None else None
    nulls: dict[str, np.ndarray | None] = {GLOBAL: None}
    if (domains != k.NO_DOMAIN).any():
        nulls[WITHIN] = image.strata
    of_scores = {null: strata for null, strata in nulls.items() if null == GLOBAL or config.within_domain}
    of_grid = {null: strata for null, strata in nulls.items() if str(null) in set(config.robustness.nulls)}
    specs = [GraphSpec(**graph.model_dump()) for graph in config.robustness.graphs]
    return (
        _interactions(config, seed, image, given, of_scores, types),
        distance_table(sample, image.xy, image.labels, types, config.min_cells),
        grid_table(image, types, specs, of_grid, config.min_cells, given) if specs and of_grid else pd.DataFrame(),
    )


def located(table: pd.DataFrame) -> bool:
    """Whether the cells of a sample have coordinates; ingest lets all of them have some, or none."""
    return bool(table[k.X_UM].notna().any())


def _unlocated(
    config: NeighbourhoodConfig, sample: str, labels: np.ndarray, types: Sequence[str]
) -> tuple[pd.DataFrame, ...]:
    """Rows of a sample without coordinates: who is there, and no score."""
    sizes = np.bincount(labels, minlength=len(types))
    parts = [unlocated_scores(sample, sizes, types).assign(statistic=s, null=GLOBAL) for s in config.statistics]
    return pd.concat(parts), unlocated_distances(sample, sizes, types), pd.DataFrame()


def _interactions(
    config: NeighbourhoodConfig,
    seed: int,
    image: Image,
    given: pd.DataFrame | None,
    nulls: dict[str, np.ndarray | None],
    types: Sequence[str],
) -> pd.DataFrame:
    """Every statistic under every null; with a guard zone, what it leaves out and scores without it stand beside."""
    spec = GraphSpec(**config.graph.model_dump(), guard_um=config.guard_um)
    graph = build_graph(image, spec, given)
    whole = build_graph(image, replace(spec, guard_um=0.0), given) if config.guard_um > 0 else graph
    guarded = np.bincount(image.labels[in_guard(image.xy, config.guard_um)], minlength=len(types))
    parts = []
    for name in config.statistics:
        method = Method(
            name,
            "exact" if name in EXACT else "permutation",
            config.permutations,
            seed,
            config.min_cells,
            config.patch_size,
            stop_after=config.stop_after,
        )
        for null, strata in nulls.items():
            scores = score_image(image.sample, graph, image.labels, types, method, strata)
            scores = scores.assign(statistic=name, null=null)
            if config.guard_um > 0:
                without = score_image(image.sample, whole, image.labels, types, method, strata)
                scores["n_guarded"] = np.repeat(guarded, len(types))
                scores["log2_unguarded"] = without["log2_enrichment"]
            parts.append(scores)
    return pd.concat(parts)
