"""Files that mean harm: sparse matrices that lie, values that are elsewhere, few bytes that become many."""

from __future__ import annotations

import gzip
import warnings

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from tumint.cli import main
from tumint.io.raw import limits


@pytest.fixture
def path(tmp_path):
    """An honest h5ad: CSR in X, CSC in a layer, a graph, coordinates."""
    rng = np.random.default_rng(0)
    X = sparse.random(60, 5, 0.5, format="csr", random_state=rng, dtype=np.float32)
    data = ad.AnnData(X, obs=pd.DataFrame(index=[f"c{i}" for i in range(60)]), var=pd.DataFrame(index=list("ABCDE")))
    data.layers["other"] = X.tocsc()
    data.obsm["spatial"] = rng.uniform(0, 100, (60, 2))
    data.obsp["spatial_connectivities"] = sparse.eye(60, format="csr", k=1)
    data.write_h5ad(tmp_path / "cells.h5ad")
    return tmp_path / "cells.h5ad"


def read(ingest, path, form="h5ad"):
    return ingest({"A": path}, panel=None, format=form)


def refused(done, *texts):
    assert done.code == 2
    assert len(done.lines) == 1, done.lines
    for text in texts:
        assert text in done.lines[0], done.lines[0]
    assert not done.out.exists()


def test_the_honest_file_is_read(ingest, path):
    done = read(ingest, path)
    assert done.code == 0, done.lines
    np.testing.assert_array_equal(done.cells.X.toarray(), ad.read_h5ad(path).X.toarray())


@pytest.mark.parametrize("group", ["X", "layers/other", "obsp/spatial_connectivities"])
@pytest.mark.parametrize(
    ("part", "at", "value", "found"),
    [
        ("indices", 3, 10**6, "the index 1000000, which is not from 0 to"),
        ("indices", -1, -1, "the index -1, which is not from 0 to"),
        ("indptr", 2, 10**6, "row starts that do not rise"),
        ("indptr", 2, 0, "row starts that do not rise"),
        ("indptr", 0, 1, "row starts that do not rise"),
        ("indptr", -1, 2, "row starts that do not rise"),
    ],
)
def test_a_sparse_matrix_that_lies(ingest, path, group, part, at, value, found):
    with h5py.File(path, "r+") as file:
        values = file[group][part][:]
        values[at] = value
        file[group][part][...] = values
    refused(read(ingest, path), f"/{group} of ", "expected a sparse matrix of 60 × ", found)


@pytest.mark.parametrize("attribute", [{"encoding-type": np.bytes_("csr_matrix")}, {"h5sparse_format": "csr"}])
def test_a_sparse_matrix_that_lies_however_it_is_named(ingest, path, attribute):
    with h5py.File(path, "r+") as file:
        shape = file["X"].attrs["shape"]
        for name in list(file["X"].attrs):
            del file["X"].attrs[name]
        file["X"].attrs["shape" if "encoding-type" in attribute else "h5sparse_shape"] = shape
        for name, value in attribute.items():
            file["X"].attrs[name] = value
        file["X/indices"][3] = 10**6
    refused(read(ingest, path), "/X of ", "the index 1000000, which is not from 0 to")


@pytest.mark.parametrize("part", ["data", "indices", "indptr"])
def test_a_sparse_matrix_with_an_array_cut_off(ingest, path, part):
    with h5py.File(path, "r+") as file:
        values = file["X"][part][:-3]
        del file["X"][part]
        file["X"][part] = values
    refused(read(ingest, path), "/X of ", " values, ", " indices and ")


def _external_link(file, path):
    file["X"] = h5py.ExternalLink("other.h5", "/X")


def _soft_through_external(file, path):
    file["uns/away"] = h5py.ExternalLink("other.h5", "/")
    file["X"] = h5py.SoftLink("/uns/away/X")


def _soft_to_nowhere(file, path):
    file["X"] = h5py.SoftLink("/nowhere")


