"""Niches and networks of one sample: who belongs to which, and what follows. Tables in and out, no files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.io import contracts
from tumint.neighbourhood.graph import Graph
from tumint.neighbourhood.image import Image, positions
from tumint.neighbourhood.networks import chance, find
from tumint.neighbourhood.niches.features import border_table, niche_features
from tumint.neighbourhood.niches.learn import Learned
from tumint.neighbourhood.niches.windows import Window
from tumint.neighbourhood.scorer import Scored

if TYPE_CHECKING:
    from tumint.config.neighbourhood import NeighbourhoodConfig


@dataclass(frozen=True)
class Communities:
    """What is the same for all samples of a cohort; `learned` None: no niches."""

    config: NeighbourhoodConfig
    seed: int
    types: Sequence[str]
    learned: Learned | None

    def niche(self, image: Image) -> tuple[np.ndarray, np.ndarray] | None:
        """The niche of every cell of an image (n), and the counts of its window (n × K)."""
        if self.learned is None:
            return None
        counts = window(self.config).counts(image.whole or image, len(self.types))
        counts = counts if image.kept is None else counts[image.kept]
        return self.learned.of(counts), counts

    def within(self, image: Image, found: tuple[np.ndarray, np.ndarray] | None) -> Image:
        """The image with niches as strata, within its domains, where the config asks for that."""
        if found is None or not self.config.niches.within:
            return image
        domains = np.zeros(len(found[0]), np.int64) if image.strata is None else image.strata
        joint = domains * (int(found[0].max(initial=0)) + 1) + found[0]
        return replace(image, strata=np.unique(joint, return_inverse=True)[1].reshape(-1))

    def added(self, scored: Scored, image: Image, found: tuple[np.ndarray, np.ndarray] | None) -> Scored:
        """A sample with its niches and networks; the strata of `image` are tissue domains."""
        members = pd.DataFrame({k.SAMPLE: image.sample, k.CELL_ID: image.ids, k.NICHE: ""})
        features, tables = [scored.features], dict[str, Any]()
        if found is not None and self.learned is not None:
            niche, counts = found
            names = self.learned.names
            members[k.NICHE] = np.asarray(names, dtype=object)[niche]
            split = self.config.niches.split_by
            features.append(niche_features(image.sample, image.labels, niche, counts, self.types, names, split))
            tables["borders"] = border_table(image.sample, _graph(scored, image), niche, names)
        networks, counted = [], []
        for name, one in self.config.networks.items():
            kind = kind_of(name, self.config, self.types)
            graph = image.delaunay(one.max_edge_um)
            within = np.zeros(len(image.ids), np.int64) if image.strata is None else image.strata
            tissue = chance.Tissue(image.sample, image.xy, image.labels, image.ids, graph, within)
            roots = find.networks(kind, graph, image.xy, image.labels)
            number = find.numbered(roots, image.ids)
            members[column_of(name)] = number
            networks.append(chance.network_table(kind, tissue, number, self.types))
            counted.append(chance.against_chance(kind, tissue, self.types, roots, one.permutations, self.seed))
            features.append(chance.network_features(counted[-1]))
        if image.whole is not None:  # cells that are not looked at are in none
            rest = np.setdiff1d(image.whole.ids, image.ids)
            others = {k.SAMPLE: image.sample, k.CELL_ID: rest, k.NICHE: ""} | {name: 0 for name in members.columns[3:]}
            members = pd.concat([members, pd.DataFrame(others)], ignore_index=True)
        members = members.sort_values(k.CELL_ID, kind="stable", ignore_index=True)
        tables |= {"networks": contracts.joined(networks, contracts.NETWORKS)}
        tables |= {"network_counts": contracts.joined(counted, contracts.NETWORK_COUNTS)}
        return replace(scored, members=members, features=pd.concat(features, ignore_index=True), **tables)

    def unlocated(self, scored: Scored, ids: np.ndarray) -> Scored:
        """A sample without coordinates: its cells are in no niche and no network."""
        members = pd.DataFrame({k.SAMPLE: scored.sample, k.CELL_ID: np.sort(ids), k.NICHE: ""})
        for name in self.config.networks:
            members[column_of(name)] = np.int64(0)
        return replace(scored, members=members)


def _graph(scored: Scored, image: Image) -> Graph:
    """The graph that the sample was scored with, from its table of edges."""
    from tumint.neighbourhood.graph import from_edges

    return from_edges(len(image.ids), positions(image.ids, scored.graph), symmetric=False)


def window(config: NeighbourhoodConfig) -> Window:
    """The window that the config asks for."""
    one = config.niches
    if one.window == "none":
        raise ValueError("no niches")
    return Window(one.window, one.nearest, one.radius_um, one.hops, config.graph.max_edge_um)


def kind_of(name: str, config: NeighbourhoodConfig, types: Sequence[str]) -> find.Kind:
    """A kind of network of the config, with types as codes."""
    one, code = config.networks[name], {kind: i for i, kind in enumerate(types)}
    crowd = None if one.crowd is None else (one.crowd.nearest, one.crowd.mean_um)
    near = one.near
    beside = None if near is None else (tuple(code[kind] for kind in near.types), near.cells, near.within_um)
    mine = tuple(code[kind] for kind in one.types)
    return find.Kind(name, mine, one.least_cells, one.max_edge_um, crowd, beside)


def column_of(name: str) -> str:
    """The column of `cells.parquet` with the numbers of networks of a kind."""
    return "network_" + re.sub(r"\W+", "_", name.lower()).strip("_")
