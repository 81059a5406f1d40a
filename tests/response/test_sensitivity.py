"""Robustness: settings that agree, one that turns an effect round, one that has no p."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumint.config.response import ResponseConfig
from tumint.io.contracts import GRID, ROBUSTNESS
from tumint.io.tables import check
from tumint.response.compare import compare
from tumint.response.design import groups as design
from tumint.response.sensitivity import robustness

TYPES = ["a", "b", "c"]
CONTRAST = {"name": "t_vs_v", "column": "arm", "reference": "v", "group": "t"}


def setting(name: str, seed: int, shift: float, *, lacks: str = "") -> pd.DataFrame:
    """Counts of 8 subjects, one ROI each; a|b is `shift` (log2) higher in the treated."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(8):
        for source in TYPES:
            for target in TYPES:
                by = shift if source + target == "ab" and i >= 4 else 0.0
                observed = rng.poisson(400 * 2 ** (by + rng.normal(0, 0.1)))
                status = "absent" if f"{source}{target}" == lacks else "tested"
                rows.append([name, f"r{i}", source, target, observed, 400.0, 20.0, status])
    return pd.DataFrame(rows, columns=list(GRID.columns))


def features(rows: pd.DataFrame) -> pd.DataFrame:
    value = np.log2((rows["observed"] + 0.5) / (rows["expected"] + 0.5))
    return pd.DataFrame(
        {
            "sample": rows["sample"], "family": "interaction", "feature": rows["source"] + "|" + rows["target"],
            "value": value, "se": 0.1, "weight": rows["expected"], "n": 10, "status": rows["status"],
        }
    )  # fmt: skip


def test_share_of_settings_that_agree() -> None:
    config = ResponseConfig.model_validate({"contrasts": [CONTRAST]})
    sheet = pd.DataFrame({"sample": [f"r{i}" for i in range(8)], "subject": [f"s{i}" for i in range(8)],
                          "arm": ["v"] * 4 + ["t"] * 4})  # fmt: skip
    built = design.build(sheet, config.contrasts[0], "sheet")
    main = setting("main", 0, 1.0)
    result = compare(features(main), built, config, 0, beside=())
    again = [main.assign(setting="same"), setting("also", 1, 0.9), setting("round", 2, -1.0), setting("none", 3, 0.0),
             setting("lost", 4, 1.0, lacks="ab")]  # fmt: skip
    table = robustness(pd.concat(again, ignore_index=True), [result], config)
    check(table, ROBUSTNESS, "robustness")
    assert len(table) == 9
    row = table.set_index("feature").loc["a|b"]
    assert (row["n_settings"], row["robustness"]) == (5, pytest.approx(2 / 5))
    by_hand = {}
    for rows in again:
        mine = rows[(rows["source"] == "a") & (rows["target"] == "b") & (rows["status"] == "tested")]
        values = np.log2((mine["observed"] + 0.5) / 400.5).to_numpy()
        if len(values):
            by_hand[rows["setting"].iloc[0]] = values[4:].mean() - values[:4].mean()
    assert row["effect"] == pytest.approx(by_hand["same"])
    assert row["effect_low"] == pytest.approx(min(by_hand.values())) == pytest.approx(by_hand["round"])
    assert row["effect_high"] == pytest.approx(max(by_hand.values()))
    assert table.loc[table["feature"] != "a|b", "robustness"].max() <= 0.2

    alone = robustness(main, [result], config).set_index("feature")
    effects = result.effects.set_index("feature")
    assert alone["effect_low"].to_numpy() == pytest.approx(effects.loc[alone.index, "effect"].to_numpy())
    assert alone["robustness"].to_numpy().tolist() == (effects.loc[alone.index, "q"] < 0.1).astype(float).tolist()
    assert robustness(main.iloc[:0], [result], config).empty
