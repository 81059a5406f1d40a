"""Any table by a column map."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k

COLUMNS = {"x": "X", "y": "Y", "cell_id": "id", "area": "size", "cell_type": "type", "domain": "tissue"}
TEXT = "id,X,Y,size,type,tissue,cd8\n4,1.5,2,10,B cell,tumour,0.5\n2,3,4,,NA,none,7\n9, 5 ,+6,30,T cell,,1e1\n"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "cells.csv"
    path.write_text(TEXT)
    return path


def test_columns_by_map(ingest, table):
    done = ingest({"a": table}, panel=None, format="table", columns=COLUMNS | {"markers": {"CD8": "cd8"}})
    assert done.code == 0, done.lines
    cells = done.cells
    assert list(cells.obs[k.CELL_ID]) == [4, 2, 9]
    assert cells.obsm[k.SPATIAL].tolist() == [[1.5, 2.0], [3.0, 4.0], [5.0, 6.0]]
    np.testing.assert_array_equal(cells.obs[k.AREA_UM2], [10.0, np.nan, 30.0])
    assert list(cells.obs[k.CELL_TYPE_PROVIDED]) == ["B cell", "unclassified", "T cell"]
    assert list(cells.obs[k.DOMAIN]) == ["tumour", "none", "none"]
    assert cells.X.tolist() == [[0.5], [7.0], [10.0]]
    assert list(cells.var_names) == ["CD8"]
    assert list(cells.var[k.USE]) == ["state"]


@pytest.mark.parametrize(("name", "delimiter"), [("t.tsv", "\t"), ("t.csv", ";"), ("t.txt", ",")])
def test_delimiters(ingest, tmp_path, name, delimiter):
    path = tmp_path / name
    path.write_text(TEXT.replace(",", delimiter))
    cells = ingest({"a": path}, panel=None, format="table", columns=COLUMNS).cells
    assert cells.shape == (3, 0)
    assert list(cells.obs[k.CELL_ID]) == [4, 2, 9]


def test_quoted_fields_and_rows_without_an_id(ingest, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('"X","Y","type"\n"1","2","Tumour, ""CK+"""\n\n3,4,Stroma\n')
    cells = ingest({"a": path}, panel=None, format="table", columns={"x": "X", "y": "Y", "cell_type": "type"}).cells
    assert list(cells.obs[k.CELL_ID]) == [1, 2]
    assert list(cells.obs[k.CELL_TYPE_PROVIDED]) == ['Tumour, "CK+"', "Stroma"]
    assert np.isnan(cells.obs[k.AREA_UM2]).all()


def test_the_panel_gives_markers_that_the_map_does_not_name(ingest, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("X,Y,CD8_mean,Hoechst\n1,2,3,4\n")
    panel = {
        "name": "p",
        "source": "p",
        "markers": [{"marker": "DNA", "channel": "Hoechst", "use": "dna"}, {"marker": "CD8"}],
    }
    columns = {"x": "X", "y": "Y", "markers": {"CD8": "CD8_mean"}}
    cells = ingest({"a": path}, panel=panel, format="table", columns=columns).cells
    assert cells.to_df().to_dict("list") == {"DNA": [4.0], "CD8": [3.0]}
    unknown = columns | {"markers": {"CD9": "CD8_mean"}}
    done = ingest({"a": path}, panel=panel, format="table", columns=unknown, name="other")
    assert (done.code, len(done.lines)) == (2, 1)
    assert "expected markers of the panel, found CD9" in done.lines[0]


def test_domains_keep_the_names_of_the_lab(ingest, tmp_path):
    names = {"red pulp": "red pulp", "B-zone": "B-zone", "Tumor": "tumour", "NORMAL": "normal", "": "none"}
    path = tmp_path / "t.csv"
    path.write_text("X,Y,tissue\n" + "".join(f"{i},2,{name}\n" for i, name in enumerate(names)))
    other = tmp_path / "other.csv"
    other.write_text("X,Y,tissue\n1,2,PALS\n")
    columns = {"x": "X", "y": "Y", "domain": "tissue"}
    done = ingest({"a": path, "b": other}, panel=None, format="table", columns=columns)
    assert done.code == 0, done.lines
    domain = done.cells.obs[k.DOMAIN]
    assert list(domain) == [*names.values(), "PALS"]
    # those that we know come first, also without cells: files of cohorts without names of their own stay as they were
    assert list(domain.cat.categories) == [*k.DOMAINS, "B-zone", "PALS", "red pulp", k.NO_DOMAIN]
    counts = done.samples.set_index(k.SAMPLE).filter(regex="^n_domain_").rename(columns=lambda c: c[9:])
    assert list(counts) == list(domain.cat.categories)
    a = dict.fromkeys(counts, 0) | {"red pulp": 1, "B-zone": 1, "tumour": 1, "normal": 1, "none": 1}
    assert counts.to_dict("index") == {"a": a, "b": dict.fromkeys(counts, 0) | {"PALS": 1}}


def test_odd_domains_and_types_are_faults(ingest, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("X,Y,type,tissue\n1,2,A,tumour\n3,4,A|B,red|pulp\n5,6,A|B,red|pulp\n")
    columns = {"x": "X", "y": "Y", "cell_type": "type", "domain": "tissue"}
    done = ingest({"a": path}, panel=None, format="table", columns=columns)
    assert done.code == 2
    assert len(done.lines) == 2
    domain = "a name of a tissue domain: printable text without `|`"
    assert f"row 3 (sample a), column `tissue`: expected {domain}, found `red|pulp` (and 1 more row)." in done.lines[0]
    assert (
        "row 3 (sample a), column `type`: expected a cell type without `|`, found `A|B` (and 1 more row)."
        in done.lines[1]
    )


def test_a_table_as_mcmicro_writes_it(ingest, shared_data):
    path = shared_data / "luad_cycif_mcmicro" / "exemplar-001--unmicst_cell.csv"
    source = pd.read_csv(path)
    panel = {
        "name": "exemplar-001",
        "source": "MCMICRO",
        "markers": [{"marker": "DNA", "channel": "DNA_6", "use": "dna"}, {"marker": "CD45"}, {"marker": "ECAD"}],
    }
    columns = {"x": "X_centroid", "y": "Y_centroid", "cell_id": "CellID", "area": "Area"}
    cells = ingest({"a": path}, panel=panel, format="table", columns=columns, pixel_size_um=0.65).cells
    assert cells.shape == (11201, 3)
    np.testing.assert_allclose(cells.X, source[[m.get("channel", m["marker"]) for m in panel["markers"]]], rtol=1e-6)
    np.testing.assert_allclose(cells.obsm[k.SPATIAL], source[["X_centroid", "Y_centroid"]] * 0.65, rtol=1e-12)
    np.testing.assert_allclose(cells.obs[k.AREA_UM2], source["Area"] * 0.65**2, rtol=1e-12)
