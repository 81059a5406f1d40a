"""`tumint compare`: two or more groups of subjects, on any feature table."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tumint.cli import compare_said
from tumint.cli.outputs import add_overwrite, check_output

_CONTRACT = """\
Compare groups of subjects on every feature of a table: effect, interval, p and q.

FEATURES is .csv, .tsv (also .gz) or .parquet, and one of
  wide    a row per sample: the column `sample`, and a column of numbers per feature
  long    `sample`, `feature`, `value`; where there are any also
            family  features that are corrected together (default: all of them)
            n       the weight of a sample in the mean of its subject (default 1)
            status  tested, absent, too_few, no_variation or no_coordinates: only `tested` rows count
            se, weight   for the families of the workflow alone (docs/statistics.md)
  scores  what `tumint score` wrote
An empty value is a sample without that feature.

SHEET has one row per sample: the column `sample`, with the same names, and the columns that the
options name. The samples of a subject become one value, their mean weighted by n; subjects are compared,
never samples. A subject has one group, unless `--paired` says that its samples in both groups are a pair:
`--paired` with the subject's own column.

One contrast for every level of --group but the reference. The output has the columns
  contrast, family, feature, source, target, effect (group minus reference), se, ci_low, ci_high, t, df,
  p, q (Benjamini-Hochberg within family and contrast), p_mixed, p_permutation, p_maxt,
  n_subjects_reference, n_subjects_group, n_samples, status, reason
where a row without a p says why in `reason`. --method chooses whose p is `p`. The columns of the other tests,
p_mixed for one and p_permutation with p_maxt for the other, are filled as well; with --beside only those of
the test it names, or of none, and what is not asked for takes no time."""

_BESIDE = {"both": ("mixed", "permutation"), "mixed": ("mixed",), "permutation": ("permutation",), "none": ()}


def add_verbs(verbs: Any) -> None:
    """Add the verb."""
    summary = "groups of subjects compared on any table of features, wide or long: effects, intervals, p and q"
    parser: argparse.ArgumentParser = verbs.add_parser(
        "compare", help=summary, description=_CONTRACT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("features", type=Path, metavar="FEATURES", help="the table of features, as described above")
    parser.add_argument(
        "--sample", default="sample", metavar="COL", help="column of FEATURES that names the sample (default sample)"
    )
    parser.add_argument("--samples", type=Path, required=True, metavar="SHEET", help="one row per sample")
    parser.add_argument("--subject", required=True, metavar="COL", help="animal or patient: the unit of inference")
    parser.add_argument("--group", required=True, metavar="COL", help="column that holds the groups")
    parser.add_argument("--reference", required=True, metavar="LEVEL", help="every other level is compared with it")
    parser.add_argument("--adjust", nargs="+", default=[], metavar="COL", help="covariates")
    parser.add_argument(
        "--paired", metavar="COL", help="equal values make a pair; the subject itself, if in both groups"
    )
    parser.add_argument("--method", choices=("moderated", "mixed", "permutation"), default="moderated")
    parser.add_argument(
        "--beside",
        choices=tuple(_BESIDE),
        default="both",
        help="tests that fill their columns though --method is another; others stay empty (default both)",
    )
    parser.add_argument("--family", nargs="+", metavar="F", help="only these families of features")
    parser.add_argument("--min-subjects", type=int, default=2, metavar="N", help="in each group; fewer give no p")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path, required=True, help=".parquet or .csv")
    add_overwrite(parser)
    parser.set_defaults(call=_compare)


def _compare(a: argparse.Namespace) -> None:
    from tumint.api.asked import Asked, compared, config_of, of_families
    from tumint.errors import Fault, TumintError
    from tumint.io.contracts import EFFECTS, joined
    from tumint.io.tables import write_csv, write_table
    from tumint.provenance import run_metadata
    from tumint.response.inputs import read_features
    from tumint.samples import read_sheet

    if a.out.suffix.lower() not in {".parquet", ".csv"}:
        raise TumintError(Fault("--out", "a name that ends in .parquet or .csv", f"`{a.out}`"))
    check_output(a, EFFECTS)
    sheet = read_sheet(a.samples, check_files=False, subject=a.subject)
    tests = _BESIDE[a.beside]
    asked = Asked(a.group, a.reference, a.adjust, a.paired, a.method, a.min_subjects, a.family, a.seed, tests)
    config = config_of(asked, sheet, str(a.samples), _option, "command line")
    features = of_families(read_features(a.features, a.sample, sheet.columns), asked, _option)
    results = compared(features, sheet, config, asked, (str(a.features), str(a.samples)))
    effects = joined([result.effects for result in results], EFFECTS, only=True)
    if a.out.suffix.lower() == ".csv":
        write_csv(effects, a.out)
    else:
        meta = run_metadata("response", {"response": config.model_dump(mode="json"), "seed": a.seed})
        write_table(effects, a.out, EFFECTS, meta=meta)
    for result in results:
        print(compare_said.per_contrast(result, config.fdr))
    print(compare_said.at_the_end(results, features, sheet, config.fdr, a.out))


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
