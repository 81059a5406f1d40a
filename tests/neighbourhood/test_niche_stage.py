"""Niches and networks through files: batches, threads and order change no byte; what the config names must exist."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from tumint.config.model import StageParams
from tumint.config.neighbourhood import NeighbourhoodConfig
from tumint.config.niches import NetworkConfig, NichesConfig
from tumint.errors import ConfigError
from tumint.io.contracts import BORDERS, CELLS, FEATURES, MEMBERS, NETWORK_COUNTS, NETWORKS, NICHES, SURROUNDINGS
from tumint.io.tables import read_table, write_table
from tumint.neighbourhood import stage

SUBJECTS = {"r2": "m1", "r1": "m2", "r10": "m2", "flat": "m1"}
NETS = {"lymphonets": NetworkConfig(types=["t cell", "b cell"], permutations=20)}


@pytest.fixture(scope="module")
def cells(tmp_path_factory) -> Path:
    rng = np.random.default_rng(0)
    parts = []
    for sample in SUBJECTS:
        xy = rng.random((150, 2)) * 160
        kind = np.where(xy[:, 0] < 60, rng.choice(["t cell", "b cell"], 150), "tumour")
        table = pd.DataFrame({"sample": sample, "cell_id": rng.permutation(150), "x_um": xy[:, 0], "y_um": xy[:, 1]})
        table = table.assign(domain="none", cluster="0", cell_type=kind, confidence=1.0)
        if sample == "flat":
            table[["x_um", "y_um"]] = np.nan
        parts.append(table.sort_values("cell_id"))
    path = tmp_path_factory.mktemp("cells") / "cells.parquet"
    write_table(pd.concat(parts, ignore_index=True), path, CELLS, row_groups_by="sample")
    return path


def params(**niches: object) -> StageParams:
    asked = {"nearest": 10, "clusters": 6, "resamples": 2, "most": 4, "split_by": ["b cell"], "places": 10}
    config = NeighbourhoodConfig(
        niches=NichesConfig(**{**asked, "per_subject": 50, **niches}),
        networks=NETS,
        robustness={"graphs": []},
        scales_um=[],
    )
    return StageParams(neighbourhood=config, seed=1)


def whole(cells: Path, out: Path, batches: list[list[str]], threads: int, given: StageParams) -> Path:
    stage.learn(given, cells, dict(reversed(SUBJECTS.items())) if threads > 1 else SUBJECTS, out)
    for i, batch in enumerate(batches):
        names = {sample: SUBJECTS[sample] for sample in batch}
        stage.run(given, cells, names, [], out / f"g{i}", threads=threads, learned=out)
    stage.gather(given, [out / f"g{i}" for i in range(len(batches))], cells, out)
    return out


def test_batches_and_threads_change_no_byte(cells, tmp_path):
    given = params()
    one = whole(cells, tmp_path / "one", [list(SUBJECTS)], 1, given)
    two = whole(cells, tmp_path / "two", [["r10", "r1"], ["flat", "r2"]], 2, given)
    names = ["niches", "niche_types", "niche_numbers", "surroundings", "cells", "borders", "networks", "network_counts"]
    for name in [*names, "features"]:
        assert (one / f"{name}.parquet").read_bytes() == (two / f"{name}.parquet").read_bytes(), name
    members = read_table(one / "cells.parquet", MEMBERS)
    assert len(members) == 600
    assert (members.loc[members["sample"] == "flat", "niche"] == "").all()
    placed = members[members["sample"] != "flat"]
    assert set(placed["niche"]) <= set(read_table(one / "niches.parquet", NICHES)["niche"])
    features = read_table(one / "features.parquet", FEATURES)
    assert {"niche", "type_in_niche", "niche_with", "network", "type_in_network"} <= set(features["family"])
    shares = features[(features["family"] == "niche") & (features["sample"] == "r1")]
    seen = placed[placed["sample"] == "r1"]["niche"].value_counts()
    for row in shares.itertuples():
        n = seen.get(row.feature, 0)
        assert row.value == pytest.approx(np.log((n + 0.5) / (150 - n + 0.5)))
    counts = read_table(one / "network_counts.parquet", NETWORK_COUNTS)
    inside = counts[(counts["what"] == "cells") & (counts["sample"] == "r1")]["observed"].iloc[0]
    assert inside == (placed[placed["sample"] == "r1"]["network_lymphonets"] > 0).sum()
    assert read_table(one / "networks.parquet", NETWORKS).groupby("sample")["n"].sum()["r1"] == inside
    borders = read_table(one / "borders.parquet", BORDERS).groupby("sample")[["observed", "expected"]].sum()
    assert borders["observed"].to_numpy() == pytest.approx(borders["expected"].to_numpy())
    assert len(read_table(one / "surroundings.parquet", SURROUNDINGS)) == 30


def test_niches_as_strata_pin_what_is_of_one_type(cells, tmp_path):
    apart = [whole(cells, tmp_path / str(w), [["r1"]], 1, params(within=w)) for w in (False, True)]
    nulls = [pd.read_parquet(one / "nulls.parquet").set_index("null") for one in apart]
    assert "domain" not in nulls[0].index
    assert nulls[1].loc["domain", "n_strata"] > 1


def test_without_niches_nothing_is_learnt(cells, tmp_path):
    one = whole(cells, tmp_path, [["r1", "r2"]], 1, params(window="none"))
    assert read_table(one / "niches.parquet", NICHES).empty
    assert (read_table(one / "cells.parquet", MEMBERS)["niche"] == "").all()


def test_types_that_are_not_there_are_named(cells, tmp_path):
    given = params(split_by=["B cel"])
    with pytest.raises(ConfigError, match=r"neighbourhood\.niches\.split_by.*b cell, t cell, tumour.*`B cel`"):
        stage.run(given, cells, {"r1": "m2"}, [], tmp_path)


def test_settings_that_cannot_be(cells):
    for odd in ({"numbers": [5, 9]}, {"numbers": [50]}):
        with pytest.raises(ValidationError):
            NichesConfig(**odd)
    with pytest.raises(ValidationError, match="within_domain"):
        NeighbourhoodConfig(within_domain=False, niches={"within": True})
