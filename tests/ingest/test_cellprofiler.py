"""CellProfiler tables: intensities, units, domains, neighbours."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.io.tables import read_meta


def test_cells_are_those_of_the_table(ingest, make, tmp_path):
    table = make.cells_table()
    done = ingest({"M1_ROI1": make.write_roi(tmp_path, "M1_ROI1", table)})
    assert done.code == 0
    cells = done.cells
    assert list(cells.var_names) == ["CD8", "EPCAM", "Xe131", "DNA1", "DNA2"]
    assert list(cells.var[k.USE]) == ["type", "state", "reference", "dna", "dna"]
    source = [f"Intensity_MeanIntensity_{channel}_c1" for channel in make.CHANNELS]
    np.testing.assert_allclose(cells.X, table[source].to_numpy(), rtol=1e-6)
    assert cells.X.dtype == np.float32
    np.testing.assert_array_equal(cells.obsm[k.SPATIAL], table[["Location_Center_X", "Location_Center_Y"]])
    np.testing.assert_array_equal(cells.obs[k.CELL_ID], table["ObjectNumber"])
    np.testing.assert_array_equal(cells.obs[k.AREA_UM2], table["AreaShape_Area"])
    assert list(cells.obs_names[:2]) == ["M1_ROI1:1", "M1_ROI1:2"]
    assert k.CELL_TYPE_PROVIDED not in cells.obs


def test_pixels_become_micrometres_and_areas_square_micrometres(ingest, make, tmp_path):
    table = make.cells_table()
    paths = {sample: make.write_roi(tmp_path, f"M1_{sample}", table) for sample in "ab"}
    done = ingest(paths, pixel_sizes={"b": 0.5}, pixel_size_um=2.0)
    cells = done.cells
    for sample, size in (("a", 2.0), ("b", 0.5)):
        rows = (cells.obs[k.SAMPLE] == sample).to_numpy()
        np.testing.assert_allclose(cells.obsm[k.SPATIAL][rows, 0], table["Location_Center_X"] * size, rtol=1e-15)
        np.testing.assert_allclose(cells.obs[k.AREA_UM2][rows], table["AreaShape_Area"] * size**2, rtol=1e-15)
    assert list(done.samples[k.PIXEL_SIZE_UM]) == [2.0, 0.5]


def test_domains_take_half_a_mask_and_the_order_of_precedence(ingest, make, tmp_path):
    cases = {  # tumour, normal, interface, structural
        (1.0, 0.0, 0.0, 0.0): "tumour",
        (0.0, 1.0, 0.0, 0.0): "normal",
        (1.0, 1.0, 0.0, 0.0): "tumour",
        (1.0, 1.0, 0.5, 0.0): "interface",
        (1.0, 1.0, 1.0, 0.5): "structural",
        (0.5, 0.4999, 0.4999, 0.4999): "tumour",
        (0.4999, 0.4999, 0.4999, 0.4999): "none",
        (np.nan, 0.0, 0.0, 0.0): "none",
        (0.0, 0.0, 0.0, 0.0): "none",
    }
    table = make.cells_table(n=len(cases))
    table[[f"Intensity_MeanIntensity_{mask}" for mask in make.MASKS]] = list(cases)
    done = ingest({"M1_ROI1": make.write_roi(tmp_path, "M1_ROI1", table)})
    domain = done.cells.obs[k.DOMAIN]
    assert list(domain) == list(cases.values())
    assert list(domain.cat.categories) == [*k.DOMAINS, k.NO_DOMAIN]
    counts = {name: done.samples.loc[0, f"n_domain_{name}"] for name in domain.cat.categories}
    assert counts == {"structural": 1, "interface": 1, "tumour": 3, "normal": 1, "none": 3}


def test_masks_of_domains_of_the_lab_come_after_those_we_know(ingest, make, tmp_path):
    # structural, interface, tumour, normal
    cases = {(1.0, 1.0, 0.0, 1.0): "tumour", (1.0, 1.0, 0.0, 0.0): "follicle", (1.0, 0.0, 0.0, 0.0): "vessel"}
    table = make.cells_table(n=len(cases))
    ends = {"vessel": "Structural", "follicle": "Interface", "normal": "Tumour", "tumour": "Normal"}
    names = [f"Intensity_MeanIntensity_{end}Image" for end in ("Structural", "Interface", "Tumour", "Normal")]
    table[names] = list(cases)
    masks = {domain: f"{end}Image" for domain, end in ends.items()}
    done = ingest({"M1_ROI1": make.write_roi(tmp_path, "M1_ROI1", table)}, masks=masks)
    assert done.code == 0, done.lines
    assert list(done.cells.obs[k.DOMAIN]) == list(cases.values())
    assert list(done.samples["masks"]) == ["tumour;normal;follicle;vessel"]
    for name in ("none", "a|b"):
        done = ingest({"M1_ROI1": tmp_path}, masks={name: "TumourImage"}, name="other")
        assert (done.code, len(done.lines)) == (2, 1)
        assert "each key of `masks` to be a name of a tissue domain" in done.lines[0]
        assert f"'{name}'" in done.lines[0]


def test_tables_without_masks_have_no_domain(ingest, make, tmp_path):
    table = make.cells_table()
    table = table.drop(columns=[name for name in table if name.endswith("Image")])
    done = ingest({"M1_ROI1": make.write_roi(tmp_path, "M1_ROI1", table)})
    assert done.code == 0
    assert set(done.cells.obs[k.DOMAIN]) == {k.NO_DOMAIN}
    assert list(done.samples["masks"]) == [""]


def test_only_the_mean_of_a_mask_is_taken(ingest, make, tmp_path):
    table = make.cells_table()
    table["Intensity_MeanIntensity_TumourImage"] = 0.2  # the maximum stays 1
    done = ingest({"M1_ROI1": make.write_roi(tmp_path, "M1_ROI1", table)})
    assert set(done.cells.obs[k.DOMAIN]) == {k.NO_DOMAIN}
    table = table.drop(columns="Intensity_MeanIntensity_TumourImage")
    done = ingest({"M1_ROI1": make.write_roi(tmp_path, "M1_ROI1", table)}, name="other")
    assert (done.code, len(done.lines)) == (2, 1)
    assert "found none for tumour" in done.lines[0]


def test_a_table_with_some_masks_only_is_a_fault(ingest, make, tmp_path):
    table = make.cells_table()
    table = table.drop(columns=[name for name in table if name.endswith("StructuralImage")])
    done = ingest({"M1_ROI1": make.write_roi(tmp_path, "M1_ROI1", table)})
    assert (done.code, len(done.lines)) == (2, 1)
    assert "found none for structural" in done.lines[0]


def test_neighbours_become_edges_both_ways(ingest, make, tmp_path):
    pairs = [(1, 2), (2, 1), (2, 3), (5, 5), (2, 3), (7, 4)]
    path = make.write_roi(tmp_path, "M1_ROI1", make.cells_table(), pairs)
    beside = path.with_name(f"Object relationships_{path.name}")
    rows = pd.read_csv(beside)
    rows.loc[len(rows)] = ["IdentifyPrimaryObjects", 2, "Parent", "Nuclei", 1, 9, "AllCellsMask", 1, 8]
    rows.to_csv(beside, index=False)
    done = ingest({"M1_ROI1": path})
    edges = done.edges
    assert list(zip(edges[k.SOURCE_CELL], edges[k.TARGET_CELL], strict=True)) == [
        *((1, 2), (2, 1), (2, 3), (3, 2), (4, 7), (7, 4))
    ]
    assert set(edges[k.SAMPLE]) == {"M1_ROI1"}
    assert list(done.samples["n_edges"]) == [6]
    assert ingest({"M1_ROI1": path}, relationships=False).edges.empty


def test_neighbours_that_are_not_cells_of_the_sample_are_a_fault(ingest, make, tmp_path):
    path = make.write_roi(tmp_path, "M1_ROI1", make.cells_table(), [(1, 2), (2, 31), (32, 33)])
    done = ingest({"M1_ROI1": path})
    assert (done.code, len(done.lines)) == (2, 2)
    assert "row 4 (sample M1_ROI1), column `First Object Number`" in done.lines[0]
    assert "row 3 (sample M1_ROI1), column `Second Object Number`" in done.lines[1]
    assert "found `31` (and 1 more row)" in done.lines[1]


@pytest.mark.parametrize("image", [1, 5, 15])
def test_neighbours_as_cellprofiler_wrote_them(ingest, shared_data, tmp_path, image):
    """One image of a real pipeline's tables, laid out as one ROI; its neighbours stay in the table of all images."""
    source = shared_data / "imc_reader_fixtures" / "analysis" / "cpout"
    cells = pd.read_csv(source / "cell.csv").query("ImageNumber == @image")
    path = tmp_path / "AllCellsMask_S1.csv"
    cells.to_csv(path, index=False)
    relationships = (source / "Object relationships.csv").read_bytes()
    (tmp_path / f"Object relationships_{path.name}").write_bytes(relationships)
    markers = [{"marker": name, "channel": str(i)} for i, name in enumerate(["Ag107", "CK5", "H3K27Ac"], start=1)]
    done = ingest(
        {"S1": path},
        panel={"name": "fixture", "source": "fixture", "markers": markers},
        intensity_column="Intensity_MeanIntensity_FullStack_c{channel}",
    )
    assert done.code == 0, done.lines
    np.testing.assert_allclose(
        done.cells.X, cells[[f"Intensity_MeanIntensity_FullStack_c{i}" for i in (1, 2, 3)]], rtol=1e-6
    )
    rows = pd.read_csv(source / "Object relationships.csv")
    rows = rows[(rows["First Image Number"] == image) & (rows["Relationship"] == "Neighbors")]
    expected = set(zip(rows["First Object Number"], rows["Second Object Number"], strict=True))
    found = list(zip(done.edges[k.SOURCE_CELL], done.edges[k.TARGET_CELL], strict=True))
    assert found == sorted(expected)
    assert found


