"""All that the stage measures in one sample, and the odds ratios of a subject over its samples. No files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.io.contracts import (
    BORDERS,
    DOMAINS,
    EDGES,
    FUNCTIONS,
    MARGINS,
    MEMBERS,
    NETWORK_COUNTS,
    NETWORKS,
    PHENOTYPES,
    PLACES,
    empty,
)
from tumint.neighbourhood.barriers import barrier_features
from tumint.neighbourhood.contacts import CHI, DIRECT, PAIRWISE, Tissue, contact_odds
from tumint.neighbourhood.distances import distance_table
from tumint.neighbourhood.functions import function_table, radii_of
from tumint.neighbourhood.graph import Graph
from tumint.neighbourhood.grid import grid_table
from tumint.neighbourhood.image import GraphSpec, Image, build_graph
from tumint.neighbourhood.levels import Level, Scales, describe, level, parent_codes
from tumint.neighbourhood.place import Place
from tumint.neighbourhood.scale import scale_table
from tumint.neighbourhood.scores import MOVED, Method, score_image
from tumint.neighbourhood.statistics import Cells, image_features
from tumint.neighbourhood.unlocated import unlocated_distances, unlocated_scores

if TYPE_CHECKING:
    from tumint.config.neighbourhood import NeighbourhoodConfig


@dataclass(frozen=True)
class Scored:
    """The tables of one sample by the names of their contracts; what odds ratios are still to be made of."""

    sample: str
    interactions: pd.DataFrame
    distances: pd.DataFrame
    features: pd.DataFrame  # of `statistics`
    nulls: pd.DataFrame = field(default_factory=pd.DataFrame)
    grid: pd.DataFrame = field(default_factory=pd.DataFrame)
    functions: pd.DataFrame = field(default_factory=lambda: empty(FUNCTIONS))
    tissues: dict[str, Tissue] = field(default_factory=dict)  # by null
    graph: pd.DataFrame = field(default_factory=lambda: empty(EDGES))  # who is whose neighbour, guard zone and all
    places: pd.DataFrame = field(default_factory=lambda: empty(PLACES))
    domains: pd.DataFrame = field(default_factory=lambda: empty(DOMAINS))
    margins: pd.DataFrame = field(default_factory=lambda: empty(MARGINS))
    phenotypes: pd.DataFrame = field(default_factory=lambda: empty(PHENOTYPES))

    def placed(self, place: Place, ids: np.ndarray) -> Scored:
        """With where its cells lie."""
        return replace(
            self,
            features=pd.concat([part for part in (self.features, place.features) if len(part)], ignore_index=True),
            places=place.places(self.sample, ids),
            domains=place.domains,
            margins=place.margins,
            phenotypes=place.phenotypes,
        )

    members: pd.DataFrame = field(default_factory=lambda: empty(MEMBERS))  # niches and networks of cells
    borders: pd.DataFrame = field(default_factory=lambda: empty(BORDERS))
    networks: pd.DataFrame = field(default_factory=lambda: empty(NETWORKS))
    network_counts: pd.DataFrame = field(default_factory=lambda: empty(NETWORK_COUNTS))


@dataclass(frozen=True)
class Scorer:
    """What is the same for all samples of a cohort: the config, the seed and the types."""

    config: NeighbourhoodConfig
    seed: int
    types: Sequence[str]

    def located(self, image: Image, given: pd.DataFrame | None) -> Scored:
        """Everything but odds ratios of an image, labels permuted within its strata where it has some."""
        config, K = self.config, len(self.types)
        spec = GraphSpec(**config.graph.model_dump(), guard_um=config.guard_um)
        graph = build_graph(image, spec, given)
        whole = self._levels(image)
        levels, guarded = whole, image.guarded(config.guard_um)
        if config.guard_um > 0:
            levels = self._levels(image, guarded)
        tissues = {one.name: Tissue(image.sample, image.xy, image.labels, graph, one.rules) for one in levels.values()}
        specs = [GraphSpec(**graph.model_dump()) for graph in config.robustness.graphs]
        in_grid = [whole[name] for name in config.robustness.nulls if name in whole]
        grid = grid_table(image, self.types, specs, in_grid, given) if specs and in_grid else pd.DataFrame()
        nulls = pd.DataFrame(describe(list(levels.values()), image.labels)).assign(sample=image.sample)
        unguarded = build_graph(image, replace(spec, guard_um=0.0), given) if config.guard_um > 0 else None
        n_guarded = np.bincount(image.labels[guarded], minlength=K)
        cells = Cells(image.sample, image.xy, image.labels, self.types, graph, image.strata)
        return Scored(
            image.sample,
            self._interactions(image, graph, levels, None if unguarded is None else (unguarded, whole), n_guarded),
            distance_table(image.sample, image.xy, image.labels, self.types, 1, whole[config.primary].tilings[0]),
            self._features(cells),
            nulls,
            grid,
            self._functions(image),
            tissues,
            _named(image, graph if unguarded is None else unguarded),
        )

    def unlocated(self, sample: str, labels: np.ndarray, why: str = k.NO_COORDINATES) -> Scored:
        """A sample without coordinates, or without cells: who is there, and no score; `why` is its status."""
        sizes = np.bincount(labels, minlength=len(self.types))
        scores = unlocated_scores(sample, sizes, self.types).assign(status=why)
        parts = [scores.assign(statistic=s, null=null) for s in self.config.statistics for null in self._always()]
        cells = Cells(sample, np.full((len(labels), 2), np.nan), labels, self.types)
        distances = unlocated_distances(sample, sizes, self.types).assign(status=why)
        features = image_features(cells)
        if why != k.NO_COORDINATES:
            features = features.assign(value=np.nan, se=np.nan, weight=0.0, status=why)
        return Scored(sample, pd.concat(parts, ignore_index=True), distances, features)

    def with_odds(self, scored: Sequence[Scored]) -> list[Scored]:
        """The samples of a subject with its contact odds ratios, under every null over the samples that have it."""
        # sums of floats depend on their order, and samples may come in any
        placed = sorted((one for one in scored if one.tissues), key=lambda one: one.sample)
        tables: dict[str, list[pd.DataFrame]] = {one.sample: [] for one in placed}
        for null in dict.fromkeys(null for one in placed for null in one.tissues):
            mine = [one for one in placed if null in one.tissues]
            tissues = [one.tissues[null] for one in mine]
            found = contact_odds(tissues, len(self.types), self.seed, joint=null == self.config.primary)
            for one, odds in zip(mine, found, strict=True):
                tables[one.sample].append(odds.assign(null=null))
        return [_with_columns(one, tables.get(one.sample, [])) for one in scored]

    def scale(self, subject: str, scored: Sequence[Scored]) -> pd.DataFrame:
        """Contact of a subject under ever shorter reaches, within the tissue domains of the images that have any."""
        placed = sorted((one for one in scored if one.tissues), key=lambda one: one.sample)
        tissues = [one.tissues.get(k.WITHIN_DOMAIN, one.tissues[k.GLOBAL]) for one in placed]
        return scale_table(subject, tissues, self.types, self.config.scales_um, self.seed)

    def _always(self) -> list[str]:
        """The nulls that every sample is scored under."""
        return list(dict.fromkeys([k.GLOBAL, k.LOCAL, self.config.primary]))

    def _levels(self, image: Image, guarded: np.ndarray | None = None) -> dict[str, Level]:
        names = self._always()
        if image.strata is not None:
            names.append(k.WITHIN_DOMAIN)
        parents = parent_codes(self.types, self.config.parents or {})
        if len(set(parents)) < len(self.types):
            names += [k.PARENT, k.PARENT_LOCAL]
        scales = Scales(self.config.local_um, self.config.around_um)
        order = (k.GLOBAL, k.WITHIN_DOMAIN, k.LOCAL, k.PARENT, k.PARENT_LOCAL)
        return {
            name: level(name, image.sample, image.xy, image.labels, image.strata, parents, scales, self.seed, guarded)
            for name in order
            if name in names
        }

    def _features(self, cells: Cells) -> pd.DataFrame:
        """What is said of an image as it is, and the barriers that are asked for."""
        found = image_features(cells)
        asked = [(one.source, one.target) for one in self.config.barriers]
        if not asked or cells.graph is None:
            return found
        barriers = barrier_features(cells.sample, cells.graph, cells.labels, cells.types, asked, cells.domains)
        return pd.concat([found, barriers], ignore_index=True)

    def _functions(self, image: Image) -> pd.DataFrame:
        """Pairs by their distance, labels permuted within strata; no row where none is asked for."""
        asked = self.config.functions
        radii = radii_of(asked.up_to_um, asked.step_um)
        if not len(radii):
            return empty(FUNCTIONS)
        return function_table(image.sample, image.xy, image.labels, self.types, radii, asked.kernel_um, image.strata)

    def _interactions(
        self,
        image: Image,
        graph: Graph,
        levels: dict[str, Level],
        unguarded: tuple[Graph, dict[str, Level]] | None,
        n_guarded: np.ndarray,
    ) -> pd.DataFrame:
        """Every statistic under every null; with a guard zone, what it leaves out and scores without it too."""
        config = self.config
        tables = []

        def scored(method: Method, name: str, graph: Graph, levels: dict[str, Level]) -> pd.DataFrame:
            domains = levels.get(k.WITHIN_DOMAIN, levels[k.GLOBAL])
            return score_image(image.sample, graph, image.labels, self.types, method, levels[name], domains)

        for name in config.statistics:
            method = Method(
                name,
                "exact",
                config.permutations,
                self.seed,
                config.min_cells,
                config.patch_size,
                stop_after=config.stop_after,
            )
            for null in levels:
                scores = scored(method, null, graph, levels).assign(statistic=name, null=null)
                if unguarded is not None:
                    scores["n_guarded"] = np.repeat(n_guarded, len(self.types))
                    scores["log2_unguarded"] = scored(method, null, *unguarded)["log2_enrichment"]
                tables.append(scores)
        return pd.concat(tables, ignore_index=True)


def _named(image: Image, graph: Graph) -> pd.DataFrame:
    """The edges of a graph by the ids of its cells (contract EDGES), sorted."""
    sources = np.repeat(image.ids, np.diff(graph.indptr))
    table = pd.DataFrame({k.SAMPLE: image.sample, k.SOURCE_CELL: sources, k.TARGET_CELL: image.ids[graph.indices]})
    return table.sort_values([k.SOURCE_CELL, k.TARGET_CELL], kind="stable", ignore_index=True)


def _with_columns(scored: Scored, odds: list[pd.DataFrame]) -> Scored:
    """A sample with the odds ratios of its nulls in the rows of `edges`; missing in those of other statistics."""
    table = scored.interactions
    if MOVED not in table:
        table[MOVED] = np.nan
    columns = {name: np.full(len(table), np.nan) for name in (*PAIRWISE, *DIRECT, *CHI)}
    for found in odds:
        rows = np.flatnonzero((table["statistic"] == "edges") & (table[k.NULL] == found[k.NULL].iloc[0]))
        for name in columns:
            if name in found:
                columns[name][rows] = found[name]
    return replace(scored, interactions=table.assign(**columns), tissues={})
