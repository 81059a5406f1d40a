"""`cohort.h5ad`: every cell with the sheet's columns and the graph of contacts, as scanpy and squidpy take it."""

from __future__ import annotations

import warnings
from itertools import pairwise

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from tumint import keys as k
from tumint.config.model import StageParams
from tumint.errors import DataError
from tumint.io.cells import write_cells
from tumint.io.contracts import EDGES, MEMBERS
from tumint.io.tables import write_table
from tumint.report.cohort.file import write

N = 30
SAMPLES = ["s2", "s1", "s3"]


@pytest.fixture
def cohort(tmp_path):
    """Cells of three samples (ids out of order), their graph in two tables, a sheet."""
    rng = np.random.default_rng(0)
    ids = np.concatenate([rng.permutation(100)[:N] for _ in SAMPLES])
    obs = pd.DataFrame({k.SAMPLE: pd.Categorical(np.repeat(SAMPLES, N), categories=SAMPLES), k.CELL_ID: ids})
    obs[k.AREA_UM2], obs[k.DOMAIN] = 50.0, pd.Categorical(rng.choice(["tumour", "none"], 3 * N))
    obs[k.CLUSTER], obs[k.CELL_TYPE] = "0", pd.Categorical(rng.choice(["T cells", "Tumour", "unclassified"], 3 * N))
    obs[k.CONFIDENCE] = 1.0
    obs.index = pd.Index([f"{s}:{i}" for s, i in zip(obs[k.SAMPLE], ids, strict=True)])
    spatial = rng.uniform(0, 90, (3 * N, 2))
    X = rng.gamma(2, 1, (3 * N, 4)).astype(np.float32)
    var = pd.DataFrame({k.USE: "type"}, index=["CD8", "CD4", "EPCAM", "CD31"])
    data = ad.AnnData(X, obs, var, obsm={k.SPATIAL: spatial}, layers={"counts": X * 2})
    (tmp_path / "cluster").mkdir()
    write_cells(data, tmp_path / "cluster" / "cells.h5ad", meta={})
    tables = {"s2": [], "s1": [], "s3": []}
    for i, sample in enumerate(SAMPLES[:2]):  # the third has no edge
        own = ids[i * N : (i + 1) * N]
        tables[sample] = [(a, b) for x, y in pairwise(own) for a, b in ((x, y), (y, x))]
    graphs = []
    for name, group in (("g1", ["s1"]), ("g2", ["s2", "s3"])):
        rows = [(sample, a, b) for sample in group for a, b in tables[sample]]
        table = pd.DataFrame(rows, columns=[k.SAMPLE, k.SOURCE_CELL, k.TARGET_CELL])
        graphs.append(tmp_path / f"{name}.parquet")
        write_table(table, graphs[-1], EDGES, meta={}, row_groups_by=k.SAMPLE)
    sheet = tmp_path / "samples.tsv"
    sheet.write_text(
        "sample\tsubject\tpath\tarm\tdomain\tsurvival days/total\tnote\n"
        "s1\t7\ta.csv\tvehicle\tleft\t12.5\t\ns2\t8\tb.csv\ttreated\tright\tNA\t\n"
        "s3\t9\tc.csv\ttreated\tleft\t3\t\n"
    )
    return tmp_path, data, graphs, sheet, tables


def test_every_cell_has_the_columns_of_the_sheet(cohort):
    folder, data, graphs, sheet, tables = cohort
    out = folder / "cohort.h5ad"
    write(StageParams(), folder / "cluster" / "cells.h5ad", graphs, sheet, out)
    found = ad.read_h5ad(out)
    assert list(found.obs_names) == list(data.obs_names)
    np.testing.assert_array_equal(found.X, data.X)
    np.testing.assert_array_equal(found.layers["counts"], data.layers["counts"])
    np.testing.assert_array_equal(found.obsm["spatial"], data.obsm["spatial"])
    truth = pd.read_csv(sheet, sep="\t", dtype={"subject": str}).set_index("sample").loc[data.obs[k.SAMPLE].astype(str)]
    assert list(found.obs["subject"]) == list(truth["subject"])
    assert list(found.obs["arm"]) == list(truth["arm"])
    assert list(found.obs["sheet_domain"]) == list(truth["domain"])
    np.testing.assert_array_equal(found.obs["survival days_total"], truth["survival days/total"])
    assert found.obs["note"].isna().all()
    assert list(found.obs[k.DOMAIN]) == list(data.obs[k.DOMAIN])
    graph = found.obsp["spatial_connectivities"].tocoo()
    names = found.obs_names.to_numpy()
    edges = {(names[i], names[j]) for i, j in zip(graph.row, graph.col, strict=True)}
    assert edges == {(f"{s}:{a}", f"{s}:{b}") for s, pairs in tables.items() for a, b in pairs}
    assert set(graph.data) == {1.0}
    distances = found.obsp["spatial_distances"].tocoo()
    ends = found.obsm["spatial"][distances.row] - found.obsm["spatial"][distances.col]
    np.testing.assert_allclose(distances.data, np.hypot(*ends.T), rtol=1e-6)
    assert len(found.uns["cell_type_colors"]) == len(found.obs["cell_type"].cat.categories)


