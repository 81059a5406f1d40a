"""The SpatialData store: spatialdata reads from it the cells of `cohort.h5ad` and, ROI by ROI, where they are."""

from __future__ import annotations

import json
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from scipy import sparse

from tumint import keys as k
from tumint.errors import DataError
from tumint.io.spatialdata_store import write_store
from tumint.report.spatialdata.file import write

SAMPLES = ["M1 (a)", "m1__a", "M1__A", "far"]


@pytest.fixture
def cells() -> ad.AnnData:
    """Four samples whose names are alike but for case, one without places; a column with a space, one `region`."""
    rng, n = np.random.default_rng(3), 12
    obs = pd.DataFrame({k.SAMPLE: pd.Categorical(np.repeat(SAMPLES, 3)), k.CELL_ID: [3, 1, 2] * 4})
    obs.index = pd.Index([f"{s}:{i}" for s, i in zip(obs[k.SAMPLE], obs[k.CELL_ID], strict=True)])
    obs[k.AREA_UM2] = rng.uniform(40, 90, n)
    obs.iloc[0, obs.columns.get_loc(k.AREA_UM2)] = np.nan
    obs["time point"] = pd.Categorical(["early", "late"] * 6)
    obs["region"] = "lung"
    places = rng.uniform(0, 500, (n, 2))
    places[9:] = np.nan
    graph = sparse.random(n, n, 0.2, format="csr", random_state=1, dtype=np.float32)
    uns = {"time point_colors": np.array(["#000000", "#ff0000"], dtype=object)}
    X = rng.random((n, 2)).astype(np.float32)
    var = pd.DataFrame(index=["CD8", "EPCAM"])
    return ad.AnnData(X, obs, var, uns, obsm={k.SPATIAL: places}, obsp={"spatial_connectivities": graph})


@pytest.mark.filterwarnings("ignore")  # of packages that are only read with
def test_spatialdata_reads_what_was_written(cells, tmp_path):
    sd = pytest.importorskip("spatialdata")
    regions = write_store(cells, tmp_path / "c.zarr")
    read = sd.read_zarr(tmp_path / "c.zarr")
    table = read["cells"]
    assert list(regions) == SAMPLES
    assert len({name.lower() for name in regions.values()}) == 4
    assert set(read.shapes) == {regions[name] for name in SAMPLES[:3]}  # none without places
    np.testing.assert_array_equal(table.X, cells.X)
    assert (table.obsp["spatial_connectivities"] != cells.obsp["spatial_connectivities"]).nnz == 0
    assert list(table.obs["time_point"]) == list(cells.obs["time point"])
    assert list(table.uns["time_point_colors"]) == ["#000000", "#ff0000"]
    assert list(table.obs["sheet_region"]) == ["lung"] * 12
    for sample in SAMPLES[:3]:
        mine = (cells.obs[k.SAMPLE] == sample).to_numpy()
        shapes = read[regions[sample]]
        at = pd.DataFrame(cells.obsm[k.SPATIAL][mine], index=cells.obs[k.CELL_ID][mine]).loc[shapes.index]
        np.testing.assert_array_equal(np.column_stack([shapes.geometry.x, shapes.geometry.y]), at)
        area = cells.obs.set_index(k.CELL_ID)[k.AREA_UM2][mine].fillna(cells.obs[k.AREA_UM2].median())
        np.testing.assert_allclose(np.pi * shapes["radius"] ** 2, area.loc[shapes.index])
        joined, rows = sd.join_spatialelement_table(
            sdata=read, spatial_element_names=[regions[sample]], table_name="cells", how="inner"
        )
        assert len(joined[regions[sample]]) == len(rows) == 3
        assert set(rows.obs[k.SAMPLE]) == {sample}
    assert set(read.coordinate_systems) == set(read.shapes)


def test_attributes_are_those_of_the_format(cells, tmp_path):
    """By the text of the format, without the package."""
    first = write_store(cells, tmp_path / "c.zarr")["M1 (a)"]

    def attributes(*parts: str) -> dict:
        return json.loads((tmp_path / "c.zarr").joinpath(*parts, ".zattrs").read_text(encoding="utf-8"))

    assert attributes()["spatialdata_attrs"]["version"] == "0.1"
    assert attributes("tables", "cells") | {
        "spatialdata-encoding-type": "ngff:regions_table",
        "region_key": "region",
        "instance_key": k.CELL_ID,
    } == attributes("tables", "cells")
    shapes = attributes("shapes", first)
    assert shapes["encoding-type"] == "ngff:shapes"
    assert shapes["coordinateTransformations"][0]["output"]["axes"][0]["unit"] == "micrometer"
    meta = pq.read_schema(tmp_path / "c.zarr" / "shapes" / first / "shapes.parquet").metadata
    assert json.loads(meta[b"geo"])["columns"]["geometry"]["geometry_types"] == ["Point"]


def test_same_cells_give_same_bytes_and_other_folders_stay(cells, tmp_path):
    del cells.obs["region"]
    cells.obs[k.DOMAIN], cells.var[k.USE] = pd.Categorical(["none"] * 12), "type"
    cells.write_h5ad(tmp_path / "cohort.h5ad")

    def files(folder: Path) -> dict[str, bytes]:
        return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    write(tmp_path / "cohort.h5ad", tmp_path / "a.zarr")
    first = files(tmp_path / "a.zarr")
    write(tmp_path / "cohort.h5ad", tmp_path / "a.zarr")
    assert files(tmp_path / "a.zarr") == first
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="a new folder, or a SpatialData store"):
        write(tmp_path / "cohort.h5ad", tmp_path / "mine")
    assert not list(tmp_path.glob(".tmp*"))
