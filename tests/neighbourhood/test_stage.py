"""The stage: batches, threads and order change no byte; samples and types without cells are defined."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumint.config.model import StageParams
from tumint.config.neighbourhood import GraphConfig, NeighbourhoodConfig
from tumint.io.contracts import CELLS, DISTANCES, EDGES, FEATURES, INTERACTIONS
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


def params(**graph: object) -> StageParams:
    return StageParams(neighbourhood=NeighbourhoodConfig(graph=GraphConfig(**graph)), seed=3)


def run_all(cells: Path, out: Path, batches: list[list[str]], threads: int, p: StageParams) -> dict[str, bytes]:
    folders = [out / f"b{i}" for i in range(len(batches))]
    for folder, samples in zip(folders, batches, strict=True):
        stage.run(p, cells, samples, None, folder, threads=threads)
    stage.gather(p, folders, cells, out)
    return {name: (out / f"{name}.parquet").read_bytes() for name in ("interactions", "distances", "features")}


@pytest.mark.parametrize("graph", [{"kind": "delaunay"}, {"kind": "knn", "k": 4}])
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
