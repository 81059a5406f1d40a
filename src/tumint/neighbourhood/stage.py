"""The neighbourhood stage: cells of a batch → its scores; the scores of all batches → the cohort's tables."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from tumint import keys as k
from tumint.errors import ConfigError, DataError, Fault
from tumint.io import contracts
from tumint.io.by_sample import BySample
from tumint.io.tables import read_table, write_table
from tumint.neighbourhood.communities import Communities, unknown_types, window
from tumint.neighbourhood.features import feature_table
from tumint.neighbourhood.image import codes, make_image
from tumint.neighbourhood.niches import stage as niches
from tumint.neighbourhood.scorer import Scored, Scorer
from tumint.provenance import run_metadata
from tumint.text import nearest

if TYPE_CHECKING:
    from tumint.config.model import StageParams
    from tumint.config.neighbourhood import NeighbourhoodConfig

_COLUMNS = [k.SAMPLE, k.CELL_ID, k.X_UM, k.Y_UM, k.DOMAIN, k.CELL_TYPE]


def run(
    params: StageParams,
    cells: Path,
    subjects: Mapping[str, str],
    edges: Sequence[Path],
    out: Path,
    *,
    threads: int = 1,
    learned: Path | None = None,
) -> None:
    """Score a batch into `out` (parquet).

    `interactions`, `nulls`, `distances`, `grid`, `networks`, `network_counts`, `borders`, `features`, `scale`, `graph`
    and `cells`, which says in which niche and network each cell is.

    Every type of the cohort gets its rows in every sample; in one without coordinates all are `no_coordinates`. Contact
    odds ratios are fitted by subject. Samples without cells in `cells` are skipped. The bytes do not depend on
    `threads` nor, per subject, on the batch.

    Parameters
    ----------
    subjects
        Subject of each sample of the batch, in order.
    edges
        Tables of the edges that came with the data, where the config asks for them.
    learned
        Folder of the niches of the cohort, as `learn` writes them; None: no niches.
    """
    config = _config(params)
    if _needs_edges(config) and not edges:
        raise DataError(Fault("--edges", "the batch's edges, for `neighbourhood.graph.kind: provided`", "none"))
    cohort = BySample(cells)
    types = sorted(cohort.distinct(k.CELL_TYPE))
    check_domains(config.domains, cohort)
    if params.parents_written:  # a panel may name types that this cohort lacks
        check_parents(config.parents or {}, types)
    if faults := unknown_types(config, types):
        raise ConfigError(faults)
    given = [BySample(path) for path in edges] if _needs_edges(config) else []
    samples: dict[str, list[str]] = {}
    for sample, subject in subjects.items():
        samples.setdefault(subject, []).append(sample)
    scorer = Scorer(config, params.seed, types)
    asked = learned is not None and config.niches.window != "none"
    communities = Communities(config, params.seed, types, niches.read(learned, types) if learned and asked else None)

    def one(sample: str) -> Scored | None:
        return _score_sample(scorer, communities, cohort, sample, given)

    # sums of floats must not depend on the number of threads
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(max_workers=threads) as pool:
        scored = dict(zip(subjects, pool.map(one, subjects), strict=True))
        of_subject = [[found for s in names if (found := scored[s])] for names in samples.values()]
        done = {one.sample: one for part in pool.map(scorer.with_odds, of_subject) for one in part}
        scales = list(pool.map(scorer.scale, samples, of_subject))
    results = [done[sample] for sample in subjects if sample in done]
    meta = _meta(params)
    for contract in _CONTRACTS:
        tables = [getattr(one, file_of(contract)) for one in results]
        write_table(contracts.joined(tables, contract), out / f"{file_of(contract)}.parquet", contract, meta=meta)

    graphs = contracts.joined([one.graph for one in results], contracts.EDGES)
    write_table(graphs, out / "graph.parquet", contracts.EDGES, meta=meta, row_groups_by=k.SAMPLE)
    _write_members([one.members for one in results], out, meta)
    _write_scales(scales, out, meta)


_CONTRACTS = (
    *(contracts.INTERACTIONS, contracts.NULLS, contracts.DISTANCES, contracts.GRID),
    *(contracts.NETWORKS, contracts.NETWORK_COUNTS, contracts.BORDERS, contracts.FEATURES),
)


def learn(params: StageParams, cells: Path, subjects: Mapping[str, str], out: Path) -> None:
    """Learn the niches of the cohort: `niches`, `niche_types`, `niche_numbers` and `places` (parquet) in `out`.

    Parameters
    ----------
    subjects
        Subject of every sample of the cohort.
    """
    config = _config(params)
    asked = None if config.niches.window == "none" else window(config)
    niches.write(config.niches, asked, params.seed, cells, subjects, out, _meta(params))


def gather(params: StageParams, batches: Sequence[Path], cells: Path, out: Path) -> None:
    """The cohort's tables, samples in the order of `cells`; features of pairs join those of images."""
    config = _config(params)
    cohort = BySample(cells)
    names = cohort.distinct(k.SAMPLE)
    rank = {sample: i for i, sample in enumerate(names)}
    tables = []
    for contract in _CONTRACTS:
        table = contracts.joined(
            [read_table(batch / f"{file_of(contract)}.parquet", contract) for batch in batches], contract
        )
        tables.append(
            table.iloc[np.argsort(table[k.SAMPLE].map(rank).to_numpy(), kind="stable")].reset_index(drop=True)
        )
    *others, images = tables
    interactions, _, distances, *_ = others
    features = feature_table(images, interactions, distances, primary=config.primary, symmetric=is_symmetric(config))
    meta = _meta(params)
    for contract, table in zip(_CONTRACTS, (*others, features), strict=True):
        write_table(table, out / f"{file_of(contract)}.parquet", contract, meta=meta)
    _write_scales([read_table(batch / "scale.parquet", contracts.SCALE) for batch in batches], out, meta)
    members = [BySample(batch / "cells.parquet") for batch in batches]
    whole = [pd.concat([one.rows([sample]) for one in members], ignore_index=True) for sample in names]
    _write_members(whole, out, meta)


