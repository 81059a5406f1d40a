"""A part of the cells clustered, the others joined: who is drawn, rare types, ties, threads, and the whole stage."""

from __future__ import annotations

import anndata
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import NearestNeighbors

from tumint.cluster import assign, sketch
from tumint.cluster.neighbours import neighbours_among
from tumint.config.cluster import ClusterConfig
from tumint.io.contracts import CELLS
from tumint.io.tables import read_meta, read_table
from tumint.text import percent


def _cells(n=12_000, rare=0.003, seed=0):
    """Five common types and a rare one in 6 dimensions, in ROIs of very different size."""
    rng = np.random.default_rng(seed)
    truth = np.where(rng.random(n) < rare, 5, rng.integers(0, 5, n))
    points = (rng.normal(0, 5, (6, 6))[truth] + rng.normal(size=(n, 6))).astype(np.float32)
    return points, truth, np.sort(rng.choice(4, n, p=[0.7, 0.2, 0.07, 0.03]))


def test_shares_are_equal_and_fill_the_sketch():
    sizes = np.array([7000, 2000, 700, 300])
    assert sketch.equal_shares(sizes, 100_000).tolist() == sizes.tolist()
    assert sketch.equal_shares(sizes, 3000).tolist() == [1000, 1000, 700, 300]
    assert sketch.equal_shares(sizes, 400).tolist() == [100, 100, 100, 100]
    assert sketch.equal_shares(np.array([5, 5, 5]), 7).tolist() == [2, 2, 2]


def test_rois_give_alike_many():
    points, _, group = _cells()
    rows = sketch.drawn(points, group, 2000, seed=0)
    assert (np.diff(rows) > 0).all()
    given = np.bincount(group[rows])
    assert given[3] == (group == 3).sum()
    assert given[0] == given[1]
    np.testing.assert_array_equal(rows, sketch.drawn(points, group, 2000, seed=0, threads=3))


def test_an_animal_with_many_rois_gives_no_more_than_another():
    points, _, _ = _cells()
    group = np.arange(len(points)) * 12 // len(points)  # 12 ROIs of as many cells
    subject = np.array([0] * 10 + [1, 1])
    rows = sketch.drawn(points, group, 1200, seed=0, subject=subject)
    given = np.bincount(group[rows])
    assert np.bincount(subject, weights=given).tolist() == [600, 600]
    assert given.tolist() == [60] * 10 + [300] * 2
    few = sketch.drawn(points, group, 3600, seed=0, subject=np.array([0] * 11 + [1]))
    given = np.bincount(group[few])
    assert given[11] == 1000  # all it has; the others fill up
    assert (given[:11] == 2600 // 11).all()


def test_more_animals_than_cells_are_asked_for():
    assert sketch.equal_shares(np.full(10, 5), 4).tolist() == [1, 0, 0, 1, 0, 0, 1, 0, 0, 1]


def test_rare_types_are_there_in_more_than_their_share():
    """Over ten cohorts, against what as many cells of every ROI, drawn at random, would hold of them."""
    found = expected = variance = 0.0
    for seed in range(10):
        points, truth, group = _cells(rare=0.01, seed=seed)
        rows = sketch.drawn(points, group, 2000, seed=seed)
        share = np.bincount(group[rows]) / np.bincount(group)
        rare = np.bincount(group[truth == 5], minlength=4)
        found += (truth[rows] == 5).sum()
        expected += (rare * share).sum()
        variance += (rare * share * (1 - share)).sum()
    assert (found - expected) / np.sqrt(variance) > 4


def test_near_points_among_others_against_an_exhaustive_search():
    points, _, _ = _cells(6000)
    among, asked = points[:5000], points[5000:]
    found, squares = neighbours_among(among, asked, 9, seed=0, threads=1)
    exact = NearestNeighbors(n_neighbors=9, algorithm="brute").fit(among).kneighbors(asked, return_distance=False)
    hits = np.array([np.isin(row, true) for row, true in zip(found, exact, strict=True)])
    assert hits.mean() > 0.8
    assert (np.diff(squares, axis=1) >= 0).all()
    np.testing.assert_allclose(squares, ((among[found] - asked[:, None, :]) ** 2).sum(axis=2), rtol=1e-4, atol=1e-4)
    back = np.random.default_rng(1).permutation(len(asked))
    again = neighbours_among(among, asked[back], 9, seed=0, threads=3)
    np.testing.assert_array_equal(again[0], found[back])


def test_fewer_points_than_votes():
    points = np.arange(8.0, dtype=np.float32)[:, None]
    labels, share = sketch.joined(points, np.array([0, 7]), np.array([3, 4]), seed=0)
    assert labels.tolist() == [3, 3, 3, 3, 4, 4, 4, 4]  # one vote each: the nearer decides
    assert share[[0, 7]].tolist() == [1, 1]
    assert share[1] == pytest.approx(0.5)


@pytest.mark.parametrize("method", ["phenograph", "flowsom"])
def test_a_sketch_finds_what_all_cells_show(method):
    points, truth, group = _cells()
    cohort = assign.Cohort(points, points, [f"m{i}" for i in range(6)], group=group)
    config = ClusterConfig(method=method, n_clusters=8, sketch=3000)
    found = [assign.find_clusters(cohort, [], config, resolution=0.5, seed=0, threads=t) for t in (1, 2)]
    (labels, after), (again, _) = found
    np.testing.assert_array_equal(labels, again)
    assert adjusted_rand_score(truth, labels) > 0.97
    rare = labels[truth == 5]
    best = np.bincount(rare).argmax()
    assert (rare == best).mean() > 0.9  # a cluster of its own
    assert (truth[labels == best] == 5).mean() > 0.9
    assert after.votes is not None
    assert after.votes.mean() > 0.97
    assert np.bincount(labels).argmax() == 0


def test_the_stage_says_what_it_clustered(mixture, write_batches, run):
    folder = run(write_batches(mixture), sketch=1000)
    cells = read_table(folder / "cells.parquet", CELLS)
    merged = cells.merge(mixture[["sample", "cell_id", "truth"]], on=["sample", "cell_id"], validate="one_to_one")
    assert adjusted_rand_score(merged["truth"], merged["cell_type"]) > 0.9
    said = read_meta(folder / "cells.parquet")["notes"]["sketch"]
    assert said.startswith(f"{3 * (1000 // 3)} of {len(mixture):,} cells were clustered, as many of every subject")
    votes = cells["cluster_confidence"].to_numpy()
    assert (votes == 1).sum() >= 999
    assert votes.min() < 1
    sure = cells["cluster_confidence"].ge(2 / 3).groupby(cells["cluster"]).mean()
    assert said.endswith(f"for the fewest ({percent(sure.min())}) in cluster {sure.idxmin()}")
    obs = anndata.read_h5ad(folder / "cells.h5ad").obs
    np.testing.assert_array_equal(obs["cluster_confidence"], cells["cluster_confidence"])


def test_without_a_sketch_no_cell_has_a_confidence_of_joining(mixture, write_batches, run):
    folder = run(write_batches(mixture))
    assert "cluster_confidence" not in read_table(folder / "cells.parquet", CELLS)
