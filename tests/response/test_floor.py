"""The spillover floor: what does not clear it is not called, p and the number of tests stay."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.response.floor import with_floor


def effects() -> pd.DataFrame:
    rows = [  # family, feature, effect, mean_reference, mean_group
        (k.FAMILY_STATE, "PD1|A|B", 0.30, 0.0, 0.3),
        (k.FAMILY_STATE, "Ki67|A|B", 0.05, 0.0, 0.05),
        (k.FAMILY_STATE, "PD1|A|C", 0.50, 0.0, 0.5),
        (k.FAMILY_SPILLOVER, "CD3|A|B", 0.0, -0.10, 0.02),
        (k.FAMILY_SPILLOVER, "CD8|A|B", 0.0, 0.05, 0.04),
        (k.FAMILY_MARKER, "PD1 of B", 0.0, np.log(0.5), np.log(1.0)),
        (k.FAMILY_MARKER, "Ki67 of B", 0.0, np.log(2.0), np.log(1.0)),
        (k.FAMILY_MARKER, "PD1 of C", 0.0, 0.0, 0.0),
    ]
    table = pd.DataFrame(rows, columns=[k.FAMILY, k.FEATURE, "effect", "mean_reference", "mean_group"])
    return table.assign(p=0.001, q=0.01, q_all=0.01, q_across=0.01, q_primary=np.nan, status=k.TESTED, reason="")


def test_only_what_clears_the_floor_is_called() -> None:
    found = with_floor(effects()).set_index(k.FEATURE)
    assert np.allclose(found.loc[["PD1|A|B", "Ki67|A|B"], "floor"], [0.1 * 1.0, 0.1 * 2.0])
    assert found["q"].tolist() == [0.04, 1.0, 1.0, *[0.01] * 5]  # states by contact at a quarter of the rate
    assert with_floor(effects().assign(q=0.7))["q"].max() == 1.0
    assert found["q_primary"].isna().all()
    assert (found["p"] == 0.001).all()
    assert found.loc["PD1|A|B", k.REASON] == ""
    assert found.loc["Ki67|A|B", k.REASON] == "within what spillover explains (0.20)"
    assert found.loc["PD1|A|C", k.REASON] == "no lineage marker of C that A lack, so spillover cannot be told apart"
    assert with_floor(effects().tail(5))["floor"].isna().all()
