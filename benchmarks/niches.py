"""Niches beside what others make of the same windows, and what they cost: `python benchmarks/niches.py [NAME]`.

`spleens`: two mouse spleens with four annotated compartments (`TUMINT_TEST_DATA`). Adjusted Rand index of methods per
mouse, all learnt over both mice in one run. squidpy-like: standardised profiles of the same windows, Leiden;
CellCharter-like: types averaged over rings of 0, 1, 2 and 3 steps of the triangulation, and a Gaussian mixture.
`networks`: lymphonets of the spleens, and of the demo where it was run (`results/demo`, or the folder that
`TUMINT_DEMO` names), component by component beside networkx on edges of scipy.
`cost`: niches, assignment and places of 280,000 cells in 12 ROIs, in seconds of CPU.
"""

from __future__ import annotations

import os
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from tumint.neighbourhood.graph import delaunay
from tumint.neighbourhood.image import Image, make_image
from tumint.neighbourhood.networks import find
from tumint.neighbourhood.niches import learn
from tumint.neighbourhood.niches.sketch import place_counts
from tumint.neighbourhood.niches.windows import Window, shares

DATA = Path(os.environ.get("TUMINT_TEST_DATA", "../shared/data"))
LEARNT = 20_000  # windows of each mouse
SEED = 0


def spleens() -> tuple[list[Image], list[np.ndarray], list[str]]:
    """The images, the compartment of every cell, and the types."""
    tables = [pd.read_csv(DATA / "mouse_spleen_codex" / f"BALBc-{i}.csv.gz") for i in (1, 2)]
    types = sorted({kind for table in tables for kind in table["CellType"]})
    images, truth = [], []
    for i, table in enumerate(tables):
        labels = pd.Categorical(table["CellType"], categories=types).codes.astype(np.int64)
        one = make_image(f"BALBc-{i + 1}", table.iloc[:, :2].to_numpy(float) * 0.377, labels)
        images.append(one)
        truth.append(table["Compartment"].to_numpy(str)[one.ids])
    return images, truth, types


def ours(
    images: list[Image], counts: list[np.ndarray], types: list[str], numbers: tuple[int, ...] = ()
) -> tuple[list[np.ndarray], learn.Learned]:
    """Niches of every cell of every image."""
    drawn = [
        learn.draw(one.sample, one.sample, one.ids, one.labels, table, LEARNT, SEED)
        for one, table in zip(images, counts, strict=True)
    ]
    tables = learn.learn(learn.Sketch.of(drawn, LEARNT), types, learn.Settings(numbers=numbers), SEED)
    learned = learn.Learned.from_tables(*tables[:2], types)
    return [learned.of(table) for table in counts], learned


