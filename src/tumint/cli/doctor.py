"""`tumint doctor`: what this machine offers, and a try of each part of a run. What it writes it removes again."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from tumint import __version__, extras
from tumint.cli import licences, trials
from tumint.errors import Fault, TumintError
from tumint.machine import free_memory_gb, usable_threads
from tumint.simulate.resources import annotated_config
from tumint.text import fixed

_PACKAGES = (
    *("snakemake", "snakemake-executor-plugin-slurm", "numpy", "pandas", "scipy", "numba", "anndata"),
    *("scikit-learn", "igraph", "pynndescent", "pyarrow", "matplotlib"),
)
_CLUSTERS = {"Slurm": "sbatch", "LSF": "bsub", "Grid Engine or PBS": "qsub", "HTCondor": "condor_submit"}


def add_verbs(verbs: Any) -> None:
    """Add the verb."""
    summary = "try each part of a run on this machine, and say what was tried and what is missing"
    parser: argparse.ArgumentParser = verbs.add_parser("doctor", help=summary, description=summary)
    parser.add_argument("config", type=Path, nargs="?", help="config file of a cohort, checked as `run` checks it")
    parser.add_argument(
        "--licences", action="store_true", help="only list the packages that tumint needs, with version and licence"
    )
    parser.set_defaults(call=_doctor)


def _doctor(a: argparse.Namespace) -> None:
    if a.licences:
        print("\n".join(licences.lines()))
        return
    if a.config is not None:
        from tumint import preflight

        preflight.load(a.config)
    faults: list[Fault | str] = []
    for name, value in _lines(faults):
        print(f"{name:<32}{value}", flush=True)
    if faults:
        raise TumintError(faults)
    print("All is well.")


def _lines(faults: list[Fault | str]) -> Iterator[tuple[str, str]]:
    yield "tumint", f"{__version__} ({Path(__file__).parents[1]})"
    yield "config with every key", str(annotated_config())
    yield "python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    yield from _versions(faults)
    for extra, said in extras.states().items():
        yield f"extra {extra}", said
    yield "threads", f"{usable_threads()} usable of {os.cpu_count()}"
    free = free_memory_gb()
    yield "memory", "not known on this system" if free is None else f"{fixed(free, 1)} GB free"
    yield "disk", f"{fixed(shutil.disk_usage('.').free / 1e9, 1)} GB free in {Path.cwd()}"
    yield "cluster", ", ".join(n for n, tool in _CLUSTERS.items() if shutil.which(tool)) or "no tools found"
    yield from _folders(faults)
    yield from trials.trials(faults)


def _versions(faults: list[Fault | str]) -> Iterator[tuple[str, str]]:
    for package in _PACKAGES:
        try:
            yield package, metadata.version(package)
        except metadata.PackageNotFoundError:
            faults.append(Fault(f"package {package}", "to be installed (`pip install tumint`)", "none"))


def _folders(faults: list[Fault | str]) -> Iterator[tuple[str, str]]:
    for what, folder in (("working folder", Path.cwd()), ("temporary files", Path(tempfile.gettempdir()))):
        why = trials.written(folder)
        yield what, f"{folder} ({'NOT WRITABLE' if why else 'writable'})"
        if why:
            faults.append(Fault(str(folder), "a folder that can be written", f"one that cannot: {why}"))
