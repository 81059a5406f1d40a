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
    parser.add_argument(
        "--from", dest="source", metavar="TABLE_OR_FOLDER", type=Path, help="the data, of any format of docs/ingest.md"
    )
    parser.set_defaults(call=_init)


def _init(a: argparse.Namespace) -> None:
    from tumint.config.yaml_file import read_yaml
    from tumint.init.start import start
    from tumint.simulate.resources import resource

    for line in start(a.dir, a.source, read_yaml(resource("markers/known.yaml"))):
        print(f"init: {line}")
    print(f"init: look at every `# check:` in {a.dir}, then: tumint run {a.dir / 'config.yaml'}")
