"""Everything that the stage writes beside the cells, all asked for at once; and what a person's files may not be."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

from tumint.cluster.cohort import Cells
from tumint.cluster.prepare import normalised
from tumint.config.cluster import ClusterConfig
from tumint.errors import DataError
from tumint.io import contracts as c
from tumint.io.tables import read_meta, read_table

TABLES = {
    "gates": c.GATES,
    "states": c.STATES,
    "ridges": c.RIDGES,
    "sweep": c.SWEEP,
    "mixing": c.MIXING,
    "confusion": c.CONFUSION,
    "umap": c.UMAP,
    "moran": c.MORAN,
    "ligand_receptor": c.LIGAND_RECEPTOR,
}


@pytest.fixture
def all_of_it(mixture, tmp_path):
    """A config that asks for everything."""
    reference = ad.AnnData(
        mixture.drop(columns=["sample", "cell_id", "truth", "x", "y"]).iloc[::2].astype(np.float32),
        obs=pd.DataFrame(
            {"kind": mixture["truth"].iloc[::2].to_numpy()}, index=[str(i) for i in range(0, len(mixture), 2)]
        ),
    )
    reference.write_h5ad(tmp_path / "reference.h5ad")
    return {
        "reference": {"path": str(tmp_path / "reference.h5ad"), "column": "kind"},
        "integrate": {"method": "harmony"},
        "resolution": "auto",
        "sweep": {"resolutions": [0.5, 1.0], "resamples": 2, "max_cells": 800},
        "umap_cells": 300,
        "splits": [{"from_type": "B cells", "marker": "Ki67", "at_least": 0.0, "cell_type": "Dividing B cells"}],
        "states": {"gates": {"PD1": 0.5}},
    }


@pytest.mark.long
def test_every_table(mixture, write_batches, run, all_of_it):
    folder = run(write_batches(mixture, types="truth"), **all_of_it)
    tables = {name: read_table(folder / f"{name}.parquet", contract) for name, contract in TABLES.items()}
    cells = read_table(folder / "cells.parquet", c.CELLS)
    assert read_meta(folder / "cells.parquet")["notes"]["resolution"] in (0.5, 1.0)
    # splits come last
    assert not (cells["cell_type"] == "B cells").any()
    b = cells.merge(mixture[["sample", "cell_id", "truth"]], on=["sample", "cell_id"])
    assert (b["cell_type"][b["truth"] == "B cells"] == "Dividing B cells").mean() > 0.95
    # states: a fixed gate counts what lies above it
    states = tables["states"]
    pd1 = states[states["marker"] == "PD1"].set_index(["sample", "cell_type"])["positive"]
    expected = (cells["marker_PD1"] >= 0.5).groupby([cells["sample"], cells["cell_type"]]).sum()
    assert pd1.to_dict() == expected.to_dict()
    assert set(tables["gates"]["marker"]) == {"PD1", "PDL1", "CXCL9", "Ki67", "Casp3"}
    assert list(tables["mixing"]["stage"]) == ["before", "after"]
    # each other way of typing says something of every cell
    confusion = tables["confusion"]
    assert set(confusion["other_method"]) == {"markers of the cell", "transfer", "provided"}
    assert (confusion.groupby("other_method")["n"].sum() == len(cells)).all()
    moved = confusion[confusion["other_method"] == "transfer"].replace("Dividing B cells", "B cells")
    assert moved.loc[moved["type"] == moved["other_type"], "n"].sum() > 0.9 * len(cells)
    assert len(tables["umap"]) == 300
    assert tables["moran"].empty
    ridge = tables["ridges"]
    assert (ridge.groupby(["marker", "cell_type"])["density"].max() == 1).all()


@pytest.mark.long
def test_everything_is_the_same_whatever_threads_and_order(mixture, write_batches, run, all_of_it):
    one = run(write_batches(mixture, types="truth"), threads=1, name="one", **all_of_it)
    order = ["M3_ROI1", "M1_ROI1", "M2_ROI1"]
    two = run(write_batches(mixture, order, types="truth"), threads=2, name="two", **all_of_it)
    for name in TABLES:
        pd.testing.assert_frame_equal(
            read_table(one / f"{name}.parquet"), read_table(two / f"{name}.parquet"), check_exact=True
        )


def test_types_of_a_reference(mixture, write_batches, run, all_of_it):
    folder = run(write_batches(mixture), typing="transfer", reference=all_of_it["reference"])
    cells = read_table(folder / "cells.parquet", c.CELLS)
    both = cells.merge(mixture[["sample", "cell_id", "truth"]], on=["sample", "cell_id"])
    assert adjusted_rand_score(both["truth"], both["cell_type"]) > 0.9
    assert cells["confidence"].between(0, 1).all()


def test_spillover_is_named_by_a_file(mixture, write_batches, run, tmp_path):
    spilt = mixture.copy()
    spilt["CD8"] = spilt["CD8"] + 0.4 * spilt["CD4"]
    path = tmp_path / "matrix.csv"
    path.write_text("from,CD4,CD8\nCD4,1,0.4\nCD8,0,1\n")
    one = read_table(run(write_batches(mixture), name="one") / "cells.parquet")
    how = {"method": "reference", "compensation": str(path)}
    two = read_table(run(write_batches(spilt), name="two", normalise=how) / "cells.parquet")
    np.testing.assert_allclose(one["marker_CD8"], two["marker_CD8"], atol=1e-4)
    path.write_text("from,CD4,CD8\nCD4,1,0.4\nCD8,0,2\n")
    with pytest.raises(DataError, match="expected 1 on the diagonal, found 2 for CD8"):
        run(write_batches(spilt), normalise=how)
    path.write_text("from,CD4,CD8\nCD4,1,1\nCD8,1,1\n")
    with pytest.raises(DataError, match="a matrix of finite numbers that has an inverse"):
        run(write_batches(spilt), normalise=how)


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ({"cluster": "77", "marker": "CD4"}, "expected a cluster from 0 to "),
        ({"cluster": "0", "marker": "CD99"}, "expected a `type` or `state` marker of the data, found `CD99`"),
        ({"from_type": "Mast cells", "marker": "CD4"}, "expected a type that cells have, found `Mast cells`"),
    ],
)
def test_a_split_that_does_not_fit(mixture, write_batches, run, tmp_path, split, said):
    with pytest.raises(DataError, match=said):
        run(write_batches(mixture), splits=[{**split, "at_least": 0.5, "cell_type": "X"}])
    assert not (tmp_path / "cluster").exists()


def test_a_reference_without_types_or_markers(mixture, write_batches, run, tmp_path):
    ad.AnnData(np.ones((3, 2), np.float32), obs=pd.DataFrame({"a": ["x"] * 3}, index=list("123"))).write_h5ad(
        tmp_path / "r.h5ad"
    )
    for column, said in (
        ("kind", "expected an obs column `kind`"),
        ("a", "at least 2 of the markers that the data have"),
    ):
        with pytest.raises(DataError, match=said):
            run(write_batches(mixture), reference={"path": str(tmp_path / "r.h5ad"), "column": column})


def test_spillover_is_one_of_channels_not_of_transcripts():
    cells = Cells(
        sparse.csr_matrix(np.eye(4, 2, dtype=np.float32)), ["a", "b"], ["type"] * 2, pd.DataFrame(), np.zeros((4, 2))
    )
    config = ClusterConfig.model_validate({"normalise": {"method": "log", "compensation": "m.csv"}})
    with pytest.raises(DataError, match=r"`cluster\.normalise\.compensation`: expected none, for transcripts"):
        normalised(cells, config, 0, lambda markers: np.eye(2))
