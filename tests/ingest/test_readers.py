"""Every format: cells, coordinates in µm, intensities and neighbours as the source has them.

QuPath, inForm, HALO, Xenium, SpatialData and 10x files are made by `tests/data/make_formats.py`; the others are real.
"""

from __future__ import annotations

import re
import shutil
import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from tumint import keys as k

STEINBOCK = ["Ag107", "Cytokeratin 5", "Laminin", "YBX1", "H3K27Ac"]


def panel(*markers, **uses):
    """A panel whose channels are called as `markers`, all of type but those in `uses`."""
    return {"name": "p", "source": "test", "markers": [{"marker": m, "use": uses.get(m, "type")} for m in markers]}


def close(found, expected):
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=1e-6, atol=1e-6)


@pytest.fixture
def imc(shared_data):
    return shared_data / "imc_reader_fixtures"


# ---------------------------------------------------------------------------------------------- CellProfiler folder
# mass decides the number of a channel: Ag107 c1, Pr141 c2, Sm147 c3, Eu153 c4, Yb172 c5
CP = panel("Ag107", "Cytokeratin 5", "Laminin", "YBX1", "Yb172")


def test_imc_segmentation_pipeline(ingest, imc):
    folder = imc / "analysis" / "cpout"
    numbers = [str(n) for n in range(1, 16)]
    done = ingest(
        {f"i{n}": folder for n in numbers}, parts={f"i{n}": n for n in numbers}, panel=CP, format="cellprofiler_folder"
    )
    assert done.code == 0, done.lines
    source = pd.read_csv(folder / "cell.csv")
    cells = done.cells
    assert cells.shape == (239, 5)
    close(cells.X, source[[f"Intensity_MeanIntensity_FullStack_c{n}" for n in range(1, 6)]])
    close(cells.obsm[k.SPATIAL], source[["Location_Center_X", "Location_Center_Y"]])
    close(cells.obs[k.AREA_UM2], source["AreaShape_Area"])
    assert list(cells.obs[k.SAMPLE]) == [f"i{n}" for n in source["ImageNumber"]]
    assert list(cells.obs[k.CELL_ID]) == list(source["ObjectNumber"])
    pairs = pd.read_csv(folder / "Object relationships.csv")
    assert len(done.edges) == len(pairs) == 1484
    expected = set(
        zip(pairs["First Image Number"], pairs["First Object Number"], pairs["Second Object Number"], strict=True)
    )
    edges = done.edges
    found = set(zip(edges[k.SAMPLE].str[1:].astype(int), edges[k.SOURCE_CELL], edges[k.TARGET_CELL], strict=True))
    assert found == expected


def test_an_image_of_the_folder_without_cells_is_empty_and_one_that_is_not_there_a_fault(ingest, imc, tmp_path):
    folder = tmp_path / "cpout"
    shutil.copytree(imc / "analysis" / "cpout", folder)
    cells = pd.read_csv(folder / "cell.csv", dtype=str, keep_default_na=False)
    (folder / "cell.csv").chmod(0o644)
    cells[cells["ImageNumber"] != "4"].to_csv(folder / "cell.csv", index=False)
    rows = {"a": folder, "b": folder}
    args = {"panel": CP, "format": "cellprofiler_folder", "on_bad_sample": "quarantine", "relationships": False}
    done = ingest(rows, parts={"a": "4", "b": "5"}, **args)
    assert dict(zip(done.samples["sample"], done.samples["status"], strict=True)) == {"a": "empty", "b": "ok"}
    done = ingest(rows, parts={"a": "16", "b": "5"}, name="other", **args)
    assert list(done.samples["status"]) == ["quarantined", "ok"]
    assert "expected rows whose `ImageNumber` is `16`, as in the sheet, found none" in done.samples["reason"][0]


def test_counts_of_a_16_bit_image_by_the_scale(ingest, imc):
    folder = imc / "analysis" / "cpout"
    args = {"panel": CP, "format": "cellprofiler_folder", "intensity_scale": 65535, "pixel_size_um": 0.5}
    cells = ingest({"a": folder}, parts={"a": "3"}, **args).cells
    source = pd.read_csv(folder / "cell.csv").query("ImageNumber == 3")
    close(cells.X[:, 4], source["Intensity_MeanIntensity_FullStack_c5"] * 65535)
    close(cells.obsm[k.SPATIAL][:, 0], source["Location_Center_X"] / 2)


