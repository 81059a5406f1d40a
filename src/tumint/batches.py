"""Which samples go through the stages together: a batch belongs to its samples, not to their places in the sheet.

Extendible hashing (Fagin, Nievergelt, Pippenger and Strong 1979, ACM Trans. Database Syst. 4: 315-344): the bits of a
hash of each name lead down a binary tree, and a node that holds more than a job takes is split. So a sample more, less
or of another name changes the one batch it is in, which is split where it grows too large. All others stay, wherever in
the sheet the row stands. The number of a batch is that of its node: 1 is the whole cohort, 2n and 2n + 1 are the halves
of n.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from tumint import keys as k

_LEAST = 16  # samples of a job, where the cohort is not so large that there would be too many jobs
_MOST_JOBS = 64  # about: schedulers dislike many short jobs
_FILLED = 2 / 3  # of what a batch may hold, on average (ln 2 of a full tree)


class _Unit(NamedTuple):
    """What is not divided: a sample, or all samples of a subject."""

    bits: str
    samples: list[str]


def batches(sheet: pd.DataFrame, samples_per_job: int | None = None) -> dict[str, list[str]]:
    """`{batch: samples}` of the jobs up to qc: at most `samples_per_job` samples each, in the order of the sheet.

    None: by the size of the cohort, see `most_samples`.
    """
    units = [_Unit(_bits(sample), [sample]) for sample in sheet[k.SAMPLE]]
    return _named("b", units, samples_per_job or most_samples(len(sheet)))


def subject_batches(sheet: pd.DataFrame, samples_per_job: int | None = None) -> dict[str, list[str]]:
    """`{group: samples}`: whole subjects, at most `samples_per_job` samples or a single subject.

    What is fitted over all samples of a subject needs them in one job.
    """
    subjects = sheet.groupby(k.SUBJECT, sort=False)[k.SAMPLE].agg(list)
    units = [_Unit(_bits(str(subject)), samples) for subject, samples in subjects.items()]
    return _named("g", units, samples_per_job or most_samples(len(sheet)))


def most_samples(n_samples: int, least: int = _LEAST) -> int:
    """How many samples a job takes at most in a cohort of `n_samples`: `least`, doubled until 64 jobs are enough."""
    most = least
    while n_samples > _MOST_JOBS * _FILLED * most:
        most *= 2
    return most


def _bits(name: str) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return bin(int.from_bytes(b"\1" + digest))[3:]  # after `0b1`, so that leading zeros stay


def _named(letter: str, units: Sequence[_Unit], most: int) -> dict[str, list[str]]:
    nodes = _split(units, most, 1)
    return {f"{letter}{node:04d}": [s for unit in nodes[node] for s in unit.samples] for node in sorted(nodes)}


def _split(units: Sequence[_Unit], most: int, node: int) -> dict[int, list[_Unit]]:
    """The leaves below `node`, each with its units in their order."""
    if len(units) <= 1 or sum(len(unit.samples) for unit in units) <= most:
        return {node: list(units)} if units else {}
    depth = node.bit_length() - 1
    halves = ([unit for unit in units if unit.bits[depth] == bit] for bit in "01")
    return {leaf: held for bit, half in enumerate(halves) for leaf, held in _split(half, most, 2 * node + bit).items()}
