"""At which distance an association lives: shared regions fade as the reach shrinks, contact stays."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.io.contracts import SCALE
from tumint.io.tables import check
from tumint.neighbourhood.contacts import Tissue, contact_odds
from tumint.neighbourhood.exchange import Rules
from tumint.neighbourhood.graph import delaunay
from tumint.neighbourhood.scale import reaches, scale_table

TYPES = ["a", "b", "c"]
SIDE = 700.0


def image(seed: int, *, region: bool, contact: bool, name: str = "r") -> Tissue:
    """2,500 cells; a and b share the left (`region`), or b are made of the neighbours of a (`contact`)."""
    rng = np.random.default_rng(seed)
    xy = rng.random((2500, 2)) * SIDE
    graph = delaunay(xy, 50.0)
    share = 0.25 * np.exp(-xy[:, 0] / 150) if region else np.full(len(xy), 0.06)
    labels = np.select([(u := rng.random(len(xy))) < share, u < 2 * share], [0, 1], 2)
    if contact:
        labels = np.where(labels == 1, 2, labels)
        beside = np.unique(
            np.concatenate([graph.indices[graph.indptr[i] : graph.indptr[i + 1]] for i in np.flatnonzero(labels == 0)])
        )
        free = beside[labels[beside] == 2]
        labels[rng.choice(free, len(free) // 5, replace=False)] = 1
        others = np.flatnonzero(labels == 2)
        labels[rng.choice(others, 60, replace=False)] = 1
    return Tissue(name, xy, labels, graph, Rules(np.zeros(len(xy), np.int64)))


def curve(table: pd.DataFrame) -> pd.Series:
    pair = table[(table[k.SOURCE] == "a") & (table[k.TARGET] == "b")].set_index("reach_um")
    return pair["log_odds"]


def test_the_table_and_its_first_row() -> None:
    tissues = [image(0, region=True, contact=False, name="r0"), image(1, region=True, contact=False, name="r1")]
    table = scale_table("m1", tissues, TYPES, [50.0, 200.0])
    check(table, SCALE, "scale")
    assert list(table["reach_um"].unique()) == [0.0, 200.0, 50.0]
    assert len(table) == 3 * 6
    # over the whole domain it is the fit of all images as one, weighed by information
    found = contact_odds(tissues, 3, joint=False)
    value, weight = (np.array([one[name].to_numpy()[1] for one in found]) for name in ("log_odds", "information"))
    first = table.iloc[1]
    assert first["log_odds"] == pytest.approx((value * weight).sum() / weight.sum())
    assert first["information"] == pytest.approx(weight.sum())
    # a–b contacts, counted anew
    seen = 0
    for t in tissues:
        for i in np.flatnonzero(t.labels == 0):
            seen += (t.labels[t.graph.indices[t.graph.indptr[i] : t.graph.indptr[i + 1]]] == 1).sum()
    assert first["observed"] == seen
    assert scale_table("m1", tissues, TYPES, []).empty
    assert scale_table("m1", [], TYPES, [50.0]).empty
    assert reaches([50, 400, 100]) == [0.0, 400, 100, 50]


def test_a_shared_region_fades_and_contact_stays() -> None:
    shared, touching = (
        np.mean(
            [
                curve(scale_table("m", [image(seed, region=region, contact=not region)], TYPES, [200.0, 100.0, 50.0]))
                for seed in range(6)
            ],
            axis=0,
        )
        for region in (True, False)
    )
    assert shared[0] > 0.4
    assert shared[-1] < 0.35 * shared[0]
    assert touching[0] > 0.5
    assert touching[-1] > 0.7 * touching[0]


def test_a_guard_zone_stays_out() -> None:
    tissue = image(0, region=True, contact=False)
    inside = (tissue.xy > 100).all(axis=1) & (tissue.xy < SIDE - 100).all(axis=1)
    guarded = Tissue("r", tissue.xy, tissue.labels, tissue.graph, Rules(np.where(inside, 0, -1)))
    whole, part = (scale_table("m", [one], TYPES, [100.0]) for one in (tissue, guarded))
    assert (part["information"] < whole["information"]).all()
