"""`tumint power`: before a study, how many animals and ROIs, or which effect could be seen."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumint.cli import power_said
from tumint.cli.outputs import add_overwrite, check_output

if TYPE_CHECKING:
    import pandas as pd

    from tumint.api.study import Asked

_ABOUT = """\
How many animals per arm, and ROIs per animal, a study to come needs for an effect; or which effect, or power, so
many animals have. Two-sided t test of the values of animals.

From numbers:     tumint power --effect 0.5 --sd-between 0.4 --sd-within 0.3 --rois 2 4 8
From a pilot:     tumint power pilot.csv --samples sheet.csv --subject mouse --group arm --effect 0.5 --rois 2 4
From a run:       tumint power results/mine --effect 0.5

Give --effect and get animals, give --subjects and get the effect, give both and get the power. The variance of an
animal's mean is sd_between^2 + sd_within^2 / ROIs. PILOT is a table of features as `tumint compare` takes it, with a
SHEET, or the folder of the results of a finished run; its groups are taken together, and it needs no --group where all
of its animals are alike. Of a pilot the answer holds for half, and for 80 %, of the features of each family; a small
pilot knows its sd badly, so each answer also stands at the upper end of the 95 % interval of the sd.

OUT has a row per feature: sd_between, sd_within, sd (of an animal's mean) with sd_low and sd_high, effect,
n_reference, n_group, power, and the same at sd_high."""


def add_verbs(verbs: Any) -> None:
    """Add the verb."""
    summary = "before a study: how many animals and ROIs for an effect, from numbers, a pilot or finished results"
    parser: argparse.ArgumentParser = verbs.add_parser(
        "power", help=summary, description=_ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("pilot", type=Path, nargs="?", metavar="PILOT", help="a table of features, or a folder of results")
    add("--effect", type=float, metavar="X", help="difference of the means of two arms, in units of the feature")
    add("--subjects", type=int, nargs="+", metavar="N", help="animals per arm, or of reference and group, or pairs")
    add("--power", type=float, metavar="P", help="default 0.8, unless it is what is computed")
    add("--sd-between", type=float, metavar="SD", help="sd between animals; without --sd-within that of their means")
    add("--sd-within", type=float, metavar="SD", help="sd between ROIs of an animal")
    add("--rois", type=int, nargs="+", metavar="K", help="ROIs per animal, several to compare (default: the pilot's)")
    add("--correlation", type=float, metavar="R", help="of the two values of a pair: the study is paired")
    add(
        "--ratio",
        type=float,
        default=1.0,
        metavar="X",
        help="animals of the group for one of the reference (default 1)",
    )
    add("--alpha", type=float, default=0.05, metavar="P", help="level of p, or of the rate over --tests (default 0.05)")
    add("--tests", type=int, default=1, metavar="N", help="tests that are corrected for each other, by Bonferroni")
    add("--true-share", type=float, metavar="S", help="share of the tests with this effect: Benjamini-Hochberg instead")
    add("--samples", type=Path, metavar="SHEET", help="one row per sample of the pilot")
    add("--subject", metavar="COL", help="animal or patient")
    add("--group", metavar="COL", help="column of SHEET that holds the groups")
    add("--adjust", nargs="+", default=[], metavar="COL", help="covariates")
    add("--paired", metavar="COL", help="equal values make a pair, in the pilot and in the study")
    add("--sample", default="sample", metavar="COL", help="column of PILOT that names the sample (default sample)")
    add("--family", nargs="+", metavar="F", help="only these families of features")
    add("--contrast", metavar="NAME", help="of a folder of results with several")
    add("--animal-cost", type=float, default=10.0, metavar="X", help="an animal costs so many ROIs (default 10)")
    add("-o", "--out", type=Path, help=".parquet or .csv")
    add_overwrite(parser)
    parser.set_defaults(call=_power)


def _power(a: argparse.Namespace) -> None:
    from tumint.api.study import Asked
    from tumint.errors import Fault, TumintError
    from tumint.io.contracts import STUDY
    from tumint.io.tables import write_csv, write_table
    from tumint.provenance import run_metadata

    if a.out is not None:
        if a.out.suffix.lower() not in {".parquet", ".csv"}:
            raise TumintError(Fault("--out", "a name that ends in .parquet or .csv", f"`{a.out}`"))
        check_output(a, STUDY)
    if not 0 < a.animal_cost < float("inf"):
        raise TumintError(Fault("--animal-cost", "a positive number", f"`{a.animal_cost}`"))
    asked = Asked(
        a.effect,
        a.subjects,
        a.power,
        a.sd_between,
        a.sd_within,
        a.rois,
        a.correlation,
        a.ratio,
        a.alpha,
        a.tests,
        a.true_share,
    )
    table = _planned(a, asked)
    for line in power_said.lines(
        table, asked.solves, a.animal_cost, paired=bool(a.paired or a.correlation is not None)
    ):
        print(line)
    if a.out is None:
        return
    if a.out.suffix.lower() == ".csv":
        write_csv(table, a.out)
    else:
        write_table(table, a.out, STUDY, meta=run_metadata("response", {"power": vars(asked)}))
    print(f"power: the table is {a.out}")


def _planned(a: argparse.Namespace, asked: Asked) -> pd.DataFrame:
    from tumint.api.pilot import FEATURES, is_folder
    from tumint.api.power import planned
    from tumint.api.study import check
    from tumint.errors import Fault, TumintError
    from tumint.response.inputs import read_features
    from tumint.response.pilot import Layout
    from tumint.samples import read_sheet

    check(asked, _option, pilot=a.pilot is not None)
    layout, tail = Layout(a.group, a.adjust, a.paired), (a.family, a.contrast, _option)
    folder = a.pilot is not None and is_folder(a.pilot)
    if a.samples is None and a.subject is not None:
        raise TumintError(Fault("--subject", "--samples SHEET beside it", "none"))
    if a.pilot is None or (folder and a.samples is None):
        if a.samples is not None:
            raise TumintError(Fault("--samples", "PILOT, whose sheet it is", "none"))
        return planned(asked, a.pilot, None, None, layout, *tail)
    needed = {"samples": f"the sheet of {a.pilot}", "subject": "the column of the animal"}
    if lacking := [name for name in needed if getattr(a, name) is None]:
        raise TumintError([Fault(f"--{name}", needed[name], "none") for name in lacking])
    sheet = read_sheet(a.samples, check_files=False, subject=a.subject)
    path = a.pilot / FEATURES if folder else a.pilot
    features = read_features(path, a.sample, sheet.columns)
    return planned(asked, None, features, sheet, layout, *tail, names=(str(path), str(a.samples)))


def _option(name: str) -> str:
    known = {"n_subjects": "--subjects", "n_rois": "--rois", "design": "--samples"}
    return known.get(name, f"--{name.replace('_', '-')}")
