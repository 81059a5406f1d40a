"""Markers, positivity and states by contact on SIMULATED cohorts, into docs/validation.md: `make states`.

Without effect: share of p < 0.05 by family. Planted: each effect found, with its sign and inside its interval.
Spillover: no state by contact is called.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import document
import numpy as np
import pandas as pd
import states as made

from tumint import keys as k
from tumint.config.response import Contrast, ResponseConfig
from tumint.neighbourhood.contact_states import Contacts, contact_features
from tumint.neighbourhood.distances import distance_table
from tumint.neighbourhood.features import distance_features
from tumint.neighbourhood.markers import LEAST, against_cohort, marker_features
from tumint.neighbourhood.statistics import Cells, image_features
from tumint.response.compare import compare
from tumint.response.design import groups

CONTRAST = Contrast(name="treated_vs_vehicle", column="arm", reference="vehicle", group="treated")
CONFIG = ResponseConfig(contrasts=[CONTRAST])
SUBTYPES = ("PD1+ CD8 T cells", "PD1- CD8 T cells", "CXCL9+ Dendritic cells", "CXCL9- Dendritic cells", *made.TYPES[2:])
NEAR = (k.FAMILY_DISTANCE, "PD1+ CD8 T cells|CXCL9+ Dendritic cells")
FOLD = (k.FAMILY_MARKER, "Ki67 of Tumour cells in tumour")
RISE = (k.FAMILY_STATE, "PD1|CD8 T cells|Tumour cells")
PLANTED = made.Plan(fold={("Tumour cells", "Ki67", "tumour"): 2.0}, rise={("PD1", "CD8 T cells", "Tumour cells"): 0.25})
DRAWN = made.Plan(near=2.0)
TITLE = "Markers and states: no effect, planted effects, spillover"


def features(images: dict[str, made.Image], *, subtypes: bool = True) -> pd.DataFrame:
    """All families of markers and states, and of the distances and shares of types that states make."""
    parts = []
    for sample, image in images.items():
        states, lineage = image.columns(made.STATES), image.columns(made.LINEAGE)
        parts.append(marker_features(sample, image.labels, made.TYPES, image.domains, states, made.GATES))
        strata = (image.domains == "tumour").astype(np.int64)
        contacts = Contacts(sample, image.labels, strata, image.graph, made.TYPES)
        parts.append(contact_features(contacts, states, lineage, made.GATES))
        if subtypes:
            labels = _subtyped(image, states)
            distances = distance_table(sample, image.xy, labels, SUBTYPES, 1, strata)
            parts += [distance_features(distances), image_features(Cells(sample, image.xy, labels, SUBTYPES))]
    return against_cohort(pd.concat(parts, ignore_index=True))


def _subtyped(image: made.Image, states: dict[str, np.ndarray]) -> np.ndarray:
    """Labels with PD-1 of CD8 T cells and CXCL9 of dendritic cells told apart."""
    down = [states[marker] < made.GATES[marker] for marker in ("PD1", "CXCL9")]
    return np.select([image.labels == 0, image.labels == 1], [down[0], 2 + down[1]], image.labels + 2).astype(np.int64)


def effects(seed: int, plan: made.Plan, *, subtypes: bool = True, **size: int) -> pd.DataFrame:
    """Effects of one cohort."""
    sheet, images = made.cohort(seed, plan, **size)
    return compare(
        features(images, subtypes=subtypes), groups.build(sheet, CONTRAST, "sheet"), CONFIG, seed, beside=()
    ).effects


def no_effect(cohorts: int) -> str:
    """Share of p < 0.05 and of cohorts with a finding, by family."""
    rows = []
    for seed in range(cohorts):
        found = effects(seed, made.Plan())
        tested = found[found["p"].notna()]
        by = tested.groupby(k.FAMILY).agg(low=("p", lambda p: (p < 0.05).mean()), hit=("q", lambda q: (q < 0.1).any()))
        rows.append(by.reset_index())
    table = pd.concat(rows).groupby(k.FAMILY).mean()
    lines = [f"| `{name}` | {row['low']:.3f} | {row['hit']:.2f} |" for name, row in table.iterrows()]
    head = "| family | share of p < 0.05 | cohorts with q < 0.1 |\n|---|---|---|"
    return "\n".join([f"No effect, {cohorts} cohorts of 6 v 6 animals, one image of 1,500 cells each:\n", head, *lines])


def planted(seeds: int) -> str:
    """Each planted effect: found at q < 0.1, its sign, and whether its interval covers it."""
    # where high PD-1 goes beside CXCL9-high dendritic cells, the change of the chance is known from many animals
    many = effects(1000, DRAWN, per_arm=60).set_index([k.FAMILY, k.FEATURE])
    level = made.LEVELS[4, 2]
    truths: list[tuple[str, made.Plan, tuple[str, str], float]] = [
        ("Ki67 × 2 in tumour cells of the tumour", PLANTED, FOLD, float(np.log((2 * level + LEAST) / (level + LEAST)))),
        ("PD-1 + 0.25 in CD8 T cells that touch tumour cells", PLANTED, RISE, 0.25),
        ("PD-1+ CD8 T cells nearer to CXCL9+ dendritic cells", DRAWN, NEAR, float(many.loc[NEAR, "effect"])),
    ]
    lines = []
    found = {  # of one plan at a time: two effects are planted in it
        id(plan): [effects(2000 + seed, plan, rois=2).set_index([k.FAMILY, k.FEATURE]) for seed in range(seeds)]
        for plan in (PLANTED, DRAWN)
    }
    for name, plan, key, truth in truths:
        rows = [table.loc[key] for table in found[id(plan)]]
        hit = sum(row["q"] < 0.1 for row in rows)
        sign = sum(row["effect"] * truth > 0 for row in rows)
        inside = sum(row["ci_low"] <= truth <= row["ci_high"] for row in rows)
        mean = np.mean([row["effect"] for row in rows])
        lines.append(f"| {name} | {truth:.3f} | {mean:.3f} | {hit} | {sign} | {inside} |")
    head = "| planted | truth | mean estimate | found | right sign | inside its interval |\n|---|---|---|---|---|---|"
    said = f"Planted, {seeds} seeds, 6 v 6 animals of two images (counts of seeds):\n"
    return "\n".join([said, head, *lines])


def spillover(cohorts: int) -> str:
    """Share of cohorts in which a state by contact is called where nothing but spillover is there."""
    lines = []
    hard = made.Plan(fold={("Tumour cells", "Ki67", "tumour"): 2.0}).fold  # the neighbours' own level differs too
    for how, fold in (
        ("mean", {}),
        ("near", {}),
        ("uneven", {}),
        ("treated", {}),
        ("blur", {}),
        ("merged", {}),
        ("mean", hard),
    ):
        shares = []
        for spill in (0.05, 0.1, 0.2):
            plan = made.Plan(spill=spill, how=how, fold=fold)
            called = [
                (found.loc[found[k.FAMILY] == k.FAMILY_STATE, "q"] < 0.1).any()
                for seed in range(cohorts)
                for found in [effects(3000 + seed, plan, subtypes=False)]
            ]
            shares.append(f"{np.mean(called):.2f}")
        words = f"{WORDS[how]}{', and Ki67 of tumour cells doubled in treated' if fold else ''}"
        lines.append(f"| {words} | {' | '.join(shares)} |")
    head = "| spillover of the neighbours' signal | 5 % | 10 % | 20 % |\n|---|---|---|---|"
    said = f"Spillover alone, share of {cohorts} cohorts with a state by contact at q < 0.1:\n"
    return "\n".join([said, head, *lines])


WORDS = {
    "mean": "the same from all that touch",
    "near": "the nearer the more",
    "uneven": "another share for every marker and image (0.5 to 1.5 times)",
    "treated": "in treated animals alone",
    "blur": "light that spreads over some µm, across cells that are no neighbours too",
    "merged": "so many cells that are cut wrongly and take in one neighbour whole",
}
PARTS: dict[str, tuple[Callable[[int], str], int]] = {
    "planted": (planted, 20),
    "spillover": (spillover, 20),
    "none": (no_effect, 200),
}


def main() -> None:
    """Run the parts and write them down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(PARTS), nargs="*", default=list(PARTS))
    parser.add_argument("--cohorts", type=int, help="in place of 20, 20 and 200")
    parser.add_argument("--out", type=Path, help="docs/validation.md; without it the text is only printed")
    a = parser.parse_args()
    texts = []
    for name in a.only:
        run, usual = PARTS[name]
        texts.append(run(a.cohorts or usual))
        print(texts[-1], end="\n\n", flush=True)
    if a.out:
        about = "SIMULATED cells of five types in two domains (`benchmarks/states.py`; `make states`)."
        document.put(a.out, {TITLE: "\n\n".join([about, *texts])})


if __name__ == "__main__":
    main()
