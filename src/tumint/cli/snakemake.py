"""How the command line calls Snakemake: as a program, found beside this interpreter. It is never imported."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tumint.errors import Fault, TumintError

_SNAKEFILE = Path("workflow", "Snakefile")


def snakefile() -> Path:
    """The workflow: of the working folder where it has one, else of the repository this package lies in."""
    for folder in (Path(), Path(__file__).parents[3]):
        if (folder / _SNAKEFILE).is_file():
            return folder / _SNAKEFILE
    raise TumintError(Fault(str(_SNAKEFILE), "to be started in the repository, or from a checkout", "no such file"))


def command(config: Path) -> list[str]:
    """The start of every Snakemake command for the cohort of `config`."""
    _have_a_cache()
    return [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile()), "--configfile", str(config)]


def _have_a_cache() -> None:
    """Give Snakemake and matplotlib a folder here where that of the user cannot be written: both would end without."""
    wanted = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    there = next((folder for folder in (wanted, *wanted.parents) if folder.exists()), Path("/"))
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        here = Path(".snakemake", "cache").absolute()
        os.environ.update(XDG_CACHE_HOME=str(here), XDG_CONFIG_HOME=str(here), MPLCONFIGDIR=str(here / "matplotlib"))