def _virtual(file, path):
    layout = h5py.VirtualLayout((60, 5), np.float32)
    layout[...] = h5py.VirtualSource(str(path.parent / "other.h5"), "X", (60, 5))
    file.create_virtual_dataset("X", layout)


def _external_storage(file, path):
    secret = path.parent / "secret.txt"
    secret.write_bytes(b"somebody's words" * 75)
    file.create_dataset("X", (60, 5), np.float32, external=[(str(secret), 0, 1200)])


@pytest.mark.parametrize(
    ("put", "found"),
    [
        (_external_link, "found a link to `other.h5`"),
        (_soft_through_external, "found a link to `other.h5`"),
        (_soft_to_nowhere, "found a link to `/nowhere`, which is not there"),
        (_virtual, "found a virtual dataset"),
        (_external_storage, "secret.txt`"),
    ],
)
def test_values_that_are_not_in_the_file(ingest, path, capsys, put, found):
    with h5py.File(path.parent / "other.h5", "w") as other:
        other["X"] = np.ones((60, 5), np.float32)
    with h5py.File(path, "r+") as file:
        del file["X"]
        put(file, path)
    refused(read(ingest, path), "expected values in the file itself", found)
    assert main(["init", str(path.parent / "new"), "--from", str(path)]) == 2
    assert found in capsys.readouterr().err
    assert main(["score", str(path), "-o", str(path.parent / "s.csv")]) == 2
    assert found in capsys.readouterr().err


def test_links_within_the_file_are_followed(ingest, path):
    with h5py.File(path, "r+") as file:
        file.move("X", "values")
        file["X"] = h5py.SoftLink("/values")
        file["layers/again"] = file["/layers/other"]
    assert read(ingest, path).code == 0


def test_groups_without_end(ingest, path):
    with h5py.File(path, "r+") as file:
        file["uns/ring"] = file["/uns"]
    refused(read(ingest, path), "/uns/ring of ", "each group of groups once")


def test_10x_h5_is_looked_through_as_well(ingest, tmp_path):
    file = tmp_path / "matrix.h5"
    counts = sparse.random(40, 6, 0.5, format="csr", random_state=0)

    def write(**changed):
        with h5py.File(file, "w") as h5:
            group = h5.create_group("matrix")
            arrays = {"data": (counts.data * 9 + 1).astype(int), "indices": counts.indices, "indptr": counts.indptr}
            for name, values in (arrays | changed).items():
                group[name] = values
            group["shape"] = [6, 40]
            group["barcodes"] = np.array([f"c{i}-1" for i in range(40)], "S")
            group["features/name"] = np.array(list("ABCDEF"), "S")
        return read(ingest, file, "10x")

    assert write().code == 0
    (tmp_path / "results" / "b0001.h5ad").unlink()
    for at in (6, -1):
        refused(write(indices=np.where(np.arange(counts.nnz) == 5, at, counts.indices)), f"the index {at}")
    with h5py.File(file, "r+") as h5:
        del h5["matrix/data"]
        h5["matrix/data"] = h5py.ExternalLink("other.h5", "/X")
    refused(read(ingest, file, "10x"), "a link to `other.h5`")


