"""`tumint share`: a finished run → a folder or zip that opens elsewhere.

What a later run reads is copied, as are the tables of the stages. Pages, `cohort.h5ad` and the record of the run are
made anew inside the crate from the sheet that it holds, so that they name no column that stays behind.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import yaml

from tumint.config.load import Cohort
from tumint.errors import DataError, Fault, TumintError
from tumint.io.atomic import is_leftover, replacing
from tumint.share import crate, manifest, search
from tumint.share.inputs import CONFIG, SHEET, Inputs, collect
from tumint.stages import STAGES

_DATES = (1980, 1, 1, 0, 0, 0)  # of what is in a zip, so that equal crates are equal files
_OF_A_RUN = (".snakemake", "logs")  # of the run inside the crate: they say where and when it ran
_OF_RESULTS = ("logs", "benchmarks", ".lock", ".made.json")


@dataclass(frozen=True)
class Shared:
    """What went in: number of files, bytes, and the columns of the sheet that did not."""

    files: int
    size: int
    left_out: list[str]


@dataclass(frozen=True)
class Program:
    """What runs a cohort: the folder of the workflow, and `run(folder, config)`, which raises where a run fails."""

    workflow: Path
    run: Callable[[Path, str], None]


def share(
    program: Program, cohort: Cohort, config: Path, out: Path, columns: Collection[str] = (), *, raw: bool = True
) -> Shared:
    """Write the crate of a finished run to `out`: a zip where it ends in `.zip`, else a folder.

    Parameters
    ----------
    columns
        Columns of the sheet that go in besides those that a run of the config needs.
    raw
        Whether the raw data go in; without them the crate can be read and verified, but not run.

    Raises
    ------
    TumintError
        The run is not finished, `out` is there, or something that must not leave is in a file: one line for each.
    """
    results = Path(cohort.config.results) / cohort.config.cohort
    if not (results / "reports" / "index.html").is_file():
        raise DataError(Fault(str(results), f"a finished run (`tumint run {config}`)", "none"))
    if os.path.lexists(out):
        raise TumintError(Fault("-o", "a new folder or zip", f"`{out}`, which is there"))
    inputs = collect(cohort, config, columns)
    out.parent.mkdir(parents=True, exist_ok=True)
    staged = out.with_name(f".tmp-{os.getpid()}-crate-{out.name}.part")
    try:
        _fill(program, staged, inputs, cohort, raw=raw)
        _refuse_what_must_not_leave(staged, inputs, raw=raw)
        files = manifest.write(staged)
        size = sum(path.stat().st_size for path in staged.rglob("*") if path.is_file())
        if out.suffix == ".zip":
            _zip(staged, out)
        else:
            staged.rename(out)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return Shared(files, size, list(inputs.left_out.columns))


def _fill(program: Program, staged: Path, inputs: Inputs, cohort: Cohort, *, raw: bool) -> None:
    results = Path(cohort.config.results) / cohort.config.cohort
    staged.mkdir()
    for name in (*inputs.named, *inputs.raw):
        _copied(Path(name), staged / name)
    sheet = Path(cohort.config.samples)
    (staged / CONFIG).write_text(yaml.safe_dump(inputs.config, sort_keys=False, allow_unicode=True), encoding="utf-8")
    inputs.sheet.to_csv(staged / SHEET, sep="\t", index=False)
    # no younger than the sheet that the tables were made from: they are not made again
    os.utime(staged / SHEET, ns=(sheet.stat().st_atime_ns, sheet.stat().st_mtime_ns))
    shutil.copytree(program.workflow, staged / crate.WORKFLOW, ignore=shutil.ignore_patterns("__pycache__"))
    for stage in STAGES:
        shutil.copytree(results / stage, staged / results / stage, ignore=_no_result)
    program.run(staged, CONFIG)
    if not raw:
        for name in inputs.raw:
            (staged / name).unlink()
    for name in _OF_A_RUN:
        shutil.rmtree(staged / name, ignore_errors=True)
    for name in _OF_RESULTS:
        path = staged / results / name
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    for left in sorted(staged.rglob(".snakemake_timestamp")):
        left.unlink()
    _describe(staged, inputs, cohort, results, raw=raw)


def _copied(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def _no_result(_: str, names: list[str]) -> list[str]:
    return [name for name in names if is_leftover(name) or name == ".snakemake_timestamp"]


def _describe(staged: Path, inputs: Inputs, cohort: Cohort, results: Path, *, raw: bool) -> None:
    read = [CONFIG, SHEET, *inputs.named, *(inputs.raw if raw else [])]
    wrote = sorted(p.relative_to(staged).as_posix() for p in (staged / results).rglob("*") if p.is_file())
    ended = (staged / results / "response" / "effects.parquet").stat().st_mtime
    crate.write(staged, cohort.config, read, wrote, ended)


def _refuse_what_must_not_leave(staged: Path, inputs: Inputs, *, raw: bool) -> None:
    words = [*search.machine_paths(), *search.telling(inputs.left_out, inputs.sheet)]
    ours = [fault for fault in search.found(staged, inputs.left_out.columns, words) if fault.where not in inputs.raw]
    if ours:
        raise DataError(ours)


def _zip(folder: Path, out: Path) -> None:
    with replacing(out) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _DATES)
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                with path.open("rb") as source, file.open(entry, "w", force_zip64=True) as target:
                    shutil.copyfileobj(source, target, 1 << 20)
