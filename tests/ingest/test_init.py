"""`tumint init`: what it writes from each fixture is a valid cohort that ingest reads, and names say who is who."""

from __future__ import annotations

import warnings
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from tumint import jobs
from tumint.cli import main
from tumint.config import load_cohort, stage_params
from tumint.init.names import Named, guess, reference_of
from tumint.io.cells import read_cells

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


def started(folder: Path, source: Path):
    """The cohort that init makes of `source`, and the AnnData of its first batches."""
    assert main(["init", str(folder), "--from", str(source)]) == 0
    cohort = load_cohort(folder / "config.yaml")
    cells = []
    for batch, samples in jobs.batches(cohort.sheet, cohort.config.samples_per_job).items():
        params, rows = stage_params(cohort.config, cohort.panel, "ingest"), jobs.rows_json(cohort.sheet, samples)
        assert main(["ingest", "--params", params, "--rows", rows, "-o", str(folder / f"{batch}.h5ad")]) == 0
        assert all(Path(path).exists() for path in jobs.raw_files(cohort.sheet, samples, cohort.config.ingest))
        cells.append(read_cells(folder / f"{batch}.h5ad"))
    return cohort, cells


@pytest.mark.parametrize("name", REAL)
def test_real_data(shared_data, tmp_path, name):
    form, n_samples, n_subjects, n_cells, n_markers = REAL[name]
    cohort, cells = started(tmp_path / "cohort", shared_data / name)
    assert cohort.config.ingest.format == form
    assert (len(cohort.sheet), cohort.sheet["subject"].nunique()) == (n_samples, n_subjects)
    assert (sum(batch.n_obs for batch in cells), cells[0].n_vars) == (n_cells, n_markers)
    assert (tmp_path / "cohort" / "config.yaml").read_text().count("# check:") >= 4


def test_simulated_cohort(tmp_path):
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
def test_made_files(formats, tmp_path, name):
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


def test_names_of_the_data_that_no_sheet_may_have(tmp_path):
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
