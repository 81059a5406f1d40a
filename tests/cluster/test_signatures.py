"""Scores, scale, confidence and the splitting of clusters that hold several types."""

from __future__ import annotations

import numpy as np
import pytest

from tumint.cluster import signatures as sig
from tumint.config.panel import Signature

MARKERS = ("CD3", "CD4", "Foxp3", "CD8")
T4 = Signature(cell_type="CD4", positive=["CD3", "CD4"], negative=["CD8", "Foxp3"])
TREG = Signature(cell_type="Treg", positive=["CD3", "CD4", "Foxp3"], negative=["CD8"])
T8 = Signature(cell_type="CD8", positive=["CD3", "CD8"], negative=["CD4"])


def test_scores_by_hand():
    evidence = np.array([[1.0, 1.0, 0.0, 0.0], [1.0, 0.8, 0.9, 0.1]])
    found = sig.scores(evidence, MARKERS, [T4, TREG])
    # positives: half mean, half weakest; negatives: half mean, half strongest
    assert found[0] == pytest.approx([1.0, (2 / 3 + 0) / 2])
    assert found[1] == pytest.approx([(0.9 + 0.8) / 2 - (0.5 + 0.9) / 2, (0.9 + 0.8) / 2 - 0.1])


def test_a_shared_marker_is_not_enough():
    # a cluster is CD4 or regulatory according to which of them most of its cells are
    for share in (0.3, 0.45, 0.55, 0.7):
        found = sig.scores(np.array([[1.0, 1.0, share, 0.0]]), MARKERS, [T4, TREG])
        assert found.argmax() == (share > 0.5), share


def test_scale_is_that_of_clusters_whatever_their_size():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [5000, 4000, 60])
    values = rng.normal(0.1, 0.02, size=(labels.size, 2))
    values[labels == 2, 0] += 1.0  # shown by 0.7 % of the cells
    scale = sig.fit_scale(values, labels)
    found = scale.evidence(sig.cluster_means(values, labels))
    assert found[:, 0] == pytest.approx([0, 0, 1], abs=0.01)
    assert found[:, 1].max() < 0.2  # shown by none: noise is not stretched over 0 … 1


def test_tiny_clusters_set_no_scale():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [500, 500, 5])
    values = np.where(labels == 1, 1.0, 0.0)[:, None] + rng.normal(0, 0.02, size=(labels.size, 1))
    values[labels == 2] = 30.0
    found = sig.fit_scale(values, labels).evidence(sig.cluster_means(values, labels))
    assert found[:, 0] == pytest.approx([0, 1, 1], abs=0.02)


def test_confidence():
    scores = np.array([[0.9, 0.1], [0.5, 0.5], [0.0, -0.5]])
    tree = sig.Tree.of([T4, T8])
    found = sig.confidence(scores, np.array([0, 0, -1]), 0.4, tree)
    weights = np.exp(np.array([0.9, 0.1, 0.4]) / 0.1)
    assert found[0] == pytest.approx(weights[0] / weights.sum())
    assert found[1] == pytest.approx(np.exp(5) / (2 * np.exp(5) + np.exp(4)))
    assert found[2] == pytest.approx(np.exp(4) / (np.exp(4) + 1 + np.exp(-5)))
    assert sig.best(scores, 0.4, tree).tolist() == [0, 0, -1]


def test_a_cluster_of_two_types_is_split_and_a_pure_one_is_not():
    from tumint.cluster.neighbours import jaccard_edges, nearest_neighbours

    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2, 3], [600, 60, 600, 600])
    levels = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 1], [0, 0, 0, 0]], dtype=float)
    values = levels[truth] + rng.normal(0, 0.15, size=(truth.size, 4))
    graph = jaccard_edges(nearest_neighbours(values, 15)[0])
    how = {"min_score": 0.4, "resolution": 0.5, "seed": 0}
    merged = np.array([0, 0, 1, 2])[truth]
    found = sig.split_mixed(values, merged, *graph, MARKERS, [T4, TREG, T8], **how)
    assert found.max() == 3
    for code in range(4):
        assert (found[truth == code] == np.bincount(found[truth == code]).argmax()).mean() > 0.95
    assert np.bincount(found)[3] == pytest.approx(60, abs=6)
    # what is one type stays one cluster, and a cluster that shows none of the types is left alone
    pure = np.array([0, 3, 1, 2])[truth]
    np.testing.assert_array_equal(sig.split_mixed(values, pure, *graph, MARKERS, [T4, TREG, T8], **how), pure)
