"""The stage on a mixture of the panel's types: what it writes, how it types, what it refuses."""

from __future__ import annotations

import time
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import adjusted_rand_score

from tumint.errors import DataError
from tumint.io.cells import read_cells
from tumint.io.contracts import CELLS, CLUSTERS, MARKER_MEANS
from tumint.io.tables import read_meta, read_table

pytestmark = pytest.mark.long
FILES = ("cells.h5ad", "cells.parquet", "clusters.parquet", "marker_means.parquet")


def _with_truth(folder: Path, mixture: pd.DataFrame) -> pd.DataFrame:
    cells = read_table(folder / "cells.parquet", CELLS)
    return cells.merge(mixture[["sample", "cell_id", "truth"]], on=["sample", "cell_id"], validate="one_to_one")


def _lines(error: pytest.ExceptionInfo[DataError]) -> list[str]:
    return [str(fault) for fault in error.value.faults]


@pytest.fixture
def batches(mixture, write_batches):
    return write_batches(mixture)


def test_types_are_found_rare_ones_too(batches, run, mixture):
    cells = _with_truth(run(batches), mixture)
    assert adjusted_rand_score(cells["truth"], cells["cell_type"]) > 0.95
    recall = (cells["cell_type"] == cells["truth"]).groupby(cells["truth"]).mean()
    assert recall.min() > 0.85, recall
    right = cells["cell_type"] == cells["truth"]
    assert cells["confidence"].between(0, 1).all()
    assert cells["confidence"][right].mean() > cells["confidence"][~right].mean() + 0.2


def test_a_resolution_that_merges_types_is_made_good(batches, run, mixture):
    cells = _with_truth(run(batches, resolution=0.02), mixture)
    assert adjusted_rand_score(cells["truth"], cells["cell_type"]) > 0.9


def test_tables(batches, run, mixture, panel):
    folder = run(batches)
    cells = read_table(folder / "cells.parquet", CELLS)
    clusters = read_table(folder / "clusters.parquet", CLUSTERS)
    means = read_table(folder / "marker_means.parquet", MARKER_MEANS)
    assert len(cells) == len(mixture)
    # samples as given, ids ascending, one row group for each
    assert list(dict.fromkeys(cells["sample"])) == list(dict.fromkeys(mixture["sample"]))
    assert all(ids.is_monotonic_increasing for _, ids in cells.groupby("sample", sort=False)["cell_id"])
    assert pq.ParquetFile(folder / "cells.parquet").num_row_groups == 3
    first = cells.merge(mixture, on=["sample", "cell_id"])
    np.testing.assert_array_equal(first["x_um"], first["x"])
    # clusters from the largest, and their counts and types those of the cells
    assert clusters["n"].is_monotonic_decreasing
    assert list(clusters["cluster"]) == [str(i) for i in range(len(clusters))]
    counts = cells.groupby("cluster").size()
    assert all(counts[row.cluster] == row.n for row in clusters.itertuples())
    types = cells.groupby("cluster")["cell_type"].agg(set)
    assert all(types[row.cluster] == {row.cell_type} for row in clusters.itertuples())
    assert (clusters["score"] >= clusters["runner_up_score"]).all()
    # means are those of the marker columns, which are the type and state markers
    shown = [c.removeprefix("marker_") for c in cells if c.startswith("marker_")]
    assert shown == panel.used("type", "state")
    assert cells["marker_CD8"].dtype == np.float32
    for by in ("cluster", "cell_type"):
        expected = cells.groupby(by)["marker_CD8"].mean()
        rows = means[(means["by"] == by) & (means["marker"] == "CD8")].set_index("group")
        np.testing.assert_allclose(rows["mean"], expected.loc[rows.index], rtol=1e-5)
        assert list(rows["n"]) == list(cells.groupby(by).size().loc[rows.index])
    meta = read_meta(folder / "cells.parquet")
    assert meta["stage"] == "cluster"
    assert meta["params"]["cluster"]["n_neighbours"] == 20


def test_anndata_is_the_same_cells(batches, run):
    folder = run(batches)
    table, cells = read_table(folder / "cells.parquet"), ad.read_h5ad(folder / "cells.h5ad")
    for column in ("sample", "cell_id", "domain", "cluster", "cell_type", "confidence"):
        assert list(cells.obs[column]) == list(table[column]), column
    np.testing.assert_array_equal(cells.obsm["spatial"], table[["x_um", "y_um"]])
    np.testing.assert_array_equal(cells[:, "CD68"].X.ravel(), table["marker_CD68"])
    raw = ad.read_h5ad(batches[1])
    same = cells[cells.obs["sample"] == "M3_ROI1"]
    np.testing.assert_array_equal(same.layers["counts"], raw.X[np.argsort(raw.obs["cell_id"])])
    assert cells.obs_names.is_unique
    assert list(cells.obs["cluster"].cat.categories) == [str(i) for i in range(cells.obs["cluster"].nunique())]


