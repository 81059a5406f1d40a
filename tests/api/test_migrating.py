"""docs/migrating.md: its blocks run, and what it calls equal is equal."""

from __future__ import annotations

import ast
import re
import shlex
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import anndata as ad
import lines
import numpy as np
import pandas as pd
import pytest
from scipy.spatial import ConvexHull, cKDTree

import tumint
from tumint.cli import main
from tumint.cluster.types_from import types_of_cells
from tumint.neighbourhood import functions
from tumint.neighbourhood.window import Window

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "migrating.md").read_text(encoding="utf-8")
VAST = Window.rectangle(1e9, 1e9)  # no correction of edges to speak of
TYPES = ["B", "T", "Tumour"]


@pytest.fixture(scope="module")
def sq() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import squidpy
    return squidpy


@pytest.fixture(scope="module")
def page(sq: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """What the names of the page stand for after its blocks have run in a folder of their own."""
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.chdir(folder := tmp_path_factory.mktemp("page"))
        for block in re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL):
            exec(compile(block, "docs/migrating.md", "exec"), names)
    return names, folder


@pytest.mark.long
def test_blocks_of_the_page(page: tuple[dict[str, Any], Path]) -> None:
    names, folder = page
    ours, theirs, draws = names["ours"], names["theirs"], 1000
    np.testing.assert_array_equal(theirs["count"], ours["count"])
    # theirs is of draws: the errors of their mean and of their standard deviation
    assert (np.abs(theirs["zscore"] - ours["zscore"]) < 4 * np.sqrt((1 + ours["zscore"] ** 2 / 2) / draws)).all()
    np.testing.assert_array_equal(names["matrix"], names["pairs"].to_numpy())
    assert set(np.unique(names["sigval"].dropna())) <= {-1.0, 0.0, 1.0}
    assert set(names["effects"]["family"]) == {"allocation"}
    assert names["effects"]["p"].notna().any()
    assert names["shares"]["p"].notna().all()
    assert 0.5 < names["mixing"] < 2
    assert names["moved"].dropna().abs().between(0, 1).all()
    assert names["moved"].isna().sum() == 8 * 3  # of a type with itself there is none
    obs = names["cells"].obs.assign(cell_id=np.arange(1200), cell_name=names["cells"].obs_names)
    found, _ = types_of_cells(str(folder / "types.csv"), obs)
    assert list(found) == obs["cell_type"].tolist()


def test_commands_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cells = tissue(80, 8)
    anndata(cells).write_h5ad("cells.h5ad")
    sheet = pd.DataFrame({"sample": sorted(set(cells["sample"]))})
    sheet = sheet.assign(mouse=sheet["sample"].str.replace("s", "m"), arm=np.repeat(["vehicle", "treated"], 4))
    sheet.to_csv("samples.tsv", sep="\t", index=False)
    commands = re.findall(r"^tumint (.*)$", TEXT, re.MULTILINE)
    assert len(commands) == 5
    for command in commands:
        out = Path(command.split(" -o ")[1])
        out.unlink(missing_ok=True)
        assert main(shlex.split(command)) == 0, command
        assert out.exists()


def test_tests_that_the_page_names_are_there() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT))
    assert len(named) > 12
    for path, name in sorted(named):
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{path}::{name}"
    # a row that says that something is equal says by which test
    for row in re.findall(r"^\| .*\|$", TEXT, re.MULTILINE):
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        if cells[2] not in ("equal", "–", "---"):
            assert re.search(r"::|the same", cells[4]), row


def tissue(n: int = 300, images: int = 1, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"sample": np.repeat([f"s{i}" for i in range(images)], n), "cell_type": ""})
    table["cell_type"] = rng.choice(TYPES, n * images, p=[0.2, 0.3, 0.5])
    return table.assign(x=rng.uniform(0, 150, n * images), y=rng.uniform(0, 120, n * images))


