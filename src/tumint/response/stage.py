"""The response stage: features and sample sheet in, effects, subject values and a summary out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from tumint import keys as k
from tumint.config.model import StageParams
from tumint.config.response import ResponseConfig
from tumint.errors import DataError, Fault, SheetError
from tumint.io.contracts import (
    ABUNDANCE,
    CURVES,
    EFFECTS_ALL,
    FEATURES,
    FUNCTIONS,
    GRID,
    INFLUENCE,
    MIXED,
    OUTCOMES,
    POWER,
    PREDICTION,
    REMAINING,
    ROBUSTNESS,
    SUBJECTS,
    SURROUNDINGS,
    empty,
    joined,
)
from tumint.io.sealed_json import write_json
from tumint.io.tables import read_table, write_table
from tumint.provenance import run_metadata
from tumint.response.abundance import abundance
from tumint.response.compare import Result, compare, not_compared
from tumint.response.curves import curve_table
from tumint.response.derived import values_of, with_differences
from tumint.response.design import groups as design
from tumint.response.design.subjects import check_values
from tumint.response.design.subset import restricted
from tumint.response.family_tests import BESIDE, TESTS
from tumint.response.multiplicity import check_named
from tumint.response.outcomes import relate
from tumint.response.prediction import predicted_groups
from tumint.response.remaining import remaining
from tumint.response.sensitivity import robustness
from tumint.response.summary import summarise
from tumint.response.wording import abundance_in_words
from tumint.samples import read_sheet
from tumint.samples import without as without_excluded
from tumint.sheet_design import check_design
from tumint.text import listed


def run(
    params: StageParams,
    features: Path,
    sheet: Path,
    out: Path,
    *,
    grid: Path | None = None,
    functions: Path | None = None,
    surroundings: Path | None = None,
) -> None:
    """Write `effects.json`, and as parquet what it sums up.

    Effects, subjects, mixed, power, influence, remaining, robustness, curves, outcomes, abundance and prediction: see
    their contracts.

    Parameters
    ----------
    features
        Table of the contract `FEATURES`.
    sheet
        The sample sheet; only its design columns are read.
    grid
        Table of the contract `GRID`; None: `robustness` has no rows.
    functions
        Table of the contract `FUNCTIONS`; None: `curves` has no rows.
    surroundings
        Table of the contract `SURROUNDINGS`; None: `abundance` has no rows.

    Raises
    ------
    TumintError
        The features or the sheet are wrong, or they do not belong together.
    """
    config = params.response
    if config is None:
        raise DataError(Fault("--params", "a section `response`", "none"))
    rows = without_excluded(read_sheet(sheet, check_files=False), params.exclude)
    if faults := check_design(rows, config, str(sheet), "config"):
        raise SheetError(faults)
    table = read_table(features, FEATURES)
    check_values(table, str(features))
    table = with_differences(table, config)
    check_named(table, config.primary)
    results = run_contrasts(table, rows, config, params.seed, features=str(features), sheet=str(sheet))
    others = ", the others are" if any(not result.faults for result in results) else ""
    for result in results:
        for fault in result.faults:
            print(f"tumint: {result.design.contrast.name} is not compared{others}: {fault}", file=sys.stderr)
    meta = run_metadata("response", {"response": config.model_dump(mode="json"), "seed": params.seed})
    without = sorted(set(rows[k.SAMPLE]) - set(table[k.SAMPLE].astype(str)))
    predictions = [predicted_groups(result, config, params.seed) for result in results]
    settings = empty(GRID) if grid is None else read_table(grid, GRID)
    held = robustness(settings, results, config)
    related = joined(
        [relate(table, rows, outcome, config, params.seed, str(sheet)) for outcome in config.outcomes],
        OUTCOMES,
        only=True,
    )
    left = joined([remaining(result, config) for result in results], REMAINING, only=True)
    spoken = [said for _, said in predictions]
    summary = summarise(results, spoken, config, without, grid=held, left=left, outcomes=related)
    write_table(_all_subjects(table, rows, results, config), out / "subjects.parquet", SUBJECTS, meta=meta)
    for contract in (MIXED, POWER, INFLUENCE, EFFECTS_ALL):
        whole = joined([getattr(result, contract.name) for result in results], contract, only=True)
        write_table(whole, out / f"{contract.name}.parquet", contract, meta=meta)
    write_table(left, out / "remaining.parquet", REMAINING, meta=meta)
    write_table(held, out / "robustness.parquet", ROBUSTNESS, meta=meta)
    pairs = empty(FUNCTIONS) if functions is None else read_table(functions, FUNCTIONS)
    write_table(curve_table(pairs, results), out / "curves.parquet", CURVES, meta=meta)
    write_table(related, out / "outcomes.parquet", OUTCOMES, meta=meta)
    counted = empty(SURROUNDINGS) if surroundings is None else read_table(surroundings, SURROUNDINGS)
    found = [abundance(counted, result.design, config.min_subjects) for result in results if not result.faults]
    for one, contrast in zip(results, summary["contrasts"], strict=True):
        mine = [table for table in found if len(table) and table["contrast"].iloc[0] == one.design.contrast.name]
        contrast["abundance"] = abundance_in_words(mine[0], config.fdr) if mine else ""
    write_table(joined(found, ABUNDANCE), out / "abundance.parquet", ABUNDANCE, meta=meta)
    scores = joined([scored for scored, _ in predictions], PREDICTION, only=True)
    write_table(scores, out / "prediction.parquet", PREDICTION, meta=meta)
    write_json(out / "effects.json", {**summary, k.META: meta})


def run_contrasts(
    table: pd.DataFrame,
    rows: pd.DataFrame,
    config: ResponseConfig,
    seed: int,
    *,
    features: str,
    sheet: str,
    beside: Sequence[str] = BESIDE,
    tests: Sequence[str] = TESTS,
) -> list[Result]:
    """Every contrast of the config, in its order; `features` and `sheet` name the tables in messages.

    One that cannot be computed has no rows and says why; the others stand.
    """
    if unknown := sorted(set(table[k.SAMPLE].astype(str)) - set(rows[k.SAMPLE])):
        shown = listed(unknown, 5)
        raise DataError(Fault(features, f"only samples of {sheet}", shown))
    results = []
    for contrast in config.contrasts:
        try:
            part, said = restricted(rows, table, contrast, sheet)
            built = design.build(part, contrast, sheet)
            results.append(replace(compare(table, built, config, seed, beside=beside, tests=tests), subset=said))
        except SheetError as error:
            results.append(not_compared(contrast, error))
    return results


def _all_subjects(
    table: pd.DataFrame, rows: pd.DataFrame, results: list[Result], config: ResponseConfig
) -> pd.DataFrame:
    """Values of all subjects; of the halves of those that a paired contrast sees in both groups; of subsets."""
    whole = values_of(table, rows.set_index(k.SAMPLE)[k.SUBJECT], config)
    halves = [
        r.values[~r.values[k.SUBJECT].isin(set(rows[k.SUBJECT]))] for r in results if not r.design.contrast.subset
    ]
    subsets = [r.values.assign(contrast=r.design.contrast.name) for r in results if r.design.contrast.subset]
    parts = [*(part.assign(contrast="") for part in (whole, *halves)), *subsets]
    whole = joined(parts, SUBJECTS, only=True)
    key = list(SUBJECTS.key)
    return whole.drop_duplicates(key).sort_values(key, kind="stable", ignore_index=True)