def file_of(contract: contracts.Contract) -> str:
    """The name of the file, and of what a sample has of it."""
    return contract.name.replace(" ", "_")


def _write_members(tables: Sequence[pd.DataFrame], out: Path, meta: dict[str, Any]) -> None:
    """Write which niche and networks each cell is in, sample by sample."""
    members = contracts.joined(tables, contracts.MEMBERS)
    write_table(members, out / "cells.parquet", contracts.MEMBERS, meta=meta, row_groups_by=k.SAMPLE)


def _write_scales(tables: Sequence[pd.DataFrame], out: Path, meta: dict[str, Any]) -> None:
    """Write what is known of whole subjects."""
    write_table(contracts.joined(tables, contracts.SCALE), out / "scale.parquet", contracts.SCALE, meta=meta)


def is_symmetric(config: NeighbourhoodConfig) -> bool:
    """Whether the count of a→b equals that of b→a on every image: all graphs but directed kNN, without a guard zone.

    Provided edges are written both ways by ingest.
    """
    return config.guard_um == 0 and (config.graph.kind != "knn" or config.graph.symmetric)


def _needs_edges(config: NeighbourhoodConfig) -> bool:
    return any(graph.kind == "provided" for graph in (config.graph, *config.robustness.graphs))


def check_domains(named: Mapping[str, str], cells: BySample) -> None:
    """Raise `ConfigError` where `neighbourhood.domains` names domains that no cell of the cohort is in."""
    there = sorted(cells.distinct(k.DOMAIN)) if named else []
    faults: list[Fault | str] = []
    for name in (name for name in named if name not in there):
        expected = f"domains of the data ({', '.join(there)})"
        faults.append(Fault("config: key `neighbourhood.domains`", expected, f"`{name}`{nearest(name, there)}"))
    if faults:
        raise ConfigError(faults)


def check_parents(parents: Mapping[str, Sequence[str]], types: Sequence[str]) -> None:
    """Raise `ConfigError` where `neighbourhood.parents` names types that no cell of the cohort is of."""
    faults: list[Fault | str] = [
        Fault(
            f"config: key `neighbourhood.parents.{parent}`",
            f"types of the data ({', '.join(types)})",
            f"`{name}`{nearest(name, types)}",
        )
        for parent, kinds in parents.items()
        for name in kinds
        if name not in types
    ]
    if faults:
        raise ConfigError(faults)


def _config(params: StageParams) -> NeighbourhoodConfig:
    if params.neighbourhood is None:
        raise DataError(Fault("--params", "a section `neighbourhood`", "none"))
    return params.neighbourhood


def _meta(params: StageParams) -> dict[str, Any]:
    return run_metadata("neighbourhood", params.model_dump(mode="json", exclude_none=True))


def _score_sample(
    scorer: Scorer, communities: Communities, cells: BySample, sample: str, edges: Sequence[BySample]
) -> Scored | None:
    """All tables of one sample but for odds ratios; None where it has no cell."""
    table = cells.rows([sample], _COLUMNS)
    if table.empty:
        return None
    labels = codes(table[k.CELL_TYPE], scorer.types)
    if not located(table):
        print(f"tumint: sample {sample} has no coordinates: nothing is scored in it", file=sys.stderr)
        return communities.unlocated(scorer.unlocated(sample, labels), table[k.CELL_ID].to_numpy())
    named = scorer.config.domains
    domains = np.array([named.get(name, name) for name in table[k.DOMAIN].astype(str)], dtype=object)
    image = make_image(sample, table[[k.X_UM, k.Y_UM]].to_numpy(float), labels, domains, table[k.CELL_ID].to_numpy())
    given = pd.concat([one.rows([sample]) for one in edges]) if edges else None
    strata = image.strata if (domains != k.NO_DOMAIN).any() and scorer.config.within_domain else None
    found = communities.niche(image)
    within = communities.within(image if strata is not None else replace(image, strata=None), found)
    scored = scorer.located(within, given, domains=within.strata is not None)
    return communities.added(scored, image, found, strata)


def located(table: pd.DataFrame) -> bool:
    """Whether the cells of a sample have coordinates; ingest lets all of them have some, or none."""
    return bool(table[k.X_UM].notna().any())
