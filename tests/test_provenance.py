"""The code digest follows the code of a stage: not its comments, not another stage, not a figure."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tumint import module_code, provenance


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of two stages that share a module, in the place of tumint."""
    files = {
        "keys.py": "A = 1\n",
        "kernels/__init__.py": "",
        "kernels/counts.py": "def f():\n    return 1\n",
        "qc/__init__.py": "",
        "qc/stage.py": '"""Doc."""\nfrom tumint import keys\n\ndef run():\n    """Doc."""\n    return keys.A\n',
        "neighbourhood/__init__.py": "",
        "discover.py": "",
        "neighbourhood/stage.py": "from tumint.keys import A\n\ndef run():\n    from tumint.kernels import counts\n"
        "    from tumint.neighbourhood.statistics import listed\n",
        "neighbourhood/statistics/__init__.py": "from tumint.discover import listed\n",
        "neighbourhood/statistics/mine.py": "E = 1\n",
        "ingest/stage.py": "G = 1\n",
        "ingest/readers/_10x.py": "H = 1\n",
        "report/__init__.py": "",
        "report/engine/__init__.py": "",
        "report/engine/render.py": "C = 1\n",
        "report/qc/__init__.py": "",
        "report/qc/figures.py": "B = 1\n",
        "report/qc/page.py": "from tumint.report.qc import figures\n",
        "report/engine/templates/page.html": "<html>",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(provenance, "_ROOT", tmp_path)
    forget()
    yield tmp_path
    forget()


STAGES = ("ingest", "qc", "neighbourhood", "report_qc", "report_neighbourhood")


def forget() -> None:
    """What was read, as in a new process."""
    module_code.read.cache_clear()
    provenance._path.cache_clear()


def changed(package: Path, name: str, text: str) -> set[str]:
    forget()
    before = {stage: provenance.code_digest(stage) for stage in STAGES}
    (package / name).write_text(text)
    forget()
    return {stage for stage in STAGES if provenance.code_digest(stage) != before[stage]}


@pytest.mark.parametrize(
    ("name", "text", "stages"),
    [
        ("kernels/counts.py", "def f():\n    return 2\n", {"neighbourhood"}),
        ("keys.py", "A = 2\n", {"qc", "neighbourhood"}),
        ("neighbourhood/statistics/mine.py", "E = 2\n", {"neighbourhood"}),  # found by looking, imported by nobody
        ("neighbourhood/statistics/another.py", "F = 1\n", {"neighbourhood"}),
        ("ingest/readers/_10x.py", "H = 2\n", {"ingest"}),  # found by looking, imported by nobody
        ("report/qc/figures.py", "B = 2\n", {"report_qc"}),
        ("report/engine/render.py", "C = 2\n", {"report_qc", "report_neighbourhood"}),
        ("report/qc/page.py", "from tumint.report.qc import figures\n\nD = 1\n", {"report_qc"}),
        ("report/engine/templates/page.html", "<html lang=en>", {"report_qc", "report_neighbourhood"}),
        ("qc/stage.py", '"""Other."""\nfrom tumint import keys\n\n# why\ndef run():\n    return keys.A\n', set()),
    ],
)
def test_what_an_edit_reruns(package: Path, name: str, text: str, stages: set[str]) -> None:
    assert changed(package, name, text) == stages


def test_imports_are_those_of_the_syntax() -> None:
    """Read from bytecode; an independent reading by `ast` finds the same in every module of ours."""
    for path in sorted(Path(provenance.__file__).parent.rglob("*.py")):
        found = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tumint"):
                found |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
        assert found <= set(module_code.read(path)[1]), path


def test_more_names_than_a_byte_counts(package: Path) -> None:
    """Of 300 names the last is of an import."""
    names = "".join(f"name{i} = 0\n" for i in range(300))
    (package / "qc" / "stage.py").write_text(f"{names}from tumint.kernels import counts\n")
    assert "qc" in changed(package, "kernels/counts.py", "def f():\n    return 3\n")


def test_no_digest_depends_on_the_order_of_sets() -> None:
    code = (
        "from tumint.provenance import code_digest as d; print([d(s) for s in ('ingest', 'response', 'report_index')])"
    )
    seeds = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    ]
    assert seeds[0] == seeds[1] != ""


def test_what_is_kept_is_what_is_compiled(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second process compiles nothing; an edit, a broken file and a folder for reading alone do no harm."""
    monkeypatch.setattr(module_code, "_FOLDER", package / "__pycache__")
    monkeypatch.setattr(module_code.sys, "dont_write_bytecode", False)
    started_anew()
    first = provenance.code_digest("qc")
    (kept,) = (package / "__pycache__").iterdir()
    monkeypatch.setattr(module_code, "compiled", lambda _: pytest.fail("compiled again"))
    started_anew()
    assert provenance.code_digest("qc") == first
    monkeypatch.undo()
    monkeypatch.setattr(provenance, "_ROOT", package)
    monkeypatch.setattr(module_code, "_FOLDER", package / "__pycache__")
    (package / "keys.py").write_text("A = 2\n")
    started_anew()
    assert provenance.code_digest("qc") != first
    (package / "keys.py").write_text("A = 1\n")
    for broken in ("", "[]", '{"a": 1}', '{"a": ["b"]}', "\udcff"):
        kept.write_bytes(broken.encode("utf-8", "surrogateescape"))
        started_anew()
        assert provenance.code_digest("qc") == first
    monkeypatch.setattr(module_code, "_FOLDER", package / "keys.py")  # no folder can be made there
    started_anew()
    assert provenance.code_digest("qc") == first


def started_anew() -> None:
    """As a process that has read nothing."""
    forget()
    module_code._place.cache_clear()
    module_code._known.clear()
    module_code._new.clear()
