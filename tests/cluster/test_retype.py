"""Types renamed, merged and told by states, for types of every origin; faults in one line."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tumint import keys as k
from tumint.cluster.user_tables import gates_given
from tumint.config.cluster import ClusterConfig, StatesConfig
from tumint.config.model import Config, StageParams, stage_params
from tumint.errors import DataError
from tumint.io.contracts import CLUSTERS, STATES
from tumint.io.tables import read_table

KEPT = ["sample", "cell_id", "truth"]
PD1 = {"CD8 T cells": {"PD1": ["PD1+", "PD1-"]}}


def test_provided_types_get_other_names_and_become_one(mixture, write_batches, run) -> None:
    names = {"CD4 T cells": "T cells", "CD8 T cells": "T cells", "B cells": k.UNCLASSIFIED}
    folder = run(write_batches(mixture, types="truth"), typing="provided", rename=names)
    cells = read_table(folder / "cells.parquet").merge(
        mixture[["sample", "cell_id", "truth"]], on=["sample", "cell_id"]
    )
    assert (cells["cell_type"].astype(str) == cells["truth"].map(lambda name: names.get(name, name))).all()
    assert (cells["cluster"].astype(str) == cells["truth"]).all()  # what the data called them
    assert "T cells" in set(read_table(folder / "clusters.parquet", CLUSTERS)["cell_type"])


def test_states_make_types(mixture, write_batches, run) -> None:
    given = write_batches(mixture, types="truth")
    folder = run(given, typing="provided", subtypes=PD1, states={"gates": {"PD1": 0.3}})
    cells = read_table(folder / "cells.parquet").merge(
        mixture[["sample", "cell_id", "truth"]], on=["sample", "cell_id"]
    )
    mine = cells["truth"] == "CD8 T cells"
    told = (cells["marker_PD1"] >= 0.3).map({True: "PD1+ CD8 T cells", False: "PD1- CD8 T cells"})
    assert (cells.loc[mine, "cell_type"] == told[mine]).all()
    assert (cells.loc[~mine, "cell_type"] == cells.loc[~mine, "truth"]).all()
    assert cells.loc[mine, "cell_type"].nunique() == 2
    states = read_table(folder / "states.parquet", STATES)
    up = states[(states["cell_type"] == "PD1+ CD8 T cells") & (states["marker"] == "PD1")]
    assert (up["positive"] == up["n"]).all()


def test_gates_from_a_table_are_those_of_the_config(mixture, write_batches, run, tmp_path) -> None:
    given = write_batches(mixture, types="truth")
    (tmp_path / "gates.csv").write_text("marker;gate;by\nPD1;0,3;me\n")
    states = {"gates_from": str(tmp_path / "gates.csv")}
    folder = run(given, typing="provided", subtypes=PD1, states=states)
    cells = read_table(folder / "cells.parquet")
    mine = cells["cluster"].astype(str) == "CD8 T cells"
    assert ((cells.loc[mine, "marker_PD1"] >= 0.3) == (cells.loc[mine, "cell_type"] == "PD1+ CD8 T cells")).all()
    gates = read_table(folder / "gates.parquet").set_index("marker")
    assert (gates.loc["PD1", "gate"], gates.loc["PD1", "gating"]) == (0.3, "fixed")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("marker,gate\nPD1,high\n", "row 2.*`gate`.*a number.*`high`"),
        ("marker,gate\nPD2,0.3\n", "marker of the data .*`PD2`"),
        ("marker,gate\nPD1,0.3\nPD1,0.4\n", "each marker once"),
        ("marker,threshold\nPD1,0.3\n", "`gate`"),
        ("sample,marker,gate\ns1,PD1,0.3\n", "for the whole cohort.*column `sample`"),
        ("marker,gate\nCD8,0.3\n", "that `cluster.states.gates` does not set too"),
    ],
)
def test_wrong_tables_of_gates(text, said, tmp_path) -> None:
    (tmp_path / "gates.csv").write_text(text)
    with pytest.raises(DataError, match=said):
        gates_given(StatesConfig(gates={"CD8": 0.5}, gates_from=str(tmp_path / "gates.csv")), ["CD8", "PD1"])


@pytest.mark.parametrize(
    ("config", "line"),
    [
        (
            {"rename": {"CD8 T cell": "T"}},
            "config: key `cluster.rename`: expected types that cells have (.*found `CD8 T",
        ),
        ({"subtypes": {"T": PD1["CD8 T cells"]}}, "config: key `cluster.subtypes`: expected types that cells have"),
        ({"subtypes": {"CD8 T cells": {"PD-1": ["+", "-"]}}}, "found `PD-1` .the nearest is `PD1`"),
    ],
)
def test_what_no_cell_has_is_one_line(mixture, write_batches, run, config, line) -> None:
    with pytest.raises(DataError) as error:
        run(write_batches(mixture, types="truth"), typing="provided", **config)
    assert len(error.value.faults) == 1
    assert error.match(line.replace("(", r"\("))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"rename": {"A": "B|C"}}, "without `|`"),
        ({"subtypes": {"A": {"PD1": ["x", "x"]}}}, "two different states"),
        ({"subtypes": {"A": {"PD1": ["PD1 high", "low"]}}}, "without blanks"),
        ({"subtypes": {"A": {}}}, "a marker in `subtypes.A`"),
    ],
)
def test_names_that_cannot_be(config, said) -> None:
    with pytest.raises(ValidationError) as error:
        ClusterConfig(**config)
    assert said in str(error.value)


def test_parents_and_circular_markers_follow_the_types(panel) -> None:
    cluster = {"subtypes": PD1, "rename": {"Regulatory T cells": "CD4 T cells"}}
    config = Config(cohort="c", title="t", source="s", samples="s.tsv", cluster=cluster, response={"contrasts": []})
    params = StageParams.model_validate_json(stage_params(config, panel, "neighbourhood"))
    assert params.told_by == {"PD1+ CD8 T cells": ["PD1"], "PD1- CD8 T cells": ["PD1"]}
    assert params.subtypes == {"CD8 T cells": ["PD1+ CD8 T cells", "PD1- CD8 T cells"]}
    assert params.neighbourhood.parents["T cells"] == ["CD4 T cells", "PD1+ CD8 T cells", "PD1- CD8 T cells"]
    assert params.parents_written is None
