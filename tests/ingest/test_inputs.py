"""docs/inputs.md: each kind of input reaches its report by one command; what only a person can say is asked for."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import yaml

from tumint.cli import main
from tumint.config import load_cohort

ROOT = Path(__file__).parents[2]
spec = importlib.util.spec_from_file_location("inputs_page", ROOT / "docs" / "inputs.py")
assert spec is not None
assert spec.loader is not None
docs = importlib.util.module_from_spec(spec)
sys.modules["inputs_page"] = docs
spec.loader.exec_module(docs)


def cells(n: int = 144, seed: int = 0) -> pd.DataFrame:
    """Cells of one image about 8 µm apart."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(n)))
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2)[:n] * 8.0
    table = pd.DataFrame(grid + rng.uniform(0, 3, grid.shape), columns=["x", "y"]).round(3)
    table["cell_type"] = rng.choice(["T cell", "B cell", "Tumour"], n)
    return table


def patients() -> pd.DataFrame:
    """Two images of each of four patients, two in each arm."""
    who = [(f"i{i}", f"p{i // 2}", "vehicle" if i < 4 else "drug") for i in range(8)]
    parts = [cells(seed=i).assign(image=image, patient=patient, arm=arm) for i, (image, patient, arm) in enumerate(who)]
    return pd.concat(parts, ignore_index=True)


def _sheet(path: Path) -> None:
    rows = []
    for i in range(4):
        cells(seed=i).to_csv(path.parent / f"{i}.csv", index=False)
        rows.append({"ROI": f"r{i}", "Mouse": f"m{i}", "treatment": ("vehicle", "drug")[i % 2], "file": f"{i}.csv"})
    pd.DataFrame(rows).to_csv(path, index=False)


def _arms(path: Path) -> None:
    for i, (arm, mouse) in enumerate((arm, mouse) for arm in ("vehicle", "drug") for mouse in "ab"):
        (path / arm).mkdir(parents=True, exist_ok=True)
        cells(seed=i).to_csv(path / arm / f"{arm}{mouse}.csv", index=False)


def _anndata(path: Path) -> None:
    obs = patients().rename(columns={"image": "imageid", "patient": "subject"})
    data = ad.AnnData(np.ones((len(obs), 3), np.float32), obs=obs.drop(columns=["x", "y"]).set_axis(obs.index.map(str)))
    data.obsm["X_spatial"] = obs[["x", "y"]].to_numpy()
    data.write_h5ad(path)


def _pixels(path: Path) -> None:
    table = cells()
    table[["x", "y"]] *= 3
    table.to_csv(path, index=False)


def _flags(path: Path) -> None:
    rng, table = np.random.default_rng(0), cells().drop(columns="cell_type")
    for name in ("CD3", "CD8", "PanCK"):
        table[f"Phenotype {name}"] = np.where(rng.random(len(table)) < 0.5, f"{name}+", f"{name}-")
    table.to_csv(path, index=False)


def _thousands(path: Path) -> None:
    table = cells()
    table["x"] += 1_200_000
    table["x"] = [f"{value:,.3f}" for value in table["x"]]
    table.to_csv(path, index=False)


def fields(path: Path) -> None:
    """Two fields of one image, each with ids from 1."""
    first, second = cells(seed=1), cells(seed=2)
    second["x"] += 400
    pd.concat([one.assign(cell_id=np.arange(1, len(one) + 1)) for one in (first, second)]).to_csv(path, index=False)


def _inform(path: Path, formats: object) -> None:
    formats.inform(path, n=400)  # type: ignore[attr-defined]
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    place = cells(len(table))
    table["Cell X Position"], table["Cell Y Position"] = place["x"].astype(str), place["y"].astype(str)
    path.write_text(table.to_csv(sep="\t", index=False).replace(".", ","))


MAKE: dict[str, Callable[[Path], object]] = {
    "patients.csv": lambda path: patients().to_csv(path, index=False),
    "sheet/s.csv": _sheet,
    "arms": _arms,
    "d.h5ad": _anndata,
    "pixels.csv": _pixels,
    "flags.csv": _flags,
    "unicode.txt": lambda path: cells().to_csv(path, index=False, sep="\t", decimal=",", encoding="utf-16"),
    "thousands.csv": _thousands,
    "fields.csv": fields,
    "unnamed.csv": lambda path: cells().rename(columns={"x": "left", "y": "down"}).to_csv(path, index=False),
}


@pytest.fixture
def made(tmp_path, images, formats):
    """The data of a row of `MADE`: the path that `--from` gets."""

    def make(one):
        path = tmp_path / "data" / one.source
        path.parent.mkdir(parents=True)
        if one.form == "masks":
            images.project(path, subjects=4)
        elif one.form == "inform":
            _inform(path, formats)
        else:
            MAKE[one.source](path)
        return path

    return make


