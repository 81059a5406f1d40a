"""ROIs or animals: what the variance between animals and between ROIs of an animal says of the next cohort. Pure."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from tumint.text import integer, percent, ratio, setting

MOST = 50.0  # ROIs per animal that are still named; beyond, animals hardly differ


def share_of_animals(mixed: pd.DataFrame) -> float:
    """Which part of the variance of a ROI is between animals, averaged over features; NaN where none has both.

    Parameters
    ----------
    mixed
        `subject_variance` and `residual_variance` of features of one family (contract MIXED).
    """
    animal, roi = (mixed[name].to_numpy(dtype=float) for name in ("subject_variance", "residual_variance"))
    known = np.isfinite(animal) & np.isfinite(roi) & (animal + roi > 0)
    return float((animal[known] / (animal[known] + roi[known])).mean()) if known.any() else math.nan


def best_rois(share: float, cost: float) -> float:
    """ROIs per animal of the smallest variance for the money: √(c_A / c_R) σ_r / σ_a, at least 1.

    A subject's mean of k ROIs has the variance σ_a² + σ_r²/k, and m animals with k ROIs each cost m (c_A + k c_R).

    Parameters
    ----------
    share
        σ_a² / (σ_a² + σ_r²).
    cost
        c_A / c_R: what an animal costs, in ROIs.
    """
    if share <= 0:
        return math.inf
    return max(1.0, math.sqrt(cost * (1 - share) / share))


def worth(share: float, rois: float) -> float:
    """How many times more animals with one ROI each give the variance of so many ROIs per animal."""
    return 1.0 / (share + (1 - share) / rois)


def advice(mixed: pd.DataFrame, rois: float, cost: float) -> dict[str, Any]:
    """For JSON: the share of animals, what the ROIs per animal of this cohort buy, the best number, and a sentence."""
    share = share_of_animals(mixed)
    if math.isnan(share):
        return {"between_animals": None, "rois": rois, "worth": None, "best_rois": None, "advice": ""}
    best, bought = best_rois(share, cost), worth(share, rois)
    said = f"{percent(share)} of the variance of a ROI lies between subjects"
    if rois > 1:
        said += f"; {setting(round(rois, 1))} ROIs per subject say as much as {ratio(bought)}× as many subjects "
        said += "with one ROI each"
    named = f"{integer(round(best))} per subject" if best <= MOST else "ROIs rather than subjects"
    said += f". Where a subject costs as much as {setting(cost)} ROIs, {named} are best."
    return {
        "between_animals": share,
        "rois": rois,
        "worth": bought,
        "best_rois": best if math.isfinite(best) else None,
        "advice": said,
    }
