"""`tumint score`: interaction scores of any table of cells."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from tumint.cli import score_said
from tumint.cli.outputs import add_overwrite, check_output

_STATISTICS = ("edges", "classic", "histocat", "patch", "share", "allocation")


def add_verbs(verbs: Any) -> None:
    """Add the verb."""
    summary = "which cell types touch more often than by chance, in any table of cells"
    parser: argparse.ArgumentParser = verbs.add_parser("score", help=summary, description=summary)
    add = parser.add_argument
    add(
        "table",
        type=Path,
        metavar="TABLE",
        nargs="+",
        help=".csv(.gz), .tsv(.gz), .parquet or .h5ad: one row per cell; several, or folders of them",
    )
    add("-o", "--out", type=Path, required=True, metavar="OUT", help=".parquet or .csv")
    add("--sample", metavar="COL", help="column of the sample (image); else guessed; '': each file is one")
    add("--x", metavar="COL", help='column of x (x, or guessed; of an h5ad also obsm["spatial"])')
    add("--y", metavar="COL", help='column of y (y, or guessed; of an h5ad also obsm["spatial"])')
    add("--label", metavar="COL", help="column of the cell type (cell_type, or guessed; else the columns of flags)")
    add("--stratum", metavar="COL", help="permute labels within the values of this column, such as a tissue domain")
    add("--cell-id", metavar="COL", help="column of the cell's id, for --graph edges")
    add("--um-per-px", type=float, default=1.0, metavar="X", help="micrometres per unit of the coordinates (default 1)")
    add("--graph", choices=("delaunay", "knn", "radius", "edges"), default="delaunay", help="default delaunay")
    add("--max-edge", type=float, default=50.0, metavar="UM", help="longest Delaunay edge in µm (default 50; 0: none)")
    add("--k", type=int, default=6, help="nearest cells of knn (default 6)")
    add("--symmetric", action="store_true", help="knn edges hold both ways; without it a cell → its k nearest")
    add("--radius", type=float, default=20.0, metavar="UM", help="distance of radius in µm (default 20)")
    add("--edges", type=Path, metavar="FILE", help="table of sample, source_cell, target_cell, for --graph edges")
    add(
        "--statistic",
        choices=_STATISTICS,
        default="edges",
        help="default edges; share: of the source cells that touch a target cell, which is patch of 1",
    )
    add("--patch-size", type=int, default=3, metavar="N", help="least number of neighbours for patch (default 3)")
    nulls = ("exact", "local", "permutation", "fixed", "torus", "jitter")
    add(
        "--null",
        choices=nulls,
        help="default exact (allocation has no other; histocat and patch are drawn within strata); local: exact, with "
        "labels exchangeable only near by, so that types that share a region do not count as interacting",
    )
    add("--local-um", type=float, default=100.0, metavar="UM", help="how far labels move under --null local (100)")
    add("--around-um", type=float, default=60.0, metavar="UM", help="who lives so near is accounted for there (60)")
    add("--parent", metavar="COL", help="permute labels only among the cells of one value of this column (a lineage)")
    add("--subject", metavar="COL", help="column of the animal: one contact odds ratio over all of its samples")
    add("--jitter", type=float, default=10.0, metavar="UM", help="how far --null jitter moves cells in µm (default 10)")
    add("--permutations", type=int, default=1000, metavar="P", help="draws of a null without exact p (default 1000)")
    add(
        "--stop-after",
        type=int,
        default=0,
        metavar="H",
        help="end the draws of permutation and fixed once every pair has "
        "had H on either side of what was observed (default 0: never)",
    )
    add(
        "--guard",
        type=float,
        default=0.0,
        metavar="UM",
        help="cells so near the box around an image's cells are only neighbours, not sources (default 0: no guard)",
    )
    add("--seed", type=int, default=0, help="of everything random (default 0)")
    add("--threads", type=int, default=1, metavar="N", help="changes no result (default 1)")
    add("--min-cells", type=int, default=10, metavar="N", help="types with fewer cells are not tested (default 10)")
    add_overwrite(parser)
    parser.set_defaults(call=_score)


def _score(a: argparse.Namespace) -> None:
    a.null = a.null or "exact"
    from tumint import compiled
    from tumint.cli.score_columns import guess_into, say_files, tables
    from tumint.io.contracts import SCORES
    from tumint.neighbourhood import score_files
    from tumint.neighbourhood.score_options import Options
    from tumint.neighbourhood.tables import Columns

    options = Options(**{one.name: getattr(a, one.name) for one in fields(Options)})
    _check(a, options)
    files = tables(a.table)
    check_output(a, SCORES, files)
    guessed = guess_into(a, files)
    label, types = a.label, None
    if a.flags:
        from tumint.ingest.rows import types_of

        label, types = tuple(a.flags), partial(types_of, columns=a.flags, rules=(), flags=True)
    columns = Columns(a.x, a.y, label, a.sample, a.stratum, a.cell_id, a.parent, a.subject, a.decimal, types)
    read = score_files.read(files, columns, edges=a.edges, um_per_px=a.um_per_px)
    for line in (*say_files(files), *guessed):
        print(f"score: {line}", file=sys.stderr)
    compiled.announce()
    scores, subjects = score_files.run(read, a.out, columns, options)
    print(score_said.at_the_end(scores, a.out, subjects))


def _check(a: argparse.Namespace, options: Any) -> None:
    """Options that are wrong by themselves or together."""
    from tumint.errors import Fault, TumintError
    from tumint.neighbourhood.score_options import faults

    wrong = a.out.suffix.lower() not in (".parquet", ".csv")
    found: list[Fault | str] = [Fault("-o", "a .parquet or .csv file", f"`{a.out}`")] if wrong else []
    found += faults(
        *(options, lambda option: f"--{option.replace('_', '-')}"),
        edges=a.edges is not None,
        cell_id=a.cell_id is not None,
        within={"stratum": a.stratum, "parent": a.parent},
    )
    if found:
        raise TumintError(found)
