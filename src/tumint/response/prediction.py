"""The prediction of a contrast as a table of subjects and a summary; the method itself is in `predict`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.config.response import ResponseConfig
from tumint.io.contracts import PREDICTION, empty
from tumint.response.compare import Result, stream
from tumint.response.models.discriminant import Prediction, predict


def predicted_groups(result: Result, config: ResponseConfig, seed: int) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Predict the groups of one contrast from the features of all its families.

    Returns
    -------
    Table of the contract `PREDICTION`, empty where there is no prediction, and for JSON: `auc`, `p`, `permutations`,
    `n_features` (those that every subject has), `chosen` (in how many of the models each feature was used), `reason`.
    """
    design = result.design
    names = [(part.name, feature) for part in result.families for feature in part.features]
    found = _predict(result, config, seed)
    table = empty(PREDICTION)
    if not found.reason:
        table = pd.DataFrame(
            {"contrast": design.contrast.name, k.SUBJECT: design.units, "is_group": design.group, "score": found.scores}
        )
    most = sorted(found.chosen.items(), key=lambda item: (-item[1], item[0]))
    return table, {
        "auc": None if found.reason else found.auc,
        "p": None if found.reason else found.p,
        "permutations": found.permutations,
        "n_features": found.n_features,
        "n_models": 0 if found.reason else len(design.units),
        "chosen": [{k.FAMILY: names[i][0], k.FEATURE: names[i][1], "models": count} for i, count in most],
        "reason": found.reason,
    }


def _predict(result: Result, config: ResponseConfig, seed: int) -> Prediction:
    design, contrast = result.design, result.design.contrast
    nothing = np.full(len(design.units), np.nan)
    if result.faults:
        return Prediction(nothing, reason=result.reason)
    if not config.prediction.enabled:
        return Prediction(nothing, reason="switched off in the config")
    if contrast.formula:
        return Prediction(nothing, reason="a prediction knows no formula")
    if contrast.adjust or contrast.paired:
        return Prediction(nothing, reason="a prediction neither adjusts for covariates nor knows pairs")
    rows = [part.values for part in result.families]
    Y = np.vstack(rows) if rows else np.zeros((0, len(design.units)))
    rng = stream(seed, f"prediction of {contrast.name}")
    return predict(Y, design.group, config.prediction.permutations, rng)
