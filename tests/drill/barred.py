"""Barriers on simulated cohorts: nothing where nothing is planted, and what else differs between arms taken for one?

`python tests/drill/barred.py [COHORTS]`. Animals are simulated once, and cohorts of 6 against 6 are dealt from them
without replacement. The tissue is a lobed tumour; stroma and macrophages lie in patches and macrophages and neutrophils
gather along the margin, so labels are not exchangeable within domains, which the family assumes. Attacks change where
CD8 T cells live, how many cells there are, of which types, or the size of the tumour. Where the others live at a given
place does not change. The share of p < 0.05 is given by attack and type. `... shifts [ANIMALS]`: how far attacks move
the values, without a test.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from tumint import keys as k
from tumint.config.margin import MarginConfig
from tumint.config.response import Contrast, ResponseConfig
from tumint.io import contracts
from tumint.neighbourhood.barriers import barrier_features
from tumint.neighbourhood.graph import delaunay
from tumint.neighbourhood.place import place
from tumint.neighbourhood.roles import roles
from tumint.response.compare import compare
from tumint.response.design import groups

TYPES = ["CD8 T cells", "Fibroblasts", "Macrophages", "Neutrophils", "Tumour cells"]
INSIDE = np.array([0.06, 0.10, 0.16, 0.05, 0.63])
OUTSIDE = np.array([0.12, 0.45, 0.32, 0.08, 0.03])
SIDE_UM, RADIUS_UM, CELLS = 500.0, 160.0, 1200
ARM, POOL = 6, 40  # animals of an arm, and simulated of each kind
CONFIG = MarginConfig(interface_um=30.0)
CONTRAST = Contrast(name="arms", column="arm", reference="vehicle", group="treated")
WAY = ("CD8 T cells", "Tumour cells")


@dataclass(frozen=True)
class Arm:
    """What differs: reach of CD8 inside (µm), density, area of the tumour, macrophages; and neutrophils in the way."""

    reach: float = 40.0
    density: float = 1.0
    area: float = 1.0
    macrophages: float = 1.0
    shield: float = 1.0


ATTACKS = {
    "nothing": Arm(),
    "infiltration: CD8 deeper in the tumour": Arm(reach=160.0),
    "infiltration: CD8 at the margin alone": Arm(reach=10.0),
    "density: half as many cells": Arm(density=0.5),
    "composition: twice as many macrophages": Arm(macrophages=2.0),
    "size: half the tumour's area": Arm(area=0.5),
    "PLANTED: neutrophils between CD8 and tumour": Arm(shield=4.0),
}


def animal(rng: np.random.Generator, name: str, arm: Arm) -> pd.DataFrame:
    """Features of the one ROI of an animal."""
    own = rng.normal(0, 0.3, len(TYPES))
    n = int(CELLS * arm.density * math.exp(rng.normal(0, 0.15)))
    xy, centre = rng.uniform(0, SIDE_UM, (n, 2)), SIDE_UM * rng.uniform(0.42, 0.58, 2)
    lobes = 1 + 0.12 * np.sin(3 * np.arctan2(*(xy - centre).T) + rng.uniform(0, 7))
    true = np.hypot(*(xy - centre).T) - RADIUS_UM * math.sqrt(arm.area * math.exp(rng.normal(0, 0.2))) * lobes
    weight = np.where((true < 0)[:, None], INSIDE, OUTSIDE) * np.exp(own)
    patch = rng.normal(0, 0.7, (12, 2))[cKDTree(rng.uniform(0, SIDE_UM, (12, 2))).query(xy)[1]]
    weight[:, 1:3] *= np.exp(patch)
    along = np.exp(-np.abs(true) / 30.0)
    weight[:, 2] *= (1 + along) * arm.macrophages
    weight[:, 3] *= 1 + 3 * along
    weight[:, 0] *= np.exp(np.minimum(true, 0) / arm.reach)
    labels = (weight.cumsum(axis=1) / weight.sum(axis=1)[:, None] < rng.random((n, 1))).sum(axis=1)
    if arm.shield > 1:
        shielded(rng, xy, labels, arm.shield)
    nothing = np.full(n, k.NO_DOMAIN, dtype=object)
    where = place(name, xy, labels, nothing, TYPES, roles(CONFIG, [], TYPES), CONFIG)
    strata = np.unique(where.domain.astype(str), return_inverse=True)[1]
    return barrier_features(name, delaunay(xy), labels, TYPES, [WAY], strata)


def shielded(rng: np.random.Generator, xy: np.ndarray, labels: np.ndarray, times: float) -> None:
    """Neutrophils change places with others, to lie between a CD8 T cell and its nearest tumour cell."""
    cd8, tumour = xy[labels == 0], xy[labels == 4]
    far, at = cKDTree(tumour).query(cd8)
    halfway = (cd8 + tumour[at])[far > 20] / 2
    gap, _ = cKDTree(halfway).query(xy)
    others = (labels == 1) | (labels == 2)
    near, mine = np.flatnonzero(others & (gap < 10)), np.flatnonzero((labels == 3) & (gap >= 10))
    many = min(len(near), len(mine), int((times - 1) * ((labels == 3) & (gap < 10)).sum()) + 1)
    for i, j in zip(rng.permutation(near)[:many], rng.permutation(mine)[:many], strict=True):
        labels[i], labels[j] = labels[j], labels[i]


def pool(seed: int, arm: Arm, many: int) -> list[pd.DataFrame]:
    """Animals of a kind."""
    rng = np.random.default_rng([seed, 18])
    return [animal(rng, f"{seed}_{i}", arm) for i in range(many)]


def effects(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """The comparison of the first half of these animals with the other."""
    names = [str(table[k.SAMPLE].iloc[0]) for table in tables]
    sheet = pd.DataFrame({k.SAMPLE: names, k.SUBJECT: names, "arm": np.repeat(["vehicle", "treated"], ARM)})
    design = groups.build(sheet, CONTRAST, "sheet")
    features = contracts.joined(tables, contracts.FEATURES)
    return compare(features, design, ResponseConfig(contrasts=[CONTRAST]), 0, beside=()).effects


def deal(cohorts: int) -> None:
    """Cohorts of every kind, each row said as soon as it is known."""
    vehicle = pool(0, Arm(), 2 * POOL)
    for number, (name, arm) in enumerate(ATTACKS.items()):
        treated = vehicle if name == "nothing" else pool(number, arm, POOL)
        rng, found = np.random.default_rng([number, 19]), []
        for _ in range(cohorts):
            if treated is vehicle:
                drawn = [vehicle[i] for i in rng.permutation(2 * POOL)[: 2 * ARM]]
            else:
                sides = (rng.permutation(2 * POOL)[:ARM], rng.permutation(POOL)[:ARM])
                drawn = [*(vehicle[i] for i in sides[0]), *(treated[i] for i in sides[1])]
            found.append(effects(drawn))
        table = pd.concat(found)
        share = table.assign(low=table["p"] < 0.05).groupby(k.FEATURE)["low"].mean()
        any_q = np.mean([(one["q"] < 0.1).any() for one in found])
        said = "; ".join(
            f"{str(feature).split(' between ')[0]} {value:.3f} (median log2 {effect:+.2f})"
            for (feature, value), effect in zip(share.items(), table.groupby(k.FEATURE)["effect"].median(), strict=True)
        )
        print(f"{name}: all {float(share.mean()):.3f}; {said}; any q < 0.1 in {any_q:.2f} of {cohorts}", flush=True)


def shifts(many: int) -> None:
    """How far an attack moves the values themselves: mean difference in log2 its error, of `many` animals a side."""
    vehicle = pd.concat(pool(0, Arm(), many)).set_index(k.FEATURE)[k.VALUE].groupby(level=0)
    for number, (name, arm) in enumerate(ATTACKS.items()):
        treated = pd.concat(pool(number + 100, arm, many)).set_index(k.FEATURE)[k.VALUE].groupby(level=0)
        moved = treated.mean() - vehicle.mean()
        error = np.sqrt(treated.var() / treated.count() + vehicle.var() / vehicle.count())
        said = [f"{str(at).split(' between ')[0]} {moved[at]:+.2f} ± {error[at]:.2f}" for at in moved.index]
        print(f"{name}: {'; '.join(said)}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["shifts"]:
        shifts(int((sys.argv[2:3] or ["40"])[0]))
        sys.exit()
    deal(int((sys.argv[1:2] or ["200"])[0]))
