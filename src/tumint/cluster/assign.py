"""Cells → clusters and types, by each of the three ways of typing. Arrays in, tables out; files are read elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.cluster import signatures as sig
from tumint.cluster.leiden import communities, number_by_size
from tumint.cluster.neighbours import jaccard_edges, nearest_neighbours
from tumint.config.cluster import ClusterConfig
from tumint.config.panel import Signature
from tumint.io.contracts import MARKER_MEANS


@dataclass(frozen=True)
class Typing:
    """Cluster, type and confidence of every cell, and one row per cluster."""

    cluster: np.ndarray
    cell_type: np.ndarray
    confidence: np.ndarray
    clusters: pd.DataFrame  # contract CLUSTERS, and `agreement`: share of cells whose own markers show the same type
    types: list[str]  # in the order in which they are shown

    def reordered(self, order: np.ndarray) -> Typing:
        """The same with the cells in another order."""
        return replace(
            self,
            cluster=self.cluster[order],
            cell_type=self.cell_type[order],
            confidence=self.confidence[order],
        )


def find_clusters(
    values: np.ndarray,
    markers: list[str],
    deciding: list[int],
    signatures: list[Signature],
    config: ClusterConfig,
    *,
    seed: int,
    threads: int,
) -> np.ndarray:
    """Cluster the cells: kNN, Jaccard graph, Leiden, and mixed clusters split where there are signatures.

    Parameters
    ----------
    values
        (n × markers) features, in an order of the cells that does not depend on the sheet.
    deciding
        Columns of `values` that distances are computed from.

    Returns
    -------
    Labels (n,), 0 the largest cluster.
    """
    neighbours, _ = nearest_neighbours(
        values[:, deciding], min(config.n_neighbours, len(values) - 1), seed=seed, threads=threads
    )
    edges, weights = jaccard_edges(neighbours, threads=threads)
    labels = number_by_size(communities(len(values), edges, weights, resolution=config.resolution, seed=seed))
    if not signatures:
        return labels
    return sig.split_mixed(
        values,
        labels,
        edges,
        weights,
        markers,
        signatures,
        min_score=config.min_score,
        resolution=config.resolution,
        seed=seed,
    )


def by_signatures(
    values: np.ndarray, labels: np.ndarray, markers: list[str], signatures: list[Signature], min_score: float
) -> Typing:
    """The type of each cluster is that of its best signature, `unclassified` where that scores below `min_score`."""
    names = np.array([*(s.cell_type for s in signatures), k.UNCLASSIFIED], dtype=object)
    scale = sig.fit_scale(values, labels)
    by_cluster = sig.scores(scale.evidence(sig.cluster_means(values, labels)), markers, signatures)
    by_cell = sig.scores(scale.evidence(values), markers, signatures)
    chosen = sig.best(by_cluster, min_score)
    ranked = np.argsort(-by_cluster, axis=1, kind="stable")
    row = np.arange(len(chosen))
    clusters = _clusters(row.astype(str), np.bincount(labels), names[chosen])
    clusters["score"] = by_cluster[row, ranked[:, 0]]
    if len(signatures) > 1:
        clusters["runner_up"] = names[ranked[:, 1]]
        clusters["runner_up_score"] = by_cluster[row, ranked[:, 1]]
    agree = sig.best(by_cell, min_score) == chosen[labels]
    clusters["agreement"] = np.bincount(labels, weights=agree) / np.bincount(labels)
    confidence = sig.confidence(by_cell, chosen[labels], min_score)
    return Typing(labels.astype(str).astype(object), names[chosen[labels]], confidence, clusters, list(names))


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
        }
    )


def _sorted(types: set[str]) -> list[str]:
    return sorted(map(str, types), key=lambda name: (name == k.UNCLASSIFIED, name))


def marker_means(values: np.ndarray, markers: list[str], typing: Typing) -> pd.DataFrame:
    """Mean of each marker by cluster and by type (contract MARKER_MEANS), in the order of clusters and types."""
    parts = [pd.DataFrame(columns=list(MARKER_MEANS.columns))] if not markers else []
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
    return pd.concat(parts, ignore_index=True)
