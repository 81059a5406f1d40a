"""Where a result comes from: a digest of the code that made it, and the metadata that travels in every file.

Neither holds a date, a host or a number of threads, so that equal runs give equal bytes.
"""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tumint import __version__, formats, module_code

_ROOT = Path(__file__).parent
_DISCOVER = "tumint.discover"
_NO_PART = ("tumint.config", "tumint.cli", "tumint.api", "tumint.pl")
_PACKAGES = (
    *("numpy", "pandas", "scipy", "numba", "pyarrow", "anndata", "scanpy", "scikit-learn"),
    *("igraph", "pynndescent", "matplotlib", "snakemake"),
)


def code_digest(stage: str, reader: str = "") -> str:
    """Hash of the modules that `stage` runs: `tumint.<stage>.stage` and all it imports from tumint.

    Comments, docstrings and layout do not count. Of a package whose modules are found by looking (`tumint.discover`),
    all count. So do the modules of `tumint.<stage>.readers`, and the package that brings the `reader` of raw data,
    where it is not ours. The digest of `report_<stage>` covers `tumint.report.<stage>`, what all reports share with its
    templates, and what these import; `engine.render` imports pages by name, so those of other stages do not count.
    """
    if stage.startswith("report"):
        name = stage.removeprefix("report_")
        # the index imports the pages of all stages by name
        others = sorted(p for p in (_ROOT / "report").iterdir() if p.is_dir()) if name == "index" else []
        rooms = [_ROOT / "report" / "engine", _ROOT / "report" / name, *others]
        roots = [f"tumint.report.{p.parent.name}.{p.stem}" for room in rooms for p in sorted(room.glob("*.py"))]
        templates = _ROOT / "report" / "engine" / "templates"
        texts = [p.read_text(encoding="utf-8") for p in sorted(templates.glob("*"))]
    else:
        readers = sorted((_ROOT / stage / "readers").glob("*.py"))
        roots = [f"tumint.{stage}.stage", *(f"tumint.{stage}.readers.{path.stem}" for path in readers)]
        texts = _package_of(reader)
    found: dict[str, str] = {}
    for root in roots:
        _collect(root, found)
    module_code.keep()
    digest = hashlib.sha256()
    for part in (*(f"{name}={found[name]}" for name in sorted(found)), *texts):
        digest.update(part.encode())
    return digest.hexdigest()[:16]


def _package_of(reader: str) -> list[str]:
    """Every module of the package that brings a reader of raw data; none of ours."""
    texts = []
    for one in formats.known():
        if one.name == reader and not one.is_ours:
            spec = find_spec(one.module.partition(".")[0])
            folders = list(spec.submodule_search_locations or ()) if spec is not None else []
            alone = [Path(spec.origin)] if spec is not None and spec.origin and not folders else []
            modules = [*alone, *(path for folder in folders for path in sorted(Path(folder).rglob("*.py")))]
            texts += [one.reader, *(path.read_text(encoding="utf-8") for path in modules)]
    return texts


def _collect(root: str, found: dict[str, str]) -> None:
    waiting = [root]
    while waiting:
        module = waiting.pop()
        # config models only describe keys, whose values reach a stage through its params; no stage runs the others
        if module in found or module.startswith(_NO_PART) or (path := _path(module)) is None:
            continue
        found[module], imports = module_code.read(path)
        waiting += imports
        if path.name == "__init__.py" and _DISCOVER in imports:
            waiting += [f"{module}.{one.stem}" for one in path.parent.glob("[!_]*.py")]


@cache
def _path(module: str) -> Path | None:
    stem = _ROOT.joinpath(*module.split(".")[1:])
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    return None


def run_metadata(stage: str, params: dict[str, Any], reader: str = "") -> dict[str, Any]:
    """What every output of `stage` carries: versions, code digest (with that of a `reader`), parameters."""
    return {
        "stage": stage,
        "tumint": __version__,
        "code": _running_code(stage, reader),
        "params": params,
        "versions": dict(_versions()),
    }


@cache
def _running_code(stage: str, reader: str) -> str:
    """The digest of `stage` as this process started with it."""
    return code_digest(stage, reader)


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
