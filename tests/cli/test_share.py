"""tumint.share without a run of the workflow: what goes in, what stays behind, and what `verify` finds."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tumint.cli import main
from tumint.config import load_cohort
from tumint.errors import DataError, TumintError
from tumint.io.contracts import SWEEP, empty
from tumint.io.tables import write_table
from tumint.share import manifest, search
from tumint.share.inputs import collect
from tumint.share.pack import Program, share
from tumint.stages import STAGES


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder.parent)
        assert main(["simulate", "data", "--subjects", "2", "--rois", "1", "--cells", "200"]) == 0
    return folder


@pytest.fixture
def cohort(simulated, tmp_path, monkeypatch):
    """A cohort whose results are a table per stage and a page; its sheet has columns that no run needs."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(simulated, "data")
    sheet = pd.read_csv("data/samples.tsv", sep="\t", dtype=str)
    sheet["cage"], sheet["patient"] = [f"C{i}" for i in range(len(sheet))], [f"CRUK-00{i}7" for i in range(len(sheet))]
    sheet.to_csv("data/samples.tsv", sep="\t", index=False)
    results = tmp_path / "results" / "simulated_lung"
    for stage in STAGES:
        write_table(empty(SWEEP), results / stage / "sweep.parquet", SWEEP)
    shutil.copy(results / "response" / "sweep.parquet", results / "response" / "effects.parquet")
    (results / "reports").mkdir()
    (results / "reports" / "index.html").write_text("CRUK-0017")  # an old page: it is not copied
    return load_cohort("data/config.yaml")


@pytest.fixture
def program(tmp_path):
    """A workflow that makes a page, and what a run leaves."""
    (tmp_path / "flow").mkdir()
    (tmp_path / "flow" / "Snakefile").write_text("rule all: pass\n")

    def run(folder: Path, config: str) -> None:
        values = yaml.safe_load((folder / config).read_text())
        results = folder / "results" / values["cohort"]
        (results / "reports").mkdir()
        (results / "reports" / "index.html").write_text("a page")
        for name in ("logs", "benchmarks"):
            (results / name).mkdir()
            (results / name / "x.log").write_text(str(Path.cwd()))

    return Program(tmp_path / "flow", run)


def _share(cohort, program, out, columns=(), **options):
    return share(program, cohort, Path("data/config.yaml"), Path(out), columns, **options)


def test_what_goes_in_and_what_stays_behind(cohort, program):
    done = _share(cohort, program, "out/crate", ["cage"])
    assert done.left_out == ["batch", "patient"]
    sheet = pd.read_csv("out/crate/samples.tsv", sep="\t", dtype=str)
    assert list(sheet) == ["sample", "subject", "path", "arm", "response", "cage"]
    names = {path.relative_to("out/crate").as_posix() for path in Path("out/crate").rglob("*") if path.is_file()}
    assert {"config.yaml", "data/panel.yaml", "workflow/Snakefile", "ro-crate-metadata.json"} < names
    assert set(sheet["path"]) < names
    assert not [name for name in names if "x.log" in name]
    config = yaml.safe_load(Path("out/crate/config.yaml").read_text())
    assert (config["samples"], config["data"]) == ("samples.tsv", ".")
    assert [path.name for path in Path("out").iterdir()] == ["crate"]


def test_the_crate_is_a_workflow_run(cohort, program):
    from rocrate.rocrate import ROCrate

    _share(cohort, program, "crate")
    crate = ROCrate("crate")
    run = crate.get("#run")
    assert run["instrument"] is crate.mainEntity
    assert {entity.id for entity in run["object"]} > {"config.yaml", "samples.tsv", "data/panel.yaml"}
    assert "results/simulated_lung/reports/index.html" in {entity.id for entity in run["result"]}
    profiles = json.loads(Path("crate/ro-crate-metadata.json").read_text())["@graph"]
    root = next(entity for entity in profiles if entity["@id"] == "./")
    assert {"@id": "https://w3id.org/ro/wfrun/workflow/0.5"} in root["conformsTo"]


def test_equal_runs_are_equal_zips(cohort, program):
    for name in ("a.zip", "b.zip"):
        _share(cohort, program, name)
    assert Path("a.zip").read_bytes() == Path("b.zip").read_bytes()
    assert main(["verify", "a.zip"]) == 0