# -------------------------------------------------------------------------------------------------------- steinbock
def test_steinbock(ingest, imc):
    files = sorted((imc / "steinbock" / "intensities_deepcell").glob("*.csv"))
    done = ingest({f.stem: f for f in files}, panel=panel(*STEINBOCK), format="steinbock")
    assert done.code == 0, done.lines
    cells, edges = done.cells, done.edges
    assert (cells.shape, len(files)) == ((404, 5), 15)
    for file in files:
        part = cells[cells.obs[k.SAMPLE] == file.stem]
        source, shapes = (
            pd.read_csv(str(file).replace("intensities", kind), index_col="Object")
            for kind in ("intensities", "regionprops")
        )
        close(part.X, source[STEINBOCK])
        shapes = shapes.loc[source.index]
        close(part.obsm[k.SPATIAL], shapes[["centroid-1", "centroid-0"]])
        close(part.obs[k.AREA_UM2], shapes["area"])
        close(part.obs[k.ECCENTRICITY], shapes["eccentricity"])
        pairs = pd.read_csv(str(file).replace("intensities", "neighbors"))
        own = edges[edges[k.SAMPLE] == file.stem]
        given = set(zip(pairs["Object"], pairs["Neighbor"], strict=True))
        assert set(zip(own[k.SOURCE_CELL], own[k.TARGET_CELL], strict=True)) == given
    assert (done.samples["n_outside"] == 0).all()


def test_steinbock_as_one_table_and_as_anndata(ingest, imc):
    files = sorted((imc / "steinbock" / "intensities_deepcell").glob("*.csv"))
    one = ingest({f.stem: f for f in files}, panel=panel(*STEINBOCK), format="steinbock").cells
    table, h5ad = imc / "steinbock" / "cells.csv", imc / "steinbock" / "cells.h5ad"
    parts = {f.stem: f"{f.stem}.tiff" for f in files}
    args = {"parts": parts, "panel": panel(*STEINBOCK)}
    two = ingest(dict.fromkeys(parts, table), format="steinbock", name="two", **args).cells
    columns = {"part": "Image", "x": "centroid-1", "y": "centroid-0", "area": "area"}
    three = ingest(dict.fromkeys(parts, h5ad), format="h5ad", columns=columns, name="three", **args).cells
    for other in (two, three):
        assert list(other.obs[k.SAMPLE]) == list(one.obs[k.SAMPLE])
        close(other.X, one.X)
        close(other.obsm[k.SPATIAL], one.obsm[k.SPATIAL])


def test_steinbock_image_without_objects_and_objects_that_do_not_fit(ingest, imc, tmp_path):
    shutil.copytree(imc / "steinbock", tmp_path / "s")
    for path in (tmp_path / "s").rglob("*"):
        path.chmod(0o755)
    names = sorted(f.name for f in (tmp_path / "s" / "intensities_deepcell").glob("*.csv"))
    for kind in ("intensities", "regionprops", "neighbors"):
        file = tmp_path / "s" / f"{kind}_deepcell" / names[0]
        file.write_text(file.read_text().splitlines()[0] + "\n")
    shapes = tmp_path / "s" / "regionprops_deepcell" / names[1]
    shapes.write_text("\n".join(shapes.read_text().splitlines()[:-1]) + "\n")
    rows = {name[:-4]: tmp_path / "s" / "intensities_deepcell" / name for name in names}
    done = ingest(rows, panel=panel(*STEINBOCK), format="steinbock", on_bad_sample="quarantine")
    assert list(done.samples["status"]) == ["empty", "quarantined", *["ok"] * 13]
    assert re.search(r"expected the 21 objects of .*, found 20; 21 not in both", done.samples["reason"][1])


# ---------------------------------------------------------------------------------------------------------- MCMICRO
def test_mcmicro(ingest, shared_data):
    path = shared_data / "luad_cycif_mcmicro" / "exemplar-001--unmicst_cell.csv"
    source = pd.read_csv(path)
    names = list(pd.read_csv(path.with_name("markers.csv"))["marker_name"])
    done = ingest({"a": path}, panel=panel(*names, DNA_6="dna"), format="mcmicro", pixel_size_um=0.65)
    cells = done.cells
    assert cells.shape == (11201, 12)
    close(cells.X, source[names])
    close(cells.obsm[k.SPATIAL], source[["X_centroid", "Y_centroid"]] * 0.65)
    close(cells.obs[k.SOLIDITY], source["Solidity"])


# ------------------------------------------------------------------------------------------------- QuPath, inForm, HALO
QUPATH = {"Tumor": "tumour", "Stroma": "Stroma", "Root object (Image)": "none"}  # domain by `Parent`


