"""Small ingest batches for the steps of quality control."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from tumint import keys as k
from tumint.io.cells import write_cells
from tumint.io.contracts import SAMPLES
from tumint.io.tables import write_table

LEVELS = {"a": 1.0, "b": 2.0, "c": 8.0}  # of the signal
N = 150


def cells_of(sample: str) -> ad.AnnData:
    """150 cells of a sample, the same whatever batch they are in."""
    rng = np.random.default_rng(ord(sample[0]))
    X = rng.gamma(4, 1, (N, 4)) * LEVELS[sample]
    obs = pd.DataFrame(
        {
            k.SAMPLE: pd.Categorical([sample] * N),
            k.CELL_ID: np.arange(1, N + 1),
            k.AREA_UM2: rng.lognormal(4.3, 0.2, N),
            k.DOMAIN: pd.Categorical(["tumour"] * N, categories=[*k.DOMAINS, k.NO_DOMAIN]),
            k.ECCENTRICITY: rng.uniform(0, 1, N),
        },
        index=[f"{sample}:{i}" for i in range(1, N + 1)],
    )
    var = pd.DataFrame({k.USE: ["type", "type", "state", "dna"]}, index=["CD8", "EPCAM", "Ki67", "DNA1"])
    return ad.AnnData(X=X.astype(np.float32), obs=obs, var=var, obsm={k.SPATIAL: rng.uniform(0, 130, (N, 2))})


@pytest.fixture
def ingested(tmp_path: Path):
    """`ingested(name, samples)`: writes a batch of ingest; the options of `tumint qc` that name its files."""

    def write(name: str, samples: list[str]) -> list[str]:
        cells = ad.concat([cells_of(sample) for sample in samples], merge="same")
        cells.obs[k.SAMPLE] = pd.Categorical(cells.obs[k.SAMPLE], categories=samples)
        write_cells(cells, tmp_path / f"{name}.h5ad", meta={})
        table = pd.DataFrame({k.SAMPLE: samples, "n_cells": N, k.STATUS: "ok", k.REASON: ""})
        table = table.assign(path="p", sha256="", bytes=0, n_edges=0, pixel_size_um=1.0, missing_markers="")
        write_table(table, tmp_path / f"{name}.samples.parquet", SAMPLES)
        return ["--cells", str(tmp_path / f"{name}.h5ad"), "--samples", str(tmp_path / f"{name}.samples.parquet")]

    return write
