"""Programs that say what each cell is: flags, classes built of several, GeoJSON; and Imaris, steinbock AnnData and
SpatialData of several tables. Values as pandas reads them, refusals of one line, init.
"""

from __future__ import annotations

import json
import re
import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.cli import main
from tumint.ingest import flags


def panel(*markers):
    return {"name": "p", "source": "test", "markers": [{"marker": m} for m in markers]}


def close(found, expected):
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=1e-6, atol=1e-6)


def only_fault(done) -> str:
    assert (done.code, len(done.lines)) == (2, 1), done.lines
    return done.lines[0]


def by_flags(table, columns):
    """Types of the rows, told another way than the reader does."""
    names = [re.sub(r"^Phenotype ", "", column) + ("+" if column.startswith("Phenotype") else "") for column in columns]
    on = table[columns].map(lambda v: v == 1 or str(v).endswith("+")).to_numpy()
    return [" ".join(n for n, has in zip(names, row, strict=True) if has) or k.UNCLASSIFIED for row in on]


def test_consolidated_data_of_phenoptr(ingest, phenotypes, tmp_path, started):
    path = phenotypes.consolidated(tmp_path / "Consolidated_data.txt")
    source = pd.read_csv(path, sep="\t")
    names = list(dict.fromkeys(source["Sample Name"]))
    args = {"parts": dict(zip("AB", names, strict=True)), "panel": panel("DAPI", "CD8", "FoxP3"), "format": "inform"}
    done = ingest({"A": path, "B": path}, pixel_size_um=7.0, **args)
    assert done.code == 0, done.lines
    cells = done.cells
    close(cells.obsm[k.SPATIAL], source[["Cell X Position", "Cell Y Position"]])
    close(cells.X, source[[f"Entire Cell {n} Mean" for n in ("DAPI", "CD8 (Opal 520)", "FoxP3 (Opal 570)")]])
    close(cells.obs[k.AREA_UM2], source["Entire Cell Area (square microns)"])
    columns = [f"Phenotype {marker}" for marker in phenotypes.MARKERS]
    assert list(cells.obs[k.CELL_TYPE_PROVIDED]) == by_flags(source, columns)
    assert "CD8+ FoxP3+" in set(cells.obs[k.CELL_TYPE_PROVIDED])
    cohort, found = started(tmp_path / "cohort", path)
    assert cohort.config.ingest.columns.cell_type == columns
    assert (cohort.config.cluster.typing, found[0].n_obs) == ("provided", 24)
    path.write_text(path.read_text().replace("CD8+", "maybe", 1))
    assert "column `Phenotype CD8`: expected a flag" in only_fault(ingest({"A": path, "B": path}, name="b", **args))


@pytest.mark.parametrize("named", [True, False])
def test_halo_with_phenotypes(ingest, phenotypes, tmp_path, named, started):
    path = phenotypes.halo(tmp_path / "objects.csv", named=named)
    cohort, found = started(tmp_path / "cohort", path)
    source = pd.read_csv(path)
    columns = cohort.config.ingest.columns.cell_type
    own = ["Cytotoxic T cell", "Treg"]
    assert columns == (own if named else [f"{m} (Opal 520) Positive Classification" for m in phenotypes.MARKERS])
    types = list(found[0].obs[k.CELL_TYPE_PROVIDED])
    if named:
        assert types == by_flags(source, own)
    else:
        assert types == [t.replace("+", "+") for t in by_flags(source.rename(columns=short), list(short.values()))]
    close(found[0].obsm[k.SPATIAL][:, 0], (source["XMin"] + source["XMax"]) / 2)


short = {f"{m} (Opal 520) Positive Classification": f"Phenotype {m}" for m in ("CD8", "FoxP3", "PanCK")}


def test_classes_of_qupath_built_of_several(ingest, formats, tmp_path, started):
    path = formats.qupath(tmp_path / "d.tsv")
    table = pd.read_csv(path, sep="\t", keep_default_na=False)
    table["Classification"] = np.resize(["CD8: FoxP3", "CD8", "Ignore*", "", "CD8: CD8"], len(table))
    table.to_csv(path, sep="\t", index=False)
    rows, parts = {"A": path, "B": path}, {"A": "a.ome.tif", "B": "b.ome.tif"}
    cells = ingest(rows, parts=parts, panel=panel(*formats.CHANNELS), format="qupath").cells
    expected = np.resize(["CD8: FoxP3", "CD8", k.UNCLASSIFIED, k.UNCLASSIFIED, "CD8"], len(table))
    assert list(cells.obs[k.CELL_TYPE_PROVIDED]) == list(expected)
    assert list(cells.obs[k.CELL_NAME]) == list(table["Object ID"])
    table.assign(Classification="").to_csv(path, sep="\t", index=False)
    assert started(tmp_path / "cohort", path)[0].config.cluster.typing == "signatures"  # no class at all


