"""`tumint compare`: two or more groups of subjects, on any feature table."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tumint.cli.outputs import add_overwrite, check_output
from tumint.text import setting


def add_verbs(verbs: Any) -> None:
    """Add the verb."""
    summary = "group comparison of any feature table"
    parser: argparse.ArgumentParser = verbs.add_parser("compare", help=summary, description=summary)
    parser.add_argument("features", type=Path, metavar="FEATURES", help="a feature table, or the output of score")
    parser.add_argument("--samples", type=Path, required=True, metavar="SHEET", help="one row per sample")
    parser.add_argument("--subject", required=True, metavar="COL", help="animal or patient: the unit of inference")
    parser.add_argument("--group", required=True, metavar="COL", help="column that holds the groups")
    parser.add_argument("--reference", required=True, metavar="LEVEL", help="every other level is compared with it")
    parser.add_argument("--adjust", nargs="+", default=[], metavar="COL", help="covariates")
    parser.add_argument(
        "--paired", metavar="COL", help="equal values make a pair; the subject itself, if in both groups"
    )
    parser.add_argument("--method", choices=("moderated", "mixed", "permutation"), default="moderated")
    parser.add_argument("--family", nargs="+", metavar="F", help="only these families of features")
    parser.add_argument("--min-subjects", type=int, default=2, metavar="N", help="in each group; fewer give no p")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path, required=True, help=".parquet or .csv")
    add_overwrite(parser)
    parser.set_defaults(call=_compare)


def _compare(a: argparse.Namespace) -> None:
    from tumint.errors import Fault, TumintError
    from tumint.io.contracts import EFFECTS, joined
    from tumint.io.tables import write_csv, write_table
    from tumint.provenance import run_metadata
    from tumint.response.design.subjects import check_values
    from tumint.response.inputs import read_features
    from tumint.response.stage import run_contrasts
    from tumint.samples import check_design, read_sheet

    if a.out.suffix.lower() not in {".parquet", ".csv"}:
        raise TumintError(Fault("--out", "a name that ends in .parquet or .csv", f"`{a.out}`"))
    check_output(a, EFFECTS)
    sheet = read_sheet(a.samples, check_files=False, subject=a.subject)
    config = _config(a, sheet)
    if faults := check_design(sheet, config, str(a.samples), "command line"):
        raise TumintError(faults)
    features = read_features(a.features)
    known = set(features["family"].astype(str))
    if unknown := sorted(set(a.family or []) - known):
        raise TumintError(Fault("--family", f"one of {', '.join(sorted(known))}", ", ".join(unknown)))
    if a.family:
        features = features[features["family"].astype(str).isin(a.family)]
    check_values(features, str(a.features))
    named = {"features": str(a.features), "sheet": str(a.samples)}
    results = run_contrasts(features, sheet, config, a.seed, **named, beside=())
    effects = joined([result.effects for result in results], EFFECTS, only=True)
    if a.out.suffix.lower() == ".csv":
        write_csv(effects, a.out)
    else:
        meta = run_metadata("response", {"response": config.model_dump(mode="json"), "seed": a.seed})
        write_table(effects, a.out, EFFECTS, meta=meta)
    for result in results:
        _say(result, config.fdr)


def _config(a: argparse.Namespace, sheet: Any) -> Any:
    """The config that the options stand for: one contrast for every level but the reference."""
    import re

    from tumint.config.load import validate
    from tumint.config.response import ResponseConfig
    from tumint.errors import Fault, TumintError

    named = {"--group": [a.group], "--adjust": a.adjust, "--paired": [a.paired] if a.paired else []}
    faults: list[Fault | str] = [
        Fault(option, f"a column of {a.samples}", f"`{column}`")
        for option, columns in named.items()
        for column in columns
        if column not in sheet
    ]
    if faults:
        raise TumintError(faults)
    levels = [level for level in dict.fromkeys(sheet[a.group]) if level]
    if a.reference not in levels:
        raise TumintError(Fault("--reference", f"one of {', '.join(levels)}", f"`{a.reference}`"))
    others = [level for level in levels if level != a.reference]
    if not others:
        raise TumintError(Fault(f"{a.samples} column `{a.group}`", f"a group besides `{a.reference}`", "none"))
    common = {"column": a.group, "reference": a.reference, "adjust": a.adjust, "paired": a.paired}
    contrasts = [
        {"name": re.sub(r"[^A-Za-z0-9_.-]+", "_", f"{level}_vs_{a.reference}"), "group": level, **common}
        for level in others
    ]
    values = {"contrasts": contrasts, "min_subjects": a.min_subjects, "method": a.method}
    return validate(ResponseConfig, values, "command line")


def _say(result: Any, fdr: float) -> None:
    """One line per contrast, for the person at the terminal."""
    effects = result.effects
    tested = int(effects["p"].notna().sum())
    line = f"{result.design.contrast.name}: {len(effects)} features, {tested} tested"
    line += f", {int((effects['q'] < fdr).sum())} at q<{setting(fdr)}" if tested else ""
    print(f"{line}; {result.reason}" if result.reason else line)
