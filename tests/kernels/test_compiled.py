"""Compiled kernels on disk: an edit of any is seen, and a place to keep them is found or done without."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tumint import compiled

ROOT = Path(__file__).parents[2]
# a kernel of one module that calls one of another, which is edited
_DRAW = """
import numpy as np
from tumint.kernels.permute import permuted_labels
labels = np.repeat(np.arange(3, dtype=np.uint8), 9)
out = labels.copy()
permuted_labels(labels, np.arange(27, dtype=np.int32), np.array([0, 27]), np.uint64(5), 7, labels.copy(), out)
print("".join(map(str, out)))
"""


def _copy(folder: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("__init__.py", "compiled.py", "machine.py", "kernels"):
        source, to = ROOT / "src" / "tumint" / name, folder / "tumint" / name
        shutil.copytree(source, to, ignore=ignored) if source.is_dir() else _copied(source, to)
    return folder


def _copied(source: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, to)


def _draw(source: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(source), **environment}
    env.pop("NUMBA_CACHE_DIR", None)
    command = [sys.executable, "-B", "-c", _DRAW]
    return subprocess.run(command, env=env, text=True, capture_output=True, check=True)


@pytest.mark.long
def test_an_edit_in_another_module_is_seen(tmp_path: Path) -> None:
    source = _copy(tmp_path)
    quick = {"NUMBA_OPT": "0"}  # whether an edit is seen is not of how well it is compiled
    first = _draw(source, **quick).stdout
    assert _draw(source, **quick).stdout == first
    random = source / "tumint" / "kernels" / "random.py"
    text = random.read_text()
    assert "0x9E3779B97F4A7C15" in text
    random.write_text(text.replace("0x9E3779B97F4A7C15", "0x9E3779B97F4A7C17"))
    edited = _draw(source, **quick).stdout
    shutil.rmtree(source / "tumint" / "kernels" / "__pycache__")
    assert edited == _draw(source, **quick).stdout
    assert edited != first
    random.write_text(text)
    assert _draw(source, **quick).stdout == first


def test_other_packages_keep_their_own_place() -> None:
    import numba

    assert "kernels-" not in str(numba.config.CACHE_DIR)
    from tumint.kernels.random import mix

    assert f"kernels-{compiled.digest()}" in mix.stats.cache_path  # type: ignore[attr-defined]


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nothing but what a test makes can be written."""
    monkeypatch.setattr(compiled, "_KERNELS", tmp_path / "installed")
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(compiled.tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    for name in ("installed", "home", "tmp"):
        (tmp_path / name).mkdir()
    (tmp_path / "installed" / "a.py").write_text("A = 1\n")
    yield tmp_path
    compiled.folder.cache_clear()
    compiled.digest.cache_clear()


def _found() -> str:
    compiled.folder.cache_clear()
    compiled.digest.cache_clear()
    return compiled.folder()


def _block(path: Path) -> None:
    """A file where a folder is wanted: nothing can be written there, also as root."""
    shutil.rmtree(path, ignore_errors=True)
    path.touch()


def test_the_next_place_where_one_cannot_be_written(places: Path, monkeypatch, capsys) -> None:
    assert _found().startswith(str(places / "installed" / "__pycache__"))
    _block(places / "installed" / "__pycache__")
    assert _found().startswith(str(places / "home" / "tumint"))
    assert capsys.readouterr().err == ""
    _block(places / "home" / "tumint")
    assert _found().startswith(str(places / "tmp" / f"tumint-{os.getuid()}"))
    assert capsys.readouterr().err.count("\n") == 1
    _block(places / "tmp" / f"tumint-{os.getuid()}")
    assert _found() == ""
    assert capsys.readouterr().err.count("\n") == 1
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(places / "named"))
    assert _found().startswith(str(places / "named"))


@pytest.mark.parametrize("trap", ["link", "open to all", "in one open to all"])
def test_a_folder_that_others_could_fill_is_not_used(places: Path, trap: str) -> None:
    _block(places / "installed" / "__pycache__")
    _block(places / "home" / "tumint")
    place = Path(_found())
    shutil.rmtree(place.parent)
    place.parent.mkdir()
    if trap == "link":
        (places / "theirs").mkdir()
        place.symlink_to(places / "theirs")
    else:
        place.mkdir(mode=0o700)
        (place if trap == "open to all" else place.parent).chmod(0o777)
    assert _found() == ""


@pytest.mark.slow
def test_without_any_place_the_numbers_are_the_same(tmp_path: Path) -> None:
    source = _copy(tmp_path / "a")
    kept = _draw(source)
    shutil.rmtree(source / "tumint" / "kernels" / "__pycache__")
    (source / "tumint" / "kernels" / "__pycache__").touch()
    (tmp_path / f"tumint-{os.getuid()}").touch()
    done = _draw(source, HOME="/dev/null", XDG_CACHE_HOME="/dev/null", TMPDIR=str(tmp_path))
    assert done.stdout == kept.stdout
    assert done.stderr.count("\n") == 1
    assert kept.stderr == ""


def _kept(base: Path, days: dict[str, float]) -> set[str]:
    for name, age in days.items():
        (base / name).mkdir(parents=True, exist_ok=True)
        (base / name / "kernel.nbi").touch()
        os.utime(base / name, (time.time() - 86400 * age,) * 2)
    mine = base / "kernels-0000000000000000"
    mine.mkdir(exist_ok=True)
    compiled._keep_newest(base, mine)
    assert time.time() - mine.stat().st_mtime < 60
    return {path.name for path in base.iterdir()} - {mine.name}


def test_folders_of_earlier_kernels_go_but_for_the_newest_and_those_in_use(tmp_path: Path) -> None:
    name = [f"kernels-{number:016x}" for number in range(1, 8)]
    ages = [1, 6, 6.5, 8, 30, 31, 32]  # days
    assert _kept(tmp_path, dict(zip(name, ages, strict=True))) == set(name[:3])
    assert _kept(tmp_path / "rare", dict(zip(name, [9, 10, 11, 12, 13, 14, 15], strict=True))) == set(name[:2])


def test_nothing_else_goes(tmp_path: Path) -> None:
    others = ["kernels", "kernels-mine", "module.cpython-311.pyc", f"kernels-{5:016x}x"]
    assert _kept(tmp_path, dict.fromkeys(others, 400.0)) == set(others)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").touch()
    links = [tmp_path / f"kernels-{number:016x}" for number in range(1, 6)]
    for link in links:
        link.symlink_to(elsewhere)
    _kept(tmp_path, {})
    assert (elsewhere / "file").exists()
    assert all(link.is_symlink() for link in links)


def test_several_processes_prune_at_once(tmp_path: Path) -> None:
    for number in range(1, 40):
        (tmp_path / f"kernels-{number:016x}").mkdir()
        os.utime(tmp_path / f"kernels-{number:016x}", (number, number))
    program = (
        "import sys; from pathlib import Path; from tumint import compiled; base = Path(sys.argv[1]); "
        "mine = base / ('kernels-' + 'a' * 16); mine.mkdir(exist_ok=True); compiled._keep_newest(base, mine)"
    )
    started = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path)]) for _ in range(3)]
    assert [process.wait() for process in started] == [0, 0, 0]
    assert sorted(path.name[-2:] for path in tmp_path.iterdir()) == ["26", "27", "aa"]


def test_the_first_compilation_is_said_once(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(compiled, "folder", lambda: str(tmp_path))
    compiled.announce()
    assert "compiled for the first time" in capsys.readouterr().err
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels" / "pairs.nbi").write_bytes(b"")
    compiled.announce()
    assert capsys.readouterr().err == ""
