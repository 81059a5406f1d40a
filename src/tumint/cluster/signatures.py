"""Clusters and cells scored against the signatures of a panel: scale of each marker, scores, confidence, splitting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tumint.cluster.leiden import communities, number_by_size, subgraph
from tumint.config.panel import Signature
from tumint.text import fixed

SHOWN = 0.5  # evidence from which a marker counts as shown
TEMPERATURE = 0.1  # of the confidence: a score that is ahead by this much is e times as likely
MIXED = 0.1  # a cluster is looked into when this share of its cells shows another type
SMALLEST = 20  # cells: neither do smaller clusters set the scale of a marker, nor are they split off
_SMALLEST_SHARE = 0.001  # of all cells, for the scale
_LARGEST_ODD, _MOST_LED = 0.005, 5  # share of cells, and markers that any type may lead in
_ROUNDS = 3  # of splitting


@dataclass(frozen=True)
class Tree:
    """Which signatures are kinds of others: `inside[i, j]`, i is j or above it."""

    inside: np.ndarray

    @classmethod
    def of(cls, signatures: Sequence[Signature]) -> Tree:
        """The tree of a panel."""
        at = {s.cell_type: i for i, s in enumerate(signatures)}
        inside = np.eye(len(signatures), dtype=bool)
        for j, signature in enumerate(signatures):
            above = signature.parent
            while above in at:
                inside[at[above], j] = True
                above = signatures[at[above]].parent
        return cls(inside)

    @property
    def leaves(self) -> np.ndarray:
        """Indices of the types that have no kinds."""
        return np.flatnonzero(self.inside.sum(axis=1) == 1)

    @property
    def depth(self) -> np.ndarray:
        """How many types are above each."""
        return self.inside.sum(axis=0) - 1


@dataclass(frozen=True)
class Scale:
    """Per marker: what counts as 0, and the width of the way to 1."""

    low: np.ndarray
    width: np.ndarray

    def evidence(self, values: np.ndarray) -> np.ndarray:
        """`values` (… × markers) as 0 (like the cluster that shows least of it) to 1 (like the one that shows most)."""
        return np.clip((values - self.low) / self.width, 0.0, 1.0)


def cluster_means(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Mean of each column of `values` (n × m) in each cluster 0 … C - 1: (C × m) float64."""
    counts = np.bincount(labels)
    return np.array([np.bincount(labels, weights=column) / counts for column in values.T]).reshape(-1, len(counts)).T


def fit_scale(values: np.ndarray, labels: np.ndarray, least: float | None = 0.0) -> Scale:
    """The scale of each marker, from the clusters; its width is at least `least`. None: values with their gate
    at 0.5, of which those from 0.25 to 0.75 are evidence from 0 to 1.

    Not from the cells, because the share of cells that show a marker is anything from under a percent to nearly all.
    A marker that no cluster shows more than another is not blown up to 0 … 1: the width is at least two standard
    deviations within a typical cluster. Small clusters that show more of half of the markers than any other are of
    saturated or merged cells, not a type, and set no scale.
    """
    if least is None:
        return Scale(np.full(values.shape[1], 0.25), np.full(values.shape[1], 0.5))
    counts = np.bincount(labels)
    means = cluster_means(values, labels)
    counted = counts >= min(max(SMALLEST, _SMALLEST_SHARE * labels.size), counts.max())
    leads = np.bincount(np.where(counted[:, None], means, -np.inf).argmax(axis=0), minlength=len(counts))
    counted &= (leads < max(values.shape[1] / 2, _MOST_LED)) | (counts > _LARGEST_ODD * labels.size)
    sds = np.sqrt(np.maximum(cluster_means(values.astype(float) ** 2, labels) - means**2, 0.0))
    low, high = means[counted].min(axis=0), means[counted].max(axis=0)
    width = np.maximum(np.maximum(high - low, 2 * np.median(sds[counted], axis=0)), least)
    return Scale(low, np.where(width > 0, width, 1.0))


def scores(evidence: np.ndarray, markers: Sequence[str], signatures: Sequence[Signature]) -> np.ndarray:
    """How well each row of `evidence` (rows × markers, 0 … 1) fits each signature: (rows × signatures), -1 … 1.

    The positive markers count by the mean of their average and their weakest, the negative ones, subtracted, by the
    mean of their average and their strongest: one marker that contradicts weighs as much as all the others together,
    so that sharing most markers with a type (CD4 T and regulatory T cells) is not enough to pass for it.
    """
    at = {marker: i for i, marker in enumerate(markers)}
    columns = []
    for signature in signatures:
        positive = evidence[:, [at[m] for m in signature.positive]]
        score = (positive.mean(axis=1) + positive.min(axis=1)) / 2
        if signature.negative:
            negative = evidence[:, [at[m] for m in signature.negative]]
            score = score - (negative.mean(axis=1) + negative.max(axis=1)) / 2
        columns.append(score)
    return np.stack(columns, axis=1)


