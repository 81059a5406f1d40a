"""Verdicts on the cells of one sample and on the sample as a whole. Pure: measures and limits in, reasons out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.config.qc import QcConfig
from tumint.qc.thresholds import Limits, join_reasons, limits, outside
from tumint.text import percent, share_setting, together

PASS, DROP, FAIL = k.PASS, k.DROP, k.FAIL
EXCLUDED, NO_INTENSITY, NO_PLACE, SAMPLE_FAILED = "excluded", "no_intensity", "no_place", "sample failed: "


@dataclass(frozen=True)
class Failure:
    """Why a sample fails: as a fault, and in words for tables (without `;`, which joins reasons)."""

    expected: str
    found: str
    words: str


@dataclass(frozen=True)
class Judged:
    """The cells of one sample: their metrics, their own reasons, and what of the sample as a whole failed."""

    sample: str
    metrics: dict[str, np.ndarray]
    masks: dict[str, np.ndarray]
    limits: dict[str, Limits]
    reasons: np.ndarray
    upstream: str  # why ingest gave no cells
    failures: list[Failure]

    @property
    def failure(self) -> str:
        """Why the sample failed, in words; empty where it passed."""
        return self.upstream or together([failure.words for failure in self.failures])

    @property
    def verdicts(self) -> np.ndarray:
        """Reasons of the cells, with that of a failed sample added to each; empty for those that pass."""
        if not self.failures:
            return self.reasons
        failed = f"{SAMPLE_FAILED}{self.failure}"
        return np.array([f"{reason};{failed}" if reason else failed for reason in self.reasons], dtype=object)


def judge(
    sample: str,
    measures: pd.DataFrame,
    metrics: list[str],
    config: QcConfig,
    of_cohort: Mapping[str, Limits],
    *,
    upstream: str = "",
    roi_failure: str = "",
) -> Judged:
    """Limits and reasons of the cells of one sample.

    Parameters
    ----------
    measures
        Its rows of `QC_MEASURES`.
    metrics
        Columns of `measures` that may have limits, in the order of the reasons.
    of_cohort
        Limits of the metrics whose threshold is `per: cohort`.
    upstream, roi_failure
        Why ingest gave no cells; why the sample fails against the other ROIs.
    """
    values = {name: measures[name].to_numpy(float) for name in metrics}
    excluded = measures[EXCLUDED].to_numpy(bool)
    applied, masks = {}, {}
    for name in metrics:
        own = limits(values[name][~excluded], config.threshold(name))
        applied[name] = of_cohort.get(name, own)
        masks[f"{name}_low"], masks[f"{name}_high"] = outside(values[name], applied[name])
    for name in (NO_INTENSITY, NO_PLACE):
        masks[name] = measures[name].to_numpy(bool)
    masks[EXCLUDED] = excluded
    reasons = join_reasons(len(measures), masks)
    failures = []
    if not upstream:
        if roi_failure:
            failures.append(Failure("a ROI like the others of the cohort", roi_failure, roi_failure))
        failures += _failures(int((reasons == "").sum()), int((~excluded).sum()), config)
    return Judged(sample, values, masks, applied, reasons, upstream, failures)


def _failures(n_pass: int, n: int, config: QcConfig) -> list[Failure]:
    """`n` are the cells that are not excluded."""
    failures = []
    if n_pass < config.min_cells:
        words = f"{n_pass} cells pass, fewer than {config.min_cells} (`min_cells`)"
        failures.append(Failure(f"at least {config.min_cells} cells that pass", f"{n_pass} of {n}", words))
    if n and (share := (n - n_pass) / n) > config.max_dropped:
        words = f"{percent(share)} of the cells dropped, more than {share_setting(config.max_dropped)} (`max_dropped`)"
        failures.append(
            Failure(f"at most {share_setting(config.max_dropped)} of the cells dropped", f"{percent(share)}", words)
        )
    return failures


def summary(one: Judged, n_out: int) -> dict[str, Any]:
    """The row of a sample: counts, reasons (a cell counts once for each of its own), medians, limits that applied."""
    n_in = len(one.reasons)
    row: dict[str, Any] = {k.SAMPLE: one.sample, "n_in": n_in, "n_out": n_out}
    row[k.STATUS], row[k.REASON] = (FAIL, one.failure) if one.failure else (PASS, "")
    row |= {f"n_{name}": int(mask.sum()) for name, mask in one.masks.items()}
    for name, values in one.metrics.items():
        measured = values[~np.isnan(values)]
        row[f"median_{name}"] = float(np.median(measured)) if measured.size else np.nan
        row[f"min_{name}"], row[f"max_{name}"] = one.limits[name].low, one.limits[name].high
        row[f"n_without_{name}"] = n_in - measured.size
    return row