def test_qupath(ingest, formats, tmp_path):
    path = formats.qupath(tmp_path / "d.tsv")
    rows = {"A": path, "B": path}
    done = ingest(rows, parts={"A": "a.ome.tif", "B": "b.ome.tif"}, panel=panel(*formats.CHANNELS), format="qupath")
    source = pd.read_csv(path, sep="\t", keep_default_na=False)
    cells = done.cells
    close(cells.X, source[[f"Cell: {c} mean" for c in formats.CHANNELS]])
    close(cells.obsm[k.SPATIAL], source[["Centroid X µm", "Centroid Y µm"]])
    close(cells.obs[k.AREA_UM2], source["Cell: Area µm^2"])
    assert list(cells.obs[k.CELL_TYPE_PROVIDED]) == [c or k.UNCLASSIFIED for c in source["Classification"]]
    assert list(cells.obs[k.DOMAIN]) == [QUPATH[parent] for parent in source["Parent"]]
    assert list(cells.obs[k.CELL_ID]) == [*range(1, 13), *range(1, 13)]
    done = ingest({"A": path}, panel=panel(*formats.CHANNELS), format="qupath", name="whole")
    assert (done.code, len(done.lines)) == (2, 1)
    assert (
        "expected one sample, or a column `part` in the sheet that says which of several, found 2 in `Image`"
        in done.lines[0]
    )


@pytest.mark.parametrize("microns", [False, True])
def test_inform(ingest, formats, tmp_path, microns):
    path = formats.inform(tmp_path / "s_cell_seg_data.txt", microns=microns)
    cells = ingest({"A": path}, panel=panel("DAPI", "CD8", "PanCK"), format="inform", pixel_size_um=0.5).cells
    source = pd.read_csv(path, sep="\t")
    names = ["DAPI", "CD8 (Opal 520)", "PanCK (Opal 690)"]
    close(cells.X, source[[f"Entire Cell {n} Mean (Normalized Counts, Total Weighting)" for n in names]])
    um = 1.0 if microns else 0.5
    close(cells.obsm[k.SPATIAL], source[["Cell X Position", "Cell Y Position"]] * um)
    close(cells.obs[k.AREA_UM2], source[f"Entire Cell Area ({'square microns' if microns else 'pixels'})"] * um**2)
    assert list(cells.obs[k.CELL_TYPE_PROVIDED]) == list(source["Phenotype"])
    assert list(cells.obs[k.DOMAIN]) == ["tumour" if t == "Tumor" else t for t in source["Tissue Category"]]


def test_halo(ingest, formats, tmp_path):
    path = formats.halo(tmp_path / "objects.csv")
    source = pd.read_csv(path)
    images = list(dict.fromkeys(source["Image Location"]))
    args = {"parts": dict(zip("AB", images, strict=True)), "format": "halo", "pixel_size_um": 0.5}
    cells = ingest({"A": path, "B": path}, panel=panel("DAPI", "CD8", "PanCK"), **args).cells
    close(cells.X[:, 1], source["CD8 (Opal 520) Cell Intensity"])
    close(cells.obsm[k.SPATIAL][:, 1], (source["YMin"] + source["YMax"]) / 4)
    close(cells.obs[k.AREA_UM2], source["Cell Area (µm²)"])


# ------------------------------------------------------------------------------------ features that come with the data
def test_xenium(ingest, formats, tmp_path):
    folder = formats.xenium(tmp_path / "x")
    done = ingest(
        {"A": folder},
        panel=panel("CD8", "EPCAM")
        | {"markers": [{"marker": "CD8", "synonyms": ["CD8A", "Cd8a"]}, {"marker": "EPCAM", "channel": "Epcam"}]},
        format="xenium",
        pixel_size_um=7.0,
    )
    cells, table = done.cells, pd.read_parquet(folder / "cells.parquet")
    assert list(cells.var_names) == ["CD8", "EPCAM", "Lyz2", "mt-Co1"]
    assert list(cells.var[k.USE]) == ["type", "type", "ignore", "ignore"]
    assert set(cells.var[k.UNIT]) == {k.COUNTS}
    assert sparse.isspmatrix_csr(cells.X)
    assert cells.X.sum(axis=1).A1.tolist() == table["transcript_counts"].tolist()
    close(cells.obsm[k.SPATIAL], table[["x_centroid", "y_centroid"]])
    close(cells.obs[k.AREA_UM2], table["cell_area"])


