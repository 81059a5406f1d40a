"""What a difference of contacts is made of, in words."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from tumint import keys as k
from tumint.response.parts import SEVERAL, parts_of, sentence

SIDES = {"group": "treated", "reference": "vehicle"}


def effects(total: float, contact: float, region: float | None, domain: float | None) -> pd.DataFrame:
    values = {
        k.FAMILY_TOTAL: total,
        k.FAMILY_CONTACT: contact,
        k.FAMILY_SHARED_REGION: region,
        k.FAMILY_SHARED_DOMAIN: domain,
    }
    rows = [
        {"family": family, "feature": "A|B", "effect": v, "ci_low": v - 0.25, "ci_high": v + 0.25}
        for family, v in values.items()
        if v is not None
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("fold", "carried", "said"),
    [
        (
            (1 / 2.4, 1 / 2.1, 1 / 1.1, 1 / 1.04),
            k.FAMILY_CONTACT,
            "A and B meet 2.4-fold less often in treated: contact itself explains 2.1-fold (1.8 to 2.5); shared "
            "regions explain 1.1-fold (0.9 to 1.3); shared tissue domains explain 1.0-fold (0.9 to 1.2).",
        ),
        (
            (3.0, 0.75, 1.0, 4.0),
            k.FAMILY_SHARED_DOMAIN,
            "A and B meet 3.0-fold more often in treated: contact itself goes 1.3-fold (1.1 to 1.6) the other way; "
            "shared regions explain 1.0-fold (0.8 to 1.2); shared tissue domains explain 4.0-fold (3.4 to 4.8).",
        ),
        (
            (2.0, 1.3, 1.54, None),  # without domains
            k.FAMILY_SHARED_REGION,
            "A and B meet 2.0-fold more often in treated: contact itself explains 1.3-fold (1.1 to 1.5); shared "
            "regions explain 1.5-fold (1.3 to 1.8).",
        ),
        ((1.02, 2.0, 0.51, 1.0), "", "A and B meet about as often in treated as in vehicle."),
    ],
)
def test_a_difference_is_split(fold: tuple[float | None, ...], carried: str, said: str) -> None:
    logs = [None if value is None else math.log2(value) for value in fold]
    (parts,) = parts_of(effects(*logs)).values()  # type: ignore[arg-type]
    assert parts["carried_by"] == carried
    assert sentence("A", "B", parts, SIDES) == said


def test_no_part_carries_it_alone() -> None:
    (parts,) = parts_of(effects(0.9, 0.3, 0.3, 0.3)).values()
    assert parts["carried_by"] == SEVERAL
    assert sentence("A", "A", parts, SIDES).startswith("A meet one another 1.9-fold more often in treated: ")


def test_a_pair_without_contacts_has_no_parts() -> None:
    table = effects(0.9, 0.3, 0.3, 0.3)
    assert parts_of(table[table["family"] != k.FAMILY_TOTAL]) == {}
