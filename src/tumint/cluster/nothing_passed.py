"""Why no cell of a cohort came through quality control: one line with the thresholds, their keys and the medians."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.errors import Fault
from tumint.text import integer, listed, percent, plural, together

_FAILED = "sample failed: "  # what quality control puts before the reason that is the sample's, not the cell's
_WORDS = {
    "min_cells": "at least so many cells of a sample pass",
    "max_dropped": "at most such a share of a sample is dropped",
}


def fault(metrics: pd.DataFrame, cells: pd.DataFrame) -> Fault:
    """The line, from the tables `QC_METRICS` and `QC_CELLS` of all batches, where no sample passed.

    The medians are over the samples: of the cells that pass by themselves, and of the share that does not.
    """
    failed = metrics[metrics[k.STATUS] != k.PASS]
    reasons = failed[k.REASON].astype(str)
    own = cells[k.REASON].astype(str)
    by_itself = own.str.startswith(_FAILED) | (own == "")
    of_sample = by_itself.groupby(cells[k.SAMPLE].astype(str)).agg(["sum", "size"])
    of_sample = of_sample.reindex(failed[k.SAMPLE].astype(str)).fillna(0)
    asked = [key for key in _WORDS if reasons.str.contains(f"`{key}`", regex=False).any()]
    said = [_said(key, reasons[reasons.str.contains(f"`{key}`", regex=False)], of_sample) for key in asked]
    rest = reasons[~reasons.map(lambda text: any(f"`{key}`" in text for key in _WORDS))]
    if len(rest):
        said.append(f"{integer(len(rest))} for {_commonest(rest)}")
    keys = together([f"`qc.{key}` ({_WORDS[key]})" for key in asked]) or "the data, or `qc.rois`"
    found = f"none of {plural(len(metrics), 'sample')}: {listed(said) or 'no sample has a cell'}"
    return Fault("qc", f"a sample that passes quality control; what decides is {keys}", found)


def _said(key: str, reasons: pd.Series, of_sample: pd.DataFrame) -> str:
    """What one threshold did."""
    passing, size = of_sample["sum"].to_numpy(float), of_sample["size"].to_numpy(float)
    limits = sorted({found[1] for text in reasons if (found := re.search(_LIMITS[key], text))})
    limit = f" ({listed(limits)})" if limits else ""
    head = f"`{key}`{limit} fails {integer(len(reasons))}"
    if key == "min_cells":
        return (
            f"{head}, where in the median sample {integer(np.median(passing))} of {integer(np.median(size))} cells pass"
        )
    dropped = np.median(1 - passing / np.maximum(size, 1))
    return f"{head}, where of the median sample {percent(float(dropped))} is dropped"


_LIMITS = {"min_cells": r"fewer than (\d+) \(`min_cells`\)", "max_dropped": r"more than (\S+?\s?%) \(`max_dropped`\)"}


def _commonest(reasons: Sequence[str] | pd.Series) -> str:
    return str(pd.Series(list(reasons)).value_counts().index[0])