def k_means(counts: list[np.ndarray], number: int) -> list[np.ndarray]:
    """k-means of the shares of windows."""
    points = np.concatenate([shares(table) for table in counts])
    found = KMeans(number, n_init=3, random_state=SEED).fit(points[:: max(len(points) // (2 * LEARNT), 1)])
    return np.split(found.predict(points), np.cumsum([len(table) for table in counts])[:-1])


def as_squidpy(counts: list[np.ndarray], resolution: float) -> list[np.ndarray]:
    """Leiden over the standardised profiles of a part of the windows; each cell is as the nearest of them."""
    import igraph
    from scipy.spatial import cKDTree

    points = np.concatenate([shares(table) for table in counts])
    points = (points - points.mean(axis=0)) / points.std(axis=0)
    part = points[:: max(len(points) // 10_000, 1)]
    tree = cKDTree(part)
    near = tree.query(part, k=16)[1][:, 1:]
    graph = igraph.Graph(len(part), np.column_stack([np.repeat(np.arange(len(part)), 15), near.ravel()]).tolist())
    found = np.array(graph.simplify().community_leiden("modularity", resolution=resolution, n_iterations=2).membership)
    home = np.concatenate([found[tree.query(block)[1]] for block in np.array_split(points, 20)])
    return np.split(home, np.cumsum([len(table) for table in counts])[:-1])


def as_cellcharter(images: list[Image], n_types: int, number: int) -> list[np.ndarray]:
    """A Gaussian mixture of types averaged over growing rings of the triangulation."""
    rows = []
    for one in images:
        own = np.eye(n_types)[one.labels]
        within = [own, *(Window("hops", hops=h).counts(one, n_types).astype(float) for h in (1, 2, 3))]
        rings = [within[0], *(b - a for a, b in pairwise(within))]
        rows.append(np.hstack([ring / np.maximum(ring.sum(axis=1, keepdims=True), 1) for ring in rings]))
    points = np.concatenate(rows)
    mixture = GaussianMixture(number, covariance_type="diag", random_state=SEED, reg_covar=1e-4)
    mixture.fit(points[:: max(len(points) // (2 * LEARNT), 1)])
    return np.split(mixture.predict(points), np.cumsum([len(one.labels) for one in images])[:-1])


def against_compartments() -> None:
    """Print the adjusted Rand index of every method, per mouse."""
    images, truth, types = spleens()

    def say(name: str, found: list[np.ndarray], spent: float) -> None:
        scores = [
            adjusted_rand_score(t[t != "NoAnnotation"], f[t != "NoAnnotation"])
            for t, f in zip(truth, found, strict=True)
        ]
        both = len(set(found[0]) & set(found[1]))
        number = len(set(found[0]) | set(found[1]))
        said = " ".join(f"{score:.3f}" for score in scores)
        print(f"{name:38s} niches {number:2d} (in both mice {both:2d})  ARI {said}  {spent:5.1f} s CPU", flush=True)

    def timed(name: str, make: object, *arguments: object) -> None:
        start = time.process_time()
        found = make(*arguments)  # type: ignore[operator]
        say(name, found[0] if isinstance(found, tuple) else found, time.process_time() - start)

    counts = [Window().counts(one, len(types)) for one in images]
    timed("tumint, number by stability", ours, images, counts, types)
    for number in (5, 10):
        timed(f"tumint, {number} stated", ours, images, counts, types, (number,))
        timed(f"k-means of the same windows, {number}", k_means, counts, number)
        timed(f"CellCharter-like, {number}", as_cellcharter, images, len(types), number)
    for resolution in (0.3, 1.0):
        timed(f"squidpy-like, resolution {resolution}", as_squidpy, counts, resolution)


def cost() -> None:
    """Print the CPU of niches of 280,000 cells, with 16 types in patches."""
    rng = np.random.default_rng(SEED)
    images = []
    for i in range(12):
        xy = rng.random((23_334, 2)) * 1700
        where = (np.sin(xy[:, 0] / 90) + np.cos(xy[:, 1] / 130) > 0).astype(int) + (xy[:, 0] > 1200)
        p = np.random.default_rng(1).dirichlet(np.full(16, 0.4), 3)
        labels = (p[where].cumsum(axis=1) < rng.random((len(xy), 1))).sum(axis=1).clip(max=15)
        images.append(make_image(f"r{i}", xy, labels))
    for one in (Window(), Window("hops")):
        one.counts(make_image("warm", images[0].xy[:100], images[0].labels[:100]), 16)  # compiled before
    for kind in ("nearest", "radius", "hops"):
        times = [time.process_time()]
        counts = [Window(kind).counts(one, 16) for one in images]
        times.append(time.process_time())
        drawn = [
            learn.draw(o.sample, f"m{i // 2}", o.ids, o.labels, c, 7_000, SEED)
            for i, (o, c) in enumerate(zip(images, counts, strict=True))
        ]
        tables = learn.learn(learn.Sketch.of(drawn, 40_000 // 6), [f"t{i:02d}" for i in range(16)], learn.Settings(), 0)
        times.append(time.process_time())
        learned = learn.Learned.from_tables(*tables[:2], [f"t{i:02d}" for i in range(16)])
        for table in counts:
            learned.of(table)
        times.append(time.process_time())
        place_counts(learn.Sketch.of(drawn, 1000), learned, 500, 50)
        times.append(time.process_time())
        steps = dict(zip(("windows", "learn", "assign", "places"), np.diff(times), strict=True))
        said = ", ".join(f"{name} {spent:.1f}" for name, spent in steps.items())
        print(
            f"280,000 cells, {kind}: {times[-1] - times[0]:.1f} s CPU ({said}), {len(learned.names)} niches", flush=True
        )


def networks() -> None:
    """Print whether every lymphonet of both mice and of the demo is that of a slow implementation of its own."""
    images, _, types = spleens()
    _parity(images, tuple(i for i, name in enumerate(types) if "T cells" in name or "NK" in name))
    cells = Path(os.environ.get("TUMINT_DEMO", "results/demo")) / "cluster" / "cells.parquet"
    if cells.exists():
        table = pd.read_parquet(cells, columns=["sample", "x_um", "y_um", "cell_type"])
        kinds = pd.Categorical(table["cell_type"].astype(str))
        table = table.assign(code=kinds.codes.astype(np.int64))
        parts = table.groupby("sample", observed=True)
        rois = [make_image(str(name), r[["x_um", "y_um"]].to_numpy(), r["code"].to_numpy()) for name, r in parts]
        _parity(rois, tuple(i for i, name in enumerate(kinds.categories) if "T cells" in name or name == "B cells"))


def _parity(images: list[Image], chosen: tuple[int, ...]) -> None:
    import networkx as nx
    from scipy.spatial import Delaunay

    for one in images:
        roots = find.networks(find.Kind("lymphonets", chosen, 6, 50.0), delaunay(one.xy, 50.0), one.xy, one.labels)
        mine = pd.Series(np.arange(len(roots)))[roots >= 0].groupby(roots[roots >= 0]).agg(frozenset)
        graph = nx.Graph()
        graph.add_nodes_from(np.flatnonzero(np.isin(one.labels, chosen)).tolist())
        sides = np.concatenate([Delaunay(one.xy).simplices[:, pair] for pair in ([0, 1], [1, 2], [0, 2])])
        for i, j in sides.tolist():
            if i in graph and j in graph and np.hypot(*(one.xy[i] - one.xy[j])) <= 50:
                graph.add_edge(i, j)
        theirs = {frozenset(c) for c in nx.connected_components(graph) if len(c) >= 6}
        same = "the same" if set(mine) == theirs else "NOT the same"
        largest = max(map(len, theirs), default=0)
        print(f"{one.sample}: {len(theirs)} lymphonets, largest {largest} cells: {same}", flush=True)


if __name__ == "__main__":
    with threadpool_limits(1):
        for name in sys.argv[1:] or ("spleens", "networks", "cost"):
            {"spleens": against_compartments, "networks": networks, "cost": cost}[name]()
