"""The Python interface gives what the command line writes, squidpy's slots, and the same words for what is wrong."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

import tumint
from tumint.cli import main
from tumint.cli import score as score_verb
from tumint.config.neighbourhood import NeighbourhoodConfig
from tumint.neighbourhood import score_options
from tumint.neighbourhood.features import distance_features
from tumint.neighbourhood.image import codes, make_image
from tumint.neighbourhood.scorer import Scorer

_OF_CELLS = "cells, label, sample, x, y, um_per_px"
SIGNATURES = {
    "compare": "features, design, subject, group, reference, sample, adjust, paired, method, beside, family, "
    "min_subjects, seed",
    "composition": _OF_CELLS,
    "density": _OF_CELLS,
    "distance": "cells, label, sample, x, y, stratum, null, local_um, um_per_px, seed",
    "parts": "scores",
    "power": "pilot, design, effect, n_subjects, power, sd_between, sd_within, n_rois, correlation, ratio, alpha, "
    "tests, true_share, subject, group, sample, adjust, paired, family, contrast",
    "score": "cells, label, sample, x, y, stratum, parent, subject, graph, options",
}

FIGURES = {
    "forest": "effects, contrast, fdr",
    "map": "cells, image, pair, label, sample, x, y, um_per_px, size",
    "matrix": "table, contrast, fdr",
    "subjects": "features, design, feature, subject, group, reference, sample, family",
    "volcano": "effects, contrast, fdr",
}


@pytest.fixture(scope="module")
def cells() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    parts = []
    for i in range(8):
        n = 150
        types = rng.choice(["B", "T", "Tumour"], n, p=[0.2, 0.3, 0.5] if i < 4 else [0.3, 0.4, 0.3])
        parts.append(pd.DataFrame({"sample": f"s{i}", "x": rng.uniform(0, 200, n), "y": rng.uniform(0, 200, n)}))
        parts[-1]["cell_type"] = types
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def design() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sample": [f"s{i}" for i in range(8)],
            "mouse": [f"m{i}" for i in range(8)],
            "arm": ["vehicle"] * 4 + ["treated"] * 4,
        }
    )


@pytest.fixture(scope="module")
def scores(cells) -> pd.DataFrame:
    return tumint.score(cells, null="local")


def anndata(cells: pd.DataFrame) -> ad.AnnData:
    obs = cells[["sample", "cell_type"]].astype("category").set_axis([f"c{i}" for i in range(len(cells))])
    return ad.AnnData(obs=obs, obsm={"spatial": cells[["x", "y"]].to_numpy()})


def test_scores_and_comparison_are_those_of_the_command_line(cells, design, scores, tmp_path) -> None:
    cells.to_csv(tmp_path / "cells.csv", index=False)
    design.to_csv(tmp_path / "sheet.csv", index=False)
    out, effects = tmp_path / "scores.parquet", tmp_path / "effects.parquet"
    words = [str(tmp_path / "cells.csv"), "--sample", "sample", "--label", "cell_type", "--null", "local"]
    assert main(["score", *words, "-o", str(out)]) == 0
    pd.testing.assert_frame_equal(
        scores, pd.read_parquet(out)[list(scores)], check_dtype=False, check_categorical=False
    )
    words = [str(out), "--samples", str(tmp_path / "sheet.csv"), "--subject", "mouse", "--group", "arm"]
    assert main(["compare", *words, "--reference", "vehicle", "-o", str(effects)]) == 0
    ours = tumint.compare(scores, design, subject="mouse", group="arm", reference="vehicle")
    theirs = pd.read_parquet(effects)[list(ours)]
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False, check_categorical=False)


def test_the_cells_are_a_design_too(cells, design, scores) -> None:
    """Their columns say of which animal and arm a sample is, and must say it once."""
    how = {"subject": "mouse", "group": "arm", "reference": "vehicle"}
    ours = tumint.compare(scores, design, **how)
    with_columns = cells.merge(design, on="sample")
    obs = with_columns.astype({"arm": "category"}).set_axis(cells.index.astype(str))
    for given in (with_columns, ad.AnnData(obs=obs)):
        pd.testing.assert_frame_equal(tumint.compare(scores, given, **how), ours)
    with_columns.loc[0, "arm"] = "treated"
    with pytest.raises(tumint.TumintError, match="`s0`"):
        tumint.compare(scores, with_columns, **how)


def test_an_anndata_gives_the_same_and_gets_the_slots_of_squidpy(cells, scores) -> None:
    data = anndata(cells)
    pd.testing.assert_frame_equal(tumint.score(data, null="local"), scores)
    slot = data.uns["cell_type_nhood_enrichment"]
    assert slot["count"].shape == slot["zscore"].shape == (3, 3)
    sums = scores.groupby(["source", "target"], observed=True)["observed"].sum()
    assert slot["count"][0, 2] == sums["B", "Tumour"]


@pytest.mark.long
def test_the_graph_of_squidpy_is_used_and_its_counts_are_ours(cells) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import squidpy as sq

        data = anndata(cells[cells["sample"] == "s0"])
        sq.gr.spatial_neighbors(data, coord_type="generic", n_neighs=5)
        sq.gr.nhood_enrichment(data, "cell_type", n_perms=5, seed=0, show_progress_bar=False)
    theirs = np.array(data.uns["cell_type_nhood_enrichment"]["count"], dtype=float)
    found = tumint.score(data, graph="obsp")
    np.testing.assert_array_equal(data.uns["cell_type_nhood_enrichment"]["count"], theirs)
    assert found["observed"].sum() == data.obsp["spatial_connectivities"].nnz


def test_features_are_compared(cells, design, scores) -> None:
    for features, family in (
        (tumint.composition(cells), "composition"),
        (tumint.density(cells), "density"),
        (tumint.distance(cells), "distance"),
        (tumint.parts(scores), "interaction"),
    ):
        assert family in set(features["family"])
        effects = tumint.compare(
            features, design, subject="mouse", group="arm", reference="vehicle", family=[family]
        ).set_index("feature")
        assert effects["p"].notna().any()
    share = cells.assign(b=cells["cell_type"] == "B").groupby("sample")["b"].sum()
    odds = np.log((share + 0.5) / (150 - share + 0.5))
    composition = tumint.compare(
        tumint.composition(cells), design, subject="mouse", group="arm", reference="vehicle"
    ).set_index("feature")
    assert composition.loc["B", "effect"] == pytest.approx(odds[4:].mean() - odds[:4].mean())


@pytest.mark.parametrize(("null", "primary"), [("local", "local"), ("exact", "domain")])
def test_features_are_those_of_the_workflow(cells, null, primary) -> None:
    here = cells[cells["sample"].isin(["s0", "s1"])].assign(domain=lambda t: np.where(t["x"] < 80, "core", "rim"))
    types = sorted(set(here["cell_type"]))
    scorer = Scorer(NeighbourhoodConfig(primary=primary), 3, types)
    scored = []
    for name, rows in here.groupby("sample"):
        places = rows[["x", "y"]].to_numpy()
        image = make_image(name, places, codes(rows["cell_type"], types), rows["domain"].to_numpy(object))
        scored.append(scorer.located(image, None))
    theirs = pd.concat([*(one.features for one in scored), *(distance_features(one.distances) for one in scored)])
    theirs = theirs.set_index(["sample", "family", "feature"])
    ours = [tumint.composition(here), tumint.density(here)]
    ours.append(tumint.distance(here, stratum="domain", null=null, seed=3))
    found = pd.concat(ours).astype({"family": str, "feature": str}).set_index(["sample", "family", "feature"])
    assert len(found) == 2 * (3 + 3 + 9)
    columns = ["value", "se", "weight", "n"]
    pd.testing.assert_frame_equal(found[columns], theirs.loc[found.index, columns], check_dtype=False, rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"um_per_px": "x"}, "um_per_px: expected a number, found 'x'"),
        ({"k": "5"}, "k: expected a whole number, found '5'"),
        ({"k": 2.5}, "k: expected a whole number, found 2.5"),
        ({"threads": True}, "threads: expected a whole number, found True"),
        ({"symmetric": "yes"}, "symmetric: expected True or False, found 'yes'"),
        ({"null": None}, "null: expected a text, found None"),
        ({"graph": "edges"}, "graph: expected one of delaunay, knn, radius, obsp, found `edges`"),
        ({"graph": "obsp", "null": "torus"}, "null torus: expected a graph made from coordinates, found `graph obsp`"),
    ],
)
def test_values_of_the_wrong_kind(cells, options, words) -> None:
    with pytest.raises(tumint.TumintError, match=f"^{re.escape(words)}"):
        tumint.score(cells, **options)


def test_tables_of_the_wrong_kind(cells, scores) -> None:
    for given in ([1], None, cells.to_dict()):
        with pytest.raises(tumint.TumintError, match="scores: expected a pandas DataFrame, found"):
            tumint.parts(given)
    with pytest.raises(tumint.TumintError, match="scores"):
        tumint.parts(cells)
    for of in (tumint.score, tumint.density):
        with pytest.raises(tumint.TumintError, match="cells: expected at least one row, found none"):
            of(cells[:0])
    with pytest.raises(tumint.TumintError, match="null: expected one of exact, local, found `torus`"):
        tumint.distance(cells, null="torus")


def test_squidpy_draws_the_slots(cells) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import matplotlib

        matplotlib.use("Agg")
        import squidpy as sq

        data = anndata(cells)
        tumint.score(data, null="local")
        sq.pl.nhood_enrichment(data, "cell_type", method=None)
        drawn = [image.get_array() for axes in matplotlib.pyplot.gcf().axes for image in axes.images]
        drawn += [c.get_array() for axes in matplotlib.pyplot.gcf().axes for c in axes.collections]
        matplotlib.pyplot.close("all")
    z = data.uns["cell_type_nhood_enrichment"]["zscore"]
    assert any(
        d is not None and np.size(d) == z.size and np.allclose(np.sort(np.ravel(d)), np.sort(z.ravel())) for d in drawn
    )


def test_what_is_wrong_is_said_in_the_same_words(cells, design, scores) -> None:
    with pytest.raises(tumint.TumintError, match=r"cells.* column `celltype`"):
        tumint.score(cells, label="celltype")
    with pytest.raises(tumint.TumintError, match="null: expected one of exact, local"):
        tumint.score(cells, null="nearby")
    with pytest.raises(tumint.TumintError, match="neighbours: expected one of"):
        tumint.score(cells, neighbours=3)
    with pytest.raises(tumint.TumintError, match="pandas DataFrame or an AnnData"):
        tumint.score([1, 2])
    with pytest.raises(tumint.TumintError, match=r"obsp\[.spatial_connectivities.\]"):
        tumint.score(anndata(cells), graph="obsp")
    data = anndata(cells)
    data.obsp["spatial_connectivities"] = csr_array(([1.0], ([0], [len(cells) - 1])), shape=(len(cells),) * 2)
    with pytest.raises(tumint.TumintError, match="expected edges within samples, found 1 that join two"):
        tumint.score(data, graph="obsp")
    with pytest.raises(tumint.TumintError, match="reference: expected one of vehicle, treated"):
        tumint.compare(scores, design, subject="mouse", group="arm", reference="control")
    with pytest.raises(tumint.TumintError, match="group: expected a column of design"):
        tumint.compare(scores, design, subject="mouse", group="treatment", reference="vehicle")
    with pytest.raises(tumint.TumintError, match="beside: expected of mixed, permutation, found `wilcoxon`"):
        tumint.compare(scores, design, subject="mouse", group="arm", reference="vehicle", beside=["wilcoxon"])


def test_cells_are_left_as_they_were(cells) -> None:
    before = cells.copy()
    tumint.score(cells)
    pd.testing.assert_frame_equal(cells, before)


def test_public_names_and_signatures() -> None:
    """A change here is a change of version: names and arguments that go make it a major one."""
    assert set(tumint.__all__) == {*SIGNATURES, "TumintError", "__version__", "pl"}
    found = {name: ", ".join(inspect.signature(getattr(tumint, name)).parameters) for name in SIGNATURES}
    assert found == SIGNATURES
    drawn = {name: ", ".join(inspect.signature(getattr(tumint.pl, name)).parameters) for name in FIGURES}
    assert (drawn, set(tumint.pl.__all__)) == (FIGURES, set(FIGURES))
    assert dir(tumint) == sorted(tumint.__all__)


def test_the_command_line_and_python_take_the_same_options() -> None:
    assert score_verb._STATISTICS == score_options.STATISTICS


def test_import_is_light() -> None:
    code = "import sys, tumint; print([m for m in ('numpy', 'pandas', 'scanpy', 'numba') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
