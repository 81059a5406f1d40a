"""A finished run remembers what it made: what is gone or another afterwards is found, and nothing else."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tumint.made import RECORD, Made

FILES = (
    "qc/cells.parquet",
    "figures/qc/a.svg",
    "figures/qc/b.csv",
    "figures/qc/.written",
    "reports/qc.html",
    "runs/0001.json",
    "runs/0002.json",
)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results" / "demo"
    for name in (
        *FILES,
        "logs/qc.log",
        ".lock",
        "figures/qc/.tmp-1-a.svg.part",
        "figures/qc/.snakemake_timestamp",
        "notes.txt",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    made(folder).save()
    return folder


def made(folder: Path) -> Made:
    outputs = [
        f"{folder}/{name}" for name in ("qc/cells.parquet", "figures/qc", "reports/qc.html", "reports/index.html")
    ]
    return Made(folder, outputs, {"runs/*.json": f"{folder}/reports/index.html"})


def broken(folder: Path) -> list[str]:
    return [Path(output).relative_to(folder).as_posix() for output in made(folder).broken]


def test_nothing_is_broken_after_a_run(results: Path) -> None:
    assert broken(results) == []
    for name in (
        "logs/qc.log",
        ".lock",
        "notes.txt",
        "runs/0001.json",
        "figures/qc/.snakemake_timestamp",
    ):  # no results; only the newest run counts
        (results / name).unlink()
    assert broken(results) == []


BROKEN = {
    "qc/cells.parquet": "qc/cells.parquet",
    "figures/qc/a.svg": "figures/qc",
    "figures/qc/.written": "figures/qc",
    "reports/qc.html": "reports/qc.html",
    "runs/0002.json": "reports/index.html",
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_gone_or_another_is_found(results: Path, name: str) -> None:
    path = results / name
    whole = path.read_text()
    path.write_text(whole[:-1] + "?")  # of the same size
    os.utime(path, (1, 1))
    assert broken(results) == [BROKEN[name]]
    path.unlink()
    assert broken(results) == [BROKEN[name]]
    (fault,) = made(results).broken.values()
    assert str(fault) == f"{path}: expected what a run made, found none: it is made again."
    path.write_text(whole)
    assert broken(results) == []


def test_a_copied_folder_is_as_it_was(results: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    shutil.copytree(results, copy, copy_function=shutil.copyfile)
    assert broken(copy) == []


def test_a_file_that_no_rule_makes_any_more_is_let_be(results: Path) -> None:
    (results / "qc/cells.parquet").unlink()
    assert Made(results, [f"{results}/figures/qc"]).broken == {}


def test_without_a_sound_record_nothing_is_missed(results: Path) -> None:
    shutil.rmtree(results / "figures")
    (results / RECORD).write_text("{")
    assert broken(results) == []
    made(results).save()
    (results / "reports/qc.html").unlink()
    assert broken(results) == ["reports/qc.html"]
    made(results).forget()
    assert broken(results) == []
