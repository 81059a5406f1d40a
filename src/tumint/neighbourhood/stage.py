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
from tumint.errors import DataError, Fault
from tumint.io import contracts
from tumint.io.by_sample import BySample
from tumint.io.tables import read_table, write_table
from tumint.neighbourhood.communities import Communities, window
from tumint.neighbourhood.gathered import TABLES, file_of, write_gathered, write_of_cells, write_scales
from tumint.neighbourhood.image import codes, make_image
from tumint.neighbourhood.measured import Measured, measured
from tumint.neighbourhood.named import check_chosen, check_domains, check_types
from tumint.neighbourhood.niches import stage as niches
from tumint.neighbourhood.place import place, unplaced
from tumint.neighbourhood.roles import Roles, roles
from tumint.neighbourhood.scorer import Scored, Scorer
from tumint.neighbourhood.states import with_states
from tumint.provenance import run_metadata

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
    learned: Path | None = None,
) -> None:
    """Score a batch into `out` (parquet): the tables of `gathered`, `scale` and `graph`.

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
    learned
        Folder of the niches of the cohort, as `learn` writes them; None: no niches.
    """
    config = _config(params)
    if _needs_edges(config) and not edges:
        raise DataError(Fault("--edges", "the batch's edges, for `neighbourhood.graph.kind: provided`", "none"))
    cohort = BySample(cells)
    types = sorted(cohort.distinct(k.CELL_TYPE))
    domains = sorted(cohort.distinct(k.DOMAIN))
    check_domains(config.domains, domains)
    check_types(config, types, parents=bool(params.parents_written))
    given = [BySample(path) for path in edges] if _needs_edges(config) else []
    samples: dict[str, list[str]] = {}
    for sample, subject in subjects.items():
        samples.setdefault(subject, []).append(sample)
    scorer = Scorer(config, params.seed, types)
    meant = roles(config.margin, {config.domains.get(name, name) for name in domains}, types)
    for said in meant.said:
        print(f"tumint: {said}", file=sys.stderr)
    own = {config.domains.get(name, name) for name in domains} - {k.NO_DOMAIN}
    inferred = {k.TUMOUR, k.INTERFACE, k.OUTSIDE} if meant.origin == k.FROM_CELLS else set()
    check_chosen(config.cells_in, sorted(inferred or own))
    found_gates = read_table(gates, contracts.GATES) if gates is not None else None
    markers = measured(
        *(cohort.columns, cohort.lowest, found_gates, config.markers),
        by_contact=config.state_by_contact,
        told_by=params.told_by,
        subtypes=params.subtypes,
    )
    asked = learned is not None and config.niches.window != "none"
    communities = Communities(config, params.seed, types, niches.read(learned, types) if learned and asked else None)

    def one(sample: str) -> Scored | None:
        return _score_sample(scorer, communities, cohort, sample, given, markers, meant)

    # sums of floats must not depend on the number of threads
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(max_workers=threads) as pool:
        scored = dict(zip(subjects, pool.map(one, subjects), strict=True))
        of_subject = [[found for s in names if (found := scored[s])] for names in samples.values()]
        done = {one.sample: one for part in pool.map(scorer.with_odds, of_subject) for one in part}
        scales = list(pool.map(scorer.scale, samples, of_subject))
    results = [done[sample] for sample in subjects if sample in done]
    meta = _meta(params)
    for contract in TABLES:
        name = file_of(contract)
        table = contracts.joined([getattr(one, name) for one in results], contract)
        write_table(table, out / f"{name}.parquet", contract, meta=meta)
    graphs = contracts.joined([one.graph for one in results], contracts.EDGES)
    write_table(graphs, out / "graph.parquet", contracts.EDGES, meta=meta, row_groups_by=k.SAMPLE)
    write_of_cells([one.places for one in results], "places", out, meta)
    write_of_cells([one.members for one in results], "cells", out, meta)
    write_scales(scales, out, meta)


def learn(params: StageParams, cells: Path, subjects: Mapping[str, str], out: Path) -> None:
    """Learn the niches of the cohort: `niches`, `niche_types`, `niche_numbers` and `surroundings` (parquet) in `out`.

    Parameters
    ----------
    subjects
        Subject of every sample of the cohort.
    """
    config = _config(params)
    asked = None if config.niches.window == "none" else window(config)
    given = params.model_dump(mode="json", exclude_unset=True)  # the params of this part are not those of the stage
    meta = {**run_metadata("neighbourhood", given), "part": "niches"}
    niches.write(config.niches, asked, params.seed, cells, subjects, out, meta)


def gather(params: StageParams, batches: Sequence[Path], cells: Path, out: Path) -> None:
    """The cohort's tables, samples in the order of `cells`; features of pairs join those of images."""
    write_gathered(_config(params), batches, cells, out, _meta(params))


def _needs_edges(config: NeighbourhoodConfig) -> bool:
    return any(graph.kind == "provided" for graph in (config.graph, *config.robustness.graphs))


def _config(params: StageParams) -> NeighbourhoodConfig:
    if params.neighbourhood is None:
        raise DataError(Fault("--params", "a section `neighbourhood`", "none"))
    return params.neighbourhood


def _meta(params: StageParams) -> dict[str, Any]:
    return run_metadata("neighbourhood", params.model_dump(mode="json", exclude_none=True))


def _score_sample(
    scorer: Scorer,
    communities: Communities,
    cells: BySample,
    sample: str,
    edges: Sequence[BySample],
    markers: Measured,
    meant: Roles,
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
        mine = _chosen(scorer, domains)
        found = communities.unlocated(scorer.unlocated(sample, labels[mine]).placed(there, ids), ids)
        return with_states(found, table[mine], labels[mine], scorer.types, domains[mine], markers)
    xy, margin = table[[k.X_UM, k.Y_UM]].to_numpy(float), scorer.config.margin
    there = place(sample, xy, labels, domains, scorer.types, meant, margin)
    strata = there.domain if margin.as_strata else domains
    mine = _chosen(scorer, there.domain)
    if not mine.any():
        print(f"tumint: sample {sample} has no cell in the domains of `neighbourhood.cells_in`", file=sys.stderr)
        found = communities.unlocated(scorer.unlocated(sample, labels[mine], k.ABSENT).placed(there, ids), ids)
        return with_states(found, table[mine], labels[mine], scorer.types, domains[mine], markers)
    apart = scorer.config.within_domain and bool((strata != k.NO_DOMAIN).any())
    image = make_image(sample, xy, labels, strata if apart else None, ids)
    given = pd.concat([one.rows([sample]) for one in edges]) if edges else None
    image = image if mine.all() else image.chosen(ids[mine])
    niche = communities.niche(image)
    found = scorer.located(communities.within(image, niche), given).placed(there, ids)
    found = communities.added(found, image, niche)
    return with_states(found, table[mine], labels[mine], scorer.types, domains[mine], markers)


def _chosen(scorer: Scorer, domain: np.ndarray) -> np.ndarray:
    """Which cells are in the domains that are looked at."""
    asked = scorer.config.cells_in
    return np.isin(domain.astype(str), asked) if asked else np.ones(len(domain), dtype=bool)


def located(table: pd.DataFrame) -> bool:
    """Whether the cells of a sample have coordinates; ingest lets all of them have some, or none."""
    return bool(table[k.X_UM].notna().any())
