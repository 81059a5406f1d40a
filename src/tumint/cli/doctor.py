"""`tumint doctor`: what this machine offers and what is missing. Changes nothing."""

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

from tumint import __version__
from tumint.cli import licences
from tumint.errors import Fault, TumintError
from tumint.text import fixed

_PACKAGES = (
    *("snakemake", "snakemake-executor-plugin-slurm", "numpy", "pandas", "scipy", "numba", "anndata", "scanpy"),
    *("scikit-learn", "igraph", "pynndescent", "pyarrow", "matplotlib"),
)
_CLUSTERS = {"Slurm": "sbatch", "LSF": "bsub", "Grid Engine or PBS": "qsub", "HTCondor": "condor_submit"}


def add_verbs(verbs: Any) -> None:
    """Add the verb."""
    summary = "versions, threads, free memory and disk, cluster tools found, folders writable"
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
    for name, value in (
        ("tumint", f"{__version__} ({Path(__file__).parents[1]})"),
        ("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        *_versions(faults),
        ("threads", f"{len(os.sched_getaffinity(0))} usable of {os.cpu_count()}"),
        ("memory", f"{fixed(_free_memory_gb(), 1)} GB free"),
        ("disk", f"{fixed(shutil.disk_usage('.').free / 1e9, 1)} GB free in {Path.cwd()}"),
        ("cluster", ", ".join(n for n, tool in _CLUSTERS.items() if shutil.which(tool)) or "no tools found"),
        *_folders(faults),
    ):
        print(f"{name:<32}{value}")
    if faults:
        raise TumintError(faults)
    print("All is well.")


def _versions(faults: list[Fault | str]) -> Iterator[tuple[str, str]]:
    for package in _PACKAGES:
        try:
            yield package, metadata.version(package)
        except metadata.PackageNotFoundError:
            faults.append(Fault(f"package {package}", "to be installed (`make env`)", "none"))


def _free_memory_gb() -> float:
    """Memory that a new process can have, in GB; pages that are only cached count as free where the system says so."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable")) * 1024 / 1e9
    except (OSError, StopIteration):
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9


def _folders(faults: list[Fault | str]) -> Iterator[tuple[str, str]]:
    for what, folder in (("working folder", Path.cwd()), ("temporary files", Path(tempfile.gettempdir()))):
        writable = os.access(folder, os.W_OK | os.X_OK)
        yield what, f"{folder} ({'writable' if writable else 'NOT WRITABLE'})"
        if not writable:
            faults.append(Fault(str(folder), "a folder that can be written", "one that cannot"))
