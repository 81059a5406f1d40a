"""The cohort's tables of the stage, from those of its jobs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.io import contracts
from tumint.io.by_sample import BySample
from tumint.io.tables import read_table, write_table
from tumint.neighbourhood.features import feature_table
from tumint.neighbourhood.markers import against_cohort
from tumint.neighbourhood.place_features import place_features

if TYPE_CHECKING:
    from tumint.config.neighbourhood import NeighbourhoodConfig

PLACED = (contracts.DOMAINS, contracts.MARGINS, contracts.PHENOTYPES)
# one table each of a job and of the cohort; features last, to which those of whole cohorts are added
TABLES = (
    *(contracts.INTERACTIONS, contracts.NULLS, contracts.DISTANCES, contracts.GRID, contracts.FUNCTIONS),
    *PLACED,
    *(contracts.NETWORKS, contracts.NETWORK_COUNTS, contracts.BORDERS, contracts.FEATURES),
)
# tables of cells, which are read sample by sample, by the name of the file
OF_CELLS = {"places": contracts.PLACES, "cells": contracts.MEMBERS}


def file_of(contract: contracts.Contract) -> str:
    """The name of the file, and of what a sample has of it."""
    return contract.name.replace(" ", "_")


def write_gathered(
    config: NeighbourhoodConfig, batches: Sequence[Path], cells: Path, out: Path, meta: dict[str, Any]
) -> None:
    """The cohort's tables, samples in the order of `cells`; features of pairs join those of images."""
    names = BySample(cells).distinct(k.SAMPLE)
    rank = {sample: i for i, sample in enumerate(names)}
    tables = {}
    for contract in TABLES:
        parts = [read_table(batch / f"{file_of(contract)}.parquet", contract) for batch in batches]
        table = contracts.joined(parts, contract)
        order = np.argsort(table[k.SAMPLE].map(rank).to_numpy(), kind="stable")
        tables[contract.name] = table.iloc[order].reset_index(drop=True)
    tables["features"] = _features(config, tables, names)
    for contract in TABLES:
        write_table(tables[contract.name], out / f"{file_of(contract)}.parquet", contract, meta=meta)
    write_scales([read_table(batch / "scale.parquet", contracts.SCALE) for batch in batches], out, meta)
    for name in OF_CELLS:
        given = [BySample(batch / f"{name}.parquet") for batch in batches]
        write_of_cells([one.rows([sample]) for sample in names for one in given], name, out, meta)


def _features(config: NeighbourhoodConfig, tables: dict[str, pd.DataFrame], names: Sequence[str]) -> pd.DataFrame:
    features = feature_table(
        against_cohort(tables["features"]),
        *(tables[name] for name in ("interactions", "distances", "functions")),
        primary=config.primary,
        symmetric=is_symmetric(config),
    )
    domains, margins, phenotypes = (tables[one.name] for one in PLACED)
    where = place_features(domains, margins, phenotypes, names, config.margin.bins_um)
    return contracts.joined([features, where], contracts.FEATURES)


def write_scales(tables: Sequence[pd.DataFrame], out: Path, meta: dict[str, Any]) -> None:
    """Write what is known of whole subjects."""
    write_table(contracts.joined(tables, contracts.SCALE), out / "scale.parquet", contracts.SCALE, meta=meta)


def write_of_cells(tables: Sequence[pd.DataFrame], name: str, out: Path, meta: dict[str, Any]) -> None:
    """Write a table of cells, sample by sample."""
    contract = OF_CELLS[name]
    rows = contracts.joined([table for table in tables if len(table)], contract)
    write_table(rows, out / f"{name}.parquet", contract, meta=meta, row_groups_by=k.SAMPLE)


def is_symmetric(config: NeighbourhoodConfig) -> bool:
    """Whether the count of a→b equals that of b→a on every image: all graphs but directed kNN, without a guard zone.

    Provided edges are written both ways by ingest.
    """
    return config.guard_um == 0 and (config.graph.kind != "knn" or config.graph.symmetric)
