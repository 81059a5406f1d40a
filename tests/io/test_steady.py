"""Files that change while they are read, and what a killed or stopped process leaves."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tumint.cli import main
from tumint.errors import DataError
from tumint.io.atomic import is_leftover, remove_leftovers, replacing
from tumint.io.steady import unchanged
from tumint.io.tables import write_csv

CHANGED = "expected a file that stays as it is while it is read, found one that was changed"


def _grow(path: Path) -> None:
    path.write_text(path.read_text() + "x")


def _same_size(path: Path) -> None:
    path.write_text("X" * path.stat().st_size)
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))


def _replace(path: Path) -> None:
    """Another file of the same size and time under the name."""
    other = path.with_name("other")
    other.write_text("X" * path.stat().st_size)
    os.utime(other, ns=(1, path.stat().st_mtime_ns))
    os.replace(other, path)


def _read_meanwhile(paths: list[Path | None], edit: Callable[[], object], broken: bool) -> None:
    with unchanged(paths):
        edit()
        if broken:
            raise ValueError("half a row")


@pytest.mark.parametrize("edit", [_grow, _same_size, _replace, Path.unlink])
@pytest.mark.parametrize("broken", [False, True])
def test_an_edit_meanwhile_is_the_fault_that_is_told(tmp_path: Path, edit, broken: bool) -> None:
    path, other = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_text("some text")
    other.write_text("some text")
    with pytest.raises(DataError, match=CHANGED) as told:
        _read_meanwhile([path, other, None], lambda: edit(path), broken)
    assert [fault.where for fault in told.value.faults] == [str(path)]  # type: ignore[union-attr]


def test_what_stays_as_it_is_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("some text")
    with unchanged([path, tmp_path, tmp_path / "nowhere"]):
        assert path.read_text() == "some text"
    with pytest.raises(ValueError, match="half a row"), unchanged([path]):
        raise ValueError("half a row")


def test_a_file_more_in_a_folder_is_an_edit(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"new\.csv: " + CHANGED), unchanged([tmp_path]):
        (tmp_path / "new.csv").touch()


SHEET = "sample\tsubject\tpath\tarm\n" + "".join(f"s{i}\tm{i}\tx\t{'ab'[i % 2]}\n" for i in range(6))
CELLS = "x,y,cell_type\n" + "".join(f"{i % 9},{i // 9},{'AB'[i % 2]}\n" for i in range(90))


def _features(path: Path) -> Path:
    names = [f"s{i}" for i in range(6)]
    table = pd.DataFrame({"sample": names, "family": "abundance", "feature": "A", "value": range(6)})
    table.assign(se=0.1, weight=1.0, n=10, status="tested").to_csv(path, index=False)
    return path


@pytest.mark.parametrize("which", ["sheet", "features", "cells", "types"])
def test_every_verb_tells_an_edit_while_it_reads(tmp_path: Path, which: str, capsys, monkeypatch) -> None:
    """The table that a person made is edited between its header and its rows."""
    from tumint.io.raw.delimited import Delimited

    names = {"sheet": "sheet.tsv", "features": "features.csv", "cells": "cells.csv", "types": "types.csv"}
    path = tmp_path / names[which]
    (tmp_path / "sheet.tsv").write_text(SHEET)
    (tmp_path / "cells.csv").write_text(CELLS)
    (tmp_path / "types.csv").write_text("cluster,cell_type\n0,A\n")
    _features(tmp_path / "features.csv")
    load = Delimited.load

    def edited(self: Delimited, *arguments: object, **named: object) -> None:
        load(self, *arguments, **named)  # type: ignore[arg-type]
        if self.place.path == str(path):
            path.write_text(path.read_text() + "\n")

    monkeypatch.setattr(Delimited, "load", edited)
    out = tmp_path / "out.csv"
    if which == "types":
        from tumint.cluster.user_tables import read_type_table

        with pytest.raises(DataError, match=CHANGED):
            read_type_table(str(path), ["0"])
        return
    compare = ["compare", str(tmp_path / "features.csv"), "--samples", str(tmp_path / "sheet.tsv"), "--group", "arm"]
    compare += ["--subject", "subject"]
    score = ["score", str(tmp_path / "cells.csv"), "--x", "x", "--y", "y", "--label", "cell_type"]
    code = main([*(score if which == "cells" else [*compare, "--reference", "a"]), "--out", str(out)])
    lines = capsys.readouterr().err.splitlines()
    assert code == 2
    assert len(lines) == 1
    assert lines[0].startswith(f"tumint: {path}: {CHANGED}")
    assert not out.exists()


def test_a_leftover_matches_no_result(tmp_path: Path) -> None:
    for name in ("b0001.samples.parquet", "b0001.h5ad", "scores.csv", "effects.json", "a.svg"):
        with replacing(tmp_path / name) as temporary:
            assert not any(temporary.match(f"*{suffix}") for suffix in (".parquet", ".h5ad", ".csv", ".json", ".svg"))
            assert is_leftover(temporary.name)
            temporary.touch()
    assert not is_leftover("b0001.h5ad")


def test_leftovers_go_and_nothing_else(tmp_path: Path) -> None:
    kept = [tmp_path / "ingest" / "b0001.h5ad", tmp_path / ".lock", tmp_path / "qc" / ".tmp-notes"]
    gone = [tmp_path / "qc" / ".tmp-12-b0001.cells.parquet", tmp_path / "figures" / "qc" / ".tmp-7-a.svg.part"]
    for path in kept + gone:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert sorted(remove_leftovers(tmp_path)) == sorted(map(str, gone))
    assert sorted(p for p in tmp_path.rglob("*") if p.is_file()) == sorted(kept)


def test_a_packed_table_is_packed_by_its_own_name(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [1, 2]})
    write_csv(table, tmp_path / "a.csv.gz")
    assert (tmp_path / "a.csv.gz").read_bytes()[:2] == b"\x1f\x8b"
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "a.csv.gz"), table)
