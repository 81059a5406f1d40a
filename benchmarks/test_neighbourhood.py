"""Interaction scores against their peers: same graph, same process, warm; calibration of p. Run by `make bench`.

The figures go to `benchmarks/neighbourhood.md`. `TUMINT_BENCH_FULL=1` adds a million cells against squidpy
and 10 million cells in 1,000 images (minutes each).
"""

from __future__ import annotations

import itertools
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from tumint.kernels import abreast, njit, permute
from tumint.neighbourhood.contacts import Tissue, contact_odds
from tumint.neighbourhood.graph import Graph, delaunay, hilbert_order, knn
from tumint.neighbourhood.image import GraphSpec, Image, build_graph, make_image
from tumint.neighbourhood.levels import Level, level, within
from tumint.neighbourhood.moments import cross_table, exact_moments
from tumint.neighbourhood.nulls import Draws, Null, Statistic, permutation_blocks, permuted
from tumint.neighbourhood.parts import expected
from tumint.neighbourhood.scores import Method, score_image
from tumint.neighbourhood.skewness import MAX_STRATA, skewness
from tumint.neighbourhood.tails import panjer_skewness, two_sided

FULL = os.environ.get("TUMINT_BENCH_FULL") == "1"
K = 15
IMAGES = 1000 if FULL else 20  # of 10,000 cells each
pytestmark = pytest.mark.filterwarnings("ignore")  # the peers warn of each other
REPORT = Path(__file__).with_name("neighbourhood.md")
NOTES = """Rows that say CPU compare seconds of CPU of either side, the fastest of several calls for tumint and, but for
`nhood_enrichment` with its 1,000 permutations, for the peer. Rows of several images are sums over them, each once,
some at less than full size, which their number of cells says; for contact odds ratios each image is a subject.

Calibration: permuted labels on 4,000 cells. "outside a (b)" counts, level by level, the pairs whose share lies
outside 0.75 to 1.25, 0.5 to 1.4 and 0.3 to 1.8 of nominal, and of these those that no p can bring inside that puts
counts in the order of their tails. A share at 0.0001 is known to within 0.2 of nominal (two standard errors of a
million permutations)."""


