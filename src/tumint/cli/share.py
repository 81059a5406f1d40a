"""`tumint share` and `verify`: a finished run as one file that opens elsewhere, and the proof that one is whole."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

from tumint.cli.snakemake import environment, snakefile
from tumint.errors import DataError, Fault
from tumint.text import integer, listed, plural

_SHARE = """\
Write a finished run as one zip (or folder): config, sheet, panel, raw data, every table, the reports and the workflow,
with the SHA-256 of each file, as a Workflow Run RO-Crate.

Of the sheet, only the columns go in that a run needs or the config names; `--columns` adds others. Reports and
cohort.h5ad are made anew inside, so that they hold no other column. Every file is searched for such columns and for
paths of this machine before anything is written. Raw data go in as they are: look at them, or use --without-raw.

Whoever gets it: unpack it, `tumint verify FOLDER`, and in that folder `tumint run config.yaml`."""


def add_verbs(verbs: Any) -> None:
    """Add share and verify."""
    summary = "a finished run as one zip that opens elsewhere (RO-Crate): config, data, tables, reports, checksums"
    parser: argparse.ArgumentParser = verbs.add_parser(
        "share", help=summary, description=_SHARE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("config", type=Path, help="config file of the cohort")
    add("-o", "--out", type=Path, required=True, metavar="OUT", help="zip or folder to write; must be new")
    add("--columns", nargs="+", default=[], metavar="COLUMN", help="columns of the sheet that go in as well")
    add("--without-raw", action="store_true", help="leave the raw data out: it can be read and verified, not run")
    parser.set_defaults(call=_share)
    summary = "whether what `share` wrote is whole, byte for byte"
    parser = verbs.add_parser("verify", help=summary, description=f"Tell {summary}.")
    parser.add_argument("crate", type=Path, metavar="CRATE", help="a zip, or the folder it was unpacked to")
    parser.set_defaults(call=_verify)


def _share(a: argparse.Namespace) -> None:
    from tumint import preflight
    from tumint.share.pack import Program, share

    program = Program(snakefile().parent, _run)
    done = share(program, preflight.load(a.config), a.config, a.out, a.columns, raw=not a.without_raw)
    print(f"share: {plural(done.files, 'file')}, {integer(done.size / 1e6)} MB before packing → {a.out}")
    if done.left_out:
        names = listed([f"`{name}`" for name in done.left_out])
        print(f"share: columns of the sheet that stayed behind: {names} (--columns adds them)")
    print(f"share: next, where it arrived: tumint verify {a.out.name}")


def _run(folder: Path, config: str) -> None:
    words = [sys.executable, "-P", "-m", "tumint", "run", config]
    done = subprocess.run(words, cwd=folder, env=environment(), text=True, capture_output=True, check=False)
    if done.returncode:
        printed = done.stdout + done.stderr
        lines = [line.removeprefix("tumint: ") for line in printed.splitlines() if line.startswith("tumint: ")]
        raise DataError(lines or [Fault("share", "pages made inside the crate", printed[-2000:])])


def _verify(a: argparse.Namespace) -> None:
    from tumint.share.verify import verify

    found = verify(a.crate)
    print(f"verify: {plural(found.files, 'file')}, each as it was shared.")
    if found.more:
        print(f"verify: {plural(len(found.more), 'file')} besides, which came later: {listed(found.more, 3)}")
