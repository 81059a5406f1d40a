"""`tumint simulate`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


def add_verbs(verbs: Any) -> None:
    """Add the verb."""
    summary = "a cohort with planted truth, as CellProfiler-style tables with sheet, config and truth.json"
    parser = verbs.add_parser("simulate", help=summary, description=summary)
    parser.add_argument("dir", metavar="DIR", type=Path, help="folder of the cohort: new, empty or the same cohort")
    parser.add_argument("--subjects", type=int, default=8, metavar="N", help="mice, half of them treated (default 8)")
    parser.add_argument("--rois", type=int, default=3, metavar="N", help="regions imaged per mouse (default 3)")
    parser.add_argument("--cells", type=int, default=4000, metavar="N", help="cells per region, about (default 4000)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of everything random (default 0)")
    parser.add_argument("--no-effect", action="store_true", help="plant no difference between the arms")
    parser.add_argument(
        "--artefacts",
        action="store_true",
        help="plant what goes wrong: two dark stripes, a failed ROI, debris, doublets, a shift between batches",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace another cohort or edited files of this one")
    parser.set_defaults(call=_simulate)


def _simulate(a: argparse.Namespace) -> None:
    from tumint.simulate.cohort import Settings
    from tumint.simulate.write import write_cohort

    settings = Settings(a.subjects, a.rois, a.cells, a.seed, effect=not a.no_effect, artefacts=a.artefacts)
    sheet = write_cohort(a.dir, settings, _progress, overwrite=a.overwrite)
    print(f"simulate: {len(sheet)} ROIs of {sheet['subject'].nunique()} mice in {a.dir}; next: {a.dir}/config.yaml")


def _progress(done: int, total: int) -> None:
    """One moving line on a terminal, nothing elsewhere."""
    if sys.stderr.isatty():
        print(f"\rsimulate: ROI {done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)
