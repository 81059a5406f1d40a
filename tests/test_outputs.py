"""An output is never an input, and no file of a person's is replaced unasked: every verb that writes to `-o`."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumint.cli import main
from tumint.cli.stages import INTO_FOLDER

ROOT = Path(__file__).parents[1]

OPTIONS = {
    "score": ["--label", "type"],
    "compare": ["--samples", "sheet.csv", "--subject", "subject", "--group", "arm", "--reference", "v"],
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a table of cells, features and a sheet, in which tumint is called."""
    rng = np.random.default_rng(0)
    cells = pd.DataFrame(rng.uniform(0, 200, (60, 2)), columns=["x", "y"]).assign(type=list("ab") * 30)
    cells.to_csv(tmp_path / "cells.csv", index=False)
    cells.to_parquet(tmp_path / "cells.parquet")
    samples = [f"s{i}" for i in range(6)]
    values = pd.DataFrame({"sample": samples, "family": "share", "feature": "f", "value": rng.normal(size=6)})
    values = values.assign(se=0.1, weight=1.0, n=20, status="tested")
    values.to_csv(tmp_path / "features.csv", index=False)
    sheet = pd.DataFrame({"sample": samples, "subject": samples, "arm": list("vt") * 3})
    sheet.to_csv(tmp_path / "sheet.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(verb: str, table: str, out: str, *more: str) -> int:
    return main([verb, table, *OPTIONS[verb], "-o", out, *more])


@pytest.mark.parametrize(
    ("verb", "table", "out"),
    [
        ("score", "cells.csv", "cells.csv"),
        ("score", "cells.csv", "./x/../cells.csv"),
        ("score", "cells.csv", "soft.csv"),
        ("score", "cells.csv", "hard.csv"),
        ("score", "cells.parquet", "cells.parquet"),
        ("compare", "features.csv", "features.csv"),
        ("compare", "features.csv", "sheet.csv"),
    ],
)
@pytest.mark.parametrize("more", [[], ["--overwrite"]])
def test_an_output_is_never_an_input(here, capsys, verb, table, out, more):
    (here / "x").mkdir()
    (here / "soft.csv").symlink_to(here / "cells.csv")
    os.link(here / "cells.csv", here / "hard.csv")
    before = {path.name: path.read_bytes() for path in here.iterdir() if path.is_file()}
    assert call(verb, table, out, *more) == 2
    shown = os.path.join(*Path(out).parts)
    assert capsys.readouterr().err == f"tumint: -o: expected another file than those that are read, found `{shown}`.\n"
    assert {path.name: path.read_bytes() for path in here.iterdir() if path.is_file()} == before


def test_edges_that_are_read_are_no_output(here, capsys):
    pd.DataFrame({"source_cell": [0], "target_cell": [1]}).to_csv("edges.csv", index=False)
    words = ["--graph", "edges", "--edges", "edges.csv", "--cell-id", "type"]
    assert call("score", "cells.csv", "edges.csv", *words) == 2
    assert "expected another file than those that are read, found `edges.csv`." in capsys.readouterr().err


@pytest.mark.parametrize(("verb", "table"), [("score", "cells.csv"), ("compare", "features.csv")])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_only_what_tumint_wrote_is_replaced_unasked(here, capsys, verb, table, kind):
    out = here / f"out.{kind}"
    mine = pd.DataFrame({"sample": ["a"], "note": ["years of work"]})
    mine.to_csv(out, index=False) if kind == "csv" else mine.to_parquet(out)
    before = out.read_bytes()
    assert call(verb, table, out.name) == 2
    expected = f"expected a new file, or --overwrite, found `{out.name}`, which this command did not write."
    assert capsys.readouterr().err == f"tumint: -o: {expected}\n"
    assert out.read_bytes() == before
    assert call(verb, table, out.name, "--overwrite") == 0
    written = out.read_bytes()
    assert written != before
    assert call(verb, table, out.name) == 0  # it is tumint's now
    assert out.read_bytes() == written
    other = {"score": ("compare", "features.csv"), "compare": ("score", "cells.csv")}[verb]
    assert call(*other, out.name) == 2  # of another kind
    assert out.read_bytes() == written
    out.write_bytes(b"")
    assert call(verb, table, out.name) == 0  # nothing to lose


@pytest.mark.parametrize("name", ["cells.csv", "b.samples.parquet", "b.h5ad"])
def test_ingest_replaces_neither_raw_data_nor_other_tables(here, capsys, name):
    out = "b.h5ad" if name == "b.samples.parquet" else name
    if name != "cells.csv":
        shutil.copy("cells.parquet", name)
    before = (here / name).read_bytes()
    params = {"ingest": {"format": "table", "columns": {"x": "x", "y": "y", "markers": {"M": "x"}}}}
    rows = json.dumps([{"sample": "s", "path": str(here / "cells.csv")}])
    assert main(["ingest", "--params", json.dumps(params), "--rows", rows, "-o", out]) == 2
    assert f"found `{name}`" in capsys.readouterr().err
    assert (here / name).read_bytes() == before


@pytest.mark.parametrize("name", ["sheet.csv", "notes.html"])
def test_a_report_replaces_only_a_report(here, capsys, name):
    (here / "notes.html").write_text("<p>mine</p>")
    before = (here / name).read_bytes()
    words = ["report", "qc", "--params", "{}", "--results", "results", "--sheet", "sheet.csv", "-o", name]
    assert main(words) == 2
    assert f"found `{name}`" in capsys.readouterr().err
    assert (here / name).read_bytes() == before
    words = ["report", "qc", "--params", "{}", "--results", "results", "--sheet", "sheet.csv", "-o", "page.html"]
    assert [main(words), main(words)] == [0, 0]


def test_figures_that_no_report_wrote_are_kept(here, capsys):
    words = ["report", "qc", "--params", "{}", "--results", "results", "--sheet", "sheet.csv", "-o", "page.html"]
    mine = here / "results" / "figures" / "qc" / "mine.svg"
    mine.parent.mkdir(parents=True)
    mine.write_text("<svg/>")
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("expected only figures and tables that a report wrote there, or --overwrite, found mine.svg.")
    assert mine.read_text() == "<svg/>"
    assert not (here / "page.html").exists()
    assert main([*words, "--overwrite"]) == 0


@pytest.mark.parametrize("verb", list(INTO_FOLDER))
def test_files_of_a_folder_are_looked_at_one_by_one(here, capsys, verb):
    """Each that a verb would write; what else lies in the folder is no matter."""
    words = {
        "qc": ["--gather", "none.measures.parquet"],
        "cluster": ["--cells", "none.h5ad"],
        "neighbourhood": ["--cells", "cells.parquet"],
        "response": ["--features", "cells.parquet", "--sheet", "sheet.csv"],
    }[verb]
    out = here / "mine"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    for name in INTO_FOLDER[verb]:
        (out / name).write_text("mine")
        assert main([verb, "--params", "{}", *words, "-o", str(out)]) == 2
        assert f"found `{out / name}`, which this command did not write" in capsys.readouterr().err
        (out / name).unlink()
    assert main([verb, "--params", "{}", *words, "-o", str(out)]) == 2
    assert "--overwrite" not in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ["notes.txt"]


def test_names_of_what_goes_into_folders_are_those_of_the_rules():
    """As the workflow names them; gathers of neighbourhood write the same."""
    rules = ROOT / "workflow" / "rules"
    for verb, names in INTO_FOLDER.items():
        text = (rules / f"{verb}.smk").read_text(encoding="utf-8")
        listed = re.findall(rf'"<results>/{verb}/([a-z_]+\.(?:parquet|h5ad|json))"', text.partition("rule qc:")[0])
        if verb == "cluster":
            listed += [f"{name}.parquet" for name in re.findall(r'"(\w+)"', text.partition("]")[0])]
        assert sorted(set(listed)) == sorted(names), verb


def test_init_replaces_nothing(here, capsys):
    (here / "panel.yaml").write_text("mine")
    assert main(["init", "."]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert (here / "panel.yaml").read_text() == "mine"
