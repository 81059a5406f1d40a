"""Niches: windows by brute force, clusters that neither order nor batches change, matching, features by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial import Delaunay
from scipy.spatial.distance import cdist
from sklearn.metrics import adjusted_rand_score

from tumint.neighbourhood.image import make_image
from tumint.neighbourhood.niches import clusters, learn, matching, names, sketch
from tumint.neighbourhood.niches.features import niche_features
from tumint.neighbourhood.niches.windows import Window

TYPES = ["b", "t", "tumour"]


def image(n: int = 150, seed: int = 0):
    rng = np.random.default_rng(seed)
    return make_image("s", rng.random((n, 2)) * 200, rng.integers(0, 3, n), None, rng.permutation(n))


def test_windows_hold_the_nearest_and_those_in_reach():
    one = image()
    d = cdist(one.xy, one.xy)
    nearest = np.argsort(d, axis=1)[:, :11]
    for window, around in (
        (Window("nearest", nearest=10), [set(row) for row in nearest]),
        (Window("radius", radius_um=30), [set(np.flatnonzero(row <= 30)) for row in d]),
    ):
        counts = window.counts(one, 3)
        expected = [[sum(one.labels[j] == t for j in cells) for t in range(3)] for cells in around]
        assert (counts == np.array(expected)).all()


def test_windows_by_steps_follow_the_triangulation():
    one = image()
    near = np.zeros((150, 150), bool)
    for a, b, c in Delaunay(one.xy).simplices:
        for i, j in ((a, b), (b, c), (a, c)):
            near[i, j] = near[j, i] = np.hypot(*(one.xy[i] - one.xy[j])) <= 25
    reached = np.eye(150, dtype=bool)
    for _ in range(2):
        reached = reached | (reached.astype(int) @ near.astype(int) > 0)
    counts = Window("hops", hops=2, max_edge_um=25).counts(one, 3)
    assert (counts == reached.astype(int) @ np.eye(3, dtype=int)[one.labels]).all()


def test_average_linkage_is_that_of_all_windows():
    """Clusters of equal windows, so that the mean over their pairs is that of scipy on all windows."""
    rng = np.random.default_rng(1)
    centres, sizes = rng.random((8, 3)), rng.integers(1, 9, 8)
    tree = clusters.Tree(centres, sizes, clusters.average_linkage(centres, sizes))
    whole = linkage(np.repeat(centres, sizes, axis=0), "average")
    for number in (2, 4, 7, 8):
        ours = np.repeat(tree.cut(number), sizes)
        assert adjusted_rand_score(ours, fcluster(whole, number, "maxclust")) == 1.0
        assert len(set(ours)) == number


def drawn(order: list[int], seed: int = 0) -> list[learn.Drawn]:
    """Samples of three kinds of windows, drawn in some order, each from cells in an order of its own."""
    out = []
    for s in order:
        rng = np.random.default_rng([seed, s])
        ids = rng.permutation(400)
        kind = np.where(ids % 10 == 0, 2, ids % 2)
        p = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.4, 0.5, 0.1]])[kind]
        counts = np.stack(
            [np.random.default_rng([seed, s, i]).multinomial(30, row) for i, row in zip(ids, p, strict=True)]
        )
        out.append(learn.draw(f"s{s}", f"m{s // 2}", ids, kind, counts, 300, 5))
    return out


def test_the_order_of_samples_and_cells_changes_nothing():
    found = []
    for order in ([0, 1, 2, 3], [3, 1, 0, 2]):
        one = learn.Sketch.of(drawn(order), 250)
        assert np.bincount(one.subjects).tolist() == [250, 250]
        found.append((*learn.learn(one, TYPES, learn.Settings(12, resamples=2, most=6), 0), one))
    for a, b in zip(found[0][:3], found[1][:3], strict=True):
        pd.testing.assert_frame_equal(a, b)
    learned = [learn.Learned.from_tables(one[0], one[1], TYPES) for one in found]
    places = [sketch.place_counts(one[3], which, 20, 40) for one, which in zip(found, learned, strict=True)]
    pd.testing.assert_frame_equal(*places)
    assert (places[0].groupby("place")["n"].sum() == 40).all()


def test_stated_numbers_are_made_step_by_step():
    niches, of_types, numbers = learn.learn(learn.Sketch.of(drawn([0, 1]), 300), TYPES, learn.Settings(12, (6, 3)), 0)
    assert niches["of_6"].nunique() == 6
    assert niches["niche"].nunique() == 3
    assert len(niches[["of_6", "niche"]].drop_duplicates()) == 6  # communities are joined whole
    assert numbers["niches"].tolist() == [3]
    assert of_types.groupby("cluster")["share"].sum().to_numpy() == pytest.approx(1.0)


def test_names_say_what_is_enriched():
    called = names.names(np.array([[0.8, 0.1, 0.1], [0.3, 0.6, 0.1]]), np.array([0.3, 0.3, 0.4]), TYPES)
    assert called == ["N01 b", "N02 t"]


def test_matching_finds_a_shuffled_panel():
    rng = np.random.default_rng(0)
    first = pd.DataFrame(rng.dirichlet([0.4] * 5, 6), index=[f"a{i}" for i in range(6)], columns=list("vwxyz"))
    order = rng.permutation(6)
    second = first.iloc[order].set_axis([f"b{i}" for i in order])[["z", "y", "x", "w"]].assign(other=0.2)
    found = matching.match(first, second)
    assert (found["first"].str[1:] == found["second"].str[1:]).all()
    assert found["agreement"].to_numpy() == pytest.approx(1.0)


def test_features_of_niches_by_hand():
    labels, niche = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1])
    counts = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]])
    table = niche_features("s", labels, niche, counts, TYPES, ["N1", "N2"], ["t"]).set_index(["family", "feature"])
    assert table.loc[("niche", "N1"), "value"] == pytest.approx(np.log(1.5 / 3.5))
    assert table.loc[("type_in_niche", "b in N2"), "value"] == pytest.approx(0.0)
    assert table.loc[("niche_with", "N2 with t"), "value"] == pytest.approx(np.log(2.5 / 1.5))
    assert table.loc[("niche_with", "N2 with t"), "n"] == 3


def test_niches_of_spleens_are_compartments(shared_data: Path):
    """Not a threshold on the truth: the same niches in both mice, and nearer to compartments than chance by far."""
    parts, truth = [], []
    folder = shared_data / "mouse_spleen_codex"
    tables = [pd.read_csv(folder / f"BALBc-{mouse}.csv.gz").iloc[::16] for mouse in (1, 2)]
    types = sorted({kind for table in tables for kind in table["CellType"]})
    for mouse, table in enumerate(tables):
        labels = pd.Categorical(table["CellType"], categories=types).codes.astype(np.int64)
        one = make_image(f"m{mouse}", table.iloc[:, :2].to_numpy(float) * 0.377, labels)
        counts = Window().counts(one, len(types))
        parts.append(learn.draw(f"m{mouse}", f"m{mouse}", one.ids, one.labels, counts, 3000, 0))
        truth.append((table["Compartment"].to_numpy()[one.ids], counts))
    found = learn.learn(learn.Sketch.of(parts, 3000), types, learn.Settings(20, (5,)), 0)
    niches = learn.Learned.from_tables(*found[:2], types)
    assert min(adjusted_rand_score(compartment, niches.of(counts)) for compartment, counts in truth) > 0.25
