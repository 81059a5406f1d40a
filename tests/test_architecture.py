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
        # where they are kept when compiled is for their one wrapper to ask
        ours = ("tumint.kernels", "tumint.compiled") if path.name == "__init__.py" else ("tumint.kernels",)
        assert not [n for n in names if n.startswith("tumint.") and not n.startswith(ours)], path


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


# Modules that read or write files besides `stage.py` and readers: what they compute from is an argument elsewhere.
FILES = {
    "ingest/anndata_table.py",
    "ingest/cosmx_fields.py",
    "ingest/geojson.py",
    "ingest/image_channels.py",
    "ingest/image_folder.py",
    "ingest/matrix.py",
    "ingest/plain.py",
    "ingest/qupath_objects.py",
    "ingest/reader.py",
    "ingest/recognise.py",
    "ingest/registry.py",
    "ingest/relationships.py",
    "ingest/rows.py",
    "ingest/steinbock_anndata.py",
    "ingest/tenx_matrix.py",
    "ingest/wide_counts.py",
    "qc/batch.py",
    "cluster/inputs.py",
    "cluster/output.py",
    "cluster/types_from.py",
    "cluster/user_tables.py",
    "neighbourhood/gathered.py",
    "neighbourhood/score_files.py",
    "neighbourhood/tables.py",
    "response/inputs.py",
}
# what passes rows on and opens nothing
PLAIN = ("tumint.io.contracts", "tumint.io.raw.odd_numbers", "tumint.io.raw.table")
READS_FILES = {"pathlib", "os", "io", "gzip", "csv", "h5py", "zarr", "pyarrow.csv", "pyarrow.parquet", "spatialdata"}
LIBRARIES = {"pd", "pandas", "ad", "anndata", "pa", "pq", "np", "sd", "sc"}
DOES_FILES = re.compile(r"read_\w+|to_(csv|parquet|pickle|json|excel)|load|save\w*|loadtxt|savetxt|write\w*")


def _file_work(path: Path) -> Iterator[str]:
    """What a module does with files: imports and calls."""
    for name in _imports(path):
        ours = name == "tumint.io" or name.startswith("tumint.io.")
        if name in READS_FILES or (ours and name not in ("tumint.io", "tumint.io.raw") and not name.startswith(PLAIN)):
            yield name
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id="open")):
                yield "open()"
            case ast.Call(func=ast.Attribute(value=ast.Name(id=library), attr=name)) if (
                library in LIBRARIES and DOES_FILES.fullmatch(name)
            ):
                yield f"{library}.{name}()"
            case ast.Call(func=ast.Attribute(attr="to_csv" | "to_parquet" | "write_h5ad" | "write_text" | "read_text")):
                yield f"{node.func.attr}()"  # type: ignore[union-attr]


def test_numerics_do_no_files():
    found = {}
    for path in MODULES:
        name = path.relative_to(PACKAGE).as_posix()
        room, *inside = name.split("/")
        declared = name in FILES or inside[0] == "readers" if inside else True
        if room in STAGES and not declared and path.name not in ("stage.py", "__init__.py"):
            found[name] = sorted(set(_file_work(path)))
    at_work = {name for name, work in found.items() if work}
    assert not at_work, {name: found[name] for name in at_work}
    idle = [name for name in FILES if not list(_file_work(PACKAGE / name))]
    assert not idle, "a module that reads nothing is no module of FILES"


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


@pytest.mark.parametrize("room", ["benchmarks", "tests"])
def test_no_script_or_helper_imports_in_a_circle(room):
    """By name as they are found on the path, and by `load("name")` of the tests; also inside functions."""
    paths = {path.relative_to(ROOT / room).with_suffix(""): path for path in sorted((ROOT / room).rglob("*.py"))}
    known: dict[str, Path] = {}
    for inside, path in paths.items():
        dotted = ".".join(inside.parts).removesuffix(".__init__")
        known |= dict.fromkeys((dotted, f"{room}.{dotted}", inside.name), path)
    waits = {}
    for path in paths.values():
        called = [n.value for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Constant)]
        names = [*_imports(path), *(str(name).removesuffix(".py") for name in called if str(name).endswith(".py"))]
        found = [name for name in names if name in known and known[name] != path]
        # of `from package import module`, the module is what is imported
        waits[path] = {known[n] for n in found if not any(o.rpartition(".")[0] == n for o in found)}
    assert any(waits.values())
    list(TopologicalSorter(waits).static_order())  # raises CycleError