def test_gzip_windows_line_ends_and_bom_change_nothing(ingest, make, tmp_path):
    plain = make.write_roi(tmp_path, "M1_ROI1", make.cells_table(), [(1, 2)])
    text = plain.read_bytes()
    packed, windows = tmp_path / "AllCellsMask_M1_ROI2.csv.gz", tmp_path / "AllCellsMask_M1_ROI3.csv"
    packed.write_bytes(gzip.compress(text))
    windows.write_bytes(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"))
    done = ingest({"a": plain, "b": packed, "c": windows})
    assert done.code == 0, done.lines
    parts = [done.cells[done.cells.obs[k.SAMPLE] == sample].X for sample in "abc"]
    np.testing.assert_array_equal(parts[0], parts[1])
    np.testing.assert_array_equal(parts[0], parts[2])


def test_a_cell_without_an_intensity_stays_and_lacks_it(ingest, make, tmp_path):
    table = make.cells_table()
    table.loc[4, "Intensity_MeanIntensity_CD8_c1"] = np.nan
    cells = ingest({"M1_ROI1": make.write_roi(tmp_path, "M1_ROI1", table)}).cells
    assert np.argwhere(np.isnan(cells.X)).tolist() == [[4, 0]]


def test_samples_are_identified_by_their_bytes(ingest, make, tmp_path):
    path = make.write_roi(tmp_path, "M1_ROI1", make.cells_table())
    samples = ingest({"M1_ROI1": path}).samples
    assert samples.loc[0, "bytes"] == path.stat().st_size
    assert samples.loc[0, "sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert samples.loc[0, ["status", "reason", "missing_markers"]].tolist() == ["ok", "", ""]


def test_batches_change_nothing(ingest, make, tmp_path):
    paths = {f"M{i}": make.write_roi(tmp_path, f"M{i}", make.cells_table(seed=i), [(1, i + 2)]) for i in range(3)}
    together, alone = ingest(paths), ingest({"M1": paths["M1"]}, name="alone")
    part = together.cells[together.cells.obs[k.SAMPLE] == "M1"]
    assert part.X.tobytes() == alone.cells.X.tobytes()
    assert list(part.obs_names) == list(alone.cells.obs_names)
    edges = together.edges[together.edges[k.SAMPLE] == "M1"].reset_index(drop=True)
    pd.testing.assert_frame_equal(edges, alone.edges)
    assert len(edges) == 2


def test_the_same_input_gives_the_same_bytes(ingest, make, tmp_path):
    paths = {f"M{i}": make.write_roi(tmp_path, f"M{i}", make.cells_table(seed=i), [(1, 2)]) for i in range(3)}
    files: list[dict[str, bytes]] = []
    for name in ("first", "second"):
        out: Path = ingest(paths, name=name).out
        files.append({suffix: out.with_suffix(suffix).read_bytes() for suffix in (".h5ad", ".samples.parquet")})
        files[-1][".edges.parquet"] = out.with_suffix(".edges.parquet").read_bytes()
    assert files[0] == files[1]
    assert read_meta(out.with_suffix(".samples.parquet"))["stage"] == "ingest"
