"""Typing of real cohorts against what is published of them; read from the folder named by TUMINT_TEST_DATA."""

from __future__ import annotations

import os
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import adjusted_rand_score

from tumint.config import Panel
from tumint.io.cells import write_cells
from tumint.io.contracts import CELLS, CLUSTERS
from tumint.io.tables import read_table

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("TUMINT_TEST_DATA", ROOT.parent / "shared" / "data"))


def _panel(name: str) -> Panel:
    return Panel.model_validate(yaml.safe_load((ROOT / "resources/panels" / f"{name}.yaml").read_text()))


@pytest.fixture
def scrna(tmp_path: Path) -> tuple[Path, pd.Series]:
    """Counts of the 800 cells as quality control hands them on, without their types; and the published types."""
    path = DATA / "mouse_lung_scrna" / "zilionis_mouse_lung_800.h5ad"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    cells = ad.read_h5ad(path)
    names = {m.source: m.marker for m in _panel("mouse_lung_rna").markers}
    # names in a row, as ingest gives them: the panel's where it has one
    genes = pd.Index([names.get(g, g) for g in cells.var_names], dtype=object)
    sample = cells.obs["Animal"].astype(str).to_numpy()
    obs = pd.DataFrame(
        {
            "sample": pd.Categorical(sample),
            "cell_id": np.arange(cells.n_obs) + 1,
            "area_um2": np.nan,
            "domain": pd.Categorical(np.full(cells.n_obs, "none")),
        },
        index=[str(i) for i in range(cells.n_obs)],
    )
    var = pd.DataFrame({"use": "type"}, index=genes)
    written = ad.AnnData(cells.X.tocsr(), obs=obs, var=var, obsm={"spatial": np.zeros((cells.n_obs, 2))})
    write_cells(written, tmp_path / "b0001.h5ad", meta={})
    truth = pd.Series(cells.obs["celltypes"].astype(str).to_numpy(), index=np.arange(cells.n_obs) + 1)
    return tmp_path / "b0001.h5ad", truth


def test_four_types_of_mouse_lung_transcripts(scrna, run):
    path, truth = scrna
    shared = {"panel": _panel("mouse_lung_rna").model_dump()}
    folder = run([path], shared=shared, normalise={"method": "log"})
    cells = read_table(folder / "cells.parquet", CELLS).set_index("cell_id")
    clusters = read_table(folder / "clusters.parquet", CLUSTERS)
    ari = adjusted_rand_score(truth[cells.index], cells["cell_type"])
    print(f"ARI {ari:.3f}\n{pd.crosstab(truth[cells.index].to_numpy(), cells['cell_type'])}\n{clusters.to_string()}\n{pd.crosstab(cells['cluster'], truth[cells.index].to_numpy())}")
    assert ari >= 0.85
    for name in ("T cells", "NK cells"):
        assert (cells["cell_type"][truth[cells.index].to_numpy() == name] == name).mean() > 0.9
    of_cluster = pd.crosstab(cells["cluster"], truth[cells.index].to_numpy())
    merged = of_cluster[["T cells", "NK cells"]].min(axis=1) / of_cluster.sum(axis=1)
    assert merged.max() < 0.1
