"""The six verbs that the rules call. Each takes its parameters as the JSON of `config.StageParams`.

Where an option takes JSON or several paths, `@FILE` names a file that holds them.
"""

from __future__ import annotations

import argparse
import gc
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumint.cli.outputs import add_overwrite, check_folder, check_output
from tumint.errors import ConfigError, DataError, Fault, TumintError
from tumint.handed import read_paths, read_text
from tumint.stages import STAGES

if TYPE_CHECKING:
    from tumint.config.model import StageParams


# what a verb writes into the folder that `-o` names; a test compares them with the outputs of the rules
INTO_FOLDER = {
    "qc": [f"{name}.parquet" for name in ("limits", "rois", "channels", "spillover", "stripes")],
    "cluster": [
        *("cells.h5ad", "cells.parquet", "clusters.parquet", "marker_means.parquet", "gates.parquet", "states.parquet"),
        *("ridges.parquet", "sweep.parquet", "mixing.parquet", "confusion.parquet", "umap.parquet", "moran.parquet"),
        "ligand_receptor.parquet",
    ],
    "neighbourhood": [
        f"{name}.parquet"
        for name in (
            *("interactions", "nulls", "distances", "grid", "functions", "features", "scale", "places", "domains"),
            *("margins", "phenotypes", "networks", "network_counts", "borders", "cells"),
            *("niches", "niche_types", "niche_numbers", "surroundings"),
        )
    ],
    "response": [
        *("effects.parquet", "subjects.parquet", "mixed.parquet", "power.parquet", "influence.parquet"),
        *("remaining.parquet", "robustness.parquet", "curves.parquet", "outcomes.parquet", "abundance.parquet"),
        *("prediction.parquet",),
        "effects.json",
    ],
}
_LONG = (
    "In place of JSON or several paths, `@FILE` names a file that holds them, because a command line cannot be of any "
    "length."
)


