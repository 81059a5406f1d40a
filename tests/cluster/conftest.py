"""A small mixture of the panel's 14 types, as quality control hands cells on, made without the simulator."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from tumint.config import Panel

os.environ.setdefault("OMP_NUM_THREADS", "2")
ROOT = Path(__file__).parents[2]
COMMON = 300  # cells of a common type in a cohort
RARE = {"NK cells": 45, "Dendritic cells CD103": 40, "Regulatory T cells": 60}


@pytest.fixture(scope="session")
def panel() -> Panel:
    return Panel.model_validate(yaml.safe_load((ROOT / "resources/panels/mouse_lung_imc.yaml").read_text()))


@pytest.fixture(scope="session")
def mixture(panel: Panel) -> pd.DataFrame:
    """Cells of three samples: sample, cell_id, x, y, truth and raw markers, with another gain in every sample."""
    rng = np.random.default_rng(7)
    markers = [m.marker for m in panel.markers]
    kinds = [s for s in panel.signatures if s.cell_type not in {other.parent for other in panel.signatures}]
    truth = np.concatenate([np.full(RARE.get(s.cell_type, COMMON), s.cell_type) for s in kinds])
    rng.shuffle(truth)
    n = len(truth)
    level = np.full((n, len(markers)), 0.15)
    for signature in kinds:
        rows = np.flatnonzero(truth == signature.cell_type)
        level[np.ix_(rows, [markers.index(m) for m in signature.positive])] = 3.0
    lymphoid = np.isin(truth, ["CD4 T cells", "CD8 T cells", "Regulatory T cells", "B cells"])
    level[lymphoid, markers.index("CD45")] = 3.0
    level *= np.exp(rng.normal(0, 0.4, size=level.shape))
    level[:, markers.index("Xe131")] = rng.normal(10, 0.5, size=n)
    sample = rng.integers(0, 3, size=n)
    level *= np.array([1.0, 2.5, 0.5])[sample][:, None]
    counts = rng.poisson(level * 60) / 60
    table = pd.DataFrame(counts, columns=markers)
    table.insert(0, "sample", np.array(["M2_ROI1", "M1_ROI1", "M3_ROI1"], dtype=object)[sample])
    table.insert(1, "cell_id", np.arange(n) + 1)
    table.insert(2, "truth", truth)
    xy = rng.uniform(0, 500, size=(n, 2))
    table["x"], table["y"] = xy.T
    return table


@pytest.fixture
def write_batches(tmp_path: Path, panel: Panel) -> Callable[..., list[Path]]:
    """Write a table as the h5ad files of quality control, two samples in the first batch."""

    def write(
        table: pd.DataFrame, order: Sequence[str] | None = None, *, types: str | None = None, **change: Any
    ) -> list[Path]:
        import anndata as ad

        from tumint.io.cells import write_cells

        use = {m.marker: m.use for m in panel.markers if m.marker in table}
        names = list(order or dict.fromkeys(table["sample"]))
        paths = []
        for number, batch in enumerate((names[:2], names[2:])):
            rows = pd.concat([table[table["sample"] == name] for name in batch])
            obs = pd.DataFrame(
                {
                    "sample": pd.Categorical(rows["sample"], categories=batch),
                    "cell_id": rows["cell_id"].to_numpy(np.int64),
                    "area_um2": 60.0,
                    "domain": pd.Categorical(np.where(rows["x"] < 250, "tumour", "none")),
                },
                index=[f"{number}-{i}" for i in range(len(rows))],
            )
            if types is not None and types in rows:
                obs["cell_type_provided"] = pd.Categorical(rows[types])
            values = rows[list(use)].to_numpy(np.float32)
            var = pd.DataFrame({"use": list(use.values())}, index=pd.Index(list(use), dtype=object))
            cells = ad.AnnData(values, obs=obs, var=var, obsm={"spatial": rows[["x", "y"]].to_numpy(float)})
            path = tmp_path / "qc" / f"b{number:03d}.h5ad"
            write_cells(cells, path, meta={})
            paths.append(path)
        return paths

    return write


@pytest.fixture
def run(tmp_path: Path, panel: Panel) -> Callable[..., Path]:
    """Run the stage into a folder of its own; the folder."""

    def run(cells: list[Path], *, threads: int = 1, name: str = "cluster", shared: Any = None, **config: Any) -> Path:
        from tumint.cluster import stage
        from tumint.config import StageParams

        quick = {"umap_cells": 0, "sweep": {"enabled": False}}
        values = {"cluster": quick | config, "panel": panel.model_dump(), "seed": 3} | (shared or {})
        out = tmp_path / name
        stage.run(StageParams.model_validate(values), cells, out, threads=threads)
        return out

    return run
