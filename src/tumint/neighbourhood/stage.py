"""The neighbourhood stage: cells of a batch → its scores; the scores of all batches → the cohort's tables."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from tumint.neighbourhood.features import feature_table
from tumint.neighbourhood.image import codes, make_image
from tumint.neighbourhood.markers import against_cohort
from tumint.neighbourhood.measured import Measured, measured
from tumint.neighbourhood.place import place, unplaced
from tumint.neighbourhood.place_features import place_features
from tumint.neighbourhood.roles import Roles, roles
from tumint.neighbourhood.scorer import Scored, Scorer
from tumint.neighbourhood.states import with_states
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
    gates: Path | None = None,
) -> None:
    """Score a batch into `out` (parquet).

    `interactions`, `nulls`, `distances`, `grid`, `functions`, `features`, `scale` and `graph`.

    Every type of the cohort gets its rows in every sample; in one without coordinates all are `no_coordinates`. Contact
    odds ratios are fitted by subject. Samples without cells in `cells` are skipped. The bytes do not depend on
    `threads` nor, per subject, on the batch.

    Parameters
    ----------
    subjects
        Subject of each sample of the batch, in order.
    edges
        Tables of the edges that came with the data, where the config asks for them.
    gates
        Table of the contract `GATES`: the markers that are compared, unless the config names others.
    """
    config = _config(params)
    if _needs_edges(config) and not edges:
        raise DataError(Fault("--edges", "the batch's edges, for `neighbourhood.graph.kind: provided`", "none"))
    cohort = BySample(cells)
    types = sorted(cohort.distinct(k.CELL_TYPE))
    check_domains(config.domains, cohort)
    if params.parents_written:  # a panel may name types that this cohort lacks
        check_parents(config.parents or {}, types)
    check_barriers(config, types)
    given = [BySample(path) for path in edges] if _needs_edges(config) else []
    samples: dict[str, list[str]] = {}
    for sample, subject in subjects.items():
        samples.setdefault(subject, []).append(sample)
    scorer = Scorer(config, params.seed, types)
    meant = roles(config.margin, {config.domains.get(name, name) for name in cohort.distinct(k.DOMAIN)}, types)
    for said in meant.said:
        print(f"tumint: {said}", file=sys.stderr)
    found_gates = read_table(gates, contracts.GATES) if gates is not None else None
    markers = measured(
        *(cohort.columns, cohort.lowest, found_gates, config.markers),
        by_contact=config.state_by_contact,
        told_by=params.told_by,
        subtypes=params.subtypes,
    )

    def one(sample: str) -> Scored | None:
        return _score_sample(scorer, cohort, sample, given, markers, meant)

    # sums of floats must not depend on the number of threads
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(max_workers=threads) as pool:
        scored = dict(zip(subjects, pool.map(one, subjects), strict=True))
        of_subject = [[found for s in names if (found := scored[s])] for names in samples.values()]
        done = {one.sample: one for part in pool.map(scorer.with_odds, of_subject) for one in part}
        scales = list(pool.map(scorer.scale, samples, of_subject))
    results = [done[sample] for sample in subjects if sample in done]
    meta = _meta(params)
    for contract in _CONTRACTS:
        tables = [getattr(one, contract.name) for one in results]
        write_table(contracts.joined(tables, contract), out / f"{contract.name}.parquet", contract, meta=meta)

    for name, contract in (("graph", contracts.EDGES), ("places", contracts.PLACES)):
        table = contracts.joined([getattr(one, name) for one in results], contract)
        write_table(table, out / f"{name}.parquet", contract, meta=meta, row_groups_by=k.SAMPLE)
    _write_scales(scales, out, meta)


_PLACED = (contracts.DOMAINS, contracts.MARGINS, contracts.PHENOTYPES)
_CONTRACTS = (
    *(contracts.INTERACTIONS, contracts.NULLS, contracts.DISTANCES, contracts.GRID, contracts.FUNCTIONS),
    *_PLACED,
    contracts.FEATURES,
)


def gather(params: StageParams, batches: Sequence[Path], cells: Path, out: Path) -> None:
    """The cohort's tables, samples in the order of `cells`; features of pairs join those of images."""
    config = _config(params)
    cohort = BySample(cells)
    names = cohort.distinct(k.SAMPLE)
    rank = {sample: i for i, sample in enumerate(names)}
    tables = []
    for contract in _CONTRACTS:
        table = contracts.joined(
            [read_table(batch / f"{contract.name}.parquet", contract) for batch in batches], contract
        )
        tables.append(
            table.iloc[np.argsort(table[k.SAMPLE].map(rank).to_numpy(), kind="stable")].reset_index(drop=True)
        )
    *others, images = tables
    interactions, _, distances, _, functions, domains, margins, phenotypes = others
    images, symmetric = against_cohort(images), is_symmetric(config)
    features = feature_table(images, interactions, distances, functions, primary=config.primary, symmetric=symmetric)
    where = place_features(domains, margins, phenotypes, names, config.margin.bins_um)
    features = contracts.joined([features, where], contracts.FEATURES)
    meta = _meta(params)
    for contract, table in zip(_CONTRACTS, (*others, features), strict=True):
        write_table(table, out / f"{contract.name}.parquet", contract, meta=meta)
    _write_scales([read_table(batch / "scale.parquet", contracts.SCALE) for batch in batches], out, meta)
    places = contracts.joined(
        [read_table(batch / "places.parquet", contracts.PLACES) for batch in batches], contracts.PLACES
    )
    order = np.argsort(places[k.SAMPLE].map(rank).to_numpy(), kind="stable")
    write_table(places.iloc[order], out / "places.parquet", contracts.PLACES, meta=meta, row_groups_by=k.SAMPLE)


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