def add_verbs(verbs: Any) -> None:
    """Add ingest, qc, cluster, neighbourhood, response and report."""
    ingest = _verb(verbs, "ingest", "raw tables of a batch of samples → cells in µm", _ingest)
    ingest.add_argument("--rows", required=True, help="JSON list of the sheet's rows: sample, path, pixel_size_um")
    ingest.add_argument("-o", "--out", type=Path, required=True, help="<batch>.h5ad; its tables are written beside it")

    qc = _verb(verbs, "qc", "a verdict and a reason for every cell of a batch; first --measure, then --gather", _qc)
    qc.add_argument("--cells", type=Path, help="ingest/<batch>.h5ad")
    qc.add_argument("--samples", type=Path, help="ingest/<batch>.samples.parquet")
    step = qc.add_mutually_exclusive_group()
    step.add_argument("--measure", action="store_true", help="only measure the batch: <batch>.measures.parquet")
    step.add_argument("--gather", type=Path, nargs="+", help="measures of all batches: write the cohort's tables")
    step.add_argument("--measures", type=Path, help="measures of this batch; without them it is a cohort of its own")
    qc.add_argument("--cohort", type=Path, help="with --measures: folder of the cohort's tables, where limits need it")
    qc.add_argument(
        "-o", "--out", type=Path, required=True, help="<batch>.h5ad, <batch>.measures.parquet or, to --gather, a folder"
    )

    cluster = _verb(verbs, "cluster", "cells of the cohort → clusters and types", _cluster)
    cluster.add_argument("--cells", type=Path, nargs="+", required=True, help="qc/<batch>.h5ad of all batches")
    cluster.add_argument("--batches", default="{}", help="JSON {sample: batch of staining}, in the order of the sheet")
    cluster.add_argument("--subjects", default="{}", help="JSON {sample: subject}; default: each sample is one")
    cluster.add_argument("--threads", type=int, default=1)
    cluster.add_argument("-o", "--out", type=Path, required=True, help="folder of the results")

    neighbourhood = _verb(
        verbs, "neighbourhood", "interaction scores of some subjects, or --gather them", _neighbourhood
    )
    neighbourhood.add_argument("--cells", type=Path, required=True, help="cluster/cells.parquet")
    neighbourhood.add_argument("--subjects", default="{}", help="JSON {sample: subject} of the samples to score")
    neighbourhood.add_argument(
        "--edges", type=Path, nargs="+", default=[], help="ingest/<batch>.edges.parquet, for `graph.kind: provided`"
    )
    neighbourhood.add_argument("--gates", type=Path, help="cluster/gates.parquet: the markers that are compared")
    neighbourhood.add_argument(
        "--learn", action="store_true", help="learn the cohort's niches from --cells; --subjects are all of it"
    )
    neighbourhood.add_argument("--niches", type=Path, help="folder that --learn wrote; without it there are no niches")
    neighbourhood.add_argument("--gather", type=Path, nargs="+", help="folders of all jobs: write the cohort's tables")
    neighbourhood.add_argument("--threads", type=int, default=1)
    neighbourhood.add_argument("-o", "--out", type=Path, required=True, help="folder of the results")

    response = _verb(verbs, "response", "comparison of subjects between groups", _response)
    response.add_argument("--features", type=Path, required=True, help="neighbourhood/features.parquet")
    response.add_argument("--sheet", type=Path, required=True, help="the sample sheet")
    response.add_argument("--grid", type=Path, help="neighbourhood/grid.parquet, for the robustness of interactions")
    response.add_argument("--functions", type=Path, help="neighbourhood/functions.parquet, for curves over distance")
    response.add_argument(
        "--surroundings", type=Path, help="neighbourhood/surroundings.parquet, for abundance without niches"
    )
    response.add_argument("-o", "--out", type=Path, required=True, help="folder of the results")

    report = _verb(
        *(verbs, "report", "--single: all reports as one file; --against: what changed between two runs", _report),
        required=False,
    )
    report.add_argument(
        *("stage",),
        choices=(*STAGES, "index", "cohort", "spatialdata"),
        nargs="?",
        help="make the report of this stage from its tables; not with --single or --against",
    )
    report.add_argument("--places", type=Path, help="cohort: neighbourhood/places.parquet, domain and margin of cells")
    report.add_argument(
        "--graphs",
        type=Path,
        nargs="+",
        default=[],
        help="for `cohort`, an h5ad of all cells: graph.parquet of all jobs",
    )
    report.add_argument("--members", type=Path, help="for `cohort`: neighbourhood/cells.parquet, niches and networks")
    report.add_argument("--results", type=Path, required=True, help="results/<cohort>")
    report.add_argument("--sheet", type=Path, help="the sample sheet")
    report.add_argument(
        "--single",
        action="store_true",
        help="one HTML file with all finished reports, to mail: <results>/reports/<cohort>_report.html",
    )
    report.add_argument(
        *("--against",),
        type=Path,
        metavar="OTHER_RESULTS",
        help="results of another config or cohort: one page on what differs, from what the index of each kept",
    )
    report.add_argument("-o", "--out", type=Path, help="the HTML; figures go to <results>/figures/<stage>")


def _verb(verbs: Any, name: str, summary: str, call: Any, *, required: bool = True) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=summary, description=summary, epilog=_LONG)
    parser.add_argument("--params", required=required, help="JSON of the stage's parameters")
    parser.add_argument("--code", help="digest of the stage's code: ignored here, it makes Snakemake rerun the stage")
    add_overwrite(parser)
    parser.set_defaults(call=call)
    return parser


