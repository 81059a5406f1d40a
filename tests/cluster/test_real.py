"""Typing of real cohorts against what is published of them; read from the folder named by TUMINT_TEST_DATA."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import adjusted_rand_score

from tumint.config import Panel
from tumint.io.cells import write_cells
from tumint.io.contracts import CELLS, LIGAND_RECEPTOR
from tumint.io.tables import read_table

ROOT = Path(__file__).parents[2]


def _panel(name: str) -> Panel:
    return Panel.model_validate(yaml.safe_load((ROOT / "resources/panels" / f"{name}.yaml").read_text()))


@pytest.fixture
def scrna(shared_data: Path, tmp_path: Path) -> tuple[Path, pd.Series]:
    """Counts of the 800 cells as quality control hands them on, without their types; and the published types."""
    path = shared_data / "mouse_lung_scrna" / "zilionis_mouse_lung_800.h5ad"
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
    ari = adjusted_rand_score(truth[cells.index], cells["cell_type"])
    of_cluster = pd.crosstab(cells["cluster"], truth[cells.index].to_numpy())
    print(f"ARI {ari:.3f}", pd.crosstab(truth[cells.index].to_numpy(), cells["cell_type"]), of_cluster, sep="\n")
    assert ari >= 0.85
    for name in ("T cells", "NK cells"):
        assert (cells["cell_type"][truth[cells.index].to_numpy() == name] == name).mean() > 0.9
    merged = of_cluster[["T cells", "NK cells"]].min(axis=1) / of_cluster.sum(axis=1)
    assert merged.max() < 0.1


@pytest.mark.slow
def test_ligands_and_receptors_by_a_list_of_our_own(scrna, run, tmp_path):
    path, _ = scrna
    (tmp_path / "pairs.csv").write_text("source,target\nCXCL2,Cxcr2\nNo1,No2\nCD40LG,CD40\n")
    spatial = {"ligand_receptor": str(tmp_path / "pairs.csv"), "permutations": 50}
    shared = {"panel": _panel("mouse_lung_rna").model_dump()}
    folder = run([path], shared=shared, normalise={"method": "log"}, spatial=spatial)
    found = read_table(folder / "ligand_receptor.parquet", LIGAND_RECEPTOR)
    assert "No1" not in set(found["ligand"])
    # neutrophils make CXCL2 and carry its receptor
    best = found[found["ligand"] == "CXCL2"].sort_values("mean").iloc[-1]
    assert (best["source"], best["target"]) == ("Neutrophils", "Neutrophils")
    assert best["p"] < 0.05
    assert best["q"] >= best["p"]


def test_nine_markers_of_a_lung_tumour(shared_data, run, tmp_path):
    path = shared_data / "luad_cycif_mcmicro" / "exemplar-001--unmicst_cell.csv"
    table, panel = pd.read_csv(path), _panel("luad_cycif")
    obs = pd.DataFrame(
        {"sample": "exemplar_001", "cell_id": table["CellID"].to_numpy(np.int64), "area_um2": table["Area"] * 0.65**2}
    ).assign(domain="none")
    obs = obs.astype({"sample": "category", "domain": "category"}).set_index(obs.index.astype(str))
    use = pd.DataFrame({"use": [m.use for m in panel.markers]}, index=[m.marker for m in panel.markers])
    xy = 0.65 * table[["X_centroid", "Y_centroid"]].to_numpy(float)
    written = ad.AnnData(table[list(use.index)].to_numpy(np.float32), obs=obs, var=use, obsm={"spatial": xy})
    write_cells(written, tmp_path / "b0001.h5ad", meta={})
    gates = {"ECAD": 0.5, "CD45": 0.5, "SMA": 0.5, "FOXP3": 0.5}
    folder = run(
        [tmp_path / "b0001.h5ad"],
        shared={"panel": panel.model_dump()},
        normalise={"method": "gate"},
        states={"gates": gates},
    )
    cells = read_table(folder / "cells.parquet", CELLS)
    positive = {m: float((cells[f"marker_{m}"] >= 0.5).mean()) for m in gates}
    share = cells["cell_type"].value_counts(normalize=True)
    print(positive, share, sep="\n")
    # the types agree with the gates of the markers that name them, and no cell is called by what it lacks
    for name, marker in (("Epithelium", "ECAD"), ("Stroma", "SMA"), ("Regulatory T cells", "FOXP3")):
        rows = cells["cell_type"] == name
        assert (cells[f"marker_{marker}"][rows] >= 0.5).mean() > 0.7, name
        assert (cells[f"marker_{marker}"][~rows] >= 0.5).mean() < positive[marker]
    assert (cells["marker_CD45"][cells["cell_type"] == "Epithelium"] >= 0.5).mean() < 0.1
    # an image of lung adenocarcinoma: epithelium and leukocytes, FOXP3 in a few per cent
    assert 0.1 < positive["ECAD"] < 0.4
    assert 0.3 < positive["CD45"] < 0.6
    assert 0.01 < positive["FOXP3"] < 0.08


@pytest.mark.slow
def test_moran_of_markers_that_lie_in_patches():
    from tumint.cluster.spatial import moran

    rng = np.random.default_rng(0)
    xy = rng.uniform(0, 100, (600, 2))
    values = np.column_stack([(xy[:, 0] > 50) + rng.normal(0, 0.1, 600), rng.normal(size=600)])
    sample = np.repeat(["a", "b"], 300).astype(object)
    xy[sample == "b"] = np.nan  # without coordinates: no row
    found = moran(values, ["patch", "noise"], xy, sample).set_index("marker")
    assert list(found["sample"]) == ["a", "a"]
    assert found.loc["patch", "I"] > 0.8
    assert abs(found.loc["noise", "I"]) < 0.15
    assert found.loc["patch", "p"] < 1e-6