def test_equal_bytes_and_sparse_values(cohort):
    folder, data, graphs, sheet, _ = cohort
    cells = folder / "cluster" / "cells.h5ad"
    for name in ("a.h5ad", "b.h5ad"):
        write(StageParams(), cells, graphs, sheet, folder / name)
    assert (folder / "a.h5ad").read_bytes() == (folder / "b.h5ad").read_bytes()
    data.X = sparse.csr_matrix(np.floor(data.X))
    data.layers["counts"] = data.X.copy()
    write_cells(data, cells, meta={})
    write(StageParams(), cells, [], sheet, folder / "sparse.h5ad")
    found = ad.read_h5ad(folder / "sparse.h5ad")
    assert (found.X != data.X).nnz == 0
    assert list(found.obsp) == []


@pytest.mark.whole  # both compile for a while
def test_scanpy_and_squidpy_take_it(cohort):
    folder, _, graphs, sheet, _ = cohort
    write(StageParams(), folder / "cluster" / "cells.h5ad", graphs, sheet, folder / "cohort.h5ad")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import scanpy as sc
        import squidpy as sq

        found = ad.read_h5ad(folder / "cohort.h5ad")
        sc.tl.rank_genes_groups(found, "arm", method="wilcoxon")
        assert set(found.uns["rank_genes_groups"]["names"].dtype.names) == {"treated", "vehicle"}
        sq.gr.nhood_enrichment(found, cluster_key="cell_type", n_perms=10, seed=0, show_progress_bar=False)
        assert found.uns["cell_type_nhood_enrichment"]["count"].sum() == found.obsp["spatial_connectivities"].nnz


def test_what_does_not_fit_is_one_line(cohort):
    folder, _, graphs, sheet, _ = cohort
    cells, out = folder / "cluster" / "cells.h5ad", folder / "cohort.h5ad"
    sheet.write_text("\n".join(sheet.read_text().splitlines()[:2]) + "\n")
    with pytest.raises(DataError, match=r"expected the samples of .*cells\.h5ad, found no s2"):
        write(StageParams(), cells, graphs, sheet, out)
    with pytest.raises(DataError, match="expected a file, found none"):
        write(StageParams(), folder / "none.h5ad", graphs, sheet, out)
    assert not out.exists()
    assert not list(folder.glob(".tmp-*"))


def test_niches_and_networks_are_columns(cohort):
    folder, data, graphs, sheet, _ = cohort
    table = data.obs[[k.SAMPLE, k.CELL_ID]].astype({k.SAMPLE: str}).sort_values([k.SAMPLE, k.CELL_ID])
    table[k.NICHE] = [f"N0{i % 2 + 1} T cells" for i in table[k.CELL_ID]]
    table["network_lymphonets"] = table[k.CELL_ID] % 3
    write_table(table.iloc[1:].reset_index(drop=True), folder / "members.parquet", MEMBERS, meta={})
    cells, members = folder / "cluster" / "cells.h5ad", folder / "members.parquet"
    write(StageParams(), cells, graphs, sheet, folder / "out.h5ad", members=members)
    found = ad.read_h5ad(folder / "out.h5ad")
    known = table.iloc[1:]
    assert found.obs.loc[known.index, k.NICHE].astype(str).tolist() == known[k.NICHE].tolist()
    assert found.obs.loc[known.index, "network_lymphonets"].tolist() == known["network_lymphonets"].tolist()
    assert found.obs.loc[table.index[0], k.NICHE] == ""  # a cell that the table does not hold
    assert len(found.uns["niche_colors"]) == 3
