"""`tumint score`: formats, options, and one line for every fault."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import Delaunay, cKDTree

from tumint.cli import main
from tumint.io.contracts import SCORES


def table(n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "roi": np.where(np.arange(n) % 3 == 0, "r2", "r1"),
            "id": np.arange(n) + 100,
            "x": rng.random(n) * 150,
            "y": rng.random(n) * 150,
            "cell_type": rng.choice(["a", "b", "c"], n),
            "tissue": rng.choice(["in", "out"], n),
        }
    )


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    table().to_csv(tmp_path / "cells.csv", index=False)
    return tmp_path / "cells.csv"


def score(*arguments: object) -> int:
    return main(["score", *map(str, arguments)])


def test_one_row_per_sample_and_ordered_pair(cells: Path, tmp_path: Path) -> None:
    assert score(cells, "-o", tmp_path / "o.csv", "--sample", "roi") == 0
    out = pd.read_csv(tmp_path / "o.csv")
    assert list(out.columns) == list(SCORES.columns)
    expected = [(s, a, b) for s in ("r1", "r2") for a in "abc" for b in "abc"]
    assert list(out[["sample", "source", "target"]].itertuples(index=False, name=None)) == expected
    assert score(cells, "-o", tmp_path / "o.parquet") == 0  # the column of samples is guessed
    assert pd.read_parquet(tmp_path / "o.parquet")["sample"].unique().tolist() == ["r1", "r2"]
    assert score(cells, "-o", tmp_path / "o.parquet", "--sample", "") == 0
    assert pd.read_parquet(tmp_path / "o.parquet")["sample"].unique().tolist() == ["cells"]


def test_several_files_and_a_folder_are_one_table(
    cells: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = table()
    (tmp_path / "rois").mkdir()
    for roi, part in data.groupby("roi"):
        named = part.drop(columns="roi").rename(columns={"x": "Centroid X", "y": "Centroid Y", "cell_type": "Class"})
        named.to_csv(tmp_path / "rois" / f"{roi}.csv", index=False)
    assert score(cells, "-o", tmp_path / "one.csv", "--sample", "roi") == 0
    capsys.readouterr()
    assert score(tmp_path / "rois", "-o", tmp_path / "folder.csv") == 0
    said = capsys.readouterr().err
    assert "x is `Centroid X`, y is `Centroid Y`, label is `Class` and each file is one sample" in said
    assert score(*sorted((tmp_path / "rois").iterdir()), "-o", tmp_path / "files.csv") == 0
    assert len({(tmp_path / f"{name}.csv").read_bytes() for name in ("one", "folder", "files")}) == 1
    data.to_csv(tmp_path / "b.csv", index=False)
    data.to_csv(tmp_path / "c.csv", index=False)
    capsys.readouterr()
    assert score(tmp_path / "b.csv", tmp_path / "c.csv", "--sample", "roi", "-o", tmp_path / "o.csv") == 2
    assert "expected each sample in one file, found `r" in capsys.readouterr().err


def test_flags_are_types_by_the_rule_of_init(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, rng = table().drop(columns="cell_type"), np.random.default_rng(1)
    up = {name: rng.random(len(data)) < 0.5 for name in ("CD3", "CD8")}
    flagged = data.assign(**{f"Phenotype {name}": np.where(has, f"{name}+", f"{name}-") for name, has in up.items()})
    names = {(True, True): "CD3+ CD8+", (True, False): "CD3+", (False, True): "CD8+", (False, False): "unclassified"}
    data["cell_type"] = [names[both] for both in zip(*(has.tolist() for has in up.values()), strict=True)]
    for name, one in (("flags", flagged), ("types", data)):
        one.to_csv(tmp_path / f"{name}.csv", index=False)
        assert score(tmp_path / f"{name}.csv", "-o", tmp_path / f"{name}-scores.csv", "--sample", "roi") == 0
    assert (tmp_path / "flags-scores.csv").read_bytes() == (tmp_path / "types-scores.csv").read_bytes()
    assert "the type is made of the positive flags among `Phenotype CD3` and `Phenotype CD8`" in capsys.readouterr().err
    flagged["Phenotype CD8"] = flagged["Phenotype CD8"].replace("CD8-", "maybe")
    flagged.to_csv(tmp_path / "bad.csv", index=False)
    assert score(tmp_path / "bad.csv", "-o", tmp_path / "bad-scores.csv", "--label", "Phenotype CD8") == 0  # as named
    assert score(tmp_path / "flags.csv", "-o", tmp_path / "flags.parquet", "--sample", "roi") == 0


def test_every_format_gives_the_same_scores(cells: Path, tmp_path: Path) -> None:
    import anndata as ad

    data = table()
    data.to_csv(tmp_path / "cells.tsv.gz", sep="\t", index=False)
    data.to_parquet(tmp_path / "cells.parquet")
    obs = data[["roi", "cell_type"]].set_index(data["id"].astype(str))
    ad.AnnData(np.zeros((300, 1), np.float32), obs=obs, obsm={"spatial": data[["x", "y"]].to_numpy()}).write_h5ad(
        tmp_path / "cells.h5ad"
    )
    found = set()
    for name in ("cells.csv", "cells.tsv.gz", "cells.parquet", "cells.h5ad"):
        assert score(tmp_path / name, "-o", tmp_path / "o.csv", "--sample", "roi") == 0
        found.add((tmp_path / "o.csv").read_bytes())
    assert len(found) == 1


@pytest.mark.parametrize(
    "options", [[], ["--graph", "knn", "--k", 4], ["--graph", "radius"], ["--stratum", "tissue", "--graph", "knn"]]
)
def test_threads_and_order_of_rows_change_no_byte(cells: Path, tmp_path: Path, options: list[object]) -> None:
    mixed = tmp_path / "mixed" / "cells.csv"
    mixed.parent.mkdir()
    table().sample(frac=1, random_state=1).to_csv(mixed, index=False)
    for i, (path, threads) in enumerate([(cells, 1), (cells, 2), (mixed, 2)]):
        assert score(path, "-o", tmp_path / f"{i}.csv", "--sample", "roi", "--threads", threads, *options) == 0
    first = (tmp_path / "0.csv").read_bytes()
    assert first == (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()


def test_units_and_graphs(cells: Path, tmp_path: Path) -> None:
    def observed(*options: object) -> float:
        assert score(cells, "-o", tmp_path / "o.csv", "--sample", "", *options) == 0
        return float(pd.read_csv(tmp_path / "o.csv")["observed"].sum())

    xy = table()[["x", "y"]].to_numpy()
    tree = cKDTree(xy)
    _, nearest = tree.query(xy, 5)
    directed = {(i, int(j)) for i, row in enumerate(nearest) for j in row[1:]}
    triangles = Delaunay(xy).simplices
    sides = {tuple(sorted(map(int, pair))) for t in triangles for pair in ((t[0], t[1]), (t[1], t[2]), (t[0], t[2]))}
    assert observed("--graph", "knn", "--k", 4) == len(directed) == 1200
    assert observed("--graph", "knn", "--k", 4, "--symmetric") == len(directed | {(j, i) for i, j in directed})
    for radius in (10, 20):
        assert observed("--graph", "radius", "--radius", radius) == 2 * len(tree.query_pairs(radius))
    assert observed("--graph", "radius", "--radius", 20, "--um-per-px", 2) == 2 * len(tree.query_pairs(10))
    assert observed("--max-edge", 0) == 2 * len(sides)
    assert observed("--max-edge", 5) == 2 * sum(np.hypot(*(xy[i] - xy[j])) <= 5 for i, j in sides)


def test_provided_edges(cells: Path, tmp_path: Path) -> None:
    data = table()
    own = data[data["roi"] == "r1"]["id"].to_numpy()
    edges = pd.DataFrame({"sample": "r1", "source_cell": own[:-1], "target_cell": own[1:]})
    edges.to_csv(tmp_path / "edges.csv", index=False)
    options = ("--graph", "edges", "--edges", tmp_path / "edges.csv", "--cell-id", "id", "--sample", "roi")
    assert score(cells, "-o", tmp_path / "o.csv", *options) == 0
    out = pd.read_csv(tmp_path / "o.csv").groupby("sample")["observed"].sum()
    assert out.to_dict() == {"r1": 199, "r2": 0}


def faulty(**columns: object) -> pd.DataFrame:
    return table().astype(object).assign(**columns)


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (table().drop(columns="x"), [], "cells.csv header: expected a column of x and y, found none among roi, id, y"),
        (faulty(x=["1"] * 7 + ["oops"] + ["2"] * 292), [], "row 9 column `x`: expected a number, found `oops`."),
        (faulty(y=["1"] * 299 + ["nan"]), [], "row 301 column `y`: expected a number, found `nan`."),
        (faulty(y=["inf", "-inf"] + [1] * 298), [], "row 2 column `y`: expected a finite number, found `inf` (and 1"),
        (faulty(cell_type=["a", ""] + ["b"] * 298), [], "row 3 column `cell_type`: expected a value, found an empty"),
        (faulty(cell_type="a|b"), [], "row 2 column `cell_type`: expected labels without `|`, found `a|b` (and 299"),
        (table(), ["--k", "0"], "--k: expected a whole number from 1, found `0`."),
        (table(), ["--radius", "-1"], "--radius: expected a positive number, found `-1`."),
        (table(), ["--graph", "edges"], "--graph edges: expected --edges FILE and --cell-id COL"),
        (table(), ["--parent", "tissue"], "column `tissue`: expected one parent for all cells of `a`, found in, out."),
        (table(), ["--local-um", "0"], "--local-um: expected a positive number, found `0`."),
    ],
)  # fmt: skip
def test_a_fault_is_one_line_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: pd.DataFrame, options: list[str], message: str
) -> None:
    data.to_csv(tmp_path / "cells.csv", index=False)
    assert score(tmp_path / "cells.csv", "-o", tmp_path / "out" / "o.csv", *options) == 2
    printed = capsys.readouterr().err
    assert message in printed
    assert printed.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_faults_of_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert score(tmp_path / "none.csv", "-o", tmp_path / "o.csv") == 2
    (tmp_path / "empty.csv").write_text("")
    assert score(tmp_path / "empty.csv", "-o", tmp_path / "o.csv") == 2
    (tmp_path / "bad.parquet").write_text("no")
    assert score(tmp_path / "bad.parquet", "-o", tmp_path / "o.csv") == 2
    assert score(tmp_path / "empty.csv", "-o", tmp_path / "o.txt") == 2
    printed = capsys.readouterr().err
    assert "none.csv: expected a file, found none." in printed
    assert "empty.csv: expected a header and rows, found an empty file." in printed
    assert "bad.parquet: expected a parquet table" in printed
    assert "-o: expected a .parquet or .csv file" in printed
    assert not (tmp_path / "o.csv").exists()


def test_scoring_a_csv_imports_no_scanpy_squidpy_or_anndata(cells: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from tumint.cli import main; "
        f"assert main(['score', {str(cells)!r}, '-o', {str(tmp_path / 'o.csv')!r}]) == 0; "
        "print(sorted({'scanpy', 'squidpy', 'anndata', 'matplotlib', 'sklearn'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.endswith(
        "\n[]\n"
    )


@pytest.mark.parametrize("statistic", ["edges", "classic", "histocat", "patch"])
@pytest.mark.parametrize("null", ["exact", "permutation", "fixed", "torus", "jitter"])
def test_threads_order_of_rows_and_other_samples_change_no_byte_of_any_statistic(
    tmp_path: Path, statistic: str, null: str
) -> None:
    data = table(150)
    alone = data[data["roi"] == "r1"]
    options = ["--statistic", statistic, "--null", null, "--patch-size", 2, "--min-cells", 2, "--permutations", 37]
    options += [] if null in ("torus", "jitter") else ["--stratum", "tissue"]
    found = []
    for i, (cells, threads) in enumerate(((data, 1), (data.sample(frac=1, random_state=1), 3), (alone, 2))):
        cells.to_csv(tmp_path / f"{i}.csv", index=False)
        out = tmp_path / f"{i}_out.csv"
        assert score(tmp_path / f"{i}.csv", "-o", out, "--sample", "roi", "--threads", threads, *options) == 0
        found.append(out.read_bytes())
    assert found[0] == found[1]
    header, *rows = found[0].splitlines()
    assert [header, *(row for row in rows if row.startswith(b"r1,"))] == found[2].splitlines()
    scores = pd.read_csv(tmp_path / "0_out.csv")
    stuck = (scores["source"] == scores["target"]) & (null == "fixed")
    assert (scores["status"] == np.where(stuck, "no_variation", "tested")).all()
    known = {"pearson3", "permutation"} if null == "exact" else {null}
    assert scores.loc[~stuck, "p_method"].isin(known).all()


@pytest.mark.parametrize("statistic", ["histocat", "patch", "allocation"])
def test_statistics_of_cells_are_exact_over_the_image(tmp_path: Path, statistic: str) -> None:
    table(1500).to_csv(tmp_path / "cells.csv", index=False)
    common = ("--sample", "roi", "--statistic", statistic, "--patch-size", 2, "--permutations", 37)
    assert score(tmp_path / "cells.csv", "-o", tmp_path / "o.csv", *common) == 0
    scores = pd.read_csv(tmp_path / "o.csv")
    exact = {"histocat": "normal", "patch": "panjer", "allocation": "hypergeometric"}[statistic]
    tested = scores[scores["status"] == "tested"]
    assert (tested["p_method"] == exact).mean() > 0.5
    assert set(tested["p_method"]) <= {exact, "permutation"}
    assert tested["z"].notna().all()


def test_options_that_do_not_go_together(cells: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert score(cells, "-o", tmp_path / "o.csv", "--statistic", "allocation", "--null", "fixed") == 2
    assert score(cells, "-o", tmp_path / "o.csv", "--null", "torus", "--stratum", "tissue") == 2
    printed = capsys.readouterr().err
    assert "--statistic allocation: expected --null exact or local, found `fixed`." in printed
    assert "--null torus: expected no --stratum, which it cannot keep, found `tissue`." in printed


def test_a_guard_zone_takes_edges_away_and_early_stopping_keeps_the_scores(cells: Path, tmp_path: Path) -> None:
    outs = {name: tmp_path / f"{name}.csv" for name in ("plain", "guard", "all", "few")}
    common = (cells, "--sample", "roi", "--min-cells", 1, "--max-edge", 0)
    assert score(*common, "-o", outs["plain"]) == 0
    assert score(*common, "-o", outs["guard"], "--guard", 20) == 0
    many = (*common, "--null", "permutation", "--permutations", 2000)
    assert score(*many, "-o", outs["all"]) == 0
    assert score(*many, "-o", outs["few"], "--stop-after", 10) == 0
    plain, guard, every, few = (pd.read_csv(outs[name]) for name in ("plain", "guard", "all", "few"))
    assert (guard["observed"] <= plain["observed"]).all()
    data = table()
    for roi, found in guard.groupby("sample"):
        mine = data[data["roi"] == roi]
        xy = mine[["x", "y"]].to_numpy()
        deep = (np.minimum(xy - xy.min(axis=0), xy.max(axis=0) - xy) >= 20).all(axis=1)
        sides = Delaunay(xy).vertex_neighbor_vertices
        degree = np.diff(sides[0])
        assert found["observed"].sum() == degree[deep].sum()
    assert (few["observed"] == every["observed"]).all()
    # p is twice ten over the draw of the tenth beyond: as many draws without stopping have ten beyond, and not more
    for row in np.flatnonzero(few["p"] < 1)[:4]:
        draw = round(2 * 10 / few.loc[row, "p"])
        assert score(*many[:-1], draw, "-o", outs["all"]) == 0
        assert pd.read_csv(outs["all"]).loc[row, "p"] == pytest.approx(2 * (1 + 10) / (draw + 1))
    assert not (few["p"] == every["p"]).all()


@pytest.mark.parametrize(("option", "value"), [("--guard", "-1"), ("--stop-after", "-1"), ("--guard", "nan")])
def test_wrong_numbers_are_one_line(cells: Path, tmp_path: Path, option: str, value: str, capsys: object) -> None:
    assert score(cells, "-o", tmp_path / "o.csv", f"{option}={value}") == 2
    assert f"{option}: expected" in capsys.readouterr().err  # type: ignore[attr-defined]


def test_nulls_nearby_and_among_the_cells_of_a_parent(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    n = 1500
    x, y = rng.random(n) * 400, rng.random(n) * 400
    lymph = rng.random(n) < np.where(x < 200, 0.7, 0.1)
    cell_type = np.where(lymph, rng.choice(["CD4", "CD8"], n), rng.choice(["stroma", "tumour"], n))
    data = pd.DataFrame({"x": x, "y": y, "cell_type": cell_type, "mouse": "m", "roi": rng.choice(["r1", "r2"], n)})
    data["parent"] = np.where(lymph, "T", cell_type)
    data["tissue"] = np.where(x < 200, "left", "right")
    data.to_csv(tmp_path / "cells.csv", index=False)
    common = (tmp_path / "cells.csv", "--sample", "roi", "--subject", "mouse", "--max-edge", 0)
    runs = {
        "image": (),
        "domain": ("--stratum", "tissue"),
        "local": ("--null", "local", "--local-um", 90),
        "parent": ("--stratum", "tissue", "--parent", "parent"),
        "both": ("--stratum", "tissue", "--parent", "parent", "--null", "local"),
    }
    found = {}
    for name, options in runs.items():
        assert score(*common, *options, "-o", tmp_path / f"{name}.csv") == 0
        found[name] = pd.read_csv(tmp_path / f"{name}.csv").set_index(["sample", "source", "target"])
    pair = ("r1", "CD4", "CD8")
    z = {name: table.loc[pair, "z"] for name, table in found.items()}
    assert z["image"] > 5
    assert all(abs(z[name]) < 3 for name in ("domain", "local", "parent", "both"))
    # who is CD4 and who CD8 is left open by these nulls; tumour cells among themselves are what they are
    assert found["parent"].loc[("r1", "tumour", "tumour"), "status"] == "no_variation"
    total = found["image"].loc[pair, "log2_enrichment"]
    for name in ("image", "domain"):
        row = found[name].loc[pair]
        assert row[["log2_domain", "log2_region", "log2_contact"]].sum() == pytest.approx(total)
        assert row["expected_global"] == pytest.approx(found["image"].loc[pair, "expected"])
    assert found["image"].loc[pair, ["log2_domain", "log2_region"]].tolist() == [0, 0]
    assert found["domain"].loc[pair, "log2_domain"] == pytest.approx(total, abs=0.2)
    assert found["local"].loc[pair, "log2_domain"] == 0
    for table in found.values():
        tested = table[table["status"] == "tested"]
        assert tested[["log_odds", "log_odds_se"]].notna().all().all()
        assert (tested["information"] > 1).all()
    assert abs(found["local"].loc[pair, "direct_log_odds"]) < 3 * found["local"].loc[pair, "direct_se"]


def test_the_contact_share_is_counted_by_hand(cells: Path, tmp_path: Path) -> None:
    """The share of a-cells with at least one b-cell within 15 µm."""
    options = ("--sample", "", "--statistic", "share", "--graph", "radius", "--radius", 15)
    assert score(cells, "-o", tmp_path / "o.parquet", *options) == 0
    table = pd.read_csv(cells)
    sources = table[table["cell_type"] == "b"][["x", "y"]].to_numpy()
    targets = table[table["cell_type"] == "a"][["x", "y"]].to_numpy()
    near = np.linalg.norm(sources[:, None] - targets[None], axis=-1) <= 15
    row = pd.read_parquet(tmp_path / "o.parquet").set_index(["source", "target"]).loc[("b", "a")]
    assert row["observed"] == pytest.approx(near.any(axis=1).mean())
    assert 0 < row["observed"] < 1
