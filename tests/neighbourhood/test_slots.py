"""squidpy draws what is in the slots, and its own results stand in the same ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumint.errors import DataError
from tumint.neighbourhood.graph import delaunay
from tumint.neighbourhood.scores import Method, score_image
from tumint.neighbourhood.slots import nhood_enrichment

TYPES = ["t cell", "b cell", "absent", "tumour"]  # not sorted: the order is that of the categories


@pytest.mark.filterwarnings("ignore")  # squidpy and what it imports warn of each other
def test_squidpy_draws_our_scores() -> None:
    import anndata as ad
    import matplotlib as mpl
    import squidpy as sq
    from scipy import sparse

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    rng = np.random.default_rng(0)
    xy, labels = rng.random((500, 2)) * 220, rng.choice([0, 1, 3], 500)
    graph = delaunay(xy)
    scores = score_image("s", graph, labels, TYPES, Method()).sample(frac=1, random_state=0)
    obs = pd.DataFrame({"t": pd.Categorical.from_codes(labels, TYPES)}, index=[str(i) for i in range(500)])
    cells = ad.AnnData(np.zeros((500, 1), np.float32), obs=obs)
    nhood_enrichment(cells, scores, "t")
    ours = cells.uns["t_nhood_enrichment"]
    by_pair = scores.set_index(["source", "target"])["z"]
    assert ours["zscore"][0, 3] == by_pair[("t cell", "tumour")]
    assert np.isnan(ours["zscore"][2]).all()
    sq.pl.nhood_enrichment(cells, "t")
    assert plt.gcf().axes
    plt.close("all")

    used = cells[:, :].copy()
    used.obs["t"] = used.obs["t"].cat.remove_unused_categories()
    used.obsp["spatial_connectivities"] = sparse.csr_matrix((np.ones(graph.n_edges), graph.indices, graph.indptr))
    sq.gr.nhood_enrichment(used, "t", n_perms=500, n_jobs=1, show_progress_bar=False, seed=0)
    theirs = used.uns["t_nhood_enrichment"]
    kept = np.ix_([0, 1, 3], [0, 1, 3])
    assert set(theirs) >= set(ours)
    assert (theirs["count"] == ours["count"][kept]).all()
    assert theirs["count"].dtype == ours["count"].dtype
    z = ours["zscore"][kept]
    # theirs is of 500 permutations: the errors of their mean and of their standard deviation
    assert (np.abs(theirs["zscore"] - z) < 4 * np.sqrt((1 + z**2 / 2) / 500)).all()


def test_scores_that_do_not_fit_are_named() -> None:
    class Cells:
        obs = pd.DataFrame({"t": pd.Categorical(["a", "b"])})
        uns: dict[str, object] = {}  # noqa: RUF012

    rows = pd.DataFrame({"source": ["a", "a"], "target": ["a", "a"], "z": 0.0, "observed": 1.0})
    with pytest.raises(DataError) as caught:
        nhood_enrichment(Cells(), rows, "t")
    assert len(caught.value.faults) == 2
    assert "found no b" in str(caught.value)