def test_spatialdata_is_looked_through_as_well(ingest, path, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it imports
        from spatialdata import SpatialData

        store = tmp_path / "s.zarr"
        SpatialData(tables={"table": ad.read_h5ad(path)}).write(store)
    import zarr

    assert ingest({"A": store}, panel=None, format="spatialdata").code == 0
    (tmp_path / "results" / "b0001.h5ad").unlink()
    zarr.open(store / "tables" / "table" / "X" / "indices", mode="r+")[4] = 10**6
    refused(ingest({"A": store}, panel=None, format="spatialdata"), "a sparse matrix whose indices lie within it")


LIMIT = "expected 200 times its "


def test_few_bytes_that_become_many(ingest, path, tmp_path, monkeypatch):
    with h5py.File(path, "r+") as file:
        file.create_dataset("layers/bomb", (1 << 15, 1 << 17), "f4", chunks=(64, 64), compression="gzip")
    refused(read(ingest, path), LIMIT, "or 1.1 GB at most, once unpacked, found over 17.2 GB")
    monkeypatch.setattr(limits, "ALWAYS", 1 << 20)
    columns = {"x": "x", "y": "y", "markers": {"CD8": "cd8"}}
    text = b"x,y,cd8\n" + b"1,1,0\n" * (1 << 19)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(text))
    refused(ingest({"A": tmp_path / "t.csv.gz"}, panel=None, format="table", columns=columns), LIMIT)
    frame = pd.DataFrame(dict.fromkeys(("x", "y", "cd8"), np.ones(1 << 18)))
    frame.to_parquet(tmp_path / "t.parquet")
    refused(ingest({"A": tmp_path / "t.parquet"}, panel=None, format="table", columns=columns), LIMIT)


@pytest.mark.parametrize("bomb", ["matrix.mtx.gz", "features.tsv.gz", "barcodes.tsv.gz"])
def test_10x_folders_that_become_many(ingest, formats, tmp_path, monkeypatch, bomb):
    monkeypatch.setattr(limits, "ALWAYS", 1 << 20)
    folder = formats.tenx(tmp_path / "m")
    there = next(f for f in folder.iterdir() if f.name.startswith(bomb.removesuffix(".gz")))
    text = gzip.decompress(there.read_bytes()) if there.suffix == ".gz" else there.read_bytes()
    there.unlink()
    (folder / bomb).write_bytes(gzip.compress(text + b"\n" * (1 << 22)))
    refused(read(ingest, folder, "10x"), bomb, LIMIT)


def test_a_10x_header_that_asks_for_all_memory(ingest, formats, tmp_path):
    folder = formats.tenx(tmp_path / "m")
    for file in folder.glob("matrix.mtx*"):
        file.unlink()
    n_cells = len(formats.tenx_counts())
    head = f"%%MatrixMarket matrix coordinate integer general\n{{}} {n_cells} {10**13}\n1 1 1\n"
    names = len(
        (gzip.decompress if next(folder.glob("features*")).suffix == ".gz" else bytes)(
            next(folder.glob("features*")).read_bytes()
        ).splitlines()
    )
    (folder / "matrix.mtx").write_text(head.format(names))
    refused(read(ingest, folder, "10x"), "10000000000000 values in ")
    (folder / "matrix.mtx").write_text(head.format(10**15))
    refused(read(ingest, folder, "10x"), f"a matrix of {10**15} features")


def test_honest_files_stay_far_below_the_ratio(ingest, path, tmp_path, monkeypatch):
    """Without the size that always passes: counts that are mostly 0, dense and packed, and a table in gzip."""
    monkeypatch.setattr(limits, "ALWAYS", 0)
    rng = np.random.default_rng(1)
    counts = rng.poisson(0.05, (4000, 300)).astype(np.float32)
    data = ad.AnnData(counts, obs=pd.DataFrame(index=[f"c{i}" for i in range(4000)]))
    data.write_h5ad(tmp_path / "dense.h5ad", compression="gzip")
    assert read(ingest, tmp_path / "dense.h5ad").code == 0
    frame = pd.DataFrame({"x": rng.uniform(0, 9999, 4000).round(2), "y": rng.uniform(0, 9999, 4000).round(2)})
    frame = frame.assign(**{f"m{i}": (rng.uniform(size=4000) < 0.02).astype(int) for i in range(60)})
    frame.to_csv(tmp_path / "t.csv.gz", index=False)
    columns = {"x": "x", "y": "y", "markers": {"CD8": "m1"}}
    assert ingest({"A": tmp_path / "t.csv.gz"}, panel=None, format="table", columns=columns, name="t").code == 0
