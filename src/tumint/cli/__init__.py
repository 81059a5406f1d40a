"""The command line: one verb per stage, plus what a person calls. Heavy imports happen inside the verbs.

Exit codes: 0 done; 2 the user's input or config is wrong (one line per fault on stderr); 1 an internal error; 3 the
machine ran out of memory, disk or the like; 128 and the number of a signal that stopped it.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import gc
import os
import sys
from collections.abc import Sequence
from typing import TextIO

from tumint import __version__
from tumint.cli import compare, export, help, init, power, run, scarce, score, share, simulate, stages, storage
from tumint.cli.stopping import Stopped, stoppable
from tumint.errors import TumintError

_VERBS = (init, simulate, run, score, compare, power, export, share, storage, stages)


def build_parser() -> argparse.ArgumentParser:
    """The parser of all verbs; each verb's module adds its own."""
    parser = help.Parser(prog="tumint", usage="tumint VERB ...")
    parser.add_argument("--version", action="version", version=f"tumint {__version__}")
    of_verbs = argparse.ArgumentParser
    parser.verbs = parser.add_subparsers(prog="tumint", metavar="VERB", required=True, parser_class=of_verbs)
    for module in _VERBS:
        module.add_verbs(parser.verbs)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; the exit code."""
    if argv is None:
        _leave_working_folder()
    # what is left goes with the process; Python would look through all of it first, a quarter of a second after pandas
    atexit.register(gc.freeze)
    parser = build_parser()
    own, after = _split(sys.argv[1:] if argv is None else argv)
    arguments = parser.parse_args(own)
    if after:
        if not hasattr(arguments, "snakemake_arguments"):
            parser.error("only `run` takes arguments after `--`")
        arguments.snakemake_arguments = after
    try:
        with stoppable():
            code = int(arguments.call(arguments) or 0)
            _flush()
            return code
    except Stopped as stopped:
        _say(stopped)
        return stopped.exit_code
    except TumintError as error:
        _fail(error)
        _say(*error.faults)
        return 2
    except BrokenPipeError:
        return 1
    except Exception as error:
        _fail(error)
        lacking = scarce.fault_of(error, own[0], getattr(arguments, "out", None))
        _say(lacking or scarce.internal(error, own[0]))
        return scarce.EXIT_CODE if lacking else 1


def _say(*lines: object) -> None:
    """On stderr; where that is a log on a full disk, the exit code is what is left to tell by (`tumint.ended`)."""
    try:
        for line in lines:
            print(f"tumint: {line}", file=sys.stderr, flush=True)
    except OSError:
        _give_up(sys.stderr)


def _flush() -> None:
    """Have what was printed written: a log that cannot be is told like any other file."""
    try:
        sys.stdout.flush()
    except OSError:
        _give_up(sys.stdout)
        raise


def _give_up(stream: TextIO) -> None:
    """What cannot be written is not tried again when Python ends, which would change the exit code."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _leave_working_folder() -> None:
    """Off the path with the working folder, which holds data and no code, unless PYTHONPATH names it.

    It is there by an empty entry, as `PYTHONPATH=$PYTHONPATH:/more` leaves one.
    """
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if "" in given and os.getcwd() not in {os.path.abspath(folder) for folder in given if folder}:
        sys.path[:] = [folder for folder in sys.path if folder not in ("", os.getcwd())]


def _split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """What stands before the first `--`, and what after it."""
    words = list(argv)
    at = words.index("--") if "--" in words else len(words)
    return words[:at], words[at + 1 :]


def _fail(error: Exception) -> None:
    if os.environ.get("TUMINT_DEBUG") == "1":
        raise error
