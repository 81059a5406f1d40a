"""Is a planted niche called, and is nothing where there is none? `python benchmarks/validate_niches.py [200 [20]]`

Simulated cohorts of 6 against 6 animals, of 2,000 cells in one ROI each. Tissue is made of tumour and stroma in patches
whose shares differ from animal to animal; a niche of lymphocytes, 2 % of the cells of an average animal, lies in round
spots. In cohorts with an effect the treated have three times as much of it. The generator places regions and then
types, and knows nothing of windows, which hold the 15 nearest; 8 niches are stated. Printed: how often p is below 0.05
(that of niches, of types in niches, of places), and how often the niche is found (F1 of its cells) and called, at
q < 0.1, by itself and at the places that lie in it.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree
from threadpoolctl import threadpool_limits

from tumint import keys as k
from tumint.config.response import Contrast, ResponseConfig
from tumint.neighbourhood.image import make_image
from tumint.neighbourhood.niches import learn
from tumint.neighbourhood.niches.features import niche_features
from tumint.neighbourhood.niches.sketch import place_counts
from tumint.neighbourhood.niches.windows import Window
from tumint.response.abundance import abundance
from tumint.response.compare import compare
from tumint.response.design import groups

TYPES = ["B cells", "CD4 T cells", "CD8 T cells", "Fibroblasts", "Macrophages", "Tumour cells"]
REGIONS = np.array(
    [
        [0.01, 0.02, 0.05, 0.04, 0.08, 0.80],  # tumour
        [0.03, 0.07, 0.08, 0.42, 0.30, 0.10],  # stroma
        [0.04, 0.05, 0.10, 0.10, 0.46, 0.25],  # margin
        [0.52, 0.30, 0.10, 0.03, 0.04, 0.01],  # lymphocytes
    ]
)
WINDOW = Window(nearest=15)
ANIMALS, CELLS, SIDE = 12, 2000, 560.0
CONTRAST = Contrast(name="c", column="arm", reference="vehicle", group="treated")


def tissue(rng: np.random.Generator, share: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places, types and regions of an animal with this share of lymphocytes' spots."""
    xy = rng.random((CELLS, 2)) * SIDE
    seeds = rng.random((14, 2)) * SIDE
    weight = rng.dirichlet([6, 4, 3])
    region = rng.choice(3, 14, p=weight)[cKDTree(seeds).query(xy)[1]]
    left = int(rng.poisson(share * CELLS))
    while left > 0:
        spot = min(left, int(rng.integers(25, 50)))
        region[np.argsort(np.square(xy - rng.random(2) * SIDE).sum(axis=1))[:spot]] = 3
        left -= spot
    types = (REGIONS[region].cumsum(axis=1) < rng.random((CELLS, 1))).sum(axis=1).clip(max=len(TYPES) - 1)
    return xy, types, region


def cohort(seed: int, times: float, window: Window = WINDOW, numbers: tuple[int, ...] = (8,)) -> dict[str, float]:
    """One cohort: p of all tests, and of the niche that was planted how well it is found and what is said of it."""
    rng = np.random.default_rng(seed)
    arm = np.repeat([0, 1], ANIMALS // 2)
    images, windows, truth, drawn = [], [], [], []
    for i in range(ANIMALS):
        share = 0.02 * rng.gamma(6, 1 / 6) * (times if arm[i] else 1.0)
        xy, types, region = tissue(rng, share)
        one = make_image(f"s{i:02d}", xy, types)
        counts = window.counts(one, len(TYPES))
        images.append(one)
        windows.append(counts)
        truth.append(region[one.ids] == 3)
        drawn.append(learn.draw(one.sample, f"m{i:02d}", one.ids, one.labels, counts, CELLS, 0))
    tables = learn.learn(learn.Sketch.of(drawn, 1500), TYPES, learn.Settings(25, numbers, resamples=3, most=8), seed)
    learned = learn.Learned.from_tables(*tables[:2], TYPES)
    niche = [learned.of(counts) for counts in windows]
    features = pd.concat(
        [
            niche_features(one.sample, one.labels, own, counts, TYPES, learned.names, [])
            for one, own, counts in zip(images, niche, windows, strict=True)
        ]
    )
    sheet = pd.DataFrame({k.SAMPLE: [one.sample for one in images], k.SUBJECT: [f"m{i:02d}" for i in range(ANIMALS)]})
    sheet["arm"] = np.where(arm, "treated", "vehicle")
    design = groups.build(sheet, CONTRAST, "sheet")
    effects = compare(features, design, ResponseConfig(contrasts=[CONTRAST]), 0, beside=()).effects
    shares = effects[effects[k.FAMILY] == k.FAMILY_NICHE].set_index(k.FEATURE)
    places = place_counts(learn.Sketch.of(drawn, 1000), learned, 200, 96)
    found = abundance(places, design, 2)
    inside, whole = np.concatenate(truth), np.concatenate(niche)
    # the niche that holds the planted one best, by F1
    hits = np.array([2 * (inside & (whole == m)).sum() / (inside.sum() + (whole == m).sum()) for m in set(whole)])
    best = int(hits.argmax())
    row = shares.loc[learned.names[best]]
    planted = np.array(
        [truth[int(s[1:])][images[int(s[1:])].ids == c][0] for s, c in zip(found.at_sample, found.at_cell, strict=True)]
    )
    return {
        "niches": len(learned.names),
        "f1": hits.max(),
        "niche_p": float((shares["p"] < 0.05).mean()),
        "any_niche": float((shares["q"] < 0.1).any()),
        "type_p": float((effects.loc[effects[k.FAMILY] == k.FAMILY_TYPE_IN_NICHE, "p"].dropna() < 0.05).mean()),
        "called": float(row["q"] < 0.1 and row["effect"] > 0),
        "place_p": float((found["p"] < 0.05).mean()),
        "any_place": float((found["q"] < 0.1).any()),
        "places_called": float((found.loc[planted, "q"] < 0.1).mean()) if planted.any() else np.nan,
    }


if __name__ == "__main__":
    number, with_effect = (int(value) for value in (*sys.argv[1:], 200, 20)[:2])
    with threadpool_limits(1):
        for name, times, many in (("no effect", 1.0, number), ("three times as much", 3.0, with_effect)):
            rows = []
            for seed in range(many):
                rows.append(cohort(seed + int(1000 * times), times))
                if (seed + 1) in (5, 20, 50, 100, many):
                    said = "  ".join(f"{key} {value:.3f}" for key, value in pd.DataFrame(rows).mean().items())
                    print(f"{name}, {seed + 1} cohorts: {said}", flush=True)