def test_10x_folder_and_libraries_of_it(ingest, formats, tmp_path):
    folder = formats.tenx(tmp_path / "filtered_feature_bc_matrix")
    done = ingest({"A": folder}, panel=None, format="10x")
    assert done.code == 0, done.lines
    cells = done.cells
    assert list(cells.var_names) == list(formats.GENES)
    assert cells.X.toarray().tolist() == formats.tenx_counts().tolist()
    assert np.isnan(cells.obsm[k.SPATIAL]).all()
    assert list(done.samples["has_coordinates"]) == [False]
    two = ingest({"A": folder, "B": folder}, parts={"A": "1", "B": "2"}, panel=None, format="10x", name="two").cells
    assert two[two.obs[k.SAMPLE] == "B"].X.toarray().tolist() == formats.tenx_counts()[1::2].tolist()


def test_single_cell_rna_of_four_mice(ingest, shared_data):
    path = shared_data / "mouse_lung_scrna" / "zilionis_mouse_lung_800.h5ad"
    mice = ("h_1", "h_2", "t_1", "t_2")
    columns = {"part": "Animal", "cell_type": "celltypes"}
    done = ingest(
        dict.fromkeys(mice, path), parts=dict(zip(mice, mice, strict=True)), panel=None, format="h5ad", columns=columns
    )
    assert done.code == 0, done.lines
    cells, source = done.cells, ad.read_h5ad(path)
    assert cells.shape == source.shape == (800, 24248)
    order = np.concatenate([np.flatnonzero(source.obs["Animal"] == mouse) for mouse in mice])
    assert sparse.isspmatrix_csr(cells.X)
    difference = abs(cells.X - source.X[order])
    assert difference.nnz == 0 or difference.max() < 1e-6
    assert list(cells.var_names) == list(source.var_names)
    assert list(cells.obs[k.CELL_TYPE_PROVIDED]) == list(source.obs["celltypes"].iloc[order])
    assert not done.samples["has_coordinates"].any()


def test_spatialdata_centres_of_shapes(ingest, formats, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        store = formats.spatialdata(tmp_path / "s.zarr")
        import spatialdata

        data = spatialdata.read_zarr(store)
    args = {"parts": {"A": "roi2", "B": "roi1"}, "format": "spatialdata", "columns": {"cell_type": "cell_type"}}
    cells = ingest({"A": store, "B": store}, panel=panel(*formats.CHANNELS), pixel_size_um=0.5, **args).cells
    table = data.tables["table"]
    for sample, region in args["parts"].items():
        rows = table[table.obs["region"] == region]
        circles = data.shapes[region].geometry.loc[rows.obs["instance_id"]]
        part = cells[cells.obs[k.SAMPLE] == sample]
        close(part.obsm[k.SPATIAL], np.column_stack([circles.x, circles.y]) * 0.5)
        close(part.X, rows.X)
        assert list(part.obs[k.CELL_TYPE_PROVIDED]) == list(rows.obs["cell_type"])


def test_h5ad_with_coordinates_and_a_spatial_graph(ingest, tmp_path):
    rng = np.random.default_rng(0)
    graph = sparse.csr_matrix(np.array([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]], float))
    data = ad.AnnData(
        rng.random((4, 2)).astype(np.float32),
        obs=pd.DataFrame({"roi": ["a", "b", "a", "b"]}, index=list("wxyz")),
        var=pd.DataFrame(index=["CD8", "DNA"]),
        obsm={"spatial": np.array([[1, 2], [3, 4], [5, 6], [7, 8]])},
        obsp={"spatial_connectivities": graph[[0, 2, 1, 3]][:, [0, 2, 1, 3]], "connectivities": graph},
        layers={"counts": rng.random((4, 2)).astype(np.float32)},
    )
    data.write_h5ad(tmp_path / "d.h5ad")
    args = {"parts": {"A": "a", "B": "b"}, "format": "h5ad", "columns": {"part": "roi"}, "layer": "counts"}
    done = ingest(
        dict.fromkeys("AB", tmp_path / "d.h5ad"), panel=panel("CD8", DNA="dna"), other_features="drop", **args
    )
    assert done.cells.obsm[k.SPATIAL].tolist() == [[1, 2], [5, 6], [3, 4], [7, 8]]
    assert done.cells.X[:, 0].tolist() == data.layers["counts"][[0, 2, 1, 3], 0].tolist()
    assert done.edges.to_numpy().tolist() == [["A", 1, 2], ["A", 2, 1], ["B", 1, 2], ["B", 2, 1]]


