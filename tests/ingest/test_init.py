"""`tumint init`: what it writes from each fixture is a valid cohort that ingest reads, and names say who is who."""

from __future__ import annotations

import warnings
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from tumint.cli import main
from tumint.config import load_cohort
from tumint.init.names import Named, guess, reference_of

REAL = {  # format, samples, subjects, cells, markers
    "imc_reader_fixtures/analysis/cpout": ("cellprofiler_folder", 15, 5, 239, 5),
    "imc_reader_fixtures/steinbock": ("steinbock", 15, 5, 404, 5),
    "imc_reader_fixtures/steinbock/cells.csv": ("steinbock", 15, 5, 404, 5),
    "imc_reader_fixtures/steinbock/cells.h5ad": ("steinbock", 15, 5, 404, 5),
    "luad_cycif_mcmicro": ("mcmicro", 1, 1, 11_201, 12),
    "mouse_tumour_codex": ("table", 3, 3, 5_909, 4),
    "mouse_lung_scrna": ("h5ad", 4, 4, 800, 24_248),
    "mouse_spleen_codex": ("table", 2, 2, 164_307, 0),
    "cells": ("table", 80, 16, 95_749, 0),
}


@pytest.mark.long
@pytest.mark.parametrize("name", REAL)
def test_real_data(started, shared_data, tmp_path, name):
    form, n_samples, n_subjects, n_cells, n_markers = REAL[name]
    cohort, cells = started(tmp_path / "cohort", shared_data / name)
    assert cohort.config.ingest.format == form
    assert (len(cohort.sheet), cohort.sheet["subject"].nunique()) == (n_samples, n_subjects)
    assert (sum(batch.n_obs for batch in cells), cells[0].n_vars) == (n_cells, n_markers)
    assert (tmp_path / "cohort" / "config.yaml").read_text().count("# check:") >= 4


def test_simulated_cohort(started, tmp_path):
    assert main(["simulate", str(tmp_path / "sim"), "--subjects", "4", "--rois", "2", "--cells", "300"]) == 0
    truth = pd.read_csv(tmp_path / "sim" / "samples.tsv", sep="\t").set_index("sample")
    cohort, cells = started(tmp_path / "cohort", tmp_path / "sim")
    sheet = cohort.sheet.set_index("sample")
    assert list(sheet["subject"]) == list(truth.loc[sheet.index, "subject"])
    assert pd.crosstab(sheet["treatment"], truth.loc[sheet.index, "arm"]).gt(0).sum().tolist() == [1, 1]
    assert len(cohort.config.response.contrasts) == 1
    assert {m.marker for m in cohort.panel.markers if m.use == "dna"} == {"DNA1", "DNA2"}
    assert [m.marker for m in cohort.panel.markers if m.use == "reference"] == ["131Xe"]
    assert {s.cell_type for s in cohort.panel.signatures} >= {"CD8 T cells", "B cells", "Neutrophils"}
    assert cells[0].n_vars == 27


