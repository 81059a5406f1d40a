"""`tumint run`: the whole workflow, by Snakemake. `plan` and `doctor`, which run nothing, are added here too."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tumint.cli import doctor, plan, profiles
from tumint.cli.snakemake import command, environment
from tumint.errors import Fault, TumintError
from tumint.machine import allocation, usable_threads

_LIST = Path()  # of `--profile` without a name


def add_verbs(verbs: Any) -> None:
    """Add run, plan and doctor."""
    summary = "run the workflow on a cohort; again, it does only what is not up to date"
    parser: argparse.ArgumentParser = verbs.add_parser(
        "run",
        help=summary,
        description=f"{summary}. The same as `snakemake --configfile CONFIG --cores N`, with the faults told first.",
    )
    parser.add_argument("config", type=Path, nargs="?", help="config file of the cohort")
    parser.add_argument(
        "--cores", type=int, metavar="N", help="cores to use; default all of this machine, or of the Slurm job"
    )
    parser.add_argument(
        "--profile",
        type=Path,
        nargs="?",
        const=_LIST,
        help="how jobs are run: a Snakemake profile, or one that ships with tumint (alone: lists them)",
    )
    parser.epilog = "What stands after `--` goes to Snakemake as it is."
    parser.set_defaults(call=_run, snakemake_arguments=[])
    plan.add_verbs(verbs)
    doctor.add_verbs(verbs)


def _run(a: argparse.Namespace) -> None:
    if a.profile is _LIST:
        print(profiles.listed())
        return
    if a.config is None:
        raise TumintError(Fault("tumint run", "the config file of a cohort", "none"))
    run(a.config, a.cores, a.profile, a.snakemake_arguments)


def check_cores(cores: int | None) -> None:
    """Raise where `--cores` is no number of cores."""
    if cores is not None and cores < 1:
        raise TumintError(Fault("--cores", "a whole number from 1", str(cores)))


def run(config: Path, cores: int | None, named_profile: Path | None = None, more: Sequence[str] = ()) -> None:
    """Become Snakemake for the cohort of `config`; faults are shown before anything starts, with exit code 2."""
    from tumint import preflight

    check_cores(cores)
    named = None if named_profile is None else profiles.profile(named_profile)
    options = None if named is None else profiles.sbatch_options(named)
    if named is not None:
        profiles.check_environment(named)
    preflight.load(config)
    if options is not None:
        profiles.submit(config, options, cores, more)
        return
    arguments = [*command(config), *_limits(cores, more)] if named is None else command(config)
    if named is not None:
        arguments += [*(["--cores", str(cores)] if cores is not None else []), "--profile", str(named)]
    sys.stdout.flush()
    # replaced, not started: signals and the exit code are Snakemake's own
    os.execve(sys.executable, [*arguments, *more], environment())


def _limits(cores: int | None, more: Sequence[str]) -> list[str]:
    """Cores and memory for jobs on this machine: in a Slurm job, those that it was given."""
    mine = allocation()
    if mine is None:
        return ["--cores", str(cores or usable_threads())]
    given, memory = mine
    limits = ["--cores", str(cores or min(given, usable_threads()))]
    if memory is not None and "--resources" not in more:
        limits += ["--resources", f"mem_mb={memory}"]
    return limits
