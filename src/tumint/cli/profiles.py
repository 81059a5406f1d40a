"""`tumint run --profile`: the profiles that ship, and the one that is none of Snakemake's: a whole run as one job."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tumint.cli.snakemake import environment, snakefile
from tumint.errors import Fault, TumintError
from tumint.text import either

_OPTIONS = "sbatch"  # a profile with this key is submitted whole
_ASKED = re.compile(r"\$\{?(TUMINT_[A-Z_]+)")  # values that a profile takes from the environment
_WHOLE = {"aws-batch": "AWS Batch", "google-batch": "Google Batch", "googlebatch": "Google Batch"}


def shipped() -> dict[str, Path]:
    """Folders of the profiles that ship, by name; `default` is always used and not one to choose."""
    folders = sorted(path for path in (snakefile().parent / "profiles").iterdir() if path.is_dir())
    return {folder.name: folder for folder in folders if folder.name != "default"}


def listed() -> str:
    """Name and purpose of each, which its file says in the first line."""
    lines = ["Without a profile, jobs run on this machine, or on the cores and memory of the Slurm job it is in.", ""]
    for name, folder in shipped().items():
        first = (folder / "config.yaml").read_text(encoding="utf-8").splitlines()[0]
        lines.append(f"  {name:<14}{first.removeprefix('# ')}")
    lines.append(f"  {'(none)':<14}AWS Batch, Google Batch: the whole run as one job in a container: docs/clusters.md")
    where = snakefile().parent / "profiles"
    return "\n".join([*lines, "", f"To change one, copy its folder from {where} and name the copy: --profile FOLDER"])


def profile(named: Path) -> Path:
    """A Snakemake profile: a folder of the user's or one that Snakemake knows by name, else one that ships.

    Raises
    ------
    TumintError
        There is none.
    """
    kept = (Path(os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")), Path("/etc/xdg"))
    folders = [named, *(folder / "snakemake" / named for folder in kept)]
    if any(found.is_file() for folder in folders for found in (*folder.glob("profile*"), *folder.glob("config*"))):
        return named
    known = shipped()
    if named.name in known:  # also by the path that it has in the repository
        return known[named.name]
    if cloud := _WHOLE.get(str(named)):
        # its executor for Snakemake starts jobs that share no files with the run, and nothing can be set against that
        expected = f"the whole run as one job of {cloud}, as docs/clusters.md shows"
        raise TumintError(Fault("--profile", expected, f"`{named}`: steps there cannot share the working folder"))
    expected = f"a profile of Snakemake, a folder with `config.yaml`, or one of {', '.join(known)}"
    raise TumintError(Fault("--profile", expected, f"none at `{named}`"))


def check_environment(folder: Path) -> None:
    """Check that the environment has all that a profile takes from it, before anything is submitted.

    Raises
    ------
    TumintError
        The profile takes a value from a `$TUMINT_…` that the environment lacks.
    """
    path = folder / "config.yaml"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    asked = dict.fromkeys(name for line in lines if not line.startswith("#") for name in _ASKED.findall(line))
    if lacking := [name for name in asked if not os.environ.get(name)]:
        expected = f"{', '.join(asked)}, which {path} explains"
        raise TumintError(Fault("environment", expected, f"no {', '.join(lacking)}"))


def sbatch_options(folder: Path) -> dict[str, Any] | None:
    """Options of `sbatch` where the profile is of a whole run as one job; None: it is one of Snakemake's.

    Raises
    ------
    TumintError
        It is both, or its options are no options.
    """
    from tumint.config.yaml_file import read_yaml

    path = folder / "config.yaml"
    read = read_yaml(path) if path.is_file() else {}
    if not isinstance(read, dict) or _OPTIONS not in read:
        return None
    if more := sorted(set(map(str, read)) - {_OPTIONS}):
        raise TumintError(Fault(f"{path}", f"`{_OPTIONS}` alone, since the whole run is one job", f"also `{more[0]}`"))
    options = read[_OPTIONS] or {}
    if not isinstance(options, dict) or any(isinstance(value, dict | list) for value in options.values()):
        raise TumintError(Fault(f"{path} key `{_OPTIONS}`", "options of sbatch, each with its value", f"{options}"))
    return {str(name): value for name, value in options.items()}


def submit(config: Path, options: dict[str, Any], cores: int | None, more: Sequence[str]) -> None:
    """Send the whole run to Slurm as one job, and say where it can be followed. What it prints goes to a file here.

    Raises
    ------
    TumintError
        There is no `sbatch`, or Slurm does not take the job.
    """
    if shutil.which("sbatch") is None:
        raise TumintError(Fault("--profile", "a machine that submits to Slurm", "no `sbatch` on the PATH"))
    options = {"job-name": f"tumint-{config.stem}", "output": "tumint-%j.log", **options}
    if cores is not None:
        options["cpus-per-task"] = cores
    run = [sys.executable, "-P", "-m", "tumint", "run", str(config), *(["--", *more] if more else [])]
    words = [f"--{name}" if value is True else f"--{name}={value}" for name, value in options.items()]
    command = ["sbatch", "--parsable", *words, "--wrap", f"exec {shlex.join(run)}"]
    done = subprocess.run(command, text=True, capture_output=True, check=False, env=environment())
    if done.returncode:
        said = either((done.stderr or done.stdout).strip().splitlines()[-1:]) or "nothing said"
        raise TumintError(Fault("sbatch", "that Slurm takes the job: see the options in the profile", f"`{said}`"))
    number = done.stdout.strip().partition(";")[0]
    log = str(options["output"]).replace("%j", number)
    print(f"Submitted as job {number} of Slurm: the whole run, on the cores and memory of that job.")
    print(f"Follow it: tail -f {log}    State: squeue -j {number}    Stop it: scancel {number}")
