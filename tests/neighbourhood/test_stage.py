"""The stage: batches, threads and order change no byte; samples and types without cells are defined."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from tumint.config.model import StageParams
from tumint.config.neighbourhood import GraphConfig, NeighbourhoodConfig, RobustnessConfig
from tumint.errors import ConfigError
from tumint.io.contracts import CELLS, DISTANCES, EDGES, FEATURES, GRID, INTERACTIONS, NULLS
from tumint.io.tables import read_meta, read_table, write_table
from tumint.neighbourhood import stage

SUBJECTS = {"r2": "m1", "r1": "m2", "r10": "m2", "no_domain": "m1"}
SAMPLES = list(SUBJECTS)


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    parts = []
    for sample in SAMPLES:
        n = 220
        x, y = rng.random(n) * 200, rng.random(n) * 200
        parts.append(
            pd.DataFrame(
                {
                    "sample": sample,
                    "cell_id": np.arange(1, n + 1),
                    "x_um": x,
                    "y_um": y,
                    "domain": "none" if sample == "no_domain" else np.where(x > 90, "tumour", "normal"),
                    "cluster": "0",
                    "cell_type": rng.choice(
                        ["t cell", "tumour", "b cell"] if sample != "r1" else ["t cell", "tumour"], n
                    ),
                    "confidence": 1.0,
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    table["sample"] = pd.Categorical(table["sample"], categories=SAMPLES)
    write_table(table, tmp_path / "cells.parquet", CELLS, row_groups_by="sample")
    return tmp_path / "cells.parquet"


GRAPHS = [GraphConfig(max_edge_um=30.0), GraphConfig(kind="knn", k=4)]


def params(config: dict[str, object] | None = None, **graph: object) -> StageParams:
    section = {"robustness": RobustnessConfig(graphs=GRAPHS), "graph": GraphConfig(**graph), **(config or {})}
    return StageParams(neighbourhood=NeighbourhoodConfig(**section), seed=3)


ALL = {"statistics": ["edges", "allocation", "classic", "histocat", "patch"], "permutations": 60, "patch_size": 2}


PAIR = "statistic == 'edges' and null == 'local' and source == 't cell' and target == 'tumour'"


def run_all(cells: Path, out: Path, batches: list[list[str]], threads: int, p: StageParams) -> dict[str, bytes]:
    folders = [out / f"b{i}" for i in range(len(batches))]
    for folder, samples in zip(folders, batches, strict=True):
        subjects = {sample: SUBJECTS.get(sample, "m9") for sample in samples}
        stage.run(p, cells, subjects, [], folder, threads=threads)
    stage.gather(p, folders, cells, out)
    names = ("interactions", "nulls", "distances", "grid", "features")
    return {name: (out / f"{name}.parquet").read_bytes() for name in names}


@pytest.mark.parametrize(
    "graph",
    [
        {"kind": "delaunay"},
        {"kind": "knn", "k": 4},
        {"config": ALL},
        {"config": {**ALL, "guard_um": 15, "stop_after": 3}},
        {"config": {"parents": {"lymphocytes": ["t cell", "b cell"]}, "local_um": 60}},
    ],
)
def test_batches_threads_and_order_change_no_byte(cells: Path, tmp_path: Path, graph: dict[str, object]) -> None:
    one = run_all(cells, tmp_path / "one", [SAMPLES], 1, params(**graph))
    other = run_all(cells, tmp_path / "other", [["r10", "r1"], ["gone"], ["no_domain", "r2"]], 2, params(**graph))
    assert one == other


def test_what_is_written(cells: Path, tmp_path: Path) -> None:
    run_all(cells, tmp_path / "out", [SAMPLES], 1, params({"parents": {"lymphocytes": ["t cell", "b cell"]}}))
    interactions = read_table(tmp_path / "out" / "interactions.parquet", INTERACTIONS)
    nulls = read_table(tmp_path / "out" / "nulls.parquet", NULLS).set_index(["sample", "null"])
    distances = read_table(tmp_path / "out" / "distances.parquet", DISTANCES)
    features = read_table(tmp_path / "out" / "features.parquet", FEATURES)
    assert list(dict.fromkeys(interactions["sample"])) == SAMPLES
    assert set(interactions["statistic"]) == {"edges", "allocation"}
    interactions = interactions[interactions["statistic"] == "edges"]
    rows = interactions.groupby(["sample", "null"]).size()
    assert ("no_domain", "domain") not in rows.index
    assert set(rows["r2"].index) == {"global", "domain", "local", "parent", "parent_local"}
    assert (rows == 9).all()
    assert len(distances) == 4 * 9
    missing = interactions.query("sample == 'r1' and source == 'b cell'")
    assert set(missing["status"]) == {"absent"}
    assert read_meta(tmp_path / "out" / "features.parquet")["params"]["seed"] == 3
    assert (nulls.loc[("r2", "global"), "n_strata"], nulls.loc[("r2", "domain"), "n_strata"]) == (1, 2)
    assert nulls.loc[("r2", "local"), "n_strata"] > 8
    # tumour cells are the only kind of their parent: under `parent` they stay what they are
    tumour = interactions.query("sample == 'r2' and null == 'parent' and source == 'tumour' and target == 'tumour'")
    assert set(tumour["status"]) == {"no_variation"}
    assert nulls.loc[("r2", "parent"), "pinned"] == pytest.approx(tumour["n_source"].iloc[0] / 220)
    # odds ratios of single pairs under every null, of all pairs in one fit under the primary one
    known = interactions[interactions["status"] == "tested"].groupby("null")
    assert (known["log_odds"].count() == known.size()).all()
    assert set(interactions.loc[interactions["direct_log_odds"].notna(), "null"]) == {"local"}
    primary = features.query("family == 'interaction' and status == 'tested'")
    assert primary.groupby("sample").size().to_dict() == {"r2": 6, "r1": 3, "r10": 6, "no_domain": 6}
    parts = features[features["family"].isin(["shared_domain", "shared_region", "contact_excess"])]
    total = features[features["family"] == "interaction_total"].set_index(["sample", "feature"])["value"]
    added = parts.groupby(["sample", "feature"])["value"].sum(min_count=3)
    assert added[total.index].to_numpy() == pytest.approx(total.to_numpy(), abs=1e-9, nan_ok=True)


def test_samples_of_a_subject_pool_to_their_common_fit(cells: Path, tmp_path: Path) -> None:
    run_all(cells, tmp_path / "out", [SAMPLES], 1, params())
    interactions = read_table(tmp_path / "out" / "interactions.parquet", INTERACTIONS)
    rows = interactions.query(PAIR).set_index("sample")
    pair = rows.loc[["r1", "r10"]]
    assert pair["direct_information"].gt(1).all()
    alone = {s: s for s in SAMPLES}
    stage.run(params(), cells, alone, [], tmp_path / "alone")
    single = read_table(tmp_path / "alone" / "interactions.parquet", INTERACTIONS)
    single = single.query(PAIR).set_index("sample")
    assert single.loc["r1", "log_odds"] != pair.loc["r1", "log_odds"]
    weighted = (pair["log_odds"] * pair["information"]).sum() / pair["information"].sum()
    of_singles = single.loc[["r1", "r10"]]
    assert weighted == pytest.approx(
        (of_singles["log_odds"] * of_singles["information"]).sum() / of_singles["information"].sum(), abs=0.05
    )


@pytest.mark.parametrize("parents", [{"T": ["t cell", "b cll"]}, {"T": ["t cell", "b cell"], "none": ["Tumour"]}])
def test_types_of_a_parent_that_no_cell_has(cells: Path, tmp_path: Path, parents: dict[str, list[str]]) -> None:
    """An error where the config names them; a panel may name types that this cohort lacks."""
    of_panel = params({"parents": parents, "robustness": RobustnessConfig(graphs=[])})
    stage.run(of_panel, cells, {"r2": "m1"}, [], tmp_path / "panel")
    written = of_panel.model_copy(update={"parents_written": True})
    with pytest.raises(ConfigError) as caught:
        stage.run(written, cells, {"r2": "m1"}, [], tmp_path / "config")
    (parent, name), nearest = (("T", "b cll"), "b cell") if len(parents) == 1 else (("none", "Tumour"), "tumour")
    assert str(caught.value) == (
        f"config: key `neighbourhood.parents.{parent}`: expected types of the data (b cell, t cell, tumour), "
        f"found `{name}` (the nearest is `{nearest}`)."
    )
    assert not (tmp_path / "config").exists()


def test_domains_go_by_the_names_of_the_config(cells: Path, tmp_path: Path) -> None:
    def scores(**domains: str) -> dict[str, pd.DataFrame]:
        p = params({"domains": domains, "robustness": RobustnessConfig(graphs=[])})
        run_all(cells, tmp_path / "out", [SAMPLES], 1, p)
        table = read_table(tmp_path / "out" / "interactions.parquet", INTERACTIONS)
        return {null: rows.drop(columns=["null"]) for null, rows in table.groupby("null")}

    plain = scores()
    columns = ["sample", "source", "target", "observed", "expected", "z"]
    # other names are other words for the same tissue
    renamed = scores(tumour="nest", normal="bed")
    pd.testing.assert_frame_equal(renamed["domain"], plain["domain"])
    # in one tissue, labels change places over the whole image
    merged = scores(normal="tumour")
    assert not np.allclose(plain["domain"]["expected"], merged["domain"]["expected"], rtol=1e-3)
    pd.testing.assert_frame_equal(
        merged["domain"][columns].reset_index(drop=True),
        merged["global"].loc[merged["global"]["sample"] != "no_domain", columns].reset_index(drop=True),
    )
    # `none` in all cells: no domain
    assert "domain" not in scores(normal="none", tumour="none")


def test_a_domain_of_the_config_that_no_cell_has_is_named(cells: Path, tmp_path: Path) -> None:
    p = params({"domains": {"Tumuor": "nest", "normal": "bed", "follicle": "none"}})
    with pytest.raises(ConfigError) as error:
        stage.run(p, cells, {"no_domain": "m1"}, [], tmp_path / "out")
    where = "config: key `neighbourhood.domains`: expected domains of the data (none, normal, tumour), found"
    assert [str(fault) for fault in error.value.faults] == [
        f"{where} `Tumuor` (the nearest is `tumour`).",
        f"{where} `follicle`.",
    ]
    with pytest.raises(ValidationError, match=r"a name of a tissue domain: .*; found 'a\|b'"):
        NeighbourhoodConfig(domains={"tumour": "a|b"})


def test_provided_edges_are_used(cells: Path, tmp_path: Path) -> None:
    edges = pd.DataFrame({"sample": "r2", "source_cell": [1, 2, 2, 9999], "target_cell": [2, 1, 9999, 2]})
    write_table(edges, tmp_path / "edges.parquet", EDGES)
    half = edges.assign(sample="r1").iloc[:0]
    write_table(half, tmp_path / "none.parquet", EDGES)
    files = [tmp_path / "none.parquet", tmp_path / "edges.parquet"]
    stage.run(params(kind="provided"), cells, {"r2": "m1", "r1": "m2"}, files, tmp_path / "out")
    interactions = read_table(tmp_path / "out" / "interactions.parquet", INTERACTIONS)
    counted = interactions[interactions["null"] == "global"].groupby("sample")["observed"].sum()
    assert counted["r2"] == 2  # the cell 9999 did not pass quality control
    assert counted["r1"] == 0


def test_other_statistics_have_rows_and_families_of_their_own(cells: Path, tmp_path: Path) -> None:
    run_all(cells, tmp_path / "out", [SAMPLES], 1, params(ALL))
    interactions = read_table(tmp_path / "out" / "interactions.parquet", INTERACTIONS)
    features = read_table(tmp_path / "out" / "features.parquet", FEATURES)
    assert (interactions.groupby("statistic").size() == 11 * 9).all()
    tested = interactions[interactions["status"] == "tested"]
    of_cells = tested[tested["statistic"].isin(["histocat", "patch"])]
    assert set(of_cells.loc[of_cells["null"] != "global", "p_method"]) == {"permutation"}
    assert {"normal", "panjer"} <= set(of_cells.loc[of_cells["null"] == "global", "p_method"])
    sizes = features[features["sample"] == "r2"].groupby("family").size()
    assert sizes[["interaction", "interaction_histocat", "interaction_patch"]].tolist() == [6, 9, 9]
    row = features.query("sample == 'r2' and family == 'interaction_histocat' and feature == 't cell|b cell'").iloc[0]
    score = tested.query(
        "sample == 'r2' and statistic == 'histocat' and null == 'local' and source == 't cell' and target == 'b cell'"
    ).iloc[0]
    assert (row["value"], row["se"], row["weight"]) == (score["log2_enrichment"], score["se"], score["n_source"])


def test_the_grid_holds_every_setting(cells: Path, tmp_path: Path) -> None:
    run_all(cells, tmp_path / "out", [SAMPLES], 1, params(max_edge_um=30.0))
    grid = read_table(tmp_path / "out" / "grid.parquet", GRID)
    names = {f"{graph}, {null}" for graph in ("delaunay 30 µm", "knn 4") for null in ("global", "domain", "local")}
    assert set(grid["setting"]) == names
    assert (grid.groupby(["setting", "sample"]).size() == 9).all()
    assert set(grid.loc[grid["setting"].str.endswith("domain"), "sample"]) == set(SAMPLES) - {"no_domain"}
    interactions = read_table(tmp_path / "out" / "interactions.parquet", INTERACTIONS)
    key = ["sample", "source", "target"]
    both = interactions.query("statistic == 'edges' and null == 'domain'").merge(
        grid[grid["setting"] == "delaunay 30 µm, domain"], on=key, suffixes=("", "_grid")
    )
    assert len(both) == 27
    for name in ("observed", "expected", "sd"):  # no edge is fixed in domains of all types
        assert both[f"{name}_grid"].to_numpy() == pytest.approx(both[name].to_numpy(), nan_ok=True)
    run_all(cells, tmp_path / "none", [SAMPLES], 1, params({"robustness": RobustnessConfig(graphs=[])}))
    assert read_table(tmp_path / "none" / "grid.parquet", GRID).empty


def test_a_guard_zone_says_what_it_changed(cells: Path, tmp_path: Path) -> None:
    run_all(cells, tmp_path / "plain", [SAMPLES], 1, params())
    run_all(cells, tmp_path / "out", [SAMPLES], 1, params({"guard_um": 15.0}))
    plain = read_table(tmp_path / "plain" / "interactions.parquet", INTERACTIONS)
    found = read_table(tmp_path / "out" / "interactions.parquet", INTERACTIONS)
    assert found["log2_unguarded"].to_numpy() == pytest.approx(plain["log2_enrichment"].to_numpy(), nan_ok=True)
    table = read_table(cells).query("sample == 'r2' and cell_type == 'tumour'")
    whole = read_table(cells).query("sample == 'r2'")
    low, high = whole[["x_um", "y_um"]].min(), whole[["x_um", "y_um"]].max()
    near = ((table[["x_um", "y_um"]] - low < 15) | (high - table[["x_um", "y_um"]] < 15)).any(axis=1)
    row = found.query("sample == 'r2' and source == 'tumour' and null == 'global'")
    assert set(row["n_guarded"]) == {near.sum()}
    assert (
        0
        < row["observed"].sum()
        < plain.query("sample == 'r2' and source == 'tumour' and null == 'global'")["observed"].sum()
    )
    features = read_table(tmp_path / "out" / "features.parquet", FEATURES)
    # a → b is not b → a any more, but a contact odds ratio is of two types
    sizes = features.query("sample == 'r2'").groupby("family").size()
    assert sizes[["contact_excess", "interaction", "mixing"]].tolist() == [9, 6, 3]
