"""The stage: batches, threads and order change no byte; samples and types without cells are defined."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumint.config.model import StageParams
from tumint.config.neighbourhood import GraphConfig, NeighbourhoodConfig, RobustnessConfig
from tumint.io.contracts import CELLS, DISTANCES, EDGES, FEATURES, GRID, INTERACTIONS
from tumint.io.tables import read_meta, read_table, write_table
from tumint.neighbourhood import stage

SAMPLES = ["r2", "r1", "r10", "no_domain"]


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


ALL = {"statistics": ["edges", "classic", "histocat", "patch"], "permutations": 60, "patch_size": 2}


def run_all(cells: Path, out: Path, batches: list[list[str]], threads: int, p: StageParams) -> dict[str, bytes]:
    folders = [out / f"b{i}" for i in range(len(batches))]
    for folder, samples in zip(folders, batches, strict=True):
        stage.run(p, cells, samples, None, folder, threads=threads)
    stage.gather(p, folders, cells, out)
    return {name: (out / f"{name}.parquet").read_bytes() for name in ("interactions", "distances", "grid", "features")}


@pytest.mark.parametrize(
    "graph",
    [
        {"kind": "delaunay"},
        {"kind": "knn", "k": 4},
        {"config": ALL},
        {"config": {**ALL, "guard_um": 15, "stop_after": 3}},
    ],
)
def test_batches_threads_and_order_change_no_byte(cells: Path, tmp_path: Path, graph: dict[str, object]) -> None:
    one = run_all(cells, tmp_path / "one", [SAMPLES], 1, params(**graph))
    other = run_all(cells, tmp_path / "other", [["r10", "r1"], ["gone"], ["no_domain", "r2"]], 2, params(**graph))
    assert one == other


def test_what_is_written(cells: Path, tmp_path: Path) -> None:
    run_all(cells, tmp_path / "out", [SAMPLES], 1, params())
    interactions = read_table(tmp_path / "out" / "interactions.parquet", INTERACTIONS)
    distances = read_table(tmp_path / "out" / "distances.parquet", DISTANCES)
    features = read_table(tmp_path / "out" / "features.parquet", FEATURES)
    assert list(dict.fromkeys(interactions["sample"])) == SAMPLES
    rows = interactions.groupby(["sample", "null"]).size()
    assert ("no_domain", "domain") not in rows.index
    assert (rows == 9).all()
    assert len(rows) == 7
    assert len(distances) == 4 * 9
    missing = interactions.query("sample == 'r1' and source == 'b cell'")
    assert set(missing["status"]) == {"absent"}
    assert (features.groupby("sample").size() == 3 + 3 + 6 + 6 + 9).all()
    assert features.query("sample == 'no_domain' and family == 'interaction'")["value"].isna().all()
    assert read_meta(tmp_path / "out" / "features.parquet")["params"]["seed"] == 3


def test_provided_edges_are_used(cells: Path, tmp_path: Path) -> None:
    edges = pd.DataFrame({"sample": "r2", "source_cell": [1, 2, 2, 9999], "target_cell": [2, 1, 9999, 2]})
    write_table(edges, tmp_path / "edges.parquet", EDGES)
    stage.run(params(kind="provided"), cells, ["r2", "r1"], tmp_path / "edges.parquet", tmp_path / "out")
    interactions = read_table(tmp_path / "out" / "interactions.parquet", INTERACTIONS)
    counted = interactions[interactions["null"] == "global"].groupby("sample")["observed"].sum()
    assert counted["r2"] == 2  # the cell 9999 did not pass quality control
    assert counted["r1"] == 0


def test_other_statistics_have_rows_and_families_of_their_own(cells: Path, tmp_path: Path) -> None:
    run_all(cells, tmp_path / "out", [SAMPLES], 1, params(ALL))
    interactions = read_table(tmp_path / "out" / "interactions.parquet", INTERACTIONS)
    features = read_table(tmp_path / "out" / "features.parquet", FEATURES)
    assert (interactions.groupby("statistic").size() == 7 * 9).all()
    tested = interactions[interactions["status"] == "tested"]
    assert set(tested.loc[tested["statistic"].isin(["histocat", "patch"]), "p_method"]) == {"permutation"}
    sizes = features[features["sample"] == "r2"].groupby("family").size()
    assert sizes[["interaction", "interaction_histocat", "interaction_patch"]].tolist() == [6, 9, 9]
    row = features.query("sample == 'r2' and family == 'interaction_histocat' and feature == 't cell|b cell'").iloc[0]
    score = tested.query(
        "sample == 'r2' and statistic == 'histocat' and null == 'domain' and source == 't cell' and target == 'b cell'"
    ).iloc[0]
    assert (row["value"], row["se"], row["weight"]) == (score["log2_enrichment"], score["se"], score["n_source"])


def test_the_grid_holds_every_setting(cells: Path, tmp_path: Path) -> None:
    run_all(cells, tmp_path / "out", [SAMPLES], 1, params(max_edge_um=30.0))
    grid = read_table(tmp_path / "out" / "grid.parquet", GRID)
    names = {f"{graph}, {null}" for graph in ("delaunay 30 µm", "knn 4") for null in ("global", "domain")}
    assert set(grid["setting"]) == names
    assert (grid.groupby(["setting", "sample"]).size() == 9).all()
    assert set(grid.loc[grid["setting"].str.endswith("domain"), "sample"]) == set(SAMPLES) - {"no_domain"}
    interactions = read_table(tmp_path / "out" / "interactions.parquet", INTERACTIONS)
    key = ["sample", "source", "target"]
    both = interactions[interactions["null"] == "domain"].merge(
        grid[grid["setting"] == "delaunay 30 µm, domain"], on=key, suffixes=("", "_grid")
    )
    assert len(both) == 27
    for name in ("observed", "expected", "sd"):
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
    assert (features.query("sample == 'r2' and family == 'interaction'")).shape[0] == 9  # a → b is not b → a any more