@pytest.mark.parametrize("old", [False, True])
def test_objects_of_qupath_as_geojson(ingest, phenotypes, tmp_path, old, started):
    path = phenotypes.qupath_geojson(tmp_path / "slide1.ome.tif.geojson", old=old)
    args = {"panel": panel("DAPI", *phenotypes.MARKERS), "format": "qupath", "pixel_size_um": 0.5}
    done = ingest({"A": path}, **args)
    assert done.code == 0, done.lines
    data = json.loads(path.read_text())
    objects = (data if old else data["features"])[1:]
    rings = np.array([o["geometry"]["coordinates"][0] for o in objects])
    cells = done.cells
    close(cells.obsm[k.SPATIAL], rings[:, :4].mean(axis=1) * 0.5)
    close(cells.obs[k.AREA_UM2], np.prod(np.ptp(rings, axis=1), axis=1) * 0.25)
    assert set(cells.obs[k.DOMAIN]) == {"tumour"}  # the annotation around all
    measured = [o["properties"]["measurements"] for o in objects]
    measured = [{m["name"]: m["value"] for m in one} for one in measured] if old else measured
    close(cells.X, pd.DataFrame(measured)[[f"Cell: {m} mean" for m in cells.var_names]])
    named = ["Tumor: PanCK", "CD8", "CD8: FoxP3", "FoxP3", k.UNCLASSIFIED, k.UNCLASSIFIED]
    assert list(cells.obs[k.CELL_TYPE_PROVIDED]) == named * 2
    cohort, found = started(tmp_path / "cohort", tmp_path / "slide1.ome.tif.geojson")
    assert (cohort.config.ingest.format, list(cohort.sheet["sample"])) == ("qupath", ["slide1"])
    assert (found[0].n_obs, found[0].n_vars, cohort.config.cluster.typing) == (12, 4, "provided")


def test_annotations_give_the_domain(ingest, phenotypes, tmp_path):
    """The smallest around the centre of a cell; none outside, in a hole, or by a class that QuPath leaves out."""
    path = phenotypes.qupath_geojson(tmp_path / "s.geojson", n=200)
    data = json.loads(path.read_text())
    data["features"][0]["geometry"]["coordinates"] = [_box(0, 0, 3000, 4100), _box(500, 500, 900, 4100)]
    inner = {"type": "MultiPolygon", "coordinates": [[_box(1000, 0, 2000, 2000)], [_box(3100, 0, 5000, 2000)]]}
    line = {"type": "LineString", "coordinates": [[0, 0], [9, 9]]}
    for name, geometry in (("Stroma", inner), ("Ignore*", {"type": "Polygon", "coordinates": [_box(0, 0, 5, 5)]})):
        properties = {"objectType": "annotation", "classification": {"name": name}}
        data["features"].insert(0, {"type": "Feature", "geometry": geometry, "properties": properties})
    data["features"].append({"type": "Feature", "geometry": line, "properties": properties})
    path.write_text(json.dumps(data))
    done = ingest({"A": path}, panel=panel("DAPI", *phenotypes.MARKERS), format="qupath")
    assert done.code == 0, done.lines
    x, y = done.cells.obsm[k.SPATIAL].T
    stroma = (y < 2000) & ((x > 1000) & (x < 2000) | (x > 3100))
    tumour = (x < 3000) & ~((x > 500) & (x < 900) & (y > 500))
    expected = np.where(stroma, "Stroma", np.where(tumour, "tumour", k.NO_DOMAIN))
    assert list(done.cells.obs[k.DOMAIN]) == list(expected)
    assert len(set(expected)) == 3


def _box(x0: float, y0: float, x1: float, y1: float) -> list[list[float]]:
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]


@pytest.mark.parametrize("seed", range(4))
def test_inside_is_that_of_matplotlib(seed):
    from matplotlib.path import Path as Outline

    from tumint.ingest.geojson import inside

    rng = np.random.default_rng(seed)
    ring, xy = rng.uniform(0, 100, (40, 2)), rng.uniform(-5, 105, (2000, 2))
    angle = np.arctan2(*(ring - ring.mean(axis=0)).T)
    ring = ring[np.argsort(angle)]  # a star, which does not cross itself
    closed = [*ring.tolist(), ring[0].tolist()]
    found = inside({"type": "Polygon", "coordinates": [closed]}, xy)
    np.testing.assert_array_equal(found, Outline(closed, closed=True).contains_points(xy))
    assert 100 < found.sum() < 1900
    halves = [[[[0, 0], [50, 0], [50, 100], [0, 100], [0, 0]]], [[[50, 0], [100, 0], [100, 100], [50, 100], [50, 0]]]]
    border = np.column_stack([np.full(9, 50.0), rng.uniform(1, 99, 9)])
    each = [inside({"type": "Polygon", "coordinates": half}, border) for half in halves]
    assert (np.sum(each, axis=0) == 1).all()


