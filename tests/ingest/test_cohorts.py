"""The real cohorts through ingest and quality control by their committed configs, one batch after another."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from tumint import jobs
from tumint import keys as k
from tumint.cli import main
from tumint.config import load_cohort, stage_params
from tumint.config.load import read_yaml
from tumint.io.cells import read_anndata
from tumint.io.contracts import QC_CELLS, QC_METRICS, SAMPLES
from tumint.io.tables import read_table

ROOT = Path(__file__).parents[2]


def _through(name: str, shared_data: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Run both stages on every batch; the sheet. Only the folder of the data may differ from the committed config."""
    monkeypatch.chdir(ROOT)
    values = read_yaml(ROOT / "config" / "cohorts" / f"{name}.yaml")
    for key in ("samples", "data"):
        if values.get(key):
            values[key] = values[key].replace("../shared/data", str(shared_data))
    cohort = load_cohort(values)
    for batch, samples in jobs.batches(cohort.sheet, cohort.config.samples_per_job).items():
        rows = jobs.rows_json(cohort.sheet, samples)
        params = {stage: stage_params(cohort.config, cohort.panel, stage) for stage in ("ingest", "qc")}
        read, passed = (out / stage / f"{batch}.h5ad" for stage in ("ingest", "qc"))
        table = str(read.with_suffix(".samples.parquet"))
        assert main(["ingest", "--params", params["ingest"], "--rows", rows, "-o", str(read)]) == 0
        qc = ["qc", "--params", params["qc"], "--cells", str(read), "--samples", table, "-o", str(passed)]
        assert main(qc) == 0
    return cohort.sheet


def _all(folder: Path, suffix: str, contract) -> pd.DataFrame:
    return pd.concat([read_table(path, contract) for path in sorted(folder.glob(f"b*.{suffix}.parquet"))])


def test_mouse_tumour_codex(shared_data, tmp_path, monkeypatch):
    sheet = _through("mouse_tumour_codex", shared_data, tmp_path, monkeypatch)
    cells: ad.AnnData = read_anndata(tmp_path / "qc" / "b0001.h5ad")
    assert cells.shape == (5909, 4)
    assert list(cells.var_names) == ["H2Db", "H2Kb", "PD1", "PDL1"]
    assert cells.obs[k.SAMPLE].value_counts(sort=False).to_dict() == {
        "Cntrl_d3": 1967,
        "Tcell_d3": 1955,
        "2HCTcell_d3": 1987,
    }
    for row in sheet.to_dict("records"):
        source = pd.read_csv(row[k.PATH], index_col=0)
        part = cells[cells.obs[k.SAMPLE] == row[k.SAMPLE]]
        np.testing.assert_allclose(part.X, source[list(cells.var_names)], rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(part.obsm[k.SPATIAL], source[["AbsoluteX", "AbsoluteY"]], rtol=1e-12)
        np.testing.assert_array_equal(part.obs[k.CELL_ID], source.index)
        assert list(part.obs[k.CELL_TYPE_PROVIDED]) == list(source["Cell Type"])
    # T cells are PD1+ or PD1-
    is_t = cells.obs[k.CELL_TYPE_PROVIDED].isin(["PD1p", "PD1n"]).to_numpy()
    assert pd.Series(is_t).groupby(cells.obs[k.SAMPLE].to_numpy(), observed=True).sum().to_dict() == {
        "Cntrl_d3": 0,
        "Tcell_d3": 22,
        "2HCTcell_d3": 48,
    }
    metrics = read_table(tmp_path / "qc" / "b0001.metrics.parquet", QC_METRICS)
    assert list(metrics["n_without_area_um2"]) == [1967, 1955, 1987]


@pytest.mark.long
def test_nsclc_mif(shared_data, tmp_path, monkeypatch):
    sheet = _through("nsclc_mif", shared_data, tmp_path, monkeypatch)
    samples = _all(tmp_path / "ingest", "samples", SAMPLES)
    assert sorted(samples[k.SAMPLE]) == sorted(sheet[k.SAMPLE])
    assert (len(samples), samples["n_cells"].sum()) == (80, 95749)
    verdicts = _all(tmp_path / "qc", "cells", QC_CELLS)
    assert len(verdicts) == 95749
    assert set(verdicts[k.VERDICT]) == {"pass"}
    assert _all(tmp_path / "qc", "metrics", QC_METRICS)["n_out"].sum() == 95749
    row = sheet.iloc[3]
    (mine,) = (name for name, of in jobs.batches(sheet).items() if row[k.SAMPLE] in of)
    batch = read_anndata(tmp_path / "qc" / f"{mine}.h5ad")
    assert batch.n_vars == 0
    source = pd.read_csv(row[k.PATH])
    part = batch[batch.obs[k.SAMPLE] == row[k.SAMPLE]]
    np.testing.assert_array_equal(part.obsm[k.SPATIAL], source[["x", "y"]])
    assert list(part.obs[k.CELL_TYPE_PROVIDED].astype(str)) == list(source["cell_type"].astype(str))
