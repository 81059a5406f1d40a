"""Where a result comes from: a digest of the code that made it, and the metadata that travels in every file.

Neither holds a date, a host or a number of threads, so that equal runs give equal bytes.
"""

from __future__ import annotations

import ast
import hashlib
import platform
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from tumint import __version__

_ROOT = Path(__file__).parent
_PACKAGES = (
    *("numpy", "pandas", "scipy", "numba", "pyarrow", "anndata", "scanpy", "scikit-learn"),
    *("igraph", "leidenalg", "pynndescent", "matplotlib", "snakemake"),
)


def code_digest(stage: str) -> str:
    """Hash of the modules that `stage` runs: `tumint.<stage>.stage` and all it imports from tumint.

    Comments, docstrings and layout do not count. The digest of `report_<stage>` covers `tumint.report.<stage>`, what
    all reports share with its templates, and what these import; `engine.render` imports pages by name, so those of
    other stages do not count.
    """
    if stage.startswith("report"):
        name = stage.removeprefix("report_")
        rooms = [_ROOT / "report" / "engine", _ROOT / "report" / name]
        roots = [f"tumint.report.{p.parent.name}.{p.stem}" for room in rooms for p in sorted(room.glob("*.py"))]
        templates = _ROOT / "report" / "engine" / "templates"
        texts = [p.read_text(encoding="utf-8") for p in sorted(templates.glob("*"))]
    else:
        roots, texts = [f"tumint.{stage}.stage"], []
    found: dict[str, str] = {}
    for root in roots:
        _collect(root, found)
    digest = hashlib.sha256()
    for part in (*(f"{name}={found[name]}" for name in sorted(found)), *texts):
        digest.update(part.encode())
    return digest.hexdigest()[:16]


def _collect(module: str, found: dict[str, str]) -> None:
    path = _path(module)
    # config models only describe keys; their values reach a stage through its params
    if path is None or module in found or module.startswith(("tumint.config", "tumint.cli")):
        return
    found[module], imports = _parse(path)
    for name in imports:
        _collect(name, found)


def _path(module: str) -> Path | None:
    stem = _ROOT.joinpath(*module.split(".")[1:])
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def _parse(path: Path) -> tuple[str, tuple[str, ...]]:
    """The code of a module without docstrings, as text, and the tumint modules it may import."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports: list[str] = []
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Import):
            imports += [alias.name for alias in node.names if alias.name.startswith("tumint")]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tumint"):
            imports += [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
        # neither an import nor a docstring is inside an expression
        waiting += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr)]
    return ast.dump(tree), tuple(dict.fromkeys(imports))


def run_metadata(stage: str, params: dict[str, Any]) -> dict[str, Any]:
    """What every output of `stage` carries: versions, code digest, parameters."""
    return {
        "stage": stage,
        "tumint": __version__,
        "code": _running_code(stage),
        "params": params,
        "versions": dict(_versions()),
    }


@cache
def _running_code(stage: str) -> str:
    """The digest of `stage` as this process started with it."""
    return code_digest(stage)


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    versions = [("python", platform.python_version())]
    for package in _PACKAGES:
        try:
            versions.append((package, metadata.version(package)))
        except metadata.PackageNotFoundError:
            continue
    return tuple(versions)


def file_sha256(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
