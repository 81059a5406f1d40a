"""How the command line calls Snakemake: as a program, found beside this interpreter. It is never imported."""

from __future__ import annotations

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
    return [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile()), "--configfile", str(config)]