def _ingest(a: argparse.Namespace) -> None:
    from tumint.ingest import stage

    rows = _json(a.rows, "--rows", "a JSON list of the sheet's rows")
    given = [row.get("path") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    _check_outputs(a, ("edges", "samples"), [path for path in given if isinstance(path, str)])
    stage.run(_params(a), rows, a.out)


def _check_outputs(a: argparse.Namespace, beside: Sequence[str] = (), inputs: Sequence[str] = ()) -> None:
    """`check_output` of what is written: `-o`, and the tables of these names beside it."""
    outs = (a.out, *(a.out.with_suffix(f".{name}.parquet") for name in beside))
    for out in outs:
        check_output(argparse.Namespace(**{**vars(a), "out": out}), inputs=inputs)


def _params(a: argparse.Namespace) -> StageParams:
    from tumint.config import load_params

    return load_params(read_text(a.params, "--params"))


def _json(value: str, option: str, expected: str) -> Any:
    """What JSON on the command line, or in the file that `@FILE` names, says."""
    text = read_text(value, option)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        found = f"`{text[:40]}` ({error.msg} at character {error.pos + 1})" if text else "an empty text"
        raise DataError(Fault(option, expected, found)) from None


def _qc(a: argparse.Namespace) -> None:
    from tumint.qc import stage

    params = _params(a)
    if a.gather:
        a.gather = read_paths(a.gather, "--gather")
        _check_outputs(a)
        check_folder(a, INTO_FOLDER["qc"])
        stage.run_gather(params, a.gather, a.out)
        return
    lacking = [f"--{name}" for name in ("cells", "samples") if getattr(a, name) is None]
    if lacking:
        raise ConfigError([Fault("tumint qc", f"`{name}`", "none") for name in lacking])
    _check_outputs(a, () if a.measure else ("cells", "metrics"))
    if a.measure:
        stage.run_measure(params, a.cells, a.samples, a.out)
    else:
        stage.run(params, a.cells, a.samples, a.out, a.measures, a.cohort)


def _cluster(a: argparse.Namespace) -> None:
    from tumint.cluster import stage

    a.cells = read_paths(a.cells, "--cells")
    _check_outputs(a)
    check_folder(a, INTO_FOLDER["cluster"])
    batches = _json(a.batches, "--batches", "JSON {sample: batch}")
    subjects = _json(a.subjects, "--subjects", "JSON {sample: subject}")
    stage.run(_params(a), a.cells, a.out, threads=a.threads, batches=batches, subjects=subjects)


def _neighbourhood(a: argparse.Namespace) -> None:
    from tumint.neighbourhood import stage

    a.gather, a.edges = read_paths(a.gather or [], "--gather"), read_paths(a.edges, "--edges")
    _check_outputs(a)
    alone = [] if a.gather or a.learn else ["graph.parquet"]  # the jobs'
    check_folder(a, [*INTO_FOLDER["neighbourhood"], *alone])
    if a.gather:
        stage.gather(_params(a), a.gather, a.cells, a.out)
        return
    subjects = _json(a.subjects, "--subjects", "JSON {sample: subject}")
    if a.learn:
        stage.learn(_params(a), a.cells, subjects, a.out)
    else:
        stage.run(*(_params(a), a.cells, subjects, a.edges, a.out), threads=a.threads, gates=a.gates, learned=a.niches)


def _response(a: argparse.Namespace) -> None:
    from tumint.response import stage

    _check_outputs(a)
    check_folder(a, INTO_FOLDER["response"])
    stage.run(
        *(_params(a), a.features, a.sheet, a.out), grid=a.grid, functions=a.functions, surroundings=a.surroundings
    )


def _report(a: argparse.Namespace) -> None:
    # a drawing is tens of thousands of objects; to look for dead ones after every 700 takes a tenth of the time
    gc.set_threshold(100_000)
    from tumint.report.engine import render

    if a.out is not None:
        _check_outputs(a)
    if a.against is not None:
        out = a.out or a.results / "reports" / f"against_{a.against.resolve().name}.html"
        render.against(a.against, a.results, out, overwrite=a.overwrite)
        print(out)
        return
    if a.single:
        from tumint.report.engine import single

        a.out = a.out or single.place(a.results)
        _check_outputs(a)
        single.run(a.results, a.out)
        print(a.out)
        return
    if a.stage == "spatialdata" and a.out is not None:
        from tumint.report.spatialdata import file as store

        store.write(a.results / "cohort.h5ad", a.out)
        return
    for name in ("stage", "params", "sheet", "out"):
        if getattr(a, name) is None:
            raise TumintError(Fault("tumint report", f"`{name}`, --single, or --against OTHER_RESULTS", "none of them"))
    if a.stage == "cohort":
        from tumint.report.cohort import file

        graphs = read_paths(a.graphs, "--graphs")
        cells = a.results / "cluster" / "cells.h5ad"
        file.write(_params(a), cells, graphs, a.sheet, a.out, places=a.places, members=a.members)
        return
    if a.stage == "index":
        from tumint.report.engine.files import summary_names

        for name in summary_names(_params(a).cohort):
            check_output(argparse.Namespace(**{**vars(a), "out": a.out.with_name(name)}))
    render.run(a.stage, _params(a), a.results, a.sheet, a.out, overwrite=a.overwrite)