def test_geojson_without_cells_is_one_line(ingest, phenotypes, tmp_path):
    path = phenotypes.qupath_geojson(tmp_path / "s.geojson")
    data = json.loads(path.read_text())
    args = {"panel": panel("DAPI"), "format": "qupath"}
    path.write_text(json.dumps({**data, "features": data["features"][:1]}))
    assert "expected cells or detections among the objects (`objectType`), found 1 object: annotation" in only_fault(
        ingest({"A": path}, **args)
    )
    for bad in ({"type": "LineString", "coordinates": [[0, 0], [1, 1]]}, {"type": "Polygon", "coordinates": [[[0]]]}):
        data["features"][3]["geometry"] = bad
        path.write_text(json.dumps(data))
        assert "feature 3 (sample A): expected a polygon with an area" in only_fault(ingest({"A": path}, **args))
    path.write_text('{"type": "FeatureCollection"')
    assert "expected a GeoJSON file, found `" in only_fault(ingest({"A": path}, **args))


def test_statistics_of_imaris_as_a_table(ingest, phenotypes, tmp_path):
    path = phenotypes.imaris(tmp_path / "spots.csv")
    markers = {"CD8": "Intensity Mean Ch=1 Img=1", "EPCAM": "Intensity Mean Ch=2 Img=1"}
    columns = {"x": "Position X", "y": "Position Y", "cell_id": "ID", "markers": markers}
    done = ingest({"A": path}, panel=None, format="table", columns=columns)
    assert done.code == 0, done.lines
    source = pd.read_csv(path)
    close(done.cells.obsm[k.SPATIAL], source[["Position X", "Position Y"]])
    close(done.cells.X, source[list(markers.values())])
    assert list(done.cells.obs[k.CELL_ID]) == list(source["ID"])
    assert done.samples["n_outside"].tolist() == [0]  # a stage has no corner


def test_anndata_of_steinbock(ingest, phenotypes, tmp_path, started):
    path = phenotypes.steinbock_anndata(tmp_path / "cells.h5ad")
    source = ad.read_h5ad(path)
    cohort, found = started(tmp_path / "cohort", path)
    assert cohort.config.ingest.format == "steinbock"
    assert cohort.config.ingest.columns is None
    cells = found[0]
    close(cells.X, source.X)
    close(cells.obsm[k.SPATIAL], source.obs[["centroid-1", "centroid-0"]])
    close(cells.obs[k.AREA_UM2], source.obs["area"])
    close(cells.obs[k.ECCENTRICITY], source.obs["eccentricity"])
    assert list(cells.obs[k.CELL_ID]) == [int(name.split()[1]) for name in source.obs_names]
    args = {"parts": {"A": "M2_001.tiff"}, "panel": panel(*phenotypes.MARKERS), "format": "steinbock"}
    done = ingest({"A": path}, pixel_size_um=2.0, **args)
    assert len(done.edges) == 18
    assert set(done.edges[k.SOURCE_CELL]) == set(range(1, 20, 2))
    beyond = source.obs.query("Image == 'M2_001.tiff'")["centroid-1"] > 80
    assert done.samples["n_outside"].tolist() == [beyond.sum()]
    args["parts"] = {"A": "M3_001.tiff"}
    assert "cells whose `Image` is `M3_001.tiff`" in only_fault(ingest({"A": path}, name="b", **args))


def test_spatialdata_of_several_tables_asks_for_one(ingest, phenotypes, tmp_path, capsys, started):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        store = phenotypes.spatialdata(tmp_path / "s.zarr")
    args = {"panel": panel(*phenotypes.MARKERS), "format": "spatialdata"}
    assert "expected one table, or `ingest.table` that names one of them, found cells, nuclei" in only_fault(
        ingest({"A": store}, **args)
    )
    assert ingest({"A": store}, table="nuclei", **args).cells.n_obs == 6
    assert main(["init", str(tmp_path / "c"), "--from", str(store)]) == 2
    named = store / "tables" / "NAME"
    (line,) = capsys.readouterr().err.splitlines()
    assert f"expected one table, or the path of one of them (`{named}`), found cells, nuclei" in line
    cohort, found = started(tmp_path / "cohort", store / "tables" / "nuclei")
    assert (cohort.config.ingest.table, found[0].n_obs) == ("nuclei", 6)
    assert main(["init", str(tmp_path / "d"), "--from", str(store / "tables" / "none")]) == 2


def test_flags():
    texts = np.array(["CD8+", "CD8-", "1", "0", "", "TRUE", "what", "CD8−"], dtype=object)
    assert flags.unread({"CD8": texts})["CD8"].tolist() == [False] * 6 + [True, False]
    assert flags.of_columns({"CD8": texts[:6]}, []).tolist() == ["CD8+", "unclassified"] * 2 + ["unclassified", "CD8+"]
    assert flags.short("CD3 (Opal 520) Positive Classification") == flags.short("Phenotype CD3") == "CD3"
    both = {"Treg": np.array(["1", "1"], dtype=object), "CD8": np.array(["0", "1"], dtype=object)}
    assert flags.of_columns(both, []).tolist() == ["Treg", "Treg+ CD8+"]  # alone by its own name
    assert not any(map(flags.is_population, ("CD8", "FoxP3", "PanCK", "EPCAM", "Phenotype Treg", "Treg Positive")))
    assert all(map(flags.is_population, ("Treg", "Cytotoxic T cell")))
    assert flags.qupath_class("") == flags.qupath_class("Region*") == k.UNCLASSIFIED