def test_same_bytes_for_any_threads_and_time(batches, run):
    one = run(batches, threads=1, name="one")
    time.sleep(1.1)  # a date in a file would show
    two = run(batches, threads=2, name="two")
    for name in FILES:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name


def test_order_of_the_sheet_changes_no_label(mixture, write_batches, run):
    columns = ["sample", "cell_id", "cluster", "cell_type", "confidence", "marker_CD4"]
    tables = []
    for order in (["M1_ROI1", "M2_ROI1", "M3_ROI1"], ["M3_ROI1", "M1_ROI1", "M2_ROI1"]):
        table = read_table(run(write_batches(mixture, order), name=order[0]) / "cells.parquet")
        assert list(dict.fromkeys(table["sample"])) == order
        tables.append(table[columns].sort_values(["sample", "cell_id"], ignore_index=True))
    pd.testing.assert_frame_equal(*tables, check_exact=True)


@pytest.mark.parametrize("method", ["arcsinh", "none"])
def test_other_normalisations_type_as_well(mixture, write_batches, run, method):
    level = mixture.copy()
    markers = [c for c in level if c not in ("sample", "cell_id", "truth", "x", "y")]
    gain = level.groupby("sample")["Xe131"].transform("median")
    level[markers] = level[markers].div(gain, axis=0)
    level[markers] = np.log1p(10 * level[markers]) if method == "none" else 30 * level[markers]
    cells = _with_truth(run(write_batches(level), normalise={"method": method}), mixture)
    assert adjusted_rand_score(cells["truth"], cells["cell_type"]) > 0.9


def test_what_no_signature_describes_is_unclassified(batches, run, mixture, panel):
    kept = [s.model_dump() for s in panel.signatures if s.cell_type != "Fibroblasts"]
    folder = run(batches, shared={"panel": panel.model_dump() | {"signatures": kept}})
    cells = _with_truth(folder, mixture)
    unknown = cells["truth"] == "Fibroblasts"
    assert (cells["cell_type"][unknown] == "unclassified").mean() > 0.95
    assert (cells["cell_type"][~unknown] == "unclassified").mean() < 0.02


@pytest.mark.parametrize("policy", ["intersect", "fill"])
def test_a_marker_that_a_sample_lacks(mixture, write_batches, run, capsys, policy):
    table = mixture.copy()
    table.loc[table["sample"] == "M1_ROI1", "CD206"] = np.nan
    table.loc[table.index[table["sample"] == "M3_ROI1"][:2], "CD3"] = np.nan
    folder = run(write_batches(table), shared={"missing_marker": policy})
    cells, said = read_table(folder / "cells.parquet"), capsys.readouterr().err
    lacking = cells["sample"] == "M1_ROI1"
    if policy == "fill":
        assert (cells.loc[lacking, "marker_CD206"] == 0).all()
        assert (cells.loc[~lacking, "marker_CD206"] > 0).any()
        assert "markers set to 0: CD206 (not in M1_ROI1)" in said
    else:
        assert "marker_CD206" not in cells
        assert "CD206" not in read_cells(folder / "cells.h5ad").var_names
        assert "markers left out: CD206 (not in M1_ROI1)" in said
        assert "cell types left out: Macrophages type 2 (needs CD206)" in said
        assert read_meta(folder / "cells.parquet")["notes"]["markers_left_out"] == ["CD206 (not in M1_ROI1)"]
    assert "values set to 0: CD3 (2 cells)" in said
    assert np.isfinite(cells["marker_CD3"]).all()


def test_provided(mixture, write_batches, run):
    table = mixture.assign(given=mixture["truth"].where(mixture["cell_id"] % 10 != 0))
    folder = run(write_batches(table, types="given"), typing="provided")
    cells = _with_truth(folder, mixture)
    named = cells["cell_id"] % 10 != 0
    assert (cells["cell_type"][named] == cells["truth"][named]).all()
    assert (cells["cell_type"][~named] == "unclassified").all()
    assert (cells["cluster"] == cells["cell_type"]).all()
    assert (cells["confidence"] == 1).all()
    clusters = read_table(folder / "clusters.parquet", CLUSTERS)
    assert dict(zip(clusters["cluster"], clusters["n"], strict=True)) == dict(cells["cell_type"].value_counts())
    assert clusters["n"].is_monotonic_decreasing
    assert cells["marker_CD8"].quantile(0.99) == pytest.approx(1, abs=0.1)  # normalised where a reference allows it


def test_provided_without_a_reference_keeps_the_values(mixture, write_batches, run, capsys):
    table = mixture.drop(columns="Xe131")
    cells = read_table(run(write_batches(table, types="truth"), typing="provided") / "cells.parquet")
    both = cells.merge(mixture, on=["sample", "cell_id"])
    np.testing.assert_array_equal(both["marker_CD68"], both["CD68"].astype(np.float32))
    assert "no reference channel came with the data" in capsys.readouterr().err


