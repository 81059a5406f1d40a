"""What users' files hold: seen by contents and not by date, and without reading large files at every start."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from tumint import watch
from tumint.watch import Watch, no_later_than_now


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(watch, "_SMALL", 10)
    return tmp_path / "memory.json"


def _name(memory: Path, path: Path) -> str:
    return str(json.loads(Watch(memory).text([str(path)]))["files"][str(path)])


@pytest.mark.parametrize("text", ["small", "a large file"])
def test_another_date_is_the_same_file_and_another_text_is_not(memory: Path, tmp_path: Path, text: str) -> None:
    path = tmp_path / "raw.csv"
    path.write_text(text)
    first = Watch(memory)
    name = json.loads(first.text([str(path)]))["files"][str(path)]
    first.save(hashes=True)
    for days in (-3000, 3, 40_000):
        os.utime(path, (time.time() + 86400 * days,) * 2)
        assert _name(memory, path) == name
    path.write_text(text.upper())
    assert _name(memory, path) != name
    path.unlink()
    assert _name(memory, path) == "none"


def test_a_large_file_is_not_read_while_its_date_stays(
    memory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "raw.csv"
    path.write_text("a large file")
    name = _name(memory, path)
    monkeypatch.setattr(watch, "_hash", lambda path: pytest.fail("it was read"))
    assert _name(memory, path) == name
    monkeypatch.undo()


@pytest.mark.parametrize("damage", ["", "[", "[]", '{"a": 1}', '{"a": ["1"]}'])
def test_a_damaged_memory_is_none(memory: Path, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "raw.csv"
    path.write_text("a large file")
    name = _name(memory, path)
    memory.write_text(damage)
    assert _name(memory, path) == name


def test_a_file_edited_during_the_run_is_not_remembered_as_read(memory: Path, tmp_path: Path) -> None:
    path = tmp_path / "raw.csv"
    path.write_text("a large file")
    one = Watch(memory)
    one.text([str(path)])
    path.write_text("a LARGE file")
    os.utime(path, (5, 5))
    one.save(hashes=True)
    assert json.loads(memory.read_text())[str(path)][2] == ""


def test_results_of_the_future_are_dated_today(tmp_path: Path) -> None:
    late, old = tmp_path / "late", tmp_path / "old"
    for path, at in ((late, time.time() + 9999), (old, 5.0)):
        path.write_text("x")
        os.utime(path, (at, at))
    no_later_than_now(tmp_path)
    assert late.stat().st_mtime <= time.time()
    assert old.stat().st_mtime == 5.0