def test_tables_of_users_are_read_in_one_room():
    """What tumint wrote itself is read by `io.cells` and `io.tables`."""
    parsers = r"\b(read_csv|read_fwf|read_excel|csv\.reader|csv\.DictReader|pyarrow\.csv|pd\.read_\w+|ad\.read_\w+)\b"
    found = {path for path in MODULES if re.search(parsers, path.read_text(encoding="utf-8"))}
    inside = {path for path in found if path.is_relative_to(PACKAGE / "io" / "raw")}
    assert len(inside) == 2
    assert found - inside == {PACKAGE / "io" / "cells.py"}


def test_io_knows_names_faults_and_the_shape_of_cells_alone():
    for path in (PACKAGE / "io").rglob("*.py"):
        ours = {name.split(".")[1] for name in _imports(path) if name.startswith("tumint.")}
        assert ours <= {"annotated", "errors", "io", "keys", "text"}, path


def test_only_reports_draw():
    """And `tumint.pl`, which draws their figures."""
    for path in MODULES:
        if _room(path) not in ("report", "charts", "pl.py"):
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
        assert "{params.settings:q} --code {params.code}" in rule
        assert "> {log:q} 2>&1" in rule


# f-strings that format a number for a program, or in a room that imports nothing of the house
FORMATS_ITSELF = {
    "text.py": "the one place",
    "charts": "ticks and what a pointer shows",
    "neighbourhood/grid.py": "the name of a setting is a key of its table",
    "report/engine/inline.py": "lengths in SVG and CSS",
    "report/engine/runs.py": "a value rounded before it is compared",
}
PADDED = re.compile(r"[<>^]?0?[0-9]+[dX]?")  # numbers of files, bytes, columns of a printed table


def _formatted_by_hand(path: Path) -> Iterator[str]:
    """Numbers, lists and plurals that a module writes itself."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.FormattedValue(format_spec=ast.JoinedStr(values=[ast.Constant(value=spec)])):
                found = PADDED.fullmatch(spec) is None
            case ast.FormattedValue(format_spec=spec):
                found = spec is not None
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=" and " | " or "), attr="join")):
                found = True
            case ast.IfExp(body=ast.Constant(value=one), orelse=ast.Constant(value=other)):
                found = {one, other} in ({"", "s"}, {"", "es"}, {"y", "ies"})
            case ast.BinOp(left=ast.Constant(value=str()), op=ast.Mod()):
                found = True
            case _:
                found = False
        if found:
            yield f"line {getattr(node, 'lineno', 0)}: {ast.unparse(node)}"


def test_numbers_lists_and_plurals_are_written_by_one_module():
    for path in MODULES:
        name = str(path.relative_to(PACKAGE))
        if name not in FORMATS_ITSELF and _room(path) not in FORMATS_ITSELF:
            found = list(_formatted_by_hand(path))
            assert not found, f"{path}: {found}: use tumint.text"
    stale = [
        name for name in FORMATS_ITSELF if (PACKAGE / name).is_file() and not [*_formatted_by_hand(PACKAGE / name)]
    ]
    assert not stale


def test_jobs_of_a_batch_start_without_anndata():
    """It loads dask and zarr where they are installed, which takes longer than the job of a small batch."""
    stages = [f"tumint.{stage}.stage" for stage in ("ingest", "qc", "cluster", "neighbourhood", "response")]
    heavy = "'anndata', 'dask', 'scanpy', 'squidpy', 'zarr'"
    code = f"import sys, {', '.join(stages)}; print(sorted({{{heavy}}} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