def test_provided_without_any_marker(mixture, write_batches, run):
    bare = mixture[["sample", "cell_id", "truth", "x", "y"]]
    folder = run(write_batches(bare, types="truth"), typing="provided", shared={"panel": None})
    assert list(_with_truth(folder, mixture)["cell_type"].value_counts()) == list(mixture["truth"].value_counts())
    assert read_cells(folder / "cells.h5ad").shape == (len(mixture), 0)
    assert read_table(folder / "marker_means.parquet", MARKER_MEANS).empty


def test_provided_names_the_samples_without_types(mixture, write_batches, run):
    table = mixture.assign(given=mixture["truth"].where(mixture["sample"] != "M1_ROI1").replace("B cells", "B|cells"))
    with pytest.raises(DataError) as error:
        run(write_batches(table, types="given"), typing="provided")
    lines = _lines(error)
    assert len(lines) == 2
    assert lines[0].startswith("sample M1_ROI1: expected cells with a type, for `cluster.typing: provided`, found none")
    assert lines[1].endswith("expected cell types without `|`, found `B|cells`.")
    with pytest.raises(DataError) as error:
        run(write_batches(mixture), typing="provided")
    assert [line.split(":")[0] for line in _lines(error)] == [f"sample {s}" for s in dict.fromkeys(mixture["sample"])]


def test_table(batches, run, mixture, tmp_path):
    first = read_table(run(batches) / "clusters.parquet")
    renamed = first["cell_type"].replace({"Epithelium": "", "CD8 T cells": "T cells", "CD4 T cells": "T cells"})
    path = tmp_path / "types.csv"
    pd.DataFrame({"cluster": first["cluster"], "cell_type": renamed}).to_csv(path, index=False)
    folder = run(batches, name="table", typing="table", type_table=str(path))
    cells = _with_truth(folder, mixture)
    was = read_table(folder.parent / "cluster" / "cells.parquet")
    assert list(cells["cluster"]) == list(was["cluster"])  # the table of one run fits the next
    assert (cells["cell_type"][was["cell_type"] == "Epithelium"] == "unclassified").all()
    assert (cells["cell_type"][was["cell_type"] == "CD8 T cells"] == "T cells").all()
    assert list(read_table(folder / "clusters.parquet", CLUSTERS)["cell_type"]) == [
        t or "unclassified" for t in renamed
    ]


def test_a_table_that_does_not_fit(batches, run, tmp_path):
    clusters = list(read_table(run(batches) / "clusters.parquet")["cluster"])
    path = tmp_path / "types.csv"
    rows = [(c, "A") for c in clusters[1:]] + [("77", "A|B"), (clusters[2], "C")]
    pd.DataFrame(rows, columns=["cluster", "cell_type"]).to_csv(path, index=False)
    with pytest.raises(DataError) as error:
        run(batches, typing="table", type_table=str(path), name="table")
    assert _lines(error) == [
        f"{path}: expected a row for every cluster, found none for 0.",
        f"{path}: expected clusters 0 to {len(clusters) - 1}, found `77`.",
        f"{path}: expected each cluster once, found `{clusters[2]}` more than once.",
        f"{path}: expected cell types without `|`, found `A|B`.",
    ]
    assert not (tmp_path / "table").exists()
    path.write_text("clusters;cell_type\n0;A\n")
    with pytest.raises(DataError, match=r"header: expected a column `cluster`, found none \(the nearest is `clusters"):
        run(batches, typing="table", type_table=str(path))
    with pytest.raises(DataError, match=r"no-such\.csv: expected a CSV with columns"):
        run(batches, typing="table", type_table=str(tmp_path / "no-such.csv"))


def test_no_cells(mixture, write_batches, run):
    paths = write_batches(mixture)
    for path in paths:
        cells = ad.read_h5ad(path)
        cells[:0].copy().write_h5ad(path)
    with pytest.raises(DataError, match=r"at least one cell that passed quality control, found none in .*b000"):
        run(paths)


def test_an_empty_batch_is_no_fault(mixture, write_batches, run):
    paths = write_batches(mixture)
    ad.read_h5ad(paths[1])[:0].copy().write_h5ad(paths[1])
    cells = read_table(run(paths) / "cells.parquet", CELLS)
    assert list(dict.fromkeys(cells["sample"])) == list(dict.fromkeys(mixture["sample"]))[:2]


def test_reference_must_read_something(mixture, write_batches, run):
    table = mixture.copy()
    table.loc[table["sample"] != "M2_ROI1", "Xe131"] = 0.0
    with pytest.raises(DataError) as error:
        run(write_batches(table))
    assert _lines(error) == [
        f"sample {name}: expected a median of the reference channel Xe131 above 0, found `0`."
        for name in dict.fromkeys(mixture["sample"])
        if name != "M2_ROI1"
    ]
    with pytest.raises(DataError, match="panel: expected a marker whose use is `reference` in every sample"):
        run(write_batches(mixture.drop(columns="Xe131")))
