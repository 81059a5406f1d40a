"""Subject values of many simulated animals, by the code that a user's cohort goes through; kept on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
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
from tumint.response.design.subjects import Least, subject_values

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
Values = tuple[np.ndarray, np.ndarray]  # values and standard errors (pairs × animals)
_LEAST = Least()
Pool = Mapping[tuple[str, str], Values]


def features_of(
    rois: Sequence[Roi],
    types: Sequence[str] = TYPES,
    parents: Mapping[str, list[str]] = PARENTS,
    nulls: Sequence[str] = NULLS,
    fitted: Sequence[str] = FITTED,
    tiles: bool = True,
) -> dict[str, pd.DataFrame]:
    """Features of one animal under every null: `contracts.FEATURES`. Labels of `rois` are codes of `types`.

    Odds ratios are fitted under the nulls `fitted`. With `tiles` local log ratios are those against permutations in
    tiles, as of single images; else against the cells nearby, as of the parts of a difference.
    """
    names = sorted(types)
    code = np.array([names.index(name) for name in types])
    of = parent_codes(names, parents)
    images = [(roi.xy, code[roi.labels], roi.domains, delaunay(roi.xy)) for roi in rois]
    found = {}
    for null in nulls:
        tables, tissues = [], []
        for i, (xy, labels, domains, graph) in enumerate(images):
            mine, tissue = (level(name, f"r{i}", xy, labels, domains, of) for name in (null, k.WITHIN_DOMAIN))
            mine = replace(mine, nearby=None) if tiles else mine
            tables.append(_scores(f"r{i}", graph, labels, names, mine, tissue))
            tissues.append(Tissue(f"r{i}", xy, labels, graph, mine.rules))
        parts = [part_features(pd.concat(tables, ignore_index=True), symmetric=True)]
        if null in fitted:
            odds = contact_odds(tissues, len(names), joint=null == k.LOCAL)
            whole = pd.concat([pd.concat(pair, axis=1) for pair in zip(tables, odds, strict=True)], ignore_index=True)
            families = (k.FAMILY_PAIRWISE, *((k.FAMILY_INTERACTION,) if null == k.LOCAL else ()))
            parts += [odds_features(whole, family) for family in families]
        found[null] = pd.concat(parts, ignore_index=True)
    return found


def values_of(
    features: Mapping[str, pd.DataFrame], ways: Sequence[tuple[str, str]], pairs: Sequence[str], least: Least = _LEAST
) -> np.ndarray:
    """Values and standard errors of one animal (ways × pairs × 2); missing where the animal says nothing."""
    out = np.full((len(ways), len(pairs), 2), np.nan)
    order = {"|".join(sorted(pair.split("|"))): j for j, pair in enumerate(pairs)}
    for null, table in features.items():
        subject = pd.Series("s", index=sorted(table[k.SAMPLE].unique()))
        values = subject_values(table, subject, least)
        for w, (of, family) in enumerate(ways):
            if of == null:
                rows = values[values[k.FAMILY] == family]
                out[w, [order[name] for name in rows[k.FEATURE]]] = rows[[k.VALUE, k.SE]].to_numpy(dtype=float)
    return out


def _scores(
    sample: str, graph: Graph, labels: np.ndarray, names: list[str], mine: Level, domains: Level
) -> pd.DataFrame:
    # no p of single images is looked at: permutations for rare pairs would only cost time
    return score_image(sample, graph, labels, names, Method(permutations=1), mine, domains)


def animal(arm: Arm, seed: int, i: int) -> np.ndarray:
    """Values and standard errors of every way (ways × pairs × 2) of animal `i`."""
    rng = np.random.default_rng([seed, i, *hashlib.sha256(repr(arm).encode()).digest()[:4]])
    mouse = make_mouse(rng)
    return values_of(features_of([make_roi(rng, arm, mouse) for _ in range(ROIS)]), list(WAYS), PAIRS)


def pool(arm: Arm, animals: int, seed: int, workers: int, keep: Path) -> Pool:
    """`animals` of an arm; those that an earlier run has kept are not made again."""
    name = hashlib.sha256(f"{arm!r}/{ROIS}/{seed}".encode()).hexdigest()[:16]
    whole = np.moveaxis(kept(keep / f"{name}.npy", partial(animal, arm, seed), animals, workers), 0, -1)
    return {way: (whole[w, :, 0], whole[w, :, 1]) for w, way in enumerate(WAYS)}


def kept(path: Path, one: Callable[[int], np.ndarray], number: int, workers: int) -> np.ndarray:
    """`one(0)` … `one(number - 1)`, stacked; those in the file are read, the others made and added to it."""
    done = [np.load(path)[:number]] if path.is_file() else []
    have = len(done[0]) if done else 0
    if have < number:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as processes:
            done.append(np.stack(list(processes.map(one, range(have, number), chunksize=4))))
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.concatenate(done))
    return np.concatenate(done)
