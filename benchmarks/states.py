"""SIMULATED cohorts of cells with markers, for what is said of states: planted truth, no effect, spillover. Fast.

Cells lie at random in two domains; types mix within them; markers are log-normal about the level of the type. Nothing
here is taken from the workflow but the graph.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from tumint import keys as k
from tumint.neighbourhood.graph import Triangulation

TYPES = ("CD8 T cells", "Dendritic cells", "Fibroblasts", "Macrophages", "Tumour cells")
LINEAGE = ("CD8", "CD11c", "aSMA", "F480", "EPCAM")
STATES = ("PD1", "CXCL9", "Ki67", "Casp3")
LEVELS = np.array(  # types × states
    [
        [0.4, 0.05, 0.1, 0.05],
        [0.1, 0.4, 0.05, 0.05],
        [0.03, 0.03, 0.03, 0.05],
        [0.1, 0.2, 0.05, 0.05],
        [0.02, 0.05, 0.3, 0.2],
    ]
)
SHARES = np.array([[0.12, 0.08, 0.25, 0.2, 0.35], [0.2, 0.1, 0.4, 0.25, 0.05]])  # by domain
DOMAINS = np.array(["tumour", "normal"], dtype=object)
GATES = {"PD1": 0.35, "CXCL9": 0.35, "Ki67": 0.25, "Casp3": 0.2}


@dataclass(frozen=True)
class Plan:
    """What is planted in treated animals, and what is wrong with the cells of all.

    Attributes
    ----------
    fold
        {(type, state marker, domain): factor}.
    rise
        {(state marker, a, b): added to the marker of a-cells that touch b}.
    spill
        Of every neighbour's signal: as part of the mean over neighbours (`mean`), of each of about six (`each`), the
        nearer the more (`near`), with another share for every marker (`uneven`), or in treated animals alone
        (`treated`). Two that share nothing with how it is measured: all light spreads over some µm, across cells that
        are no neighbours too (`blur`); so many cells are cut wrongly and take in one neighbour whole (`merged`).
    near
        Odds by which PD-1+ CD8 T cells go beside CXCL9-high dendritic cells.
    """

    fold: dict[tuple[str, str, str], float] = field(default_factory=dict)
    rise: dict[tuple[str, str, str], float] = field(default_factory=dict)
    spill: float = 0.0
    how: str = "mean"
    near: float = 0.0


@dataclass(frozen=True)
class Image:
    """Cells of one image: places, labels, domains, graph and markers (n × states and lineage)."""

    xy: np.ndarray
    labels: np.ndarray
    domains: np.ndarray
    graph: csr_array
    values: np.ndarray

    def columns(self, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        """Some markers by name."""
        at = {name: i for i, name in enumerate((*STATES, *LINEAGE))}
        return {name: self.values[:, at[name]] for name in names}


def image(rng: np.random.Generator, plan: Plan, *, treated: bool, animal: np.ndarray, cells: int) -> Image:
    """One image of an animal whose levels are `animal` (types × states) times the usual."""
    side = np.sqrt(cells / 5000) * 1000  # 5,000 cells per mm²
    xy = rng.random((cells, 2)) * side
    domain = (xy[:, 0] > side * rng.uniform(0.4, 0.6)).astype(int)
    labels = (rng.random(cells)[:, None] > SHARES.cumsum(axis=1)[domain]).sum(axis=1).clip(max=len(TYPES) - 1)
    found = Triangulation.of(xy, np.arange(cells)).within(50.0)
    graph = csr_array((np.ones(found.n_edges), found.indices, found.indptr), shape=(cells, cells))
    level = LEVELS[labels] * animal[labels]
    if treated:
        for (kind, marker, place), factor in plan.fold.items():
            rows = (labels == TYPES.index(kind)) & (DOMAINS[domain] == place)
            level[rows, STATES.index(marker)] *= factor
    spread = rng.lognormal(-(0.7**2) / 2, 0.7, (cells, len(STATES)))
    states = level * spread
    if plan.near and treated:
        _drawn_near(rng, plan.near, labels, graph, states)
    if treated:
        for (marker, a, b), more in plan.rise.items():
            touching = graph @ (labels == TYPES.index(b)).astype(float) > 0
            states[(labels == TYPES.index(a)) & touching, STATES.index(marker)] += more
    lineage = np.where(labels[:, None] == np.arange(len(LINEAGE)), 0.8, 0.03) * rng.lognormal(
        -(0.45**2) / 2, 0.45, (cells, len(LINEAGE))
    )
    values = np.column_stack([states, lineage])
    if plan.spill:
        values = values + _spilt(rng, plan, xy, graph, values, treated=treated)
    return Image(xy, labels, DOMAINS[domain], graph, values)


def _spilt(
    rng: np.random.Generator, plan: Plan, xy: np.ndarray, graph: csr_array, values: np.ndarray, *, treated: bool
) -> np.ndarray:
    """What neighbours add to every cell (n × markers)."""
    if plan.how == "treated" and not treated:
        return np.zeros_like(values)
    if plan.how == "each":
        return plan.spill * (graph @ values) / 6.0
    if plan.how == "merged":
        degree = np.diff(graph.indptr)
        mine = np.flatnonzero((rng.random(len(xy)) < plan.spill) & (degree > 0))
        other = graph.indices[graph.indptr[mine] + (rng.random(mine.size) * degree[mine]).astype(int)]
        added = np.zeros_like(values)
        added[mine] = values[other]
        return added
    if plan.how == "blur":
        near = cKDTree(xy).sparse_distance_matrix(cKDTree(xy), 30.0, output_type="coo_matrix").tocsr()
        near.data = np.where(near.data > 0, np.exp(-np.square(near.data / 8.0) / 2), 0.0)
        # the usual cell receives the share that the others call `spill`, a crowded one more
        return plan.spill * (near @ values) / np.median(np.asarray(near.sum(axis=1)))
    weights = graph.copy()
    if plan.how == "near":
        ends = np.repeat(np.arange(len(xy)), np.diff(graph.indptr)), graph.indices
        weights.data = np.exp(-np.linalg.norm(xy[ends[0]] - xy[ends[1]], axis=1) / 8.0)
    total = np.maximum(weights.sum(axis=1), 1e-9)[:, None]
    share = rng.uniform(0.5, 1.5, values.shape[1]) if plan.how == "uneven" else 1.0
    return plan.spill * share * (weights @ values) / total


def _drawn_near(
    rng: np.random.Generator, odds: float, labels: np.ndarray, graph: csr_array, states: np.ndarray
) -> None:
    """Deal the PD-1 of CD8 T cells out anew: high values go to those beside CXCL9-high dendritic cells, by `odds`."""
    high = (labels == 1) & (states[:, 1] >= GATES["CXCL9"])
    mine = np.flatnonzero(labels == 0)
    beside = (graph @ high.astype(float) > 0)[mine]
    rank = rng.gumbel(size=mine.size) + odds * beside
    states[mine[np.argsort(rank)], 0] = np.sort(states[mine, 0])


def animals(rng: np.random.Generator, n: int, sd: float = 0.15) -> np.ndarray:
    """(n, types, states): how far the levels of animals lie from the usual."""
    return rng.lognormal(0.0, sd, (n, len(TYPES), len(STATES)))


def cohort(seed: int, plan: Plan, *, per_arm: int = 6, rois: int = 1, cells: int = 1500):  # type: ignore[no-untyped-def]
    """`(sheet, images by sample)` of a cohort of two arms."""
    rng = np.random.default_rng([seed, 77])
    usual = animals(rng, 2 * per_arm)
    rows, images = [], {}
    for i in range(2 * per_arm):
        for roi in range(rois):
            sample = f"m{i:02d}_{roi}"
            rows.append((sample, f"m{i:02d}", "treated" if i % 2 else "vehicle"))
            images[sample] = image(rng, plan, treated=bool(i % 2), animal=usual[i], cells=cells)
    return pd.DataFrame(rows, columns=[k.SAMPLE, k.SUBJECT, "arm"], dtype=object), images
