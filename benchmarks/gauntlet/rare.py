"""Pairs with a type of which a ROI has 2 to 6 cells: what a subject must hold to be worth comparing."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial

import numpy as np

from gauntlet.attacks import MIXED
from gauntlet.cohorts import compare
from gauntlet.pools import PAIRS, features_of, kept, values_of
from gauntlet.tables import ALPHA, DESIGNS, Run
from gauntlet.tissue import RARE, TYPES, Arm, make_mouse, make_roi
from tumint import keys as k
from tumint.response.design.subjects import Least

ROIS = 6
CELLS = 2000
LEAST = (0.5, 1.0, 2.0, 4.0, 8.0)  # information that a subject must hold
BEFORE = 10  # cells of either type that a ROI had to have, one by one
SIZE = 0.8
NULLS = (k.LOCAL,)
WAYS = {
    (k.LOCAL, k.FAMILY_INTERACTION): "odds ratio, local, all pairs (primary)",
    (k.LOCAL, k.FAMILY_CONTACT): "log ratio, local",
}
FEW = replace(MIXED, cells=CELLS, rare=4)
CONTACT = replace(FEW, contacts=(("CD8", "Treg", SIZE),))
OF_RARE = [i for i, pair in enumerate(PAIRS) if set(pair.split("|")) & set(RARE)]


def animal(arm: Arm, seed: int, i: int) -> np.ndarray:
    """Values and errors by threshold (thresholds × ways × pairs × 2), and last whether today's rule had kept a ROI."""
    rng = np.random.default_rng([seed, i, *hashlib.sha256(repr(arm).encode()).digest()[:4]])
    mouse = make_mouse(rng)
    rois = [make_roi(rng, arm, mouse) for _ in range(ROIS)]
    features = features_of(rois, nulls=NULLS)
    values = [values_of(features, list(WAYS), PAIRS, Least(least)) for least in LEAST]
    many = np.array([np.bincount(roi.labels, minlength=len(TYPES)) >= BEFORE for roi in rois])
    first, second = np.triu_indices(len(TYPES))
    before = (many[:, first] & many[:, second]).any(axis=0)
    kept_before = np.broadcast_to(before[None, :, None], values[0].shape).astype(float)
    return np.stack([*values, kept_before])


def rare(run: Run) -> str:
    """Thresholds of information, of pairs with a rare type: how many are tested, calibration, power."""
    arms = [_animals(run, arm, seed) for arm, seed in ((FEW, 1), (FEW, 2), (CONTACT, 2))]
    before = np.mean([one[:, -1, 0][:, OF_RARE, 0].mean() for one in arms])
    lines = [_RARE.format(run=run, cells=CELLS, rois=ROIS, size=SIZE, before=BEFORE, share=f"{100 * before:.0f}")]
    at = PAIRS.index("CD8|Treg")
    for w, ((_, family), label) in enumerate(WAYS.items()):
        for t, least in enumerate(LEAST):
            values = [(np.moveaxis(one[:, t, w, :, 0], 0, -1), np.moveaxis(one[:, t, w, :, 1], 0, -1)) for one in arms]
            there = np.mean([np.isfinite(one[0][OF_RARE]).mean() for one in values])
            cells = [f"{100 * there:.0f} %"]
            for n in DESIGNS:
                null = compare(values[0], values[1], family, PAIRS, n, run.cohorts).p[:, OF_RARE]
                found = compare(values[0], values[2], family, PAIRS, n, run.cohorts).p[:, at]
                tested = np.isfinite(null)
                cells += [f"{(null < ALPHA).sum() / max(tested.sum(), 1):.3f}", f"{(found < ALPHA).mean():.2f}"]
            lines.append(f"| {label} | {least:g} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _animals(run: Run, arm: Arm, seed: int) -> np.ndarray:
    name = hashlib.sha256(f"{arm!r}/{ROIS}/{seed}".encode()).hexdigest()[:16]
    return kept(run.keep / f"rare-{name}.npy", partial(animal, arm, seed), run.animals, run.workers)


_RARE = """Simulated as for the attacks, {rois} ROIs of {cells:,} cells per animal with 4 regulatory T and 4 dendritic
cells each on average. A subject must hold so much information on a pair over all its ROIs
(`response.min_information`, 2 unless the config says otherwise). Share of subjects × pairs with a rare type that have a
value, share of p < 0.05 without contact effect (tested pairs with a rare type, {run.cohorts} cohorts), and power for a
CD8–Treg contact of {size}. The rule before, at least {before} cells of either type in each ROI, kept {share} % of them.

| measured by | information | have a value | 4 v 4: no effect | power | 6 v 6: no effect | power |
|---|---|---|---|---|---|---|"""
