"""At which distance an association lives: contact odds ratios and counts under a reach that shrinks.

What two types owe to the region they share goes as labels are exchanged only between cells that are ever nearer; what
is contact stays. Surroundings are not accounted for here, as they are in the local null: the reach alone does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.kernels.exchange import place_keys
from tumint.neighbourhood.contacts import PAIRWISE, Tissue, contact_odds
from tumint.neighbourhood.levels import Level, Scales, level
from tumint.neighbourhood.nulls import image_key
from tumint.neighbourhood.parts import parts

WHOLE = 0.0  # in place of a reach: all cells of a domain
PARTNERS = 300  # how many cells within its reach a cell could exchange its label with, about, where there are more


def reaches(given: Sequence[float]) -> list[float]:
    """Reaches in µm, from the whole domain (`WHOLE`) inwards; none where none is asked for."""
    return [WHOLE, *sorted(given, reverse=True)] if given else []


def scale_table(
    subject: str,
    tissues: Sequence[Tissue],
    types: Sequence[str],
    given: Sequence[float],
    seed: int = 0,
) -> pd.DataFrame:
    """`contracts.SCALE` of one subject: a row per reach and unordered pair of types.

    Parameters
    ----------
    tissues
        Its images; domains are the classes of their rules, and cells of a class below 0 (a guard zone) change no label.
    given
        Reaches in µm beside the whole domain.
    seed
        Of the exchanges and of where tiles begin.

    Returns
    -------
    The odds ratio of a subject is the fit of all of its images as one; counts are added up.
    """
    K = len(types)
    a, b = np.triu_indices(K)
    once = np.ravel_multi_index((a, b), (K, K))
    rows = []
    for reach in reaches(given) if tissues else []:
        levels = [_level(one, reach, seed) for one in tissues]
        moved = [Tissue(t.sample, t.xy, t.labels, t.graph, one.rules) for t, one in zip(tissues, levels, strict=True)]
        odds = _as_one(contact_odds(moved, K, seed, joint=False))
        counts = np.zeros((2, K, K))
        for tissue, one in zip(tissues, levels, strict=True):
            split = parts(tissue.graph, tissue.labels.astype(np.int64), K, one, one)
            counts += split.observed, split.expected
        rows.append(
            pd.DataFrame(
                {
                    k.SUBJECT: subject,
                    "reach_um": reach,
                    k.SOURCE: np.asarray(types, dtype=object)[a],
                    k.TARGET: np.asarray(types, dtype=object)[b],
                    **{name: values[once] for name, values in odds.items()},
                    "observed": counts[0][a, b],
                    "expected": counts[1][a, b],
                }
            )
        )
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()


def _level(tissue: Tissue, reach: float, seed: int) -> Level:
    """Within the domains of an image, at most `reach` apart; cells that may not change their label stay out of it."""
    domains = np.unique(tissue.rules.classes, return_inverse=True)[1].reshape(-1)
    name = k.WITHIN_DOMAIN if reach == WHOLE else k.LOCAL
    found = level(name, tissue.sample, tissue.xy, tissue.labels, domains, scales=Scales(reach, 0.0), seed=seed)
    colours, n = _colours(tissue, reach, seed)
    classes = np.where(tissue.rules.classes < 0, -1, found.rules.classes * n + colours)
    return replace(found, rules=replace(found.rules, classes=classes))


def _colours(tissue: Tissue, reach: float, seed: int) -> tuple[np.ndarray, int]:
    """A colour of each cell, by its place alone, and how many there are: only cells of one colour exchange labels.

    Of the thousands of cells within a long reach about `PARTNERS` are enough, and to look at all of them takes longer
    than all else.
    """
    xy = tissue.xy
    area = float(np.prod(np.maximum(np.ptp(xy, axis=0), 1.0))) if len(xy) else 1.0
    n = max(1, int(len(xy) / area * np.pi * reach**2 / PARTNERS))
    keys = place_keys(np.rint(xy * 1000).astype(np.int64).view(np.uint64), image_key(seed, f"{tissue.sample}/colours"))
    return (keys % np.uint64(n)).astype(np.int64), n


def _as_one(images: Sequence[pd.DataFrame]) -> dict[str, np.ndarray]:
    """The odds ratios of the fit of all images, from those of each, which are weighed by information around it."""
    value, se, information = (np.stack([one[name].to_numpy(float) for one in images]) for name in PAIRWISE)
    total = information.sum(axis=0)
    there = total > 0
    share = np.where(there, information / np.where(there, total, 1.0), 0.0)
    used = share > 0
    mean = np.where(used, share * np.where(used, value, 0.0), 0.0).sum(axis=0)
    variance = np.where(used, (share * np.where(used, se, 0.0)) ** 2, 0.0).sum(axis=0)
    empty = np.full(len(total), np.nan)
    return dict(
        zip(PAIRWISE, (np.where(there, mean, empty), np.where(there, np.sqrt(variance), empty), total), strict=True)
    )