@pytest.mark.parametrize("name", ["qupath", "inform", "halo", "xenium", "tenx", "spatialdata"])
def test_made_files(started, formats, tmp_path, name):
    data = tmp_path / "data"
    data.mkdir()
    inside = {"qupath": "d.tsv", "inform": "a_cell_seg_data.txt", "halo": "o.csv", "spatialdata": "s.zarr"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        getattr(formats, name)(data / inside.get(name, "run"))
    source = data / "s.zarr" if name == "spatialdata" else data
    cohort, cells = started(tmp_path / "cohort", source)
    assert cohort.config.ingest.format == {"tenx": "10x"}.get(name, name)
    assert cells[0].n_obs == {"qupath": 24, "inform": 12, "halo": 24, "xenium": 15, "tenx": 20, "spatialdata": 20}[name]
    assert cells[0].n_vars == {"xenium": 4, "tenx": 4}.get(name, 3)


def test_nothing_is_overwritten_and_what_is_not_known_is_said(tmp_path, capsys):
    assert main(["init", str(tmp_path / "new")]) == 0
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["config.yaml", "panel.yaml", "samples.tsv"]
    before = (tmp_path / "new" / "config.yaml").read_text()
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.csv").write_text("one,two\n1,2\n")
    capsys.readouterr()
    for command in (["init", str(tmp_path / "new")], ["init", str(tmp_path / "x"), "--from", str(tmp_path / "notes")]):
        assert main(command) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    assert (tmp_path / "new" / "config.yaml").read_text() == before
    assert not (tmp_path / "x").exists()


def test_names():
    lung = ["BRAC3495.3f_ROI1_t1_Vehicle", "BRAC3495.3f_ROI2_t1_Vehicle", "BRAC3438.6f_ROI1_t2_MRTX"]
    assert guess(lung) == [
        Named("BRAC3495.3f", "ROI1", "t1", "Vehicle"),
        Named("BRAC3495.3f", "ROI2", "t1", "Vehicle"),
        Named("BRAC3438.6f", "ROI1", "t2", "MRTX"),
    ]
    assert [n.subject for n in guess(["P009_ROI1", "P009_ROI2", "P019_ROI1"])] == ["P009", "P009", "P019"]
    assert guess(["20210305_NE_mockData1_001", "20210305_NE_mockData2_001", "20210305_NE_mockData2_002"])[2] == Named(
        "mockData2", "002"
    )
    assert [n.subject for n in guess(["one", "two_ROI3"])] == ["one", "two"]
    assert reference_of(["MRTX", "Vehicle"]) == "Vehicle"


def test_names_of_the_data_that_no_sheet_may_have(started, tmp_path):
    """Formulas, options, control characters, tabs: what init writes, it reads, and a spreadsheet runs none of it."""
    parts = ["=1+1", "--cells=x", "..", "a\u200bb", "x" * 120, "b\tc", "@d"]
    obs = pd.DataFrame({"sample": np.repeat(parts, 3), "=arm": np.repeat(["=v", "-", "-", "=v", "-", "-", "-"], 3)})
    data = ad.AnnData(np.ones((21, 2), np.float32), obs=obs.set_index(pd.Index([f"c{i}" for i in range(21)])))
    data.obsm["spatial"] = np.random.default_rng(0).uniform(0, 50, (21, 2))
    data.write_h5ad(tmp_path / "d.h5ad")
    cohort, cells = started(tmp_path / "cohort", tmp_path / "d.h5ad")
    assert list(cohort.sheet["sample"]) == ["1+1", "cells=x", "sample", "sample_2", "sample_3", "b_c", "d"]
    assert list(cohort.sheet["part"]) == parts
    assert set(cohort.sheet["'=arm"]) == {"'=v", "'-"}
    assert cells[0].n_obs == 21


def begun(capsys, folder: Path, source: Path, *options: object) -> tuple[int, str]:
    """Exit code of init, and all that it said on either stream."""
    capsys.readouterr()
    code = main(["init", str(folder), "--from", str(source), *map(str, options)])
    said = capsys.readouterr()
    lines = (line.removeprefix("init: ") for line in (said.out + said.err).splitlines())
    return code, " ".join(" ".join(lines).split())


def images(n: int = 4, size: int = 60, **columns: list[str]) -> pd.DataFrame:
    """Cells of `n` images as one table; `columns` have a value for each image."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"x": rng.uniform(0, 200, n * size), "y": rng.uniform(0, 200, n * size)})
    table["cell_type"] = rng.choice(["T", "B", "Tumour"], n * size)
    for name, values in columns.items():
        table[name] = np.repeat(values, size)
    return table


ARMS = {
    "image": [f"i{i}" for i in range(8)],
    "patient": ["p1", "p1", "p2", "p2", "p3", "p3", "p4", "p4"],
    "arm": ["vehicle"] * 4 + ["drug"] * 4,
    "slide": ["s1", "s1", "s2", "s2", "s3", "s3", "s4", "s4"],
    "site": ["a", "a", "b", "b", "b", "b", "b", "b"],
    "visit": ["1", "2"] * 4,
}


def test_groups_are_shown_with_their_counts_and_the_rule(capsys, tmp_path):
    images(8, **ARMS).to_csv(tmp_path / "t.csv", index=False)
    code, said = begun(capsys, tmp_path / "c", tmp_path / "t.csv")
    assert code == 0
    assert "arm: vehicle 2 and drug 2" in said
    assert "slide it is the subject by another name" in said
    assert "site a level with one subject" in said
    assert "visit it differs within a subject" in said
    cohort = load_cohort(tmp_path / "c" / "config.yaml")
    assert list(cohort.sheet["subject"]) == ARMS["patient"]
    assert list(cohort.sheet["arm"]) == ARMS["arm"]
    (contrast,) = cohort.config.response.contrasts
    assert (contrast.column, contrast.reference, contrast.group) == ("arm", "vehicle", "drug")


def test_arms_without_subjects_are_no_subjects(capsys, tmp_path):
    images(4, image=["a", "b", "c", "d"], arm=["v", "v", "d", "d"]).to_csv(tmp_path / "t.csv", index=False)
    code, said = begun(capsys, tmp_path / "c", tmp_path / "t.csv")
    assert code == 0
    assert "each sample is its own" in said
    assert "`--subject`" in said
    assert list(load_cohort(tmp_path / "c" / "config.yaml").sheet["subject"]) == ["a", "b", "c", "d"]


def test_what_a_person_says_goes_before(capsys, tmp_path):
    renamed = images(8, **ARMS).rename(
        columns={"x": "left", "y": "down", "patient": "who", "image": "pic", "arm": "diet"}
    )
    renamed["ward"] = np.repeat(["n", "n", "s", "s"] * 2, 60)
    renamed.rename(columns={"cell_type": "what"}).to_csv(tmp_path / "t.csv", index=False)
    code, said = begun(capsys, tmp_path / "c", tmp_path / "t.csv")
    assert (code, (tmp_path / "c").exists()) == (2, False)
    assert "`--x COLUMN` and `--y COLUMN`" in said
    options = (
        "--x",
        "left",
        "--y",
        "down",
        "--label",
        "what",
        "--sample",
        "pic",
        "--subject",
        "who",
        "--um-per-px",
        0.5,
    )
    code, said = begun(capsys, tmp_path / "c", tmp_path / "t.csv", *options, "--group", "ward")
    assert code == 0, said
    cohort = load_cohort(tmp_path / "c" / "config.yaml")
    assert (len(cohort.sheet), cohort.config.ingest.pixel_size_um) == (8, 0.5)
    assert list(cohort.sheet["subject"]) == ARMS["patient"]
    assert cohort.config.response.contrasts[0].column == "ward"
    code, said = begun(capsys, tmp_path / "d", tmp_path / "t.csv", "--x", "left", "--y", "none")
    assert code == 2


@pytest.mark.parametrize("slot", ["spatial", "X_spatial", "spatial_fov"])
def test_an_anndata_with_images_and_patients(started, capsys, tmp_path, slot):
    obs = images(8, imageid=ARMS["image"], subject=ARMS["patient"], arm=ARMS["arm"])
    kept = obs[["cell_type", "imageid", "subject", "arm"]].set_index(pd.Index([f"c{i}" for i in range(len(obs))]))
    data = ad.AnnData(np.ones((len(obs), 3), np.float32), obs=kept)
    data.obsm[slot] = obs[["x", "y"]].to_numpy()
    data.write_h5ad(tmp_path / "d.h5ad")
    cohort, cells = started(tmp_path / "c", tmp_path / "d.h5ad")
    assert list(cohort.sheet["part"]) == ARMS["image"]
    assert list(cohort.sheet["subject"]) == ARMS["patient"]
    np.testing.assert_array_equal(cells[0].obsm["spatial"][:60], obs[["x", "y"]].to_numpy()[:60])
    assert cohort.config.response.contrasts[0].column == "arm"
    del data.obsm[slot]
    data.write_h5ad(tmp_path / "nowhere.h5ad")
    _, said = begun(capsys, tmp_path / "n", tmp_path / "nowhere.h5ad")
    assert "the cells are taken for dissociated" in said


def test_a_sheet_is_taken(started, capsys, tmp_path):
    (tmp_path / "cells").mkdir()
    for i in range(4):
        images(1).to_csv(tmp_path / "cells" / f"{i}.csv", index=False)
    sheet = pd.DataFrame({"ROI": [f"r{i}" for i in range(4)], "Mouse": ["m1", "m2", "m3", "m4"]})
    sheet["treatment"] = ["vehicle", "drug", "vehicle", "drug"]
    sheet.assign(file=[f"cells/{i}.csv" for i in range(4)]).to_csv(tmp_path / "s.csv", index=False)
    cohort, cells = started(tmp_path / "c", tmp_path / "s.csv")
    assert list(cohort.sheet["subject"]) == ["m1", "m2", "m3", "m4"]
    assert [(c.reference, c.group) for c in cohort.config.response.contrasts] == [("vehicle", "drug")]
    assert cells[0].n_obs == 240
    sheet.assign(path=["cells/0.csv", "cells/1.csv", "cells/no.csv", "no"]).to_csv(tmp_path / "bad.csv", index=False)
    code, said = begun(capsys, tmp_path / "d", tmp_path / "bad.csv")
    assert code == 2
    assert "row 4, column `path`" in said or "row 4 column `path`" in said


def test_several_data_sets_are_listed_and_folders_of_one_kind_are_one(started, capsys, shared_data, tmp_path):
    code, said = begun(capsys, tmp_path / "c", shared_data / "imc_reader_fixtures")
    assert (code, (tmp_path / "c").exists()) == (2, False)
    assert "cpout (cellprofiler_folder, 15 samples) and " in said
    assert "steinbock (steinbock, 15 samples); name one of them" in said
    for arm in ("vehicle", "drug"):
        (tmp_path / "data" / arm).mkdir(parents=True)
        for i in range(2):
            images(1).to_csv(tmp_path / "data" / arm / f"{arm}m{i}.csv", index=False)
    cohort, _ = started(tmp_path / "d", tmp_path / "data")
    assert list(cohort.sheet["folder"]) == ["drug", "drug", "vehicle", "vehicle"]
    assert cohort.config.response.contrasts[0].column == "folder"


def test_units_come_from_how_near_cells_lie(capsys, tmp_path):
    grid = np.stack(np.meshgrid(np.arange(15), np.arange(15)), -1).reshape(-1, 2)
    for step, said_of_it in ((7.0, "as cells do"), (21.0, "pixels of unknown size")):
        table = pd.DataFrame(grid * step, columns=["x", "y"]).assign(cell_type=["T", "B", "C"] * 75)
        table.to_csv(tmp_path / "t.csv", index=False)
        code, said = begun(capsys, tmp_path / f"c{step}", tmp_path / "t.csv")
        assert code == 0
        assert said_of_it in said
        assert f"within {step:g} units of another" in said
        assert ("--um-per-px" in said) == (step > 10)


def test_inform_with_decimal_commas_and_flags(started, formats, tmp_path):
    text = formats.inform(tmp_path / "a_cell_seg_data.txt").read_text()
    table = pd.read_csv(tmp_path / "a_cell_seg_data.txt", sep="\t")
    path = tmp_path / "b_cell_seg_data.txt"
    path.write_text(text.replace(".", ","))
    cohort, cells = started(tmp_path / "c", path)
    assert cohort.config.ingest.decimal == ","
    np.testing.assert_allclose(cells[0].obsm["spatial"], table[["Cell X Position", "Cell Y Position"]])
    flags = table["Phenotype"].eq("CD8+").map({True: "CD8+", False: "CD8-"})
    flagged = table.drop(columns="Phenotype").assign(**{"Phenotype CD8": flags, "Phenotype FoxP3": "FoxP3+"})
    flagged.to_csv(path, sep="\t", index=False)
    cohort, cells = started(tmp_path / "d", path)
    assert cohort.config.cluster.typing == "provided"
    expected = ["CD8+ FoxP3+" if flag == "CD8+" else "FoxP3+" for flag in flags]
    assert list(cells[0].obs["cell_type_provided"]) == expected


def test_qupath_with_images_in_um_and_in_pixels(started, formats, tmp_path):
    table = pd.read_csv(formats.qupath(tmp_path / "d.tsv"), sep="\t")
    other = table["Image"] == "b.ome.tif"
    for axis in "XY":
        table[f"Centroid {axis} px"] = np.where(other, table[f"Centroid {axis} µm"] * 2, np.nan)
        table.loc[other, f"Centroid {axis} µm"] = np.nan
    table.to_csv(tmp_path / "d.tsv", sep="\t", index=False)
    cohort, cells = started(tmp_path / "c", tmp_path / "d.tsv")
    expected = (
        table[["Centroid X µm", "Centroid Y µm"]].fillna(0)
        + table[["Centroid X px", "Centroid Y px"]].fillna(0).to_numpy()
    )
    np.testing.assert_allclose(cells[0].obsm["spatial"], expected)
    assert len(cohort.sheet) == 2


def test_vehicle_1_and_treated_1_are_two_animals():
    assert [n.subject for n in guess(["vehicle_1", "vehicle_2", "drug_1", "drug_2"])] == [
        *("vehicle_1", "vehicle_2", "drug_1", "drug_2"),
    ]
