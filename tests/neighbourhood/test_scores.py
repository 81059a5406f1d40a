"""Scores of one image: columns, status, p and q; counts equal squidpy's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.stats import false_discovery_control

from tumint import keys as k
from tumint.io.contracts import SCORES
from tumint.neighbourhood.contacts import DIRECT, PAIRWISE
from tumint.neighbourhood.graph import delaunay, from_edges, knn
from tumint.neighbourhood.image import GraphSpec, build_graph, in_guard, make_image
from tumint.neighbourhood.levels import level, within
from tumint.neighbourhood.scores import Method, benjamini_hochberg, score_image


def tissue(n: int = 600, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    xy = rng.random((n, 2)) * 10 * np.sqrt(n)
    return xy, np.where(xy[:, 0] > xy[:, 0].mean(), rng.integers(0, 2, n), rng.integers(1, 4, n))


TYPES = ["b cell", "macrophage", "t cell", "tumour"]


@pytest.mark.filterwarnings("ignore")  # squidpy and what it imports warn of each other
def test_counts_equal_squidpy() -> None:
    import anndata as ad
    import squidpy as sq

    xy, labels = tissue()
    for graph in (delaunay(xy), knn(xy, 5)):
        obs = pd.DataFrame({"t": pd.Categorical.from_codes(labels, TYPES)}, index=[str(i) for i in range(len(xy))])
        cells = ad.AnnData(np.zeros((len(xy), 1), np.float32), obs=obs)
        matrix = sparse.csr_matrix((np.ones(graph.n_edges), graph.indices, graph.indptr), shape=(graph.n, graph.n))
        cells.obsp["spatial_connectivities"] = matrix
        sq.gr.nhood_enrichment(cells, "t", n_perms=3, n_jobs=1, show_progress_bar=False, seed=0)
        table = score_image("s", graph, labels, TYPES, Method(permutations=10))
        assert (cells.uns["t_nhood_enrichment"]["count"] == table["observed"].to_numpy().reshape(4, 4)).all()


def test_what_a_row_says() -> None:
    xy, labels = tissue()
    table = score_image("s", delaunay(xy), labels, TYPES, Method())
    assert {*table.columns, *PAIRWISE, *DIRECT} == set(SCORES.columns)
    assert table["source"].tolist() == np.repeat(TYPES, 4).tolist()
    assert table["z"].to_numpy() == pytest.approx((table["observed"] - table["expected"]) / table["sd"])
    assert table["log2_enrichment"].to_numpy() == pytest.approx(
        np.log2((table["observed"] + 0.5) / (table["expected"] + 0.5))
    )
    assert table["se"].to_numpy() == pytest.approx(table["sd"] / ((table["expected"] + 0.5) * np.log(2)))
    assert table["expected_global"].to_numpy() == pytest.approx(table["expected"].to_numpy())
    assert (table[["log2_domain", "log2_region"]] == 0).all().all()
    assert table["q"].to_numpy() == pytest.approx(false_discovery_control(table["p"]))
    assert (table["n_source"].to_numpy()[::4] == np.bincount(labels)).all()


def test_types_that_share_a_domain_only_interact_globally() -> None:
    rng = np.random.default_rng(2)
    xy = rng.random((4000, 2)) * 600
    domain = (xy[:, 0] > 300).astype(int)
    labels = np.where(rng.random(4000) < 0.8, 2 * domain, 1 + 2 * domain)  # 0, 1 left; 2, 3 right
    graph = delaunay(xy)
    everywhere = score_image("s", graph, labels, TYPES, Method())
    inside = score_image("s", graph, labels, TYPES, Method(), within(domain), within(domain))
    assert everywhere["z"].abs().min() > 10
    assert inside["z"].abs().max() < 4
    assert (inside["observed"] == everywhere["observed"]).all()
    # what is shared stands apart, and all of it adds up
    parts = inside[["log2_domain", "log2_region", "log2_contact"]]
    assert parts.sum(axis=1).to_numpy() == pytest.approx(everywhere["log2_enrichment"].to_numpy(), abs=1e-12)
    apart = inside["expected"] < 30  # few contacts across the border, whose logarithm is noise
    assert parts["log2_contact"][~apart].abs().max() < 0.2 < parts["log2_domain"].abs().min()


def test_absent_and_rare_types_keep_their_rows() -> None:
    xy, _ = tissue(100)
    labels = np.array([0] * 60 + [1] * 37 + [3] * 3)
    graph = delaunay(xy)
    table = score_image("s", graph, labels, TYPES, Method(min_cells=5)).set_index(["source", "target"])
    absent, few = table.loc[("b cell", "t cell")], table.loc[("b cell", "tumour")]
    assert (absent["status"], few["status"]) == ("absent", "too_few")
    assert table.loc[("t cell", "t cell"), "status"] == "absent"
    assert (table["status"] == "tested").sum() == 4
    scores = ["z", "log2_enrichment", "se", "p", "q"]
    assert absent[["observed", "expected", "sd", *scores]].isna().all()
    assert few[scores].isna().all()
    heads = np.repeat(np.arange(100), np.diff(graph.indptr))
    assert few["observed"] == ((labels[heads] == 0) & (labels[graph.indices] == 3)).sum()
    assert few["expected"] == pytest.approx(graph.n_edges * (60 / 100) * (3 / 99))
    tested = table[table["status"] == "tested"]
    assert tested[scores].notna().all().all()
    assert tested["q"].to_numpy() == pytest.approx(false_discovery_control(tested["p"]))


def test_where_nothing_can_vary_there_is_no_score() -> None:
    xy, _ = tissue(50)
    graph = delaunay(xy)
    alone = score_image("s", graph, np.zeros(50, int), ["a"], Method()).iloc[0]
    assert alone["status"] == "no_variation"
    assert alone[["z", "p", "log2_enrichment", "se", "q"]].isna().all()
    assert alone["observed"] == alone["expected"] == graph.n_edges == len(graph.indices)
    apart = from_edges(50, np.empty((0, 2), int), symmetric=True)
    none = score_image("s", apart, np.arange(50) % 2, ["a", "b"], Method())
    assert (none["observed"] == 0).all()
    assert (none["expected"] == 0).all()
    assert (none["status"] == "no_variation").all()
    # two domains of one type each: every label is where it must be
    xy, _ = tissue(80)
    domain = (xy[:, 0] > xy[:, 0].mean()).astype(int)
    pure = score_image("s", delaunay(xy), domain, ["a", "b"], Method(), within(domain))
    assert (pure["status"] == "no_variation").all()


def test_edges_that_cannot_vary_count_in_no_ratio() -> None:
    rng = np.random.default_rng(5)
    xy = rng.random((900, 2)) * 280
    domain = (xy[:, 0] > 180).astype(int)
    labels = np.where(domain == 1, 0, rng.integers(0, 2, 900))
    graph = delaunay(xy)
    sources = np.repeat(np.arange(900), np.diff(graph.indptr))
    fixed = (domain[sources] == 1) & (domain[graph.indices] == 1)
    row = score_image("s", graph, labels, ["a", "b"], Method(), within(domain), within(domain)).iloc[0]
    free = np.log2((row["observed"] - fixed.sum() + 0.5) / (row["expected"] - fixed.sum() + 0.5))
    assert row["log2_enrichment"] == pytest.approx(free, abs=1e-12)
    plain = np.log2((row["observed"] + 0.5) / (row["expected"] + 0.5))
    assert abs(plain) < 0.8 * abs(free)
    assert row["z"] == pytest.approx((row["observed"] - row["expected"]) / row["sd"])


def test_one_cell_and_one_cell_of_a_type() -> None:
    one = score_image("s", delaunay(np.zeros((1, 2))), np.array([0]), ["a", "b"], Method(min_cells=1))
    assert one["status"].tolist() == ["too_few", "absent", "absent", "absent"]
    xy, _ = tissue(80)
    labels = np.zeros(80, int)
    labels[10] = 1
    graph = delaunay(xy)
    table = score_image("s", graph, labels, ["a", "b"], Method(min_cells=1)).set_index(["source", "target"])
    assert table.loc[("b", "b"), "status"] == "too_few"
    degree = np.diff(graph.indptr)
    assert table.loc[("a", "b"), "observed"] == degree[10]
    assert table.loc[("a", "b"), "expected"] == pytest.approx(degree.mean())
    assert table.loc[("a", "b"), "sd"] == pytest.approx(degree.std())


def test_a_hub_of_30000_neighbours() -> None:
    n = 30_001
    graph = from_edges(n, np.column_stack([np.zeros(n - 1, int), np.arange(1, n)]), symmetric=True)
    labels = np.arange(n) % 2
    table = score_image("s", graph, labels, ["a", "b"], Method()).set_index(["source", "target"])
    # C_aa is twice the other a-cells where the hub is an a, else 0
    n_a = (n + 1) // 2
    chance = n_a / n
    value = 2 * (n_a - 1)
    assert table.loc[("a", "a"), "expected"] == pytest.approx(value * chance)
    assert table.loc[("a", "a"), "sd"] == pytest.approx(value * np.sqrt(chance * (1 - chance)))


def test_two_hundred_types() -> None:
    rng = np.random.default_rng(0)
    xy = rng.random((3000, 2)) * 500
    types = [f"t{i:03d}" for i in range(200)]
    graph = delaunay(xy)
    table = score_image("s", graph, rng.integers(0, 200, 3000), types, Method(permutations=20))
    assert len(table) == 40_000
    assert table["observed"].sum() == graph.n_edges


def test_rare_pairs_get_p_from_permutations() -> None:
    rng = np.random.default_rng(0)
    xy = rng.random((500, 2)) * 200
    labels = rng.permutation(np.arange(500) < 11).astype(int)
    graph = delaunay(xy)
    table = score_image("s", graph, labels, ["a", "b"], Method(permutations=999, min_cells=5)).set_index(
        ["source", "target"]
    )
    assert table.loc[("b", "b"), "expected"] < 2
    assert table.loc[("b", "b"), "p_method"] == "permutation"
    assert table.loc[("a", "a"), "p_method"] == "pearson3"
    heads = np.repeat(np.arange(500), np.diff(graph.indptr))
    mixed = rng.permuted(np.tile(labels == 1, (20_000, 1)), axis=1)
    sampled = (mixed[:, heads] & mixed[:, graph.indices]).sum(axis=1)
    observed = table.loc[("b", "b"), "observed"]
    p = min(1, 2 * min((sampled >= observed).mean(), (sampled <= observed).mean()))
    assert table.loc[("b", "b"), "p"] == pytest.approx(p, abs=4 * np.sqrt(2 * p / 999))


def test_benjamini_hochberg_leaves_missing_p_out() -> None:
    p = np.array([0.01, np.nan, 0.04, 0.03, 0.5])
    q = benjamini_hochberg(p)
    assert np.isnan(q[1])
    assert q[[0, 2, 3, 4]] == pytest.approx(false_discovery_control(p[[0, 2, 3, 4]]))
    assert np.isnan(benjamini_hochberg(np.array([np.nan]))).all()


@pytest.mark.parametrize("name", [k.GLOBAL, k.LOCAL])
def test_a_type_that_keeps_away_from_the_border_is_by_chance_beside_itself(name: str) -> None:
    found = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        image = make_image(f"s{seed}", rng.random((4000, 2)) * 600, np.zeros(4000, int))
        guarded = in_guard(image.xy, 60.0)
        labels = np.where(guarded, 2, rng.choice(3, 4000, p=[0.1, 0.2, 0.7]))  # independent inside, pure outside
        graph = build_graph(image, GraphSpec(guard_um=60.0))
        null = level(name, image.sample, image.xy, labels, guarded=guarded)
        found.append(score_image(image.sample, graph, labels, TYPES[:3], Method(), null))
    table = pd.concat(found)
    sums = table.groupby(["source", "target"])[["observed", "expected", "expected_global"]].sum()
    assert (sums["observed"] / sums["expected"]).between(0.97, 1.03).loc["b cell"].all()
    assert table["z"].std() == pytest.approx(1, abs=0.25)
    assert table["z"].abs().max() < 4.5
    # what is shared by way of the whole image knows of the guard zone too
    inside = sums.loc[("b cell", "b cell")]
    assert inside["observed"] / inside["expected_global"] == pytest.approx(1, abs=0.03)
