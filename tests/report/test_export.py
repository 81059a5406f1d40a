"""`tumint export`: what a viewer is given is what the tables of the results hold, by readers that are not ours."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import uuid
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.cli import main
from tumint.io.cells import write_cells
from tumint.io.contracts import SAMPLES
from tumint.io.sealed_json import write_json
from tumint.io.tables import read_table, write_table
from tumint.report.cohort.file import write as write_cohort
from tumint.report.export.rois import Cohort
from tumint.report.export.viewers import VIEWERS

SOURCE, TARGET = "CD8 T cells", "Tumour cells"
PIXEL = 0.5


@pytest.fixture(scope="module")
def results(make, tmp_path_factory):
    """A finished run: the tables of a made cohort, `cohort.h5ad` from them, one finding of a pair."""
    made = make()
    folder = tmp_path_factory.mktemp("export") / "results"
    shutil.copytree(made.results, folder)
    cells = pd.read_parquet(folder / "cluster" / "cells.parquet")
    obs = cells[[k.SAMPLE, k.CELL_ID, k.DOMAIN, k.CLUSTER, k.CELL_TYPE]].assign(**{k.AREA_UM2: 60.0})
    for column in (k.SAMPLE, k.DOMAIN, k.CLUSTER, k.CELL_TYPE):
        obs[column] = pd.Categorical(obs[column].astype(str))
    obs.index = obs[k.SAMPLE].astype(str) + ":" + obs[k.CELL_ID].astype(str)
    X = np.random.default_rng(0).gamma(2, 1, (len(obs), 2)).astype(np.float32)
    var = pd.DataFrame({k.USE: "type"}, index=["CD8", "EPCAM"])
    data = ad.AnnData(X, obs, var, obsm={k.SPATIAL: cells[[k.X_UM, k.Y_UM]].to_numpy(float)})
    write_cells(data, folder / "cells.h5ad", meta={})
    members = cells[[k.SAMPLE, k.CELL_ID]].assign(niche=np.where(cells[k.X_UM] < 90, "N01 left", ""))
    members["network_lymphonets"] = (cells[k.CELL_ID] % 3 == 0).astype("int64") * 2
    write_table(members, folder / "neighbourhood" / "cells.parquet", meta={})
    graphs = sorted((folder / "neighbourhood").glob("g*/graph.parquet"))
    tables = {
        name: folder / "neighbourhood" / f"{file}.parquet"
        for name, file in (("places", "places"), ("members", "cells"))
    }
    write_cohort(made.params, folder / "cells.h5ad", graphs, made.sheet, folder / "cohort.h5ad", **tables)
    for path in (folder / "ingest").glob("*.samples.parquet"):
        write_table(read_table(path).assign(**{k.PIXEL_SIZE_UM: PIXEL}), path, SAMPLES, meta={})
    finding = {"family": k.FAMILY_INTERACTION, "feature": f"{SOURCE}|{TARGET}", "source": SOURCE, "target": TARGET}
    found = [finding | {"words": "They touch more."}, finding | {"family": k.FAMILY_DISTANCE, "target": "B cells"}]
    write_json(folder / "response" / "effects.json", {"contrasts": [{"name": "arms", "findings": found}]})
    return folder


@pytest.fixture(scope="module")
def truth(results):
    """Cells of the first ROI by the tables of the stages, and those that its finding is about."""
    cells = pd.read_parquet(results / "cluster" / "cells.parquet")
    sample = cells[k.SAMPLE].iloc[0]
    key = [k.SAMPLE, k.CELL_ID]
    places = pd.read_parquet(results / "neighbourhood" / "places.parquet")
    members = pd.read_parquet(results / "neighbourhood" / "cells.parquet")
    cells = cells.drop(columns=k.DOMAIN).merge(places, on=key).merge(members, on=key)
    mine = cells[cells[k.SAMPLE] == sample].set_index(k.CELL_ID)
    edges = pd.concat([pd.read_parquet(p) for p in (results / "neighbourhood").glob("g*/graph.parquet")])
    touching = set()
    for row in edges[edges[k.SAMPLE] == sample].itertuples():  # slow and plain
        ends = (row.source_cell, row.target_cell)
        if all(one in mine.index for one in ends) and {mine.loc[one, k.CELL_TYPE] for one in ends} == {SOURCE, TARGET}:
            touching |= set(ends)
    assert touching
    return sample, mine, touching


@pytest.fixture(scope="module")
def exported(results, truth, tmp_path_factory):
    """The folder of a viewer with the first ROI, written once."""
    made: dict[str, Path] = {}

    def folder(viewer: str) -> Path:
        if viewer not in made:
            made[viewer] = tmp_path_factory.mktemp("out") / viewer
            assert main(["export", str(results), f"--{viewer}", "-o", str(made[viewer]), "--sample", truth[0]]) == 0
        return made[viewer]

    return folder


def same_cells(table: pd.DataFrame, truth: tuple) -> None:
    """A table with our columns holds the cells of the ROI."""
    _, mine, touching = truth
    found = table.set_index(k.CELL_ID).loc[mine.index]
    assert len(table) == len(mine)
    assert list(found[k.CELL_TYPE]) == list(mine[k.CELL_TYPE])
    assert list(found[k.DOMAIN]) == list(mine[k.DOMAIN])
    assert list(found[k.NICHE]) == [niche or "none" for niche in mine[k.NICHE]]
    assert list(found["network_lymphonets_number"]) == list(mine["network_lymphonets"])
    np.testing.assert_allclose(found[k.MARGIN_UM], mine[k.MARGIN_UM], rtol=1e-6)
    assert set(found.index[found["finding_1"] != "other cells"]) == touching
    assert f"{SOURCE} in contact with {TARGET}" in set(found["finding_1"])


def test_geojson_is_read_by_shapely(exported, truth):
    shapely = pytest.importorskip("shapely")
    sample, mine, touching = truth
    read = json.loads((exported("qupath") / f"{sample}.geojson").read_text(encoding="utf-8"))
    points = shapely.from_geojson(json.dumps(read))
    assert points.geom_type == "GeometryCollection"
    xy = shapely.get_coordinates(points)
    np.testing.assert_allclose(xy * PIXEL, mine[[k.X_UM, k.Y_UM]], atol=1e-4)
    rows = [one["properties"] for one in read["features"]]
    assert len({uuid.UUID(one["id"]) for one in read["features"]}) == len(mine)
    assert {one["objectType"] for one in rows} == {"detection"}
    assert [one["classification"]["name"] for one in rows] == list(mine[k.CELL_TYPE])
    assert all(len(one["classification"]["color"]) == 3 for one in rows)
    measured = pd.DataFrame([one["measurements"] for one in rows])
    assert all(pd.api.types.is_numeric_dtype(kind) for kind in measured.dtypes)
    np.testing.assert_allclose(measured[k.MARGIN_UM], mine[k.MARGIN_UM])
    assert list(measured[k.CELL_ID]) == list(mine.index)
    assert [one["metadata"]["niche"] for one in rows] == [niche or "none" for niche in mine[k.NICHE]]
    assert set(measured.loc[measured["finding_1"] < 2, k.CELL_ID]) == touching


# The required keys and the types of https://tissuumaps.github.io/TissUUmaps-docs (projects: the tmap file format).
TAB = {"title": str, "name": str, "uid": str, "expectedHeader": dict, "expectedRadios": dict, "path": str}


def test_tissuumaps_project_has_the_keys_of_its_schema(exported, truth):
    folder, sample = exported("tissuumaps"), truth[0]
    table = pd.read_csv(folder / f"{sample}.csv", keep_default_na=False)
    table[k.MARGIN_UM] = pd.to_numeric(table[k.MARGIN_UM])
    same_cells(table, truth)
    np.testing.assert_allclose(table[["x", "y"]] * PIXEL, truth[1].loc[table[k.CELL_ID], [k.X_UM, k.Y_UM]], atol=1e-4)
    project = json.loads((folder / f"{sample}.tmap").read_text(encoding="utf-8"))
    assert project["mpp"] == PIXEL
    assert [tab["autoLoad"] for tab in project["markerFiles"]].count(True) == 1
    for tab in project["markerFiles"]:
        assert all(isinstance(tab[name], kind) for name, kind in TAB.items())
        header, radios = tab["expectedHeader"], tab["expectedRadios"]
        assert tab["path"] == f"{sample}.csv"
        assert {header["X"], header["Y"], header.get("gb_col") or header["cb_col"]} <= set(table)
        assert radios["cb_gr"] != radios["cb_col"]
        if radios["cb_gr_dict"]:
            assert set(table[header["gb_col"]]) <= set(json.loads(header["cb_gr_dict"]))


def test_tissuumaps_project_passes_its_own_schema(exported, truth):
    schema = pytest.importorskip("tissuumaps_schema.v01", reason="pip install tissuumaps-schema")
    schema.Project.parse(json.loads((exported("tissuumaps") / f"{truth[0]}.tmap").read_text(encoding="utf-8")))


def test_groups_for_xenium_explorer_name_every_cell(exported, truth):
    sample, mine, touching = truth
    folder = exported("xenium-explorer") / sample
    for path in folder.iterdir():
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == ["cell_id", "group", "color"]
        assert [row["cell_id"] for row in rows] == list(map(str, mine.index))
        assert all(row["color"].startswith("#") and len(row["color"]) == 7 for row in rows)
    types = pd.read_csv(folder / "cell_type.csv")
    assert list(types["group"]) == list(mine[k.CELL_TYPE])
    found = pd.read_csv(folder / "finding_1.csv")
    assert set(found.loc[found["group"] != "other cells", "cell_id"]) == touching
    bands = pd.read_csv(folder / f"{k.MARGIN_UM}.csv").set_index("cell_id")["group"]
    inside = bands.str.startswith(("-", "'-", "below"))
    assert list(inside) == list(mine[k.MARGIN_UM] < 0)


def test_points_for_napari_are_what_its_reader_takes(exported, truth):
    """By the rule of `napari_builtins.io._read`: `axis-0` and `axis-1` make a layer of points, `index` is left out."""
    path = exported("napari") / f"{truth[0]}.csv"
    table = pd.read_csv(path, keep_default_na=False)
    assert list(table.columns[:3]) == ["index", "axis-0", "axis-1"]
    table[k.MARGIN_UM] = pd.to_numeric(table[k.MARGIN_UM])
    same_cells(table, truth)
    yx = truth[1].loc[table[k.CELL_ID], [k.Y_UM, k.X_UM]]
    np.testing.assert_allclose(table[["axis-0", "axis-1"]] * PIXEL, yx, atol=1e-4)
    colours = json.loads((path.parent / "colours.json").read_text(encoding="utf-8"))
    assert all(set(table[name]) <= set(levels) for name, levels in colours.items())


def test_points_are_read_by_napari(exported, truth):
    reader = pytest.importorskip("napari_builtins.io", reason="pip install napari")
    path = exported("napari") / f"{truth[0]}.csv"
    data, meta, kind = reader.csv_to_layer_data(str(path))
    table = pd.read_csv(path)
    assert kind == "points"
    np.testing.assert_allclose(data, table[["axis-0", "axis-1"]])
    assert list(meta["properties"][k.CELL_TYPE]) == list(table[k.CELL_TYPE])


def test_store_for_vitessce_is_read_by_anndata(exported, truth):
    sample, mine, _ = truth
    folder = exported("vitessce")
    cells = ad.read_zarr(folder / f"{sample}.zarr")
    same_cells(cells.obs.assign(**{name: cells.obs[name].astype(str) for name in (k.CELL_TYPE, k.NICHE)}), truth)
    np.testing.assert_allclose(cells.obsm[k.SPATIAL], mine[[k.X_UM, k.Y_UM]])
    np.testing.assert_allclose(cells.obsm["spatial_drawn"], mine[[k.X_UM, k.Y_UM]] * [1, -1])
    assert list(cells.var_names) == ["CD8", "EPCAM", k.MARGIN_UM]
    np.testing.assert_allclose(cells.X[:, 2], mine[k.MARGIN_UM], rtol=1e-5)
    assert json.loads((folder / f"{sample}.zarr" / ".zgroup").read_text()) == {"zarr_format": 2}


# What we use of config 1.0.16, from @vitessce/schemas 4.0.8 (`configSchema1_0_16`, `anndataZarrSchema`).
TOP = {"version", "name", "description", "datasets", "coordinationSpace", "layout", "initStrategy"}
VIEW = {"component", "x", "y", "w", "h", "coordinationScopes"}


def test_config_for_vitessce_points_into_the_store(exported, truth):
    sample = truth[0]
    folder = exported("vitessce")
    config = json.loads((folder / f"{sample}.vitessce.json").read_text(encoding="utf-8"))
    assert set(config) == TOP
    assert config["version"] == "1.0.16"
    assert "SIMULATED" in config["name"]
    [[file]] = [one["files"] for one in config["datasets"]]
    assert file["fileType"] == "anndata.zarr"
    assert file["url"] == f"http://localhost:9000/{sample}.zarr"
    options = file["options"]
    paths = [one["path"] for one in (*options["obsSets"], *options["obsEmbedding"], options["obsFeatureMatrix"])]
    assert all((folder / f"{sample}.zarr" / path).exists() for path in paths)
    space = config["coordinationSpace"]
    assert space["embeddingType"]["A"] == options["obsEmbedding"][0]["embeddingType"]
    cells = ad.read_zarr(folder / f"{sample}.zarr")
    levels = {(one["name"], level) for one in options["obsSets"] for level in cells.obs[one["path"][4:]].cat.categories}
    assert {tuple(one["path"]) for one in space["obsSetColor"]["A"]} == levels
    assert all(set(view) == VIEW for view in config["layout"])
    for view in config["layout"]:
        assert all(isinstance(view[name], int) for name in "xywh")
        assert all(scope in space[kind] for kind, scope in view["coordinationScopes"].items())


@pytest.mark.slow
def test_config_for_vitessce_passes_its_own_schema(exported, truth, tmp_path):
    """With `npm install @vitessce/schemas`: the whole config, and the options of its file."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    installed = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "@vitessce/schemas@4.0.8"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    if installed.returncode:
        pytest.skip("@vitessce/schemas cannot be had here")
    shutil.copy(exported("vitessce") / f"{truth[0]}.vitessce.json", tmp_path / "config.json")
    (tmp_path / "check.mjs").write_text(
        'import { readFileSync } from "fs";\n'
        'import { VERSIONED_CONFIG_SCHEMAS, upgradeAndParse, anndataZarrSchema } from "@vitessce/schemas";\n'
        'const config = JSON.parse(readFileSync("config.json"));\n'
        "VERSIONED_CONFIG_SCHEMAS[config.version].strict().parse(config);\n"
        "upgradeAndParse(config);\n"
        "anndataZarrSchema.strict().parse(config.datasets[0].files[0].options);\n"
        'console.log("valid");\n'
    )
    done = subprocess.run(["node", "check.mjs"], cwd=tmp_path, text=True, capture_output=True, check=False)
    assert done.stdout.strip() == "valid", done.stderr


