"""What the report of quality control says of whole ROIs: lights, stripes and the config that leaves them out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

from tumint import keys as k
from tumint.config.qc import Region
from tumint.qc.regions import inside_any
from tumint.report.engine.page import Items, Table, Text
from tumint.report.qc import quality


def _stripes(sample: str = "s1") -> pd.DataFrame:
    row = {k.SAMPLE: sample, "axis": "x", "start_um": 100.7, "end_um": 120.2, "depth": 0.5, "z": 9.0, "n_cells": 50}
    table = pd.DataFrame([{**row, "channels_lower": 1.0}])
    return table.assign(config=[quality.exclusion(row)])


@pytest.mark.parametrize("sample", ["M3_ROI2", "01", "yes", 'a"b', "ROI: 1", "é#"])
def test_the_line_of_a_stripe_is_config_that_leaves_its_cells_out(sample: str) -> None:
    (line,) = _stripes(sample)["config"]
    (loaded,) = yaml.safe_load(line)
    region = Region.model_validate(loaded)
    assert region.sample == sample
    at = np.array([[99.0, 0], [100.7, 0], [110, 9], [120.2, 0], [122, 0]])
    assert inside_any(at, [region]).tolist() == [False, True, True, True, False]


def test_every_roi_has_a_light_and_its_reasons() -> None:
    names = ["ok", "s1", "weak", "lost", "bad"]
    rows = pd.DataFrame({k.SAMPLE: names, k.STATUS: "pass", k.REASON: "", "dropped": [0.1, 0.1, 0.1, 0.3, 1.0]})
    rows.loc[4, [k.STATUS, k.REASON]] = ["fail", "2 cells pass"]
    compared = pd.DataFrame({k.SAMPLE: names, "weak_channels": [0, 0, 0.5, np.nan, 0.9], "bright_channels": 0.0})
    found = quality.lights(rows, compared, _stripes()).set_index(k.SAMPLE)
    assert found["light"].to_dict() == {
        "ok": "pass",
        "s1": "look at this",
        "weak": "look at this",
        "lost": "look at this",
        "bad": "fail",
    }
    said = {name: why.replace("\u00a0", " ") for name, why in found["why"].items()}
    assert said == {
        "ok": "",
        "s1": "1 stripe",
        "weak": "50.0 % of the channels weak",
        "lost": "30.0 % of the cells dropped",
        "bad": "2 cells pass",
    }


def test_stripes_are_proposed_and_never_said_to_be_removed() -> None:
    notice, lines, table = quality.stripe_blocks(_stripes(), [])
    assert notice.text.startswith("Nothing was removed")
    assert isinstance(lines, Items)
    assert list(lines.items) == ['`- {sample: "s1", x_um: [100, 121], why: stripe}`']
    assert isinstance(table, Table)
    (none,) = quality.stripe_blocks(_stripes()[:0], [])
    assert isinstance(none, Text)
    left_out, _ = quality.stripe_blocks(_stripes()[:0], [{"sample": "s2"}, {"sample": "s2"}])
    assert left_out.text == "The config leaves out 2 regions, in s2."


def test_channels_are_summed_up_over_the_rois() -> None:
    table = pd.DataFrame(
        {
            k.SAMPLE: ["a", "b", "c"] * 2,
            "marker": ["CD8"] * 3 + ["DNA1"] * 3,
            "mean": [1.0, 2, 9, 5, 6, np.nan],
            "background": [0.1, 0.4, 0.2, 1, np.nan, 1],
            "q99": 10.0,
            "zero_share": 0.0,
            "saturated_share": [0, 0, 0.3, 0, 0, 0],
            "z": [-4.0, 0, 4, 0, np.nan, 3.4],
        }
    )
    found = quality.channel_summary(table).set_index("marker")
    assert found["mean"].to_dict() == {"CD8": 2.0, "DNA1": 5.5}
    assert found["background"].to_dict() == {"CD8": 0.2, "DNA1": 1.0}
    assert found["highest_background"].to_dict() == {"CD8": 0.4, "DNA1": 1.0}
    assert found[f"highest_{k.SAMPLE}"].to_dict() == {"CD8": "b", "DNA1": "a"}
    assert found[["weak", "bright"]].to_numpy().tolist() == [[1, 1], [0, 0]]
