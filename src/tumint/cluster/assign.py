"""Cells → clusters and types, by each of the ways of typing. Arrays in, tables out; files are read elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.cluster import signatures as sig
from tumint.cluster import sketch
from tumint.cluster.leiden import communities, number_by_size
from tumint.cluster.neighbours import EXACT, by_nearness
from tumint.cluster.partition import graph_of, grid_clusters, neighbour_lists
from tumint.cluster.transcripts import smoothed
from tumint.config.cluster import ClusterConfig, Split
from tumint.config.panel import Signature
from tumint.io.contracts import CONFUSION, MARKER_MEANS, joined


@dataclass(frozen=True)
class Cohort:
    """What is clustered and typed, in an order of the cells that does not depend on the sheet.

    `points` (n × d) is what distances are computed from, `scored` (n × m) what is compared with signatures, column by
    column the `markers`; a marker counts as shown where it differs between clusters by `least` or more (None: from
    0.5). `group` (n,) is the number of the ROI and `subject` that of the animal of each ROI, from which a sketch takes
    equal numbers of cells; `votes` (n,) the share of the nearest cells of the sketch that say what the cluster of a
    cell is, None without a sketch; `sketched` how many cells that holds.
    """

    points: np.ndarray
    scored: np.ndarray
    markers: list[str]
    least: float | None = 0.0
    group: np.ndarray | None = None
    subject: np.ndarray | None = None
    votes: np.ndarray | None = None
    sketched: int = 0


@dataclass(frozen=True)
class Typing:
    """Cluster, type and confidence of every cell, and one row per cluster."""

    cluster: np.ndarray
    cell_type: np.ndarray
    confidence: np.ndarray
    clusters: pd.DataFrame  # contract CLUSTERS, and `agreement`: share of cells whose own markers show the same type
    types: list[str]  # in the order in which they are shown
    by_markers: np.ndarray | None = None  # type of each cell by its own markers alone, where there are signatures

    def reordered(self, order: np.ndarray) -> Typing:
        """Cluster, type and confidence with the cells in another order."""
        return replace(
            self,
            cluster=self.cluster[order],
            cell_type=self.cell_type[order],
            confidence=self.confidence[order],
            by_markers=None if self.by_markers is None else self.by_markers[order],
        )


def find_clusters(
    cohort: Cohort,
    signatures: list[Signature],
    config: ClusterConfig,
    *,
    resolution: float,
    seed: int,
    threads: int,
    smooth: bool = False,
) -> tuple[np.ndarray, Cohort]:
    """Cluster the cells by the method of the config, and split mixed clusters where there are signatures.

    Returns
    -------
    Labels (n,), 0 the largest cluster; and the cohort, its `scored` values averaged over neighbours with `smooth`.

    Notes
    -----
    Beyond `cluster.sketch` cells a part of them is clustered and the others join (`tumint.cluster.sketch`); not with
    `smooth`, which is about the neighbours of every cell.
    """
    n = len(cohort.points)
    if config.sketch is not None and n > config.sketch and not smooth:
        group = np.zeros(n, np.int64) if cohort.group is None else cohort.group
        rows = sketch.drawn(cohort.points, group, config.sketch, seed=seed, subject=cohort.subject, threads=threads)
        some = replace(cohort, points=cohort.points[rows], scored=cohort.scored[rows], group=None, subject=None)
        own = config.model_copy(update={"sketch": None})
        labels, _ = find_clusters(some, signatures, own, resolution=resolution, seed=seed, threads=threads)
        labels, votes = sketch.joined(cohort.points, rows, labels, seed=seed, threads=threads)
        return number_by_size(labels), replace(cohort, votes=votes, sketched=len(rows))
    order = by_nearness(cohort.points, seed=seed) if n > EXACT else np.arange(n)
    labels, found = _clusters_in_order(
        replace(cohort, points=cohort.points[order], scored=cohort.scored[order]),
        signatures,
        config,
        resolution=resolution,
        seed=seed,
        threads=threads,
        smooth=smooth,
    )
    back = np.argsort(order)
    return number_by_size(labels[back]), replace(cohort, scored=found.scored[back])


def _clusters_in_order(
    cohort: Cohort,
    signatures: list[Signature],
    config: ClusterConfig,
    *,
    resolution: float,
    seed: int,
    threads: int,
    smooth: bool,
) -> tuple[np.ndarray, Cohort]:
    """`find_clusters` of cells whose order in memory is that of nearness, where there are many."""
    n = len(cohort.points)
    graphed = config.method != "flowsom"
    if graphed or signatures:
        neighbours = neighbour_lists(cohort.points, config.n_neighbours, seed=seed, threads=threads)
        edges, weights = graph_of(neighbours, config.method if graphed else "phenograph", threads=threads)
        cohort = replace(cohort, scored=smoothed(cohort.scored, neighbours)) if smooth else cohort
    if graphed:
        labels = number_by_size(communities(n, edges, weights, resolution=resolution, seed=seed))
    else:
        labels = grid_clusters(cohort.points, config.n_clusters, seed=seed, threads=threads)
    if not signatures:
        return labels, cohort
    labels = sig.split_mixed(
        cohort.scored,
        labels,
        edges,
        weights,
        cohort.markers,
        signatures,
        min_score=config.min_score,
        resolution=resolution,
        seed=seed,
        least=cohort.least,
    )
    return labels, cohort


def by_signatures(cohort: Cohort, labels: np.ndarray, signatures: list[Signature], config: ClusterConfig) -> Typing:
    """The type of each cluster (or cell, as the config says) is that of its best signature.

    Where that scores below `min_score` it is the parent type that the markers do show, else `unclassified`; cells below
    `min_confidence` are `unclassified` too.
    """
    names = np.array([*(s.cell_type for s in signatures), k.UNCLASSIFIED], dtype=object)
    tree, values, markers, min_score = sig.Tree.of(signatures), cohort.scored, cohort.markers, config.min_score
    scale = sig.fit_scale(values, labels, cohort.least)
    evidence = scale.evidence(sig.cluster_means(values, labels))
    by_cluster = sig.scores(evidence, markers, signatures)
    by_cell = sig.scores(scale.evidence(values), markers, signatures)
    chosen, own = sig.best(by_cluster, min_score, tree), sig.best(by_cell, min_score, tree)
    ranked = tree.leaves[np.argsort(-by_cluster[:, tree.leaves], axis=1, kind="stable")]
    row = np.arange(len(chosen))
    clusters = _clusters(row.astype(str), np.bincount(labels), names[chosen])
    clusters["score"] = by_cluster[row, np.where(chosen >= 0, chosen, ranked[:, 0])]
    runner_up = np.where(ranked[:, 0] == chosen, ranked[:, min(1, ranked.shape[1] - 1)], ranked[:, 0])
    if len(tree.leaves) > 1:
        clusters["runner_up"] = names[runner_up]
        clusters["runner_up_score"] = by_cluster[row, runner_up]
    likes = sig.best(by_cell, min_score, tree, fall_back=False)
    agree = np.append(tree.inside, np.zeros((1, len(signatures)), bool), axis=0)[chosen[labels], likes] & (likes >= 0)
    agree |= (likes < 0) & (chosen[labels] < 0)
    clusters["agreement"] = np.bincount(labels, weights=agree) / np.bincount(labels)
    clusters["conflicts"] = [
        sig.conflicts(row, markers, signatures[c if c >= 0 else r[0]])
        for row, c, r in zip(evidence, chosen, ranked, strict=True)
    ]
    given = own if config.per == "cell" else chosen[labels]
    confidence = sig.confidence(by_cell, given, min_score, tree)
    cell_type = np.where(confidence >= config.min_confidence, names[given], k.UNCLASSIFIED)
    return Typing(
        labels.astype(str).astype(object), cell_type.astype(object), confidence, clusters, list(names), names[own]
    )


def by_cells(labels: np.ndarray, cell_type: np.ndarray, confidence: np.ndarray) -> Typing:
    """Cells that have their types and confidences already; a cluster is called after the commonest of its cells."""
    types = _sorted(set(cell_type))
    codes = pd.Categorical(cell_type, categories=types).codes.astype(np.int64)
    counts = np.zeros((int(labels.max()) + 1, len(types)), dtype=np.int64)
    np.add.at(counts, (labels, codes), 1)
    names = np.arange(len(counts)).astype(str)
    clusters = _clusters(names, counts.sum(axis=1), np.array(types, dtype=object)[counts.argmax(axis=1)])
    ordered = np.argsort(-counts, axis=1, kind="stable")
    share = counts / counts.sum(axis=1, keepdims=True)
    row = np.arange(len(counts))
    clusters["score"] = clusters["agreement"] = share[row, ordered[:, 0]]
    if len(types) > 1:
        clusters["runner_up"] = np.array(types, dtype=object)[ordered[:, 1]]
        clusters["runner_up_score"] = share[row, ordered[:, 1]]
    return Typing(labels.astype(str).astype(object), cell_type, confidence, clusters, types)


def split(typing: Typing, values: np.ndarray, markers: Sequence[str], splits: Sequence[Split]) -> Typing:
    """Types after the gates of a person, one after the other; cells that a gate names have confidence 1.

    `values` (n × markers) are normalised; markers, clusters and types are known.
    """
    cell_type, confidence = typing.cell_type.copy(), typing.confidence.copy()
    for gate in splits:
        rows = typing.cluster == gate.cluster if gate.cluster is not None else cell_type == gate.from_type
        value = values[:, list(markers).index(gate.marker)]
        rows &= value >= (-np.inf if gate.at_least is None else gate.at_least)
        rows &= value < (np.inf if gate.below is None else gate.below)
        cell_type[rows], confidence[rows] = gate.cell_type, 1.0
    new = [name for name in dict.fromkeys(s.cell_type for s in splits) if name not in typing.types]
    at = len(typing.types) - (k.UNCLASSIFIED in typing.types)
    types = [*typing.types[:at], *new, *typing.types[at:]]
    return replace(typing, cell_type=cell_type, confidence=confidence, types=types)


def confusion(methods: dict[str, np.ndarray]) -> pd.DataFrame:
    """Cells by the types that two ways of typing give them (contract CONFUSION): the first against each other one."""
    (first, mine), *others = methods.items()
    parts = []
    for name, theirs in others:
        counts = pd.DataFrame({"type": mine, "other_type": theirs}).value_counts().rename(k.N).reset_index()
        counts.insert(0, "method", first)
        counts.insert(2, "other_method", name)
        parts.append(counts.sort_values(["type", "other_type"], kind="stable"))
    return joined(parts, CONFUSION)


def by_table(labels: np.ndarray, types: dict[str, str]) -> Typing:
    """The type of each cluster is the one a person gave it; nothing is left to doubt, so the confidence is 1."""
    names = np.arange(int(labels.max()) + 1).astype(str)
    chosen = np.array([types[name] for name in names], dtype=object)
    clusters = _clusters(names, np.bincount(labels), chosen)
    return Typing(
        labels.astype(str).astype(object), chosen[labels], np.ones(len(labels)), clusters, _sorted(set(types.values()))
    )


def as_provided(types: np.ndarray) -> Typing:
    """Every type that came with the data is a cluster of its own name, with confidence 1."""
    names, counts = np.unique(types.astype(str), return_counts=True)
    order = np.lexsort((names, -counts))
    clusters = _clusters(names[order], counts[order], names[order])
    return Typing(types, types, np.ones(len(types)), clusters, _sorted(set(names)))


def _clusters(names: np.ndarray, counts: np.ndarray, types: np.ndarray) -> pd.DataFrame:
    """The contract CLUSTERS without scores."""
    return pd.DataFrame(
        {
            k.CLUSTER: names.astype(object),
            k.N: counts.astype(np.int64),
            k.CELL_TYPE: types.astype(object),
            "score": np.nan,
            "runner_up": "",
            "runner_up_score": np.nan,
            "agreement": np.nan,
            "conflicts": "",
        }
    )


def _sorted(types: set[str]) -> list[str]:
    return sorted(map(str, types), key=lambda name: (name == k.UNCLASSIFIED, name))


def marker_means(values: np.ndarray, markers: list[str], typing: Typing) -> pd.DataFrame:
    """Mean of each marker by cluster and by type (contract MARKER_MEANS), in the order of clusters and types."""
    parts = []
    for by, groups, order in (
        (k.CLUSTER, typing.cluster, list(typing.clusters[k.CLUSTER])),
        (k.CELL_TYPE, typing.cell_type, typing.types),
    ):
        if not markers:
            break
        codes = pd.Categorical(groups, categories=order).codes.astype(np.int64)
        counts = np.bincount(codes, minlength=len(order))
        present = np.flatnonzero(counts)
        means = np.array([np.bincount(codes, weights=column, minlength=len(order)) for column in values.T])
        parts.append(
            pd.DataFrame(
                {
                    "by": by,
                    "group": np.repeat(np.array(order, dtype=object)[present], len(markers)),
                    "marker": np.tile(np.array(markers, dtype=object), len(present)),
                    "mean": (means.T[present] / counts[present, None]).ravel(),
                    k.N: np.repeat(counts[present], len(markers)),
                }
            )
        )
    return joined(parts, MARKER_MEANS)
