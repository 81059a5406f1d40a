"""A sketch (`cluster.sketch`) beside the clustering of all cells: CPU, memory, agreement, rare types. `make bench`.

280,000 SIMULATED cells of the demo's 14 types, three of them made rare (0.2, 0.1 and 0.05 % of cells), into
`benchmarks/sketch.md`. All cells under another seed say how much of a difference is Leiden's own.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path

import numpy as np
import pytest
import test_cluster as made
from readme import as_table
from sklearn.metrics import adjusted_rand_score

from tumint.cluster import assign
from tumint.config.cluster import ClusterConfig
from tumint.io.atomic import write_text
from tumint.simulate import design as d
from tumint.simulate import markers as m
from tumint.text import integer

REPORT = Path(__file__).with_name("sketch.md")
RARE = {3: 0.002, 5: 0.001, 7: 0.0005}  # number of the type, its share of the cells
COLUMNS = ["cells clustered", "CPU", "memory", "clusters", "ARI of types and truth", "type as with all", "rare types"]


def test_a_sketch_beside_all_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = d.WEIGHTS / d.WEIGHTS.sum(axis=1, keepdims=True)
    for number, share in RARE.items():
        weights[:, number] = share
    monkeypatch.setattr(d, "WEIGHTS", weights)
    raw, types, roi = made.cells(made.LARGE)
    values = made.normalised(raw, roi, ClusterConfig())
    deciding = [m.MARKERS.index(name) for name in made.PANEL.used("type")]
    cohort = assign.Cohort(np.ascontiguousarray(values[:, deciding]), values, list(m.MARKERS), group=roi)
    small = assign.Cohort(cohort.points[:36_000], values[:36_000], cohort.markers, group=roi[:36_000])
    assign.find_clusters(small, made.PANEL.signatures, ClusterConfig(sketch=31_000), resolution=1.0, seed=0, threads=2)
    rows, found, cpu = [], {}, {}
    for name, seed, most in (
        ("all", 0, None),
        ("all, another seed", 1, None),
        ("sketch of 100,000", 0, 100_000),
        ("sketch of 50,000", 0, 50_000),
    ):
        config = ClusterConfig(sketch=most)
        with made.Measured() as run:
            labels, after = assign.find_clusters(
                cohort, made.PANEL.signatures, config, resolution=1.0, seed=seed, threads=2
            )
        typed = assign.by_signatures(after, labels, made.PANEL.signatures, config).cell_type.astype(str)
        found[name], cpu[name] = typed, run.cpu
        kept = [(typed[types == one] == d.TYPES[one]).mean() for one in RARE]
        said = f"{min(kept):.3f} or more of their cells"
        same = "–" if name == "all" else f"{(typed == found['all']).mean():.4f}"
        ari = adjusted_rand_score(types, typed)
        size, memory = int(labels.max()) + 1, f"{run.memory:.2f} GB"
        rows.append([name, f"{run.cpu:.0f} s", memory, integer(size), f"{ari:.4f}", same, said])
        assert min(kept) > 0.95, name
        assert ari > adjusted_rand_score(types, found["all"]) - 0.01, name
    counts = ", ".join(f"{d.TYPES[one]} {integer((types == one).sum())}" for one in RARE)
    head = (
        "# A sketch in place of all cells\n\n"
        f"Written by `make bench` (`benchmarks/test_sketch.py`): {integer(len(raw))} SIMULATED cells of 14 types in "
        f"{integer(roi.max() + 1)} ROIs, three of them rare ({counts} cells). Neighbours, Leiden and the split of "
        "mixed clusters on two threads, and with a sketch the vote of the cells that were not clustered. CPU seconds; "
        "memory above the cells; share of the cells whose type is that of the first row; of the rare types, the share "
        f"of cells that have their own type. python {platform.python_version()}; {platform.machine()}, "
        f"{os.cpu_count()} cores."
    )
    write_text(REPORT, f"{head}\n\n{as_table(COLUMNS, rows)}\n")
    assert cpu["sketch of 50,000"] < 0.5 * cpu["all"]
