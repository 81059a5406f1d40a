"""A part of the cells in place of all of them: which are clustered, and which cluster the others join.

Every animal gives as many cells, each of its ROIs as many; half of them at random and half evenly over what the cells
are like, so that rare types are there: the aim of geometric sketching (Hie et al. 2019, Cell Systems 8:483), with
centres that lie apart (k-means++, Arthur & Vassilvitskii 2007, SODA) in place of boxes.
"""

from __future__ import annotations

import numpy as np

from tumint.cluster.neighbours import nearest_centres, neighbours_among
from tumint.text import integer, percent

VOTES = 9  # cells of the sketch that decide on each other cell
_CENTRES = 256  # at most
_SEEN = 20_000  # cells that they are chosen from
_CHUNK = 50_000
_SURE = 2 / 3


def drawn(
    points: np.ndarray, group: np.ndarray, most: int, *, seed: int, subject: np.ndarray | None = None, threads: int = 1
) -> np.ndarray:
    """Which cells are clustered: at most `most`, of every animal as many, and of an animal as many of every ROI.

    Parameters
    ----------
    points
        (n × d), in an order that does not depend on the sheet.
    group
        (n,) number of the ROI of each cell, from 0.
    subject
        Number of the animal of each ROI, from 0; None: each ROI is one.

    Returns
    -------
    Rows, sorted. The same for any number of threads.
    """
    rng = np.random.default_rng(seed)
    kind = nearest_centres(points, _centres(points, rng), threads=threads)
    order = np.argsort(group, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(group))[:-1])
    sizes = np.array([len(part) for part in parts])
    each = shares(sizes, np.arange(len(sizes)) if subject is None else subject, most)
    chosen = []
    for part, number in zip(parts, each, strict=True):
        if number == len(part):
            chosen.append(part)
            continue
        mixed = part[rng.permutation(len(part))]
        at_random, rest = mixed[: number - number // 2], mixed[number - number // 2 :]
        chosen += [at_random, rest[_evenly(kind[rest], number // 2)]]
    return np.sort(np.concatenate(chosen))


def _centres(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cells that lie apart: each next one is drawn by its squared distance to the nearest of those before."""
    seen = points[np.sort(rng.choice(len(points), min(_SEEN, len(points)), replace=False))].astype(np.float32)
    chosen = [int(rng.integers(len(seen)))]
    square = np.full(len(seen), np.inf, dtype=np.float32)
    while len(chosen) < _CENTRES:
        square = np.minimum(square, ((seen - seen[chosen[-1]]) ** 2).sum(axis=1))
        total = np.cumsum(square, dtype=np.float64)
        if total[-1] <= 0:
            break
        chosen.append(int(np.searchsorted(total, rng.random() * total[-1], side="right")))
    return seen[chosen]


def shares(sizes: np.ndarray, subject: np.ndarray, most: int) -> np.ndarray:
    """How many cells of each ROI: animals first, so that one with many ROIs does not decide what clusters are."""
    each = np.zeros_like(sizes)
    for number, own in enumerate(equal_shares(np.bincount(subject, weights=sizes).astype(np.int64), most)):
        each[subject == number] = equal_shares(sizes[subject == number], int(own))
    return each


def equal_shares(sizes: np.ndarray, most: int) -> np.ndarray:
    """How many of each group: all, or the same number of every group that has more; at most `most` together.

    Where that is less than one, one of as many groups, spread evenly.
    """
    if sizes.sum() <= most:
        return sizes
    if most < np.count_nonzero(sizes):
        some = np.flatnonzero(sizes)[np.linspace(0, np.count_nonzero(sizes) - 1, most).round().astype(np.int64)]
        return np.isin(np.arange(len(sizes)), some).astype(sizes.dtype)
    ordered = np.sort(sizes)
    smaller = np.concatenate([[0], np.cumsum(ordered)[:-1]])
    level = (most - smaller) / np.arange(len(sizes), 0, -1)
    return np.minimum(sizes, int(level[np.flatnonzero(level <= ordered)[0]]))


def _evenly(kind: np.ndarray, number: int) -> np.ndarray:
    """The first of each kind, then the second of each, and so on, up to `number`: positions in `kind`."""
    by_kind = np.argsort(kind, kind="stable")
    sizes = np.bincount(kind)
    rank = np.empty(len(kind), dtype=np.int64)
    rank[by_kind] = np.arange(len(kind)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.argsort(rank, kind="stable")[:number]


def joined(
    points: np.ndarray, rows: np.ndarray, labels: np.ndarray, *, seed: int, threads: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """The cluster of every cell: its own where it was clustered, else that of most of the nearest cells that were.

    Parameters
    ----------
    points
        (n × d).
    rows, labels
        The cells that were clustered, and the cluster of each.

    Returns
    -------
    Labels (n,), and the share of the votes (n,), 1 for the cells of `rows`.
    """
    all_labels, share = np.empty(len(points), dtype=np.int64), np.ones(len(points))
    all_labels[rows] = labels
    others = np.ones(len(points), dtype=bool)
    others[rows] = False
    asked = np.flatnonzero(others)
    near = neighbours_among(points[rows], points[asked], VOTES, seed=seed, threads=threads)[0]
    padded = np.append(labels, -1)  # where a list is not full
    for start in range(0, asked.size, _CHUNK):
        some = asked[start : start + _CHUNK]
        votes = padded[near[start : start + _CHUNK]]
        alike = (votes[:, :, None] == votes[:, None, :]).sum(axis=2) * (votes >= 0)
        row, first = np.arange(some.size), alike.argmax(axis=1)  # the nearest of those that are the most
        all_labels[some] = votes[row, first]
        share[some] = alike[row, first] / (votes >= 0).sum(axis=1)
    return all_labels, share


def told(votes: np.ndarray, labels: np.ndarray, clustered: int) -> str:
    """What a sketch of `clustered` cells came to, from the shares that `joined` gives, over all and by cluster."""
    sure = votes >= _SURE
    by_cluster = np.bincount(labels, weights=sure) / np.maximum(np.bincount(labels), 1)
    least = int(by_cluster.argmin())
    return (
        f"{integer(clustered)} of {integer(len(votes))} cells were clustered, as many of every subject; each other "
        f"cell joined the cluster of most of the {VOTES} nearest of them. For {percent(sure.mean())} of the cells two "
        f"thirds or more of these agree, for the fewest ({percent(by_cluster[least])}) in cluster {least}"
    )
