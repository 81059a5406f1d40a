"""What docs/contributing shows works as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tumint import cli, families
from tumint.families import all_families
from tumint.io.contracts import CELLS
from tumint.io.tables import read_table, write_table
from tumint.neighbourhood import statistics
from tumint.neighbourhood.graph import delaunay
from tumint.neighbourhood.statistics import Cells, all_statistics, image_features
from tumint.response.wording import finding

ROOT = Path(__file__).parents[1]
PANEL = ROOT / "resources" / "panels" / "mouse_lung_imc.yaml"
DOCS = ROOT / "docs" / "contributing"


def files_of(page: str) -> dict[str, str]:
    """Every file that a page shows: a path in backticks on a line of its own, then its content as a block."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return dict(re.findall(r"^`(\S+)`\n\n```\w*\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL))


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The files of the page on statistics, as if they were in their packages."""
    packages = {families: "families", statistics: "neighbourhood/statistics"}
    files = files_of("statistic.md")
    assert [str(Path(name).parent) for name in files] == [f"src/tumint/{inside}" for inside in packages.values()]
    for package, (name, code) in zip(packages, files.items(), strict=True):
        folder = tmp_path / package.__name__
        folder.mkdir()
        (folder / Path(name).name).write_text(code, encoding="utf-8")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    all_families.cache_clear()
    all_statistics.cache_clear()
    yield
    for package in packages:
        sys.modules.pop(f"{package.__name__}.crowding", None)
    all_families.cache_clear()
    all_statistics.cache_clear()


@pytest.mark.usefixtures("added")
def test_a_statistic() -> None:
    """On a row of five cells, those at the ends have one neighbour and the others two."""
    xy = np.column_stack([np.arange(5) * 10.0, [0, 1e-3, 0, 1e-3, 0]])
    labels = np.array([0, 1, 1, 0, 1])
    graph = delaunay(xy, 12.0)
    table = image_features(Cells("s", xy, labels, ["a", "b", "c"], graph)).set_index(["family", "feature"])
    mine = table.loc["crowding"]
    assert mine.loc["a", "value"] == pytest.approx(np.log(1.5))
    assert mine.loc["b", "value"] == pytest.approx(np.log(5 / 3))
    assert mine["status"].to_dict() == {"a": "tested", "b": "tested", "c": "absent"}
    assert mine["n"].to_dict() == {"a": 2, "b": 3, "c": 0}
    nowhere = image_features(Cells("s", np.full((2, 2), np.nan), np.array([0, 1]), ["a", "b"]))
    assert set(nowhere.loc[nowhere["family"] == "crowding", "status"]) == {"no_coordinates"}
    assert families.title("crowding") == "crowding"
    assert families.rank("crowding") == families.rank("distance") + 1
    row = pd.Series({"family": "crowding", "feature": "a", "source": "", "target": "", "effect": np.log(2), "q": 0.01})
    row = row.reindex([*row.index, "ci_low", "ci_high"]).to_dict() | {"n_subjects_group": 4, "n_subjects_reference": 4}
    said = finding(row, {"group": "treated", "reference": "vehicle"})["words"]
    assert said == ("Cells of a have 2.00× as many neighbours in treated as in vehicle (q = 0.01, 4 v 4 subjects).")


def copy_with(page: str, folder: Path) -> None:
    """The package and the workflow in `folder`, with the files and the edits that a page shows."""
    for name in ("src", "workflow", "config"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name, code in files_of(page).items():
        assert not (folder / name).exists()
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(code, encoding="utf-8")
    edits = re.findall(
        r"^In `(\S+)`, before `([^`]+)`:\n\n```\w*\n(.*?)^```$",
        (DOCS / page).read_text(encoding="utf-8"),
        flags=re.MULTILINE | re.DOTALL,
    )
    for name, before, code in edits:
        text = (folder / name).read_text(encoding="utf-8")
        (at,) = (found.start() for found in re.finditer(f"^{re.escape(before)}", text, flags=re.MULTILINE))
        (folder / name).write_text(text[:at] + code + text[at:], encoding="utf-8")


MAIN = ("-c", "import sys; from tumint.cli import main; sys.exit(main())")
SHEET = ("--results", "results", "--sheet", "samples.tsv")


def call(folder: Path, *words: str) -> str:
    """What Python prints with the package of `folder`."""
    paths = {"PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env={**os.environ, **paths}, text=True, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.long
def test_a_stage(tmp_path: Path) -> None:
    """Its verb runs, it has a page, and the workflow plans it."""
    copy_with("stage.md", tmp_path)
    (tmp_path / "samples.tsv").write_text(
        "sample\tsubject\tpath\tpixel_size_um\tarm\nr1\tm1\traw.csv\t1\tvehicle\nr2\tm2\tother.csv\t1\ttreated\n"
    )
    for name in ("raw.csv", "other.csv"):
        (tmp_path / name).write_text("ObjectNumber\n1\n")
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    config |= {"samples": "samples.tsv", "panel": str(PANEL), "spacing": {"quantile": 0.25}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    cells = pd.DataFrame(
        {
            **{"sample": "r1", "cell_id": [1, 2, 3], "x_um": [0.0, 3.0, 10.0], "y_um": 0.0, "domain": "none"},
            **{"cluster": "0", "cell_type": "a", "confidence": 1.0},
        }
    )
    write_table(cells, tmp_path / "cells.parquet", CELLS, meta={})

    params = '{"spacing": {"quantile": 0.25}, "report": {}}'
    call(tmp_path, *MAIN, "spacing", "--params", params, "--cells", "cells.parquet", "-o", "results/spacing")
    table = read_table(tmp_path / "results" / "spacing" / "spacing.parquet")
    # nearest others are at 3, 3 and 7 µm
    assert table.to_dict("records") == [{"sample": "r1", "n_cells": 3, "spacing_um": 3.0}]
    call(tmp_path, *MAIN, "report", "spacing", "--params", params, *SHEET, "-o", "spacing.html")
    page = (tmp_path / "spacing.html").read_text(encoding="utf-8")
    assert "How far the cells of each ROI are apart." in page
    assert "Every ROI was measured." in page
    plan = ("-m", "snakemake", "--snakefile", "workflow/Snakefile", "--configfile", "config.yaml", "--cores", "1")
    said = call(tmp_path, *plan, "--dry-run", "--printshellcmds")
    assert "tumint spacing --params" in said
    assert "tumint report spacing --params" in said


@pytest.mark.long
def test_a_figure(tmp_path: Path) -> None:
    """It is on the page, in its section, with its SVG and its table."""
    copy_with("figure.md", tmp_path)
    rng = np.random.default_rng(0)
    cells = pd.DataFrame({"sample": np.repeat(["r1", "r2"], 200), "cell_id": np.tile(np.arange(200), 2)})
    cells = cells.assign(x_um=rng.random(400) * 150, y_um=rng.random(400) * 150, domain="none", cluster="0")
    # in r2 a single cell is a b, and no pair with it is scored
    cells["cell_type"] = np.where((cells["sample"] == "r1") & (cells["cell_id"] < 60), "b", "a")
    cells.loc[399, "cell_type"] = "b"
    write_table(cells.assign(confidence=1.0), tmp_path / "cells.parquet", CELLS, meta={})
    params = '{"neighbourhood": {"robustness": {"graphs": []}}, "report": {}}'
    score = ["neighbourhood", "--params", params, "--cells", str(tmp_path / "cells.parquet")]
    batch, out = str(tmp_path / "batch"), str(tmp_path / "results" / "neighbourhood")
    # not by the copy, whose kernels are not compiled yet
    assert cli.main([*score, "--subjects", '{"r1": "m1", "r2": "m2"}', "-o", batch]) == 0
    assert cli.main([*score, "--gather", batch, "-o", out]) == 0
    (tmp_path / "samples.tsv").write_text("sample\tsubject\tpath\tpixel_size_um\nr1\tm1\ta.csv\t1\nr2\tm2\tb.csv\t1\n")
    call(tmp_path, *MAIN, "report", "neighbourhood", "--params", '{"report": {}}', *SHEET, "-o", "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    section = page[page.index("What could be tested") :]
    assert "How many pairs could be scored" in section
    drawn = tmp_path / "results" / "figures" / "neighbourhood"
    assert (drawn / "pairs_scored.svg").stat().st_size > 1000
    assert pd.read_csv(drawn / "pairs_scored.csv").to_dict("list") == {"sample": ["r1", "r2"], "pairs": [4, 1]}
