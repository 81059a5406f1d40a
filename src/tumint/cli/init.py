"""`tumint init`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_verbs(verbs: Any) -> None:
    """Add the verb."""
    summary = "a config, a sample sheet and a panel to edit; guessed from the data where they are given"
    parser = verbs.add_parser("init", help=summary, description=summary)
    parser.add_argument("dir", metavar="DIR", type=Path, help="folder for the three files, which must not be there yet")
    add = parser.add_argument
    add(
        "--from",
        dest="source",
        metavar="TABLE_OR_FOLDER",
        type=Path,
        help="the data, of any format of docs/ingest.md, or a sheet that names them",
    )
    add("--x", metavar="COL", help="column of x, where it is not found (with --y)")
    add("--y", metavar="COL", help="column of y")
    add("--label", metavar="COL", help="column of the cell type")
    add("--sample", metavar="COL", help="column that tells images apart")
    add("--subject", metavar="COL", help="column of the animal or patient")
    add("--group", metavar="COL", help="column of the groups that are compared")
    add("--um-per-px", type=float, metavar="X", help="micrometres per unit of x and y")
    add("--min-cells", type=int, metavar="N", help="fewest cells of an image that passes quality control (default 50)")
    add("--run", action="store_true", help="run the cohort at once, if nothing is left that only you can say")
    add("--cores", type=int, metavar="N", help="cores of that run; default all of this machine")
    parser.set_defaults(call=_init)


def _init(a: argparse.Namespace) -> None:
    from tumint.cli.run import check_cores, run
    from tumint.config.yaml_file import read_yaml
    from tumint.errors import Fault, TumintError
    from tumint.ingest.reader import Asked
    from tumint.init.say import lines
    from tumint.init.start import Options, prepare
    from tumint.simulate.resources import resource

    asked = Asked(a.x, a.y, a.label, a.sample, a.subject, a.group)
    if (a.x is None) != (a.y is None):
        raise TumintError(Fault("--x, --y", "both or neither", f"`{a.x or a.y}` alone"))
    if a.um_per_px is not None and not 0 < a.um_per_px < float("inf"):
        raise TumintError(Fault("--um-per-px", "a positive number", f"`{a.um_per_px}`"))
    if a.min_cells is not None and a.min_cells < 0:
        raise TumintError(Fault("--min-cells", "a whole number from 0", str(a.min_cells)))
    check_cores(a.cores)
    if a.cores is not None and not a.run:
        raise TumintError(Fault("--cores", "`--run`, whose cores they are", "none"))
    if a.source is None and (asked != Asked() or a.um_per_px is not None or a.min_cells is not None or a.run):
        raise TumintError(Fault("--from", "the data that the options speak of", "none"))
    options = Options(asked, a.um_per_px, a.min_cells)
    planned = prepare(a.dir, a.source, read_yaml(resource("markers/known.yaml")), options)
    for line in lines(planned.said):
        print(f"init: {line}")
    if a.run and planned.said.must:
        raise TumintError([f"--run: nothing was written or run: {text}." for text in planned.said.must])
    planned.write()
    config = a.dir / "config.yaml"
    if not a.run:
        print(f"init: look at every `# check:` in {a.dir}, then: tumint run {config}")
        return
    print(f"init: look at every `# check:` in {a.dir}; after a change: tumint run {config}", flush=True)
    run(config, a.cores)