def anndata(cells: pd.DataFrame) -> ad.AnnData:
    obs = cells[["sample", "cell_type"]].astype("category").set_axis([f"c{i}" for i in range(len(cells))])
    return ad.AnnData(obs=obs, obsm={"spatial": cells[["x", "y"]].to_numpy()})


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({"delaunay": True, "radius": (0.0, 50.0)}, {"graph": "delaunay", "max_edge": 50.0}),
        ({"n_neighs": 6}, {"graph": "knn", "k": 6}),
        ({"radius": 20.0}, {"graph": "radius", "radius": 20.0}),
    ],
)
def test_graphs_are_those_of_squidpy(sq: ModuleType, theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    """Every cell a type of its own would be the edges; of three types, the counts of two images tell as much."""
    data = anndata(tissue(120, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sq.gr.spatial_neighbors(data, library_key="sample", coord_type="generic", **theirs)
    columns = ["sample", "source", "target", "observed", "expected", "sd"]
    given, made = tumint.score(data, graph="obsp"), tumint.score(data, **ours)
    pd.testing.assert_frame_equal(given[columns], made[columns], rtol=1e-12)


@pytest.mark.slow  # squidpy compiles its counts
def test_co_occurrence_but_for_its_denominator(sq: ModuleType) -> None:
    cells, radii = tissue(), np.array([10.0, 20.0, 30.0])
    data = anndata(cells)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs, _ = sq.gr.co_occurrence(data, "cell_type", interval=np.append(0, radii), copy=True)
    labels, n = data.obs["cell_type"].cat.codes.to_numpy(np.int64), data.obs["cell_type"].value_counts(sort=False)
    curves = functions.pair_curves(cells[["x", "y"]].to_numpy(), labels, 3, radii, window=VAST)
    of_pairs = curves.observed.sum(axis=0) / curves.observed.sum(axis=(0, 1))  # share of b among ends of pairs
    of_cells = (n / n.sum()).to_numpy()[:, None]
    ours = functions.co_occurrence(curves, n.to_numpy(float))
    np.testing.assert_allclose(theirs.transpose(1, 0, 2) * of_pairs, ours * of_cells, rtol=1e-5)


def test_ripley_l_but_for_its_divisor(sq: ModuleType) -> None:
    cells = tissue()
    data = anndata(cells)
    options: dict[str, Any] = {"max_dist": 50, "n_steps": 6, "n_simulations": 1, "n_observations": 5, "copy": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = next(iter(sq.gr.ripley(data, "cell_type", mode="L", **options).values()))
    theirs = found.pivot_table("stats", "cell_type", "bins", observed=True).to_numpy()[:, 1:]
    xy, labels = cells[["x", "y"]].to_numpy(), data.obs["cell_type"].cat.codes.to_numpy(np.int64)
    n, radii = np.bincount(labels), np.linspace(10, 50, 5)
    curves = functions.pair_curves(xy, labels, 3, radii, window=VAST)
    ours = functions.besag_l(functions.ripley_k(curves.observed, n, ConvexHull(xy).volume))
    scaled = [ours[i, i] * np.sqrt(n[i] * (n[i] - 1)) / len(xy) for i in range(3)]
    np.testing.assert_allclose(theirs, scaled, rtol=1e-5)


def trees(cells: pd.DataFrame) -> dict[str, cKDTree]:
    return {name: cKDTree(rows[["x", "y"]].to_numpy()) for name, rows in cells.groupby("cell_type")}


def test_counts_within_a_radius_are_those_of_spiat_and_scimap() -> None:
    """Both look from every cell of one type for those of the other at most so far away, itself left out."""
    cells = tissue()
    found = tumint.score(cells, graph="radius", radius=20.0).set_index(["source", "target"])["observed"]
    of = trees(cells)
    for a in TYPES:
        for b in TYPES:
            itself = of[a].n if a == b else 0
            assert found[a, b] == of[a].count_neighbors(of[b], 20.0) - itself


def test_allocation_is_the_effect_of_spicyr() -> None:
    """spicyR 2.0, `effect = "allocation"`, from its documentation: δ = (O − E) / (n − E) where O > E, else (O − E) / E.

    O of the n cells of `to` have a cell of `from` within r; E if they were a random choice of the cells that are not
    `from`.
    """
    cells = tissue()
    types, xy = cells["cell_type"].to_numpy(), cells[["x", "y"]].to_numpy()
    scores = tumint.score(cells, graph="radius", radius=12.0, statistic="allocation").set_index(["source", "target"])
    sides = set()
    for a in TYPES:
        near = trees(cells)[a].query(xy)[0] <= 12.0
        for b in set(TYPES) - {a}:
            observed, n = near[types == b].sum(), (types == b).sum()
            expected = n * near[types != a].mean()
            row = scores.loc[(a, b)]
            assert row["observed"] == observed
            assert row["expected"] == pytest.approx(expected, rel=1e-12)
            assert row["n_target"] == n
            room = n - expected if observed > expected else expected
            assert row["moved"] == pytest.approx((observed - expected) / room, rel=1e-12)
            sides.add(bool(observed > expected))
    assert sides == {True, False}


@pytest.mark.slow  # squidpy draws, eight images one by one
@pytest.mark.parametrize("package", ["tumint", "squidpy"])
def test_snippets_whose_lines_are_counted_run(sq: ModuleType, package: str) -> None:
    """Those of tumint that need `tumint.pl` or `tumint.power` where there is one."""
    rng = np.random.default_rng(4)
    data = anndata(tissue(150, 8))
    data.obs["mouse"] = data.obs["sample"].astype(str).str.replace("s", "m").astype("category")
    data.obs["arm"] = np.where(data.obs["sample"].isin([f"s{i}" for i in range(4)]), "vehicle", "treated")
    data = data[rng.permutation(len(data))].copy()
    names: dict[str, Any] = {"cells": data, "tumint": tumint}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import matplotlib as mpl

        mpl.use("Agg")
        for job, of in lines.snippets().items():
            wanted = re.findall(r"tumint\.(pl|power)\b", of[package])
            if all(name in tumint.__all__ for name in wanted):
                exec(compile(of[package], f"benchmarks/lines.md: {job}", "exec"), names)
        mpl.pyplot.close("all")
    assert set(names["scores"]["sample"]) == {f"s{i}" for i in range(8)}
    assert {"effect", "ci_low", "ci_high", "p", "q"} <= set(names["effects"])
    assert names["effects"]["p"].notna().any()
