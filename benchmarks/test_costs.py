"""Steps whose time was the square of the number of samples, genes or coincident cells, beside the former way.

Run by `make bench`; each test writes its section of `benchmarks/costs.md`. Both ways run in one process, and give the
same but where the section says otherwise.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from document import put

from tumint.cluster.groups import rows_of_each
from tumint.cluster.inputs import read_cohort
from tumint.cluster.integrate import integrate
from tumint.cluster.normalise import normalise
from tumint.cluster.spatial import moran
from tumint.config.cluster import IntegrateConfig, NormaliseConfig
from tumint.io.by_sample import BySample
from tumint.io.cells import write_cells
from tumint.io.tables import write_table
from tumint.neighbourhood.graph import _nearest, delaunay, from_edges, knn, radius

REPORT = Path(__file__).with_name("costs.md")
MACHINE = f"python {platform.python_version()}; {platform.machine()}, {os.cpu_count()} cores."
COLUMNS = ["sample", "cell_id", "x_um", "y_um", "domain", "cell_type"]
Calls = dict[int, tuple[Callable[[], Any], Callable[[], Any] | None]]


def cpu(call: Callable[[], object], times: int) -> float:
    """CPU seconds of the fastest of several calls."""
    found = []
    for _ in range(times):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return min(found)


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def compared(title: str, what: str, unit: str, calls: Calls, times: int = 3) -> tuple[float, float]:
    """Measure the two ways at every size and write the section: our exponent, and the ratio at the largest size."""
    now, former = {}, {}
    for size, (mine, theirs) in calls.items():
        now[size] = cpu(mine, times)
        if theirs is not None:
            former[size] = cpu(theirs, 1)
    last = max(former)
    mine, theirs = (exponent(list(found), list(found.values())) for found in (now, former))
    lines = [f"{what} {MACHINE}", "", f"| {unit} | now, s | formerly, s | ratio |", "|---|---|---|---|"]
    for size, seconds in now.items():
        then = (f"{former[size]:.4f}", f"{former[size] / seconds:.1f}×") if size in former else ("–", "–")
        lines.append(f"| {size:,} | {seconds:.4f} | {then[0]} | {then[1]} |")
    lines.append(f"| exponent | {mine:.2f} | {theirs:.2f} | |")
    put(REPORT, {title: "\n".join(lines)})
    print("\n".join(["", title, *lines]))
    return mine, former[last] / now[last]


def test_reads_of_all_samples_one_by_one(tmp_path: Path) -> None:
    calls: Calls = {}
    for n in (100, 200, 400, 800):
        rng = np.random.default_rng(0)
        names = [f"s{i:04d}" for i in range(n)]
        table = pd.DataFrame({"sample": np.repeat(np.array(names, dtype=object), 500)})
        table["cell_id"], table["domain"] = np.tile(np.arange(500), n), "tumour"
        table["cell_type"] = rng.choice(np.array(["A", "B", "C"], dtype=object), len(table))
        for name in ("x_um", "y_um", *(f"marker_{i}" for i in range(27))):
            table[name] = rng.random(len(table)).astype(np.float32)
        path = tmp_path / f"{n}.parquet"
        write_table(table, path, row_groups_by="sample")
        drawn = names[:: max(n // 50, 1)]

        def now(path: Path = path, names: list[str] = names) -> list[pd.DataFrame]:
            cells = BySample(path)
            return [cells.rows([name], COLUMNS) for name in names]

        def former(path: Path = path, names: list[str] = names) -> list[pd.DataFrame]:
            filters = [[("sample", "in", [name])] for name in names]
            return [pq.read_table(path, columns=COLUMNS, filters=one).to_pandas() for one in filters]

        for mine, theirs in zip(now(names=drawn), former(names=drawn), strict=True):
            pd.testing.assert_frame_equal(mine, theirs)
        calls[n] = (now, former)
    slope, ratio = compared(
        "Reading samples one by one", "All samples of a `cells.parquet`, 500 cells × 35 columns each.", "samples", calls
    )
    assert slope < 1.2
    assert ratio > 10


def samples(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Values of 200 cells × 27 markers in each of n samples, and the code of their sample."""
    rng = np.random.default_rng(0)
    return rng.gamma(1.0, 3.0, (200 * n, 27)).astype(np.float32), np.repeat(np.arange(n), 200)


def test_normalising_within_samples() -> None:
    config, calls = NormaliseConfig(method="zscore"), Calls()
    for n in (100, 200, 400, 800):
        raw, code = samples(n)

        def former(raw: np.ndarray = raw, code: np.ndarray = code) -> np.ndarray:
            out = np.empty_like(raw)
            for m in range(raw.shape[1]):
                for s in range(int(code.max()) + 1):
                    rows = code == s
                    logs = np.arcsinh(raw[rows, m].astype(float) / config.cofactor)
                    sd = np.nanstd(logs)
                    out[rows, m] = (logs - np.nanmean(logs)) / (sd if sd > 0 else 1.0)
            return out

        def now(raw: np.ndarray = raw, code: np.ndarray = code) -> np.ndarray:
            return normalise(raw, config, sample=code)

        if n == 100:
            np.testing.assert_array_equal(now(), former())
        calls[n] = (now, former)
    slope, ratio = compared(
        "Normalising within samples", "`zscore` of 200 cells × 27 markers a sample.", "samples", calls
    )
    assert slope < 1.2
    assert ratio > 3