@pytest.fixture(scope="module")
def report() -> Iterator[Callable[..., None]]:
    """Takes (what, ours, peer, ratio) and writes all of it as a table at the end."""
    rows: list[tuple[str, ...]] = []

    def add(*row: object) -> None:
        rows.append(tuple(map(str, row)))
        print("|", " | ".join(rows[-1]), "|", flush=True)

    yield add
    packages = ", ".join(f"{p} {version(p)}" for p in ("numpy", "numba", "scipy", "squidpy", "cozipy"))
    head = f"python {platform.python_version()}, {packages}; {platform.machine()}, {os.cpu_count()} cores."
    lines = ["# Interaction scores: speed and calibration", "", f"Written by `make bench`. {head}", ""]
    lines += ["| what | tumint | peer | ratio |", "|---|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]
    REPORT.write_text("\n".join([*lines, "", NOTES]) + "\n", encoding="utf-8")


def tissue(n: int, seed: int = 0) -> tuple[Graph, np.ndarray]:
    """A Delaunay graph at 100 µm² per cell, and types that differ in number and place."""
    rng = np.random.default_rng(seed)
    xy = rng.random((n, 2)) * np.sqrt(n) * 10
    xy = xy[hilbert_order(xy)]
    share = np.linspace(1, 4, K) / np.linspace(1, 4, K).sum()
    labels = rng.choice(K, n, p=share)
    swap = (rng.random(n) < 0.2) & (labels < 3)
    labels[swap] = (3 * xy[swap, 0] / xy[:, 0].max()).astype(int) % 3
    return delaunay(xy), labels.astype(np.uint8)


def best(call: Callable[[], object], times: int = 5, clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds of the fastest of several calls, after one that warms up."""
    call()
    found = []
    for _ in range(times):
        start = clock()
        call()
        found.append(clock() - start)
    return min(found)


def cpu(call: Callable[[], object], times: int) -> float:
    """As `best`, but seconds of CPU, of all threads: what others do on the machine counts less."""
    return best(call, times, time.process_time)


def exact_z(graph: Graph, labels: np.ndarray) -> np.ndarray:
    zeros = np.zeros(graph.n, np.uint8)
    observed = Statistic().of(graph, labels, K)
    mean, variance = exact_moments(graph, zeros, cross_table(labels, zeros, K, 1))
    return (observed - mean) / np.sqrt(variance)


def annotated(graph: Graph, labels: np.ndarray) -> object:
    import anndata as ad

    obs = pd.DataFrame({"t": pd.Categorical.from_codes(labels, [str(i) for i in range(K)])})
    obs.index = obs.index.astype(str)
    cells = ad.AnnData(np.zeros((graph.n, 1), np.float32), obs=obs)
    values = np.ones(graph.n_edges)
    cells.obsp["spatial_connectivities"] = sparse.csr_matrix((values, graph.indices, graph.indptr), (graph.n, graph.n))
    return cells


@pytest.mark.parametrize("n", [20_000, 200_000, *([1_000_000] if FULL else [])])
def test_exact_z_against_squidpy(n: int, report: Callable[..., None]) -> None:
    import squidpy as sq

    graph, labels = tissue(n)
    cells = annotated(graph, labels)

    def peer(permutations: int) -> np.ndarray:
        sq.gr.nhood_enrichment(cells, "t", n_perms=permutations, n_jobs=1, show_progress_bar=False, seed=0)
        return cells.uns["t_nhood_enrichment"]["zscore"]

    peer(2)
    ours = cpu(lambda: exact_z(graph, labels), 10)
    start = time.process_time()
    theirs_z = peer(1000)
    theirs = time.process_time() - start
    z = exact_z(graph, labels)
    # of the z of 1,000 permutations: the mean is off by 1/√1000, the sd by 1/√2000 of itself
    allowed = 5 * np.sqrt(1 / 1000 + z**2 / 2000)
    report(f"exact z against nhood_enrichment, {n:,} cells, CPU", f"{ours:.4f} s", f"squidpy {theirs:.1f} s",
           f"{theirs / ours:,.0f}×")  # fmt: skip
    assert (np.abs(z - theirs_z) < allowed).all()
    assert np.corrcoef(z.ravel(), theirs_z.ravel())[0, 1] > 0.99
    assert theirs / ours >= 1000


def test_permutations_against_squidpy(report: Callable[..., None]) -> None:
    import squidpy as sq

    graph, labels = tissue(200_000)
    cells = annotated(graph, labels)
    sq.gr.nhood_enrichment(cells, "t", n_perms=2, n_jobs=1, show_progress_bar=False)
    zeros = np.zeros(graph.n, np.uint8)

    def ours(name: str) -> float:
        statistic = Statistic(name)
        observed = statistic.of(graph, labels, K)
        return cpu(lambda: permuted(statistic, graph, labels, observed, zeros, Draws("s", number=100)), 10) / 100

    def peer() -> None:
        sq.gr.nhood_enrichment(cells, "t", n_perms=100, n_jobs=1, show_progress_bar=False)

    theirs, edges = cpu(peer, 3) / 100, ours("edges")
    report("one permutation, `edges`, 200,000 cells, CPU", f"{1e3 * edges:.2f} ms", f"squidpy {1e3 * theirs:.1f} ms",
           f"{theirs / edges:.1f}×")  # fmt: skip
    assert theirs / edges >= 10


def test_histocat_against_cozipy(report: Callable[..., None]) -> None:
    import cozipy

    graph, labels = tissue(200_000)
    sources = np.repeat(np.arange(graph.n), np.diff(graph.indptr))
    matrix = sparse.coo_matrix((np.ones(graph.n_edges, int), (sources, graph.indices)), shape=(graph.n, graph.n))
    zeros = np.zeros(graph.n, np.uint8)
    statistic = Statistic("histocat")
    observed = statistic.of(graph, labels, K)

    def ours(draws: int) -> Null:
        return permuted(statistic, graph, labels, observed, zeros, Draws("s", number=draws))

    def peer(draws: int) -> np.ndarray:
        found = cozipy.nep_analysis(matrix, labels, n_permutations=draws, random_state=0)
        return found["zscore"].to_numpy().reshape(K, K)

    mine = cpu(lambda: ours(100), 10) / 100
    # the count of the labels themselves costs it as much as one permutation
    theirs = cpu(lambda: peer(30), 3) / 31
    z = peer(1000)
    null = ours(4000)
    my_z = (observed - null.mean) / null.sd
    report("one permutation, `histocat`, 200,000 cells, CPU", f"{1e3 * mine:.2f} ms", f"cozipy {1e3 * theirs:.1f} ms",
           f"{theirs / mine:.1f}×")  # fmt: skip
    # a mean of P draws is off by 1/√P sd, an sd by 1/√(2P) of itself
    error = (z - my_z) / np.sqrt((1 / 1000 + 1 / 4000) * (1 + my_z**2 / 2))
    said = f"root mean square {np.sqrt(np.mean(error**2)):.2f}, largest {np.abs(error).max():.2f}"
    report(f"z of `histocat`, 4,000 permutations against 1,000 of cozipy, {K * K} pairs: difference over its error",
           said, "–", "–")  # fmt: skip
    assert 0.7 < np.sqrt(np.mean(error**2)) < 1.3
    assert np.abs(error).max() < 5
    assert theirs / mine >= 15


def sparse_moments(graph: Graph, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The formulas of Cliff & Ord with scipy.sparse alone."""
    W = sparse.csr_array((np.ones(graph.n_edges), graph.indices, graph.indptr), shape=(graph.n, graph.n))
    L = sparse.csr_array((np.ones(graph.n), (np.arange(graph.n), labels)), shape=(graph.n, K))
    (L.T @ W @ L).toarray()
    r, c = W.sum(axis=1), W.sum(axis=0)
    S0 = T1 = W.sum()
    T2 = W.multiply(W.T).sum()
    T3, T4, T5 = (r**2).sum() - T1, (c**2).sum() - T1, (r * c).sum() - T2
    T6 = S0**2 - T1 - T2 - T3 - T4 - 2 * T5
    # E² is taken from E[C²]: in doubles that would cost the last digits
    n, s = np.longdouble(graph.n), np.bincount(labels, minlength=K).astype(np.longdouble)
    n2, n3, n4 = n * (n - 1), n * (n - 1) * (n - 2), n * (n - 1) * (n - 2) * (n - 3)
    s2 = s * (s - 1)
    mean = S0 * np.outer(s, s) / n2
    square = T1 * np.outer(s, s) / n2 + (T3 * np.outer(s, s2) + T4 * np.outer(s2, s)) / n3 + T6 * np.outer(s2, s2) / n4
    np.fill_diagonal(mean, S0 * s2 / n2)
    s3, s4 = s2 * (s - 2), s2 * (s - 2) * (s - 3)
    np.fill_diagonal(square, (T1 + T2) * s2 / n2 + (T3 + T4 + 2 * T5) * s3 / n3 + T6 * s4 / n4)
    return mean, square - mean**2


def test_exact_moments_against_sparse_products(report: Callable[..., None]) -> None:
    graph, labels = tissue(200_000)
    theirs = cpu(lambda: sparse_moments(graph, labels), 10)
    ours = cpu(lambda: exact_z(graph, labels), 10)
    zeros = np.zeros(graph.n, np.uint8)
    mean, variance = exact_moments(graph, zeros, cross_table(labels, zeros, K, 1))
    peer_mean, peer_variance = sparse_moments(graph, labels)
    said = f"{1e3 * ours:.1f} ms", f"scipy.sparse {1e3 * theirs:.1f} ms", f"{theirs / ours:.1f}×"
    report("counts and exact moments, 200,000 cells, CPU", *said)
    assert mean == pytest.approx(peer_mean.astype(float), rel=1e-9)
    assert variance == pytest.approx(peer_variance.astype(float), rel=1e-9)
    assert theirs / ours >= 5


def memory_gb(field: str, *, reset: bool = False) -> float:
    """GB of memory now (`VmRSS`) or at most since the last reset (`VmHWM`)."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    text = Path("/proc/self/status").read_text()
    return int(text.split(f"{field}:")[1].split()[0]) / 2**20


def test_start_up(tmp_path: Path, report: Callable[..., None]) -> None:
    rng = np.random.default_rng(0)
    cells = pd.DataFrame(
        {"x": rng.random(1000) * 300, "y": rng.random(1000) * 300, "cell_type": rng.choice(list("abcdef"), 1000)}
    )
    cells.to_csv(tmp_path / "cells.csv", index=False)
    command = [sys.executable, "-m", "tumint", "score", str(tmp_path / "cells.csv"), "-o", str(tmp_path / "out.csv")]

    def used() -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime

    def run() -> None:
        subprocess.run(command, check=True)

    wall, of_cpu = best(run, 7), best(run, 7, used)
    report(
        "`tumint score` on 1,000 cells from a CSV, start to end, warm", f"{wall:.2f} s, {of_cpu:.2f} s of CPU", "–", "–"
    )
    assert of_cpu <= 2


def test_a_large_cohort(report: Callable[..., None]) -> None:
    images, n = (1000 if FULL else 50), 10_000
    rng = np.random.default_rng(0)
    xy = rng.random((images, n, 2)) * 1000
    labels = rng.integers(0, K, (images, n)).astype(np.uint8)
    types = [f"t{i:02d}" for i in range(K)]

    def one(i: int) -> int:
        image = make_image(f"s{i}", xy[i], labels[i], xy[i, :, 0] // 250)
        graph = build_graph(image, GraphSpec())
        both = [
            score_image(image.sample, graph, image.labels, types, Method(), s) for s in (None, within(image.strata))
        ]
        return sum(map(len, both))

    def score(count: int) -> tuple[float, float]:
        start, cpu = time.perf_counter(), time.process_time()
        with ThreadPoolExecutor(max_workers=2) as pool:
            assert sum(pool.map(one, range(count))) == count * 2 * K * K
        return time.perf_counter() - start, time.process_time() - cpu

    score(2)
    before = memory_gb("VmRSS", reset=True)
    sizes = [1, 10, 100, 1000] if FULL else [1, 7, 50]
    seconds, cpu = zip(*(score(count) for count in sizes), strict=True)
    memory = memory_gb("VmHWM") - before
    what = f"{images * n:,} cells in {images} images: Delaunay, exact, global and 4 strata, 2 threads"
    report(what, f"{seconds[-1]:.1f} s, {cpu[-1]:.1f} s of CPU", "–", f"{memory:.2f} GB above the cells")
    slope = float(np.polyfit(np.log(sizes), np.log(cpu), 1)[0])
    report(f"slope of log CPU time on log cells, {sizes[0] * n:,} to {sizes[-1] * n:,}", f"{slope:.2f}", "–", "–")
    assert memory < 2
    assert cpu[-1] / images < 0.24  # 10 million cells in 2 minutes of 2 cores
    assert slope <= 1.05


def an_image(i: int) -> tuple[Image, list[Level], list[str]]:
    """Image i of a cohort: 10,000 cells in a square millimetre, 4 domains; its nulls; the names of its types."""
    rng = np.random.default_rng(i)
    xy = rng.random((10_000, 2)) * 1000
    image = make_image(f"s{i}", xy, rng.integers(0, K, len(xy)).astype(np.uint8), xy[:, 0] // 250)
    parents = np.arange(K) // 3
    names = ("global", "domain", "local", "parent")
    levels = [level(name, image.sample, image.xy, image.labels, image.strata, parents) for name in names]
    return image, levels, [f"t{i:02d}" for i in range(K)]


def test_two_more_nulls(report: Callable[..., None]) -> None:
    def score(image: Image, graph: Graph, levels: list[Level], types: list[str], number: int) -> float:
        start = time.process_time()
        for one in levels[:number]:
            score_image(image.sample, graph, image.labels, types, Method(), one, levels[1])
        return time.process_time() - start

    def moments(image: Image, graph: Graph, levels: list[Level]) -> float:
        start = time.process_time()
        for one in levels:
            n_strata = int(one.tilings[0].max()) + 1
            exact_moments(graph, one.tilings[0], cross_table(image.labels, one.tilings[0], K, n_strata))
            if len(one.tilings) > 1:
                expected(graph, image.labels, K, one.tilings[1:])
        return time.process_time() - start

    spent = np.zeros(6)
    for i in range(-1, IMAGES):
        start = time.process_time()
        image, levels, types = an_image(max(i, 0))
        made = time.process_time()
        graph = build_graph(image, GraphSpec())
        built = time.process_time()
        times = [score(image, graph, levels, types, number) for number in (2, 4)]
        counted = moments(image, graph, levels)
        start_peer = time.process_time()
        sparse_moments(graph, image.labels)
        peer = time.process_time() - start_peer
        if i >= 0:  # the first warms up
            spent += [made - start, built - made, *times, counted, peer]
    _, build, two, four, counted, peer = spent
    what = f"{IMAGES * 10_000:,} cells in {IMAGES} images, CPU: Delaunay, exact, global, 4 domains, local and parents"
    report(what, f"{build + four:.1f} s", f"without the last two {build + two:.1f} s",
           f"{(build + four) / (build + two):.2f}× the time")  # fmt: skip
    report("the same without Delaunay", f"{four:.1f} s", f"{two:.1f} s", f"{four / two:.2f}× the time")
    report("the same, moments alone; peer: counts and moments of global alone", f"{counted:.2f} s",
           f"scipy.sparse {peer:.2f} s", f"{peer / counted:.1f}×")  # fmt: skip
    assert build + four <= 3 * (build + two)
    assert four <= 3.5 * two


def test_contact_odds_of_a_large_cohort(report: Callable[..., None]) -> None:
    spent = {"joint": 0.0, "all": 0.0}

    def fit(i: int) -> None:
        image, levels, _ = an_image(i)
        start = time.process_time()
        graph = build_graph(image, GraphSpec())
        tissue = Tissue(image.sample, image.xy, image.labels, graph, levels[2].rules)
        drawn = time.process_time()
        table = contact_odds([tissue], K)[0]
        spent["joint"] += time.process_time() - drawn
        spent["all"] += time.process_time() - start
        assert table[["log_odds", "direct_log_odds"]].notna().all(axis=None)

    fit(0)
    spent = dict.fromkeys(spent, 0.0)
    memory_gb("VmRSS", reset=True)
    fit(0)
    one = memory_gb("VmHWM")
    spent = dict.fromkeys(spent, 0.0)
    for i in range(IMAGES):
        fit(i)
    grown = memory_gb("VmHWM") - one
    what = (
        f"{IMAGES * 10_000:,} cells in {IMAGES} images, CPU: contact odds ratios, {K} types, all jointly and each alone"
    )
    report(what, f"{spent['joint']:.1f} s, {spent['all']:.1f} s with Delaunay", "–",
           f"{1000 * grown:.0f} MB more than one image")  # fmt: skip
    assert spent["joint"] / IMAGES < 0.6  # 10 million cells in 10 minutes
    assert grown < 0.1


@njit
def drawn_counts(
    heads: np.ndarray,
    tails: np.ndarray,
    undirected: bool,
    labels: np.ndarray,
    order: np.ndarray,
    blocks: np.ndarray,
    first: int,
    last: int,
    K: int,
) -> np.ndarray:
    """Counts of the permutations `first` … `last` − 1, a multiple of 4 (P × K × K)."""
    out = np.zeros((last - first, K, K), np.int64)
    tables, words = np.zeros((4, K * K), np.int32), np.zeros((2, labels.size), np.uint64)
    pool, mixed = labels.copy(), np.empty((4, labels.size), labels.dtype)
    for p in range(first, last, 4):
        for q in range(4):
            permute.permuted_labels(labels, order, blocks, np.uint64(3), p + q, pool, mixed[q])
        abreast.edge_counts(heads, tails, undirected, mixed, words, tables, out[p - first : p - first + 4])
    return out


def frequencies(graph: Graph, labels: np.ndarray, strata: np.ndarray, draws: int, types: int) -> np.ndarray:
    """How often each count up to 1,999 occurs (K × K × 2000); larger ones are not counted."""
    found = np.zeros((types, types, 2000), np.int64)
    edges = abreast.edge_list(graph.indptr, graph.indices, graph.undirected)
    blocks = permutation_blocks(strata)
    for first in range(0, draws, 20_000):
        counts = drawn_counts(*edges, graph.undirected, labels, *blocks, first, min(draws, first + 20_000), types)
        for a, b in np.ndindex(types, types):
            mine = counts[:, a, b]
            found[a, b] += np.bincount(mine[mine < 2000], minlength=2000)
    return found


EXPECTED = (2, 10, 30, 100, 1500)  # classes of expected counts
SINGLED = (2, 10, 30, 300)  # those a row of its own is for
LEVELS = (0.05, 1e-3, 1e-4)
ALLOWED = ((0.75, 1.25), (0.5, 1.4), (0.3, 1.8))  # share of p below a level over that level
DRAWS = 1_000_000


def attainable(seen: np.ndarray, step: int, level: float) -> np.ndarray:
    """Shares over nominal, ascending, of all p at `level` that put counts in the order of their tails.

    Exact frequencies instead of a law, and any rule for how much of a count's own mass is counted: what is not among
    these no such p can have.
    """
    mass = seen[::step] / DRAWS
    tail = np.minimum(np.cumsum(mass), np.cumsum(mass[::-1])[::-1])
    return np.cumsum(mass[np.argsort(tail, kind="stable")]) / level


@pytest.mark.parametrize(
    ("kind", "n_strata"), [("delaunay", 1), ("delaunay", 3), ("delaunay", 100), ("knn", 1), ("knn", 3), ("knn", 100)]
)
def test_calibration_of_p(kind: str, n_strata: int, report: Callable[..., None]) -> None:
    n = 4000
    rng = np.random.default_rng(20 + n_strata)
    xy = rng.random((n, 2)) * np.sqrt(n) * 10
    graph = delaunay(xy) if kind == "delaunay" else knn(xy, 6)
    side = 10 * np.sqrt(n)
    if n_strata == 100:  # square tiles
        strata = (10 * xy / side).astype(np.uint8) @ np.array([10, 1], np.uint8)
    else:
        strata = (n_strata * xy[:, 0] / side).astype(np.uint8)
    # sizes for which a type expects so many edges with itself; pairs of types lie in between
    own = (2, 3, 5, 8, 10, 12, 17, 24, 30, 100, 300)
    sizes = [round(n * np.sqrt(e / graph.n_edges)) + 1 for e in own]
    types = len(sizes) + 1
    labels = rng.permutation(np.repeat(np.arange(types), [*sizes, n - sum(sizes)])).astype(np.uint8)
    table = cross_table(labels, strata, types, n_strata)
    mean, variance = exact_moments(graph, strata, table)
    if n_strata <= MAX_STRATA:
        skew = skewness(graph, strata, table, mean, variance)
    else:
        steps = np.where(np.eye(types, dtype=bool) & graph.undirected, 2.0, 1.0)
        skew = panjer_skewness(mean, np.sqrt(variance), steps)
    seen = frequencies(graph, labels, strata, DRAWS, types)
    shares, within_reach = {}, []
    for a, b in np.ndindex(types, types):
        if EXPECTED[0] <= mean[a, b] < EXPECTED[-1] and (a <= b or not graph.undirected):
            step = 2 if a == b and graph.undirected else 1
            law = (np.full(2000, x) for x in (mean[a, b], np.sqrt(variance[a, b]), skew[a, b], float(step)))
            p = two_sided(np.arange(2000.0), *law)
            shares[a, b] = np.array([seen[a, b, p < level].sum() / DRAWS / level for level in LEVELS])
            of_all = (attainable(seen[a, b], step, level) for level in LEVELS)
            within_reach.append(
                [((x >= low) & (x <= high)).any() for x, (low, high) in zip(of_all, ALLOWED, strict=True)]
            )
    expected, found, reach = (
        np.array([mean[pair] for pair in shares]),
        np.array(list(shares.values())),
        np.array(within_reach),
    )
    where = f"{kind}, {n_strata} strata"
    for e in SINGLED:
        a = own.index(e)
        other = min((pair for pair in shares if pair[0] != pair[1]), key=lambda pair: abs(mean[pair] - e))
        for pair in ((a, a), other) if (a, a) in shares else (other,):
            what = "a type with itself" if pair[0] == pair[1] else "two types"
            said = "; ".join(f"{x:.2f}" for x in shares[pair])
            what = f"share of p below 0.05; 0.001; 0.0001 over nominal, {what}, {mean[pair]:.1f} expected"
            report(f"{what}, {where}", said, f"{DRAWS:,} permutations", "–")
    inside = np.stack([(found[:, i] >= low) & (found[:, i] <= high) for i, (low, high) in enumerate(ALLOWED)], axis=1)
    for low, high in itertools.pairwise(EXPECTED):
        mine = (expected >= low) & (expected < high)
        said = "; ".join(f"{x.min():.2f} to {x.max():.2f}" for x in found[mine].T)
        out = "; ".join(f"{(~i).sum()} ({(~i & ~r).sum()})" for i, r in zip(inside[mine].T, reach[mine].T, strict=True))
        what = f"the same, {mine.sum()} pairs that expect {low} to {high}, {where}"
        report(what, said, f"outside {out}" if low >= 10 else "–", "–")
    assert found[:, 1].max() <= 1.4
    usual = expected >= 10
    assert (found[usual] <= [high for _, high in ALLOWED]).all()
    # a share is known to within the error of its draws; and a pair may miss a window that none of its counts, taken in
    # the order of their tails, can hit
    error = np.sqrt(found / np.array(LEVELS) / DRAWS)
    assert ((found + 2 * error >= [low for low, _ in ALLOWED]) | ~reach)[usual].all()
