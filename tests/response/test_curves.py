"""Curves over distance between groups: pooling by counts, and the band against brute force over all exchanges."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.config.response import Contrast, ResponseConfig
from tumint.io.contracts import CURVES, FEATURES, FUNCTIONS, empty
from tumint.io.tables import check
from tumint.response.compare import compare
from tumint.response.curves import curve_table, subject_curves
from tumint.response.design.groups import build
from tumint.response.models.permutation import permuted_statistics

RADII = np.arange(5.0, 30.0, 5.0)
ARMS = Contrast(name="arms", column="arm", reference="vehicle", group="treated")
PAIRS = (("a", "a"), ("a", "b"), ("b", "b"), ("b", "c"))


def functions(rng: np.random.Generator, subjects: int, shift: float = 0.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pairs by distance in two ROIs of each subject, half of them treated; a–b differ by `shift` up to 10 µm."""
    rows, sheet = [], []
    for i in range(subjects):
        arm = "treated" if i % 2 else "vehicle"
        own = rng.normal(0, 0.2, (len(PAIRS), 1)) + rng.normal(0, 0.1, (len(PAIRS), len(RADII)))
        own[1] += shift * (i % 2) * (RADII <= 10)
        for roi in range(2):
            sample, expected = f"s{i}_{roi}", np.outer([30.0, 60.0, 40.0, 20.0], RADII / 5)
            sheet.append({k.SAMPLE: sample, k.SUBJECT: f"m{i}", "arm": arm})
            for p, (source, target) in enumerate(PAIRS):
                seen = rng.poisson(expected[p] * 2 ** own[p])
                part = {"r_um": RADII, "within": seen, "within_expected": expected[p], "around": seen * 0.5}
                part |= {"around_expected": expected[p] * 0.5, "within_sd": 5.0, "around_sd": 5.0, "g": 1.0}
                rows.append(pd.DataFrame({k.SAMPLE: sample, k.SOURCE: source, k.TARGET: target, "k_um2": 1.0, **part}))
    return pd.concat(rows, ignore_index=True), pd.DataFrame(sheet)


def compared(table: pd.DataFrame, sheet: pd.DataFrame) -> pd.DataFrame:
    design = build(sheet, ARMS, "sheet")
    one = pd.DataFrame({k.SAMPLE: sheet[k.SAMPLE], k.FAMILY: "composition", k.FEATURE: "a", k.VALUE: 0.0, k.SE: 1.0})
    features = one.assign(weight=1.0, n=9, status=k.TESTED)
    check(features, FEATURES, "features")
    return curve_table(table, [compare(features, design, ResponseConfig(contrasts=[ARMS]), 0, beside=())])


def test_the_rois_of_a_subject_are_added_up() -> None:
    table, sheet = functions(np.random.default_rng(0), 2)
    found = subject_curves(table, sheet.set_index(k.SAMPLE)[k.SUBJECT], "within")
    mine = table[table[k.SAMPLE].isin(["s0_0", "s0_1"]) & (table[k.TARGET] == "c") & (table["r_um"] == 10)]
    value = found[(found[k.SUBJECT] == "m0") & (found[k.TARGET] == "c") & (found["r_um"] == 10)]["value"].item()
    assert value == np.log2((mine["within"].sum() + 0.5) / (mine["within_expected"].sum() + 0.5))


def test_the_band_equals_brute_force() -> None:
    table, sheet = functions(np.random.default_rng(1), 8, shift=1.5)
    found = compared(table, sheet)
    check(found, CURVES, "curves")
    values = subject_curves(table, sheet.set_index(k.SAMPLE)[k.SUBJECT], "within")
    wide = values.pivot_table(index="r_um", columns=[k.SOURCE, k.TARGET, k.SUBJECT], values="value")
    group = np.arange(8) % 2
    ways = [np.isin(np.arange(8), c).astype(float) for c in itertools.combinations(range(8), 4)]
    largest, seen = np.zeros((len(ways), len(PAIRS))), np.zeros(len(PAIRS))
    for r in RADII:
        Y = wide.loc[r].to_numpy().reshape(len(PAIRS), 8)
        for i, way in enumerate(ways):
            largest[i] = np.maximum(largest[i], permuted_statistics(Y, np.ones((8, 1)), way[:, None])[:, 0])
        seen = np.maximum(seen, permuted_statistics(Y, np.ones((8, 1)), group[:, None])[:, 0])
    within = found[found["function"] == "within"].set_index([k.SOURCE, k.TARGET, "r_um"])
    for i, pair in enumerate(PAIRS):
        rows = within.loc[pair]
        assert rows["p"].iloc[0] == pytest.approx((largest[:, i] >= seen[i] * (1 - 1e-9)).mean())
        critical = np.sort(largest[:, i])[int(np.ceil(0.95 * len(ways))) - 1]
        half = (rows["band_high"] - rows["band_low"]) / 2
        assert (half / rows["se"]).to_numpy() == pytest.approx(critical)
        means = wide[pair].loc[:, [f"m{j}" for j in range(8)]].to_numpy()
        assert rows["effect"].to_numpy() == pytest.approx(means[:, 1::2].mean(axis=1) - means[:, ::2].mean(axis=1))
    assert within.loc[("a", "b"), "p"].iloc[0] == pytest.approx(2 / 70)
    assert within["smallest_p"].iloc[0] == pytest.approx(2 / 70)


def test_no_functions_no_curves() -> None:
    _, sheet = functions(np.random.default_rng(2), 4)
    assert compared(empty(FUNCTIONS), sheet).empty