def test_every_changed_byte_is_found(cohort, program, capsys):
    _share(cohort, program, "crate")
    for path in sorted(Path("crate").rglob("*")):
        if path.is_file() and path.stat().st_size:
            whole = path.read_bytes()
            path.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
            with pytest.raises(DataError):
                manifest.check(Path("crate"))
            path.write_bytes(whole)
    (Path("crate") / "samples.tsv").unlink()
    (Path("crate") / "later.txt").write_text("x")
    assert main(["verify", "crate"]) == 2
    assert capsys.readouterr().err == "tumint: crate/samples.tsv: expected a file of the crate, found none.\n"


def test_a_damaged_zip(cohort, program, capsys):
    _share(cohort, program, "crate.zip")
    whole = Path("crate.zip").read_bytes()
    for at in (30, len(whole) // 2, len(whole) - 40):
        Path("crate.zip").write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert main(["verify", "crate.zip"]) == 2, at
    Path("crate.zip").write_bytes(whole[: len(whole) // 2])
    assert main(["verify", "crate.zip"]) == 2
    assert main(["verify", "nowhere.zip"]) == 2
    assert "which is not there" in capsys.readouterr().err


def test_a_name_that_leads_out_of_the_folder(tmp_path):
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as file:
        file.writestr("../evil.txt", "x")
    assert main(["verify", str(tmp_path / "c.zip")]) == 2
    assert not (tmp_path.parent / "evil.txt").exists()


@pytest.mark.parametrize("text", ["CRUK-0017", "here"])
def test_what_must_not_leave_is_refused(cohort, program, tmp_path, text):
    """A page that names a patient, or this folder: nothing is written."""
    said = str(tmp_path) if text == "here" else text
    Path("flow/notes.txt").write_text(f"made in {said}")
    with pytest.raises(DataError, match=r"workflow/notes\.txt: expected nothing that stays behind"):
        _share(cohort, program, "crate.zip")
    assert not [path for path in tmp_path.iterdir() if "crate" in path.name]


def test_a_table_with_a_column_that_stays_behind(tmp_path):
    pd.DataFrame({"cage": ["C1"], "x": [1]}).to_csv(tmp_path / "t.csv", index=False)
    (fault,) = search.found(tmp_path, ["cage"], [])
    assert str(fault) == "t.csv: expected no column that stays behind, found `cage`."


def test_texts_inside_packed_tables_are_found(tmp_path):
    pd.DataFrame({"note": ["CRUK-0017"] * 2000}).to_parquet(tmp_path / "t.parquet", compression="zstd")
    (fault,) = search.found(tmp_path, [], ["CRUK-0017"])
    assert "t.parquet" in str(fault)


def test_values_that_point_to_somebody():
    left = pd.DataFrame({"a": ["CRUK-0017", "low", "2024-01-31"], "b": ["M1_ROI1", "x", "y"]})
    assert search.telling(left, pd.DataFrame({"sample": ["M1_ROI1"]})) == ["2024-01-31", "CRUK-0017"]


def test_refusals(cohort, program, tmp_path):
    with pytest.raises(TumintError, match=r"--columns: expected columns of data/samples\.tsv .*found `cag`"):
        _share(cohort, program, "crate", ["cag"])
    Path("crate").mkdir()
    with pytest.raises(TumintError, match="expected a new folder or zip"):
        _share(cohort, program, "crate")
    (tmp_path / "results" / "simulated_lung" / "reports" / "index.html").unlink()
    with pytest.raises(DataError, match="expected a finished run"):
        _share(cohort, program, "other")


def test_paths_outside_the_working_folder(cohort, tmp_path, monkeypatch):
    sheet = pd.read_csv("data/samples.tsv", sep="\t", dtype=str)
    sheet["path"] = [str(tmp_path / "data" / path) for path in sheet["path"]]
    sheet.to_csv("data/samples.tsv", sep="\t", index=False)
    with pytest.raises(TumintError, match="expected paths inside the working folder"):
        collect(load_cohort("data/config.yaml"), Path("data/config.yaml"))


def test_without_raw_data(cohort, program):
    _share(cohort, program, "crate", raw=False)
    assert not Path("crate/data/raw").exists() or not list(Path("crate/data/raw").iterdir())
    assert manifest.check(Path("crate"))
