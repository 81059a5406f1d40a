"""Which part carries a difference of how often two types meet: shared domains, shared regions, or contact."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from gauntlet.attacks import ATTACKS, MIXED, planted
from gauntlet.cohorts import Compared, compare
from gauntlet.pools import PAIRS, ROIS, Values, features_of, kept, values_of
from gauntlet.tables import ALPHA, Run
from gauntlet.tissue import Arm, make_mouse, make_roi
from tumint import keys as k

PARTS = (k.FAMILY_SHARED_DOMAIN, k.FAMILY_SHARED_REGION, k.FAMILY_CONTACT)
FAMILIES = (k.FAMILY_TOTAL, *PARTS)
N = 6  # animals of an arm of a cohort
SIZE = 0.8  # planted log odds per contact
DESIGNS: dict[str, tuple[tuple[Arm, Arm], str]] = {
    **{name: (ATTACKS[name], "") for name in ATTACKS if name.startswith(("infiltration", "aggregates"))},
    f"contact planted, CD8–Treg +{SIZE:g}": ((MIXED, planted(SIZE)), "CD8|Treg"),
    f"contact planted, CD8–Tumour −{SIZE / 2:g}": ((MIXED, planted(SIZE)), "Tumour|CD8"),
}


def animal(arm: Arm, seed: int, i: int) -> np.ndarray:
    """Values and standard errors (families × pairs × 2) of animal `i`, under the local null."""
    rng = np.random.default_rng([seed, i, *hashlib.sha256(repr(arm).encode()).digest()[:4]])
    mouse = make_mouse(rng)
    features = features_of([make_roi(rng, arm, mouse) for _ in range(ROIS)], nulls=(k.LOCAL,), fitted=(), tiles=False)
    return values_of(features, [(k.LOCAL, family) for family in FAMILIES], PAIRS)


def _pool(arm: Arm, seed: int, run: Run) -> dict[str, Values]:
    name = hashlib.sha256(f"parts nearby/{arm!r}/{ROIS}/{seed}".encode()).hexdigest()[:16]
    whole = np.moveaxis(kept(run.keep / f"{name}.npy", partial(animal, arm, seed), run.animals, run.workers), 0, -1)
    return {family: (whole[w, :, 0], whole[w, :, 1]) for w, family in enumerate(FAMILIES)}


@dataclass(frozen=True)
class Carried:
    """Of cohorts with a pair whose contacts differ in number, how many differ most by each part; of how many."""

    shares: Sequence[float]  # as `PARTS`
    of_pairs: Sequence[float]
    cohorts: int
    error: float  # largest distance of the sum of the parts from the total

    @classmethod
    def of(cls, found: dict[str, Compared], pair: str) -> Carried:
        """Of the pair that differs most surely in each cohort or, where `pair` is named, of this one."""
        total, effects = found[k.FAMILY_TOTAL], np.stack([found[family].effect for family in PARTS])
        p = np.where(np.isfinite(effects).all(axis=0) & np.isfinite(total.p), total.p, np.inf)
        rows = np.arange(len(p))
        chosen = np.full(len(p), PAIRS.index(pair)) if pair else p.argmin(axis=1)
        there = p[rows, chosen] < ALPHA
        most = np.abs(effects[:, rows, chosen]).argmax(axis=0)[there]
        every = np.abs(effects).argmax(axis=0)[p < ALPHA]
        gap = np.nanmax(np.abs(effects.sum(axis=0) - total.effect)[np.isfinite(p)])
        return cls(
            [float((most == i).mean()) for i in range(len(PARTS))],
            [float((every == i).mean()) for i in range(len(PARTS))],
            int(there.sum()),
            float(gap),
        )


def parts(run: Run) -> str:
    """Attack or planted contact × part: how often it is the largest."""
    rows = []
    for name, (arms, pair) in DESIGNS.items():
        pools = [_pool(arm, seed, run) for seed, arm in enumerate(arms, start=1)]
        found = {
            family: compare(pools[0][family], pools[1][family], family, PAIRS, N, run.cohorts) for family in FAMILIES
        }
        one = Carried.of(found, pair)
        cells = [f"{share:.2f}" for share in one.shares]
        others = [f"{share:.2f}" for share in one.of_pairs]
        rows.append(f"| {name} | {one.cohorts} | {' | '.join(cells)} | {' / '.join(others)} | {one.error:.0e} |")
    return "\n".join([_HEAD.format(run=run, n=N, rois=ROIS, size=SIZE), *rows])


_HEAD = """\
Simulated tissues. {run.cohorts} cohorts of {n} v {n} animals with {rois} ROIs each, dealt from {run.animals} animals of
each arm, so that cohorts share animals. How often two types meet, against chance in the whole image, is the sum of
three parts: what they owe to shared domains, to shared regions within domains, and to contact. The table looks at the
pair that differs most surely in each cohort (p < 0.05 of the total) or at the planted pair, and says which part has the
largest difference between the arms. Beside it, the same of all pairs with p < 0.05. Where a contact with tumour
cells is unlikely, the simulation drives CD8 cells out of the nests, so most of that difference is one of domains: it is
what exclusion looks like.

| arms differ in | cohorts with it | shared domain | shared region | contact | all such pairs | parts off the total by |
|---|---|---|---|---|---|---|"""
