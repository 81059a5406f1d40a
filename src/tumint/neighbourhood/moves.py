"""Nulls that move cells instead of labels: one type shifted on a torus, all cells jittered."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tumint.neighbourhood.graph import Graph
from tumint.neighbourhood.nulls import Draws, Null, Part, Statistic, by_source, summed


def moved(
    statistic: Statistic,
    labels: np.ndarray,
    observed: np.ndarray,
    move: Callable[[int], np.ndarray],
    build: Callable[[np.ndarray], Graph],
    draws: Draws,
) -> Null:
    """Cells moved: `move(draw)` gives their coordinates, `build` the graph of these."""

    def one(draw: int) -> Part:
        values = statistic.of(build(move(draw)), labels, len(observed))
        difference = values - observed
        return (values >= observed).astype(np.uint32), (values <= observed).astype(np.uint32), difference, difference**2

    with ThreadPoolExecutor(max_workers=draws.threads) as pool:
        return summed(pool.map(one, range(draws.number)), observed, draws.number)


def torus(
    statistic: Statistic,
    labels: np.ndarray,
    observed: np.ndarray,
    xy: np.ndarray,
    build: Callable[[np.ndarray], Graph],
    draws: Draws,
) -> Null:
    """For a pair a → b: the cells of a shifted together, over the edges of the bounding box of all cells and back in.

    It keeps the pattern of each type and breaks what binds them (Lotwick & Silverman 1982).
    """
    low = xy.min(axis=0)
    size = xy.max(axis=0) - low

    def one(a: int) -> Null:
        key, own = int(draws.key(a)), labels == a

        def shift(draw: int) -> np.ndarray:
            by = _stream(key, draw).random(2) * size
            out = xy.copy()
            out[own] = low + np.mod(xy[own] - low + by, np.where(size > 0, size, 1.0))
            return out

        return moved(statistic, labels, observed, shift, build, draws)

    return by_source([one(a) for a in range(len(observed))])


def jitter(
    statistic: Statistic,
    labels: np.ndarray,
    observed: np.ndarray,
    xy: np.ndarray,
    build: Callable[[np.ndarray], Graph],
    draws: Draws,
    most_um: float,
) -> Null:
    """Every cell moved to a place drawn uniformly from the disc of `most_um` around it."""
    key = int(draws.key())

    def move(draw: int) -> np.ndarray:
        u = _stream(key, draw).random((2, len(xy)))
        distance, angle = most_um * np.sqrt(u[0]), 2 * np.pi * u[1]
        return xy + np.column_stack([distance * np.cos(angle), distance * np.sin(angle)])

    return moved(statistic, labels, observed, move, build, draws)


def _stream(key: int, draw: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=np.array([key, draw], np.uint64)))
