"""Windows of a cohort → what its niches are. Arrays and tables, no files.

Learnt from as many windows of every subject, drawn by a random number that each cell has of its own: neither the order
of samples, nor batches, nor threads change who is drawn, and a subject with more cells has no more say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.neighbourhood.niches import clusters, names
from tumint.neighbourhood.niches.windows import points, shares


@dataclass(frozen=True)
class Drawn:
    """Windows of one sample that were drawn, by their random numbers.

    Attributes
    ----------
    ids, labels, counts
        Of each cell: its id, its type (code) and the cells of each type in its window (m × K).
    lots
        Random numbers in 0 to 1 (m), ascending.
    total
        Cells of the sample.
    """

    sample: str
    subject: str
    ids: np.ndarray
    labels: np.ndarray
    counts: np.ndarray
    lots: np.ndarray
    total: int


def draw(
    sample: str, subject: str, ids: np.ndarray, labels: np.ndarray, counts: np.ndarray, most: int, seed: int
) -> Drawn:
    """At most `most` windows of a sample; which ones depends on its cells' ids and the seed alone."""
    order = np.argsort(ids, kind="stable")
    digest = hashlib.blake2b(f"{seed}/{sample}/windows".encode(), digest_size=8).digest()
    lots = np.random.default_rng(int.from_bytes(digest, "little")).random(len(ids))
    first = np.argsort(lots, kind="stable")[:most]
    at = order[first]
    return Drawn(sample, subject, ids[at], labels[at], counts[at], lots[first], len(ids))


@dataclass(frozen=True)
class Sketch:
    """Windows of all subjects, in the order of their random numbers: as many of each where they have them."""

    samples: np.ndarray  # (m) codes into `names`
    subjects: np.ndarray  # (m) codes into sorted names of subjects
    ids: np.ndarray
    counts: np.ndarray
    names: list[str]

    @classmethod
    def of(cls, drawn: Sequence[Drawn], each: int) -> Sketch:
        """At most `each` windows of every subject, those with the smallest random numbers."""
        parts = sorted((one for one in drawn if len(one.ids)), key=lambda one: one.sample)
        subjects = sorted({one.subject for one in parts})
        code = {name: i for i, name in enumerate(subjects)}
        sample = np.repeat(np.arange(len(parts)), [len(one.ids) for one in parts])
        subject = np.array([code[one.subject] for one in parts], np.int64)[sample]
        ids, lots = (np.concatenate([getattr(one, name) for one in parts]) for name in ("ids", "lots"))
        order = np.lexsort((ids, sample, lots))
        rank = np.empty(len(order), np.int64)
        for s in range(len(subjects)):
            mine = order[subject[order] == s]
            rank[mine] = np.arange(len(mine))
        kept = order[rank[order] < each]
        counts = np.concatenate([one.counts for one in parts])
        return cls(sample[kept], subject[kept], ids[kept], counts[kept], [one.sample for one in parts])


@dataclass(frozen=True)
class Learned:
    """The niches of a cohort.

    Attributes
    ----------
    centres
        Of the clusters of windows (F × K), as `windows.points`.
    niche
        Which niche each cluster is part of (F), codes into `names`.
    names
        Names of the niches (M), in their order.
    """

    centres: np.ndarray
    niche: np.ndarray
    names: list[str]

    def of(self, counts: np.ndarray) -> np.ndarray:
        """The niche of every window (n), codes from 0."""
        return self.niche[clusters.nearest_centre(points(counts), self.centres)]

    @classmethod
    def from_tables(cls, niches: pd.DataFrame, types: pd.DataFrame, order: Sequence[str]) -> Learned:
        """What `tables` made; types of the cohort in the order of codes."""
        names_ = sorted(set(niches["niche"].astype(str)))
        wide = types.pivot_table(index=k.CLUSTER, columns=k.CELL_TYPE, values="centre", observed=True)
        centres = wide.reindex(index=niches[k.CLUSTER], columns=list(order), fill_value=0.0).to_numpy(float)
        code = {name: i for i, name in enumerate(names_)}
        return cls(centres, niches["niche"].astype(str).map(code).to_numpy(np.int64), names_)


@dataclass(frozen=True)
class Settings:
    """How windows become niches: see `config.niches`."""

    clusters: int = 40
    numbers: tuple[int, ...] = ()
    least: int = 3
    most: int = 20
    resamples: int = 5


def learn(sketch: Sketch, types: Sequence[str], settings: Settings, seed: int) -> tuple[pd.DataFrame, ...]:
    """Tables of the contracts NICHES, NICHE_TYPES and NICHE_NUMBERS."""
    at = points(sketch.counts)
    tree = clusters.grow(at, settings.clusters, seed)
    steps = [min(number, len(tree.centres)) for number in settings.numbers]
    if steps:
        numbers = pd.DataFrame({"niches": steps[-1:], "stability": np.nan, "sd": np.nan, "chosen": True})
        numbers["why"] = "the number that the config states"
    else:
        most = min(settings.most, len(tree.centres))
        tried = list(range(min(settings.least, most), most + 1))
        numbers = clusters.stability(at, tree, settings.clusters, tried, settings.resamples, seed)
        steps = [int(numbers.loc[numbers["chosen"], "niches"].iloc[0])]
    home = tree.nearest(at)
    n = len(tree.centres)
    sums = np.stack([np.bincount(home, share, n) for share in shares(sketch.counts).T], axis=1)
    sizes = np.bincount(home, minlength=n)
    code, called = _named(tree.cut(steps[-1]), sums, sizes, types)
    niches = pd.DataFrame({k.CLUSTER: np.arange(n), "niche": [called[c] for c in code], k.N: sizes})
    for number in steps[:-1]:  # on the way: which of so many communities a cluster is in
        niches[f"of_{number}"] = tree.cut(number)
    of_types = pd.DataFrame(
        {
            k.CLUSTER: np.repeat(np.arange(n), len(types)),
            k.CELL_TYPE: np.tile(np.asarray(types, dtype=object), n),
            "centre": tree.centres.reshape(-1),
            "share": (sums / np.maximum(sizes, 1)[:, None]).reshape(-1),
        }
    )
    return niches, of_types, numbers


def _named(cut: np.ndarray, sums: np.ndarray, sizes: np.ndarray, types: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """The niche of every cluster in the order by content, and the names of the niches."""
    M = int(cut.max()) + 1
    held = np.stack([np.bincount(cut, column, M) for column in sums.T], axis=1)
    n = np.bincount(cut, sizes, M)
    order = names.by_content(held / n[:, None], n)
    place = np.empty(M, np.int64)
    place[order] = np.arange(M)
    compositions = held[order] / n[order, None]
    return place[cut], names.names(compositions, sums.sum(axis=0) / sizes.sum(), types)