@pytest.mark.slow
def test_store_for_vitessce_is_a_table_of_spatialdata(exported, truth, tmp_path):
    pytest.importorskip("spatialdata")
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import spatialdata as sd
        from spatialdata.models import TableModel

        cells = ad.read_zarr(exported("vitessce") / f"{truth[0]}.zarr")
        sd.SpatialData(tables={"cells": TableModel.parse(cells)}).write(tmp_path / "cohort.zarr")
        again = sd.read_zarr(tmp_path / "cohort.zarr").tables["cells"]
    pd.testing.assert_frame_equal(again.obs, cells.obs)


@pytest.mark.parametrize("viewer", VIEWERS)
def test_what_is_written_is_alike_twice(results, tmp_path, exported, truth, viewer):
    one, two = exported(viewer), tmp_path / "two"
    assert main(["export", str(results), f"--{viewer}", "-o", str(two), "--sample", truth[0]]) == 0
    names = sorted(p.relative_to(one) for p in one.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(two) for p in two.rglob("*") if p.is_file())
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in names)
    assert "SIMULATED" in (one / "README.txt").read_text(encoding="utf-8")


def test_a_cohort_is_written_roi_by_roi(results, tmp_path, monkeypatch):
    read = []
    rows = Cohort.rows
    monkeypatch.setattr(Cohort, "rows", lambda self, sample: read.append(sample) or rows(self, sample))
    assert main(["export", str(results), "--napari", "-o", str(tmp_path / "out")]) == 0
    samples = set(pd.read_parquet(results / "cluster" / "cells.parquet")[k.SAMPLE])
    assert {path.stem for path in (tmp_path / "out").glob("*.csv")} == samples == set(read)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--sample", "M0_ROI"], "--sample: expected a ROI of the cohort, found `M0_ROI`"),
        (["--um-per-px", "0"], "--um-per-px: expected a positive number, found `0.0`"),
        (["--findings", "-1"], "--findings: expected a whole number from 0, found -1"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(results, tmp_path, capsys, options, said):
    assert main(["export", str(results), "--napari", "-o", str(tmp_path / "out"), *options]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert said in line
    assert not list(tmp_path.iterdir())


def test_a_folder_in_use_and_one_without_results_are_refused(results, tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    assert main(["export", str(results), "--qupath", "-o", str(tmp_path / "mine")]) == 2
    assert "expected a new or an empty folder" in capsys.readouterr().err
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["notes.txt"]
    assert main(["export", str(tmp_path), "--qupath", "-o", str(tmp_path / "out")]) == 2
    assert "`tumint run` makes them" in capsys.readouterr().err


def test_a_pixel_size_that_is_asked_for_goes_before(results, truth, tmp_path):
    arguments = ["--napari", "-o", str(tmp_path / "out"), "--sample", truth[0], "--um-per-px", "2", "--findings", "0"]
    assert main(["export", str(results), *arguments]) == 0
    table = pd.read_csv(tmp_path / "out" / f"{truth[0]}.csv")
    np.testing.assert_allclose(table["axis-1"] * 2, truth[1].loc[table[k.CELL_ID], k.X_UM], atol=1e-3)
    assert not [name for name in table if name.startswith("finding")]


def test_contacts_are_those_of_the_cohort_and_columns_of_the_sheet_are_no_networks(results, truth, tmp_path):
    """A job's table of an earlier run lies beside, and the sheet has a column that is called as networks are."""
    sample, mine, _ = truth
    copy = tmp_path / "results"
    shutil.copytree(results, copy)
    kinds = mine[k.CELL_TYPE]
    ends = kinds.index[kinds == SOURCE].to_numpy(), kinds.index[kinds == TARGET].to_numpy()
    every = pd.DataFrame([(a, b) for a in ends[0] for b in ends[1]], columns=[k.SOURCE_CELL, k.TARGET_CELL])
    (copy / "neighbourhood" / "g9999").mkdir()
    write_table(every.assign(**{k.SAMPLE: sample}), copy / "neighbourhood" / "g9999" / "graph.parquet", meta={})
    cohort = ad.read_h5ad(copy / "cohort.h5ad")
    cohort.obs["network_site"] = pd.Categorical(["north"] * cohort.n_obs)
    cohort.write_h5ad(copy / "cohort.h5ad")
    out = tmp_path / "out"
    assert main(["export", str(copy), "--napari", "-o", str(out), "--sample", sample]) == 0
    found = pd.concat([pd.read_csv(path) for path in out.rglob("*.csv")])
    same_cells(found, truth)
    assert "network_site_number" not in found


def test_the_working_folder_as_output(results, truth, tmp_path, monkeypatch):
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert main(["export", str(results), "--napari", "-o", ".", "--sample", truth[0]]) == 0
    assert list(folder.rglob("*.csv"))


@pytest.mark.filterwarnings("ignore")  # of packages that are only read with
def test_store_of_a_roi_is_read_by_spatialdata(exported, truth):
    sd = pytest.importorskip("spatialdata")
    sample = truth[0]
    read = sd.read_zarr(exported("spatialdata") / f"{sample}.zarr")
    table = read["cells"]
    same_cells(table.obs.astype({name: str for name in (k.CELL_TYPE, k.DOMAIN, k.NICHE, "finding_1")}), truth)
    (shapes,) = read.shapes.values()
    mine = truth[1].loc[shapes.index]
    np.testing.assert_allclose(np.column_stack([shapes.geometry.x, shapes.geometry.y]), mine[[k.X_UM, k.Y_UM]])
    np.testing.assert_allclose(np.pi * shapes["radius"] ** 2, 60.0)