def confidence(cell_scores: np.ndarray, chosen: np.ndarray, min_score: float, tree: Tree) -> np.ndarray:
    """How far each cell's own markers speak for the type that it was given: (n,) float, 0 … 1.

    Softmax (temperature 0.1) over the cell's scores of all types without kinds and of `unclassified`, which scores
    `min_score`; a type with kinds has the sum of theirs. `chosen` (n,) is the index of the signature, or -1.
    """
    leaves = tree.leaves
    offered = np.concatenate([cell_scores[:, leaves], np.full((len(cell_scores), 1), min_score)], axis=1)
    offered = np.exp((offered - offered.max(axis=1, keepdims=True)) / TEMPERATURE)
    offered /= offered.sum(axis=1, keepdims=True)
    out = offered[:, -1].copy()
    for at in np.unique(chosen[chosen >= 0]):
        rows = chosen == at
        out[rows] = offered[rows][:, np.flatnonzero(tree.inside[at, leaves])].sum(axis=1)
    return out


def best(scores: np.ndarray, min_score: float, tree: Tree, *, fall_back: bool = True) -> np.ndarray:
    """Index of the best signature of each row among the types without kinds, ties to the first of the panel.

    Where that scores below `min_score`: the deepest type with kinds that scores that much (`fall_back`), else -1.
    """
    leaves = tree.leaves
    at = leaves[scores[:, leaves].argmax(axis=1)]
    found = np.where(scores[np.arange(len(at)), at] >= min_score, at, -1)
    above = np.setdiff1d(np.arange(scores.shape[1]), leaves)
    if fall_back and above.size:
        fits = scores[:, above] >= min_score
        rank = np.where(fits, tree.depth[above] * 10 + scores[:, above], -1.0)
        found = np.where((found < 0) & fits.any(axis=1), above[rank.argmax(axis=1)], found)
    return found


def conflicts(evidence: np.ndarray, markers: Sequence[str], signature: Signature) -> str:
    """What in the evidence (markers,) contradicts a signature, in words: positive markers below ½, negative above."""
    at = {marker: i for i, marker in enumerate(markers)}
    lacking = [f"{m} is low ({fixed(evidence[at[m]])})" for m in signature.positive if evidence[at[m]] < SHOWN]
    shown = [f"{m} is high ({fixed(evidence[at[m]])})" for m in signature.negative if evidence[at[m]] >= SHOWN]
    return "; ".join(lacking + shown)


def split_mixed(
    values: np.ndarray,
    labels: np.ndarray,
    edges: np.ndarray,
    weights: np.ndarray,
    markers: Sequence[str],
    signatures: Sequence[Signature],
    *,
    min_score: float,
    resolution: float,
    seed: int,
    least: float | None = 0.0,
) -> np.ndarray:
    """Split the clusters that hold cells of several types.

    A cluster is looked into when at least a tenth of its cells (and `SMALLEST` of them) show one type that is not the
    cluster's. Leiden then cuts the graph of its cells alone, and the pieces are put together by their best type; there
    have to be two of them with `SMALLEST` cells or more. Repeated while it changes anything, three times at most.

    Parameters
    ----------
    values, labels
        (n × markers) and the cluster of each cell.
    edges, weights
        The graph that was cut.
    least
        See `fit_scale`.

    Returns
    -------
    Labels (n,), numbered by size.
    """
    tree = Tree.of(signatures)
    for _ in range(_ROUNDS):
        before = labels
        scale = fit_scale(values, labels, least)
        called = best(scores(scale.evidence(values), markers, signatures), min_score, tree, fall_back=False)
        means = scale.evidence(cluster_means(values, labels))
        types = best(scores(means, markers, signatures), min_score, tree, fall_back=False)
        for cluster, cell_type in enumerate(types):
            cells = before == cluster
            others = np.bincount(called[cells & (called != cell_type) & (called >= 0)], minlength=1)
            if others.max() < max(SMALLEST, MIXED * cells.sum()):
                continue
            inner = communities(
                int(cells.sum()), *subgraph(cells, edges, weights), resolution=max(resolution, 1.0), seed=seed
            )
            pieces = scale.evidence(cluster_means(values[cells], inner))
            by_type = best(scores(pieces, markers, signatures), min_score, tree, fall_back=False)[inner]
            found, sizes = np.unique(by_type, return_counts=True)
            kept = found[sizes >= SMALLEST]
            if kept.size > 1:
                largest = found[sizes.argmax()]
                labels = labels.copy()
                labels[cells] = (
                    labels.max() + 1 + np.searchsorted(kept, np.where(np.isin(by_type, kept), by_type, largest))
                )
        if labels is before:
            break
        labels = number_by_size(labels)
    return labels
