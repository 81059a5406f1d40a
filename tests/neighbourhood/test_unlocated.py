"""Samples without coordinates: composition is there, everything that needs a place says that it is not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumint import families
from tumint import keys as k
from tumint.config import StageParams
from tumint.config.neighbourhood import NeighbourhoodConfig, RobustnessConfig
from tumint.io import contracts
from tumint.io.tables import read_table, write_table
from tumint.neighbourhood import stage


def test_a_sample_without_coordinates_beside_one_with(tmp_path, capsys):
    rng = np.random.default_rng(0)
    n = 60
    cells = pd.DataFrame({k.SAMPLE: np.repeat(["imaged", "dissociated"], n), k.CELL_ID: np.tile(np.arange(n), 2)})
    cells[k.X_UM], cells[k.Y_UM] = rng.uniform(0, 99, (2, 2 * n))
    cells.loc[n:, [k.X_UM, k.Y_UM]] = np.nan
    cells[k.DOMAIN] = k.NO_DOMAIN
    cells[k.CELL_TYPE] = cells[k.CLUSTER] = rng.choice(["B", "T"], 2 * n)
    cells[k.CONFIDENCE] = 1.0
    write_table(cells, tmp_path / "cells.parquet", contracts.CELLS, row_groups_by=k.SAMPLE)
    params = StageParams(neighbourhood=NeighbourhoodConfig(robustness=RobustnessConfig(graphs=[])))
    subjects = {"imaged": "m1", "dissociated": "m2"}
    stage.run(params, tmp_path / "cells.parquet", subjects, [], tmp_path / "b")
    said = "tumint: sample dissociated has no coordinates: nothing is scored in it"
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if not line.startswith("tumint: taken for ")] == [said]
    stage.gather(params, [tmp_path / "b"], tmp_path / "cells.parquet", tmp_path / "out")
    scores = read_table(tmp_path / "out" / "interactions.parquet", contracts.INTERACTIONS)
    status = scores.groupby(k.SAMPLE)[k.STATUS].agg(set).to_dict()
    # the one status that is not `tested`: with two types, all cells that do not stay put are of one
    assert status == {"imaged": {k.TESTED, k.NO_VARIATION}, "dissociated": {k.NO_COORDINATES}}
    other = scores[(scores[k.SAMPLE] == "imaged") & (scores[k.STATUS] == k.NO_VARIATION)]
    assert set(other["statistic"]) == {"allocation"}
    scores = scores[scores["statistic"] == "edges"]
    mine = scores[scores[k.SAMPLE] == "dissociated"]
    types = cells[cells[k.SAMPLE] == "dissociated"][k.CELL_TYPE].value_counts()
    assert set(mine[k.NULL]) == {k.GLOBAL, k.LOCAL}
    mine = mine[mine[k.NULL] == k.LOCAL]
    assert mine.set_index([k.SOURCE, k.TARGET])["n_source"].to_dict() == {
        (a, b): types[a] for a in ("B", "T") for b in ("B", "T")
    }
    features = read_table(tmp_path / "out" / "features.parquet", contracts.FEATURES)
    found = features.groupby([k.SAMPLE, k.FAMILY])[k.STATUS].agg(set)
    # neither tissue domains nor markers are here, and no barrier or network was asked for
    asked = {k.FAMILY_DOMAIN, k.FAMILY_PREFERENCE, k.FAMILY_INFILTRATION, k.FAMILY_BARRIER}
    asked |= {k.FAMILY_POSITIVITY, k.FAMILY_POSITIVE_CONTACT, k.FAMILY_NETWORK, k.FAMILY_TYPE_IN_NETWORK}
    of_pairs = set(families.names(lambda one: one.pools in ("information", "counts"))) - asked
    assert found["dissociated"].to_dict() == {
        "composition": {k.TESTED},
        "density": {k.NO_COORDINATES},
        "distance": {k.NO_COORDINATES},
        **{family: {k.NO_COORDINATES} for family in of_pairs},
    }
    without = features[(features[k.SAMPLE] == "dissociated") & (features[k.FAMILY] != "composition")]
    assert without[k.VALUE].isna().all()
    assert (without[k.WEIGHT] == 0).all()
