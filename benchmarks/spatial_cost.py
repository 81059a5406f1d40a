"""The neighbourhood stage with everything on: 280,000 SIMULATED cells of 16 types and 3 domains, 12 ROIs of 6 animals.

`python benchmarks/spatial_cost.py [CELLS]`: niches learnt, scored under all nulls and the grid of graphs, functions of
distance, niches as features, two kinds of networks, a barrier, margins; gathered. Seconds of CPU and of the clock with
two threads; the clock is worth what the machine is free. `benchmarks/niches.md` has the figures.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from tumint import keys as k
from tumint.config.model import StageParams
from tumint.io import contracts
from tumint.io.tables import write_table
from tumint.neighbourhood import stage

IMAGES, TYPES = 12, [f"t{i:02d}" for i in range(16)]
DOMAINS = np.array(["tumour", "interface", "normal"], dtype=object)
ASKED = {
    "niches": {"numbers": [18], "split_by": ["t03"]},
    "networks": {
        "lymphonets": {"types": ["t01", "t02", "t03"]},
        "nests": {"types": ["t00"], "least_cells": 20, "permutations": 50},
    },
    "barriers": [{"source": "t01", "target": "t00"}],
}


def cells(total: int) -> pd.DataFrame:
    """Table of the cells of all ROIs: types in patches."""
    rng = np.random.default_rng(0)
    shares = np.random.default_rng(1).dirichlet(np.full(len(TYPES), 0.8), 3)
    parts = []
    for i in range(IMAGES):
        n = total // IMAGES
        xy = rng.random((n, 2)) * np.sqrt(n) * 11
        where = (np.sin(xy[:, 0] / 90) + np.cos(xy[:, 1] / 130) > 0).astype(int) + (xy[:, 0] > np.sqrt(n) * 8)
        labels = (shares[where].cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=len(TYPES) - 1)
        columns = {k.SAMPLE: f"r{i:02d}", k.CELL_ID: np.arange(n), k.X_UM: xy[:, 0], k.Y_UM: xy[:, 1]}
        kinds = np.asarray(TYPES, dtype=object)[labels]
        parts.append(pd.DataFrame({**columns, k.DOMAIN: DOMAINS[where], k.CELL_TYPE: kinds, k.CLUSTER: kinds}))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(**{k.CONFIDENCE: 1.0})


def main(total: int) -> None:
    """Run it once on few cells, to compile, and once on all."""
    params = StageParams.model_validate({"neighbourhood": ASKED})
    subjects = {f"r{i:02d}": f"m{i // 2}" for i in range(IMAGES)}
    for n in (IMAGES * 300, total):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_table(cells(n), folder / "cells.parquet", contracts.CELLS, row_groups_by=k.SAMPLE)
            began, clock, said = time.process_time(), time.perf_counter(), []
            stage.learn(params, folder / "cells.parquet", subjects, folder / "out")
            said.append(f"learning {time.process_time() - began:.1f}")
            stage.run(
                *(params, folder / "cells.parquet", subjects, [], folder / "g0001"), threads=2, learned=folder / "out"
            )
            stage.gather(params, [folder / "g0001"], folder / "cells.parquet", folder / "out")
            spent = time.process_time() - began
            said.append(f"the clock with two threads {time.perf_counter() - clock:.1f}")
            print(f"{n:,} cells: {spent:.1f} s of CPU ({', '.join(said)})", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 280_000)
