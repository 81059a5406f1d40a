"""The last lines of a run: where its report is, what was found, and which samples were lost and why."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tumint import keys as k
from tumint.config.model import StageParams
from tumint.io import contracts
from tumint.report.engine.inputs import Inputs
from tumint.report.index import within
from tumint.report.response.contrasts import contrasts
from tumint.report.response.findings import findings, of_contrast
from tumint.text import integer, listed, plural

_MOST = 3  # lost samples that are named


def lines(params: StageParams, results: Path, sheet: Path) -> list[str]:
    """One line each: the report, the strongest finding, what was lost. Of what was not made, nothing is said."""
    inputs = Inputs.load(params, Path(results), Path(sheet))
    said = []
    index = inputs.results / "reports" / "index.html"
    if index.is_file():
        said.append(f"the report: {index}")
    if inputs.json("response/effects.json"):
        said.append(f"found: {_found(inputs)}")
    metrics = inputs.table("qc/{batch}.metrics.parquet", contracts.QC_METRICS)
    if len(metrics):
        said.append(f"lost: {_lost(inputs, metrics)}")
    return [f"tumint: {line}" for line in said]


def _found(inputs: Inputs) -> str:
    """What every contrast found in few words, and the strongest finding of all of them in its own."""
    facts = inputs.json("response/effects.json")
    if not facts.get("contrasts"):
        told = findings(inputs, most=1)
        return told[0].text if told and facts.get("outcomes") else within.strongest(inputs)
    known = contrasts(inputs)
    computed = [contrast for contrast in known if len(contrast.effects)]
    of_all = [of_contrast(contrast, most=1, page="response") for contrast in computed or known]
    first = next((told for told in of_all if len(told) > 1), of_all[0])
    more = len(of_all) - 1
    rest = f" The report tells of {plural(more, 'more contrast')}." if more else ""
    failed = [contrast.name for contrast in known if not len(contrast.effects)]
    rest += f" Not compared: {listed(failed)}." if failed and computed else ""
    return " ".join(finding.text for finding in first[:2]) + rest


def _lost(inputs: Inputs, metrics: pd.DataFrame) -> str:
    """Samples that no later stage saw, with the reason of each, and the subjects that went with them."""
    failed = metrics[metrics[k.STATUS] != k.PASS]
    if failed.empty:
        return f"no sample of {integer(len(inputs.samples))}."
    named = [f"{row[k.SAMPLE]} ({row[k.REASON]})" for row in failed.to_dict("records")]
    kept = {inputs.subject_of[s] for s in metrics.loc[metrics[k.STATUS] == k.PASS, k.SAMPLE] if s in inputs.subject_of}
    gone = [subject for subject in dict.fromkeys(inputs.subject_of.values()) if subject not in kept]
    subjects = f"without any sample: {listed(gone)}" if gone else "no subject is without a sample"
    return f"{plural(len(failed), 'sample')} of {integer(len(inputs.samples))}: {listed(named, _MOST)}; {subjects}."
