"""Types from annotated cells: each of ours is given the type of those most like it. Arrays in, arrays out."""

from __future__ import annotations

from typing import Any

import numpy as np

from tumint import keys as k
from tumint.cluster.normalise import log_normalise

_MOST = 20_000  # cells of the reference that vote
_CHUNK = 20_000


def standardised(values: np.ndarray) -> np.ndarray:
    """Each column with mean 0 and standard deviation 1, cut at 5: (n × m) float32; a constant one is 0."""
    values = np.nan_to_num(values.astype(float))
    sd = values.std(axis=0)
    return np.clip((values - values.mean(axis=0)) / np.where(sd > 0, sd, 1.0), -5, 5).astype(np.float32)


def comparable(raw: Any, target_sum: float | None) -> np.ndarray:
    """Values as they came (n × m, dense or sparse), `standardised` on a scale that data of another origin share.

    `target_sum`: of the counts of a cell, where these are transcripts; None: intensities, in units of the 99th
    percentile of each marker's signal.
    """
    if target_sum is not None:
        return standardised(_dense(log_normalise(raw, target_sum)))
    values = _dense(raw).astype(float)
    top = np.nanpercentile(np.where(values > 0, values, np.nan), 99, axis=0)
    return standardised(np.arcsinh(5 * values / np.where(top > 0, top, 1.0)))


def _dense(values: Any) -> np.ndarray:
    return np.asarray(values.toarray() if hasattr(values, "toarray") else values)


def transferred(
    values: np.ndarray, reference: np.ndarray, types: np.ndarray, *, n_neighbours: int, min_confidence: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The type that most of the nearest reference cells have, by Euclidean distance.

    Parameters
    ----------
    values, reference
        (n × m) and (r × m), the shared markers, both `standardised` or brought to one scale otherwise.
    types
        (r,) of the reference. At most 20,000 of its cells vote; of common types fewer are taken, so that rare ones are
        there in full.

    Returns
    -------
    Types (n,), `unclassified` below `min_confidence`, and confidences (n,): the share of the votes. Votes of a type are
    divided by the root of how many of its cells can vote, so that a common type does not win by its number alone.
    """
    from sklearn.neighbors import NearestNeighbors

    names, codes = np.unique(types.astype(str), return_inverse=True)
    rng = np.random.default_rng(seed)
    quota = _quota(np.bincount(codes), _MOST)
    chosen = [np.sort(rng.choice(np.flatnonzero(codes == c), size, replace=False)) for c, size in enumerate(quota)]
    rows = np.concatenate(chosen)
    weight = 1 / np.sqrt(np.array(quota, dtype=float))
    model = NearestNeighbors(n_neighbors=min(n_neighbours, rows.size), algorithm="brute").fit(reference[rows])
    label, share = np.empty(len(values), dtype=np.int64), np.empty(len(values))
    for start in range(0, len(values), _CHUNK):
        near = codes[rows][model.kneighbors(values[start : start + _CHUNK], return_distance=False)]
        votes = (near[:, :, None] == np.arange(len(names))).sum(axis=1) * weight
        label[start : start + _CHUNK] = votes.argmax(axis=1)
        share[start : start + _CHUNK] = votes.max(axis=1) / votes.sum(axis=1)
    found = names.astype(object)[label]
    return np.where(share >= min_confidence, found, k.UNCLASSIFIED).astype(object), share


def _quota(counts: np.ndarray, most: int) -> list[int]:
    """How many cells of each type: all, or the same number of every type that has more than that."""
    level = int(counts.max())
    while np.minimum(counts, level).sum() > most and level > 1:
        level = max(1, int(level * 0.9))
    return [int(c) for c in np.minimum(counts, level)]
