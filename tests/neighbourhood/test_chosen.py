"""Cells chosen by domain: those alone are scored, who touches whom is decided among all cells, places are of all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumint.config.model import StageParams
from tumint.config.neighbourhood import NeighbourhoodConfig, RobustnessConfig
from tumint.errors import ConfigError
from tumint.io.contracts import CELLS, GATES
from tumint.io.tables import write_table
from tumint.neighbourhood import stage
from tumint.neighbourhood.graph import Triangulation

SUBJECTS = {"a1": "m1", "b1": "m2"}
TYPES = ["T", "other", "tumour"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A ROI whose domains are strips, so that cells left out part those that stay, and one without the domain."""
    folder, rng, parts = tmp_path_factory.mktemp("chosen"), np.random.default_rng(5), []
    for sample in SUBJECTS:
        xy = rng.random((400, 2)) * 200
        strip = np.where((xy[:, 0] // 12).astype(int) % 2, "in it", "beside")
        parts.append(
            pd.DataFrame(
                {
                    "sample": sample,
                    "cell_id": rng.permutation(400) + 1,
                    "x_um": xy[:, 0],
                    "y_um": xy[:, 1],
                    "domain": strip if sample == "a1" else "beside",
                    "cluster": "0",
                    "cell_type": rng.choice(TYPES, 400),
                    "confidence": 1.0,
                    "marker_PD1": rng.random(400).astype(np.float32),
                }
            )
        )
    cells = pd.concat(parts, ignore_index=True)
    cells["sample"] = pd.Categorical(cells["sample"], categories=list(SUBJECTS))
    write_table(cells, folder / "cells.parquet", CELLS, row_groups_by="sample")
    gates = pd.DataFrame([("PD1", 0.5, "fixed", np.nan, np.nan, np.nan)], columns=list(GATES.columns))
    write_table(gates, folder / "gates.parquet", GATES)
    return folder


def scored(folder: Path, name: str, chosen: list[str], **more: object) -> dict[str, pd.DataFrame]:
    section = NeighbourhoodConfig(cells_in=chosen, robustness=RobustnessConfig(graphs=[]), **more)
    p, out = StageParams(neighbourhood=section, seed=1), folder / name
    stage.run(p, folder / "cells.parquet", SUBJECTS, [], out / "g0", gates=folder / "gates.parquet")
    stage.gather(p, [out / "g0"], folder / "cells.parquet", out)
    return {path.stem: pd.read_parquet(path) for path in out.glob("*.parquet")} | {
        "graph": pd.read_parquet(out / "g0" / "graph.parquet")
    }


def test_chosen_cells_alone_are_scored_and_touch_as_among_all(folder):
    found = scored(folder, "in", ["in it"], networks={"t nets": {"types": ["T"], "least_cells": 2, "permutations": 20}})
    cells = pd.read_parquet(folder / "cells.parquet").query("sample == 'a1'").set_index("cell_id")
    mine = cells[cells["domain"] == "in it"]
    # the graph: by plain sets, of the triangulation of all cells
    whole = Triangulation.of(cells[["x_um", "y_um"]].to_numpy(), cells.index.to_numpy()).within(50.0)
    ids = cells.index.to_numpy()
    pairs = {
        (ids[i], ids[j])
        for i in range(len(ids))
        for j in whole.indices[whole.indptr[i] : whole.indptr[i + 1]]
        if ids[i] in mine.index and ids[j] in mine.index
    }
    graph = found["graph"].query("sample == 'a1'")
    assert {*zip(graph["source_cell"], graph["target_cell"], strict=True)} == pairs
    counts = pd.Series([(cells.loc[a, "cell_type"], cells.loc[b, "cell_type"]) for a, b in pairs]).value_counts()
    edges = found["interactions"].query("sample == 'a1' and statistic == 'edges' and null == 'global'")
    for row in edges.itertuples():
        assert row.observed == counts.get((row.source, row.target), 0)
    # markers and composition: of these cells
    features = found["features"].query("sample == 'a1'").set_index(["family", "feature"])
    of_t = mine[mine["cell_type"] == "T"]
    assert features.loc[("marker", "PD1 of T"), "value"] == pytest.approx(np.log(of_t["marker_PD1"].mean() + 0.001))
    share = (len(of_t) + 0.5) / (len(mine) - len(of_t) + 0.5)
    assert features.loc[("composition", "T"), "value"] == pytest.approx(np.log(share))
    # places are of all cells; those left out are in no network
    assert len(found["places"].query("sample == 'a1'")) == 400
    members = found["cells"].query("sample == 'a1'").set_index("cell_id")
    assert len(members) == 400
    assert (members.loc[cells.index[cells["domain"] == "beside"], "network_t_nets"] == 0).all()
    assert (members["network_t_nets"] > 0).any()


def test_roi_without_chosen_cells_says_so(folder):
    found = scored(folder, "none", ["in it"])
    for name in ("interactions", "distances"):
        assert set(found[name].query("sample == 'b1'")["status"]) == {"absent"}
    features = found["features"].query("sample == 'b1'")
    there = features[features["family"].isin(["composition", "density", "interaction", "marker", "distance"])]
    assert set(there["status"]) <= {"absent", "no_variation"}
    assert there["value"].isna().all()


def test_all_domains_chosen_are_all_cells(folder):
    one, all_of_it = scored(folder, "every", ["in it", "beside"]), scored(folder, "whole", [])
    for name in ("interactions", "features", "distances", "cells", "graph"):
        pd.testing.assert_frame_equal(one[name], all_of_it[name])


def test_domain_that_is_not_there_is_refused(folder):
    with pytest.raises(ConfigError, match=r"cells_in.*domains of the data"):
        scored(folder, "wrong", ["in_it"])
