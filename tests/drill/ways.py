"""Barriers on simulated cohorts: is a planted one called, and none where arms differ in all but who stands in the way?

`python tests/drill/ways.py [COHORTS]` (200 of each kind, 4 v 4 animals × 2 ROIs). The tissue is that of `placed.py`,
which knows nothing of ways: labels are drawn by place alone, so nobody stands between two others more often than that.
Attacks change one arm: depth of CD8, their number inside, the tumour's area, the number of macrophages, of all cells.
Planted: in one arm, macrophages change places with cells that stand beside a CD8 cell, nearer to the tumour.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from placed import CELLS, CONFIG, ROIS, TYPES, Arm, roi
from scipy.spatial import cKDTree

from tumint import keys as k
from tumint.config.response import Contrast, ResponseConfig
from tumint.io import contracts
from tumint.neighbourhood.barriers import barrier_features
from tumint.neighbourhood.graph import delaunay
from tumint.response.compare import compare
from tumint.response.design import groups

SUBJECTS = 4
CD8, MACROPHAGES, TUMOUR = (TYPES.index(name) for name in ("CD8 T cells", "Macrophages", "Tumour cells"))
WAY = ("CD8 T cells", "Tumour cells")


@dataclass(frozen=True)
class Kind:
    """How the treated arm differs: place of types, log of their number, factor on cells, macrophages beside CD8."""

    arm: Arm = Arm()  # noqa: RUF009
    types: dict[int, float] = field(default_factory=dict)
    cells: float = 1.0
    beside: float = 0.0


KINDS = {
    "nothing": Kind(),
    "depth of CD8 ×10": Kind(Arm(length=10.0)),
    "CD8 inside ×3": Kind(Arm(inside=3.0)),
    "area of the tumour ×0.5": Kind(Arm(area=0.5)),
    "macrophages ×2": Kind(types={MACROPHAGES: np.log(2)}),
    "cells ×1.5": Kind(cells=1.5),
    "planted": Kind(beside=0.5),
}


def image(rng: np.random.Generator, kind: Kind, log_types: np.ndarray, log_area: float) -> tuple[np.ndarray, ...]:
    """`xy`, `labels`, `domain` (0 tumour, 1 interface, 2 outside) of the cells of a ROI."""
    own = log_types.copy()
    for which, more in kind.types.items():
        own[which] += more
    xy, labels, true = roi(rng, kind.arm, own, log_area, round(CELLS * kind.cells))
    domain = np.digitize(true, [-CONFIG.interface_um, CONFIG.interface_um])
    if kind.beside:
        _stand_in_the_way(rng, xy, labels, true, domain, kind.beside)
    return xy, labels, domain


def _stand_in_the_way(
    rng: np.random.Generator, xy: np.ndarray, labels: np.ndarray, true: np.ndarray, domain: np.ndarray, share: float
) -> None:
    """Macrophages change places with this share of the cells before a CD8 cell, within each domain."""
    cd8 = np.flatnonzero(labels == CD8)
    beside = cKDTree(xy).query_ball_point(xy[cd8], 16.0)
    before = {i for at, near in zip(cd8, beside, strict=True) for i in near if true[i] < true[at]}
    open_to = np.array(sorted(before), dtype=int)
    open_to = open_to[~np.isin(labels[open_to], [CD8, TUMOUR, MACROPHAGES]) & (rng.random(len(open_to)) < share)]
    for which in np.unique(domain):
        there = open_to[domain[open_to] == which]
        far = np.setdiff1d(np.flatnonzero((labels == MACROPHAGES) & (domain == which)), sorted(before))
        taken = rng.permutation(far)[: len(there)]  # as many of each type as there were
        labels[taken], labels[there[: len(taken)]] = labels[there[: len(taken)]], MACROPHAGES


def effects(seed: list[int], kind: Kind) -> pd.DataFrame:
    """The comparison of the two arms of a cohort."""
    rng, sheet, found = np.random.default_rng(seed), [], []
    for which, arm in enumerate((Kind(), kind)):
        for i in range(SUBJECTS):
            own, area = rng.normal(0, 0.25, len(TYPES)), rng.normal(0, 0.15)
            for j in range(ROIS):
                name = f"{'vt'[which]}{i}_{j}"
                xy, labels, domain = image(rng, arm, own + rng.normal(0, 0.15, len(TYPES)), area + rng.normal(0, 0.15))
                graph = delaunay(xy)
                found.append(barrier_features(name, graph, labels, TYPES, [WAY], domain))
                sheet.append((name, f"{'vt'[which]}{i}", ("vehicle", "treated")[which]))
    rows = pd.DataFrame(sheet, columns=[k.SAMPLE, k.SUBJECT, "arm"])
    contrast = Contrast(name="arms", column="arm", reference="vehicle", group="treated")
    design = groups.build(rows, contrast, "sheet")
    table = contracts.joined(found, contracts.FEATURES)
    return compare(table, design, ResponseConfig(contrasts=[contrast]), 0, beside=()).effects


def main(cohorts: int) -> int:
    """A row per kind: share of p < 0.05 of all types and of the worst, and of cohorts with any q < 0.1."""
    bad = False
    for number, (name, kind) in enumerate(KINDS.items()):
        tables = [effects([5000 + i, number], kind) for i in range(cohorts)]
        p = pd.DataFrame([table.set_index(k.FEATURE)["p"] for table in tables])
        shares = (p < 0.05).mean()
        any_q = np.mean([(table["q"] < 0.1).any() for table in tables])
        planted = shares[f"Macrophages between {WAY[0]} and {WAY[1]}"]
        said = (
            f"{shares.mean():.3f} of p < 0.05 (worst {shares.max():.3f}, {shares.idxmax()}); any q < 0.1 in {any_q:.2f}"
        )
        print(f"{name}: {said} of {cohorts} cohorts; macrophages {planted:.3f}", flush=True)
        bad |= name == "nothing" and not 0.03 <= shares.mean() <= 0.07
    return int(bad)


if __name__ == "__main__":
    sys.exit(main(int((sys.argv[1:2] or ["200"])[0])))