def run(folder: Path, source: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`tumint init cohort --from source --run`."""
    words = [sys.executable, "-m", "tumint", "init", "cohort", "--from", str(source), "--run", "--cores", "2", *options]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True)


def to_the_report(one, source: Path, folder: Path) -> None:
    """Refused for each option that is missing, then through to the report."""
    assert len(one.asked) <= 2
    if one.asked:
        done = run(folder, source)
        assert done.returncode == 2
        assert all(f"`{name}" in done.stderr for name in one.asked), done.stderr
        assert not (folder / "cohort").exists()
    done = run(folder, source, *one.options)
    assert done.returncode == 0, done.stderr[-3000:]
    config = yaml.safe_load((folder / "cohort" / "config.yaml").read_text(encoding="utf-8"))
    assert config["ingest"]["format"] == one.form
    for name in ("ingest", "qc", "cluster", "neighbourhood", "response", "index"):
        assert (folder / "results" / "cohort" / "reports" / f"{name}.html").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("one", docs.SHARED, ids=lambda one: one.source)
def test_real_data_to_the_report(one, shared_data, tmp_path):
    to_the_report(one, shared_data / one.source, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("one", docs.MADE, ids=lambda one: one.source)
def test_made_data_to_the_report(one, made, tmp_path):
    to_the_report(one, made(one), tmp_path)


@pytest.mark.parametrize("one", docs.MADE, ids=lambda one: one.source)
def test_made_data_is_recognised(one, made, tmp_path, monkeypatch):
    """What the report's test starts from, without the run."""
    source = made(one)
    monkeypatch.chdir(tmp_path)
    started = main(["init", "cohort", "--from", str(source), *one.options])
    assert started == 0
    assert load_cohort("cohort/config.yaml").config.ingest.format == one.form


@pytest.mark.parametrize("one", [one for one in docs.MADE if one.options], ids=lambda one: one.source)
def test_what_only_a_person_can_say_is_asked_for(one, made, tmp_path, monkeypatch, capsys):
    source = made(one)
    monkeypatch.chdir(tmp_path)
    assert main(["init", "cohort", "--from", str(source), "--run"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert all(any(f"`{name}" in line for line in lines) for name in one.asked), lines
    assert not Path("cohort").exists()


def test_ids_that_begin_anew_are_decided(started, tmp_path, capsys):
    fields(tmp_path / "t.csv")
    cohort, (batch,) = started(tmp_path / "c", tmp_path / "t.csv")
    assert cohort.config.ingest.repeated_ids == "renumber"
    source = pd.read_csv(tmp_path / "t.csv")
    np.testing.assert_allclose(batch.obsm["spatial"], source[["x", "y"]])
    assert list(batch.obs["cell_id"]) == list(range(1, len(source) + 1))
    said = " ".join(capsys.readouterr().out.split())
    assert "cell ids numbered by row" in said
    assert "ids are counted anew in each field" in said.replace("init: ", "")


def test_rows_that_are_there_twice_are_left_to_a_person(tmp_path, capsys):
    table = cells().assign(cell_id=np.arange(1, 145))
    pd.concat([table, table[:3]]).to_csv(tmp_path / "t.csv", index=False)
    assert main(["init", str(tmp_path / "c"), "--from", str(tmp_path / "t.csv"), "--run"]) == 2
    said = capsys.readouterr()
    assert "expected each cell id once" in said.err
    assert "numbered by row" not in said.out


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--run"], "--from: expected the data"),
        (["--cores", "2"], "--cores: expected `--run`"),
        (["--min-cells", "-1"], "--min-cells: expected a whole number from 0"),
    ],
)
def test_options_that_do_not_go_together(options, expected, tmp_path, capsys):
    assert main(["init", str(tmp_path / "c"), *options]) == 2
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "c").exists()


def test_the_page_is_what_its_script_writes_and_its_tests_are_there():
    assert docs.PAGE.read_text(encoding="utf-8") == docs.page(), "run `make docs`"
    assert set(MAKE) == {one.source for one in docs.MADE if one.form not in ("masks", "inform")}
    assert len(docs.SHARED) + len(docs.MADE) + len(docs.EXAMPLES) >= 25
    for test in set(docs.tests()):
        file, _, name = test.partition("::")
        functions = {
            one.name for one in ast.walk(ast.parse((ROOT / file).read_text())) if isinstance(one, ast.FunctionDef)
        }
        assert name in functions, test
