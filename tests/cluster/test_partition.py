"""The other ways to clusters, stability, transfer, splits and the tree of types, on points whose groups are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from tumint.cluster import assign
from tumint.cluster import signatures as sig
from tumint.cluster.embed import umap
from tumint.cluster.partition import graph_of, grid_clusters, sweep
from tumint.cluster.transfer import standardised, transferred
from tumint.config.cluster import ClusterConfig, Split, SweepConfig
from tumint.config.panel import Signature


def _groups(n=900, groups=5, d=6, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, groups, n)
    return (rng.normal(0, 6, (groups, d))[truth] + rng.normal(size=(n, d))).astype(np.float32), truth


@pytest.mark.parametrize("method", ["phenograph", "leiden", "flowsom"])
def test_every_method_finds_groups(method):
    points, truth = _groups()
    config = ClusterConfig(method=method, n_clusters=5, resolution=0.3)
    cohort = assign.Cohort(points, points, [f"m{i}" for i in range(6)])
    labels = [assign.find_clusters(cohort, [], config, resolution=0.3, seed=0, threads=t)[0] for t in (1, 2)]
    np.testing.assert_array_equal(*labels)
    assert adjusted_rand_score(truth, labels[0]) > 0.98


def test_a_grid_has_no_more_clusters_than_asked_for():
    points, truth = _groups(groups=12)
    labels = grid_clusters(points, 12, seed=0, threads=2)
    assert labels.max() + 1 == 12
    assert adjusted_rand_score(truth, labels) > 0.9


def test_plain_graph_counts_each_direction():
    edges, weights = graph_of(np.array([[1], [0], [1]]), "leiden", threads=1)
    assert edges.tolist() == [[0, 1], [1, 2]]
    assert weights.tolist() == [2.0, 1.0]


def test_the_sweep_recommends_the_finest_stable_resolution():
    points, _ = _groups(n=600)
    config = SweepConfig(resolutions=[3.0, 0.1, 20.0], resamples=3)
    table = sweep(points, 15, "phenograph", config, seed=0, threads=2)
    assert list(table["resolution"]) == [0.1, 3.0, 20.0]
    assert table["clusters"].is_monotonic_increasing
    best = table[table["recommended"]]
    assert len(best) == 1
    assert int(best["clusters"].iloc[0]) == 5
    assert best["stability"].iloc[0] > 0.98
    assert table["stability"].iloc[-1] < 0.9
    pd.testing.assert_frame_equal(table, sweep(points, 15, "phenograph", config, seed=0, threads=1))


def test_transfer_keeps_rare_types_and_says_where_votes_are_split():
    points, truth = _groups(n=3000, groups=4)
    names = np.array(["A", "B", "C", "rare"])[truth]
    kept = (names != "rare") | (np.arange(3000) % 20 == 0)
    half = np.arange(3000) % 2 == 0
    both = standardised(points)
    found, _ = transferred(
        both[~half], both[half & kept], names[half & kept], n_neighbours=15, min_confidence=0.5, seed=0
    )
    assert (found == names[~half]).mean() > 0.99
    assert (found[names[~half] == "rare"] == "rare").mean() > 0.95
    between = (both[names == "A"].mean(axis=0) + both[names == "B"].mean(axis=0)) / 2
    unsure, low = transferred(between[None, :], both, names, n_neighbours=15, min_confidence=1.0, seed=0)
    assert low[0] < 1
    assert unsure[0] == "unclassified"


def test_splits_are_gates_one_after_the_other():
    clusters = pd.DataFrame({"cluster": ["0", "1"]})
    typing = assign.Typing(
        np.array(["0", "0", "1", "1"], dtype=object), np.array(["A", "A", "B", "B"], dtype=object), np.full(4, 0.3),
        clusters, ["A", "B", "unclassified"],
    )  # fmt: skip
    values = np.array([[0.2], [0.5], [0.7], [0.9]])
    splits = [
        Split(cluster="0", marker="F480", at_least=0.5, cell_type="Macrophages"),
        Split(from_type="B", marker="F480", at_least=0.6, below=0.8, cell_type="C"),
        Split(from_type="Macrophages", marker="F480", below=0.6, cell_type="D"),
    ]
    found = assign.split(typing, values, ["F480"], splits)
    assert list(found.cell_type) == ["A", "D", "C", "B"]
    assert list(found.confidence) == [0.3, 1.0, 1.0, 0.3]
    assert found.types == ["A", "B", "Macrophages", "C", "D", "unclassified"]


def test_a_type_without_a_kind_that_fits_is_its_parent():
    signatures = [
        Signature(cell_type="CD4", positive=["CD3", "CD4"], negative=["CD8"], parent="T"),
        Signature(cell_type="CD8", positive=["CD3", "CD8"], negative=["CD4"], parent="T"),
        Signature(cell_type="T", positive=["CD3"], parent="Leukocytes"),
        Signature(cell_type="Leukocytes", positive=["CD45"]),
    ]
    tree = sig.Tree.of(signatures)
    assert tree.leaves.tolist() == [0, 1]
    assert tree.depth.tolist() == [2, 2, 1, 0]
    evidence = np.array([[1, 1, 0, 1], [1, 0.5, 0.5, 1], [0, 0, 0, 1], [0, 0, 0, 0.0]])
    scores = sig.scores(evidence, ["CD3", "CD4", "CD8", "CD45"], signatures)
    assert sig.best(scores, 0.4, tree).tolist() == [0, 2, 3, -1]
    assert sig.best(scores, 0.4, tree, fall_back=False).tolist() == [0, -1, -1, -1]
    sure = sig.confidence(scores, np.array([0, 2, 0, -1]), 0.4, tree)
    # a parent has the confidence of all its kinds
    weights = np.exp(np.array([*scores[1, :2], 0.4]) / 0.1)
    assert sure[1] == pytest.approx(weights[:2].sum() / weights.sum())
    said = sig.conflicts(evidence[1], ["CD3", "CD4", "CD8", "CD45"], signatures[0])
    assert said == "CD8 is high (0.50)"


def test_saturated_cells_set_no_scale():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [6000, 6000, 40])
    values = rng.normal(0.1, 0.02, (labels.size, 8))
    values[labels == 0, 0] += 1
    values[labels == 1, 1] += 1
    values[labels == 2] = 6.0
    evidence = sig.fit_scale(values, labels).evidence(sig.cluster_means(values, labels))
    assert evidence[0, 0] == pytest.approx(1, abs=0.01)
    assert evidence[1, 1] == pytest.approx(1, abs=0.01)


def test_umap_is_the_same_every_time_and_keeps_groups_apart():
    points, truth = _groups(n=400, groups=3)
    at = umap(points, seed=2)
    np.testing.assert_array_equal(at, umap(points, seed=2))
    middle = np.array([at[truth == g].mean(axis=0) for g in range(3)])
    near = np.linalg.norm(at[:, None, :] - middle, axis=2).argmin(axis=1)
    assert (near == truth).mean() > 0.97
