"""CosMx, MERSCOPE and segmented Visium HD: values as pandas reads them, refusals of one line, init."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from tumint import keys as k
from tumint.cli import main


def close(found, expected):
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=1e-6, atol=1e-6)


def only_fault(done) -> str:
    assert (done.code, len(done.lines)) == (2, 1), done.lines
    return done.lines[0]


# ------------------------------------------------------------------------------------------------------------- CosMx
def cosmx_truth(folder, slide="S1", end=".csv"):
    """Metadata, and the counts of their cells."""
    cells = pd.read_csv(folder / f"{slide}_metadata_file{end}")
    counts = pd.read_csv(folder / f"{slide}_exprMat_file{end}").set_index(["fov", "cell_ID"])
    return cells, counts.loc[list(zip(cells["fov"], cells["cell_ID"], strict=True))]


@pytest.mark.parametrize("packed", [False, True])
def test_cosmx_slide(ingest, transcripts, tmp_path, packed):
    folder = transcripts.cosmx(tmp_path / "flat", packed=packed)
    done = ingest({"A": folder}, panel=None, format="cosmx", pixel_size_um=0.12028, outside_image="drop")
    assert done.code == 0, done.lines
    source, counts = cosmx_truth(folder, end=".csv.gz" if packed else ".csv")
    cells = done.cells
    assert list(cells.var_names) == list(transcripts.GENES)  # no control
    assert set(cells.var[k.UNIT]) == {k.COUNTS}
    assert sparse.isspmatrix_csr(cells.X)
    assert cells.X.toarray().tolist() == counts[list(transcripts.GENES)].to_numpy().tolist()
    assert list(cells.obs[k.CELL_ID]) == list(source["fov"] * 1_000_000 + source["cell_ID"])
    assert list(cells.obs[k.CELL_NAME]) == [f"{f}_{c}" for f, c in zip(source["fov"], source["cell_ID"], strict=True)]
    close(cells.obsm[k.SPATIAL], source[["CenterX_global_px", "CenterY_global_px"]] * 0.12028)
    close(cells.obs[k.AREA_UM2], source["Area"] * 0.12028**2)
    assert (cells.obsm[k.SPATIAL] < 0).any()
    assert done.samples["n_outside"].tolist() == [0]  # no image whose size is known


def test_cosmx_fields_as_samples_and_local_pixels(ingest, transcripts, tmp_path):
    folder = transcripts.cosmx(tmp_path / "flat")
    args = {"panel": None, "format": "cosmx", "parts": {"A": "12", "B": "1"}}
    cells = ingest({"A": folder / "S1_metadata_file.csv", "B": folder / "S1_metadata_file.csv"}, **args).cells
    source, counts = cosmx_truth(folder)
    order = np.argsort(source["fov"] == 1, kind="stable")
    assert list(cells.obs[k.CELL_ID]) == list((source["fov"] * 1_000_000 + source["cell_ID"]).iloc[order])
    assert cells.X.toarray().tolist() == counts[list(transcripts.GENES)].iloc[order].to_numpy().tolist()
    local = transcripts.cosmx(tmp_path / "local", local_only=True)
    one = ingest({"A": folder}, panel=None, format="cosmx", name="one").cells
    two = ingest({"A": local}, panel=None, format="cosmx", name="two").cells
    close(one.obsm[k.SPATIAL], two.obsm[k.SPATIAL])  # by the positions of the fields
    (local / "S1_fov_positions_file.csv").unlink()
    assert "expected global pixels (`CenterX_global_px`), or `*_fov_positions_file.csv` beside it" in only_fault(
        ingest({"A": local}, panel=None, format="cosmx", name="three")
    )


def test_cosmx_metadata_alone_has_the_stains(ingest, transcripts, tmp_path):
    folder = transcripts.cosmx(tmp_path / "flat")
    (folder / "S1_exprMat_file.csv").unlink()
    cells = ingest({"A": folder}, panel=None, format="cosmx", other_features="state").cells
    source = pd.read_csv(folder / "S1_metadata_file.csv")
    assert list(cells.var_names) == ["PanCK", "CD45", "DAPI"]
    close(cells.X, source[["Mean.PanCK", "Mean.CD45", "Mean.DAPI"]])


def test_cosmx_faults_are_one_line(ingest, transcripts, tmp_path):
    folder = transcripts.cosmx(tmp_path / "flat")
    metadata, counts = folder / "S1_metadata_file.csv", folder / "S1_exprMat_file.csv"
    args = {"panel": None, "format": "cosmx"}
    line = only_fault(ingest({"A": metadata}, parts={"A": "7"}, **args))
    assert "expected rows whose `fov` is `7`, as in the sheet, found none" in line
    text = counts.read_text()
    table = pd.read_csv(counts)
    table[(table["fov"] != 12) | (table["cell_ID"] != 3)].to_csv(counts, index=False)
    assert "found none of 1, such as cell 12_3 (field_cell)" in only_fault(ingest({"A": folder}, **args))
    counts.write_text(text.replace("Cd8a", "Epcam"))
    assert "expected the column `Epcam` once, found 2 of that name" in only_fault(ingest({"A": folder}, **args))
    counts.write_text(text)
    cells = pd.read_csv(metadata)
    cells.assign(cell_ID=1).to_csv(metadata, index=False)
    assert "expected each cell id once" in only_fault(ingest({"A": folder}, **args))
    cells.assign(cell_ID=1_000_000).to_csv(metadata, index=False)
    assert "a cell number from 0 to 999,999" in only_fault(ingest({"A": folder}, **args)).replace("\u202f", ",")
    cells.to_csv(folder / "S2_metadata_file.csv", index=False)
    assert "expected one `*_metadata_file.csv` (the sheet's `path` may name the file)" in only_fault(
        ingest({"A": folder}, **args)
    )


def test_cosmx_init(transcripts, tmp_path, started):
    for slide in ("M1", "M2"):
        transcripts.cosmx(tmp_path / "data" / slide, slide)
    cohort, cells = started(tmp_path / "cohort", tmp_path / "data")
    assert cohort.config.ingest.format == "cosmx"
    assert cohort.config.ingest.pixel_size_um == 0.12028
    assert (list(cohort.sheet["sample"]), cells[0].n_obs) == (["M1", "M2"], 36)
    assert cohort.config.cluster.normalise.method == "log"


# ---------------------------------------------------------------------------------------------------------- MERSCOPE
@pytest.mark.parametrize("old", [False, True])
def test_merscope(ingest, transcripts, tmp_path, old):
    folder = transcripts.merscope(tmp_path / "region_0", old=old)
    done = ingest({"A": folder}, panel=None, format="merscope", pixel_size_um=9.0)
    assert done.code == 0, done.lines
    key = "Unnamed: 0" if old else "EntityID"
    source = pd.read_csv(folder / "cell_metadata.csv", dtype={0: str}).rename(columns={"Unnamed: 0": key})
    counts = pd.read_csv(folder / "cell_by_gene.csv", dtype={0: str})
    counts = counts.set_index(counts.columns[0]).loc[source[key]]
    cells = done.cells
    assert list(cells.var_names) == list(transcripts.GENES)
    assert cells.X.toarray().tolist() == counts[list(transcripts.GENES)].to_numpy().tolist()
    close(cells.obsm[k.SPATIAL], source[["center_x", "center_y"]])
    assert list(cells.obs[k.CELL_NAME]) == list(source[key])
    assert list(cells.obs[k.CELL_ID]) == list(range(1, len(source) + 1))
    assert done.samples["n_outside"].tolist() == [0]


def test_merscope_faults_and_init(ingest, transcripts, tmp_path, started):
    regions = [transcripts.merscope(tmp_path / "data" / run / "region_0", seed=i) for i, run in enumerate(("r1", "r2"))]
    cohort, cells = started(tmp_path / "cohort", tmp_path / "data")
    assert (cohort.config.ingest.format, cells[0].n_obs) == ("merscope", 28)
    assert list(cohort.sheet["sample"]) == ["r1_region_0", "r2_region_0"]
    counts = regions[0] / "cell_by_gene.csv"
    lines = counts.read_text().splitlines()
    counts.write_text("\n".join(lines[:-1]) + "\n")
    line = only_fault(ingest({"A": regions[0]}, panel=None, format="merscope"))
    assert "expected the 14 cells of" in line
    assert "found 1 of them not" in line
    counts.write_text("\n".join([*lines[:-1], lines[-1].rpartition(",")[0] + ",many"]) + "\n")
    # a control is not read: the fault is that of a gene
    assert ingest({"A": regions[0]}, panel=None, format="merscope").code == 0
    counts.write_text("\n".join([lines[0], *(f"{line.split(',')[0]},-1{line[line.index(',') :]}" for line in [])]))
    assert ingest({"A": regions[0]}, panel=None, format="merscope", name="b").code == 2


# --------------------------------------------------------------------------------------------------------- Visium HD
def test_visium_hd(ingest, transcripts, formats, tmp_path, started):
    outs = transcripts.visium_hd(tmp_path / "M1" / "outs", formats.matrix_h5)
    folder = outs / "segmented_outputs"
    shapes = json.loads((folder / "cell_segmentations.geojson").read_text())["features"]
    rings = {s["properties"]["cell_id"]: np.array(s["geometry"]["coordinates"][0][:4]) for s in shapes}
    for i, path in enumerate((outs, folder)):
        cells = ingest({"A": path}, panel=None, format="visium_hd", pixel_size_um=9.0, name=f"n{i}").cells
        assert cells.n_obs == 10
        assert list(cells.obs[k.CELL_NAME]) == [f"cellid_{number:09d}-1" for number in cells.obs[k.CELL_ID]]
        own = [rings[number] for number in cells.obs[k.CELL_ID]]
        close(cells.obsm[k.SPATIAL], np.array([ring.mean(axis=0) for ring in own]) * 0.2737)
        close(cells.obs[k.AREA_UM2], [np.prod(np.ptp(ring, axis=0)) * 0.2737**2 for ring in own])
    import h5py

    with h5py.File(folder / "filtered_feature_cell_matrix.h5") as file:
        assert cells.X.sum() == file["matrix/data"][:].sum()
    cohort, found = started(tmp_path / "cohort", tmp_path / "M1" / "outs")
    assert (cohort.config.ingest.format, found[0].n_obs, list(cohort.sheet["sample"])) == ("visium_hd", 10, ["M1"])


def test_visium_hd_bins_are_no_cells(ingest, transcripts, formats, tmp_path, capsys):
    outs = transcripts.visium_hd(tmp_path / "M1" / "outs", formats.matrix_h5)
    outlines = outs / "segmented_outputs" / "cell_segmentations.geojson"
    shapes = json.loads(outlines.read_text())
    shapes["features"] = [s for s in shapes["features"] if s["properties"]["cell_id"] > 900]
    outlines.write_text(json.dumps(shapes))
    assert "an outline of every cell of" in only_fault(ingest({"A": outs}, panel=None, format="visium_hd"))
    outlines.write_text("{")
    assert "expected a GeoJSON file, found" in only_fault(ingest({"A": outs}, panel=None, format="visium_hd"))
    (outs / "segmented_outputs").rename(tmp_path / "away")
    said = "expected cells: the folder `segmented_outputs` of Space Ranger 4 and later"
    assert said in only_fault(ingest({"A": outs}, panel=None, format="visium_hd"))
    assert main(["init", str(tmp_path / "c"), "--from", str(outs)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert (len(lines), said in lines[0]) == (1, True)
