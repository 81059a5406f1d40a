"""How the command line calls Snakemake: as a program, found beside this interpreter. It is never imported.

The working folder holds data, never code: of what lies there no module, no Snakefile and no profile is used.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tumint.errors import Fault, TumintError
from tumint.text import either

_PACKAGE = Path(__file__).parents[1]


def snakefile() -> Path:
    """The workflow that belongs to this code: inside the installed package, or in the repository it lies in."""
    places = [folder / "workflow" / "Snakefile" for folder in (_PACKAGE, _PACKAGE.parents[1])]
    for place in places:
        if place.is_file():
            return place
    raise TumintError(Fault(either(places), "the workflow that ships with tumint", "none"))


def program() -> list[str]:
    """Snakemake as a program of this environment."""
    return [sys.executable, "-P", "-m", "snakemake"]  # -P: without the working folder, which -m puts first on the path


def command(config: Path) -> list[str]:
    """The start of every Snakemake command for the cohort of `config`."""
    _have_a_cache()
    workflow = snakefile()
    return [
        *program(),
        *("--snakefile", str(workflow)),
        # else Snakemake takes `profiles/default` of the working folder before that of the workflow
        *("--workflow-profile", str(workflow.parent / "profiles" / "default")),
        *("--configfile", str(config)),
    ]


def environment() -> dict[str, str]:
    """The environment of Snakemake and of all that it starts.

    An empty entry of PYTHONPATH, as `PYTHONPATH=$PYTHONPATH:/more` leaves one, is the working folder for Python.
    """
    folders = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]
    others = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return others | {"PYTHONSAFEPATH": "1"} | ({"PYTHONPATH": os.pathsep.join(folders)} if folders else {})


def _have_a_cache() -> None:
    """Give Snakemake and matplotlib a folder here where that of the user cannot be written: both would end without."""
    wanted = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    there = next((folder for folder in (wanted, *wanted.parents) if folder.exists()), Path("/"))
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        here = Path(".snakemake", "cache").absolute()
        os.environ.update(XDG_CACHE_HOME=str(here), XDG_CONFIG_HOME=str(here), MPLCONFIGDIR=str(here / "matplotlib"))
