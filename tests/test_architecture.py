"""The directions of imports, what stays light, and how rules are written."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "tumint"
STAGES = ("ingest", "qc", "cluster", "neighbourhood", "response")
HEAVY = ("scanpy", "anndata", "matplotlib", "sklearn", "squidpy", "plotly", "igraph", "numba")
MODULES = sorted(PACKAGE.rglob("*.py"))
RULES = [*sorted((ROOT / "workflow").rglob("*.smk")), ROOT / "workflow" / "Snakefile"]


def _imports(path: Path) -> Iterator[str]:
    """Modules that `path` imports, with `from tumint import x` as `tumint.x`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_nothing_imports_snakemake(path):
    assert not [name for name in _imports(path) if name.split(".")[0] == "snakemake"]


def test_kernels_import_numpy_and_numba_alone():
    allowed = {"__future__", "collections", "typing", "math", "numpy", "numba", "tumint"}
    for path in (PACKAGE / "kernels").glob("*.py"):
        names = list(_imports(path))
        assert {name.split(".")[0] for name in names} <= allowed, path
        assert not [n for n in names if n.startswith("tumint.") and not n.startswith("tumint.kernels")], path


def test_a_stage_imports_no_other_stage():
    for path in MODULES:
        room = _room(path)
        if room in STAGES:
            others = tuple(f"tumint.{stage}" for stage in (*STAGES, "report", "cli") if stage != room)
            names = [n for n in _imports(path) if n.startswith(others)]
            assert not names, f"{path}: {names}"


def test_numerics_import_neither_stage_nor_charts():
    drawing = ("tumint.charts", "matplotlib", "plotly")
    for path in MODULES:
        if _room(path) in STAGES and path.name not in ("stage.py", "__init__.py"):
            names = [n for n in _imports(path) if re.search(r"\.stage(\.|$)", n) or n.startswith(drawing)]
            assert not names, f"{path}: {names}"


LONGEST = 300  # lines of a module


def test_modules_are_short():
    assert not [str(p) for p in MODULES if len(p.read_text(encoding="utf-8").splitlines()) > LONGEST]


def test_no_import_goes_round_in_a_circle():
    """Of modules, by all imports, also those inside functions."""
    dotted = (".".join(("tumint", *path.relative_to(PACKAGE).with_suffix("").parts)) for path in MODULES)
    modules = {name.removesuffix(".__init__"): path for name, path in zip(dotted, MODULES, strict=True)}
    waits = {}
    for name, path in modules.items():
        found = [n for n in _imports(path) if n in modules]
        # of `from package import module`, the module is what is imported
        waits[name] = {n for n in found if n != name and not any(o.rpartition(".")[0] == n for o in found)}
    list(TopologicalSorter(waits).static_order())  # raises CycleError


def test_tables_of_users_are_read_in_one_room():
    """What tumint wrote itself is read by `io.cells` and `io.tables`."""
    parsers = r"\b(read_csv|read_fwf|read_excel|csv\.reader|csv\.DictReader|pyarrow\.csv|pd\.read_\w+|ad\.read_\w+)\b"
    found = {path for path in MODULES if re.search(parsers, path.read_text(encoding="utf-8"))}
    inside = {path for path in found if path.is_relative_to(PACKAGE / "io" / "raw")}
    assert len(inside) == 2
    assert found - inside == {PACKAGE / "io" / "cells.py"}


def test_io_knows_names_and_faults_alone():
    for path in (PACKAGE / "io").rglob("*.py"):
        ours = {name.split(".")[1] for name in _imports(path) if name.startswith("tumint.")}
        assert ours <= {"errors", "keys", "io"}, path


def test_only_reports_draw():
    for path in MODULES:
        if _room(path) not in ("report", "charts"):
            assert not [n for n in _imports(path) if n.startswith("tumint.charts")], path


def test_a_report_of_a_stage_is_not_needed_by_another():
    """What reports share is in `engine`, which knows no stage; the index reads the pages of all."""
    rooms = [p.name for p in (PACKAGE / "report").iterdir() if p.is_dir() and p.name not in ("engine", "__pycache__")]
    for path in (PACKAGE / "report").rglob("*.py"):
        mine = path.parent.name
        others = tuple(f"tumint.report.{room}" for room in rooms if room != mine and mine != "index")
        assert not [n for n in _imports(path) if n.startswith(others)], path


def test_scores_and_comparison_need_no_scanpy():
    for path in MODULES:
        if _room(path) in ("neighbourhood", "response"):
            roots = {name.split(".")[0] for name in _imports(path)}
            assert not roots & {"scanpy", "anndata", "squidpy"}, path


@pytest.mark.parametrize("statement", ["import tumint.cli; tumint.cli.build_parser()", "import tumint.jobs"])
def test_help_and_snakefile_stay_light(statement):
    program = f"{statement}\nimport sys; print(*sorted(set(sys.modules) & set({HEAVY!r})))"
    done = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("path", RULES, ids=lambda p: p.name)
def test_rules_are_commands(path):
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"^\s+(run|script|notebook|wrapper|retries):", text, flags=re.MULTILINE)
    for rule in re.split(r"^rule ", text, flags=re.MULTILINE)[1:]:
        if rule.startswith("all:"):
            continue
        for directive in ("log", "benchmark", "threads", "resources", "message"):
            assert re.search(rf"^    {directive}:", rule, flags=re.MULTILINE), f"{rule.split(':')[0]}: {directive}"
        assert re.search(r'^    shell:\n        "tumint ', rule, flags=re.MULTILINE)
        assert "{params.config:q} --code {params.code}" in rule
        assert "> {log:q} 2>&1" in rule
