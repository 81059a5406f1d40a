"""Subject values of many simulated animals, by the code that a user's cohort goes through; kept on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from gauntlet.tissue import PARENTS, TYPES, Arm, Roi, make_mouse, make_roi

from tumint import keys as k
from tumint.neighbourhood.contacts import Tissue, contact_odds
from tumint.neighbourhood.graph import Graph, delaunay
from tumint.neighbourhood.levels import Level, level, parent_codes
from tumint.neighbourhood.scores import Method, score_image
from tumint.pair_features import odds_features, part_features
from tumint.response.subjects import Least, subject_values

ROIS = 3
NULLS = (k.GLOBAL, k.WITHIN_DOMAIN, k.LOCAL, k.PARENT_LOCAL)
FITTED = (k.LOCAL, k.PARENT_LOCAL)  # nulls whose odds ratios are wanted
# null and family of every way to measure a pair, and how it is called
WAYS = {
    (k.GLOBAL, k.FAMILY_CONTACT): "log ratio, image",
    (k.WITHIN_DOMAIN, k.FAMILY_CONTACT): "log ratio, domain",
    (k.LOCAL, k.FAMILY_CONTACT): "log ratio, local",
    (k.PARENT_LOCAL, k.FAMILY_CONTACT): "log ratio, parent × local",
    (k.PARENT_LOCAL, k.FAMILY_PAIRWISE): "odds ratio, parent × local, pair by pair",
    (k.LOCAL, k.FAMILY_PAIRWISE): "odds ratio, local, pair by pair",
    (k.LOCAL, k.FAMILY_INTERACTION): "odds ratio, local, all pairs (primary)",
}
PAIRS = [f"{TYPES[a]}|{TYPES[b]}" for a, b in zip(*np.triu_indices(len(TYPES)), strict=True)]
Pool = Mapping[tuple[str, str], tuple[np.ndarray, np.ndarray]]  # way → values and standard errors (pairs × animals)


def features_of(rois: list[Roi], nulls: tuple[str, ...] = NULLS) -> dict[str, pd.DataFrame]:
    """Features of one animal under every null: `contracts.FEATURES`."""
    names = sorted(TYPES)
    code = np.array([names.index(name) for name in TYPES])
    parents = parent_codes(names, PARENTS)
    images = [(roi.xy, code[roi.labels], roi.domains, delaunay(roi.xy)) for roi in rois]
    found = {}
    for null in nulls:
        tables, tissues = [], []
        for i, (xy, labels, domains, graph) in enumerate(images):
            mine, tissue = (level(name, f"r{i}", xy, labels, domains, parents) for name in (null, k.WITHIN_DOMAIN))
            tables.append(_scores(f"r{i}", graph, labels, names, mine, tissue))
            tissues.append(Tissue(f"r{i}", xy, labels, graph, mine.rules))
        parts = [part_features(pd.concat(tables, ignore_index=True), symmetric=True)]
        if null in FITTED:
            odds = contact_odds(tissues, len(names), joint=null == k.LOCAL)
            whole = pd.concat([pd.concat(pair, axis=1) for pair in zip(tables, odds, strict=True)], ignore_index=True)
            families = (k.FAMILY_PAIRWISE, *((k.FAMILY_INTERACTION,) if null == k.LOCAL else ()))
            parts += [odds_features(whole, family) for family in families]
        found[null] = pd.concat(parts, ignore_index=True)
    return found


def _scores(
    sample: str, graph: Graph, labels: np.ndarray, names: list[str], mine: Level, domains: Level
) -> pd.DataFrame:
    # no p of single images is looked at: permutations for rare pairs would only cost time
    return score_image(sample, graph, labels, names, Method(permutations=1), mine, domains)


def animal(arm: Arm, seed: int, i: int) -> dict[str, np.ndarray]:
    """Values and standard errors of every way (ways × pairs × 2) of animal `i`."""
    rng = np.random.default_rng([seed, i, *hashlib.sha256(repr(arm).encode()).digest()[:4]])
    mouse = make_mouse(rng)
    rois = [make_roi(rng, arm, mouse) for _ in range(ROIS)]
    subject = pd.Series("s", index=[f"r{j}" for j in range(ROIS)])
    out = np.full((len(WAYS), len(PAIRS), 2), np.nan)
    order = {"|".join(sorted(pair.split("|"))): j for j, pair in enumerate(PAIRS)}
    for null, features in features_of(rois).items():
        values = subject_values(features, subject, Least())
        for (of, family), w in zip(WAYS, range(len(WAYS)), strict=True):
            if of != null:
                continue
            rows = values[values[k.FAMILY] == family]
            at = [order[name] for name in rows[k.FEATURE]]
            out[w, at] = rows[[k.VALUE, k.SE]].to_numpy(dtype=float)
    return {"values": out}


def pool(arm: Arm, animals: int, seed: int, workers: int, keep: Path) -> Pool:
    """`animals` of an arm; those that an earlier run has kept are not made again."""
    name = hashlib.sha256(f"{arm!r}/{ROIS}/{seed}".encode()).hexdigest()[:16]
    path = keep / f"{name}.npy"
    kept = np.load(path) if path.is_file() else np.empty((0, len(WAYS), len(PAIRS), 2))
    if len(kept) < animals:
        keep.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as processes:
            more = list(processes.map(partial(animal, arm, seed), range(len(kept), animals), chunksize=4))
        kept = np.concatenate([kept, [one["values"] for one in more]])
        np.save(path, kept)
    whole = np.moveaxis(kept[:animals], 0, -1)  # ways × pairs × 2 × animals
    return {way: (whole[w, :, 0], whole[w, :, 1]) for w, way in enumerate(WAYS)}