@pytest.mark.parametrize(
    ("policy", "code", "names"), [("error", 2, []), ("intersect", 0, ["b"]), ("fill", 0, ["a", "b", "c"])]
)
def test_features_that_differ_between_rois(ingest, tmp_path, policy, code, names):
    for sample, genes in (("A", ["a", "b"]), ("B", ["b", "c"])):
        X = sparse.csr_matrix(np.array([[1, 2], [0, 3]], dtype=np.float32))
        ad.AnnData(X, obs=pd.DataFrame(index=["x", "y"]), var=pd.DataFrame(index=genes)).write_h5ad(
            tmp_path / f"{sample}.h5ad"
        )
    done = ingest({s: tmp_path / f"{s}.h5ad" for s in "AB"}, panel=None, format="h5ad", missing_marker=policy)
    assert done.code == code
    if code:
        expected = "expected the 2 features of sample A, or `ingest.missing_marker: intersect` or `fill`"
        assert done.lines == [f"tumint: sample B: {expected}, found 1 more (c) and 1 that it lacks (a)."]
    else:
        assert list(done.cells.var_names) == names
        assert done.cells[:, "b"].X.toarray().ravel().tolist() == [2, 3, 1, 0]


def test_features_in_another_order_are_the_same_features(ingest, tmp_path):
    X = np.array([[1, 2, 5], [0, 3, 7]], dtype=np.float32)
    for sample, genes in (("A", ["a", "b", "c"]), ("B", ["c", "a", "b"])):
        values = sparse.csr_matrix(X[:, ["abc".index(gene) for gene in genes]])
        ad.AnnData(values, obs=pd.DataFrame(index=["x", "y"]), var=pd.DataFrame(index=genes)).write_h5ad(
            tmp_path / f"{sample}.h5ad"
        )
    done = ingest({s: tmp_path / f"{s}.h5ad" for s in "AB"}, panel=None, format="h5ad")
    assert done.code == 0, done.lines
    assert list(done.cells.var_names) == ["a", "b", "c"]
    assert done.cells.X.toarray().tolist() == [*X.tolist(), *X.tolist()]


def test_the_same_features_in_another_unit_are_told(ingest, tmp_path):
    for sample, first in (("A", 1.0), ("B", 0.5)):
        X = sparse.csr_matrix(np.array([[first, 2], [0, 3]], dtype=np.float32))
        ad.AnnData(X, obs=pd.DataFrame(index=["x", "y"]), var=pd.DataFrame(index=["a", "b"])).write_h5ad(
            tmp_path / f"{sample}.h5ad"
        )
    done = ingest({s: tmp_path / f"{s}.h5ad" for s in "AB"}, panel=None, format="h5ad")
    assert done.code == 2
    assert done.lines == ["tumint: sample B: expected counts of a and b, as in sample A, found no counts."]


@pytest.mark.parametrize("part", ["", "4"])
def test_a_folder_of_one_image_has_its_neighbours_with_and_without_a_part(ingest, tmp_path, part):
    n = 5
    number = np.arange(1, n + 1)
    cells = pd.DataFrame({"ImageNumber": 4, "ObjectNumber": number, "Location_Center_X": number * 1.5})
    cells = cells.assign(Location_Center_Y=2.0, Intensity_MeanIntensity_FullStack_c1=number * 0.5)
    cells.to_csv(tmp_path / "cell.csv", index=False)
    pd.DataFrame({"ImageNumber": [4], "Width_FullStack": [9], "Height_FullStack": [5]}).to_csv(
        tmp_path / "Image.csv", index=False
    )
    images = {"First Image Number": 4, "Second Image Number": 4}
    pairs = pd.DataFrame({"First Object Number": number[:-1], "Second Object Number": number[1:]})
    pairs.assign(Relationship="Neighbors", **images).to_csv(tmp_path / "Object relationships.csv", index=False)
    columns = {"markers": {"CD8": "Intensity_MeanIntensity_FullStack_c1"}}
    parts = {"A": part} if part else None
    # a cell at x = 1.5 … 7.5 pixels lies outside an image of 9 × 5 pixels nowhere
    args = {"panel": None, "format": "cellprofiler_folder", "columns": columns, "parts": parts}
    done = ingest({"A": tmp_path}, **args)
    assert done.code == 0, done.lines
    assert len(done.edges) == 2 * (n - 1)
    cells.loc[4, "Location_Center_X"] = 20.0
    cells.to_csv(tmp_path / "cell.csv", index=False)
    told = ingest({"A": tmp_path}, **args, name="outside")
    assert "1 cells lie outside the image" in told.lines[0]
