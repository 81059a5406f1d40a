"""The sentence on pairs that turn among the types of their lineage."""

from __future__ import annotations

import math

import pandas as pd

from tumint.report.neighbourhood.lineage import turned

PARENTS = {"T cells": ["CD4 T", "CD8 T", "Treg"]}


def scores(pairs: dict[tuple[str, str], dict[str, tuple[float, float, float]]]) -> pd.DataFrame:
    """z of `{(source, target): {sample: (global, domain, parent)}}`; NaN: that null is not there."""
    rows = [
        {"sample": sample, "source": source, "target": target, "null": null, "status": "tested", "z": z}
        for (source, target), of in pairs.items()
        for sample, values in of.items()
        for null, z in zip(("global", "domain", "parent"), values, strict=True)
        if not math.isnan(z)
    ]
    return pd.DataFrame(rows)


def test_a_pair_that_shares_tissue_and_does_not_seek_each_other() -> None:
    table = scores({("CD4 T", "CD8 T"): {"r1": (134.1, 19.4, -9.13), "r2": (122.9, 12.1, -17.1)}})
    assert turned(table, PARENTS, {"r1": "m1", "r2": "m2"}) == [
        "CD4 T and CD8 T touch more often than chance in the whole image (z +134 and +123) and within tissue domains "
        "(+19 and +12), but less often among T cells alone (−9.1 and −17), in both subjects: they live in the same "
        "parts of the tissue, but do not seek each other."
    ]


def test_a_pair_that_lives_apart_and_turns_within_domains_already() -> None:
    of = {"r1": (-40.0, 5.0, 8.0), "r2": (-30.0, 4.0, 12.0), "r3": (-20.0, 6.0, -2.0), "r4": (-10.0, 7.0, 4.0)}
    (said,) = turned(scores({("CD4 T", "CD8 T"): of}), PARENTS, {"r1": "m1", "r2": "m2", "r3": "m3", "r4": "m3"})
    # m3 has the mean of +4 and −2 among its T cells: it turns too
    assert said == (
        "CD4 T and CD8 T touch less often than chance in the whole image (z median −25), but more often within tissue "
        "domains (median +5.5) and among T cells alone (median +6.0), in all 3 subjects: they live in different parts "
        "of the tissue, but where they meet they seek each other."
    )


def test_subjects_that_do_not_turn_are_counted() -> None:
    of = {"r1": (40.0, math.nan, -8.0), "r2": (30.0, math.nan, -6.0), "r3": (20.0, math.nan, 1.0)}
    (said,) = turned(scores({("CD4 T", "CD8 T"): of}), PARENTS, {})
    assert "whole image (z +40, +30 and +20), but less often among T cells alone (−8.0, −6.0 and +1.0)" in said
    assert ", in 2 of 3 subjects: " in said


def test_nothing_is_said_where_nothing_turns() -> None:
    same = scores({("CD4 T", "CD8 T"): {"r1": (40.0, 10.0, 8.0)}})
    faint = scores({("CD4 T", "CD8 T"): {"r1": (40.0, 10.0, -2.9)}})
    # labels of a B cell change places with none: that a pair with it turns says nothing of the two
    other = scores({("CD4 T", "B cell"): {"r1": (40.0, 10.0, -8.0)}})
    for table in (same, faint, other):
        assert turned(table, PARENTS, {}) == []
    assert turned(same, {}, {}) == []


def test_the_clearest_pair_is_told_and_the_others_counted() -> None:
    one = {"r1": (40.0, 10.0, -8.0)}
    table = scores({("CD4 T", "CD8 T"): one, ("CD4 T", "Treg"): {"r1": (50.0, 10.0, -8.0)}})
    (said,) = turned(table, PARENTS, {"r1": "m1"})
    assert said.startswith("CD4 T and Treg touch more often")
    assert said.endswith(" So does one other pair.")
    assert "subject" not in said
