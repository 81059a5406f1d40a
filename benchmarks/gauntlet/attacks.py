"""What the two arms of a cohort differ in; in none of the attacks by a contact between types."""

from __future__ import annotations

from dataclasses import replace

from gauntlet.tissue import Arm

BASE = Arm()
WRONG = "10 % of labels wrong"
ATTACKS: dict[str, tuple[Arm, Arm]] = {
    "infiltration depth 60 v 200 µm": (BASE, replace(BASE, depth_um=200.0)),
    "steepness of a gradient in the stroma ×3": (BASE, replace(BASE, steepness=3.0)),
    "CD8 ×3": (BASE, replace(BASE, folds=(("CD8", 3.0),))),
    "cell density ×1.5": (BASE, replace(BASE, cells=6000, area_per_cell=118.0 / 1.5)),
    "aggregates 2 v 6, a third larger": (BASE, replace(BASE, aggregates=6.0, aggregate_um=45.0)),
    "masks shifted by 20 µm": (BASE, replace(BASE, mask_shift_um=20.0)),
    "area ×3": (BASE, replace(BASE, cells=12000)),
    "holes of a fifth of the area": (BASE, replace(BASE, holes=0.2)),
    "rare types, 5 v 12 cells": (replace(BASE, rare=5), replace(BASE, rare=12)),
    WRONG: (BASE, replace(BASE, wrong=0.1)),
    "10 % of labels copied from a neighbour": (BASE, replace(BASE, copied=0.1)),
}
# what no null on labels can survive: it looks like contact because it is one, of pixels
NOT_SURVIVED = ("10 % of labels copied from a neighbour",)

MIXED = replace(BASE, mixed=True)
PLANTED_PAIRS = (("CD8", "Treg", 1.0), ("CD8", "Tumour", -0.5))  # times the size
SIZES = (0.3, 0.5, 0.8)


def planted(size: float) -> Arm:
    """The arm in which two pairs have a contact effect: CD8–Treg of `size`, CD8–Tumour of minus half of it."""
    return replace(MIXED, contacts=tuple((a, b, sign * size) for a, b, sign in PLANTED_PAIRS))
