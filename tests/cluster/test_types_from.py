"""Types from a table of the user's own: joined by every name that a cell has, counted, checked before all else."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.cluster.stage import run
from tumint.cluster.types_from import check_header, types_of_cells, types_of_clusters
from tumint.config.cluster import ClusterConfig
from tumint.config.model import StageParams
from tumint.errors import DataError
from tumint.io.cells import read_cells, write_cells

OBS = pd.DataFrame(
    {
        k.SAMPLE: ["s1", "s1", "s2", "s2"],
        k.CELL_ID: [1, 2, 1, 7],
        k.CELL_NAME: ["aaac-1", "aaag-1", "ccca-1", "cccg-1"],
    }
)


def types(tmp_path, text, obs=OBS):
    path = tmp_path / "types.csv"
    path.write_text(text)
    found, said = types_of_cells(str(path), obs)
    return list(found), said.removeprefix(f"{path}: ")


def test_by_sample_and_id(tmp_path):
    found, said = types(tmp_path, "sample,cell_id,cell_type\ns2,1,B\ns1,1.0,A\ns1,2,\ns9,4,C\n")
    assert found == ["A", "unclassified", "B", "unclassified"]
    assert said == "3 of 4 cells matched; the other 1 is `unclassified`; 1 row of the table is of no cell here"


@pytest.mark.parametrize(
    "text",
    [
        "barcode;celltype\ncccg-1;A\naaag-1;B\n",
        ",leiden names\ns2:7,A\ns1:2,B\n",  # obs of our own h5ad, as pandas writes it
        "cell_id,type\n7,A\n2,B\n",  # ids that no two samples share
    ],
)
def test_by_names(tmp_path, text):
    found, said = types(tmp_path, text)
    assert found == ["unclassified", "B", "unclassified", "A"]
    assert said.startswith("2 of 4 cells matched")


def test_a_sample_without_any_is_named(tmp_path):
    assert types(tmp_path, "cell,type\naaac-1,A\n")[1].endswith("; no cell of s2 is in it")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cell_id,cell_type\n1,A\n", "a column `sample`, where ids repeat from sample to sample, found none, and `1`"),
        ("cell_id,cell_type\n2,A\n2,B\n", "one type for each, found two for `2`, in a table without a column"),
        ("sample,cell_id,cell_type\ns1,2,A\ns1,2,B\n", "one type for each, found two for `2` of sample s1"),
        ("cell_id,cell_type\nx,A\n", "ids of the cells, such as `1` of sample s1, found `x`"),
        ("cell_id,cell_type\n2,A|B\n", "a cell type without `|`"),
        ("cell_id,a,b\n2,A,B\n", "columns `cell_id` and `cell_type`, and `sample` where ids repeat, found"),
    ],
)
def test_what_cannot_be_joined_is_one_line(tmp_path, text, said):
    with pytest.raises(DataError) as error:
        types(tmp_path, text)
    (fault,) = error.value.faults
    assert said in str(fault)


def test_clusters(tmp_path):
    path = tmp_path / "types.csv"
    path.write_text("cluster,name\n0,A\n2.0,B\n9,C\n")
    found, said = types_of_clusters(str(path), ["0", "1", "2"])
    assert found == {"0": "A", "1": "unclassified", "2": "B"}
    assert "2 of 3 clusters matched; the other 1 is `unclassified`; 1 row of the table" in said
    path.write_text("cluster,name\nx,A\n")
    with pytest.raises(DataError, match="expected clusters 0 to 2, found `x`"):
        types_of_clusters(str(path), ["0", "1", "2"])


def test_the_header_is_checked_first(tmp_path):
    path = tmp_path / "types.csv"
    path.write_text("cluster,cell_type\n0,A\n")
    assert check_header(str(path), "table") == []
    (fault,) = check_header(str(path), "provided")
    assert str(fault).startswith("config: key `cluster.types_from`: expected columns `cell_id` and `cell_type`")
    assert "(a table of clusters wants `cluster.typing: table`)" in str(fault)
    (fault,) = check_header(str(tmp_path / "none.csv"), "provided")
    assert "expected a file, found none" in str(fault)


def test_the_config(tmp_path):
    assert ClusterConfig(types_from="a.csv").typing == "provided"
    assert ClusterConfig(types_from="a.csv", typing="table").files == ["a.csv"]
    for wrong in ({"typing": "signatures"}, {"typing": "table", "type_table": "b.csv"}, {"type_table": "b.csv"}):
        with pytest.raises(ValueError, match="`types_from`"):
            ClusterConfig(types_from="a.csv", **wrong)


def test_the_stage_joins_and_counts(tmp_path, capsys):
    rng = np.random.default_rng(0)
    obs = OBS.assign(**{k.AREA_UM2: 9.0, k.DOMAIN: pd.Categorical(["none"] * 4)})
    obs[k.SAMPLE] = pd.Categorical(obs[k.SAMPLE])
    obs.index = pd.Index([f"c{i}" for i in range(4)])
    X = rng.random((4, 2)).astype(np.float32)
    cells = ad.AnnData(X, obs, pd.DataFrame({k.USE: "type"}, index=["CD8", "CD4"]), obsm={k.SPATIAL: X.astype(float)})
    write_cells(cells, tmp_path / "b.h5ad", meta={})
    (tmp_path / "types.csv").write_text("barcode,cell_type\naaac-1,T cells\ncccg-1,Tumour\n")
    config = ClusterConfig(types_from=str(tmp_path / "types.csv"), normalise={"method": "arcsinh"})
    run(StageParams(cluster=config), [tmp_path / "b.h5ad"], tmp_path / "out", threads=1)
    found = read_cells(tmp_path / "out" / "cells.h5ad")
    assert list(found.obs[k.CELL_TYPE]) == ["T cells", "unclassified", "unclassified", "Tumour"]
    assert list(found.obs[k.CELL_NAME]) == list(OBS[k.CELL_NAME])
    said = capsys.readouterr().err
    assert f"tumint: types from: {tmp_path / 'types.csv'}: 2 of 4 cells matched; the other 2 are" in said