def check_barriers(config: NeighbourhoodConfig, types: Sequence[str]) -> None:
    """Raise `ConfigError` where `neighbourhood.barriers` names types that no cell of the cohort is of."""
    faults: list[Fault | str] = [
        Fault(
            f"config: key `neighbourhood.barriers[{i}].{end}`",
            f"a type of the data ({', '.join(types)})",
            f"`{name}`{nearest(name, types)}",
        )
        for i, one in enumerate(config.barriers)
        for end, name in (("source", one.source), ("target", one.target))
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
    scorer: Scorer, cells: BySample, sample: str, edges: Sequence[BySample], markers: Measured, meant: Roles
) -> Scored | None:
    """All tables of one sample but for odds ratios; None where it has no cell."""
    table = cells.rows([sample], [*_COLUMNS, *markers.columns])
    if table.empty:
        return None
    labels = codes(table[k.CELL_TYPE], scorer.types)
    named, ids = scorer.config.domains, table[k.CELL_ID].to_numpy()
    domains = np.array([named.get(name, name) for name in table[k.DOMAIN].astype(str)], dtype=object)
    if not located(table):
        print(f"tumint: sample {sample} has no coordinates: nothing is scored in it", file=sys.stderr)
        there = unplaced(sample, domains, labels, scorer.types, meant)
        found = scorer.unlocated(sample, labels).placed(there, ids)
        return with_states(found, table, labels, scorer.types, domains, markers)
    xy, margin = table[[k.X_UM, k.Y_UM]].to_numpy(float), scorer.config.margin
    there = place(sample, xy, labels, domains, scorer.types, meant, margin)
    strata = there.domain if margin.as_strata else domains
    image = make_image(sample, xy, labels, strata, ids)
    given = pd.concat([one.rows([sample]) for one in edges]) if edges else None
    found = scorer.located(image, given, domains=bool((strata != k.NO_DOMAIN).any())).placed(there, ids)
    return with_states(found, table, labels, scorer.types, domains, markers)


def located(table: pd.DataFrame) -> bool:
    """Whether the cells of a sample have coordinates; ingest lets all of them have some, or none."""
    return bool(table[k.X_UM].notna().any())