def test_centring_batches() -> None:
    config, calls = IntegrateConfig(method="centre"), Calls()
    for n in (400, 800, 1600, 3200):
        values, code = samples(n)

        def former(values: np.ndarray = values, code: np.ndarray = code) -> np.ndarray:
            means = np.array([values[code == b].mean(axis=0, dtype=float) for b in range(int(code.max()) + 1)])
            return (values - (means - values.mean(axis=0, dtype=float))[code]).astype(np.float32)

        def now(values: np.ndarray = values, code: np.ndarray = code) -> np.ndarray:
            return integrate(values, code, config, seed=0)

        if n == 400:
            np.testing.assert_array_equal(now(), former())
        calls[n] = (now, former)
    slope, ratio = compared("Centring batches", "200 cells × 27 markers a batch.", "batches", calls)
    assert slope < 1.3
    assert ratio > 2


@pytest.mark.filterwarnings("ignore")
def test_cells_of_each_sample_for_morans_i() -> None:
    rng, sizes, seconds = np.random.default_rng(0), (20, 40, 80), []
    for n in sizes:
        values, where, names = rng.random((30 * n, 3)), rng.random((30 * n, 2)), np.repeat(np.arange(n).astype(str), 30)
        call = (values, ["A", "B", "C"], where, names.astype(object))
        seconds.append(cpu(lambda call=call: moran(*call), 2))
    whole, calls = exponent(sizes, seconds), Calls()
    said = ", ".join(f"{n} samples {second:.1f} s" for n, second in zip(sizes, seconds, strict=True))
    for n in (200, 400, 800, 1600):
        names = np.repeat(np.array([f"s{i:04d}" for i in range(n)], dtype=object), 200)

        def former(names: np.ndarray = names) -> list[np.ndarray]:
            return [np.flatnonzero(names == name) for name in dict.fromkeys(names)]

        def now(names: np.ndarray = names) -> list[np.ndarray]:
            return rows_of_each(pd.factorize(names)[0])

        for mine, theirs in zip(now(), former(), strict=True):
            np.testing.assert_array_equal(mine, theirs)
        calls[n] = (now, former)
    what = "Rows by name of the sample, 200 cells each."
    what += f" Moran's I itself, 30 cells × 3 markers a sample: {said}, exponent {whole:.2f}."
    slope, ratio = compared("Cells of each sample, for Moran's I", what, "samples", calls)
    assert slope < 1.3
    assert ratio > 20
    assert whole < 1.2


def test_markers_of_two_batches(tmp_path: Path) -> None:
    calls: Calls = {}
    for genes in (4_500, 9_000, 18_000, 36_000):
        names, paths = [f"gene{i}" for i in range(genes)], []
        for batch in ("a", "b"):
            obs = pd.DataFrame({"sample": pd.Categorical([batch] * 20), "cell_id": np.arange(20), "area_um2": 1.0})
            obs["domain"] = pd.Categorical(["none"] * 20)
            obs.index = obs.index.astype(str)
            cells = ad.AnnData(
                np.random.default_rng(0).random((20, genes), dtype=np.float32),
                obs=obs,
                var=pd.DataFrame({"use": pd.Categorical(["type"] * genes)}, index=names),
                obsm={"spatial": np.zeros((20, 2))},
            )
            paths.append(tmp_path / f"{genes}{batch}.h5ad")
            write_cells(cells, paths[-1], meta={})

        def former(names: list[str] = names) -> list[list[int]]:
            # of each batch when it is read, then of those that decide
            return [[names.index(name) for name in names] for _ in range(3)]

        def now(paths: list[Path] = paths) -> list[int]:
            cells = read_cohort(paths)
            return cells.columns(cells.used("type"))

        assert now() == list(range(genes))
        calls[genes] = (now, former)
    slope, ratio = compared(
        "Genes of a cohort",
        "Two batches read, and the genes that decide found among all; formerly: the search for genes by itself.",
        "genes",
        calls,
    )
    assert slope < 1.2
    assert ratio > 10


@pytest.mark.parametrize("kind", ["delaunay", "radius", "knn"])
def test_cells_at_one_place(kind: str) -> None:
    make = {"delaunay": delaunay, "radius": radius, "knn": knn}[kind]
    calls, edges = Calls(), {}
    make(np.zeros((50, 2)))  # compiles
    for n in (750, 1_500, 3_000, 6_000, 24_000, 96_000):
        xy = np.zeros((n, 2))

        def former(n: int = n, xy: np.ndarray = xy) -> Any:
            if kind == "knn":
                return from_edges(n, _nearest(xy, 6), symmetric=False)
            return from_edges(n, np.column_stack(np.triu_indices(n, 1)), symmetric=True)

        def now(xy: np.ndarray = xy) -> Any:
            return make(xy)

        edges[n] = now().n_edges
        calls[n] = (now, former if n <= 3_000 else None)
    then = f"formerly all pairs, {6_000 * 5_999:,}" if kind != "knn" else "formerly as many, found among all cells"
    said = f"6,000 cells have {edges[6_000]:,} directed edges; {then}."
    slope, ratio = compared(f"Cells at one place: {kind}", said, "cells", calls)
    assert edges[6_000] <= 20 * 6_000
    assert slope < 1.3
    assert ratio > (10 if kind == "knn" else 50)
